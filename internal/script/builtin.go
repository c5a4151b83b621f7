package script

import "math"

// constant gives names with a fixed value.
func constant(low string) (Value, bool) {
	switch low {
	case "vbcrlf", "vbnewline":
		return Const("\r\n"), true
	case "vblf":
		return Const("\n"), true
	case "vbcr":
		return Const("\r"), true
	case "vbtab":
		return Const("\t"), true
	case "vbnullchar":
		return Const("\x00"), true
	case "vbnullstring", "string.empty":
		return Const(""), true
	}
	return Value{}, false
}

// from gives a computed constant the provenance of what it was computed from.
func from(v Value, args ...Value) Value {
	u := Union(args...)
	v.L, v.T = v.L|u.L, u.T
	if v.K == VString {
		v.L |= Built
	}
	return v
}

func (m *Machine) folded(s string, args ...Value) (Value, bool) {
	if len(s) > maxString {
		return Union(args...), true
	}
	m.made += len(s)
	m.left -= len(s) / 64
	if m.made > maxMade {
		m.spent()
	}
	return from(Const(s), args...), true
}

func arg(args []Value, i int) Value {
	if i < len(args) {
		return args[i]
	}
	return Value{}
}

func numArg(args []Value, i, otherwise int) (int, bool) {
	if i >= len(args) {
		return otherwise, true
	}
	f, ok := args[i].Number()
	if !ok || math.Abs(f) > 1<<31 {
		return otherwise, false
	}
	return int(f), true
}

// A call is a function or method of the languages' own being called.
type call struct {
	*Machine
	n     *Node
	recv  Value  // of a function its first argument
	s     string // the text of recv
	known bool   // and whether it is a constant
	name  string
	args  []Value // of a function with the first
}

// A meaning says what a call gives. Where it returns false, nothing is known.
type meaning func(call) (Value, bool)

// given is what the arguments stem from, which all joins with the receiver.
func (c call) given() (Value, bool) { return Union(c.args...), true }

func (c call) all() (Value, bool) { return Union(append([]Value{c.recv}, c.args...)...), true }

func (c call) nothing() (Value, bool) { return Value{}, true }

// functions are called by their names alone, or as static methods.
var functions = Table(map[string]meaning{
	"isempty isnull isobject isdate vartype typename strcomp isnan isnullorempty isnullorwhitespace isnothing indexof": call.nothing,
	"cbool cdate toboolean todatetime tryparse isdefined":                                                              call.nothing,
	"getobjectvalue tolist isolate": call.given,

	"cint clng cdbl csng cbyte int fix toint32 toint16 tobyte toint64 parseint parsefloat number val cdec touint32 todouble touint16 abs floor round ceil truncate tosingle": call.toNumber,
	"isnumeric": call.isNumeric,
	"parse":     call.parse,
	"hex oct":   call.digits,
	"sgn":       call.sign,
	"sqr sqrt":  call.root,

	"asc ascw ascb": call.asc,
	"chr chrw chrb fromcharcode tochar convertfromutf32": call.chr,
	"isletter isupper islower isdigit isletterordigit":   call.isOfKind,

	"len lenb":                call.length,
	"mid midb":                call.mid,
	"left leftb right rightb": call.side,
	"instr instrrev":          call.instr,
	"string":                  call.repeat,
	"space":                   call.spaces,
	"cstr tostring ctype":     call.cstr,
	"strreverse":              call.reversed,
	"format":                  call.format,
	"concat":                  call.concatArgs,
	"escape encodeuricomponent encodeuri urlencode htmlencode server.htmlencode": call.escape,
	"unescape decodeuricomponent decodeuri urldecode unescapedatastring":         call.unescape,
	"frombase64string atob": call.fromBase64,
	"tobase64string":        call.toBase64,
	"fromhexstring":         call.fromHex,

	"array":   call.array,
	"isarray": call.isArray,
	"ubound":  call.ubound,
	"lbound":  call.lbound,
	"reverse": call.reverseArg,
	"join":    call.join,
	"filter":  call.filter,
})

// builtin calls a free function, or a static method by its last name.
func (m *Machine) builtin(n *Node, name string, args []Value) (Value, bool) {
	if len(args) == 0 {
		switch name {
		case "now", "date", "time", "timer", "rnd":
			return Value{}, true
		case "array":
			return Value{K: VArray, O: &Object{}}, true
		}
		return Value{}, false
	}
	a := args[0]
	switch name { // what loops call for each letter
	case "chr", "chrw", "chrb":
		if a.K == VNumber {
			return m.char(name, a), true
		}
	case "mid":
		if a.K == VString && len(args) == 3 && args[1].K == VNumber && args[2].K == VNumber && args[1].N >= 1 && args[2].N >= 0 && args[1].N < 1<<30 && args[2].N < 1<<30 {
			i := int(args[1].N) - 1
			return Value{K: VString, L: a.L | Built, T: a.T, S: m.letters(a.S).slice(i, i+int(args[2].N))}, true
		}
	case "asc", "ascw":
		if a.K == VString && len(a.S) == 1 {
			return Value{K: VNumber, N: float64(a.S[0]), L: a.L, T: a.T}, true
		}
	}
	if f := functions[name]; f != nil {
		c := call{Machine: m, n: n, recv: a, name: name, args: args, known: a.Known()}
		if c.known {
			c.s, _ = a.Text()
		}
		return f(c)
	}
	switch name { // methods, as functions
	case "convertall":
		return m.each(n, a, arg(args, 1))
	case "getstring", "getbytes", "getchars":
		return m.method(n, Value{}, name, args)
	case "replace", "split", "ucase", "lcase", "trim", "ltrim", "rtrim":
		return m.method(n, a, name, args[1:])
	}
	return Value{}, false
}
