package jsp

import (
	"slices"
	"strings"
	"unicode/utf8"
)

var keywords = map[string]bool{
	"if": true, "else": true, "while": true, "do": true, "switch": true, "case": true, "default": true, "break": true, "continue": true,
	"try": true, "finally": true, "catch": true, "throw": true, "throws": true, "new": true, "return": true, "for": true, "public": true,
	"private": true, "protected": true, "static": true, "final": true, "abstract": true, "synchronized": true, "native": true, "volatile": true,
	"transient": true, "instanceof": true, "extends": true, "implements": true, "this": true, "super": true, "class": true, "import": true,
	"package": true, "assert": true,
}

var primitives = map[string]bool{
	"byte": true, "char": true, "int": true, "short": true, "long": true, "float": true, "double": true, "boolean": true,
}

// precedence of binary operators; 0 for what is none.
func precedence(t token) int {
	if t.kind != punct {
		return 0
	}
	a, b := t.op[0], t.op[1]
	switch {
	case b == '=' && a != '=' && a != '!':
		return 1
	case a == '=' && b == 0:
		return 1
	case a == '?' && b == 0:
		return 2
	case a == '|' && b == '|':
		return 3
	case a == '&' && b == '&':
		return 4
	case a == '|', a == '^', a == '&':
		return 5
	case a == '=', a == '!' && b == '=':
		return 6
	case (a == '<' || a == '>') && b == 0:
		return 7
	case (a == '+' || a == '-') && b == 0:
		return 8
	case (a == '*' || a == '/' || a == '%') && b == 0:
		return 9
	}
	return 0
}

// expr evaluates the expression at w.i whose operators bind at least as
// strongly as lowest; 0 takes any.
func (w *walker) expr(lowest int) value {
	if w.depth >= maxDepth {
		return w.postpone()
	}
	w.depth++
	v := w.unary()
	for w.i < w.hi {
		t := w.tokens[w.i]
		p := precedence(t)
		if p == 0 || p < lowest {
			if w.word(w.i) == "instanceof" {
				w.i += 2
				continue
			}
			break
		}
		switch {
		case p == 1:
			target := w.target
			w.i++
			rhs := w.expr(1)
			if t.op[0] == '+' {
				rhs = w.sum(v, rhs)
			} else if t.op[1] != 0 {
				rhs = value{taint: v.taint | rhs.taint, origin: v.origin}
			}
			if target.name != "" {
				w.assign(target, rhs)
			}
			v = rhs
		case p == 2:
			w.i++
			v = w.expr(2)
			if w.is(w.i, ':') {
				w.i++
				v = join(v, w.expr(2))
			}
		default:
			w.i++
			if w.is(w.i, '>') || w.is(w.i, '<') { // shifts
				w.i++
			}
			v = w.binary(t, v, w.expr(p+1))
		}
		w.target = varKey{}
	}
	w.depth--
	return v
}

// postpone leaves what is nested too deep for later.
func (w *walker) postpone() value {
	if w.i >= w.hi {
		return value{}
	}
	w.facts.deep = true
	from := w.i
	for ; w.i < w.hi && !(w.tokens[w.i].kind == punct && ends(w.tokens[w.i].op[0])); w.i++ {
		if t := w.tokens[w.i]; t.kind == punct && opens(t.op[0]) && int(t.pair) > w.i {
			w.skipTo(int(t.pair))
		}
	}
	w.i = min(w.i, w.hi)
	if w.i == from {
		w.i++
	} else {
		w.later = append(w.later, [3]int{from, w.i, w.scope})
	}
	return value{}
}

func opens(c byte) bool { return c == '(' || c == '[' || c == '{' }
func ends(c byte) bool  { return c == ')' || c == ']' || c == '}' || c == ',' || c == ';' }

// sum is a + b within the budget for folded text.
func (w *walker) sum(a, b value) value {
	if a.isStr && b.isStr || a.isStr && b.isNum {
		if w.work += len(a.s) + len(b.s); w.work > 64<<20 {
			b.s, b.isStr, b.isNum = "", false, false
		}
	}
	return add(a, b)
}

func (w *walker) binary(t token, a, b value) value {
	out := value{taint: a.taint | b.taint, origin: max(a.origin, b.origin), typ: "int", digits: a.digits | b.digits}
	switch t.op[0] {
	case '+':
		return w.sum(a, b)
	case '<', '>', '=', '!':
		return value{typ: "boolean"}
	case '|', '&':
		if t.op[1] != 0 {
			return value{typ: "boolean"}
		}
	}
	an, bn := a.unit(), b.unit()
	if !an.isNum || !bn.isNum {
		return out
	}
	x, y := an.n, bn.n
	out.isNum = true
	switch t.op[0] {
	case '-':
		out.n = x - y
	case '*':
		out.n = x * y
	case '/', '%':
		if y == 0 {
			out.isNum = false
		} else if t.op[0] == '/' {
			out.n = x / y
		} else {
			out.n = x % y
		}
	case '^':
		out.n = x ^ y
	case '|':
		out.n = x | y
	case '&':
		out.n = x & y
	default:
		out.isNum = false
	}
	return out
}

// unit is a character constant as the number it is in arithmetic.
func (v value) unit() value {
	if v.isStr && v.typ == "char" {
		if r, n := utf8.DecodeRuneInString(v.s); n == len(v.s) && n > 0 {
			return value{isNum: true, n: int64(r)}
		}
	}
	return v
}

func (w *walker) unary() value {
	w.target = varKey{}
	minus := false
	for w.i < w.hi {
		t := w.tokens[w.i]
		if t.kind != punct || !(t.op[0] == '!' && t.op[1] == 0 || t.op[0] == '~' || t.op[0] == '-' && t.op[1] != '>' && t.op[1] != '=' || t.op[0] == '+' && t.op[1] != '=') {
			break
		}
		minus = minus != (t.op == [2]byte{'-'})
		w.i++
	}
	v := w.primary()
	if minus && v.isNum {
		v.n = -v.n
	}
	return v
}

// cast returns the type if a cast stands at w.i.
func (w *walker) cast() (string, bool) {
	shut := int(w.tokens[w.i].pair)
	if shut <= w.i+1 || shut > w.i+14 || shut+1 >= w.hi {
		return "", false
	}
	for j := w.i + 1; j < shut; j++ {
		if !(w.isIdent(j) || w.is(j, '.') || w.is(j, '[') || w.is(j, ']') || w.is(j, '<') || w.is(j, '>') || w.is(j, '?') || w.is(j, ',')) {
			return "", false
		}
	}
	typ := w.typeEnding(shut - 1)
	next := w.tokens[shut+1]
	if primitives[typ] {
		return typ, true
	}
	switch next.kind {
	case ident:
		return typ, w.word(shut+1) != "instanceof"
	case str, char, number:
		return typ, true
	case punct:
		return typ, next.op[0] == '(' || next.op == [2]byte{'!'} || next.op[0] == '~'
	}
	return "", false
}

func (w *walker) primary() value {
	if w.i >= w.hi {
		return value{}
	}
	t := w.tokens[w.i]
	var v value
	switch t.kind {
	case str:
		w.i++
		v = text(unquote(w.page.code[t.at:t.to]))
	case char:
		w.i++
		v = text(unquote(w.page.code[t.at:t.to]))
		if utf8.RuneCountInString(v.s) == 1 {
			v.typ = "char"
		}
	case number:
		w.i++
		n, ok := parseNumber(w.text(t))
		v = value{typ: "int", isNum: ok, n: n}
	case ident:
		v = w.name()
	case punct:
		if t.op[0] != '(' {
			w.i++
			return value{}
		}
		shut := int(t.pair)
		if shut > w.i && w.isTwo(shut+1, '-', '>') { // the parameters of a lambda
			lo := w.i + 1
			w.i = shut + 2
			return w.lambda(lo, shut)
		}
		if typ, ok := w.cast(); ok {
			w.i = shut + 1
			return w.convert(typ, w.castOperand())
		}
		w.i++
		v = w.expr(0)
		if w.is(w.i, ')') {
			w.i++
		} else if shut > w.i && shut < w.hi {
			w.later = append(w.later, [3]int{w.i, shut, w.scope})
			w.skipTo(shut + 1)
		}
	}
	return w.postfix(v)
}

// castOperand reads what a cast applies to, within the depth allowed.
func (w *walker) castOperand() value {
	if w.depth >= maxDepth {
		return w.postpone()
	}
	w.depth++
	v := w.unary()
	w.depth--
	return v
}

// nested walks the statements of a body inside an expression.
func (w *walker) nested(lo, hi int) {
	if hi <= lo {
		return
	}
	if w.depth >= maxDepth {
		w.facts.deep = true
		w.later = append(w.later, [3]int{lo, min(hi, w.hi), w.scope})
		return
	}
	w.depth += 10
	scope := w.scope
	w.block(lo, min(hi, w.hi))
	w.scope = scope
	w.depth -= 10
}

// convert is (typ) v.
func (w *walker) convert(typ string, v value) value {
	switch {
	case typ == "char" && v.isNum:
		return value{typ: "char", s: string(rune(v.n)), isStr: true, hidden: true, taint: v.taint, origin: v.origin}
	case primitives[typ]:
		if u := v.unit(); u.isNum {
			return value{typ: typ, isNum: true, n: u.n, taint: v.taint, origin: v.origin}
		}
		if typ != "char" && typ != "byte" {
			return value{typ: typ, digits: v.digits, origin: v.origin}
		}
		return v.asChar()
	case typ == "Object":
		return v
	}
	if requestTypes[typ] {
		typ = "Request"
	}
	v.typ = typ
	return v
}

// asChar is a number as the character of that code.
func (v value) asChar() value {
	v.taint, v.digits = v.taint|v.digits, 0
	return v
}

// name reads an identifier, a call of the page's own method, or new.
func (w *walker) name() value {
	word := w.word(w.i)
	at := w.tokens[w.i].at
	switch word {
	case "new":
		w.i++
		return w.create(at)
	case "this":
		w.i++
		if w.is(w.i, '.') && w.isIdent(w.i+1) && !w.is(w.i+2, '(') {
			w.i++
			key := varKey{0, w.word(w.i)} // the field, not a parameter of its name
			if v, ok := w.vars[key]; ok || w.isParam(key.name) {
				w.i++
				w.target = key
				return w.used(v, key)
			}
			return w.variable(key.name)
		}
		return value{typ: "this"}
	case "super":
		w.i++
		if w.is(w.i, '(') {
			return w.constructed("super", w.arguments(), at)
		}
		return value{typ: "super"}
	}
	if keywords[word] {
		w.i++
		return value{}
	}
	if w.is(w.i+1, '(') {
		w.i++
		return w.invoke(word, w.arguments(), at)
	}
	if w.isTwo(w.i+1, '-', '>') {
		lo := w.i
		w.i += 2
		return w.lambda(lo, lo+1)
	}
	return w.variable(word)
}

// isParam reports whether the method being read has a parameter of that name.
func (w *walker) isParam(name string) bool {
	return slices.ContainsFunc(w.methods[w.scope].params, func(p param) bool { return p.name == name })
}

// variable reads a variable, an implicit object, or the beginning of a name.
func (w *walker) variable(word string) value {
	at := w.tokens[w.i].at
	w.i++
	v, key, ok := w.lookup(word)
	w.target = key
	if ok {
		return w.used(v, key)
	}
	if int(at) >= w.page.el {
		switch word {
		case "param", "paramValues", "header", "headerValues", "cookie":
			return value{taint: fromRequest, origin: at, typ: "String"}
		}
		if v, ok := w.vars[varKey{0, "@" + word}]; ok { // an attribute that an expression set
			return v
		}
	}
	switch word {
	case "request", "req", "httpRequest":
		return value{typ: "Request"}
	case "response", "res", "resp":
		return value{typ: "Response"}
	case "session":
		return value{typ: "HttpSession"}
	case "application":
		return value{typ: "ServletContext"}
	case "pageContext":
		return value{typ: "PageContext"}
	case "out":
		return value{typ: "JspWriter"}
	case "true", "false", "null":
		return value{}
	}
	return value{name: word, typ: ""}
}

// used is a variable where it stands: others than it may put things into a
// table or list that is handed on.
func (w *walker) used(v value, key varKey) value {
	if v.fixed && holders[v.typ] && !w.is(w.i, '.') {
		v.fixed = false
		w.vars[key] = v
	}
	return v
}

// postfix reads .name, .name(…), [index], ++ and bodies of anonymous classes.
func (w *walker) postfix(v value) value {
	for w.i < w.hi {
		switch {
		case w.is(w.i, '.') && w.isIdent(w.i+1):
			at := w.tokens[w.i+1].at
			word := w.word(w.i + 1)
			w.i += 2
			if word == "new" && w.isIdent(w.i) {
				v = w.create(at)
				continue
			}
			if w.is(w.i, '(') {
				holder := w.target
				args := w.arguments()
				v = w.call(v, holder, word, args, at)
				if w.target = (varKey{}); word == "append" || word == "insert" {
					w.target = holder // sb.append(a).append(b) adds to sb twice
				}
				continue
			}
			v = w.field(v, word, at)
		case w.is(w.i, '.') && w.is(w.i+1, '<'): // .<T>name()
			for w.i < w.hi && !w.is(w.i, '>') {
				w.i++
			}
			w.i++
			if w.isIdent(w.i) && w.is(w.i+1, '(') {
				word, at := w.word(w.i), w.tokens[w.i].at
				w.i++
				v = w.call(v, varKey{}, word, w.arguments(), at)
			}
		case w.is(w.i, '['):
			shut := int(w.tokens[w.i].pair)
			w.i++
			target := w.target
			index := w.expr(0)
			if shut < w.hi {
				w.skipTo(shut + 1)
			}
			v = element(v, index)
			w.target = target
		case w.isTwo(w.i, '+', '+'), w.isTwo(w.i, '-', '-'):
			w.i++
		case w.isTwo(w.i, ':', ':') && w.isIdent(w.i+1): // method reference
			name := w.word(w.i + 1)
			w.call(v, varKey{}, name, nil, w.tokens[w.i+1].at)
			v = value{fn: &function{recv: v, name: name}}
			w.i += 2
		default:
			return v
		}
	}
	return v
}

// element is v[index].
func element(v, index value) value {
	if index.isNum && index.n >= 0 && int(index.n) < len(v.elems) {
		return v.elems[index.n]
	}
	if index.isNum && v.known() && len(v.elems) == 0 && v.typ != "String" {
		if index.n >= 0 && int(index.n) < len(v.s) {
			return value{isNum: true, n: int64(v.s[index.n]), typ: "int"}
		}
	}
	if v.typ == "Method" && startsPrograms[simple(v.name)] { // one of them
		return v
	}
	out := value{taint: v.taint, origin: v.origin, typ: strings.TrimSuffix(v.typ, "[]"), fixed: v.isFixed()}
	if v.typ == "Request" {
		out.typ = "Request"
	}
	if index.isStr { // EL: param['x']
		out.name = index.s
	}
	return out
}

// maxName is how long the name of a class with its packages may be, in bytes.
const maxName = 1 << 10

// field is v.word without a call.
func (w *walker) field(v value, word string, at int32) value {
	w.target = varKey{0, word}
	if word == "class" {
		return value{typ: "Class", name: v.name}
	}
	if word == "length" {
		return value{typ: "int"}
	}
	if v.name != "" && v.typ == "" && v.taint == 0 && len(v.name) < maxName {
		return value{name: v.name + "." + word}
	}
	if x, ok := w.vars[varKey{0, word}]; ok && v.typ != "Request" {
		return join(x, value{taint: v.taint, origin: v.origin})
	}
	if v.typ == "PageContext" && word == "request" {
		return value{typ: "Request"}
	}
	if v.typ == "Request" {
		switch word {
		case "queryString", "inputStream", "reader", "parameterMap", "pathInfo", "cookies":
			return value{taint: fromRequest, origin: at}
		}
	}
	return value{taint: v.taint, origin: v.origin}
}

// arguments reads (a, b, …).
func (w *walker) arguments() []value {
	shut := int(w.tokens[w.i].pair)
	if shut <= w.i {
		shut = w.hi
	}
	if w.depth >= maxDepth {
		w.postpone()
		w.first = ""
		return nil
	}
	first := ""
	if w.isIdent(w.i+1) && (w.is(w.i+2, ',') || w.is(w.i+2, ')')) {
		first = w.word(w.i + 1)
	}
	w.i++
	var args []value
	third := varKey{}
	for w.i < w.hi && w.i < shut {
		if w.is(w.i, ',') {
			w.i++
			continue
		}
		start := w.i
		v := w.expr(0)
		if len(args) == 2 {
			third = w.target
			if w.i == start+1 && w.isIdent(start) {
				_, third, _ = w.lookup(w.word(start))
			}
		}
		if len(args) < 256 {
			args = append(args, v)
		}
		if w.i <= start {
			w.i = start + 1
		}
	}
	w.skipTo(shut + 1)
	w.first, w.third = first, third
	return args
}

// create reads what follows new.
func (w *walker) create(at int32) value {
	typ := w.word(w.i)
	qualified := typ
	w.i++
	for w.is(w.i, '.') && w.isIdent(w.i+1) {
		typ = w.word(w.i + 1)
		qualified += "." + typ
		w.i += 2
	}
	if w.is(w.i, '<') {
		for j := w.i; j < w.i+40 && j < w.hi; j++ {
			if w.is(j, '(') || w.is(j, ';') {
				w.i = j
				break
			}
		}
	}
	if w.is(w.i, '[') {
		for w.is(w.i, '[') {
			shut := int(w.tokens[w.i].pair)
			w.i++
			if !w.is(w.i, ']') {
				w.expr(0)
			}
			if shut < w.i {
				break
			}
			w.skipTo(shut + 1)
		}
		if w.is(w.i, '{') {
			return w.array(typ)
		}
		return value{typ: typ + "[]"}
	}
	var args []value
	if w.is(w.i, '(') {
		args = w.arguments()
	}
	v := w.constructed(typ, args, at)
	if w.is(w.i, '{') {
		v.fixed = false // what the block puts into it is not known
		lo, hi := w.i+1, int(w.tokens[w.i].pair)
		w.skipTo(hi + 1)
		i := w.i
		w.nested(lo, hi)
		w.i = i
	}
	return v
}
