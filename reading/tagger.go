package reading

import (
	_ "embed" // for the weights
	"slices"
	"strings"
	"unicode"

	"limier/claim"
	"limier/internal/linear"
)

//go:embed tagger.bin
var taggerWeights []byte

// tagNames adds names of groups, malware and tools that no list holds, where
// the words around them show what they are.
func (r *Reader) tagNames(p *page) {
	if p.lang != "en" || r.tagger == nil {
		return
	}
	var sents [][]string
	for _, pg := range p.passages {
		words := make([]string, 0, pg.hi-pg.lo)
		for _, t := range p.tokens[pg.lo:pg.hi] {
			words = append(words, p.text[t.start:t.end])
		}
		sents = append(sents, words)
	}
	types := map[string]string{"GROUP": "threat-actor", "MALWARE": "malware", "TOOL": "tool"}
	for i, tags := range r.TagDocument(r.tagger, sents) {
		pg := p.passages[i]
		for _, s := range TagSpans(tags) {
			typ := types[s.Type]
			if typ == "" || !p.tokens[pg.lo+s.Lo].upper || pg.touched(pg.lo+s.Lo, pg.lo+s.Hi) {
				continue
			}
			m := &mention{typ: typ, lo: pg.lo + s.Lo, hi: pg.lo + s.Hi}
			if typ == "threat-actor" {
				m.level = claim.Group
			}
			r.identify(m, pg.words(m.lo, m.hi))
			m.norm.Role = "found by its company"
			pg.put(m)
		}
		pg.sort()
	}
}

// touched reports whether a mention or an indicator covers any of the tokens.
func (p *passage) touched(lo, hi int) bool {
	for _, m := range p.mentions {
		if m.lo < hi && lo < m.hi {
			return true
		}
	}
	return false
}

// NameTags are what the tagger of English reports tells apart. Only groups,
// malware and tools are used; the others teach it what is none.
func NameTags() []string {
	tags := []string{"O"}
	for _, t := range []string{"GROUP", "MALWARE", "TOOL", "ORG", "CON", "LOC"} {
		tags = append(tags, "B-"+t, "I-"+t)
	}
	return tags
}

// shape is the form of a word: "Xx", "XX0", "x.x".
func shapeOf(w string) string {
	var b strings.Builder
	last := rune(0)
	for _, r := range w {
		c := r
		switch {
		case unicode.IsUpper(r):
			c = 'X'
		case unicode.IsLower(r):
			c = 'x'
		case unicode.IsDigit(r):
			c = '0'
		}
		if c != last {
			b.WriteRune(c)
		}
		if last = c; b.Len() > 12 {
			break
		}
	}
	return b.String()
}

// TagFeatures are the features of each word of a sentence.
func (r *Reader) TagFeatures(words []string) [][]uint32 {
	n := len(words)
	low, shapes := make([]string, n), make([]string, n)
	tokens := make([]token, n)
	for i, w := range words {
		low[i] = strings.ToLower(w)
		shapes[i] = shapeOf(w)
		tokens[i] = token{lower: low[i], word: true}
	}
	gaz := r.gazetteerTags(words, tokens)
	at := func(list []string, i int) string {
		if i < 0 || i >= n {
			return "^"
		}
		return list[i]
	}
	out := make([][]uint32, n)
	for i, w := range words {
		l := low[i]
		f := make([]uint32, 0, 26)
		add := func(k ...string) { f = append(f, linear.Join(k...)) }
		add("w=", w)
		add("l=", l)
		add("s=", shapes[i])
		add("p3=", l[:min(3, len(l))])
		add("z3=", l[max(0, len(l)-3):])
		add("z4=", l[max(0, len(l)-4):])
		add("g=", gaz[i])
		add("gs=", gaz[i], shapes[i])
		for _, d := range []int{-2, -1, 1, 2} {
			k := string(rune('c' + d))
			add("n", k, at(low, i+d))
			add("ns", k, at(shapes, i+d))
			add("ng", k, at(gaz, i+d))
		}
		add("b1=", at(low, i-1), " ", l)
		add("b2=", l, " ", at(low, i+1))
		add("c=", at(low, i-1), "|", at(low, i+1))
		add("gs1=", gaz[i], at(low, i+1))
		add("gs0=", gaz[i], at(low, i-1))
		add("ss=", at(shapes, i-1), shapes[i], at(shapes, i+1))
		if digit := l[len(l)-1]; digit >= '0' && digit <= '9' && len(l) < 16 && numbered.MatchString(l) {
			add("num")
		}
		out[i] = f
	}
	return out
}

// gazetteerTags says for each word what kinds of names it is part of.
func (r *Reader) gazetteerTags(words []string, tokens []token) []string {
	out := make([]string, len(words))
	for i := 0; i < len(words); {
		n, end := r.names.find(tokens, i, len(tokens), func(*name, int, int) bool { return true })
		if n == nil {
			out[i] = "-"
			i++
			continue
		}
		var kinds []byte
		for _, e := range n.entries {
			if !slices.Contains(kinds, e.typ) {
				kinds = append(kinds, e.typ)
			}
		}
		slices.Sort(kinds)
		tag := string(kinds)
		if n.gated {
			tag += "!"
		}
		if strings.Join(words[i:end], " ") == n.spelt {
			tag += "="
		}
		for k := i; k < end; k++ {
			out[k] = "I" + tag
			if k == i {
				out[k] = "B" + tag
			}
		}
		i = end
	}
	return out
}

// A TagSentence is words with their tags in BIO.
type TagSentence struct{ Words, Tags []string }

// TrainNames fits the tagger of names.
func (r *Reader) TrainNames(data []TagSentence, epochs int) *linear.Tagger {
	tags := NameTags()
	var seqs []linear.Sequence
	for _, s := range data {
		q := linear.Sequence{Features: r.TagFeatures(s.Words)}
		for _, t := range s.Tags {
			q.Tags = append(q.Tags, max(0, slices.Index(tags, t)))
		}
		seqs = append(seqs, q)
	}
	return linear.TrainTagger(tags, seqs, epochs)
}

// TagDocument tags the sentences of one document. What it calls by one name in
// several places is one thing: the kind that it gets most often counts, also
// where the words around it did not show it.
func (r *Reader) TagDocument(t *linear.Tagger, sents [][]string) [][]string {
	type kind struct{ name, typ string }
	votes := map[kind]int{}
	tags := make([][]string, len(sents))
	for i, words := range sents {
		tags[i] = make([]string, len(words))
		for k, tag := range t.Tag(r.TagFeatures(words)) {
			tags[i][k] = t.Tags[tag]
		}
		for _, s := range TagSpans(tags[i]) {
			votes[kind{strings.Join(words[s.Lo:s.Hi], " "), r.tagKind(s.Type, words[s.Lo:s.Hi])}]++
		}
	}
	best := map[string]string{}
	longest := 1
	for _, k := range sortedKinds(votes, func(a, b kind) int { return strings.Compare(a.name+a.typ, b.name+b.typ) }) {
		if b := best[k.name]; b == "" || votes[k] > votes[kind{k.name, b}] {
			best[k.name] = k.typ
			longest = max(longest, strings.Count(k.name, " ")+1)
		}
	}
	for i, words := range sents {
		for k := 0; k < len(words); {
			n := min(longest, len(words)-k)
			for ; n > 0; n-- {
				name := strings.Join(words[k:k+n], " ")
				typ := best[name]
				if typ == "" || typ != "GROUP" && typ != "MALWARE" && typ != "TOOL" {
					continue
				}
				free := true
				for _, tag := range tags[i][k : k+n] {
					free = free && tag == "O"
				}
				same := strings.HasPrefix(tags[i][k], "B-") && (k+n == len(words) || !strings.HasPrefix(tags[i][k+n], "I-"))
				if same || free && distinctive(name) && votes[kind{name, typ}] > 1 {
					for j := k; j < k+n; j++ {
						tags[i][j] = "I-" + typ
					}
					tags[i][k] = "B-" + typ
					break
				}
			}
			k += max(n, 1)
		}
	}
	return tags
}

// distinctive reports whether a name would hardly be a word of prose.
func distinctive(name string) bool {
	return len(name) >= 4 && name != strings.ToLower(name)
}

// tagKind corrects the kind of a name that the malware lists hold.
func (r *Reader) tagKind(typ string, words []string) string {
	if typ != "TOOL" {
		return typ
	}
	if n := r.names.names[r.names.key(tokenize(strings.Join(words, " ")))]; n != nil && !n.gated {
		for _, e := range n.entries {
			if e.typ == 'm' {
				return "MALWARE"
			}
		}
	}
	return typ
}

// A TagSpan is a name in a sentence: its kind and words, end exclusive.
type TagSpan struct {
	Type   string
	Lo, Hi int
}

// TagSpans reads BIO tags.
func TagSpans(tags []string) []TagSpan {
	var list []TagSpan
	for i := 0; i < len(tags); i++ {
		typ, ok := strings.CutPrefix(tags[i], "B-")
		if !ok {
			continue
		}
		j := i + 1
		for j < len(tags) && tags[j] == "I-"+typ {
			j++
		}
		list = append(list, TagSpan{typ, i, j})
	}
	return list
}

func sortedKinds[K comparable](m map[K]int, less func(a, b K) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, less)
	return keys
}
