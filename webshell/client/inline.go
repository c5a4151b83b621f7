package client

import (
	"bytes"
	"strings"

	"limier/internal/literal"
)

// A span is a stretch of a file.
type span struct{ from, to int }

// maxScripts bounds the scripts that are read of one page.
const maxScripts = 500

var scriptTag = literal.New([]string{"<script"})

// scripts returns where the scripts of the file stand.
func (p *page) scripts() []span {
	if !p.looked {
		p.looked = true
		switch {
		case p.kind == code:
			p.found = []span{{0, len(p.data)}}
		case scriptTag.Any(p.data):
			p.found = inline(p.data)
		}
	}
	return p.found
}

// lower is the file in lower case, with the same offsets.
func (p *page) lower() string {
	if p.lowered == "" {
		p.lowered = lowerASCII(string(p.data))
	}
	return p.lowered
}

// inline finds what stands between <script> and </script>, unless it runs at
// the server or is no script.
func inline(data []byte) []span {
	var out []span
	for i := 0; len(out) < maxScripts; {
		k := indexFold(data[i:], "<script")
		if k < 0 {
			break
		}
		i += k + len("<script")
		end := bytes.IndexByte(data[i:min(len(data), i+2048)], '>')
		if end < 0 {
			continue
		}
		attrs := lowerASCII(string(data[i : i+end]))
		i += end + 1
		to := len(data)
		if k := indexFold(data[i:], "</script"); k >= 0 {
			to = i + k
		}
		if runs(attrs) && to > i {
			out = append(out, span{i, to})
		}
		i = to
	}
	return out
}

// runs reports whether a browser runs an element with these attributes.
func runs(attrs string) bool {
	if strings.Contains(attrs, "runat") {
		return false
	}
	if _, typ, ok := strings.Cut(attrs, "type"); ok {
		typ = strings.TrimLeft(typ, " =\"'\\")
		return typ == "" || strings.HasPrefix(typ, "text/javascript") || strings.HasPrefix(typ, "application/javascript") || strings.HasPrefix(typ, "application/x-javascript") ||
			strings.HasPrefix(typ, "text/ecmascript") || strings.HasPrefix(typ, "module") || strings.HasPrefix(typ, "text/jscript") || strings.HasPrefix(typ, "javascript") || strings.HasPrefix(typ, "<")
	}
	return true
}

// indexFold finds low, which is in lower case and begins with "<", in data.
func indexFold(data []byte, low string) int {
	for i := 0; ; {
		k := bytes.IndexByte(data[i:], '<')
		if k < 0 || i+k+len(low) > len(data) {
			return -1
		}
		i += k
		if strings.EqualFold(string(data[i:i+len(low)]), low) {
			return i
		}
		i++
	}
}

// lowerASCII returns s in lower case with the same length.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 32
		}
	}
	return string(b)
}
