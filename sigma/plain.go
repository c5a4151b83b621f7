package sigma

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A plainReader reads the YAML that rules are usually written in, some times
// faster than the library: one document of block maps and lists, with scalars
// on one line or in literal blocks. It gives up on everything else. What it reads
// it reads as the library does, but for lines, columns and comments.
type plainReader struct {
	lines []string // what is left, without indents
	at    []int    // their indents
	spare []yaml.Node
	bad   bool // something is not plain
}

// maxPlain bounds the lines of a plain document.
const maxPlain = 20_000

// readPlain returns the only document, a map, or nil if the library must read it.
func readPlain(data []byte) *yaml.Node {
	text := string(data)
	if !strings.HasSuffix(text, "\n") || strings.Count(text, "\n") > maxPlain || strings.ContainsFunc(text, special) || !utf8.ValidString(text) {
		return nil
	}
	r := &plainReader{}
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		t := strings.TrimLeft(l, " ")
		r.lines, r.at = append(r.lines, t), append(r.at, len(l)-len(t))
	}
	all := len(r.lines)
	if r.peek() != 0 {
		return nil
	}
	line := all - len(r.lines) + 1
	root := r.mapping(0, 0)
	if r.bad || r.peek() >= 0 {
		return nil
	}
	root.Line, root.Column = line, 1
	return root
}

// special are characters that YAML forbids or that may end a line.
func special(c rune) bool {
	return c < ' ' && c != '\n' || 0x7f <= c && c < 0xa0 || c == 0x2028 || c == 0x2029 || c == 0xfeff || c >= 0xfffe && c < 0x10000
}

func (r *plainReader) node(n yaml.Node) *yaml.Node {
	if len(r.spare) == 0 {
		r.spare = make([]yaml.Node, 32)
	}
	p := &r.spare[0]
	r.spare = r.spare[1:]
	*p = n
	return p
}

func (r *plainReader) fail() *yaml.Node {
	r.bad, r.lines, r.at = true, nil, nil
	return &yaml.Node{}
}

func (r *plainReader) next() { r.lines, r.at = r.lines[1:], r.at[1:] }

// peek returns the indent of the next line that holds anything, -1 at the end.
func (r *plainReader) peek() int {
	for len(r.lines) > 0 && (r.lines[0] == "" || r.lines[0][0] == '#') {
		r.next()
	}
	if len(r.lines) == 0 {
		return -1
	}
	if r.at[0] == 0 && (strings.HasPrefix(r.lines[0], "---") || strings.HasPrefix(r.lines[0], "...")) {
		r.fail()
		return -1
	}
	return r.at[0]
}

func (r *plainReader) item() bool { return r.lines[0] == "-" || strings.HasPrefix(r.lines[0], "- ") }

// mapping reads the entries at an indent.
func (r *plainReader) mapping(indent, depth int) *yaml.Node {
	m := r.node(yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"})
	for r.peek() >= indent {
		key, rest, ok := entry(r.lines[0])
		if !ok || r.at[0] > indent || depth > maxDepth {
			return r.fail()
		}
		m.Content = append(m.Content, r.node(plainScalar(key)), r.value(rest, indent, depth))
	}
	return m
}

// entry splits a line with a plain key.
func entry(line string) (key, rest string, ok bool) {
	key, rest, ok = strings.Cut(line, ":")
	if !ok || key == "" || len(key) > 200 || rest != "" && rest[0] != ' ' || !letter(key[0]|0x20) || key[len(key)-1] == ' ' {
		return "", "", false
	}
	for i := range len(key) {
		if c := key[i]; !letter(c) && strings.IndexByte("_|.()-$ ", c) < 0 {
			return "", "", false
		}
	}
	return key, strings.TrimLeft(rest, " "), true
}

// value reads what follows a key.
func (r *plainReader) value(rest string, indent, depth int) *yaml.Node {
	if rest != "" && rest[0] != '#' {
		return r.scalar(rest, indent)
	}
	r.next()
	switch at := r.peek(); {
	case r.bad:
		return r.fail()
	case at >= indent && r.item():
		return r.list(at, depth+1)
	case at > indent:
		return r.mapping(at, depth+1)
	}
	return r.node(yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"})
}

// list reads the items at an indent.
func (r *plainReader) list(indent, depth int) *yaml.Node {
	l := r.node(yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"})
	for r.peek() >= indent {
		if r.at[0] > indent || depth > maxDepth {
			return r.fail()
		}
		if !r.item() {
			break
		}
		rest := strings.TrimLeft(r.lines[0][1:], " ")
		if _, _, ok := entry(rest); ok {
			r.at[0] += len(r.lines[0]) - len(rest)
			r.lines[0] = rest
			l.Content = append(l.Content, r.mapping(r.at[0], depth+1))
		} else {
			l.Content = append(l.Content, r.scalar(rest, indent))
		}
	}
	return l
}

// scalar reads a scalar that begins on the line at hand, in a block of that
// indent.
func (r *plainReader) scalar(rest string, indent int) *yaml.Node {
	if rest == "" || strings.IndexByte("&*!{[]}%@`?,>#:", rest[0]) >= 0 || rest[0] == '-' && (len(rest) == 1 || rest[1] == ' ') {
		return r.fail()
	}
	n := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str"}
	switch rest[0] {
	case '|':
		if strings.TrimRight(rest, " ") != "|" {
			return r.fail()
		}
		n.Style = yaml.LiteralStyle
		n.Value = r.literal(indent)
		return r.node(n)
	case '\'', '"':
		n.Style = yaml.SingleQuotedStyle
		if rest[0] == '"' {
			n.Style = yaml.DoubleQuotedStyle
		}
		var ok bool
		if n.Value, ok = quoted(rest); !ok {
			return r.fail()
		}
	default:
		text, _, _ := strings.Cut(rest, " #")
		text = strings.TrimRight(text, " ")
		if strings.Contains(text, ": ") || text[len(text)-1] == ':' {
			return r.fail()
		}
		n = plainScalar(text)
	}
	if r.next(); r.peek() > indent {
		return r.fail() // it may go on there
	}
	return r.node(n)
}

func plainScalar(text string) yaml.Node {
	n := yaml.Node{Kind: yaml.ScalarNode, Value: text}
	n.Tag = n.ShortTag()
	return n
}

// quoted returns a text in quotes that only a comment follows.
func quoted(s string) (text string, ok bool) {
	quote, s := s[0], s[1:]
	end := 0
	for ; ; end++ {
		n := strings.IndexByte(s[end:], quote)
		if n < 0 {
			return "", false
		}
		if end += n; quote == '"' || end+1 == len(s) || s[end+1] != quote {
			break
		}
		end++ // two of them stand for one
	}
	text, rest := s[:end], s[end+1:]
	if quote == '"' && strings.Contains(text, `\`) {
		return "", false
	}
	if quote == '\'' {
		text = strings.ReplaceAll(text, "''", "'")
	}
	after := strings.TrimLeft(rest, " ")
	return text, after == "" || after[0] == '#' && len(after) < len(rest)
}

// literal reads the lines of a literal block.
func (r *plainReader) literal(indent int) string {
	r.next()
	if len(r.lines) == 0 || r.lines[0] == "" || r.at[0] <= indent {
		r.fail()
		return ""
	}
	at := r.at[0]
	var b strings.Builder
	for blank := 0; len(r.lines) > 0; r.next() {
		switch {
		case r.lines[0] == "" && r.at[0] <= at:
			blank++
			continue
		case r.lines[0] == "":
			r.fail()
			return ""
		case r.at[0] < at:
			if r.at[0] > indent {
				r.fail()
			}
			return b.String()
		}
		for ; blank > 0; blank-- {
			b.WriteByte('\n')
		}
		b.WriteString(strings.Repeat(" ", r.at[0]-at))
		b.WriteString(r.lines[0])
		b.WriteByte('\n')
	}
	return b.String()
}
