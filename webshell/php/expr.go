package php

import (
	"math"
	"strconv"
	"strings"
)

// Binding powers of the binary operators, weakest first.
const (
	powOr = iota + 1
	powXor
	powAnd
	powAssign
	powTernary
	powCoalesce
	powBoolOr
	powBoolAnd
	powBitOr
	powBitXor
	powBitAnd
	powEqual
	powCompare
	powShift
	powAdd
	powMul
	powNot
	powInstance
	powUnary
	powPower
)

// powers are those of the binary operators by their kind; 0 for what is none.
var powers = [256]int{
	tCoalesce: powCoalesce, tOr: powBoolOr, tAnd: powBoolAnd, '|': powBitOr, '^': powBitXor, '&': powBitAnd,
	tEq: powEqual, tNe: powEqual, tSame: powEqual, tNotSame: powEqual, tShip: powEqual,
	'<': powCompare, '>': powCompare, tLe: powCompare, tGe: powCompare, tShl: powShift, tShr: powShift,
	'+': powAdd, '-': powAdd, '.': powAdd, '*': powMul, '/': powMul, '%': powMul, tPow: powPower,
}

// expressions reads a comma-separated list.
func (p *parser) expressions() []*node {
	var list []*node
	for {
		list = append(list, p.expr(0))
		if !p.accept(',') {
			return list
		}
	}
}

func lvalue(n *node) bool {
	switch n.op {
	case nVar, nVarVar, nIndex, nProp, nSProp, nArray, nCall, nMCall, nSCall:
		return true
	}
	return false
}

// expr reads an expression of operators that bind at least as tight as least.
func (p *parser) expr(least int) *node {
	if p.depth >= maxDepth || *p.u.budget <= 0 {
		p.u.stock.skipped = true
		at := p.i
		p.skipExpr()
		n := p.node(nBad, at)
		return n
	}
	p.depth++
	defer func() { p.depth-- }()
	at := p.i
	left := p.unary()
	for {
		k := p.peek()
		switch k {
		case '=':
			if !lvalue(left) {
				return left
			}
			p.i++
			n := p.node(nAssign, at)
			n.a = left
			if p.accept('&') {
				n.op = nAssignRef
			}
			n.b = p.expr(powAssign)
			left = p.done(n)
			continue
		case tAssignOp:
			if !lvalue(left) {
				return left
			}
			n := p.node(nAssignOp, at)
			n.s = strings.TrimSuffix(string(p.text(p.i)), "=")
			p.i++
			n.kind = binaryKind(n.s)
			n.a = left
			n.b = p.expr(powAssign)
			left = p.done(n)
			continue
		case '?':
			if least > powTernary {
				return left
			}
			p.i++
			n := p.node(nTernary, at)
			n.a = left
			if !p.accept(':') {
				n.b = p.expr(powAssign)
				p.accept(':')
			}
			n.c = p.expr(powTernary + 1)
			left = p.done(n)
			continue
		case tIdent:
			w := p.word()
			pow := 0
			switch w {
			case "or":
				pow = powOr
			case "xor":
				pow = powXor
			case "and":
				pow = powAnd
			case "instanceof":
				pow = powInstance
			}
			if pow == 0 || pow < least {
				return left
			}
			p.i++
			n := p.node(nBin, at)
			n.a = left
			n.kind = map[string]kind{"or": tOr, "xor": tNe, "and": tAnd}[w]
			n.b = p.expr(pow + 1)
			if w == "instanceof" {
				n.op, n.b = nInstanceof, nil
			}
			left = p.done(n)
			continue
		}
		pow := powers[k]
		piped := k == '|' && p.peekAt(1) == '>' && p.toks[p.i].end == p.toks[p.i+1].pos
		if piped {
			pow = powShift
		}
		if pow == 0 || pow < least {
			return left
		}
		p.i++
		if piped {
			p.i++
			left = p.done(p.pipe(left, p.expr(pow+1), at))
			continue
		}
		next := pow + 1
		if k == tPow || k == tCoalesce {
			next = pow
		}
		right := p.expr(next)
		if k == '.' {
			left = p.concat(left, right, at)
			continue
		}
		n := p.node(nBin, at)
		n.kind, n.a, n.b = k, left, right
		left = p.done(n)
	}
}

// pipe calls what stands behind |> with what stands before it:
// https://wiki.php.net/rfc/pipe-operator-v3.
func (p *parser) pipe(left, right *node, at int) *node {
	if (right.op == nCall || right.op == nMCall || right.op == nSCall) && spreads(right.list) {
		right.list = []*node{left} // f(...) is f
		return right
	}
	n := p.node(nCall, at)
	n.a, n.list = right, []*node{left}
	return n
}

// spreads says that the arguments are (...), which makes a callable of a call.
func spreads(list []*node) bool {
	return len(list) == 1 && list[0].op == nSpread && list[0].a == bad
}

// concat joins chains of dots into one node, however long.
func (p *parser) concat(left, right *node, at int) *node {
	if left.op == nConcat && left.kind == '.' {
		left.list = append(left.list, right)
		if right.depth >= left.depth {
			left.depth = right.depth + 1
		}
		left.end = p.toks[p.i-1].end
		if left.depth > 4*maxDepth {
			p.u.stock.skipped = true
			return &node{op: nBad, pos: left.pos, end: left.end}
		}
		return left
	}
	n := p.node(nConcat, at)
	n.kind = '.'
	n.list = []*node{left, right}
	return p.done(n)
}

func binaryKind(s string) kind {
	switch s {
	case "**":
		return tPow
	case "??":
		return tCoalesce
	case "<<":
		return tShl
	case ">>":
		return tShr
	}
	return kind(s[0])
}

// skipExpr passes over an expression that is too deep to be read.
func (p *parser) skipExpr() {
	for p.peek() != tEOF {
		switch p.peek() {
		case '(', '[', '{':
			p.i = min(p.closing(p.i)+1, p.hi)
			continue
		case ')', ']', '}', ';', ',', tClose:
			return
		}
		p.i++
	}
}

func (p *parser) unary() *node {
	at := p.i
	k := p.peek()
	switch k {
	case '!', '-', '+', '~':
		p.i++
		n := p.node(nUn, at)
		n.kind = k
		n.a = p.expr(powUnary)
		return p.done(n)
	case '@':
		p.i++
		return p.expr(powUnary)
	case '&':
		p.i++
		n := p.node(nRef, at)
		n.a = p.expr(powUnary)
		return p.done(n)
	case tEllipsis:
		p.i++
		n := p.node(nSpread, at)
		if q := p.peek(); q != ')' && q != ']' && q != ',' {
			n.a = p.expr(0)
		} else {
			n.a = bad
		}
		return p.done(n)
	case tInc, tDec:
		p.i++
		n := p.node(nIncDec, at)
		n.s, n.n = "pre", 1
		if k == tDec {
			n.n = -1
		}
		n.a = p.expr(powUnary)
		return p.done(n)
	case tCast:
		n := p.node(nCast, at)
		n.s = strings.ToLower(strings.Trim(string(p.text(at)), "() \t"))
		p.i++
		n.a = p.expr(powUnary)
		return p.done(n)
	case tIdent:
		if n := p.wordUnary(at); n != nil {
			return n
		}
	}
	return p.postfix(p.primary(), at)
}

func (p *parser) wordUnary(at int) *node {
	o, least := nBad, powAssign
	switch w := p.word(); w {
	case "include", "include_once", "require", "require_once":
		o = nInclude
	case "print":
		o = nPrint
	case "clone":
		o, least = nClone, powUnary
	case "throw":
		o = nThrow
	case "yield":
		o = nYield
		if p.wordAt(1) == "from" {
			p.i++
		}
		if q := p.peekAt(1); q == ';' || q == ')' || q == ',' || q == ']' {
			p.i++
			return p.node(o, at)
		}
	default:
		return nil
	}
	if p.peekAt(1) == tArrow || p.peekAt(1) == tColons || p.peekAt(1) == tDoubleArrow {
		return nil
	}
	n := p.node(o, at)
	n.s = lower(p.text(p.i))
	p.i++
	n.a = p.expr(least)
	if o == nYield && p.accept(tDoubleArrow) {
		n.b, n.a = n.a, p.expr(least)
	}
	return p.done(n)
}

func (p *parser) primary() *node {
	at := p.i
	switch p.peek() {
	case tVar:
		n := p.node(nVar, at)
		n.s = owned(p.text(at)[1:])
		p.i++
		return n
	case '$':
		return p.varVar()
	case tNum:
		p.i++
		return p.number(at)
	case tStr:
		n := p.node(nStr, at)
		n.s = unescapeSingle(p.text(at))
		p.i++
		return n
	case tNowdoc:
		n := p.node(nStr, at)
		n.s = owned(heredocBody(p.text(at)))
		p.i++
		return n
	case tTpl, tBacktick:
		t := p.toks[at]
		p.i++
		from, to := t.pos+1, t.end
		if to > from && p.u.src[to-1] == p.u.src[t.pos] {
			to--
		}
		o := nConcat
		if t.kind == tBacktick {
			o = nBacktick
		}
		return p.template(o, at, from, max(from, to), p.u.src[t.pos])
	case tHeredoc:
		t := p.toks[at]
		p.i++
		body := heredocBody(p.u.src[t.pos:t.end])
		from := t.pos
		for from < t.end && p.u.src[from] != '\n' {
			from++
		}
		from = min(from+1, t.end)
		return p.template(nConcat, at, from, from+uint32(len(body)), 0)
	case '(':
		return p.paren()
	case '{': // broken: {$x} outside a string
		if p.peekAt(1) == tVar {
			p.i++
			e := p.expr(0)
			p.shut('}', at)
			return e
		}
	case '[':
		n := p.node(nArray, at)
		n.list = p.items(at)
		return p.done(n)
	case tAttr:
		p.i = min(p.closing(at)+1, p.hi)
		return p.primary2()
	case tIdent:
		return p.wordPrimary(at)
	case tHTML, tOpenEcho, tEOF, ';', ')', ']', '}', ',', tClose:
		return &node{op: nBad, pos: p.toks[min(at, len(p.toks)-1)].pos, end: p.toks[min(at, len(p.toks)-1)].pos}
	}
	p.i++
	return p.node(nBad, at)
}

// primary2 reads what an attribute stands before, without piling up calls.
func (p *parser) primary2() *node {
	for p.peek() == tAttr {
		p.i = min(p.closing(p.i)+1, p.hi)
	}
	if p.peek() == tIdent {
		return p.wordPrimary(p.i)
	}
	return bad
}

// varVar reads $$name, ${expr}.
func (p *parser) varVar() *node {
	at := p.i
	dollars := 0
	for p.peek() == '$' {
		dollars++
		p.i++
	}
	var n *node
	switch p.peek() {
	case tVar:
		n = p.node(nVar, p.i)
		n.s = owned(p.text(p.i)[1:])
		p.i++
	case '{':
		open := p.i
		p.i++
		n = p.node(nVarVar, at)
		n.a = p.expr(0)
		p.shut('}', open)
		n = p.done(n)
		dollars--
	default:
		return p.node(nBad, at)
	}
	for ; dollars > 0 && dollars < 64; dollars-- {
		v := p.node(nVarVar, at)
		v.a = n
		n = p.done(v)
	}
	return n
}

func (p *parser) number(at int) *node {
	n := p.node(nNum, at)
	s := strings.ReplaceAll(string(p.text(at)), "_", "")
	if i, ok := parseNumber(s); ok {
		n.n = i
		return n
	}
	n.s = s
	return n
}

func parseNumber(s string) (int64, bool) {
	base := 10
	digits := s
	if len(s) > 1 && s[0] == '0' {
		switch s[1] | 0x20 {
		case 'x':
			base, digits = 16, s[2:]
		case 'b':
			base, digits = 2, s[2:]
		case 'o':
			base, digits = 8, s[2:]
		default:
			base, digits = 8, s[1:]
		}
	}
	i, err := strconv.ParseInt(digits, base, 64)
	return i, err == nil
}

func parseInt(s string) int64 {
	i, _ := parseNumber(s)
	return i
}

func parseFloat(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// items reads the elements of [a, k => v, ...] or the arguments of a call; at
// is the bracket.
func (p *parser) items(at int) []*node {
	stop := p.closing(at)
	p.i = at + 1
	var list []*node
	for p.i < stop && p.peek() != tEOF {
		if p.peek() == ',' {
			p.i++
			list = append(list, bad)
			continue
		}
		was := p.i
		name := ""
		if p.peek() == tIdent && p.peekAt(1) == ':' && p.peekAt(2) != ':' { // named argument
			name = string(p.text(p.i))
			p.i += 2
		}
		e := p.expr(0)
		if name != "" {
			n := p.node(nPair, was)
			n.s, n.b = name, e
			e = p.done(n)
		}
		if p.accept(tDoubleArrow) {
			n := p.node(nPair, was)
			n.a, n.b = e, p.expr(0)
			e = p.done(n)
		}
		list = append(list, e)
		for p.i < stop && p.peek() != ',' && p.peek() != tEOF { // something unread
			if p.peek() == '(' || p.peek() == '[' || p.peek() == '{' {
				p.i = p.closing(p.i)
			}
			p.i++
		}
		p.accept(',')
	}
	p.i = min(max(stop+1, p.i), p.hi)
	return list
}

func (p *parser) args() []*node {
	if p.peek() != '(' {
		return nil
	}
	return p.items(p.i)
}

func (p *parser) wordPrimary(at int) *node {
	switch p.word() {
	case "array", "list":
		if p.peekAt(1) == '(' {
			n := p.node(nArray, at)
			n.list = p.items(at + 1)
			return p.done(n)
		}
	case "isset":
		n := p.node(nIsset, at)
		p.i++
		n.list = p.args()
		return p.done(n)
	case "empty":
		n := p.node(nEmpty, at)
		p.i++
		n.a = p.paren()
		return p.done(n)
	case "eval":
		if p.peekAt(1) != '(' {
			break
		}
		n := p.node(nEval, at)
		p.i++
		n.a = p.paren()
		return p.done(n)
	case "exit", "die":
		n := p.node(nExit, at)
		p.i++
		if p.peek() == '(' && p.peekAt(1) != ')' {
			n.a = p.paren()
		} else if p.peek() == '(' {
			p.i += 2
		}
		return p.done(n)
	case "new":
		return p.newExpr(at)
	case "static":
		if w := p.wordAt(1); w == "function" || w == "fn" {
			p.i++
			return p.closure(p.i)
		}
	case "function", "fn":
		if k := p.peekAt(1); k == '(' || k == '&' {
			return p.closure(at)
		}
	case "match":
		if p.peekAt(1) == '(' {
			return p.matchExpr(at)
		}
	}
	p.i++
	n := p.node(nConst, at)
	n.s = owned(p.text(at))
	return n
}
