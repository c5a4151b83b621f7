package jsp

import (
	"bytes"
	"encoding/binary"
	"html"
	"regexp"
	"sort"
	"sync"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"limier/internal/script"
)

// A page is the code of a JSP: Java first, then expressions of the expression
// language, each ended so that a broken one cannot swallow the next.
type page struct {
	code    []byte
	el      int               // where expressions of the expression language begin in code
	marks   []mark            // by code offset
	charset string            // how the page was encoded, if that hides it: "cp037"
	queries []int             // lines of SQL tags whose statement is a request parameter
	made    map[string]string // the class of each bean that a tag makes, by its name
	beans   []int             // lines of bean tags whose class is a request parameter
	long    bool              // there is more of the expression language than is read
}

// A mark says that code from an offset on stands on a line of the file.
type mark struct{ offset, line int32 }

// mark notes that what comes next stands on a line; empty lines are not kept.
func (p *page) mark(line int) {
	m := mark{int32(len(p.code)), int32(line)}
	if n := len(p.marks); n > 1 && m.offset-p.marks[n-1].offset <= 1 {
		p.marks[n-1] = m
		return
	}
	p.marks = append(p.marks, m)
}

// line returns the line of the file for an offset in the code.
func (p *page) line(offset int) int {
	i := sort.Search(len(p.marks), func(i int) bool { return int(p.marks[i].offset) > offset })
	if i == 0 {
		return 1
	}
	return int(p.marks[i-1].line)
}

// decodeCharset turns a page in UTF-32, UTF-16 or EBCDIC into UTF-8. Tomcat honours
// the encoding of a page's XML declaration, which hides a page from tools that
// look for "<%" (JSP 2.3, section 4.1).
func decodeCharset(data []byte) ([]byte, string) {
	switch {
	case script.IsUTF32(data):
		return script.FromUTF32(data), "UTF-32"
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), len(data) > 3 && data[0] == '<' && data[1] == 0:
		return fromUTF16(data, binary.LittleEndian), "UTF-16"
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}), len(data) > 3 && data[0] == 0 && data[1] == '<':
		return fromUTF16(data, binary.BigEndian), "UTF-16"
	case bytes.IndexByte(data, 0) >= 0 && (bytes.Contains(data, []byte("<\x00%\x00")) || bytes.Contains(data, []byte("\x00<\x00%"))): // behind a directive in ASCII
		return bytes.ReplaceAll(data, []byte{0}, nil), "UTF-16"
	case bytes.HasPrefix(data, []byte{0x4c, 0x6f, 0xa7, 0x94, 0x93}), // <?xml
		bytes.HasPrefix(data, []byte{0x4c, 0x91, 0xa2, 0x97}), // <jsp
		bytes.HasPrefix(data, []byte{0x4c, 0x6c, 0x7c}):       // <%@
		return fromEBCDIC(data), "EBCDIC"
	}
	// A directive in ASCII that says what follows is EBCDIC.
	head := data[:min(len(data), 512)]
	if end := bytes.Index(head, []byte("%>")); end > 0 && len(encodes.FindAll(head[:end], -1)) > len(keepsASCII.FindAll(head[:end], -1)) && bytes.Contains(data[end:], []byte{0x4c, 0x6c}) {
		return append(bytes.Clone(data[:end+2]), fromEBCDIC(data[end+2:])...), "EBCDIC"
	}
	return data, ""
}

// A directive that names the encoding of the page, and one whose encoding keeps
// ASCII as it is: in such a page the bytes of <% in EBCDIC are the letters Ll.
var (
	encodes    = regexp.MustCompile(`(?i)pageencoding`)
	keepsASCII = regexp.MustCompile(`(?i)pageencoding\s*=\s*["']\s*(?:utf-?8|us-ascii|ascii|iso|latin|gb|windows|big5|shift|euc|koi8|cp125|ms9|tis)`)
)

// fromEBCDIC decodes code page 037; its kin differ in no letter that Java uses.
func fromEBCDIC(data []byte) []byte {
	out, err := charmap.CodePage037.NewDecoder().Bytes(data)
	if err != nil {
		return data
	}
	return out
}

func fromUTF16(data []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// splitter cuts a page into code and text.
type splitter struct {
	data []byte
	page *page
	line int // of done
	done int // bytes of data whose lines are counted
	els  [][2]int
	vain int  // bytes looked at for ends of expressions that have none
	open bool // no tag ends from here on

	named map[string][]byte // entities that the document declares, once needed
}

// split returns the code of a page. whole says that the file is Java
// altogether, as the servlets are that a server makes of pages.
func split(data []byte, whole bool) *page {
	data, charset := decodeCharset(data)
	s := &splitter{data: data, page: &page{charset: charset}, line: 1}
	if whole {
		s.add(0, len(data), false)
		s.page.el = len(s.page.code)
		return s.page
	}
	s.run()
	s.page.el = len(s.page.code)
	for _, e := range s.els {
		s.add(e[0], e[1], false)
	}
	return s.page
}

// lineAt returns the line of an offset; offsets mostly rise.
func (s *splitter) lineAt(offset int) int {
	if offset < s.done {
		s.line, s.done = 1, 0
	}
	s.line += bytes.Count(s.data[s.done:offset], []byte{'\n'})
	s.done = offset
	return s.line
}

func (s *splitter) run() {
	data := s.data
	for i := 0; i < len(data); {
		n := bytes.IndexAny(data[i:], "<$#")
		if n < 0 {
			return
		}
		i += n
		rest := data[i:]
		switch {
		case bytes.HasPrefix(rest, []byte("<%--")):
			i = s.after(i+4, "--%>")
		case bytes.HasPrefix(rest, []byte("<%@")):
			i = s.after(i+3, "%>")
		case bytes.HasPrefix(rest, []byte("<%")):
			from := i + 2
			if from < len(data) && (data[from] == '!' || data[from] == '=') {
				from++
			}
			i = s.after(from, "%>")
			to := i
			if bytes.HasSuffix(data[from:i], []byte("%>")) {
				to -= 2
			}
			s.add(from, to, false)
		case rest[0] == '<':
			i = s.tag(i)
		case len(rest) > 1 && rest[1] == '{' && (rest[0] == '$' || rest[0] == '#'):
			i = s.expression(i)
		default:
			i++
		}
	}
}

// after returns the offset behind the next end, or the end of the page: what
// is not closed runs to there.
func (s *splitter) after(from int, end string) int {
	if n := bytes.Index(s.data[from:], []byte(end)); n >= 0 {
		return from + n + len(end)
	}
	return len(s.data)
}

// tag reads the tag at i if it holds code: <jsp:scriptlet> and its kin, under
// any prefix, as in JSP documents the prefix is the author's choice.
func (s *splitter) tag(i int) int {
	name := i + 1
	j := name
	for j < len(s.data) && j < name+64 && (isLetter(s.data[j]) || s.data[j] == ':' || s.data[j] == '-' || isDigit(s.data[j])) {
		j++
	}
	colon := bytes.IndexByte(s.data[name:j], ':')
	if colon < 0 {
		return i + 1
	}
	local := string(s.data[name+colon+1 : j])
	switch local {
	case "scriptlet", "declaration", "expression":
	case "query", "update", "useBean":
		s.attribute(i, j, local)
		return j
	default:
		return j
	}
	open := -1
	if !s.open {
		open = bytes.IndexByte(s.data[j:], '>')
	}
	if open < 0 {
		s.open = true
		return j
	}
	from := j + open + 1
	if s.data[from-2] == '/' {
		return from
	}
	end := bytes.Index(s.data[from:], []byte("</"+string(s.data[name:j])))
	to := len(s.data)
	if end >= 0 {
		to = from + end
	}
	s.add(from, to, true)
	return to
}

// attribute looks for a tag that runs SQL or makes an object as a request
// parameter says: <sql:query sql="${param.q}">.
func (s *splitter) attribute(i, j int, local string) {
	end := bytes.IndexByte(s.data[j:min(len(s.data), j+4096)], '>')
	if end < 0 {
		return
	}
	text := s.data[j : j+end]
	if id, class := attr(text, "id"), attr(text, "class"); local == "useBean" && id != "" && class != "" && len(s.page.made) < 100 {
		if s.page.made == nil {
			s.page.made = map[string]string{}
		}
		s.page.made[id] = class
	}
	key, lines := "sql", &s.page.queries
	if local == "useBean" {
		key, lines = "beanName", &s.page.beans
	}
	k := bytes.Index(text, []byte(key+"="))
	if k < 0 || k+len(key)+2 > len(text) {
		return
	}
	v := bytes.TrimLeft(text[k+len(key)+2:], " ")
	if bytes.HasPrefix(v, []byte("${param")) || bytes.HasPrefix(v, []byte("${header")) || bytes.HasPrefix(v, []byte("${cookie")) {
		*lines = append(*lines, s.lineAt(i))
	}
}

// attr returns the value of a tag's attribute.
func attr(tag []byte, name string) string {
	i := bytes.Index(tag, []byte(" "+name+"="))
	if i < 0 || i+len(name)+3 > len(tag) {
		return ""
	}
	rest := tag[i+len(name)+2:]
	if len(rest) < 2 {
		return ""
	}
	n := bytes.IndexByte(rest[1:], rest[0])
	if n < 0 {
		return ""
	}
	return string(rest[1 : 1+n])
}

// maxVain bounds the bytes that are looked at in vain for the ends of expressions.
const maxVain = 16 << 20

// expression notes ${…} if it calls a method: the others cannot act.
func (s *splitter) expression(i int) int {
	depth, call := 0, false
	var quote byte
	j := i + 1
	for ; j < len(s.data) && j < i+1<<20 && s.vain < maxVain; j++ {
		c := s.data[j]
		switch {
		case quote != 0:
			if c == '\\' {
				j++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			call = true
		case c == '{':
			depth++
		case c == '\n' && !call && j > i+4096:
			return i + 2
		case c == '}':
			if depth--; depth == 0 {
				if call {
					s.els = append(s.els, [2]int{i + 2, j})
				}
				return j + 1
			}
		}
	}
	s.vain += j - i
	s.page.long = s.page.long || s.vain >= maxVain
	return i + 2
}

// add appends a piece of code. In an XML document it is text, with CDATA
// sections, comments and character references.
func (s *splitter) add(from, to int, xml bool) {
	if from >= to {
		return
	}
	p := s.page
	line := s.lineAt(from)
	p.mark(line)
	piece := s.data[from:to]
	if xml {
		piece = xmlText(s.entities(piece))
	}
	if bytes.Contains(piece, []byte(`\u`)) {
		s.addEscaped(piece, line)
	} else {
		for {
			n := bytes.IndexByte(piece, '\n')
			if n < 0 {
				p.code = append(p.code, piece...)
				break
			}
			p.code = append(p.code, piece[:n+1]...)
			piece = piece[n+1:]
			line++
			p.mark(line)
		}
	}
	p.code = append(p.code, "\n;"...)
}

// addEscaped appends code whose Unicode escapes Java reads before anything
// else (JLS §3.3), so that an escaped line end can end a comment.
func (s *splitter) addEscaped(piece []byte, line int) {
	p := s.page
	for i := 0; i < len(piece); i++ {
		c := piece[i]
		switch {
		case c == '\n':
			line++
			p.code = append(p.code, c)
			p.mark(line)
			continue
		case c == '\\' && i+1 < len(piece) && piece[i+1] == 'u':
			j := i + 1
			for j < len(piece) && piece[j] == 'u' {
				j++
			}
			if r, ok := hex4(piece, j); ok {
				i = j + 3
				if utf16.IsSurrogate(r) && i+6 < len(piece) && piece[i+1] == '\\' && piece[i+2] == 'u' {
					if low, ok := hex4(piece, i+3); ok {
						r, i = utf16.DecodeRune(r, low), i+6
					}
				}
				p.code = append(p.code, string(r)...)
				continue
			}
		case c == '\\' && i+1 < len(piece):
			p.code = append(p.code, c, piece[i+1]) // \\u is no escape
			if piece[i+1] == '\n' {
				line++
				p.mark(line)
			}
			i++
			continue
		}
		p.code = append(p.code, c)
	}
}

func hex4(b []byte, at int) (rune, bool) {
	if at+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[at : at+4] {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

var (
	declared = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`<!ENTITY\s+(\w{1,40})\s+(?:"([^"<]{0,1000})"|'([^'<]{0,1000})')`)
	})
	entity = regexp.MustCompile(`&(\w{1,40});`)
)

// maxEntities bounds what a document's own entities make of its code, in bytes.
const maxEntities = 1 << 20

// entities puts the entities that the document declares into a piece of it.
func (s *splitter) entities(piece []byte) []byte {
	if s.named == nil {
		s.named = map[string][]byte{}
		if bytes.Contains(s.data, []byte("<!ENTITY")) {
			for _, m := range declared().FindAllSubmatch(s.data[:min(len(s.data), 64<<10)], 1000) {
				s.named[string(m[1])] = append(m[2], m[3]...)
			}
		}
	}
	if len(s.named) == 0 {
		return piece
	}
	made := 0
	return entity.ReplaceAllFunc(piece, func(ref []byte) []byte {
		text, ok := s.named[string(ref[1:len(ref)-1])]
		if made += len(text); made > maxEntities {
			s.page.long = true
		}
		if !ok || made > maxEntities {
			return ref
		}
		return text
	})
}

// xmlText returns the character data of a piece of XML.
func xmlText(piece []byte) []byte {
	if !bytes.ContainsAny(piece, "<&") {
		return piece
	}
	var out []byte
	for len(piece) > 0 {
		n := bytes.IndexByte(piece, '<')
		if n < 0 {
			n = len(piece)
		}
		out = append(out, html.UnescapeString(string(piece[:n]))...)
		if piece = piece[n:]; len(piece) == 0 {
			break
		}
		switch {
		case bytes.HasPrefix(piece, []byte("<![CDATA[")):
			body, rest, _ := bytes.Cut(piece[9:], []byte("]]>"))
			out, piece = append(out, body...), rest
		case bytes.HasPrefix(piece, []byte("<!--")):
			_, rest, ok := bytes.Cut(piece, []byte("-->"))
			if !ok {
				rest = nil
			}
			piece = rest
		default: // not well formed: an operator
			out, piece = append(out, '<'), piece[1:]
		}
	}
	return out
}
