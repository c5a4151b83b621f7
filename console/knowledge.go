package console

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"limier/claim"
	"limier/knowledge"
	"limier/publish"
	"limier/reading"
	"limier/store"
)

// base is the knowledge that ships and what reviewers added to it.
func (c *Console) base(v *visit) (*knowledge.Base, error) {
	b, err := knowledge.Builtin()
	if err != nil {
		return nil, err
	}
	added, err := c.Store.Claims(v.ctx())
	if err != nil {
		return nil, err
	}
	b.Claims = append(b.Claims, added...) // they were checked when they were added
	return b, nil
}

// A levelClaims is claims at one level.
type levelClaims struct {
	Level  claim.Level
	Claims []*claim.Claim
}

func byLevel(list []*claim.Claim) []levelClaims {
	slices.SortStableFunc(list, func(a, b *claim.Claim) int {
		return cmp.Or(cmp.Compare(a.Level.Rank(), b.Level.Rank()), cmp.Compare(a.SaidOn, b.SaidOn))
	})
	var all []levelClaims
	for _, k := range list {
		if len(all) == 0 || all[len(all)-1].Level != k.Level {
			all = append(all, levelClaims{Level: k.Level})
		}
		all[len(all)-1].Claims = append(all[len(all)-1].Claims, k)
	}
	return all
}

type knowledgeData struct {
	Query       string
	Actors      []knowledge.Actor
	Found       []knowledge.Naming
	Names       []*claim.Claim
	Levels      []levelClaims
	Count       int
	Independent int
	Collections []publishedCollection // that claims may be published in, by who looks
}

// knowledge lists actors; with a question, who claims what of it.
func (c *Console) knowledge(v *visit) error {
	b, err := c.base(v)
	if err != nil {
		return err
	}
	d := knowledgeData{Query: strings.TrimSpace(cut(v.r.URL.Query().Get("q"))), Actors: b.Actors}
	if d.Query != "" {
		d.Found = b.Find(d.Query)
		var list []*claim.Claim
		seen := map[*claim.Claim]bool{}
		add := func(more []*claim.Claim) {
			for _, k := range more {
				if !seen[k] {
					seen[k] = true
					list = append(list, k)
				}
			}
		}
		add(b.About(d.Query))
		for _, n := range d.Found {
			if n.Claim == nil {
				add(b.About(n.Actor.ID))
				d.Names = append(d.Names, b.Aliases(n.Actor.ID)...)
			}
		}
		list = slices.DeleteFunc(list, func(k *claim.Claim) bool { return k.Relation == claim.AliasOf })
		d.Levels, d.Count, d.Independent = byLevel(list), len(list), b.Independent(list)
	}
	if v.scope.Whole() && v.account.Role.Rank() >= store.Publisher.Rank() {
		all, err := c.collections(v)
		if err != nil {
			return err
		}
		d.Collections = choices(all, "claims")
	}
	return c.show(v, http.StatusOK, "knowledge", page{Title: v.t("Knowledge"), Data: d})
}

type readData struct {
	Name, Text string
	Document   *reading.Document
	Marked     template.HTML
	Lines      map[string]string // of each claim, by ID
	Warnings   map[string][]string
	Known      map[string]bool // claims that are in the knowledge already
}

func (c *Console) readPage(v *visit) error {
	return c.show(v, http.StatusOK, "read", page{Title: v.t("Read a report"), Data: readData{}})
}

// read shows what a report claims, for review; what is accepted is added to
// the knowledge. The text is read again on acceptance: nothing that a browser
// sends back is taken for a claim.
func (c *Console) read(v *visit) error {
	f := v.r.PostForm
	if len(f["accept"]) > 0 && !v.scope.Whole() {
		return store.ErrScope // the knowledge is everybody's
	}
	d := readData{Name: strings.TrimSpace(cut(f.Get("name"))), Text: strings.ReplaceAll(f.Get("text"), "\r\n", "\n")}
	data := []byte(d.Text)
	if v.r.MultipartForm != nil {
		if file, header, err := v.r.FormFile("file"); err == nil {
			defer file.Close()
			if data, err = io.ReadAll(file); err != nil {
				return err
			}
			d.Name = cmp.Or(d.Name, cut(header.Filename))
		}
	}
	d.Name = cmp.Or(d.Name, "report.txt")
	if len(bytes.TrimSpace(data)) == 0 {
		return c.show(v, http.StatusBadRequest, "read", page{Title: v.t("Read a report"), Error: v.t("There is nothing to read: paste a text or choose a file."), Data: d})
	}
	reader, err := c.reading()
	if err != nil {
		return err
	}
	if d.Document, err = reader.Read(v.ctx(), d.Name, data); err != nil {
		return v.fail(http.StatusUnprocessableEntity, err, "This document could not be read: %s", publish.Plain(err.Error()))
	}
	d.Text = d.Document.Text
	b, err := c.base(v)
	if err != nil {
		return err
	}
	d.Lines, d.Warnings, d.Known = map[string]string{}, map[string][]string{}, map[string]bool{}
	for i := range b.Claims {
		d.Known[b.Claims[i].ID] = true
	}
	for i := range d.Document.Claims {
		k := &d.Document.Claims[i]
		d.Lines[k.ID] = v.words.line(k)
		for _, x := range b.Contradictions(k) {
			d.Warnings[k.ID] = append(d.Warnings[k.ID], x.Why)
		}
	}
	for _, w := range d.Document.Warnings {
		if !slices.Contains(d.Warnings[w.Claim], w.Text) {
			d.Warnings[w.Claim] = append(d.Warnings[w.Claim], w.Text)
		}
	}
	d.Marked = marked(d.Document)
	p := page{Title: v.t("Read a report"), Data: d}
	if accepted := f["accept"]; len(accepted) > 0 {
		var list []claim.Claim
		for _, k := range d.Document.Claims {
			if slices.Contains(accepted, k.ID) && !d.Known[k.ID] {
				k.ExtractedBy = cmp.Or(k.ExtractedBy, "rule") + ", reviewed by " + v.account.Name
				k.RecordedAt = c.Now().UTC().Truncate(time.Second)
				k.SaidOn = cmp.Or(k.SaidOn, f.Get("published"))
				list = append(list, k)
				d.Known[k.ID] = true
			}
		}
		if err := c.Store.AddClaims(v.ctx(), list, v.account.Name, c.Now()); err != nil {
			p.Error = v.t("Nothing was added: %s", publish.Plain(err.Error()))
			for _, k := range list {
				delete(d.Known, k.ID)
			}
			return c.show(v, http.StatusBadRequest, "read", p)
		}
		if err := c.note(v, "accepted claims", d.Name, fmt.Sprint(len(list))); err != nil {
			return err
		}
		p.Done = v.t("%s added to the knowledge.", v.words.n(len(list), "claim", "claims"))
	}
	return c.show(v, http.StatusOK, "read", p)
}

// line says a claim in one line.
func (w *words) line(k *claim.Claim) string {
	what := k.Object.Name + " — " + w.relation(k) + " " + k.Target.Name
	if k.Relation == claim.Denies {
		what = w.relation(k) + " " + k.Object.Name + " — " + k.Target.Name
	}
	s := w.t("%s: %s", cmp.Or(publish.Speakers(k), w.t("somebody unnamed")), what)
	if k.Level != "" {
		s += " (" + w.t(k.Level) + ")"
	}
	var grade []string
	if k.Modality != claim.Asserted {
		grade = append(grade, w.t(k.Modality))
	}
	if k.Likelihood != "" {
		grade = append(grade, w.t("%s: %s", w.t("likelihood"), w.t(k.Likelihood)))
	}
	if k.Confidence != "" {
		grade = append(grade, w.t(string(k.Confidence)+" confidence"))
	}
	if k.Wording != "" {
		grade = append(grade, "“"+k.Wording+"”")
	}
	if k.Status != "" && k.Status != claim.Active {
		grade = append(grade, w.t(k.Status))
	}
	return strings.Join(append([]string{s}, grade...), ", ")
}

// relation is a claim's, with whether it is denied or not said.
func (w *words) relation(k *claim.Claim) string {
	switch {
	case k.Polarity == claim.Declines:
		return w.t("does not say: %s", w.t(k.Relation))
	case k.Polarity == claim.Negates && k.Relation != claim.Denies: // a denial says no by itself
		return w.t("not: %s", w.t(k.Relation))
	}
	return w.t(k.Relation)
}

// marked is the text with its claims and entities marked.
func marked(d *reading.Document) template.HTML {
	type mark struct {
		start, end int
		open       string
	}
	var marks []mark
	for _, e := range d.Entities {
		marks = append(marks, mark{e.ByteStart, e.ByteEnd, fmt.Sprintf(`<mark title="%s">`, template.HTMLEscapeString(e.Type))})
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Or(a.start-b.start, b.end-a.end) })
	var out strings.Builder
	show := func(s string) { // characters that reorder text would show another than was read
		for i, line := range strings.Split(s, "\n") {
			if i > 0 {
				out.WriteByte('\n')
			}
			template.HTMLEscape(&out, []byte(publish.Plain(line)))
		}
	}
	at := 0
	for _, m := range marks {
		if m.start < at || m.end > len(d.Text) || m.end <= m.start {
			continue // inside another mark
		}
		show(d.Text[at:m.start])
		out.WriteString(m.open)
		show(d.Text[m.start:m.end])
		out.WriteString("</mark>")
		at = m.end
	}
	show(d.Text[at:])
	return template.HTML(out.String())
}
