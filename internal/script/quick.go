package script

// A quick is a function of the language that loops call for each letter.
type quick uint8

const (
	notQuick quick = iota
	quickMid
	quickAsc
	quickChr
	quickLen
)

var quicks = map[string]quick{"mid": quickMid, "asc": quickAsc, "ascw": quickAsc, "chr": quickChr, "chrw": quickChr, "len": quickLen}

// maxQuick is how many arguments such a call has at most.
const maxQuick = 3

// quickCall gives what the function makes of plain constants. False leaves the
// call to the host and the builtins.
func (m *Machine) quickCall(q quick, args []Value) (Value, bool) {
	switch a := &args[0]; {
	case q == quickMid && len(args) == 3 && plain(a):
		at, n := &args[1], &args[2]
		if at.K == VNumber && n.K == VNumber && at.N >= 1 && n.N >= 0 && at.N < 1<<30 && n.N < 1<<30 {
			i := int(at.N) - 1
			return Value{K: VString, L: a.L | Built, S: m.letters(a.S).slice(i, i+int(n.N))}, true
		}
	case len(args) > 1:
	case q == quickAsc && a.K == VString && len(a.S) == 1:
		return Value{K: VNumber, N: float64(a.S[0]), L: a.L, T: a.T}, true
	case q == quickChr && a.K == VNumber && a.N >= 0 && a.N < 0x80:
		r := int(a.N)
		return Value{K: VString, L: a.L&^Numeric | Built, T: a.T, S: asciiLetters[r : r+1]}, true
	case q == quickLen && plain(a):
		return Num(float64(m.letters(a.S).len())), true
	}
	return Value{}, false
}

// longPlain is more than the size of a text, in bytes, that a host looks at.
const longPlain = 512

// plain reports whether v is constant text of which a host need not be told: as
// the file has it, or too long.
func plain(v *Value) bool {
	return v.K == VString && v.T == nil && (v.L == 0 || v.L == Built && len(v.S) > longPlain)
}
