package reading

import (
	_ "embed" // for the page
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed page.tmpl
var pageTemplate string

// A segment is a run of text under the same entity and claims.
type segment struct {
	Text   string
	Type   string // of the innermost entity; "" for none
	Title  string
	Claims []int // numbers of claims whose quote covers it
	Starts []int // claims that start here
}

// WritePage writes the document as one HTML page: the text with what was found
// marked, its claims beside it. The page has no script and loads nothing.
func WritePage(w io.Writer, d *Document) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"inc": func(i int) int { return i + 1 }, "sentence": Sentence, "plain": plain,
		"warnings": func(id string) (out []string) {
			for _, x := range d.Warnings {
				if x.Claim == id {
					out = append(out, x.Text)
				}
			}
			return out
		},
		"kind": func(s string) string { // a class name, whatever a model calls a type
			return strings.Map(func(r rune) rune {
				if r >= 'a' && r <= 'z' || r == '-' || r >= '0' && r <= '9' {
					return r
				}
				return '-'
			}, s)
		},
	}).Parse(pageTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		*Document
		Segments []segment
		Types    []string
	}{d, d.segments(), d.types()})
}

func (d *Document) types() []string {
	var types []string
	for _, e := range d.Entities {
		if !slices.Contains(types, e.Type) {
			types = append(types, e.Type)
		}
	}
	slices.Sort(types)
	return types
}

// segments cuts the text where an entity or a quote starts or ends.
func (d *Document) segments() []segment {
	cuts := []int{0, len(d.Text)}
	for _, e := range d.Entities {
		cuts = append(cuts, e.ByteStart, e.ByteEnd)
	}
	for _, c := range d.Claims {
		cuts = append(cuts, c.Evidence[0].ByteStart, c.Evidence[0].ByteEnd)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var list []segment
	first, firstClaim := 0, 0
	for i := 0; i+1 < len(cuts); i++ {
		a, b := cuts[i], cuts[i+1]
		s := segment{Text: d.Text[a:b]}
		size := len(d.Text) + 1
		for first < len(d.Entities) && d.Entities[first].ByteEnd <= a && d.Entities[first].ByteStart < a-4096 {
			first++
		}
		for _, e := range d.Entities[first:] {
			if e.ByteStart > a {
				break
			}
			if e.ByteEnd >= b && e.ByteEnd-e.ByteStart < size && !(e.Type == "attack-pattern" && e.Norm.Score > 0) {
				size = e.ByteEnd - e.ByteStart
				s.Type, s.Title = e.Type, title(e)
			}
		}
		for firstClaim < len(d.Claims) && d.Claims[firstClaim].Evidence[0].ByteEnd <= a && d.Claims[firstClaim].Evidence[0].ByteStart < a-65536 {
			firstClaim++
		}
		for k, c := range d.Claims[firstClaim:] {
			q := c.Evidence[0]
			if q.ByteStart > a {
				break
			}
			if q.ByteStart == a {
				s.Starts = append(s.Starts, firstClaim+k+1)
			}
			if q.ByteEnd >= b {
				s.Claims = append(s.Claims, firstClaim+k+1)
			}
		}
		list = append(list, s)
	}
	return list
}

// title says in a few words what an entity stands for.
func title(e Entity) string {
	parts := []string{e.Type}
	for _, s := range []string{e.Norm.Canonical, e.Norm.ISO2, e.Norm.ATTACK, strings.Join(e.Norm.KB, " "), e.Norm.Sponsor} {
		if s != "" {
			parts = append(parts, plain(s))
		}
	}
	if e.Norm.From != "" {
		parts = append(parts, e.Norm.From+" to "+e.Norm.To)
	}
	if e.Norm.Value != 0 {
		parts = append(parts, fmt.Sprint(e.Norm.Value))
	}
	return strings.Join(parts, " · ")
}
