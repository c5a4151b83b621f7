package cfml

import (
	"bytes"
	"strings"
)

// maxDepth bounds how deep expressions and calls are nested.
const maxDepth = 80

// A reader goes through a stretch of code, and evaluates it as it goes: whatever
// a condition says, all branches are taken.
type reader struct {
	*page
	low, data []byte // the code in lower case, and as it is written
	i, hi     int
	made      bool // the code is a text that the page made, which stands at from
	from      int
	tag       bool // the code stands in a tag: > ends it
}

func (r *reader) place(i int) int {
	if r.made {
		return r.from
	}
	return i
}

func (r *reader) peek(n int) byte {
	if r.i+n < r.hi {
		return r.low[r.i+n]
	}
	return 0
}

func (r *reader) has(s string) bool {
	return r.i+len(s) <= r.hi && string(r.low[r.i:r.i+len(s)]) == s
}

// take goes past a text if it is there.
func (r *reader) take(s string) bool {
	if !r.has(s) {
		return false
	}
	r.i += len(s)
	return true
}

// skip goes past space, and in a script past comments.
func (r *reader) skip() {
	for r.i < r.hi {
		switch {
		case r.low[r.i] <= ' ':
			r.i++
		case !r.tag && r.has("//"):
			if n := bytes.IndexByte(r.low[r.i:r.hi], '\n'); n >= 0 {
				r.i += n
			} else {
				r.i = r.hi
			}
		case !r.tag && r.has("/*"):
			if n := bytes.Index(r.low[r.i+2:r.hi], []byte("*/")); n >= 0 {
				r.i += n + 4
			} else {
				r.i = r.hi
			}
		default:
			return
		}
	}
}

func letterByte(c byte) bool { return c-'a' < 26 || c == '_' || c == '$' }

func wordByte(c byte) bool { return letterByte(c) || c-'0' < 10 }

func (r *reader) word() string {
	from := r.i
	for r.i < r.hi && wordByte(r.low[r.i]) {
		r.i++
	}
	return string(r.low[from:r.i])
}

// ahead is the word that stands next, which is not taken.
func (r *reader) ahead() string {
	i := r.i
	w := r.word()
	r.i = i
	return w
}

func (r *reader) expr() *value {
	r.skip()
	if r.depth++; r.depth > maxDepth || r.room < 0 {
		r.i = min(r.i+1, r.hi)
		r.depth--
		return unknown
	}
	defer func() { r.depth-- }()
	v := r.cat()
	for {
		r.skip()
		switch {
		case r.take("?:"):
			v = either(v, r.expr())
		case r.peek(0) == '?' && r.peek(1) != '.':
			r.i++
			v = r.expr()
			if r.skip(); r.take(":") {
				v = either(v, r.expr())
			}
			return v
		case r.compares():
			r.cat()
			v = unknown
		default:
			return v
		}
	}
}

var comparing = map[string]bool{"eq": true, "neq": true, "is": true, "gt": true, "gte": true, "ge": true, "lt": true, "lte": true, "le": true,
	"contains": true, "does": true, "equal": true, "greater": true, "less": true, "and": true, "or": true, "xor": true, "eqv": true, "imp": true}

// compares goes past an operator that compares or joins conditions.
func (r *reader) compares() bool {
	if c := r.peek(0); letterByte(c) {
		w := r.ahead()
		if !comparing[w] {
			return false
		}
		r.either = r.either || w == "or" || w == "xor" || w == "imp" || w == "eqv"
		for { // "is not equal to", "does not contain", "less than or equal to"
			r.word()
			r.skip()
			switch w := r.ahead(); w {
			case "contain", "equal", "than", "to", "or":
			case "not":
				r.negated = true
			default:
				return true
			}
		}
	}
	for _, op := range []string{"===", "!==", "==", "!=", "&&", "||"} {
		if r.take(op) {
			r.either = r.either || op == "||"
			return true
		}
	}
	if r.tag {
		return false
	}
	for _, op := range []string{"<=", ">=", "<>", "<", ">"} {
		if r.take(op) {
			return true
		}
	}
	return false
}

// cat reads texts joined by &.
func (r *reader) cat() *value {
	v := r.sum()
	for {
		r.skip()
		if r.peek(0) != '&' || r.peek(1) == '&' || r.peek(1) == '=' {
			return v
		}
		r.i++
		v = concat(v, r.sum())
	}
}

// sum reads a calculation, which gives a number.
func (r *reader) sum() *value {
	v := r.operand()
	for {
		r.skip()
		switch c := r.peek(0); {
		case c == '+' || c == '-' || c == '*' || c == '^' || c == '%' || c == '\\' || c == '/' && !(r.tag && r.peek(1) == '>'):
			r.i++
		case c == 'm' && r.ahead() == "mod":
			r.i += 3
		default:
			return v
		}
		v = number(v, r.operand())
	}
}

func (r *reader) operand() *value {
	for {
		r.skip()
		switch c := r.peek(0); {
		case c == '!':
			r.negated = true
			r.i++
		case c == '-' || c == '+':
			r.i++
		case c == 'n' && r.ahead() == "not":
			r.negated = true
			r.i += 3
		case c == 'n' && r.ahead() == "new" && r.i+3 < r.hi && r.low[r.i+3] <= ' ':
			r.i += 3
			return r.create()
		default:
			return r.primary()
		}
	}
}

func (r *reader) primary() *value {
	at := r.i
	switch c := r.peek(0); {
	case c == '"' || c == '\'':
		r.i++
		return r.postfix("", nil, r.text(c), at)
	case c == '#':
		r.i++
		v := r.expr()
		r.skip()
		r.take("#")
		return v
	case c == '(':
		if fn := r.arrow(); fn != nil {
			return &value{fn: fn}
		}
		r.i++
		v := r.expr()
		r.skip()
		r.take(")")
		return r.postfix("", nil, v, at)
	case c == '[' || c == '{':
		r.i++
		return r.postfix("", nil, r.literal(c+2), at)
	case c-'0' < 10:
		for r.i < r.hi && (wordByte(r.low[r.i]) || r.low[r.i] == '.') {
			r.i++
		}
		return constant(string(r.data[at:r.i]))
	case letterByte(c):
		return r.path()
	}
	return unknown
}

// text reads a text up to its quotation mark, with what stands in it between
// number signs.
func (r *reader) text(quote byte) *value {
	v := constant("")
	var plain []byte
	flush := func() {
		if len(plain) > 0 {
			v = concat(v, constant(string(plain)))
			plain = nil
		}
	}
	for r.i < r.hi {
		from := r.i
		for r.i < r.hi && r.low[r.i] != quote && r.low[r.i] != '#' {
			r.i++
		}
		if len(plain) < 2*maxKnown {
			plain = append(plain, r.data[from:min(r.i, from+2*maxKnown)]...)
		}
		if r.i >= r.hi {
			break
		}
		switch c := r.low[r.i]; {
		case r.peek(1) == c: // one that is written twice
			plain = append(plain, c)
			r.i += 2
		case c == quote:
			r.i++
			flush()
			return v
		default:
			flush()
			v = concat(v, r.inText())
		}
	}
	flush()
	return v
}

// inText reads a value between number signs.
func (r *reader) inText() *value {
	r.i++
	tag := r.tag
	r.tag = false
	v := r.expr()
	r.skip()
	r.tag = tag
	r.take("#")
	return v
}

// literal reads a list or struct to the bracket that ends it.
func (r *reader) literal(end byte) *value {
	v := &value{open: true, fields: map[string]*value{}}
	for n := 0; r.i < r.hi; n++ {
		r.skip()
		if r.peek(0) == end {
			r.i++
			return v
		}
		from := r.i
		key, named := r.key()
		f := r.expr()
		if !named {
			key = "*"
			if r.skip(); r.peek(0) == ':' || r.peek(0) == '=' { // a made key
				r.i++
				f = r.expr()
			}
		}
		v.put(key, f)
		r.skip()
		if !r.take(",") && r.i == from {
			r.i = min(r.i+1, r.hi)
		}
	}
	return v
}

// key goes past the name of an argument or a field: name = or name:.
func (r *reader) key() (string, bool) {
	from := r.i
	var name string
	if c := r.peek(0); c == '"' || c == '\'' {
		end := bytes.IndexByte(r.low[r.i+1:min(r.hi, r.i+100)], c)
		if end < 0 {
			return "", false
		}
		name = string(r.low[r.i+1 : r.i+1+end])
		r.i += end + 2
	} else {
		name = r.word()
	}
	r.skip()
	if name != "" && (r.peek(0) == ':' || r.peek(0) == '=' && r.peek(1) != '=' && r.peek(1) != '>') {
		r.i++
		return name, true
	}
	r.i = from
	return "", false
}

// An argument is what a function is given.
type argument struct {
	*value
	name   string
	source string // how its expression begins
}

// arguments reads what stands between parentheses, of which the first is taken.
func (r *reader) arguments() (args []argument) {
	for r.i < r.hi {
		r.skip()
		if r.take(")") {
			return args
		}
		from := r.i
		name, _ := r.key()
		r.skip()
		lo := r.i
		v := r.expr()
		if len(args) < maxFields {
			args = append(args, argument{v, name, string(bytes.TrimSpace(r.low[lo:min(r.i, lo+80)]))})
		}
		r.skip()
		if !r.take(",") && r.i == from {
			r.i = min(r.i+1, r.hi)
		}
	}
	return args
}

// Scopes of the page's own variables, and those that it shares with others.
var (
	own    = map[string]bool{"variables": true, "local": true, "this": true, "arguments": true}
	others = map[string]bool{"request": true, "session": true, "application": true, "server": true, "client": true, "attributes": true, "caller": true, "thread": true, "static": true}
)

// path reads a variable with its fields and calls, and what is assigned to it.
func (r *reader) path() *value {
	at := r.i
	root := r.word()
	switch root {
	case "function":
		if fn := r.closure(at); fn != nil {
			return &value{fn: fn}
		}
	case "var", "final":
		if r.skip(); letterByte(r.peek(0)) {
			declare := r.declare
			r.declare = true
			defer func() { r.declare = declare }()
			return r.path()
		}
	}
	if (own[root] || others[root]) && (r.peek(0) == '.' || r.peek(0) == '[') {
		scope := root
		if r.peek(0) == '.' {
			r.i++
			root = r.word()
		} else {
			r.i++
			key := r.expr()
			r.skip()
			r.take("]")
			root = "*"
			if key.known() {
				root = strings.ToLower(key.head)
			}
		}
		if others[scope] {
			root = scope + "." + root
		}
		if n := len(r.frames); scope == "arguments" && n > 0 && r.frames[n-1].open && r.frames[n-1].vars[root] == nil { // one that is not declared
			r.frames[n-1].vars[root] = request(outside)
		}
	}
	if root == "" {
		return unknown
	}
	if fn := r.arrowFrom(at); fn != nil {
		return &value{fn: fn}
	}
	if r.peek(0) == ' ' || r.peek(0) == '\t' {
		i := r.i
		if r.skip(); r.peek(0) != '(' || comparing[root] {
			r.i = i
		}
	}
	var v *value
	if r.peek(0) == '(' {
		r.i++
		v = r.postfix("", nil, r.call(root, r.place(at)), at)
	} else {
		v = r.postfix(root, nil, r.look(root, r.place(at)), at)
	}
	r.asked = r.asked || v.sent()
	return v
}

// postfix reads the fields, elements and methods that follow a value, and an
// assignment to a variable.
func (r *reader) postfix(root string, keys []string, v *value, at int) *value {
	for r.i < r.hi {
		space := r.i
		r.skip()
		switch c := r.peek(0); {
		case c == '.' && letterByte(r.peek(1)), c == '?' && r.peek(1) == '.', c == ':' && r.peek(1) == ':':
			if r.i++; c != '.' {
				r.i++
			}
			key := r.word()
			if r.peek(0) == '(' {
				r.i++
				v = r.method(root, keys, v, key, r.place(at))
				root = ""
				continue
			}
			keys = append(keys[:min(len(keys), maxNested)], key)
			v = r.guard(root, keys, v.member(key))
		case c == '[':
			r.i++
			k := r.expr()
			r.skip()
			r.take("]")
			key := "*"
			if k.known() {
				key = strings.ToLower(k.head)
			}
			if r.peek(0) == '(' {
				r.i++
				v = r.method(root, keys, v, key, r.place(at))
				root = ""
				continue
			}
			keys = append(keys[:min(len(keys), maxNested)], key)
			v = r.guard(root, keys, v.member(key))
		case c == '(' && v.fn != nil:
			r.i++
			v = r.invoke(v.fn, r.arguments())
			root = ""
		case root == "":
			r.i = space
			return v
		default:
			if out := r.assign(root, keys, v); out != nil {
				return out
			}
			r.i = space
			return v
		}
	}
	return v
}

// assign reads an assignment, if one follows.
func (r *reader) assign(root string, keys []string, old *value) *value {
	c, d := r.peek(0), r.peek(1)
	var v *value
	switch {
	case c == '=' && d != '=' && d != '>':
		r.i++
		v = r.expr()
	case c == '&' && d == '=':
		r.i += 2
		v = concat(old, r.expr())
	case (c == '+' || c == '-' || c == '*' || c == '/') && d == '=':
		r.i += 2
		v = number(old, r.expr())
	case (c == '+' || c == '-') && d == c:
		r.i += 2
		v = number(old)
	default:
		return nil
	}
	r.set(root, keys, v)
	return v
}

// create reads the object that follows new.
func (r *reader) create() *value {
	r.skip()
	r.take("java:")
	at := r.i
	var name string
	if c := r.peek(0); c == '"' || c == '\'' {
		r.i++
		name = r.text(c).head
	} else {
		for r.i < r.hi && (wordByte(r.low[r.i]) || r.low[r.i] == '.') {
			r.i++
		}
		name = string(r.data[at:r.i])
	}
	r.skip()
	if r.take("(") {
		args := r.arguments()
		if strings.HasPrefix(strings.ToLower(name), "java") {
			return r.postfix("", nil, r.java(r.object(name, r.place(at)), "init", args, r.place(at)), at)
		}
		return r.postfix("", nil, mixed(values(args)...), at)
	}
	return unknown
}

func values(args []argument) (all []*value) {
	for _, a := range args {
		all = append(all, a.value)
	}
	return all
}
