package php

import "slices"

// An op is what a node does.
type op uint8

const (
	nBad   op = iota // what could not be parsed
	nConst           // s: a constant, or a bare word
	nNum             // n, or s for a float
	nStr             // s
	nConcat
	nVar        // s: name without $
	nVarVar     // a: the expression that gives the name
	nIndex      // a[b]; b nil for a[]
	nProp       // a->b: b is a nStr for a plain name
	nSProp      // a::$b
	nClassConst // a::s
	nName       // s: a function's or class's name
	nCall       // a(list)
	nNew        // new a(list)
	nMCall      // a->b(list)
	nSCall      // a::b(list)
	nAssign     // a = b
	nAssignRef  // a = &b
	nAssignOp   // a kind= b
	nBin        // a kind b
	nUn         // kind a
	nIncDec     // n=+1,-1; s="pre" or "post"
	nTernary    // a ? b : c; b nil for ?:
	nCast       // (s) a
	nArray      // list of nPair or values
	nPair       // a => b
	nSpread     // ...a
	nRef        // &a
	nClosure    // fn
	nIsset      // list
	nEmpty      // a
	nInclude    // a; s
	nEval       // a
	nExit       // a
	nPrint      // a
	nBacktick   // list, like nConcat
	nMatch      // a; list of nPair
	nInstanceof // a
	nClone      // a
	nThrow      // a
	nYield      // a

	// Statements.
	nExpr
	nEcho // list
	nHTML
	nBlock    // list
	nIf       // list of nPair(cond, body), c: else
	nWhile    // a, b
	nDo       // a cond, b body
	nFor      // list: nBlock init, nBlock cond, nBlock step, body
	nForeach  // a expr, list: key or nil, value; b body
	nSwitch   // a; list of nPair(cond or nil, block)
	nReturn   // a
	nBreak    // n
	nContinue // n
	nGlobal   // list
	nStatic   // list of nVar or nAssign
	nUnset    // list
	nTry      // a; list of catch bodies; b: finally
	nFunc     // fn
	nClass    // class
	nGoto     // s
	nLabel    // s
	nConstDef // list of nPair(nStr, value)
)

// A node is one expression or statement; op says which fields it uses.
type node struct {
	op    op
	kind  kind
	depth uint16 // height of the tree below, bounded by maxDepth
	ran   bool   // a statement was run
	pos   uint32 // offset of the first byte in its unit
	end   uint32
	n     int64
	s     string
	a, b  *node
	c     *node
	list  []*node
	fn    *function
	class *class

	native *native // of a nCall by name, once it was run
	slot   *slot   // of a nVar, as find found it last
}

// A function is a function, method or closure. Its body is parsed when it is
// first run.
type function struct {
	name   string // lower case
	params []param
	uses   []param
	toks   []token
	lo, hi uint32 // tokens of the body
	arrow  bool   // fn() => expression
	byRef  bool
	made   bool // by create_function
	static bool
	unit   *unit
	class  *class
	parsed bool
	body   []*node
	pos    uint32
	runs   int
	active int     // of them, those not over
	given  []value // what the last of these was given
	level  int     // functions around it
	told   bool    // traits is known
	traits trait   // of the body
	asked  bool    // trades is known
	trades bool
}

type param struct {
	name     string
	def      *node
	ref      bool
	variadic bool
	promoted bool
	typ      string
}

type class struct {
	name    string // lower case
	parent  string
	consts  map[string]*node
	named   []string // these, in order
	props   []prop
	methods map[string]*function
	order   []*function
	traits  []string
	unit    *unit

	interfaces []string
	hooked     bool // a property has code of its own

	statics map[string]*slot
	self    *object // the instance that stands for all
}

type prop struct {
	name   string
	def    *node
	static bool
}

// A unit is one text that was parsed: the file, or code that was decoded.
type unit struct {
	src    []byte
	tokens []token
	outer  *unit // the unit whose evaluation gave this one; nil for the file
	line   int   // in the file, where a decoded unit is evaluated
	lines  []uint32
	budget *int // nodes that may still be made
	stock  *stock
	cut    bool
	far    int // as a lexer's
}

// lineAt is the line of an offset; 0 in decoded code.
func (u *unit) lineAt(pos uint32) int {
	if u.outer != nil {
		return 0
	}
	if u.lines == nil {
		u.lines = []uint32{0}
		for i, c := range u.src {
			if c == '\n' {
				u.lines = append(u.lines, uint32(i+1))
			}
		}
	}
	i, starts := slices.BinarySearch(u.lines, pos)
	return i + sign(starts)
}
