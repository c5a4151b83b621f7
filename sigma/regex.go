package sigma

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxRegex bounds the length of a regular expression, in bytes.
const maxRegex = 16 << 10

// newRegex compiles a PCRE as far as RE2 can say the same: RE2 knows no
// lookaround, no backreferences and no possessive quantifiers. flags are RE2's.
func newRegex(pcre, flags string) (*regexp.Regexp, [][]string, error) {
	if len(pcre) > maxRegex {
		return nil, nil, fmt.Errorf("regular expression longer than %d bytes", maxRegex)
	}
	text, err := translate(pcre)
	if err != nil {
		return nil, nil, err
	}
	if flags != "" {
		text = "(?" + flags + ")" + text
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, nil, fmt.Errorf("regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, nil, fmt.Errorf("regular expression: %w", err)
	}
	return re, requiredOf(tree.Simplify()), nil
}

// translate rewrites what PCRE and RE2 spell differently.
func translate(s string) (string, error) {
	var b strings.Builder
	class := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\':
			if i++; i == len(s) {
				return "", fmt.Errorf("regular expression ends in a backslash")
			}
			switch n := s[i]; {
			case n >= '1' && n <= '9' && !class:
				return "", fmt.Errorf("regular expression: backreference \\%c is not in RE2", n)
			case n == 'h' && class:
				b.WriteString(`\t `)
			case n == 'h':
				b.WriteString(`[\t ]`)
			case n == 'R':
				b.WriteString(`(?:\r\n|[\n\v\f\r])`)
			case n == 'Z':
				b.WriteString(`\n?\z`)
			case n == 'e':
				b.WriteString(`\x1b`)
			case n == 'K' || n == 'G':
				return "", fmt.Errorf("regular expression: \\%c is not in RE2", n)
			case strings.IndexByte(`dDsSwWbBAzntrfvaxpPQCE0`, n) >= 0 || strings.IndexByte(`\.+*?()|[]{}^$`, n) >= 0:
				b.WriteByte('\\')
				b.WriteByte(n)
			case n < utf8.RuneSelf && !letter(n):
				b.WriteByte('\\')
				b.WriteByte(n)
			default: // PCRE takes an escaped character for itself
				b.WriteByte(n)
			}
		case class:
			if c == '[' && !strings.HasPrefix(s[i:], "[:") {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
			class = c != ']'
		case c == '[':
			class = true
			b.WriteByte(c)
			if strings.HasPrefix(s[i+1:], "^") {
				i++
				b.WriteByte('^')
			}
			if strings.HasPrefix(s[i+1:], "]") { // the first is a plain bracket
				i++
				b.WriteString(`\]`)
			}
		case c == '(' && strings.HasPrefix(s[i:], "(?"):
			for _, look := range []string{"(?=", "(?!", "(?<=", "(?<!", "(?>", "(?|", "(?(", "(?#"} {
				if strings.HasPrefix(s[i:], look) {
					return "", fmt.Errorf("regular expression: %s…) is not in RE2", look)
				}
			}
			b.WriteByte(c)
		case c == '+' && i > 0 && strings.IndexByte("*+?}", s[i-1]) >= 0 && (i < 2 || s[i-2] != '\\'):
			return "", fmt.Errorf("regular expression: possessive %q is not in RE2", s[i-1:i+1])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

func letter(c byte) bool { return '0' <= c && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' }

const (
	maxExact = 16 // alternatives of a literal
	maxChars = 4  // of a class that is spelled out
	maxSets  = 8
)

// requiredOf returns sets of lower-case ASCII literals such that every text the
// expression matches anywhere holds, ASCII case aside, one literal of each set.
func requiredOf(re *syntax.Regexp) [][]string {
	f := analyse(re, 0)
	sets := append(f.sets, f.exact)
	var kept [][]string
	for _, set := range sets {
		if len(set) > 0 && len(kept) < maxSets && !slices.ContainsFunc(set, func(l string) bool { return !useful(l) }) {
			kept = append(kept, set)
		}
	}
	return kept
}

func shortest(set []string) int {
	n := len(set[0])
	for _, s := range set {
		n = min(n, len(s))
	}
	return n
}

// facts are what is known of the texts an expression matches.
type facts struct {
	exact []string   // all of them, folded; nil if too many
	sets  [][]string // each text holds one of each set
}

func analyse(re *syntax.Regexp, depth int) facts {
	if depth > 100 {
		return facts{}
	}
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return facts{exact: []string{""}}
	case syntax.OpLiteral:
		s := string(re.Rune)
		if !ascii(s) {
			return facts{}
		}
		return facts{exact: []string{strings.ToLower(s)}}
	case syntax.OpCharClass:
		return facts{exact: spell(re.Rune)}
	case syntax.OpCapture:
		return analyse(re.Sub[0], depth+1)
	case syntax.OpPlus:
		f := analyse(re.Sub[0], depth+1)
		return facts{sets: withExact(f)}
	case syntax.OpRepeat:
		if f := analyse(re.Sub[0], depth+1); re.Min > 0 {
			return facts{sets: withExact(f)}
		}
	case syntax.OpQuest:
		if f := analyse(re.Sub[0], depth+1); f.exact != nil && len(f.exact) < maxExact {
			return facts{exact: append([]string{""}, f.exact...)}
		}
	case syntax.OpConcat:
		return concat(re.Sub, depth)
	case syntax.OpAlternate:
		return alternate(re.Sub, depth)
	}
	return facts{}
}

func withExact(f facts) [][]string {
	if f.exact == nil {
		return f.sets
	}
	return append(f.sets, f.exact)
}

// spell lists the characters of a small class, folded.
func spell(ranges []rune) (chars []string) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r >= utf8.RuneSelf || len(seen) >= 2*maxChars {
				return nil
			}
			if c := strings.ToLower(string(r)); !seen[c] {
				seen[c] = true
				chars = append(chars, c)
			}
		}
	}
	if len(chars) > maxChars {
		return nil
	}
	return chars
}

func concat(subs []*syntax.Regexp, depth int) facts {
	run := []string{""} // what stands here exactly, since the last unknown
	all := true
	var sets [][]string
	for _, sub := range subs {
		f := analyse(sub, depth+1)
		sets = append(sets, f.sets...)
		if f.exact == nil || len(f.exact)*len(run) > maxExact {
			sets = append(sets, run)
			run, all = []string{""}, false
			if f.exact != nil {
				run = f.exact
			}
			continue
		}
		var longer []string
		for _, a := range run {
			for _, b := range f.exact {
				longer = append(longer, a+b)
			}
		}
		run = longer
	}
	if all {
		return facts{exact: run, sets: sets}
	}
	return facts{sets: append(sets, run)}
}

func alternate(subs []*syntax.Regexp, depth int) facts {
	exact, union := []string{}, []string{}
	for _, sub := range subs {
		f := analyse(sub, depth+1)
		if exact != nil && f.exact != nil && len(exact)+len(f.exact) <= maxExact {
			exact = append(exact, f.exact...)
		} else {
			exact = nil
		}
		var best []string
		for _, set := range withExact(f) {
			if len(set) > 0 && (best == nil || shortest(set) > shortest(best)) {
				best = set
			}
		}
		if union != nil && best != nil && len(union)+len(best) <= 4*maxExact {
			union = append(union, best...)
		} else {
			union = nil
		}
	}
	if exact != nil {
		return facts{exact: exact}
	}
	if union == nil {
		return facts{}
	}
	return facts{sets: [][]string{union}}
}
