// Package reading turns a public report, in French or English, into entities
// and claims, offline: each claim with its exact words and where they stand.
// What it reads is somebody's statement, never a fact.
package reading

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"limier/claim"
	"limier/internal/linear"
)

// A Document is a report as it was read.
type Document struct {
	Name       string        `json:"document"`            // as given, for people
	Format     string        `json:"format"`              // text, markdown, html, pdf or mail
	Lang       string        `json:"lang"`                // BCP 47: en, fr, or und
	SHA256     string        `json:"sha256"`              // of Text in UTF-8, which the offsets count in
	Bytes      int           `json:"bytes"`               // of Text
	CodePoints int           `json:"code_points"`         // of Text
	Title      string        `json:"title,omitempty"`     //
	Published  string        `json:"published,omitempty"` // yyyy, yyyy-mm or yyyy-mm-dd, as the document says itself
	Text       string        `json:"text"`                // what was read; offsets are in it
	Entities   []Entity      `json:"entities"`
	Claims     []claim.Claim `json:"claims"`
	Warnings   []Warning     `json:"warnings,omitempty"`
	Gaps       []string      `json:"gaps,omitempty"` // what could not be read, and where
}

// An Entity is a thing that the text names or counts.
type Entity struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Quote     string `json:"quote"`
	Start     int    `json:"start"` // code points, end exclusive
	End       int    `json:"end"`
	ByteStart int    `json:"byte_start"`
	ByteEnd   int    `json:"byte_end"`
	Norm      Norm   `json:"norm,omitzero"`
}

// A Norm says what an entity stands for. Only what the text gives is filled.
type Norm struct {
	Canonical string   `json:"canonical,omitempty"`
	ISO2      string   `json:"iso2,omitempty"`
	KB        []string `json:"kb,omitempty"`     // identifiers of entries that bear this name, by source
	ATTACK    string   `json:"attack,omitempty"` // technique
	From      string   `json:"from,omitempty"`   // first day, yyyy-mm-dd
	To        string   `json:"to,omitempty"`     // last day
	Precision string   `json:"precision,omitempty"`
	Role      string   `json:"role,omitempty"`
	Value     int64    `json:"value,omitempty"`
	Approx    bool     `json:"approx,omitempty"`
	Unit      string   `json:"unit,omitempty"`
	Metonym   bool     `json:"metonym,omitempty"`
	Sponsor   string   `json:"affiliation,omitempty"`
	Score     int      `json:"score,omitempty"` // of the model that found it, in hundredths; 0 for a rule
}

// A Warning says that a claim of the text needs a second look.
type Warning struct {
	Claim string `json:"claim"` // its ID
	Kind  string `json:"kind"`  // stronger-than-primary, contradicts
	Known string `json:"known"` // ID of the claim that is known
	Text  string `json:"text"`
}

// A Reader reads reports. It is safe for use by several goroutines.
type Reader struct {
	names      *gazetteer
	lexicon    *lexicon
	grammar    *grammar
	techniques *linear.Model
	tagger     *linear.Tagger
}

// load is done once: the tables do not change.
var load = sync.OnceValues(newReader)

// New returns a Reader with the tables that ship.
func New() (*Reader, error) { return load() }

func newReader() (*Reader, error) {
	names, err := loadGazetteer()
	if err != nil {
		return nil, fmt.Errorf("names: %w", err)
	}
	words, err := loadLexicon()
	if err != nil {
		return nil, fmt.Errorf("lexicon: %w", err)
	}
	g, err := loadGrammar()
	if err != nil {
		return nil, fmt.Errorf("grammar: %w", err)
	}
	r := &Reader{names: names, lexicon: words, grammar: g}
	if len(techniqueWeights) > 0 { // not there yet when they are being trained
		if r.techniques, err = linear.Read(bytes.NewReader(techniqueWeights)); err != nil {
			return nil, err
		}
	}
	if len(taggerWeights) > 0 {
		if r.tagger, err = linear.ReadTagger(bytes.NewReader(taggerWeights)); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Read reads one document. The name says what it is called and, by its
// ending, perhaps its format. What cannot be read at all is an error; what is
// missing from the rest is in Gaps.
func (r *Reader) Read(ctx context.Context, name string, data []byte) (*Document, error) {
	raw, err := extract(name, data)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	sum := sha256.Sum256([]byte(raw.text))
	d := &Document{Name: name, Format: raw.format, Title: raw.title, Published: raw.published, Text: raw.text, Gaps: raw.gaps,
		SHA256: hex.EncodeToString(sum[:]), Bytes: len(raw.text), CodePoints: utf8.RuneCountInString(raw.text),
		Entities: []Entity{}, Claims: []claim.Claim{}}
	p := newPage(raw.text)
	d.Lang = p.lang
	if n := len(p.tokens); n >= maxTokens {
		d.Gaps = append(d.Gaps, fmt.Sprintf("names and claims after byte %d: %d words and marks stand before it", p.tokens[n-1].end, n))
	}
	indicators := findIndicators(raw.text)
	for _, s := range sentences(p.text, p.tokens) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.passages = append(p.passages, &passage{page: p, sentence: s})
	}
	all := len(p.passages)
	r.findMentions(p, indicators)
	if read := len(p.passages); read < all {
		d.Gaps = append(d.Gaps, fmt.Sprintf("names and claims of the last %d of %d sentences: those before speak of %d things", all-read, all, maxMentions))
	}
	if d.Published == "" {
		d.Published = p.published()
	}
	p.normaliseDates(d.Published)
	r.findTechniques(p)
	r.emit(d, p, indicators)
	d.Claims = r.claims(d, p)
	return d, nil
}

func newPage(text string) *page {
	p := &page{text: text, tokens: tokenize(text)}
	p.lang = language(p.tokens)
	for i, n := 0, 0; i <= len(text); i++ {
		if i%1024 == 0 {
			p.points = append(p.points, n)
		}
		if i < len(text) && utf8.RuneStart(text[i]) {
			n++
		}
	}
	return p
}

// point turns a byte offset into one in code points.
func (p *page) point(b int) int {
	n := p.points[b/1024]
	for i := b / 1024 * 1024; i < b; i++ {
		if utf8.RuneStart(p.text[i]) {
			n++
		}
	}
	return n
}

var (
	frenchWords  = map[string]bool{"le": true, "la": true, "les": true, "l'": true, "d'": true, "des": true, "du": true, "et": true, "est": true, "une": true, "un": true, "que": true, "qui": true, "dans": true, "pour": true, "par": true, "sur": true, "aux": true, "selon": true, "avec": true, "ont": true, "été": true, "ces": true}
	englishWords = map[string]bool{"the": true, "of": true, "and": true, "to": true, "in": true, "is": true, "that": true, "for": true, "was": true, "by": true, "with": true, "are": true, "were": true, "has": true, "it": true, "from": true, "this": true, "said": true, "an": true, "be": true, "have": true, "their": true}
)

// language tells French from English by their small words; und for neither.
func language(tokens []token) string {
	fr, en := 0, 0
	for i := range tokens[:min(len(tokens), 20000)] {
		switch w := tokens[i].lower; {
		case frenchWords[w]:
			fr++
		case englishWords[w]:
			en++
		}
	}
	switch {
	case fr == 0 && en == 0:
		return "und"
	case fr > en:
		return "fr"
	}
	return "en"
}

// emit lists the entities in the order of the text.
func (r *Reader) emit(d *Document, p *page, indicators []indicator) {
	for _, pg := range p.passages {
		for _, m := range pg.mentions {
			if m.hidden {
				continue
			}
			d.Entities = append(d.Entities, p.entity(m.typ, p.tokens[m.lo].start, p.tokens[m.hi-1].end, m.norm))
		}
	}
	for _, pg := range p.passages {
		for _, t := range pg.techniques {
			d.Entities = append(d.Entities, p.entity("attack-pattern", p.tokens[pg.lo].start, p.tokens[pg.hi-1].end, Norm{ATTACK: t.id, Score: int(t.score * 100)}))
		}
	}
	for _, x := range indicators {
		d.Entities = append(d.Entities, p.entity(x.typ, x.start, x.end, Norm{Canonical: x.value}))
	}
	slices.SortStableFunc(d.Entities, func(a, b Entity) int {
		return cmp.Or(cmp.Compare(a.ByteStart, b.ByteStart), cmp.Compare(b.ByteEnd, a.ByteEnd))
	})
	for i := range d.Entities {
		d.Entities[i].ID = fmt.Sprintf("e%d", i+1)
	}
}

func (p *page) entity(typ string, start, end int, n Norm) Entity {
	return Entity{Type: typ, Quote: p.text[start:end], Start: p.point(start), End: p.point(end), ByteStart: start, ByteEnd: end, Norm: n}
}
