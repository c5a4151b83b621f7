// Package script reads the languages an IIS server runs inside its pages:
// VBScript, JScript, VB.NET, JScript.NET and C#. It cuts a page into code,
// parses each language into one small tree, and runs that tree abstractly:
// what is constant is computed, what a request controls is followed, and both
// branches of every unknown condition are taken.
//
// Nothing here fails. Broken code is normal: what cannot be understood becomes
// an unknown value, and work stops at fixed budgets.
package script

// A Dialect is one language.
type Dialect uint8

// The languages. VB.NET and JScript.NET share the grammar of their elders.
const (
	VBScript Dialect = iota
	VBNet
	JScript
	CSharp
)

// VB reports whether the dialect has the grammar of Visual Basic.
func (d Dialect) VB() bool { return d == VBScript || d == VBNet }

// A Kind is the kind of a Node.
type Kind uint8

// The kinds. Kids are given in order.
const (
	KBad      Kind = iota
	KStr           // Name: the value
	KBytes         // Name: the bytes of a literal array of small numbers
	KNum           // Num
	KBool          // Num 0 or 1
	KNull          // Nothing, null
	KName          // Name
	KMember        // Kids[0].Name; Kids[0] may be nil inside With
	KCall          // Kids[0](Kids[1:]), in Visual Basic also an index
	KIndex         // Kids[0][Kids[1:]]
	KBin           // Kids[0] Op Kids[1]
	KCat           // all Kids joined by & or +; Op is '&' or '+'
	KMany          // a chain too long to be understood: all Kids
	KUn            // Op Kids[0]
	KCond          // Kids[0] ? Kids[1] : Kids[2]
	KNew           // new Name(Kids[1:]), Kids[0]: initializer or nil
	KArray         // Kids
	KObject        // object literal or initializer: Kids are KPair or values
	KPair          // Name: Kids[0]
	KCast          // (Name)Kids[0]
	KLambda        // Kids: parameters, last the body
	KAssign        // Kids[0] Op= Kids[1]; Op 0 for plain
	KBlock         // Kids
	KExpr          // Kids[0]
	KOut           // written to the page: Kids[0]
	KHTML          // literal page text
	KIf            // Kids: condition, block, condition, block …, else block
	KFor           // Kids: init, condition, post, body; each may be nil
	KForTo         // Kids: variable, from, to, step (may be nil), body
	KForEach       // Kids: variable, collection, body
	KWhile         // Kids: condition (may be nil), body; Op 'u' until, Flag 1 when the test comes last
	KSelect        // Kids: subject, then KCase
	KCase          // Kids: values …, last the block; Flag 1: default
	KTry           // Kids: blocks; Name of one: the variable that holds what was thrown
	KWith          // Kids: subject, body
	KDecl          // Name, type Low; Kids: value or nil
	KRedim         // like KDecl, keeps nothing
	KReturn        // Kids[0] or nothing; Op 't': thrown
	KBreak         //
	KContinue      //
	KFunc          // Name; Kids: KParam …, last the body
	KParam         // Name, type Low; Flag 1: by value, 2: all arguments that are left, 4: said to be a reference
	KClass         // Name; Kids: members; Low: the bases, joined by spaces; in JavaScript Attr: the base as written
	KImport        // Name; Op 's': the static methods of a class, 'i': a base
	KDelegate      // AddressOf Name
)

// A Node is one piece of a program.
type Node struct {
	Kind Kind
	Op   uint8
	Flag uint8
	Unit uint8 // which text: 0 is the file, others were decoded from it
	Pos  int32 // byte offset in the unit
	Num  float64
	Name string // as written; in lower case where case means nothing
	Low  string // in lower case
	Kids []*Node
	Attr []string // attributes of functions, in lower case

	seen bool
	sym  *symbol // of Name, once it was looked up
}

// A Token is one word of a program.
type Token struct {
	Kind uint8
	Op   uint8
	Pos  int32
	S    string
}

const (
	tEOF uint8 = iota
	tNL
	tIdent
	tStr
	tNum
	tOp
	tHTML
	tOut
	tBytes
)

// Operators longer than one byte; a one-byte operator is its own code.
const (
	opNE uint8 = 128 + iota
	opLE
	opGE
	opEQ
	opAnd
	opOr
	opInc
	opDec
	opShl
	opShr
	opArrow
	opPtr
	opNullish
	opSet // += and its like; S holds the operator
	opScope
	opQDot
	opMod
	opXor
	opEqv
	opIs
	opLike
	opNot
	opRange
	opTypeof
	opIn
)

// The operators of nodes that are longer than one byte, for those who run
// trees by themselves. Bitwise and is 'b', as + joins and & is for text.
const (
	OpNE      = opNE
	OpLE      = opLE
	OpGE      = opGE
	OpEQ      = opEQ
	OpAnd     = opAnd
	OpOr      = opOr
	OpShl     = opShl
	OpShr     = opShr // Flag 1: without sign
	OpNullish = opNullish
	OpNot     = opNot
	OpTypeof  = opTypeof
	OpSpread  = opRange
	OpIs      = opIs    // instanceof, in
	OpArrow   = opArrow // of a lambda that has no this of its own
)

// Pattern is the operator of a regular expression, which is a KBad: Name.
const Pattern = 'r'

// reference is the flag of a parameter that is said to be one.
const reference = 4

// ParseJS reads text[from:to] as JavaScript. Node.Unit is unit in all nodes.
func ParseJS(text string, from, to int, unit uint8) *Node {
	toks, _ := lexC(nil, text, []Segment{{Start: from, End: to}}, 1<<30, true)
	b, _ := parseC(toks, JScript, arena{stock: new(stock), unit: unit})
	return b
}

// A Segment is a stretch of a page that holds code of one language.
type Segment struct {
	Start, End int
	Out        bool // <%= … %>
}

// arena hands out nodes in slabs.
type arena struct {
	stock *stock
	unit  uint8
	made  int
	deep  bool // some of the code is nested deeper than is read at once
}

func (a *arena) node(k Kind, pos int32) *Node {
	n := &a.stock.nodes.take(1, 128)[0]
	n.Kind, n.Pos, n.Unit = k, pos, a.unit
	a.made++
	return n
}

func (a *arena) kids(list ...*Node) []*Node {
	if len(list) == 0 {
		return nil
	}
	out := a.stock.ptrs.take(len(list), 256)
	copy(out, list)
	return out
}

// lowerASCII returns s in lower case with the same length.
func lowerASCII(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if c := b[i]; 'A' <= c && c <= 'Z' {
					b[i] = c + 32
				}
			}
			return string(b)
		}
	}
	return s
}

func identStart(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80
}

func identByte(c byte) bool { return identStart(c) || c >= '0' && c <= '9' }
