package reading

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed" // for the tables
	"fmt"
	"io"
	"strings"

	"limier/claim"
)

//go:generate go run ../bench/reading gazetteer ../../shared/data/cti names.tsv.gz
//go:generate go run ../bench/reading techniques ../../shared/data/cti techniques.bin
//go:generate go run ../bench/reading tagger ../../shared/data/cti tagger.bin

//go:embed names.tsv.gz
var namesTable []byte

//go:embed countries.tsv
var countriesTable string

//go:embed parties.tsv
var partiesTable string

// A name is what the gazetteer knows under one spelling.
type name struct {
	entries []*entry
	gated   bool // common or short: needs words around it that say what it is
	spelt   string
}

// An entry is one row of a source.
type entry struct {
	typ       byte // a actor, m malware, t tool, c campaign, v vendor, C country, o organisation, x technique
	id        string
	canonical string
	iso       string
	kind      claim.PartyKind
	organ     bool // of a state: an accused at the level of an organisation
	metonym   bool
}

// A gazetteer finds names by their folded spelling.
type gazetteer struct {
	names     map[string]*name
	longest   map[string]int    // by first word: words of the longest name
	adj       map[string]string // country of an adjective
	countries map[string]string
}

func (g *gazetteer) add(spelt string, e *entry) {
	spelt, gated := strings.CutPrefix(spelt, "!")
	tokens := tokenize(spelt)
	if len(tokens) == 0 {
		return
	}
	key := g.key(tokens)
	n := g.names[key]
	if n == nil {
		n = &name{spelt: spelt}
		g.names[key] = n
	}
	n.gated = n.gated || gated
	n.entries = append(n.entries, e)
	first := fold(tokens[0].lower)
	g.longest[first] = max(g.longest[first], len(tokens))
}

// key joins the folded tokens.
func (g *gazetteer) key(tokens []token) string {
	if len(tokens) == 1 {
		return fold(tokens[0].lower)
	}
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(fold(t.lower))
	}
	return b.String()
}

// find returns the longest name that starts at token i, and its end.
func (g *gazetteer) find(tokens []token, i, hi int, ok func(n *name, lo, hi int) bool) (*name, int) {
	n := g.longest[fold(tokens[i].lower)]
	for ; n > 0; n-- {
		if i+n > hi {
			continue
		}
		if found := g.names[g.key(tokens[i:i+n])]; found != nil && ok(found, i, i+n) {
			return found, i + n
		}
	}
	return nil, 0
}

// loadGazetteer reads the tables that ship.
func loadGazetteer() (*gazetteer, error) {
	g := &gazetteer{names: make(map[string]*name, 20000), longest: make(map[string]int, 15000), adj: map[string]string{}, countries: map[string]string{}}
	for line := range strings.Lines(countriesTable) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) < 5 {
			return nil, fmt.Errorf("countries.tsv: %q has %d fields, not 5", line, len(f))
		}
		g.countries[f[0]] = f[1]
		for _, n := range strings.Split(f[2], "|") {
			g.add(n, &entry{typ: 'C', iso: f[0], canonical: f[1], kind: claim.State})
		}
		for _, n := range strings.Split(f[3], "|") {
			g.adj[n] = f[0]
		}
		for _, n := range strings.Split(f[4], "|") {
			if n != "" {
				g.add(n, &entry{typ: 'o', iso: f[0], canonical: f[1], kind: claim.State, metonym: true})
			}
		}
	}
	for line := range strings.Lines(partiesTable) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) != 4 {
			return nil, fmt.Errorf("parties.tsv: %q has %d fields, not 4", line, len(f))
		}
		e := entry{typ: 'o', canonical: f[0], iso: strings.Trim(f[1], "-"), kind: claim.PartyKind(f[2])}
		switch f[2] {
		case "organ":
			e.kind, e.organ = claim.Agency, true
		case "company":
			e.kind = claim.Vendor
		case "party":
			e.kind = ""
		}
		for _, n := range strings.Split(f[3], "|") {
			g.add(n, &e)
		}
	}
	z, err := gzip.NewReader(bytes.NewReader(namesTable))
	if err != nil {
		return nil, err
	}
	s := bufio.NewScanner(io.LimitReader(z, 8<<20))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		f := strings.Split(s.Text(), "\t")
		if len(f) != 3 || len(f[0]) != 1 {
			return nil, fmt.Errorf("names.tsv: %q is no row", s.Text())
		}
		names := strings.Split(f[2], "|")
		e := &entry{typ: f[0][0], id: f[1], canonical: strings.TrimPrefix(names[0], "!")}
		if e.typ == 'v' {
			e.kind = claim.Vendor
		}
		for _, n := range names {
			if g.adj[strings.ToLower(n)] == "" { // malware is called "Turkish" somewhere
				g.add(n, e)
			}
		}
	}
	return g, s.Err()
}

// country is the English name of the country with the code, or "".
func (g *gazetteer) country(iso string) string {
	if len(iso) != 2 || iso == "EU" || iso == "UN" {
		return ""
	}
	return g.countries[iso]
}
