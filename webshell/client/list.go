package client

import (
	"slices"
	"strings"
)

func (r *runner) arrayMethod(name string, this value, args []value) (value, bool) {
	o := this.o
	a := arg(args, 0)
	room := func() bool { return len(o.elems) < maxElems && r.spend(64*len(o.elems)) }
	switch name {
	case "push":
		if len(o.elems)+len(args) < maxElems && r.spend(64*len(args)) {
			o.elems = append(o.elems, args...)
		}
		return num(float64(len(o.elems))), true
	case "unshift":
		if room() {
			o.elems = append(slices.Clone(args), o.elems...)
		}
		return num(float64(len(o.elems))), true
	case "pop":
		if n := len(o.elems); n > 0 {
			v := o.elems[n-1]
			o.elems = o.elems[:n-1]
			return v, true
		}
		return none(), true
	case "shift":
		if len(o.elems) > 0 {
			v := o.elems[0]
			o.elems = o.elems[1:]
			return v, true
		}
		return none(), true
	case "join", "toString":
		sep := ","
		if a.k == text {
			sep = a.s
		}
		var b strings.Builder
		for i, e := range o.elems {
			if i > 0 {
				b.WriteString(sep)
			}
			if e.k != undefined {
				b.WriteString(e.string())
			}
			if r.left--; b.Len() > maxText || r.left <= 0 {
				break
			}
		}
		return r.built(b.String(), this), true
	case "reverse":
		slices.Reverse(o.elems)
		r.left -= len(o.elems) / 16
		return this, true
	case "slice":
		i, ok1 := integer(args, 0, 0)
		j, ok2 := integer(args, 1, len(o.elems))
		if !ok1 || !ok2 || !room() {
			return some(this), true
		}
		n := len(o.elems)
		if i < 0 {
			i += n
		}
		if j < 0 {
			j += n
		}
		i = max(0, min(i, n))
		return array(slices.Clone(o.elems[i:max(i, min(j, n))])...), true
	case "splice":
		i, _ := integer(args, 0, 0)
		n, _ := integer(args, 1, 1<<30)
		if i < 0 {
			i += len(o.elems)
		}
		i = max(0, min(i, len(o.elems)))
		n = max(0, min(n, len(o.elems)-i))
		if !room() {
			return some(this), true
		}
		cut := slices.Clone(o.elems[i : i+n])
		o.elems = slices.Concat(o.elems[:i], args[min(2, len(args)):], o.elems[i+n:])
		return array(cut...), true
	case "concat":
		out := slices.Clone(o.elems)
		for _, a := range args {
			if a.is("array") && len(out)+len(a.o.elems) < maxElems {
				out = append(out, a.o.elems...)
			} else {
				out = append(out, a)
			}
		}
		r.spend(64 * len(out))
		return array(out...), true
	case "indexOf", "includes":
		for i, e := range o.elems {
			if r.left--; r.left <= 0 {
				break
			}
			if same, ok := r.equal(e, a); ok && same {
				if name == "includes" {
					return yes(true), true
				}
				return num(float64(i)), true
			}
		}
		if !a.known() {
			return some(this, a), true
		}
		if name == "includes" {
			return yes(false), true
		}
		return num(-1), true
	case "forEach", "map", "filter", "some", "every", "find", "reduce", "reduceRight", "sort":
		return r.callEach(name, this, args), true
	}
	return value{}, false
}

// callEach calls a function for each element.
func (r *runner) callEach(name string, this value, args []value) value {
	fn, out := arg(args, 0), array()
	acc := arg(args, 1)
	if name == "sort" {
		return this
	}
	for i, e := range this.o.elems {
		if r.left -= 1 + len(e.s)/perStep; r.left <= 0 || r.raised {
			break
		}
		at := num(float64(i))
		if name == "reduce" || name == "reduceRight" {
			if i == 0 && len(args) < 2 {
				acc = e
				continue
			}
			acc = r.call(fn, value{}, []value{acc, e, at, this})
			continue
		}
		v := r.call(fn, arg(args, 1), []value{e, at, this})
		t, known := v.truth()
		t = t || !known
		out.from |= v.from
		switch {
		case name == "map":
			out.o.elems = append(out.o.elems, v)
			r.spend(64)
		case name == "filter" && t:
			out.o.elems = append(out.o.elems, e)
			r.spend(64)
		case name == "find" && t:
			return e
		}
	}
	switch name {
	case "map", "filter":
		return out
	case "reduce", "reduceRight":
		return acc
	case "forEach":
		return none()
	}
	return some(out)
}
