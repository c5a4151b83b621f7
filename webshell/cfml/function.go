package cfml

import (
	"bytes"
	"regexp"
	"slices"
)

// A function of the page, or one without a name.
type function struct {
	params   []string
	defaults map[string]*value
	code     reader // its body
	script   bool   // the body is of cfscript
	expr     bool   // the body is an expression
	remote   bool   // it may be called from outside
	end      int    // what follows it
	called   bool
	active   bool
}

// A frame is what a function that runs calls its own.
type frame struct {
	vars map[string]*value
	out  *value // what it returns
	open bool   // it is called from outside
}

const maxFunctions, maxBody = 500, 100 << 10

var (
	declares = regexp.MustCompile(`^function\s+[a-z_$][\w$]*\s*\(`)
	argName  = regexp.MustCompile(`<cfargument\b[^>]*?\bname\s*=\s*["']?([\w$]+)`)
	remote   = regexp.MustCompile(`\bremote\b[^;{}()<>]*$`)
)

// declarations finds the functions that the page declares.
func (p *page) declarations() {
	const word = "function"
	for i := 0; len(p.all) < maxFunctions && p.room > 0; {
		n := bytes.Index(p.low[i:], []byte(word))
		if n < 0 {
			return
		}
		at := i + n
		i = at + len(word)
		switch {
		case bytes.HasSuffix(p.low[:at], []byte("<cf")):
			at -= 3
		case at > 0 && wordByte(p.low[at-1]) || i < len(p.low) && p.low[i] > ' ' || !declares.Match(p.low[at:min(len(p.low), at+200)]):
			continue
		}
		r := p.reader(at, len(p.low))
		fn := &function{}
		var name string
		if r.take("<cffunction") {
			a := r.attributes()
			r.closed()
			name = string(bytes.ToLower([]byte(a.get("name").head)))
			fn.remote = a.get("access").ends() == "remote"
			lo := r.i
			hi := min(len(p.low), lo+maxBody)
			if n := bytes.Index(p.low[lo:hi], []byte("</cffunction")); n >= 0 {
				hi = lo + n
			}
			for _, a := range argName.FindAllSubmatch(p.low[lo:min(hi, lo+8<<10)], 50) {
				fn.params = append(fn.params, string(a[1]))
			}
			fn.code, fn.end = *p.reader(lo, hi), hi
		} else {
			r.take("function")
			r.skip()
			name = r.word()
			r.skip()
			r.body(fn)
			fn.remote = remote.Match(p.low[max(0, at-100):at]) || bytes.Contains(p.low[at:fn.code.i], []byte(`access="remote"`))
		}
		p.at[at] = fn
		p.all = append(p.all, fn)
		if p.functions[name] == nil {
			p.functions[name] = fn
		}
	}
}

// body reads the parameters of a function, and where what it does stands.
func (r *reader) body(fn *function) {
	r.take("(")
	var last string
	fn.defaults = map[string]*value{}
	for r.i < r.hi {
		r.skip()
		switch c := r.peek(0); {
		case c == '=':
			r.i++
			fn.defaults[last] = r.expr()
			continue
		case c == ',' || c == ')':
			if last != "" && len(fn.params) < maxFields {
				fn.params = append(fn.params, last)
			}
			last = ""
			r.i++
			if c == ',' {
				continue
			}
		case wordByte(c):
			last = r.word()
			continue
		default:
			r.i++
			continue
		}
		break
	}
	for r.i < r.hi && r.low[r.i] != '{' && r.low[r.i] != ';' && r.low[r.i] != '}' {
		r.i++
	}
	r.block(fn)
}

// block takes a block of script for the body of a function.
func (r *reader) block(fn *function) {
	fn.script, fn.code = true, *r
	fn.code.tag = false
	r.i = min(r.i+1, r.hi)
	fn.code.i = r.i
	r.i = r.closes()
	fn.code.hi = r.i
	r.take("}")
	fn.end = r.i
}

// closes returns where the block ends that begins at the reader's place.
func (r *reader) closes() int {
	hi := min(r.hi, r.i+maxBody)
	depth := 1
	for i := r.i; i < hi; i++ {
		switch c := r.low[i]; c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				r.room -= i - r.i
				return i
			}
		case '"', '\'':
			n := bytes.IndexByte(r.low[i+1:hi], c)
			if n < 0 {
				r.room -= hi - r.i
				return hi
			}
			i += n + 1
		case '/':
			if i+1 < hi && r.low[i+1] == '/' {
				for i < hi && r.low[i] != '\n' {
					i++
				}
			}
		}
	}
	r.room -= hi - r.i
	return hi
}

// closure reads a function that has no name, or is not declared at the top.
func (r *reader) closure(at int) *function {
	i := r.i
	r.skip()
	r.word()
	if r.skip(); r.peek(0) != '(' {
		r.i = i
		return nil
	}
	fn := &function{}
	r.body(fn)
	r.keep(fn)
	return fn
}

func (r *reader) keep(fn *function) {
	if len(r.all) < 2*maxFunctions {
		r.all = append(r.all, fn)
	}
}

// arrow reads (a, b) => …
func (r *reader) arrow() *function {
	end := bytes.IndexAny(r.low[r.i+1:min(r.hi, r.i+100)], "()\"';{")
	if end < 0 || r.low[r.i+1+end] != ')' {
		return nil
	}
	i := r.i
	var params []string
	for _, w := range bytes.Split(r.low[r.i+1:r.i+1+end], []byte(",")) {
		if f := bytes.Fields(bytes.Split(w, []byte("="))[0]); len(f) > 0 {
			params = append(params, string(f[len(f)-1]))
		}
	}
	r.i += end + 2
	if fn := r.arrowBody(params); fn != nil {
		return fn
	}
	r.i = i
	return nil
}

// arrowFrom reads a => …, of which the parameter is taken.
func (r *reader) arrowFrom(at int) *function {
	if c := r.peek(0); c != ' ' && c != '=' {
		return nil
	}
	i := r.i
	if fn := r.arrowBody([]string{string(r.low[at:r.i])}); fn != nil {
		return fn
	}
	r.i = i
	return nil
}

func (r *reader) arrowBody(params []string) *function {
	if r.skip(); !r.take("=>") {
		return nil
	}
	fn := &function{params: params}
	if r.skip(); r.peek(0) == '{' {
		r.block(fn)
	} else {
		fn.expr, fn.code = true, *r
		r.frames = append(r.frames, &frame{vars: map[string]*value{}})
		r.expr()
		r.frames = r.frames[:len(r.frames)-1]
		fn.code.hi = r.i
	}
	r.keep(fn)
	return fn
}

// invoke calls a function.
func (p *page) invoke(fn *function, args []argument) *value {
	if fn.active || p.room < 0 || p.depth > maxDepth/2 || len(p.frames) > 20 {
		return mixed(values(args)...)
	}
	f := &frame{vars: map[string]*value{}, out: unknown, open: fn.remote && len(p.frames) == 0}
	for i, name := range fn.params {
		f.vars[name] = unknown
		if d := fn.defaults[name]; d != nil {
			f.vars[name] = d
		}
		if i < len(args) && args[i].name == "" {
			f.vars[name] = args[i].value
		}
	}
	for i, a := range args {
		switch {
		case a.name == "argumentcollection":
			for _, name := range fn.params {
				f.vars[name] = a.member(name)
			}
		case a.name != "":
			f.vars[a.name] = a.value
		case i >= len(fn.params):
			f.vars["*"] = a.value
		}
	}
	fn.called, fn.active = true, true
	p.depth++
	guarded, declare := p.guarded, p.declare
	p.guarded, p.declare = map[string]int{}, false
	p.frames = append(p.frames, f)
	r := fn.code
	p.room -= r.hi - r.i
	switch {
	case fn.expr:
		f.out = r.expr()
	case fn.script:
		r.script()
	default:
		r.tags()
	}
	p.frames = p.frames[:len(p.frames)-1]
	p.guarded, p.declare = guarded, declare
	p.depth--
	fn.active = false
	return f.out
}

// returns notes what a function returns.
func (p *page) returns(v *value) {
	if n := len(p.frames); n > 0 {
		p.frames[n-1].out = either(p.frames[n-1].out, v)
	}
}

// uncalled runs the functions that nothing in the page calls: others, or who
// asks from outside, may.
func (p *page) uncalled() {
	for i := 0; i < len(p.all); i++ {
		fn := p.all[i]
		if fn.called && !fn.remote {
			continue
		}
		var args []argument
		for range fn.params {
			v := unknown
			if fn.remote {
				v = request(outside)
			}
			args = append(args, argument{value: v})
		}
		p.invoke(fn, args)
	}
}

// lookup returns a variable, nil if there is none.
func (p *page) lookup(name string) *value {
	for _, f := range slices.Backward(p.frames) {
		if v := f.vars[name]; v != nil {
			return v
		}
	}
	return p.vars[name]
}

// look is what a variable, or a scope of the request, holds.
func (r *reader) look(name string, at int) *value {
	v := r.lookup(name)
	switch {
	case v != nil && v.at == outside:
		v = request(at)
	case v != nil:
	case name == "form" || name == "url" || name == "cookie":
		v = request(at)
		v.scope = true
	case name == "cgi":
		v = &value{open: true, class: "cgi", at: at}
	case r.functions[name] != nil:
		v = &value{fn: r.functions[name]}
	case name == "*" && len(r.frames) > 0: // arguments of a number, or of a made name
		v = unknown
		for _, a := range r.frames[len(r.frames)-1].vars {
			v = either(v, a)
		}
	case name == "arguments" && len(r.frames) > 0:
		v = &value{open: true, fields: r.frames[len(r.frames)-1].vars}
	default:
		v = unknown
	}
	return r.guard(name, nil, v)
}

// set assigns to a variable, or to a field of one.
func (r *reader) set(root string, keys []string, v *value) {
	if root == "form" || root == "url" || root == "cookie" || root == "cgi" {
		return
	}
	if len(keys) > 0 {
		base := r.lookup(root)
		if base == nil || base == unknown || base.known() {
			base = &value{open: true, fields: map[string]*value{}}
			r.set(root, nil, base)
		}
		for _, k := range keys[:len(keys)-1] {
			if base.fields == nil {
				return
			}
			if base.fields[k] == nil || base.fields[k].fields == nil {
				base.put(k, &value{open: true, fields: map[string]*value{}})
			}
			if base = base.fields[k]; base == nil {
				return
			}
		}
		if base.fields != nil {
			base.put(keys[len(keys)-1], v)
		}
		return
	}
	vars := r.vars
	if n := len(r.frames); n > 0 && r.declare {
		vars = r.frames[n-1].vars
	} else {
		for _, f := range slices.Backward(r.frames) {
			if f.vars[root] != nil {
				vars = f.vars
				break
			}
		}
	}
	vars[root] = v
}
