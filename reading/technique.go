package reading

import (
	_ "embed" // for the weights
	"strings"

	"limier/internal/linear"
)

// TechniqueWords are the features of a sentence for the model of techniques:
// its words without endings, and pairs of them.
func TechniqueWords(sentence string) []uint32 { return techniqueWords(tokenize(sentence)) }

func techniqueWords(tokens []token) []uint32 {
	var out []uint32
	prev := "^"
	for _, t := range tokens {
		if !t.word {
			if t.lower == `\` || t.lower == "/" || t.lower == "." {
				continue
			}
			prev = "^"
			continue
		}
		w := stem(t.lower)
		if stopWords[w] {
			continue
		}
		out = append(out, linear.Hash(w), linear.Join(prev, " ", w))
		if strings.ContainsAny(w, ".-_") {
			for _, part := range strings.FieldsFunc(w, func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
				if len(part) > 1 {
					out = append(out, linear.Hash(part))
				}
			}
		}
		prev = w
	}
	return out
}

var stopWords = map[string]bool{"the": true, "a": true, "an": true, "of": true, "and": true, "to": true, "in": true, "is": true, "it": true, "that": true, "for": true, "on": true, "with": true, "as": true, "by": true, "was": true, "be": true, "are": true, "this": true, "which": true, "or": true, "from": true, "at": true, "has": true, "have": true, "its": true, "wa": true, "ha": true, "thi": true, "it'": true}

func stem(w string) string {
	if len(w) > 30 {
		w = w[:30]
	}
	if w != "" && w[0] >= '0' && w[0] <= '9' {
		return "0"
	}
	for _, end := range []string{"ations", "ation", "ings", "ing", "ies", "ed", "es", "s", "e"} {
		if len(w) > len(end)+3 && strings.HasSuffix(w, end) {
			return w[:len(w)-len(end)]
		}
	}
	return w
}

//go:embed techniques.bin
var techniqueWeights []byte

// minTechnique is the probability from which a sentence of an English report
// is said to describe a technique: on TRAM's held-out reports two of three
// such techniques are right (doc/reading-evaluation.md).
const minTechnique = 0.6

// findTechniques tells which sentences describe which technique. Identifiers
// in the text are found elsewhere and win; the model only read English.
func (r *Reader) findTechniques(p *page) {
	if p.lang != "en" || r.techniques == nil {
		return
	}
	for _, pg := range p.passages {
		if pg.hi-pg.lo < 5 {
			continue
		}
		for c, x := range r.techniques.Scores(techniqueWords(p.tokens[pg.lo:pg.hi])) {
			if x >= minTechnique {
				pg.techniques = append(pg.techniques, technique{r.techniques.Classes[c], x})
			}
		}
	}
}

// A technique is what the model sees in a sentence.
type technique struct {
	id    string
	score float64
}
