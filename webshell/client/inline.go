package client

import (
	"bytes"
	"strings"
)

// A span is where a script stands in a file.
type span struct {
	from, to int
	words    uint64 // of telling's that it holds
}

// maxScripts bounds the scripts that are read of one page.
const maxScripts = 500

// find looks for the scripts of the file, and surveys a page.
func (p *page) find() {
	if p.kind == code {
		p.scripts = []span{{from: 0, to: len(p.data)}}
	} else {
		p.look()
	}
	for i := range p.scripts {
		s := &p.scripts[i]
		s.words = tells.in(p.data[s.from:s.to])
	}
}

// lower is the file in lower case, with the same offsets.
func (p *page) lower() string {
	if p.lowered == "" {
		p.lowered = lowerASCII(p.data)
	}
	return p.lowered
}

// clean is a script as a browser sees it, with the same offsets and lines: the
// server's code inside is blanked, and quotes that it prints are as printed.
func (p *page) clean(s span) string {
	if p.kind != markup {
		return string(p.data[s.from:s.to])
	}
	q := p.printed(s.from)
	if q == 0 && bytes.IndexByte(p.data[s.from:s.to], '<') < 0 { // nothing to blank
		return string(p.data[s.from:s.to])
	}
	out := bytes.Clone(p.data[s.from:s.to])
	if q != 0 {
		for i := range len(out) - 1 {
			if out[i] == '\\' && out[i+1] == q {
				out[i] = ' '
			}
		}
	}
	withoutServer(out)
	if i := bytes.Index(out, cdata); i >= 0 && len(bytes.TrimSpace(out[:i])) == 0 { // in XML
		copy(out[i:], "         ")
		if k := bytes.LastIndex(out, []byte("]]>")); k >= 0 {
			copy(out[k:], "   ")
		}
	}
	return string(out)
}

var cdata = []byte("<![CDATA[")

// withoutServer overwrites <? … ?> and <% … %> with spaces.
func withoutServer(out []byte) {
	for i := 0; ; {
		k := bytes.IndexByte(out[i:], '<')
		if k < 0 || i+k+1 >= len(out) {
			return
		}
		i += k
		end := ""
		switch out[i+1] {
		case '?':
			end = "?>"
		case '%':
			end = "%>"
		default:
			i++
			continue
		}
		to := bytes.Index(out[i:], []byte(end))
		if to < 0 {
			return
		}
		for n := i; n < i+to+2; n++ {
			if out[n] != '\n' {
				out[n] = ' '
			}
		}
		i += to + 2
	}
}

// lookBack is how far before a script the server's code that prints it is
// looked for, in bytes.
const lookBack = 64 << 10

// printed is the quotation mark of the literal of the server's code in which
// the script at an offset stands; 0 where it stands in the page.
func (p *page) printed(at int) byte {
	from := bytes.LastIndexByte(p.data[:at], '<')
	for i := from - 1; i > max(0, at-lookBack); i-- {
		switch c, d := p.data[i], p.data[i+1]; {
		case (c == '?' || c == '%') && d == '>':
			return 0
		case c == '<' && (d == '?' || d == '%'):
			if k := bytes.LastIndexAny(p.data[i:from], "'\""); k >= 0 {
				return p.data[i+k]
			}
			return 0
		}
	}
	return 0
}

// inline finds the script that the tag whose name is at an offset brings: what
// stands between <script> and </script>, unless it runs at the server or is no
// script, or attributes whose script runs without the visitor. It returns where
// to look for the next.
func (p *page) inline(at int) int {
	data := p.data
	if at+7 > len(data) || len(p.scripts) >= maxScripts {
		return at
	}
	switch uint16(data[at]|0x20)<<8 | uint16(data[at+1]|0x20) {
	case 's'<<8 | 'c':
		if !foldPrefix(data[at:], "script") {
			return at
		}
		from, to, ok := element(data, at)
		if ok {
			p.scripts = append(p.scripts, span{from: from, to: to})
		}
		return to
	case 'b'<<8 | 'o', 'i'<<8 | 'm', 'i'<<8 | 'f', 's'<<8 | 'v', 'v'<<8 | 'i': // body, img, iframe, svg, video
	default:
		return at
	}
	if p.survey.bodies++; p.survey.bodies > maxTags {
		return at
	}
	tag := data[at:min(len(data), at+2048)]
	if end := bytes.IndexByte(tag, '>'); end >= 0 {
		tag = tag[:end]
	}
	for _, name := range []string{"onload=", "onLoad=", "onerror=", "onError="} {
		if k := bytes.Index(tag, []byte(name)); k >= 0 {
			if from := at + k + len(name); from < len(data) && (data[from] == '"' || data[from] == '\'') {
				if n := bytes.IndexByte(data[from+1:], data[from]); n > 0 {
					p.scripts = append(p.scripts, span{from: from + 1, to: from + 1 + n})
				}
			}
		}
	}
	return at
}

// element is what the <script> at an offset holds; not ok if a browser does not
// run it.
func element(data []byte, at int) (from, to int, ok bool) {
	from = at + len("script")
	end := bytes.IndexByte(data[from:min(len(data), from+2048)], '>')
	if end < 0 {
		return from, from, false
	}
	attrs := lowerASCII(data[from : from+end])
	from += end + 1
	to = len(data)
	if k := closing(data[from:]); k >= 0 {
		to = from + k
	}
	return from, to, runs(attrs) && to > from
}

// runs reports whether a browser runs an element with these attributes.
func runs(attrs string) bool {
	if strings.Contains(attrs, "runat") {
		return false
	}
	if _, typ, ok := strings.Cut(attrs, "type"); ok {
		typ = strings.TrimLeft(typ, " =\"'\\")
		return typ == "" || strings.HasPrefix(typ, "text/javascript") || strings.HasPrefix(typ, "application/javascript") || strings.HasPrefix(typ, "application/x-javascript") ||
			strings.HasPrefix(typ, "text/ecmascript") || strings.HasPrefix(typ, "application/ecmascript") || strings.HasPrefix(typ, "module") || strings.HasPrefix(typ, "text/jscript") || strings.HasPrefix(typ, "javascript") || strings.HasPrefix(typ, "<")
	}
	return true
}

// closing is where </script stands; -1 without.
func closing(data []byte) int {
	for i := 0; ; i++ {
		k := bytes.IndexByte(data[i:], '<')
		if k < 0 || i+k+8 > len(data) {
			return -1
		}
		i += k
		if data[i+1] == '/' && bytes.EqualFold(data[i+2:i+8], []byte("script")) {
			return i
		}
	}
}

// lowerASCII returns s in lower case with the same length, and copies it once.
func lowerASCII[T string | []byte](s T) string {
	var b strings.Builder
	b.Grow(len(s))
	var part [512]byte
	for len(s) > 0 {
		n := copy(part[:], s)
		for i, c := range part[:n] {
			if 'A' <= c && c <= 'Z' {
				part[i] = c + 32
			}
		}
		b.Write(part[:n])
		s = s[n:]
	}
	return b.String()
}
