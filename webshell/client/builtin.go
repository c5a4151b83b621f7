package client

import (
	"encoding/base64"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

func arg(args []value, i int) value {
	if 0 <= i && i < len(args) {
		return args[i]
	}
	return none()
}

func (r *runner) built(s string, from ...value) value {
	r.spend(len(s))
	return value{k: text, s: s[:min(len(s), maxText)], from: some(from...).from}
}

// native calls a function of the language or the browser; this is what it is a
// method of, unknown without. One may call another, and so itself.
func (r *runner) native(name string, this value, args []value) value {
	if r.left--; r.left <= 0 || r.nest > maxNest {
		return value{}
	}
	r.nest++
	defer func() { r.nest-- }()
	if this.callable() {
		if v, ok := r.functional(name, this, args); ok {
			return v
		}
	}
	switch {
	case this.k == text:
		if v, ok := r.textMethod(name, this, args); ok {
			return v
		}
	case this.is("array"):
		if v, ok := r.arrayMethod(name, this, args); ok {
			return v
		}
	case this.k == number && name == "toString":
		base := 10
		if f, ok := arg(args, 0).number(); ok && f >= 2 && f <= 36 {
			base = int(f)
		}
		if base == 10 {
			return str(format(this.n))
		}
		return value{k: text, s: strconv.FormatInt(int64(this.n), base), from: this.from}
	case this.is("regexp"):
		switch name {
		case "test", "exec":
			return r.match(name, arg(args, 0), this)
		case "toString":
			return str(this.o.name)
		case "constructor":
			name = "RegExp"
		}
	case this.is("object"):
		switch name {
		case "hasOwnProperty":
			_, ok := this.o.props[r.text(arg(args, 0))]
			return yes(ok)
		case "toString":
			return str("[object Object]")
		}
	}
	if v, ok := r.free(name, args); ok {
		return v
	}
	return r.act(name, this, args)
}

// functional calls what functions have.
func (r *runner) functional(name string, fn value, args []value) (value, bool) {
	switch name {
	case "call":
		if fn.is("native") && len(args) > 0 { // [].slice.call(x)
			return r.native(fn.o.name, pick(args[0], fn.o.this), args[1:]), true
		}
		return r.call(fn, arg(args, 0), args[min(1, len(args)):]), true
	case "apply":
		list := arg(args, 1)
		in := list.o
		if !list.is("array") {
			if list.k == unknown {
				return r.call(fn, arg(args, 0), []value{list}), true
			}
			in = &object{}
		}
		r.left -= len(in.elems)
		if fn.is("native") {
			return r.native(fn.o.name, pick(arg(args, 0), fn.o.this), in.elems), true
		}
		return r.call(fn, arg(args, 0), in.elems), true
	case "bind":
		return fn, true
	case "toString":
		return value{}, true
	case "constructor":
		return r.compile(args), true
	}
	return value{}, false
}

// pick is the receiver that call and apply name, unless that is none.
func pick(named, own value) value {
	if named.k == undefined || named.is("window") || named.is("native") {
		return own
	}
	return named
}

// free calls what needs no receiver.
func (r *runner) free(name string, args []value) (value, bool) {
	a := arg(args, 0)
	r.left -= len(a.s) / 64
	switch name {
	case "fromCharCode", "fromCodePoint":
		var b []byte
		for _, v := range args {
			f, ok := v.number()
			if !ok {
				b = append(b, some(v).string()...)
				continue
			}
			b = utf8.AppendRune(b, rune(uint16(whole(f))))
		}
		return r.built(string(b), args...), true
	case "unescape", "decodeURIComponent", "decodeURI":
		if a.k == unknown {
			return some(a), true
		}
		s := r.text(a)
		if name != "unescape" {
			out, err := url.PathUnescape(s)
			if err != nil || !utf8.ValidString(out) {
				r.raised = a.known()
				return some(a), true
			}
			return r.built(out, a), true
		}
		return r.built(unescape(s), a), true
	case "escape", "encodeURIComponent", "encodeURI":
		if !a.known() {
			return r.built(a.string(), a), true
		}
		if name == "encodeURI" {
			return a, true
		}
		return r.built(strings.ReplaceAll(url.QueryEscape(a.string()), "+", "%20"), a), true
	case "atob":
		if !a.known() {
			out := some(a)
			if (out.from|r.under)&(fromAnswer|atCheckout) != 0 {
				out.from |= veiled
			}
			return out, true
		}
		s := strings.Join(strings.Fields(a.string()), "")
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
		if err != nil {
			r.raised = true
			return value{}, true
		}
		r.packed(b)
		return r.built(latin(b), a), true
	case "btoa":
		out := r.built(some(a).string(), a)
		if a.known() {
			out = r.built(base64.StdEncoding.EncodeToString([]byte(a.string())), a)
		}
		out.from |= a.marks() | veiled
		return out, true
	case "parseInt":
		if !a.known() {
			return some(a), true
		}
		base := 10
		if f, ok := arg(args, 1).number(); ok && f >= 2 && f <= 36 {
			base = int(f)
		}
		f, ok := parseInt(a.string(), base)
		if !ok {
			f = math.NaN()
		}
		return num(f), true
	case "Number", "parseFloat":
		if f, ok := a.number(); ok {
			return num(f), true
		}
		return some(a), true
	case "isNaN":
		if f, ok := a.number(); ok {
			return yes(math.IsNaN(f)), true
		}
		return some(a), true
	case "String":
		if len(args) == 0 {
			return str(""), true
		}
		return r.built(a.string(), a), true
	case "Boolean":
		if t, ok := a.truth(); ok {
			return yes(t), true
		}
		return some(a), true
	case "floor", "ceil", "round", "abs", "pow", "sqrt", "max", "min":
		return calculated(name, args), true
	case "Array":
		if f, ok := a.number(); ok && len(args) == 1 && a.k == number && f >= 0 && f < 4096 {
			r.spend(64 * int(f))
			return array(make([]value, int(f))...), true
		}
		return array(args...), true
	case "from", "of":
		if name == "of" {
			return array(args...), true
		}
		list := a
		if a.k == text && a.known() && r.spend(64*len(a.s)) {
			list = array()
			for _, c := range units(a.s) {
				list.o.elems = append(list.o.elems, str(c))
			}
		}
		if list.is("array") && len(args) > 1 {
			v, _ := r.arrayMethod("map", list, args[1:])
			return v, true
		}
		return list, true
	case "RegExp":
		if a.is("regexp") {
			return a, true
		}
		if len(args) == 0 {
			a = str("(?:)")
		}
		flags := ""
		if f := arg(args, 1); f.k == text {
			flags = f.s
		}
		return obj(&object{class: "regexp", name: r.built("/"+a.string()+"/"+flags, a).s}), true
	case "keys":
		if a.is("object") {
			out := array()
			r.spend(64 * len(a.o.keys))
			for _, k := range a.o.keys {
				out.o.elems = append(out.o.elems, str(k))
			}
			return out, true
		}
	case "stringify":
		left := maxMarked
		return value{k: text, s: hole, from: a.within(2*heldDeep, &left)}, true
	}
	return value{}, false
}

func calculated(name string, args []value) value {
	x, ok1 := arg(args, 0).number()
	y, ok2 := arg(args, 1).number()
	if !ok1 || len(args) > 1 && !ok2 || len(args) > 2 {
		return some(args...)
	}
	switch name {
	case "floor":
		x = math.Floor(x)
	case "ceil":
		x = math.Ceil(x)
	case "round":
		x = math.Floor(x + 0.5)
	case "abs":
		x = math.Abs(x)
	case "pow":
		x = math.Pow(x, y)
	case "sqrt":
		x = math.Sqrt(x)
	case "max":
		x = math.Max(x, y)
	case "min":
		x = math.Min(x, y)
	}
	return num(x)
}

// integer is an argument as a count of letters or elements, and whether it is known.
func integer(args []value, i, otherwise int) (int, bool) {
	if i >= len(args) || args[i].k == undefined {
		return otherwise, true
	}
	f, ok := args[i].number()
	if !ok {
		return otherwise, false
	}
	if math.IsNaN(f) {
		f = 0
	}
	return int(max(-1<<30, min(f, 1<<30))), true
}
