package evtx

import (
	"strings"
)

type nodeKind uint8

const (
	nodeElement nodeKind = iota
	nodeAttribute
	nodeText   // text
	nodeSub    // the value numbered sub, or the records' binary XML there
	nodeCDATA  // text
	nodeEntity // &name; of which text is the character
	nodePI     // <?name text?>
)

// A node is a part of a template. Nodes never change once compiled.
type node struct {
	kind     nodeKind
	optional bool   // of nodeSub: without value, leave out what encloses it
	declared Type   // of nodeSub
	sub      uint16 // of nodeSub
	depends  uint16 // of nodeElement: left out if this value is null
	name     string
	text     string
	attrs    []node // of nodeElement
	kids     []node
}

// A template is binary XML compiled once and used by many records.
type template struct {
	nodes  []node
	shapes []transition
	cost   int // rough size in memory
}

const maxDepth = 128 // of elements

// compile builds a template from its normalised form; nil if it is damaged.
func compile(normal []byte) *template {
	c := compiler{b: normal}
	t := &template{nodes: c.content(0)}
	if c.bad {
		return nil
	}
	t.cost = 256 + len(normal) + 104*c.nodes
	return t
}

type compiler struct {
	b     []byte
	nodes int
	bad   bool
}

func (c *compiler) next() byte {
	if len(c.b) == 0 {
		c.bad = true
		return tokEOF
	}
	tok := c.b[0]
	c.b = c.b[1:]
	return tok
}

func (c *compiler) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.bad = true
		return make([]byte, max(0, min(n, 16)))
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

func (c *compiler) str() string {
	return string(appendUTF16(nil, c.take(2*int(le16(c.take(2))))))
}

// content compiles nodes up to the token that ends them: the end of an element
// or of all.
func (c *compiler) content(depth int) []node {
	if depth > maxDepth {
		c.bad = true
	}
	var nodes []node
	for !c.bad {
		if c.nodes++; c.nodes > maxNormal/4 {
			c.bad = true
		}
		switch tok := c.next(); tok {
		case tokEOF, tokEnd:
			c.bad = c.bad || (tok == tokEnd) != (depth > 0)
			return nodes
		case tokOpen:
			nodes = append(nodes, c.element(depth))
		case tokInstance:
			nodes = append(nodes, c.instance()...)
		case tokPITarget:
			n := node{kind: nodePI, name: c.str()}
			if len(c.b) > 0 && c.b[0] == tokPIData {
				c.next()
				n.text = c.str()
			}
			nodes = append(nodes, n)
		default:
			nodes = append(nodes, c.text(tok))
		}
	}
	return nodes
}

// text compiles what may stand in an element or in an attribute.
func (c *compiler) text(tok byte) node {
	switch tok {
	case tokValue:
		return node{kind: nodeText, text: c.str()}
	case tokCDATA:
		return node{kind: nodeCDATA, text: c.str()}
	case tokCharRef:
		return node{kind: nodeText, text: string(rune(le16(c.take(2))))}
	case tokEntityRef:
		name := c.str()
		return node{kind: nodeEntity, name: name, text: entities[name]}
	case tokSubstitution, tokOptional:
		b := c.take(substitutionSize)
		return node{kind: nodeSub, optional: tok == tokOptional, sub: le16(b), declared: Type(b[2])}
	}
	c.bad = true
	return node{}
}

var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'"}

func (c *compiler) element(depth int) node {
	n := node{kind: nodeElement, depends: le16(c.take(2)), name: c.str()}
	for !c.bad {
		switch tok := c.next(); tok {
		case tokAttribute:
			n.attrs = append(n.attrs, node{kind: nodeAttribute, name: c.str()})
			c.nodes++
		case tokCloseStart:
			n.kids = c.content(depth + 1)
			return n
		case tokCloseEmpty:
			return n
		default:
			c.nodes++
			if len(n.attrs) == 0 {
				c.bad = true
				return n
			}
			a := &n.attrs[len(n.attrs)-1]
			a.kids = append(a.kids, c.text(tok))
		}
	}
	return n
}

// instance compiles a template instance inside a template: its nodes with
// their values filled in.
func (c *compiler) instance() []node {
	inner := compiler{b: c.take(int(le32(c.take(4)))), nodes: c.nodes}
	nodes := inner.content(0)
	count := int(le32(c.take(4)))
	var values [][]node
	for i := 0; i < count && !c.bad; i++ {
		typ := Type(c.take(1)[0])
		raw := c.take(int(le32(c.take(4))))
		switch {
		case typ == TypeNull:
			values = append(values, nil)
		case typ == TypeXML && len(raw) > 0:
			xml := compiler{b: raw, nodes: inner.nodes}
			values = append(values, xml.content(0))
			inner.nodes = xml.nodes
			c.bad = c.bad || xml.bad
		default:
			text := Value{Raw: raw, Type: typ}.String()
			values = append(values, []node{{kind: nodeText, text: text}})
		}
	}
	c.nodes = inner.nodes
	c.bad = c.bad || inner.bad
	return c.fill(nodes, values)
}

// fill returns nodes with every substitution replaced by its value.
func (c *compiler) fill(nodes []node, values [][]node) []node {
	var filled []node
	for _, n := range nodes {
		if c.nodes++; c.nodes > maxNormal/4 {
			c.bad = true
		}
		if c.bad {
			return nil
		}
		if n.kind == nodeSub {
			if int(n.sub) < len(values) {
				filled = append(filled, values[n.sub]...)
				c.nodes += len(values[n.sub])
			}
			continue
		}
		n.depends = noDependency
		n.attrs = c.fill(n.attrs, values)
		n.kids = c.fill(n.kids, values)
		filled = append(filled, n)
	}
	return filled
}

// constant returns the text of nodes if none is a substitution or an element.
func constant(nodes []node) (string, bool) {
	switch {
	case len(nodes) == 0:
		return "", true
	case len(nodes) == 1:
		return nodes[0].text, nodes[0].isText()
	}
	var b strings.Builder
	for i := range nodes {
		if !nodes[i].isText() {
			return "", false
		}
		b.WriteString(nodes[i].text)
	}
	return b.String(), true
}

func (n *node) isText() bool {
	return n.kind == nodeText || n.kind == nodeCDATA || n.kind == nodeEntity
}
