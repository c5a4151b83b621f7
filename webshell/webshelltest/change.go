package webshelltest

import (
	"fmt"
	"math/rand"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// A tongue is a language that pages are written in.
type tongue uint8

const (
	tongueCSharp tongue = iota
	tongueVBNet
	tongueVBScript
	tongueJScript
	tongueJava
	tongueCFML
)

// A Change is something attackers do to code that is known, which leaves what
// it does as it was.
type Change struct {
	Name string
	do   func(r *rand.Rand, p *page) bool // false: nothing to change
}

// A page is a file cut into what runs and what does not.
type page struct {
	name   string
	tongue tongue
	parts  []part
	bytes  []byte // if an encoding was chosen
}

// A part is a stretch of markup, or of code between the marks open and shut.
type part struct {
	code             bool
	open, text, shut string
}

// scriptlet reports whether the part holds statements of the page's own flow.
func (p *part) scriptlet() bool { return p.code && p.open == "<%" }

var (
	marks   = regexp.MustCompile(`(?is)<%--.*?--%>|<%.*?%>|<script[^>]*\brunat\b[^>]*>.*?</script>`)
	opens   = regexp.MustCompile(`(?is)^(?:<%[=!#:@]?|<script[^>]*>)`)
	tongue1 = regexp.MustCompile(`(?i)language\s*=\s*["']?([a-z#]+)`)
)

// newPage cuts a file; ok is false if it holds nothing to change.
func newPage(name, src string) (p *page, ok bool) {
	p = &page{name: name}
	low := strings.ToLower(name)
	word := ""
	if m := tongue1.FindStringSubmatch(src); m != nil {
		word = strings.ToLower(m[1])
	}
	switch ext := low[strings.LastIndexByte(low, '.')+1:]; ext {
	case "asp", "asa", "cer", "cdx":
		if p.tongue = tongueVBScript; strings.HasPrefix(word, "j") {
			p.tongue = tongueJScript
		}
	case "aspx", "ashx", "asmx", "ascx", "asax", "cs", "vb":
		switch {
		case strings.HasPrefix(word, "vb") || ext == "vb":
			p.tongue = tongueVBNet
		case strings.HasPrefix(word, "j"):
			p.tongue = tongueJScript
		}
	case "jsp", "jspf", "jspx":
		p.tongue = tongueJava
	case "cfm", "cfc":
		p.tongue = tongueCFML
		p.parts = []part{{code: true, text: src}}
		return p, true
	default:
		return nil, false
	}
	if ext := low[strings.LastIndexByte(low, '.')+1:]; ext == "ashx" || ext == "asmx" || ext == "cs" || ext == "vb" {
		at := 0
		if strings.HasPrefix(strings.TrimSpace(src), "<%") {
			at = strings.Index(src, "%>") + 2
		}
		p.parts = []part{{text: src[:at]}, {code: true, text: src[at:]}}
		return p, strings.TrimSpace(src[at:]) != ""
	}
	at := 0
	for _, m := range marks.FindAllStringIndex(src, -1) {
		s := src[m[0]:m[1]]
		open, shut := opens.FindString(s), "%>"
		if i := strings.LastIndex(s, "</"); open[1] != '%' && i >= 0 {
			shut = s[i:]
		}
		if open == "<%@" || strings.HasPrefix(s, "<%--") {
			continue
		}
		p.parts = append(p.parts, part{text: src[at:m[0]]}, part{code: true, open: open, text: s[len(open) : len(s)-len(shut)], shut: shut})
		at, ok = m[1], true
	}
	p.parts = append(p.parts, part{text: src[at:]})
	return p, ok
}

func (p *page) String() string {
	var b strings.Builder
	for _, t := range p.parts {
		b.WriteString(t.open + t.text + t.shut)
	}
	return b.String()
}

func (p *page) data() []byte {
	if p.bytes != nil {
		return p.bytes
	}
	return []byte(p.String())
}

// each changes the code of every part; it reports whether anything changed.
func (p *page) each(f func(code string) string) bool {
	changed := false
	for i := range p.parts {
		if t := &p.parts[i]; t.code {
			if s := f(t.text); s != t.text {
				t.text, changed = s, true
			}
		}
	}
	return changed
}

// A lexeme is one word of code. Kinds: s text, i name, c comment, n line's
// end, w space, else the byte itself.
type lexeme struct {
	kind byte
	s    string
}

func (t tongue) basic() bool { return t == tongueVBNet || t == tongueVBScript }

// lex cuts code into words, of which the code is the sum.
func (t tongue) lex(code string) []lexeme {
	var out []lexeme
	word := func(c byte) bool {
		return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= '0' && c <= '9' || c >= 0x80 || c == '$' && t == tongueJava
	}
	for i := 0; i < len(code); {
		j, kind := i+1, code[i]
		switch c := code[i]; {
		case c == '\n':
			kind = 'n'
		case c == ' ' || c == '\t' || c == '\r':
			for j < len(code) && (code[j] == ' ' || code[j] == '\t' || code[j] == '\r') {
				j++
			}
			kind = 'w'
		case t.basic() && c == '\'', !t.basic() && strings.HasPrefix(code[i:], "//"), t.basic() && len(code) > i+3 && strings.EqualFold(code[i:i+4], "rem ") && (i == 0 || !word(code[i-1])):
			for j < len(code) && code[j] != '\n' {
				j++
			}
			kind = 'c'
		case !t.basic() && strings.HasPrefix(code[i:], "/*"):
			if e := strings.Index(code[i+2:], "*/"); e >= 0 {
				j = i + e + 4
			} else {
				j = len(code)
			}
			kind = 'c'
		case t.basic() && c == '"', t == tongueCFML && (c == '"' || c == '\''):
			for j < len(code) && code[j] != '\n' && (code[j] != c || j+1 < len(code) && code[j+1] == c) {
				if code[j] == c {
					j++
				}
				j++
			}
			j = min(j+1, len(code))
			kind = 's'
		case t == tongueCSharp && (strings.HasPrefix(code[i:], `@"`) || strings.HasPrefix(code[i:], `$@"`)):
			for j = i + strings.IndexByte(code[i:], '"') + 1; j < len(code) && (code[j] != '"' || j+1 < len(code) && code[j+1] == '"'); j++ {
				if code[j] == '"' {
					j++
				}
			}
			j = min(j+1, len(code))
			kind = 'c' // left alone
		case c == '"' || c == '\'' || c == '$' && strings.HasPrefix(code[i:], `$"`):
			if c == '$' {
				c, j = '"', j+1
			}
			for j < len(code) && code[j] != c && code[j] != '\n' {
				if code[j] == '\\' {
					j++
				}
				j++
			}
			j = min(j+1, len(code))
			if kind = 's'; code[i] != '"' && !(c == '\'' && t == tongueJScript) {
				kind = 'c'
			}
		case word(c) || c == '@' && t == tongueCSharp:
			for j < len(code) && word(code[j]) {
				j++
			}
			if kind = 'i'; c >= '0' && c <= '9' {
				kind = '0'
			}
		}
		out = append(out, lexeme{kind, code[i:j]})
		i = j
	}
	return out
}

func join(ls []lexeme) string {
	var b strings.Builder
	for _, l := range ls {
		b.WriteString(l.s)
	}
	return b.String()
}

// near returns the index of the next lexeme that means something, in steps of d.
func near(ls []lexeme, i, d int) int {
	for i += d; i >= 0 && i < len(ls) && (ls[i].kind == 'w' || ls[i].kind == 'c' || ls[i].kind == 'n'); i += d {
	}
	return i
}

func at(ls []lexeme, i int) string {
	if i < 0 || i >= len(ls) {
		return ""
	}
	return ls[i].s
}

// plainText is what a literal says; ok is false if it holds escapes.
func (t tongue) plainText(lit string) (string, bool) {
	if len(lit) < 2 || lit[len(lit)-1] != lit[0] {
		return "", false
	}
	s := lit[1 : len(lit)-1]
	if t.basic() || t == tongueCFML {
		return strings.ReplaceAll(s, lit[:1]+lit[:1], lit[:1]), t.basic() || !strings.Contains(s, "#")
	}
	if strings.ContainsAny(strings.ReplaceAll(s, `\\`, ""), `\`) {
		return "", false
	}
	return strings.ReplaceAll(s, `\\`, `\`), true
}

// quote makes a literal of ASCII.
func (t tongue) quote(s string) string {
	if t.basic() || t == tongueCFML {
		s = strings.ReplaceAll(s, `"`, `""`)
		if t == tongueCFML {
			s = strings.ReplaceAll(s, "#", "##")
		}
		return `"` + s + `"`
	}
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	return `"` + b.String() + `"`
}

// texts replaces each literal of two letters or more by what f makes of it,
// where an expression may stand.
func texts(f func(r *rand.Rand, t tongue, s string) string) func(*rand.Rand, *page) bool {
	return func(r *rand.Rand, p *page) bool {
		return p.each(func(code string) string {
			ls := p.tongue.lex(code)
			out := slices.Clone(ls)
			for i, l := range ls {
				if l.kind != 's' || len(l.s) > 400 {
					continue
				}
				s, ok := p.tongue.plainText(l.s)
				if !ok || len(s) < 2 || strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) >= 0 {
					continue
				}
				before, line := at(ls, near(ls, i, -1)), lineOf(ls, i)
				switch strings.ToLower(before) {
				case "case", "lib", "alias", "default":
					continue
				}
				if strings.HasPrefix(line, "[") || strings.HasPrefix(line, "@") || strings.HasPrefix(strings.ToLower(line), "<dllimport") || strings.Contains(strings.ToLower(line), "const ") || strings.Contains(line, "DllImport(") {
					continue
				}
				if n := at(ls, near(ls, i, 1)); p.tongue == tongueJScript && n == ":" {
					continue
				}
				out[i].s = f(r, p.tongue, s)
			}
			return join(out)
		})
	}
}

// lineOf is the line that a lexeme stands on.
func lineOf(ls []lexeme, i int) string {
	from := i
	for from > 0 && ls[from-1].kind != 'n' {
		from--
	}
	return strings.TrimSpace(join(ls[from:i]))
}

// pieces cuts s into two to four pieces.
func pieces(r *rand.Rand, s string) []string {
	var out []string
	for n := min(1+r.Intn(3), len(s)-1); n > 0 && len(s) > 1; n-- {
		k := 1 + r.Intn(len(s)-1)
		out = append(out, s[:k])
		s = s[k:]
	}
	return append(out, s)
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// list formats each byte of s and joins what comes out.
func list(s, format, sep string) string {
	var out []string
	for i := range len(s) {
		out = append(out, fmt.Sprintf(format, s[i]))
	}
	return strings.Join(out, sep)
}

func xored(s string, k byte) string {
	b := []byte(s)
	for i := range b {
		b[i] ^= k
	}
	return string(b)
}

// encodings store the page in other ways.
var encodings = []Change{
	{"bom", encode(func(r *rand.Rand, s string) []byte { return []byte("\xef\xbb\xbf" + s) })},
	{"utf16le", encode(func(r *rand.Rand, s string) []byte { return wide(s, 0) })},
	{"utf16be", encode(func(r *rand.Rand, s string) []byte { return wide(s, 1) })},
	{"cr-only", encode(func(r *rand.Rand, s string) []byte {
		return []byte(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r"))
	})},
	{"crlf", encode(func(r *rand.Rand, s string) []byte {
		return []byte(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n"))
	})},
	{"nul-bytes", encode(func(r *rand.Rand, s string) []byte { return []byte("\x00\x00" + s + "\x00\x00\x00") })},
	{"nul-markup", encode(func(r *rand.Rand, s string) []byte { return []byte("GIF89a\x00\x01\x00\xff\n" + s) })},
	{"far-right", encode(func(r *rand.Rand, s string) []byte { return []byte(strings.Repeat(" ", 500) + s) })},
	{"far-down", encode(func(r *rand.Rand, s string) []byte { return []byte(strings.Repeat("\n", 700) + s) })},
}

func encode(f func(*rand.Rand, string) []byte) func(*rand.Rand, *page) bool {
	return func(r *rand.Rand, p *page) bool {
		if p.bytes != nil {
			return false
		}
		p.bytes = f(r, p.String())
		return true
	}
}

// wide is s in UTF-16 with its mark; hi is where the high byte stands.
func wide(s string, hi int) []byte {
	out := []byte{0xFF, 0xFE}
	if hi == 1 {
		out = []byte{0xFE, 0xFF}
	}
	for _, u := range utf16.Encode([]rune(s)) {
		if hi == 1 {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

// pick replaces what a pattern finds in the code by one of the templates,
// ${1} for what a group found; several picks stand for one change.
func pick(pattern string, templates ...string) func(*rand.Rand, *page) bool {
	re := regexp.MustCompile(pattern)
	return func(r *rand.Rand, p *page) bool {
		return p.each(func(code string) string {
			return re.ReplaceAllStringFunc(code, func(s string) string {
				return re.ReplaceAllString(s, templates[r.Intn(len(templates))])
			})
		})
	}
}

// swap replaces calls: what the pattern finds ends with an open bracket, up to
// whose end the arguments are; ARGS in the template stands for them, ALL for
// the call as it was.
func swap(pattern string, templates ...string) func(*rand.Rand, *page) bool {
	re := regexp.MustCompile(pattern)
	return func(r *rand.Rand, p *page) bool {
		return p.each(func(code string) string {
			var b strings.Builder
			for {
				m := re.FindStringSubmatchIndex(code)
				if m == nil {
					break
				}
				end := closing(p.tongue, code, m[1]-1)
				if end < 0 {
					break
				}
				t := templates[r.Intn(len(templates))]
				args := code[m[1]:end]
				if strings.TrimSpace(args) == "" { // no comma before nothing
					t = strings.ReplaceAll(strings.ReplaceAll(t, ", ARGS", ""), ",ARGS", "")
				}
				t = string(re.ExpandString(nil, t, code, m))
				t = strings.ReplaceAll(strings.ReplaceAll(t, "ALL", code[m[0]:end+1]), "ARGS", args)
				b.WriteString(code[:m[0]] + t)
				code = code[end+1:]
			}
			return b.String() + code
		})
	}
}

// closing is the offset of the bracket that closes the one at i, or -1.
func closing(t tongue, code string, i int) int {
	depth, off := 0, i
	for _, l := range t.lex(code[i:]) {
		switch l.kind {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return off
			}
		}
		off += len(l.s)
	}
	return -1
}

// either tries changes in a random order until one has an effect.
func either(changes ...func(*rand.Rand, *page) bool) func(*rand.Rand, *page) bool {
	return func(r *rand.Rand, p *page) bool {
		for _, i := range r.Perm(len(changes)) {
			if changes[i](r, p) {
				return true
			}
		}
		return false
	}
}

// recased gives the letters of s a random case.
func recased(r *rand.Rand, s string) string {
	b := []byte(s)
	for i, c := range b {
		if c|0x20 >= 'a' && c|0x20 <= 'z' && r.Intn(2) == 0 {
			b[i] ^= 0x20
		}
	}
	return string(b)
}

// rename gives the code's own names others.
func rename(r *rand.Rand, p *page) bool {
	names := map[string]string{}
	key := func(s string) string {
		if p.tongue.basic() || p.tongue == tongueCFML {
			return strings.ToLower(s)
		}
		return s
	}
	for _, t := range p.parts {
		if !t.code {
			continue
		}
		ls := p.tongue.lex(t.text)
		for i, l := range ls {
			if l.kind != 'i' || known[strings.ToLower(l.s)] || len(l.s) > 40 {
				continue
			}
			before, after := near(ls, i, -1), at(ls, near(ls, i, 1))
			prev := at(ls, before)
			own := after == "=" && prev != "." && at(ls, near(ls, near(ls, i, 1), 1)) != "="
			if !p.tongue.basic() { // a type stands before it
				own = own && before >= 0 && (ls[before].kind == 'i' || prev == ">" || prev == "]") && prev != "return"
			} else if before >= 0 && !strings.Contains(join(ls[before:i]), "\n") && ls[before].kind != ':' {
				switch strings.ToLower(prev) { // else a named argument or a comparison
				case "dim", "then", "else", "set":
				default:
					own = false
				}
			}
			if own && names[key(l.s)] == "" {
				names[key(l.s)] = fmt.Sprintf("%c%x", 'g'+r.Intn(15), r.Intn(1<<20))
			}
		}
	}
	return p.each(func(code string) string {
		ls := p.tongue.lex(code)
		for i, l := range ls {
			if n := names[key(l.s)]; l.kind == 'i' && n != "" && at(ls, near(ls, i, -1)) != "." {
				ls[i].s = n
			}
		}
		return join(ls)
	})
}

// known are names that belong to the server or to events.
var known = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`request response server session application context page this me base out config pagecontext exception
		page_load page_init page_prerender onload cache user trace string var dim set if else url form variables arguments cgi cookie`) {
		out[w] = true
	}
	return out
}()
