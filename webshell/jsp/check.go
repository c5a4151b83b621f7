package jsp

import (
	"math"
	"regexp"
	"strings"
)

// A check is where a variable holds less than whatever was put in it: words of
// letters and digits alone, or one of the page's own constants.
type check struct {
	from, to int32
	fixed    bool
}

// otherRange is one that may hold more than letters and digits: [0-z].
var otherRange = regexp.MustCompile(`\w-\w`)

// plainWord reports whether a pattern matches only letters, digits, "-" and "_".
func plainWord(pattern string) bool {
	for _, s := range []string{`\d`, `\w`, "a-z", "A-Z", "0-9"} {
		pattern = strings.ReplaceAll(pattern, s, "")
	}
	return !strings.Contains(pattern, "[^") && !otherRange.MatchString(pattern) && strings.Trim(pattern, "^$()[]{}+*?|,-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// check notes if (!name.matches(…)) { … return …: what follows has a name that
// matches.
func (w *walker) check(holder varKey, at int32) {
	code := w.page.code
	before := strings.TrimRight(strings.TrimSuffix(strings.TrimRight(string(code[max(0, int(at)-80):at]), " ."), holder.name), " ")
	after := string(code[at:min(len(code), int(at)+240)])
	end := strings.IndexByte(after, '}')
	if strings.HasSuffix(before, "!") && end >= 0 && (strings.Contains(after[:end], "return") || strings.Contains(after[:end], "throw ")) {
		w.checked[holder] = check{from: at + int32(end), to: math.MaxInt32}
	}
}

// narrow reads if (a.equals("x") || "y".equals(a)) …: where that holds, a is one
// of the page's own constants.
func (w *walker) narrow() {
	shut := 0
	if w.is(w.i+1, '(') {
		shut = int(w.tokens[w.i+1].pair)
	}
	if shut <= w.i || shut+1 >= w.hi {
		return
	}
	end := shut + 1
	if w.is(end, '{') {
		end = int(w.tokens[end].pair)
	} else {
		for end < min(w.hi, shut+100) && !w.is(end, ';') && !w.is(end, '{') {
			end++
		}
	}
	if end <= shut || end >= len(w.tokens) {
		return
	}
	name := ""
	for i := w.i + 2; i < shut; {
		word, next := w.equal(i)
		if word == "" || name != "" && name != word || next < shut && !w.isTwo(next, '|', '|') {
			return
		}
		name, i = word, next+1
	}
	if _, key, ok := w.lookup(name); ok {
		w.checked[key] = check{w.tokens[shut].at, w.tokens[end].at, true}
	}
}

// equal reads a.equals("x"), "x".equals(a) or list.contains(a), and gives the
// variable and where what follows begins.
func (w *walker) equal(i int) (string, int) {
	if !w.is(i+1, '.') || !w.is(i+3, '(') || !w.is(i+5, ')') {
		return "", 0
	}
	switch a, b := i, i+4; w.word(i + 2) {
	case "equals", "equalsIgnoreCase":
		if w.tokens[a].kind == str {
			return w.word(b), i + 6
		} else if w.tokens[b].kind == str {
			return w.word(a), i + 6
		}
	case "contains":
		if v, _, ok := w.lookup(w.word(a)); ok && v.fixed && holders[v.typ] {
			return w.word(b), i + 6
		}
	}
	return "", 0
}
