package cfml

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"limier/internal/literal"
	"limier/webshell"
)

// maxFolds bounds how deep texts that are put together are nested.
const maxFolds = 12

// maxFolded bounds the pages that are folded, and by how much their texts may
// grow, all together, in bytes.
const maxFolded = 256 << 10

const plain = `'([^'"#\n]*)'`

var (
	letter = regexp.MustCompile(`(?i)\bchr\(\s*(\d{2,3})\s*\)`)
	joined = regexp.MustCompile(plain + `[ \t]*&[ \t]*` + plain)
	calls  = regexp.MustCompile(`(?i)\b(reverse|trim|lcase|urldecode|tostring|tobinary|binarydecode|charsetencode|replace|replacenocase|mid|listgetat|listlast|listfirst)\(\s*` + plain + `\s*(?:,\s*(\d+|` + plain + `)\s*)?(?:,\s*(\d+|` + plain + `)\s*)?(?:,\s*` + plain + `\s*)?\)`)
	inner  = regexp.MustCompile(`"#` + plain + `#"`)
)

// hints are what a line has of which fold makes anything.
var hints = literal.New([]string{"chr(", "'&", "& '", "' &", "\t&", "reverse(", "trim(", "lcase(", "urldecode(", "tostring(", "tobinary(", "binarydecode(", "charsetencode(", "replace(", "replacenocase(", "mid(", "listgetat(", "listlast(", "listfirst("})

// folded is fold for pages of any size: of large ones the lines of which it makes
// anything, until those are as large as a page may be; whole says that these were
// all of them.
func folded(data []byte) (out []byte, whole bool) {
	if len(data) <= maxFolded {
		return fold(data), true
	}
	room := maxFolded
	whole = true
	for line := range bytes.Lines(data) {
		if hints.Any(line) {
			if room -= len(line); room >= 0 {
				line = fold(line)
			} else {
				whole = false
			}
		}
		out = append(out, line...)
	}
	return out, whole
}

// fold writes out the texts of a page that it puts together from constants:
// "#'jav'&'a'#" and "#reverse('avaj')#" are "java". Lines stay where they are.
func fold(data []byte) []byte {
	room := maxFolded
	for range maxFolds {
		out := letter.ReplaceAllFunc(data, func(s []byte) []byte {
			n, _ := strconv.Atoi(string(letter.FindSubmatch(s)[1]))
			if n < ' ' || n > '~' || n == '\'' || n == '"' || n == '#' {
				return s
			}
			return []byte("'" + string(rune(n)) + "'")
		})
		out = joined.ReplaceAll(out, []byte("'$1$2'"))
		out = calls.ReplaceAllFunc(out, func(s []byte) []byte { return call(s, &room) })
		if bytes.Equal(out, data) {
			break
		}
		data = out
	}
	return inner.ReplaceAll(data, []byte(`"$1"`))
}

// call is what a call of a function of the language gives for constants, or
// the call itself. By what it is longer there is less room for others.
func call(source []byte, room *int) []byte {
	m := calls.FindSubmatch(source)
	text := func(i int) string { return strings.Trim(string(m[i]), "'") }
	s, ok := apply(strings.ToLower(string(m[1])), string(m[2]), text(3), text(5), len(source)+*room)
	if !ok || strings.ContainsAny(s, "'\"#\r\n") {
		return source
	}
	*room -= max(0, len(s)+2-len(source))
	return []byte("'" + s + "'")
}

// apply is what a function gives for constants, if it is at most so long.
func apply(name, s, second, third string, room int) (string, bool) {
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			return -1
		}
		return n
	}
	ok := true
	switch name {
	case "reverse":
		s = webshell.Reverse(s)
	case "trim":
		s = strings.TrimSpace(s)
	case "lcase":
		s = strings.ToLower(s)
	case "urldecode":
		s = webshell.URL(s, true)
	case "tostring", "charsetencode":
	case "tobinary", "binarydecode":
		var b []byte
		if name == "binarydecode" && strings.EqualFold(second, "hex") {
			b, ok = webshell.Hex(s)
		} else {
			b, ok = webshell.Base64(s)
		}
		s = string(b)
	case "replace", "replacenocase":
		if ok = second != ""; ok {
			s, ok = webshell.ReplaceAll(s, second, third, room)
		}
	case "mid":
		at, n := number(second)-1, number(third)
		if ok = at >= 0 && n >= 0 && at <= len(s) && n <= len(s)-at; ok {
			s = s[at : at+n]
		}
	case "listgetat", "listfirst", "listlast":
		sep, at := third, number(second)-1
		if name != "listgetat" {
			sep, at = second, 0
		}
		if sep == "" {
			sep = ","
		}
		list := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(sep, r) })
		if name == "listlast" {
			at = len(list) - 1
		}
		if ok = at >= 0 && at < len(list); ok {
			s = list[at]
		}
	default:
		return "", false
	}
	return s, ok
}
