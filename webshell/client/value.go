package client

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"limier/internal/script"
)

// A vkind is the kind of a value.
type vkind uint8

const (
	unknown vkind = iota
	undefined
	boolean
	number
	text // constant but for its holes
	ref  // object, array, function
)

// hole stands in text for what is not known, and day for what the date makes of
// it, which is a hole too.
const (
	hole = "\uFFFC"
	day  = hole + "\uFFFB"
)

// A mark says where data came from.
type mark uint32

const (
	fromReferrer mark = 1 << iota
	bySearch          // the referrer was compared with search engines
	fromAnswer        // another host's
	fromField         // what a visitor typed
	fromCard          // into a field of a card
	fromPassword      // into a field for a password
	fromKeys          // the keys pressed, one by one
	fromAll           // all fields of a form or of the page
	fromPlace         // the address of the page
	atCheckout        // it was compared with those of shops' last pages
	veiled            // written such that nobody reads it
	fromAgent         // the browser's name
	fromKept          // a cookie, or what else the browser keeps
	allCookies        // as they are
	byRobot           // the browser was compared with robots
	byMember          // whether the visitor is logged in, or where those are who are
	timed             // comes round by itself
	fromWallet        // it was looked at for an address of a wallet
	dated             // made of the date
	byAnyClick        // wherever on the page a visitor clicks
	byLeave           // the visitor was asked whether he may be notified
	fromOwn           // what the site itself answers its visitor
	ofPaying          // what happens to a form of a shop's last pages
	labelled          // a label before it says that it is of a card, or a password
)

// secrets is what nobody sends to another host without waiting for the answer.
const secrets = fromCard | fromPassword | fromKeys

// A value is what the runner knows of one.
type value struct {
	k    vkind
	n    float64
	s    string
	o    *object
	from mark
}

// An object is what values of reference types share.
type object struct {
	class string // "array", "function", "getter", "native", "element", …
	name  string // of a native or of what a host's object gave; the tag of an element
	elems []value
	props map[string]value
	keys  []string // of props, in order
	fn    *script.Node
	env   *scope
	this  value        // of a native, what it is a method of; of an arrow function, its own
	def   *script.Node // of a class
	calls int          // of it so far
	busy  int          // how many of its calls are under way
	runs  int          // how often the function was run because something may happen
}

func str(s string) value  { return value{k: text, s: s} }
func num(f float64) value { return value{k: number, n: f} }
func yes(b bool) value {
	if b {
		return value{k: boolean, n: 1}
	}
	return value{k: boolean}
}
func obj(o *object) value        { return value{k: ref, o: o} }
func array(elems ...value) value { return obj(&object{class: "array", elems: elems}) }
func none() value                { return value{k: undefined} }
func method(of value, name string) value {
	return obj(&object{class: "native", name: name, this: of})
}
func dom(name string, of value) value {
	return value{k: ref, o: &object{class: "element", name: name, this: of}, from: of.from}
}

// some is what is unknown but stems from the given values.
func some(vs ...value) value {
	var out value
	for _, v := range vs {
		out.from |= v.marks()
	}
	return out
}

// maxMarked is how many values a value is asked for that it holds.
const maxMarked = 64

// heldDeep is how deep in a value others are asked for.
const heldDeep = 3

// marks are those of a value and of what it holds.
func (v value) marks() mark {
	left := maxMarked
	return v.within(heldDeep, &left)
}

func (v value) within(depth int, left *int) mark {
	m := v.from
	if v.k != ref || depth == 0 {
		return m
	}
	for i := range v.o.elems {
		if *left--; *left < 0 {
			return m
		}
		m |= v.o.elems[i].within(depth-1, left)
	}
	for _, k := range v.o.keys {
		if *left--; *left < 0 {
			return m
		}
		p := v.o.props[k]
		if p.k == ref && !p.is("object") && !p.is("array") && !p.o.container() {
			m |= p.from
			continue
		}
		m |= p.within(depth-1, left)
	}
	return m
}

// container reports whether an object of the browser holds what it was given.
func (o *object) container() bool {
	switch o.name {
	case "FormData", "URLSearchParams", "Headers", "Map", "Set", "WeakMap":
		return o.class == "element"
	}
	return false
}

func (v value) is(class string) bool { return v.k == ref && v.o.class == class }

func (v value) callable() bool { return v.is("function") || v.is("native") }

// known reports whether v is a constant without holes.
func (v value) known() bool {
	return v.k == undefined || v.k == boolean || v.k == number || v.k == text && !strings.Contains(v.s, hole)
}

// vague reports whether a function that calls itself with v need not end.
func (v value) vague() bool {
	return v.k == unknown || v.is("element") || v.is("native") || v.k == text && !v.known()
}

func (o *object) set(key string, v value) {
	if o.props == nil {
		o.props = map[string]value{}
	}
	if _, ok := o.props[key]; !ok {
		o.keys = append(o.keys, key)
	}
	o.props[key] = v
}

// string is the text of v, with a hole for what is unknown.
func (v value) string() string {
	switch v.k {
	case undefined:
		return "undefined"
	case boolean:
		if v.n != 0 {
			return "true"
		}
		return "false"
	case number:
		return format(v.n)
	case text:
		return v.s
	case ref:
		switch v.o.class {
		case "array":
			var b strings.Builder
			for i, e := range v.o.elems {
				if i > 0 {
					b.WriteByte(',')
				}
				if e.k != undefined && b.Len() < maxText && !e.is("array") {
					b.WriteString(e.string())
				}
			}
			return b.String()
		case "object":
			return "[object Object]"
		case "regexp":
			return v.o.name
		case "window":
			return "[object Window]"
		case "native":
			if name := v.o.native(); name != "" {
				return "function " + name + "() { [native code] }"
			}
		}
	}
	if v.from&dated != 0 {
		return day
	}
	return hole
}

// native is the name of a function of the language by which letters are spelt,
// "" of others.
func (o *object) native() string {
	switch o.name {
	case "filter", "flat", "fill", "find", "map", "concat", "slice", "sort", "String", "Number", "Array", "Boolean", "Function", "RegExp", "Object":
		return o.name
	case "constructor":
		switch of := o.this; {
		case of.k == text:
			return "String"
		case of.k == number:
			return "Number"
		case of.k == boolean:
			return "Boolean"
		case of.is("array"):
			return "Array"
		case of.is("regexp"):
			return "RegExp"
		case of.callable():
			return "Function"
		}
	}
	return ""
}

// text is v as text; what makes one of a list is paid for.
func (r *runner) text(v value) string {
	s := v.string()
	if v.is("array") {
		r.spend(len(s))
	}
	return s
}

func format(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// number is v as one, and whether it is known.
func (v value) number() (float64, bool) {
	for n := 0; n < 8 && v.is("array") && len(v.o.elems) == 1; n++ { // one may hold itself
		if v = v.o.elems[0]; v.k == boolean {
			return math.NaN(), true
		}
	}
	switch v.k {
	case number, boolean:
		return v.n, true
	case undefined:
		return math.NaN(), true
	case text:
		s := strings.TrimSpace(v.s)
		if s == "" {
			return 0, true
		}
		if len(s) > 40 || strings.Contains(s, hole) {
			return 0, false
		}
		if f, ok := parseInt(s, 10); ok && len(s) > 2 && s[1]|0x20 == 'x' {
			return f, true
		}
		if f, err := strconv.ParseFloat(s, 64); (err == nil || errors.Is(err, strconv.ErrRange)) && s[0] < 'A' {
			return f, true
		}
		return math.NaN(), true
	case ref:
		if v.is("array") && len(v.o.elems) == 0 {
			return 0, true
		}
		return math.NaN(), v.is("array") || v.is("object")
	}
	return 0, false
}

// parseInt is the language's: as many digits as there are. False is NaN.
func parseInt(s string, base int) (float64, bool) {
	s = strings.TrimSpace(s)
	sign := 1.0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	if len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x' && (base == 16 || base == 10) {
		s, base = s[2:], 16
	}
	f, i := 0.0, 0
	for ; i < len(s); i++ {
		d := digit(s[i])
		if d < 0 || d >= base {
			break
		}
		f = f*float64(base) + float64(d)
	}
	return sign * f, i > 0
}

func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// truth is v as a condition, and whether it is known.
func (v value) truth() (truth, known bool) {
	switch v.k {
	case undefined:
		return false, true
	case boolean, number:
		return v.n != 0 && !math.IsNaN(v.n), true
	case text:
		return v.s != "", v.s != hole
	case ref: // what the browser has may be missing there
		return true, v.o.class == "array" || v.o.class == "function" || v.o.class == "object" || v.o.class == "regexp"
	}
	return false, false
}

// whole is a number as bit operators see it.
func whole(f float64) int32 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return int32(uint32(int64(math.Mod(math.Trunc(f), 1<<32))))
}
