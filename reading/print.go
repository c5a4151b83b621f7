package reading

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"limier/claim"
)

// plain makes words of a report safe for a terminal and fits them in a line.
func plain(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)), " ")
}

// WriteText prints a document for people: its claims, what it names, and what
// could not be read.
func WriteText(w io.Writer, d *Document) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s, %d characters", plain(d.Name), d.Format, d.Lang, d.CodePoints)
	if d.Published != "" {
		fmt.Fprintf(&b, ", dated %s", plain(d.Published))
	}
	fmt.Fprintf(&b, "\n\n%d claims of this text (none is a fact of ours):\n", len(d.Claims))
	for i := range d.Claims {
		c := &d.Claims[i]
		fmt.Fprintf(&b, "\n%s  %s\n", c.ID[:8], Sentence(c))
		fmt.Fprintf(&b, "  « %s »\n", plain(c.Evidence[0].Quote))
		for _, warn := range d.Warnings {
			if warn.Claim == c.ID {
				fmt.Fprintf(&b, "  ! %s\n", plain(warn.Text))
			}
		}
	}
	fmt.Fprintf(&b, "\n%d entities:\n", len(d.Entities))
	var order []string
	byType := map[string][]string{}
	count := map[string]int{}
	for _, e := range d.Entities {
		quote := plain(e.Quote)
		if byType[e.Type] == nil {
			order = append(order, e.Type)
		}
		if key := e.Type + "\x00" + quote; count[key] == 0 {
			count[key] = 1
		} else {
			continue
		}
		byType[e.Type] = append(byType[e.Type], quote)
	}
	for _, typ := range order {
		fmt.Fprintf(&b, "  %-15s %s\n", typ, strings.Join(byType[typ], " · "))
	}
	for _, g := range d.Gaps {
		fmt.Fprintf(&b, "not read: %s\n", plain(g))
	}
	_, err := io.WriteString(w, b.String()+"\n")
	return err
}

// Sentence says a claim in one line, in its own terms.
func Sentence(c *claim.Claim) string {
	who := "nobody named"
	if len(c.Attributors) > 0 {
		var names []string
		for _, a := range c.Attributors {
			names = append(names, plain(a.Name()))
		}
		who = strings.Join(names, ", ")
	}
	s := fmt.Sprintf("%s: %s [%s] %s", who, plain(c.Object.Name), c.Relation, plain(c.Target.Name))
	if c.Level != "" {
		s += " (" + string(c.Level) + ")"
	}
	s += " " + string(c.Polarity) + " " + string(c.Modality)
	if c.Confidence != "" {
		s += ", confidence " + string(c.Confidence)
	}
	if c.Likelihood != "" {
		s += ", " + string(c.Likelihood)
	}
	if c.Wording != "" {
		s += ` "` + plain(c.Wording) + `"`
	}
	if len(c.Acts) > 0 {
		s += ", " + strings.Join(c.Acts, ", ")
	}
	if c.Status != "" {
		s += ", " + string(c.Status)
	}
	return s
}
