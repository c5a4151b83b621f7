package script

import (
	"slices"
	"strings"
)

// A Page is a file cut into code and the marks around it.
type Page struct {
	Text     string
	Blocks   []Block
	Tags     []Tag    // elements that run at the server
	Includes []string // of <!--#include … -->, <%@ Register … %> and <script src=…>
	Dialect  Dialect  // of inline code
	Declared bool     // a directive or attribute named the language
	Kind     string   // "webhandler", "page", … from the directive, in lower case
	Code     bool     // any code at all
	Inherits string
	Aliases  map[string]string // names of <%@ Import Namespace="A = B.C" %>
	Behind   string            // code-behind file
	Long     bool              // code that may run something was left out
}

// A Block is code of one language that runs as one program.
type Block struct {
	Dialect  Dialect
	Segments []Segment
	Class    bool // members of the page's class
}

// A Tag is one element with its attributes, names in lower case.
type Tag struct {
	Name  string
	Pos   int
	Attrs map[string]string
}

// DialectOf reads the name of a language.
func DialectOf(name string, net bool) (Dialect, bool) {
	switch n := lowerASCII(strings.TrimSpace(name)); {
	case n == "":
		return 0, false
	case n == "c#" || n == "cs" || n == "csharp" || strings.HasPrefix(n, "c#") || n == "vj#" || n == "vjs" || n == "java":
		return CSharp, true
	case strings.HasPrefix(n, "vb"):
		if net && !strings.HasPrefix(n, "vbs") {
			return VBNet, true
		}
		if net {
			return VBNet, true
		}
		return VBScript, true
	case strings.HasPrefix(n, "j") || strings.HasPrefix(n, "ecma") || n == "livescript":
		return JScript, true
	}
	return 0, false
}

// maxSegments bounds the pieces of inline code that are read of one page.
const maxSegments = 60_000

// Cut finds the code of a page. With net the rules are those of ASP.NET, else
// of classic ASP.
func Cut(text string, d Dialect, net bool) *Page {
	p := &Page{Text: text, Dialect: d}
	var inline []Segment
	i := 0
	for {
		k := strings.IndexByte(text[i:], '<')
		if k < 0 || i+k+1 >= len(text) {
			break
		}
		i += k
		switch c := text[i+1]; {
		case c == '%':
			i = p.percent(i, net, &inline)
			if p.Kind == "webhandler" || p.Kind == "webservice" || p.Kind == "servicehost" {
				if i < len(text) {
					p.wholeFile(i)
				}
				return p
			}
		case c == '!' && strings.HasPrefix(text[i:], "<!--"):
			i = p.comment(i)
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			i = p.element(i, net)
		default:
			i++
		}
	}
	if len(inline) > maxSegments {
		inline = p.most(inline)
	}
	if len(inline) > 0 {
		p.Code = true
		p.Blocks = append(p.Blocks, Block{Dialect: p.Dialect, Segments: inline})
	}
	return p
}

// acts are words of which code that runs more has one.
var acts = []string{"eval", "execute", "createobject", "activexobject", "process", "assembly"}

// most keeps as many segments as are read: the first and the last, among which
// what hides stands, and between them those that run something.
func (p *Page) most(segs []Segment) []Segment {
	out := segs[: maxSegments/3 : maxSegments/3]
	middle, end := segs[maxSegments/3:len(segs)-maxSegments/3], segs[len(segs)-maxSegments/3:]
	for _, s := range middle {
		if !slices.ContainsFunc(acts, func(w string) bool { return containsFold(p.Text[s.Start:s.End], w) }) {
			continue
		}
		if len(out) == 2*maxSegments/3 {
			p.Long = true
			break
		}
		out = append(out, s)
	}
	return append(out, end...)
}

// wholeFile takes the rest of a handler or service as code.
func (p *Page) wholeFile(i int) {
	var segs []Segment
	for i < len(p.Text) {
		k := strings.Index(p.Text[i:], "<%@")
		if k < 0 {
			segs = append(segs, Segment{Start: i, End: len(p.Text)})
			break
		}
		segs = append(segs, Segment{Start: i, End: i + k})
		i += k
		e := strings.Index(p.Text[i:], "%>")
		if e < 0 {
			break
		}
		i += e + 2
	}
	if strings.TrimSpace(p.Text[segs[0].Start:]) != "" {
		p.Code = true
		p.Blocks = append(p.Blocks, Block{Dialect: p.Dialect, Segments: segs, Class: true})
	}
}

func (p *Page) percent(i int, net bool, inline *[]Segment) int {
	text := p.Text
	body := i + 2
	if net && strings.HasPrefix(text[body:], "--") {
		if e := strings.Index(text[body:], "--%>"); e >= 0 {
			return body + e + 4
		}
		return len(text)
	}
	end, after := len(text), len(text)
	if e := strings.Index(text[body:], "%>"); e >= 0 {
		end, after = body+e, body+e+2
	} else if strings.IndexByte(text[body:], 0) >= 0 {
		return after // two bytes of a database that carries the name of a page
	}
	if body >= end {
		return after
	}
	switch text[body] {
	case '@':
		p.directive(text[body+1:end], net)
		return after
	case '$':
		if net {
			return after
		}
	case '=', ':', '#':
		if text[body] == '=' || net {
			*inline = append(*inline, Segment{Start: body + 1, End: end, Out: true})
			return after
		}
	}
	// Space before the mark is allowed: <% = x %>.
	j := body
	for j < end && (text[j] == ' ' || text[j] == '\t') {
		j++
	}
	if j < end && j > body && text[j] == '=' {
		*inline = append(*inline, Segment{Start: j + 1, End: end, Out: true})
		return after
	}
	if j < end && j > body && text[j] == '@' && (!net || isDirective(text[j+1:end])) {
		p.directive(text[j+1:end], net)
		return after
	}
	*inline = append(*inline, Segment{Start: body, End: end})
	return after
}

// isDirective tells what follows an @ behind a space from code that begins with
// a name of C#'s such as @System: after a directive's name come attributes.
func isDirective(s string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	i := 0
	for i < len(s) && (identByte(s[i]) || s[i] == ':') {
		i++
	}
	rest := strings.TrimLeft(s[i:], " \t\r\n")
	return i > 0 && (rest == "" || rest[0] == '=' || identStart(rest[0]) && rest != s[i:])
}

func (p *Page) directive(s string, net bool) {
	if net && strings.Contains(s, `\u`) {
		s = unicodeEscapes(s)
	}
	word := strings.ToLower(strings.TrimSpace(s))
	name := word
	if i := strings.IndexAny(word, " \t\r\n="); i >= 0 {
		name = word[:i]
	}
	attrs := attributes(s)
	switch name {
	case "page", "control", "webhandler", "webservice", "servicehost", "application", "master":
		if p.Kind == "" {
			p.Kind = name
		}
		p.Inherits = attrs["inherits"]
		p.Behind = attrs["codebehind"] + attrs["codefile"] + attrs["src"]
	case "register":
		p.include(attrs["src"])
	case "import":
		if name, class, ok := strings.Cut(attrs["namespace"], "="); ok && len(p.Aliases) < maxAliases {
			if p.Aliases == nil {
				p.Aliases = map[string]string{}
			}
			p.Aliases[strings.TrimSpace(name)] = strings.TrimSpace(class)
		}
	}
	if d, ok := DialectOf(attrs["language"], net); ok {
		p.Dialect, p.Declared = d, true
	}
}

// attributes reads name="value" pairs.
func attributes(s string) map[string]string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 { // typographic quotation marks, as copies have them
			s = strings.NewReplacer("\xe2\x80\x9c", `"`, "\xe2\x80\x9d", `"`, "\xa1\xb0", `"`, "\xa1\xb1", `"`).Replace(s)
			break
		}
	}
	out := map[string]string{}
	for n := 0; n < 60; n++ {
		i := strings.IndexByte(s, '=')
		if i < 0 {
			return out
		}
		key := strings.TrimRight(s[:i], " \t\r\n")
		if k := strings.LastIndexAny(key, " \t\r\n\"'"); k >= 0 {
			key = key[k+1:]
		}
		s = strings.TrimLeft(s[i+1:], " \t\r\n")
		if s == "" {
			return out
		}
		var v string
		if q := s[0]; q == '"' || q == '\'' {
			e := strings.IndexByte(s[1:], q)
			if e < 0 {
				v, s = s[1:], ""
			} else {
				v, s = s[1:1+e], s[e+2:]
			}
		} else {
			e := strings.IndexAny(s, " \t\r\n>")
			if e < 0 {
				e = len(s)
			}
			v, s = s[:e], s[e:]
		}
		if key = lowerASCII(key); key != "" {
			if _, ok := out[key]; !ok {
				out[key] = v
			}
		}
	}
	return out
}

func (p *Page) comment(i int) int {
	text := p.Text
	j := i + 4
	for j < len(text) && (text[j] == ' ' || text[j] == '\t') {
		j++
	}
	if j < len(text) && text[j] == '#' {
		e := strings.Index(text[j:], "-->")
		if e < 0 {
			return i + 4
		}
		a := attributes(text[j : j+e])
		p.include(a["file"] + a["virtual"])
		return j + e + 3
	}
	return i + 4 // code inside a comment still runs
}

// include notes a file whose code runs with the page's; of 200 at most.
func (p *Page) include(name string) {
	if name != "" && len(p.Includes) < 200 {
		p.Includes = append(p.Includes, name)
	}
}

func (p *Page) element(i int, net bool) int {
	text := p.Text
	j := i + 1
	for j < len(text) && (identByte(text[j]) || text[j] == ':' || text[j] == '-' || text[j] == '.') {
		j++
	}
	name := text[i+1 : j]
	script := len(name) == 6 && lowerASCII(name) == "script"
	server := net && strings.IndexByte(name, ':') > 0
	if !script && !server && !(len(name) == 6 && lowerASCII(name) == "object") && !net {
		return j
	}
	// The element's end: quotes may hold > and code.
	k := j
	var quote byte
	for limit := min(len(text), j+8192); k < limit; k++ {
		c := text[k]
		if quote != 0 {
			if c == quote {
				quote = 0
			}
			continue
		}
		if c == '"' || c == '\'' {
			quote = c
		} else if c == '>' && text[k-1] != '%' {
			break
		} else if c == '<' && k+1 < len(text) && !script && (text[k+1] == '%' || text[k+1] == '/' || identStart(text[k+1])) {
			break // never closed, or code among the attributes
		}
	}
	if k >= len(text) {
		k = max(j, len(text)-1)
	}
	head := text[j:k]
	if !server && !containsFold(head, "runat") {
		return j
	}
	if len(p.Tags) < 5000 || script {
		t := Tag{Name: lowerASCII(name), Pos: i, Attrs: attributes(head)}
		if !strings.EqualFold(t.Attrs["runat"], "server") && !server {
			return j
		}
		p.Tags = append(p.Tags, t)
		if script {
			return p.script(t, k)
		}
	}
	return j // values may hold code: go on inside
}

func (p *Page) script(t Tag, k int) int {
	text := p.Text
	if k >= len(text) || text[k] != '>' {
		return k
	}
	p.include(t.Attrs["src"])
	if text[k-1] == '/' { // empty; src= names a file elsewhere
		return k + 1
	}
	start := k + 1
	end, after := len(text), len(text)
	if e := indexFold(text[start:], "</script"); e >= 0 {
		end, after = start+e, start+e+9
	}
	d, ok := DialectOf(t.Attrs["language"]+t.Attrs["type"], p.Dialect == VBNet || p.Dialect == CSharp)
	if s := lowerASCII(t.Attrs["type"]); !ok || strings.HasPrefix(s, "text/") && t.Attrs["language"] == "" {
		d, ok = DialectOf(strings.TrimPrefix(s, "text/"), p.Dialect == VBNet || p.Dialect == CSharp)
		if !ok {
			d = p.Dialect
		}
	}
	if ok && !p.Declared && (p.Dialect == VBNet || p.Dialect == CSharp) { // classic ASP keeps its own
		p.Dialect = d
	}
	p.Code = true
	body := text[start:end]
	if s := strings.TrimLeft(body, " \t\r\n"); strings.HasPrefix(s, "<!--") {
		start += len(body) - len(s) + 4
	}
	p.Blocks = append(p.Blocks, Block{Dialect: d, Segments: []Segment{{Start: start, End: max(start, end)}}, Class: true})
	return min(after, len(text))
}

func containsFold(s, low string) bool { return indexFold(s, low) >= 0 }

// indexFold finds low, which is in lower case, in s.
func indexFold(s, low string) int {
	c := low[0]
	for i := 0; i+len(low) <= len(s); {
		k := strings.IndexByte(s[i:], c)
		if c >= 'a' && c <= 'z' {
			if u := strings.IndexByte(s[i:min(len(s), i+max(k, 0)+1)], c-32); k < 0 {
				k = strings.IndexByte(s[i:], c-32)
			} else if u >= 0 && u < k {
				k = u
			}
		}
		if k < 0 || i+k+len(low) > len(s) {
			return -1
		}
		i += k
		if strings.EqualFold(s[i:i+len(low)], low) {
			return i
		}
		i++
	}
	return -1
}

// unicodeEscapes undoes \u0041 in the attributes of a directive, which
// ASP.NET's compilers accept in names.
func unicodeEscapes(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, `\u`)
		if i < 0 || i+6 > len(s) {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		if v, ok := hexValue(s[i+2 : i+6]); ok {
			b.WriteRune(rune(v))
			s = s[i+6:]
		} else {
			b.WriteString(s[i : i+2])
			s = s[i+2:]
		}
	}
}
