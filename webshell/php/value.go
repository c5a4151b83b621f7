package php

import (
	"math"
	"strconv"
	"strings"
)

// A vkind is what is known of a value.
type vkind uint8

const (
	vUnknown vkind = iota
	vNull
	vBool
	vInt
	vFloat
	vStr
	vPart // a string of which only the start (s) and the end (tail) are known
	vArr
	vObj
	vFn
)

// A taint says where a value comes from and what happened to it.
type taint uint64

const (
	fromRequest taint = 1 << iota // the client chooses it
	fromHeader                    // also fromRequest: User-Agent, Referer and the like
	fromUpload                    // temporary name or content of an uploaded file
	fromUpName                    // name the client gave to an upload
	fromRemote                    // fetched over the network
	fromFile                      // read from a file
	fromOddFile                   // read from a file that is no script: image, log, own tail
	fromDB
	fromUndef // an undefined variable: register_globals, or an include
	fromParam // a parameter of a function that nobody called
	fromList  // a directory listing
	fromURI   // REQUEST_URI, PHP_SELF: the client has a say, programs use them everywhere
	fromBlob  // a long literal
	decoded   // went through a decoder
	unsure    // went through a function that is not in this file
	checked   // was compared with a list or a pattern
	hidden    // its text was assembled at run time: pieces, XOR, look-ups
	wholeReq  // the request as a whole, not one field
	secret    // a field named like a password or a card number
	address   // the visitor's address
	keyed     // decoded with a key that the request gives
	session   // from the session
	argument  // an argument that the client chose, escaped for the shell
	masked    // made by a function whose name was assembled
	shady     // from a host where anyone may leave text, or one that is hidden
	wrapped   // went through an encoder
	ownHost   // the name under which the visitor asks for the site
	ownPage   // the address of the page that the visitor asks for
	tailored  // fetched by telling another host which page of this one is asked for
	spotted   // says whether the visitor is a search engine
	loot      // settings that hold passwords, or users with theirs
	selfPath  // the path of the file itself
	ownText   // what the file reads of itself
	requoted  // its quotes were replaced
	card      // a number of a card, or what is printed beside it
	placed    // what another host says of the visitor's address: mostly his country
	dated     // made of the date
)

// hostile are the origins an attacker controls without help.
const hostile = fromRequest | fromRemote | fromUpload

// also is what of two values becomes one: a value beside one that nobody
// checked is not checked either.
func (t taint) also(u taint) taint {
	const origins = hostile | fromUpName
	all := t | u
	if t&checked == 0 && t&origins != 0 || u&checked == 0 && u&origins != 0 {
		all &^= checked
	}
	return all
}

// turned is what a callback made u of.
func (t taint) turned(u taint) taint {
	if u&^t&(keyed|decoded) != 0 {
		t &^= checked
	}
	return t.also(u)
}

// undecided are the origins of a value that another run may find different.
const undecided = hostile | fromUndef | fromParam | fromHeader

// A value is what the machine knows of a PHP value.
type value struct {
	k   vkind
	t   taint
	n   int64 // vInt, vBool; the bits of a vFloat
	s   string
	ref any // *array, *object, *closure; tail of a vPart
	tr  *trace
}

// A trace is the way of a tainted value, last step first.
type trace struct {
	unit *unit
	pos  uint32
	end  uint32
	prev *trace
	n    int
}

type tail string

// A super marks a superglobal array.
type super string

type closure struct {
	fn   *function
	this *object
	vars map[string]*slot
}

type object struct {
	class *class
	name  string // of a class that is not in the file
	props map[string]*slot
	names []string // of the properties, in order
	cond  int      // how many undecided conditions surrounded its making
}

// put gives an object a property.
func (o *object) put(name string, s *slot) {
	if o.props[name] == nil {
		o.names = append(o.names, name)
	}
	o.props[name] = s
}

// array is the properties of an object.
func (o *object) array() *array {
	a := newArray()
	for _, name := range o.names {
		if k, ok := keyOf(str(name)); ok {
			a.set(k, o.props[name].v)
		}
	}
	return a
}

// A slot holds a variable. Strings grow in place.
type slot struct {
	v    value
	buf  *strings.Builder
	edit []byte       // the text of v while a loop changes it byte by byte
	cond int          // how many undecided conditions surrounded the assignment
	home *frame       // that made it; nil once a name of it there means another
	seen map[key]bool // fields of v that were checked
	back func(value)  // tells the array of which this is an element; nil for others
}

// settle makes an edited text the value.
func (s *slot) settle() {
	if s.edit != nil {
		s.v.s, s.edit = owned(s.edit), nil
	}
}

func str(s string) value { return value{k: vStr, s: s} }
func num(n int64) value  { return value{k: vInt, n: n} }
func flt(f float64) value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return value{}
	}
	return value{k: vFloat, n: int64(math.Float64bits(f))}
}
func boolean(b bool) value {
	if b {
		return value{k: vBool, n: 1}
	}
	return value{k: vBool}
}

var null = value{k: vNull}

func (v value) float() float64 { return math.Float64frombits(uint64(v.n)) }
func (v value) exact() bool    { return v.k >= vNull && v.k <= vStr }
func (v value) known() bool    { return v.k != vUnknown && v.k != vPart }

func (v value) tail() string {
	switch v.k {
	case vStr:
		return v.s
	case vPart:
		t, _ := v.ref.(tail)
		return string(t)
	}
	return ""
}

// text is v as an exact string.
func (v value) text() (string, bool) {
	switch v.k {
	case vStr:
		return v.s, true
	case vInt:
		return strconv.FormatInt(v.n, 10), true
	case vNull:
		return "", true
	case vBool:
		if v.n != 0 {
			return "1", true
		}
		return "", true
	case vFloat:
		f := v.float()
		if f == math.Trunc(f) && math.Abs(f) < 1e15 {
			return strconv.FormatInt(int64(f), 10), true
		}
		return strconv.FormatFloat(f, 'G', 14, 64), true
	case vArr:
		return "Array", true
	}
	return "", false
}

// integer is v as an exact number.
func (v value) integer() (int64, bool) {
	switch v.k {
	case vInt, vBool:
		return v.n, true
	case vNull:
		return 0, true
	case vFloat:
		f := v.float()
		if f > 9.2e18 || f < -9.2e18 {
			return 0, true
		}
		return int64(f), true
	case vStr:
		n := numeric(v.s)
		if n.k == vFloat {
			return int64(n.float()), true
		}
		return n.n, true
	case vArr:
		return 1, true
	}
	return 0, false
}

// numeric reads the leading number of a string.
func numeric(s string) value {
	s = strings.TrimLeft(s, " \t\r\n\v\f")
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	d := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i < len(s) && s[i] == '.' || i < len(s) && i > d && s[i]|0x20 == 'e' {
		j := i
		if s[j] == '.' {
			for j++; j < len(s) && isDigit(s[j]); j++ {
			}
		}
		if j < len(s) && s[j]|0x20 == 'e' {
			k := j + 1
			if k < len(s) && (s[k] == '-' || s[k] == '+') {
				k++
			}
			if k < len(s) && isDigit(s[k]) {
				for j = k; j < len(s) && isDigit(s[j]) && j < k+4; j++ {
				}
			}
		}
		if j > i {
			return flt(parseFloat(s[:j]))
		}
	}
	if i == d {
		return num(0)
	}
	n, err := strconv.ParseInt(s[:i], 10, 64)
	if err != nil {
		return flt(parseFloat(s[:i]))
	}
	return num(n)
}

// number is v as an exact vInt or vFloat.
func (v value) number() (value, bool) {
	switch v.k {
	case vInt, vFloat:
		return v, true
	case vBool:
		return num(v.n), true
	case vNull:
		return num(0), true
	case vStr:
		return numeric(v.s), true
	}
	return value{}, false
}

// truth is v as a condition: yes, no, or not known.
func (v value) truth() (yes, ok bool) {
	switch v.k {
	case vNull:
		return false, true
	case vBool, vInt:
		return v.n != 0, true
	case vFloat:
		return v.float() != 0, true
	case vStr:
		return v.s != "" && v.s != "0", true
	case vArr:
		a := v.ref.(*array)
		if a.open {
			return true, false
		}
		return len(a.vals) > 0, true
	case vObj, vFn:
		return true, true
	case vPart:
		if len(v.s)+len(v.tail()) > 1 {
			return true, true
		}
	}
	return false, false
}

// join is a value that is either a or b.
func join(a, b value) value {
	if a.k == vUnknown && a.t == 0 {
		if b.t == 0 {
			return value{}
		}
	}
	tr := b.tr
	if tr == nil {
		tr = a.tr
	}
	if a.k == vArr && b.k == vArr {
		return joinArrays(a, b)
	}
	const chosen = hostile | fromUndef
	if a.t&chosen != 0 && b.t&chosen == 0 && b.k != vNull && (b.k != vArr || a.k == vUnknown && a.t&fromRequest != 0) { // either may be there: the client's is what counts
		a.t = a.t.also(b.t)
		return a
	}
	if b.t&chosen != 0 && a.t&chosen == 0 && b.k != vNull && b.k != vArr {
		b.t = b.t.also(a.t)
		return b
	}
	if b.k == vNull && a.k != vNull {
		a.t = a.t.also(b.t)
		a.tr = tr
		return a
	}
	b.t = b.t.also(a.t)
	b.tr = tr
	return b
}

// joinArrays is an array that is either a or b: b, with what only a brings.
func joinArrays(a, b value) value {
	at, atr := taintOf(a)
	bt, _ := taintOf(b)
	if at&^bt == 0 {
		return b
	}
	x, y := a.ref.(*array), b.ref.(*array)
	if len(x.vals) > 32 || len(y.vals) > 32 {
		b.t |= at
		b.tr = firstTrace(b.tr, atr)
		return b
	}
	z := y.clone()
	for i := range x.vals {
		k := x.keyAt(i)
		if old, ok := z.get(k); ok {
			z.set(k, join(x.vals[i], old))
		} else {
			z.set(k, x.vals[i])
		}
	}
	if x.open {
		z.add(x.rest)
	}
	return value{k: vArr, ref: z, t: a.t | b.t, tr: firstTrace(b.tr, a.tr)}
}

// concat is the string of two values after each other.
func concat(a, b value, limit int) value {
	t := a.t.also(b.t) &^ selfPath
	tr := a.tr
	if tr == nil || b.t&hostile != 0 && a.t&hostile == 0 {
		tr = b.tr
	}
	as, aok := a.text()
	bs, bok := b.text()
	switch {
	case aok && bok:
		if len(as)+len(bs) > limit {
			return value{t: t, tr: tr}
		}
		return value{k: vStr, s: as + bs, t: t, tr: tr}
	case aok:
		pre, tl := as, b.tail()
		if b.k == vPart && len(as)+len(b.s) < 4096 {
			pre += b.s
		}
		if pre == "" && tl == "" {
			return value{t: t, tr: tr}
		}
		return value{k: vPart, s: pre, ref: tail(tl), t: t, tr: tr}
	case bok:
		tl := bs
		pre := ""
		if a.k == vPart {
			pre = a.s
			if at := a.tail(); len(at)+len(bs) < 4096 {
				tl = at + bs
			}
		}
		if pre == "" && tl == "" {
			return value{t: t, tr: tr}
		}
		return value{k: vPart, s: pre, ref: tail(tl), t: t, tr: tr}
	}
	pre, tl := "", ""
	if a.k == vPart {
		pre = a.s
	}
	if b.k == vPart {
		tl = b.tail()
	}
	if pre == "" && tl == "" {
		return value{t: t, tr: tr}
	}
	return value{k: vPart, s: pre, ref: tail(tl), t: t, tr: tr}
}
