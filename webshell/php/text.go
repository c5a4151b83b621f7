package php

import "strings"

// unescapeSingle is the value of a 'single-quoted' token.
func unescapeSingle(b []byte) string {
	if len(b) < 1 {
		return ""
	}
	b = b[1:]
	if len(b) > 0 && b[len(b)-1] == '\'' {
		b = b[:len(b)-1]
	}
	s := owned(b)
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var out strings.Builder
	out.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '\'') {
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// template reads the interpolated text [from, to) into a node of op o; quote is
// the byte that is escaped in it, 0 in a heredoc.
func (p *parser) template(o op, at int, from, to uint32, quote byte) *node {
	src := p.u.src
	n := p.node(o, at)
	if o == nConcat && verbatim(src[from:to]) {
		n.op, n.s = nStr, owned(src[from:to])
		return n
	}
	var lit strings.Builder
	escapes := int64(0) // of characters that needed none
	flush := func() {
		if lit.Len() > 0 {
			s := p.node(nStr, at)
			s.s = lit.String()
			s.n = escapes
			n.list = append(n.list, s)
			lit.Reset()
		}
	}
	add := func(e *node) {
		flush()
		n.list = append(n.list, e)
	}
	i := from
	for i < to && *p.u.budget > 0 {
		c := src[i]
		switch {
		case c == '\\' && i+1 < to:
			if b := lit.Len(); src[i+1]|0x20 == 'x' || isDigit(src[i+1]) {
				i += escape(&lit, src[i:to], quote)
				if s := lit.String(); len(s) == b+1 && s[b] > ' ' && s[b] < 0x7f {
					escapes++
				}
				continue
			}
			i += escape(&lit, src[i:to], quote)
		case c == '$' && i+1 < to && isIdentStart(src[i+1]):
			e, next := p.simpleVar(at, i, to)
			add(e)
			i = next
		case c == '{' && i+1 < to && src[i+1] == '$', c == '$' && i+1 < to && src[i+1] == '{':
			e := braces(src[:to], int(i), &p.u.far)
			if e > 0 && p.texts >= maxTexts || p.u.far > maxFar {
				p.u.stock.lost = true
				e = 0
			}
			if e == 0 {
				lit.WriteByte(c)
				i++
				continue
			}
			start, dollar := i+1, c == '$'
			if dollar {
				start = i + 2
			}
			x := p.inner(start, uint32(e-1))
			if dollar { // ${name} and ${expr}
				if x.op == nConst {
					x.op = nVar
				} else if x.op == nIndex && x.a.op == nConst {
					x.a.op = nVar
				} else {
					v := p.node(nVarVar, at)
					v.a = x
					x = p.done(v)
				}
			}
			add(x)
			i = uint32(e)
		default:
			j := i + 1
			for j < to && src[j] != '\\' && src[j] != '$' && src[j] != '{' {
				j++
			}
			lit.Write(src[i:j])
			i = j
		}
	}
	if o == nConcat && len(n.list) == 0 {
		n.op = nStr
		n.s = lit.String()
		n.n = escapes
		return n
	}
	flush()
	return p.done(n)
}

// inner reads the expression in [from, to) of the source.
func (p *parser) inner(from, to uint32) *node {
	l := &lexer{src: p.u.src[:to], pos: int(from)}
	for l.pos < len(l.src) && !l.cut {
		l.next()
	}
	l.tokens = append(l.tokens, token{pos: to, end: to, kind: tEOF})
	q := &parser{u: p.u, toks: l.tokens, hi: len(l.tokens) - 1, depth: p.depth + 1, texts: p.texts + 1, level: p.level}
	if q.hi == 0 {
		return bad
	}
	return q.expr(0)
}

// simpleVar reads $name, $name[key] or $name->prop.
func (p *parser) simpleVar(at int, i, to uint32) (*node, uint32) {
	src := p.u.src
	j := i + 1
	for j < to && isIdent(src[j]) {
		j++
	}
	v := p.node(nVar, at)
	v.s = owned(src[i+1 : j])
	v.pos, v.end = i, j
	if j+1 < to && src[j] == '[' {
		k := j + 1
		for k < to && src[k] != ']' && k < j+200 {
			k++
		}
		if k < to && src[k] == ']' && k > j+1 {
			n := p.node(nIndex, at)
			n.pos, n.end = i, k+1
			n.a = v
			key := owned(src[j+1 : k])
			if key[0] == '$' {
				n.b = p.node(nVar, at)
				n.b.s = key[1:]
			} else {
				n.b = p.node(nStr, at)
				n.b.s = strings.Trim(key, "'\"")
			}
			return p.done(n), k + 1
		}
	}
	if j+2 < to && src[j] == '-' && src[j+1] == '>' && isIdentStart(src[j+2]) {
		k := j + 3
		for k < to && isIdent(src[k]) {
			k++
		}
		n := p.node(nProp, at)
		n.pos, n.end = i, k
		n.a = v
		n.b = p.node(nStr, at)
		n.b.s = owned(src[j+2 : k])
		return p.done(n), k
	}
	return v, j
}

// escape writes what the backslash sequence at the start of b stands for, and
// returns its length.
func escape(out *strings.Builder, b []byte, quote byte) uint32 {
	switch c := b[1]; c {
	case 'n':
		out.WriteByte('\n')
	case 't':
		out.WriteByte('\t')
	case 'r':
		out.WriteByte('\r')
	case 'v':
		out.WriteByte('\v')
	case 'e':
		out.WriteByte(27)
	case 'f':
		out.WriteByte('\f')
	case '\\', '$':
		out.WriteByte(c)
	case 'x', 'X':
		n := uint32(0)
		v := 0
		for n < 2 && int(n)+2 < len(b) {
			d := hexDigit(b[2+n])
			if d < 0 {
				break
			}
			v = v<<4 | d
			n++
		}
		if n == 0 {
			out.WriteByte('\\')
			out.WriteByte(c)
			return 2
		}
		out.WriteByte(byte(v))
		return 2 + n
	case 'u':
		if len(b) > 3 && b[2] == '{' {
			v := 0
			for i := 3; i < len(b) && i < 12; i++ {
				if b[i] == '}' {
					out.WriteRune(rune(v))
					return uint32(i + 1)
				}
				d := hexDigit(b[i])
				if d < 0 {
					break
				}
				v = v<<4 | d
			}
		}
		out.WriteString(`\u`)
	default:
		if c >= '0' && c <= '7' {
			n := uint32(0)
			v := 0
			for n < 3 && int(n)+1 < len(b) && b[1+n] >= '0' && b[1+n] <= '7' {
				v = v<<3 | int(b[1+n]-'0')
				n++
			}
			out.WriteByte(byte(v))
			return 1 + n
		}
		if c == quote && quote != 0 {
			out.WriteByte(c)
			return 2
		}
		out.WriteByte('\\')
		out.WriteByte(c)
	}
	return 2
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
