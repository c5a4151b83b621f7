package php

import "bytes"

const (
	maxDepth  = 1000    // of the syntax tree: deeper code is skipped
	maxTexts  = 100     // of texts with expressions in one another
	maxLevels = 50      // of functions in one another
	maxNodes  = 300_000 // of one file, with all that is decoded from it
	maxParams = 64

	perFunction = 2 // nodes that take as much memory
	perClass    = 4

	slabSize = 64 // nodes made at once
)

// A parser turns tokens into nodes. It never fails: what it cannot read
// becomes nBad and at least one token is used up.
type parser struct {
	u     *unit
	toks  []token
	i     int
	hi    int // stop here
	depth int
	texts int    // around what is read
	level int    // functions around it
	read  string // by word
	at    int    // just after what it read
}

func newParser(u *unit, lo, hi int) *parser {
	return &parser{u: u, toks: u.tokens, i: lo, hi: min(hi, len(u.tokens)-1)}
}

func (p *parser) peek() kind {
	if p.i >= p.hi {
		return tEOF
	}
	return p.toks[p.i].kind
}

func (p *parser) peekAt(n int) kind {
	if p.i+n >= p.hi {
		return tEOF
	}
	return p.toks[p.i+n].kind
}

func (p *parser) text(i int) []byte {
	t := p.toks[i]
	return p.u.src[t.pos:t.end]
}

func (p *parser) accept(k kind) bool {
	if p.peek() == k {
		p.i++
		return true
	}
	return false
}

// word is the lower-case text of the identifier at hand, "" if there is none.
// Several look at the same one.
func (p *parser) word() string {
	if p.at != p.i+1 {
		p.read, p.at = p.wordAt(0), p.i+1
	}
	return p.read
}

func (p *parser) wordAt(n int) string {
	if p.peekAt(n) != tIdent {
		return ""
	}
	b := p.text(p.i + n)
	if len(b) > 15 {
		return ""
	}
	var buf [15]byte
	low := buf[:len(b)]
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		low[i] = c
	}
	if w := keywords[string(low)]; w != "" {
		return w
	}
	return otherWord
}

// otherWord is what word says of a name that is no keyword.
const otherWord = "?"

// keywords are the words that the parser knows.
var keywords = func() map[string]string {
	all := map[string]string{}
	for w := range words(`if while endwhile do for endfor foreach endforeach as switch case default endswitch return throw break continue
		echo global unset static try catch finally goto function fn abstract final readonly class interface trait enum extends implements namespace
		use const declare __halt_compiler else elseif endif or xor and instanceof include include_once require require_once print clone
		yield from array list isset empty eval exit die new match public private protected parent self int float bool`) {
		all[w] = w
	}
	return all
}()

func lower(b []byte) string {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			return string(bytes.ToLower(b))
		}
	}
	return owned(b)
}

var bad = &node{op: nBad}

// node makes a node that starts at token i.
func (p *parser) node(o op, i int) *node {
	*p.u.budget--
	n := p.u.stock.node()
	n.op = o
	if i < len(p.toks) {
		n.pos, n.end = p.toks[i].pos, p.toks[i].end
	}
	return n
}

// done closes a node at the last token used, and notes its height.
func (p *parser) done(n *node) *node {
	if p.i > 0 && p.toks[p.i-1].end > n.end {
		n.end = p.toks[p.i-1].end
	}
	d := uint16(0)
	for _, x := range [3]*node{n.a, n.b, n.c} {
		if x != nil && x.depth >= d {
			d = x.depth + 1
		}
	}
	for _, x := range n.list {
		if x != nil && x.depth >= d {
			d = x.depth + 1
		}
	}
	n.depth = d
	if d > 4*maxDepth {
		p.u.stock.skipped = true
		return &node{op: nBad, pos: n.pos, end: n.end}
	}
	return n
}

// closing is the index just after the bracket that closes the one at i.
func (p *parser) closing(i int) int {
	if m := int(p.toks[i].match); m > i {
		return min(m, p.hi)
	}
	return p.hi
}

// statements reads up to the end of the range, or a closing brace, or one of
// the words that end the alternative syntax.
func (p *parser) statements(until ...string) []*node {
	var list []*node
	for p.peek() != tEOF && *p.u.budget > 0 {
		if p.peek() == '}' {
			if p.depth == 0 {
				p.i++ // one brace too many
				continue
			}
			return list
		}
		if len(until) > 0 {
			if w := p.word(); w != "" {
				for _, u := range until {
					if w == u {
						return list
					}
				}
			}
		}
		at := p.i
		if s := p.statement(); s != nil {
			list = append(list, s)
		}
		if p.i == at {
			p.i++
		}
	}
	return list
}

func (p *parser) end() {
	if k := p.peek(); k == ';' || k == tClose {
		p.i++
	}
}

// body reads the statement that hangs on if, while, for…; alt are the words
// that end it in the alternative syntax.
func (p *parser) body(alt ...string) *node {
	if p.peek() == ':' && p.peekAt(1) != ':' {
		at := p.i
		p.i++
		n := p.node(nBlock, at)
		p.depth++
		n.list = p.statements(alt...)
		p.depth--
		return p.done(n)
	}
	s := p.statement()
	if s == nil {
		s = bad
	}
	return s
}

// shut reads what shuts the bracket at open, or passes over all that stands before
// that.
func (p *parser) shut(k kind, open int) {
	if !p.accept(k) {
		p.i = max(p.i, min(p.closing(open)+1, p.hi))
	}
}

func (p *parser) block() *node {
	at := p.i
	n := p.node(nBlock, at)
	if !p.accept('{') {
		return n
	}
	if p.depth >= maxDepth {
		p.u.stock.skipped = true
		p.i = min(p.closing(at)+1, p.hi)
		return n
	}
	p.depth++
	n.list = p.statements()
	p.depth--
	p.accept('}')
	return p.done(n)
}

func (p *parser) statement() *node {
	if p.depth >= maxDepth {
		p.u.stock.skipped = true
		p.skip()
		return nil
	}
	p.depth++
	defer func() { p.depth-- }()
	at := p.i
	switch k := p.peek(); k {
	case tHTML:
		p.i++
		return p.done(p.node(nHTML, at))
	case tOpenEcho:
		p.i++
		n := p.node(nEcho, at)
		n.list = p.expressions()
		p.end()
		return p.done(n)
	case ';', tClose:
		p.i++
		return nil
	case '{':
		return p.block()
	case tAttr:
		p.i = min(p.closing(at)+1, p.hi)
		return nil
	case tIdent:
		if s, ok := p.keyword(); ok {
			return s
		}
	}
	n := p.node(nExpr, at)
	n.a = p.expr(0)
	p.end()
	return p.done(n)
}

// skip passes over one statement that is too deep to be read.
func (p *parser) skip() {
	for p.peek() != tEOF {
		switch p.peek() {
		case '(', '[', '{':
			p.i = min(p.closing(p.i)+1, p.hi)
			continue
		case '}':
			return
		case ';', tClose:
			p.i++
			return
		}
		p.i++
	}
}
