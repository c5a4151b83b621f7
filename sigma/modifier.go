package sigma

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"
)

// maxValues bounds what one field's values may become, with every permutation.
const maxValues = 20_000

var comparisons = map[string]comparison{"lt": less, "lte": lessEqual, "gt": greater, "gte": greaterEqual}

var timeParts = []string{"minute", "hour", "day", "week", "month", "year"}

// modifiers are the names of all of them (modifiers appendix 2.1).
var modifiers = []string{
	"all", "startswith", "endswith", "contains", "exists", "cased", "neq",
	"windash", "re", "i", "m", "s", "base64", "base64offset", "utf16le", "utf16be", "utf16", "wide",
	"lt", "lte", "gt", "gte", "minute", "hour", "day", "week", "month", "year",
	"cidr", "expand", "fieldref",
}

// An item is one "field|modifiers: values" of a rule.
type item struct {
	field        string
	mods         []string
	placeholders map[string][]string
}

func newItem(key string, placeholders map[string][]string) (*item, error) {
	parts := strings.Split(key, "|")
	it := &item{field: parts[0], placeholders: placeholders}
	for _, m := range parts[1:] {
		if !slices.Contains(modifiers, m) {
			return nil, fmt.Errorf("%s: unknown modifier %q", key, m)
		}
		it.mods = append(it.mods, m)
	}
	for _, sub := range []string{"i", "m", "s"} {
		if it.has(sub) && !it.has("re") {
			return nil, fmt.Errorf("%s: modifier %q is of use after \"re\" only", key, sub)
		}
	}
	kinds := 0
	for _, m := range []string{"re", "cidr", "exists", "fieldref", "lt", "lte", "gt", "gte"} {
		if it.has(m) {
			kinds++
		}
	}
	if kinds > 1 {
		return nil, fmt.Errorf("%s: modifiers contradict each other", key)
	}
	return it, nil
}

func (it *item) has(mod string) bool { return slices.Contains(it.mods, mod) }

// node compiles the item's values.
func (it *item) node(values []*yaml.Node) (*node, error) {
	n := &node{op: or}
	if it.has("all") {
		n.op = and
	}
	total := 0
	for _, v := range values {
		tests, err := it.tests(v)
		if err != nil {
			return nil, err
		}
		if total += len(tests); total > maxValues {
			return nil, fmt.Errorf("more than %d values", maxValues)
		}
		var forms []*node // that the value may take
		for _, t := range tests {
			t.field = it.field
			forms = append(forms, &node{test: t})
		}
		if n.op == or || len(forms) == 0 {
			n.kids = append(n.kids, forms...)
		} else {
			n.kids = append(n.kids, join(or, forms))
		}
	}
	if len(n.kids) == 0 {
		return nil, errors.New("no value")
	}
	if len(n.kids) == 1 {
		n = n.kids[0]
	}
	if it.has("neq") {
		n = &node{op: not, kids: []*node{n}}
	}
	return n, nil
}

// tests returns the tests that one value stands for: any of them may hold.
func (it *item) tests(v *yaml.Node) ([]*test, error) {
	if v.Kind != yaml.ScalarNode {
		return nil, errors.New("a value is neither text nor a number")
	}
	if v.Tag == "!!null" {
		if it.field == "" || len(it.mods) > 0 && !it.has("neq") {
			return nil, errors.New("null stands for a field's value, without modifiers")
		}
		return []*test{{kind: emptyTest}}, nil
	}
	for _, m := range it.mods {
		if c, ok := comparisons[m]; ok {
			return it.number(v.Value, c)
		}
	}
	switch {
	case it.has("exists"):
		var want bool
		if v.Decode(&want) != nil {
			return nil, fmt.Errorf("exists: %q is neither true nor false", v.Value)
		}
		return []*test{{kind: existsTest, want: want}}, nil
	case it.has("re"):
		return it.regex(v.Value)
	case it.has("cidr"):
		return cidr(v.Value)
	case it.has("fieldref"):
		p := newPattern(it.affix([]token{{literalToken, "x"}}), it.has("cased"))
		return []*test{{kind: fieldTest, ref: v.Value, pattern: p}}, nil
	}
	if it.part() != "" {
		return it.number(v.Value, equal)
	}
	return it.patterns(v.Value)
}

func (it *item) part() string {
	for _, p := range timeParts {
		if it.has(p) {
			return p
		}
	}
	return ""
}

func (it *item) number(text string, c comparison) ([]*test, error) {
	n, ok := number(text)
	if !ok {
		return nil, fmt.Errorf("%q is not a number", text)
	}
	t := &test{kind: numberTest, compare: c, number: n, part: it.part()}
	if t.part != "" {
		t.kind = timeTest
	}
	return []*test{t}, nil
}

func (it *item) regex(text string) ([]*test, error) {
	flags := ""
	for _, f := range []string{"i", "m", "s"} {
		if it.has(f) {
			flags += f
		}
	}
	texts := []string{text}
	if it.has("expand") {
		all, err := it.expand(parseTokens(strings.ReplaceAll(text, `\`, `\\`), true))
		if err != nil {
			return nil, err
		}
		texts = nil
		for _, toks := range all {
			var b strings.Builder
			for _, t := range toks {
				b.WriteString(map[tokenKind]string{literalToken: t.text, starToken: "*", anyToken: "?"}[t.kind])
			}
			texts = append(texts, b.String())
		}
	}
	var tests []*test
	for _, text := range texts {
		re, sets, err := newRegex(text, flags)
		if err != nil {
			return nil, err
		}
		tests = append(tests, &test{kind: regexTest, regex: re, sets: sets})
	}
	return tests, nil
}

func cidr(text string) ([]*test, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("cidr: %q is no network", text)
		}
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	return []*test{{kind: cidrTest, prefix: p}}, nil
}

// patterns applies the modifiers that change a text, in the order they stand.
func (it *item) patterns(text string) ([]*test, error) {
	values := [][]token{parseTokens(text, it.has("expand"))}
	cased := it.has("cased")
	for _, m := range it.mods {
		var err error
		switch m {
		case "expand":
			values, err = it.expand(values[0])
		case "windash":
			for i := range values {
				values[i] = windash(values[i])
			}
		case "base64", "base64offset", "utf16", "utf16le", "utf16be", "wide":
			values, err = encode(values, m)
			cased = cased || strings.HasPrefix(m, "base64")
		}
		if err != nil {
			return nil, err
		}
	}
	var tests []*test
	for _, toks := range values {
		tests = append(tests, &test{kind: patternTest, pattern: newPattern(it.affix(toks), cased)})
	}
	return tests, nil
}

// affix adds the wildcards of contains, startswith and endswith. A keyword may
// stand anywhere in the event.
func (it *item) affix(toks []token) []token {
	star := token{kind: starToken}
	if it.field == "" || it.has("contains") || it.has("endswith") {
		toks = append([]token{star}, toks...)
	}
	if it.field == "" || it.has("contains") || it.has("startswith") {
		toks = append(toks, star)
	}
	return toks
}

// expand replaces placeholders by every combination of their values.
func (it *item) expand(toks []token) ([][]token, error) {
	all := [][]token{nil}
	for _, t := range toks {
		options := [][]token{{t}}
		if t.kind == placeholder {
			values, ok := it.placeholders[t.text]
			if !ok {
				return nil, fmt.Errorf("placeholder %%%s%% has no values", t.text)
			}
			options = nil
			for _, v := range values {
				options = append(options, parseTokens(v, false))
			}
		}
		var longer [][]token
		for _, a := range all {
			for _, o := range options {
				longer = append(longer, slices.Concat(a, o))
			}
		}
		if all = longer; len(all) > maxValues {
			return nil, fmt.Errorf("more than %d values", maxValues)
		}
	}
	return all, nil
}

// windashes are the dashes that start a flag (as pySigma has it: \B[-/]\b).
var windashes = regexp.MustCompile(`(^|[^\pL\pN_])([-/–—―])([\pL\pN_])`)

func windash(toks []token) []token {
	var out []token
	for _, t := range toks {
		if t.kind != literalToken {
			out = append(out, t)
			continue
		}
		rest := t.text
		for {
			m := windashes.FindStringSubmatchIndex(rest)
			if m == nil {
				break
			}
			if m[4] > 0 {
				out = append(out, token{literalToken, rest[:m[4]]})
			}
			out = append(out, token{kind: dashToken})
			rest = rest[m[5]:]
		}
		if rest != "" {
			out = append(out, token{literalToken, rest})
		}
	}
	return out
}

// encode applies an encoding to values, which must be plain text.
func encode(values [][]token, mod string) ([][]token, error) {
	var out [][]token
	for _, toks := range values {
		plain, err := spellDashes(toks)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", mod, err)
		}
		for _, text := range plain {
			for _, e := range encodings(text, mod) {
				out = append(out, []token{{literalToken, e}})
			}
		}
		if len(out) > maxValues {
			return nil, fmt.Errorf("more than %d values", maxValues)
		}
	}
	return out, nil
}

// spellDashes writes out every permutation of windash.
func spellDashes(toks []token) ([]string, error) {
	texts := []string{""}
	for _, t := range toks {
		options := []string{t.text}
		switch t.kind {
		case starToken, anyToken, placeholder:
			return nil, errors.New("a value with wildcards cannot be encoded")
		case dashToken:
			options = dashes
		}
		var longer []string
		for _, a := range texts {
			for _, o := range options {
				longer = append(longer, a+o)
			}
		}
		if texts = longer; len(texts) > maxValues {
			return nil, fmt.Errorf("more than %d values", maxValues)
		}
	}
	return texts, nil
}

func encodings(text, mod string) []string {
	switch mod {
	case "base64":
		return []string{base64.StdEncoding.EncodeToString([]byte(text))}
	case "base64offset":
		// The characters at the ends also depend on the neighbours: only
		// those in between are sure (modifiers appendix, base64offset).
		var all []string
		for offset, skip := range []int{0, 2, 3} {
			e := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", offset) + text))
			drop := []int{0, 3, 2}[(len(text)+offset)%3]
			if end := len(e) - drop; skip < end {
				all = append(all, e[skip:end])
			}
		}
		return all
	case "utf16":
		return []string{"\xff\xfe" + utf16le(text)}
	case "utf16be":
		b := []byte(utf16le(text))
		for i := 0; i+1 < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
		return []string{string(b)}
	}
	return []string{utf16le(text)} // utf16le, wide
}

func utf16le(text string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}
