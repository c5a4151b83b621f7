package casefile

import (
	"cmp"
	"slices"
	"strings"

	"limier/enrich"
	"limier/finding"
)

// A Fact is what a table of a certain date says of a thing that findings
// name: whose network an address is in, or that a warninglist holds a value.
type Fact struct {
	Type  finding.EntityType
	Value string // as the entity has it
	enrich.Fact
}

var looked = map[finding.EntityType]enrich.IndicatorType{
	finding.Address: enrich.IndicatorAddress, finding.Domain: enrich.IndicatorDomain, finding.URL: enrich.IndicatorURL, finding.Hash: enrich.IndicatorHash,
}

// Enrich adds what the tables know of the addresses, domains, URLs and hashes
// of the findings.
func (c *Case) Enrich(tables *enrich.Tables) {
	type thing struct {
		kind  finding.EntityType
		value string
	}
	seen := map[thing]bool{}
	// What a source said when the case was made stays, with its date.
	type statement struct {
		thing
		kind         enrich.Kind
		source, name string
	}
	said := func(f Fact) statement { return statement{thing{f.Type, f.Value}, f.Kind, f.Source, f.Name} }
	have := map[statement]bool{}
	for _, f := range c.Facts {
		have[said(f)] = true
	}
	for _, f := range c.Findings {
		for _, e := range f.Entities {
			kind, ok := looked[e.Type]
			if k := (thing{e.Type, e.Value}); !ok || seen[k] {
				continue
			} else {
				seen[k] = true
			}
			for _, fact := range tables.About(kind, e.Value) {
				if f := (Fact{e.Type, e.Value, fact}); !have[said(f)] {
					have[said(f)] = true
					c.Facts = append(c.Facts, f)
				}
			}
		}
	}
	slices.SortStableFunc(c.Facts, func(a, b Fact) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value))
	})
}

// About returns what the tables said of a thing, in their order.
func (c *Case) About(kind finding.EntityType, value string) (list []enrich.Fact) {
	for i, found := c.fact(kind, value); found && i < len(c.Facts) && c.Facts[i].Type == kind && c.Facts[i].Value == value; i++ {
		list = append(list, c.Facts[i].Fact)
	}
	return list
}

func (c *Case) fact(kind finding.EntityType, value string) (int, bool) {
	return slices.BinarySearchFunc(c.Facts, Fact{Type: kind, Value: value}, func(a, b Fact) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), strings.Compare(a.Value, b.Value))
	})
}
