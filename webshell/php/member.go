package php

import (
	"bytes"
	"math"
	"strings"
	"unicode/utf8"
)

// lowerName is a name in lower case, as PHP compares them: letters beyond ASCII
// stay as they are. Names of bytes that are no text are those of an encoder,
// which commercial programs use, and lead nowhere.
func lowerName(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 && utf8.ValidString(s) {
			return lower([]byte(s))
		}
	}
	return strings.ToLower(s)
}

// classAt is the class that a node names, or that of the object it gives; nil
// for one that is not in the file.
func (m *machine) classAt(n *node) *class {
	if n.op != nName && n.op != nConst {
		v := m.eval(n)
		if o, ok := v.ref.(*object); ok && v.k == vObj {
			return o.class
		}
		s, _ := v.text()
		return m.classes[lowerName(baseName(s))]
	}
	switch name := lowerName(baseName(n.s)); {
	case name == "static" && m.f.this != nil && m.f.this.class != nil:
		return m.f.this.class
	case name == "static" && m.f.called != nil:
		return m.f.called
	case (name == "static" || name == "self") && m.f.class != nil:
		return m.f.class
	}
	return m.classes[m.className(n)]
}

func (m *machine) className(n *node) string {
	if n.op == nName || n.op == nConst {
		s := lowerName(baseName(n.s))
		switch s {
		case "self", "static":
			if m.f.class != nil {
				return m.f.class.name
			}
		case "parent":
			if m.f.class != nil {
				return m.f.class.parent
			}
		}
		return s
	}
	v := m.eval(n)
	if o, ok := v.ref.(*object); ok && o.class != nil {
		return o.class.name
	}
	if s, ok := v.text(); ok {
		return lowerName(baseName(s))
	}
	return ""
}

func (m *machine) staticSlot(n *node) *slot {
	c := m.classAt(n.a)
	if c == nil {
		m.eval(n.b)
		return nil
	}
	name, ok := m.eval(n.b).text()
	if !ok {
		return nil
	}
	for d := 0; c != nil && d < 8; d++ {
		m.initClass(c)
		if s := c.statics[name]; s != nil {
			return s
		}
		c = m.classes[c.parent]
	}
	return nil
}

func (m *machine) initClass(c *class) {
	if c.statics != nil {
		return
	}
	c.statics = map[string]*slot{}
	wasF, wasU := m.f, m.unit
	m.f = &frame{vars: map[string]*slot{}, class: c, cond: m.cond}
	m.unit = c.unit
	for _, p := range c.props {
		if p.static {
			v := null
			if p.def != nil {
				v = m.eval(p.def)
			}
			c.statics[p.name] = &slot{v: v, cond: -1}
		}
	}
	m.f, m.unit = wasF, wasU
}

// numbered are constants of PHP that are numbers everywhere.
var numbered = map[string]int64{
	"PATHINFO_DIRNAME": 1, "PATHINFO_BASENAME": 2, "PATHINFO_EXTENSION": 4, "PATHINFO_FILENAME": 8, "FILE_APPEND": 8, "LOCK_EX": 2,
	"FILTER_CALLBACK": 1024, "FILTER_DEFAULT": 516, "FILTER_UNSAFE_RAW": 516, "OPENSSL_RAW_DATA": 1, "SEEK_END": 2,
	"ARRAY_FILTER_USE_KEY": 2, "ARRAY_FILTER_USE_BOTH": 1, "PHP_INT_SIZE": 8, "E_ERROR": 1, "E_WARNING": 2, "E_PARSE": 4, "E_NOTICE": 8, "E_ALL": 32767,
}

func (m *machine) constant(n *node) value {
	name := baseName(n.s)
	if v, ok := m.consts[name]; ok {
		return v
	}
	switch strings.ToLower(name) {
	case "true":
		return boolean(true)
	case "false":
		return boolean(false)
	case "null":
		return null
	case "__file__", "__line__":
		if strings.EqualFold(name, "__line__") {
			return num(int64(m.lineOf(m.unit, n.pos)))
		}
		return value{t: selfPath}
	case "__function__":
		if m.f.fn != nil {
			return str(m.f.fn.name)
		}
		return str("")
	case "__class__":
		if m.f.class != nil {
			return str(m.f.class.name)
		}
	}
	if n, ok := numbered[name]; ok {
		return num(n)
	}
	switch name {
	case "DB_PASSWORD", "_DB_PASSWD_": // of WordPress and PrestaShop
		return value{t: loot, tr: m.at(n)}
	case "__COMPILER_HALT_OFFSET__":
		return m.haltOffset()
	case "PHP_EOL":
		return str("\n")
	case "DIRECTORY_SEPARATOR":
		return str("/")
	case "PHP_OS", "PHP_VERSION", "PHP_INT_MAX", "PHP_OS_FAMILY":
		return value{}
	case "M_PI":
		return flt(math.Pi)
	case "M_E":
		return flt(math.E)
	case "__DIR__", "__NAMESPACE__", "__METHOD__":
		return value{}
	}
	if strings.HasPrefix(name, "CURLOPT_") {
		return str(name)
	}
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= 0x80 {
			// A bare word stands for itself, until PHP 8.
			v := str(name)
			return v
		}
	}
	if len(name) <= 2 || name[0] == '_' && !strings.Contains(name[1:], "_") {
		return str(name)
	}
	return value{}
}

// haltOffset is where the data behind the code of the file starts.
func (m *machine) haltOffset() value {
	const word = "__halt_compiler"
	if !m.spend(len(m.file.src)) {
		return value{}
	}
	if i := bytes.LastIndex(m.file.src, []byte(word)); i >= 0 {
		if j := bytes.IndexByte(m.file.src[i:min(len(m.file.src), i+len(word)+20)], ';'); j > 0 {
			return num(int64(i + j + 1))
		}
	}
	return value{}
}

func (m *machine) classConst(n *node) value {
	if n.s == "class" {
		if n.a.op == nName {
			return str(n.a.s)
		}
		return value{}
	}
	return m.constantOf(m.classAt(n.a), n.s)
}

// constantOf is a constant of a class, of its parents or its interfaces.
func (m *machine) constantOf(c *class, name string) value {
	for d := 0; c != nil && d < 8; d++ {
		if e := c.consts[name]; e != nil {
			if m.calls > maxCalls {
				return value{}
			}
			m.calls++
			defer func() { m.calls-- }()
			was, wasU := m.f, m.unit
			m.f, m.unit = &frame{vars: map[string]*slot{}, class: c, cond: m.cond}, c.unit
			v := m.eval(e)
			m.f, m.unit = was, wasU
			return v
		}
		for _, i := range c.interfaces {
			if x := m.classes[i]; x != nil && x.consts[name] != nil {
				return m.constantOf(x, name)
			}
		}
		c = m.classes[c.parent]
	}
	return value{}
}

func (m *machine) ternary(n *node) value {
	c := m.eval(n.a)
	yes, ok := c.truth()
	if n.b == nil {
		if ok && yes && c.t&undecided == 0 {
			return c
		}
		m.cond++
		defer func() { m.cond-- }()
		return join(c, m.eval(n.c))
	}
	if ok && c.t&undecided == 0 {
		if yes {
			return m.eval(n.b)
		}
		return m.eval(n.c)
	}
	undo := m.guard(n.a)
	m.cond++
	defer func() { m.cond-- }()
	a := m.eval(n.b)
	undo()
	b := m.eval(n.c)
	if a.k <= vInt && b.k <= vInt { // a flag, which says what the condition did
		a.t |= c.t & (fromHeader | spotted | placed)
	}
	if v, ok := worse(a, b); ok {
		return v
	}
	if at, _ := taintOf(a); at&(hostile|fromUndef) != 0 || a.k == vUnknown && at&(address|ownHost|ownPage) != 0 && b.k == vStr && b.s == "" { // what servers tell is there
		return join(b, a)
	}
	return join(a, b)
}

func (m *machine) isset(n *node) value {
	if n.op == nProp {
		if v, ok := m.magic(m.eval(n.a), "__isset", m.eval(n.b)); ok {
			return v
		}
	}
	v := m.eval(n)
	if v.k == vNull && m.f != m.globals && m.calls > 0 && v.t == 0 {
		return boolean(false)
	}
	if v.known() && v.t&undecided == 0 && v.k != vNull && m.cond == 0 {
		return boolean(true)
	}
	return value{}
}

func (m *machine) cast(n *node) value {
	v := m.eval(n.a)
	switch n.s {
	case "int", "integer":
		if i, ok := v.integer(); ok && v.k != vArr {
			return value{k: vInt, n: i, t: v.t &^ undecided}
		}
		return value{}
	case "float", "double", "real", "bool", "boolean":
		if x, ok := v.number(); ok && n.s[0] != 'b' {
			return x
		}
		return value{t: v.t & (fromHeader | spotted | placed)}
	case "string", "binary":
		if v.k == vObj {
			return m.toString(v)
		}
		if s, ok := v.text(); ok {
			return value{k: vStr, s: s, t: v.t, tr: v.tr}
		}
		return v
	case "array":
		switch v.k {
		case vArr, vUnknown, vPart:
			return v
		case vObj:
			o, ok := v.ref.(*object)
			if !ok {
				return arr()
			}
			if s := items(v); s != nil {
				return s.v
			}
			a := o.array()
			if o.class == nil && len(o.names) < len(o.props) { // of PHP's own
				t, tr := value{}.t, (*trace)(nil)
				for _, s := range o.props {
					st, str := taintOf(s.v)
					t, tr = t|st, firstTrace(tr, str)
				}
				a.add(value{t: t, tr: tr})
			}
			return arrOf(a)
		case vNull:
			return arr()
		}
		return arr(v)
	case "object":
		if a, ok := v.ref.(*array); ok && v.k == vArr {
			o := &object{name: "stdclass", props: map[string]*slot{}}
			for i := range a.vals {
				k := a.keyAt(i)
				s, _ := k.value().text()
				o.put(s, &slot{v: a.vals[i]})
			}
			return value{k: vObj, ref: o, t: v.t, tr: v.tr}
		}
		return v
	}
	return null
}

func (m *machine) arrayLiteral(n *node) value {
	m.spend(elementSize * len(n.list))
	a := &array{vals: make([]value, 0, min(len(n.list), maxElements))}
	for _, x := range n.list {
		switch x.op {
		case nPair:
			k := m.eval(x.a)
			v := m.eval(x.b)
			if len(v.s) >= 200 && v.k == vStr {
				m.literal(x, v)
			}
			if in, ok := v.ref.(*array); ok {
				in.shared = true
			}
			if k.s == "#markup" { // of Drupal's pages
				m.output(x, v)
			}
			if key, ok := keyOf(k); ok {
				a.set(key, v)
			} else {
				v.t |= k.t & fromRequest
				v.tr = firstTrace(v.tr, k.tr)
				if v.exact() && k.t&fromRequest != 0 {
					v.k = vUnknown
				}
				a.add(v)
			}
		case nSpread:
			v := m.eval(x.a)
			if l, ok := v.list(); ok {
				for _, e := range l {
					a.push(e)
				}
			} else {
				t, tr := taintOf(v)
				a.add(value{t: t, tr: tr})
			}
		case nBad:
		default:
			v := m.eval(x)
			if in, ok := v.ref.(*array); ok {
				in.shared = true
			}
			if v.k == vStr && v.t&hidden != 0 && len(v.s) >= 3 && len(v.s) < 40 && !(signatures(n.list) && !deadly[strings.ToLower(v.s)]) {
				m.assembled(x, v)
			}
			a.push(v)
		}
	}
	return arrOf(a)
}

func (m *machine) makeClosure(n *node) value {
	c := &closure{fn: n.fn, this: m.f.this}
	if n.fn.class == nil {
		n.fn.class = m.f.class
	}
	if n.fn.arrow {
		c.vars = m.f.vars
	} else if len(n.fn.uses) > 0 {
		c.vars = map[string]*slot{}
		for _, u := range n.fn.uses {
			s := m.f.vars[u.name]
			if s == nil {
				s = &slot{v: null}
				if u.ref {
					m.f.vars[u.name] = s
				}
			}
			if u.ref {
				c.vars[u.name] = s
			} else {
				c.vars[u.name] = &slot{v: s.v}
			}
		}
	}
	m.facts.closures = append(m.facts.closures, c)
	return value{k: vFn, ref: c}
}

// toString calls __toString.
func (m *machine) toString(v value) value {
	o, _ := v.ref.(*object)
	if o != nil && o.class != nil {
		if f := m.method(o.class, "__tostring"); f != nil {
			return m.invoke(f, nil, nil, o, nil)
		}
	}
	return value{t: v.t, tr: v.tr}
}

// partly joins values of which some are not known: the start and the end of
// the text are kept as far as they are.
func (m *machine) partly(n *node, vals []value) value {
	if len(vals) == 1 {
		return vals[0]
	}
	for i := 1; i < len(vals); i++ {
		vals[i] = labelled(vals[i-1], vals[i])
	}
	first := 0
	var b strings.Builder
	for ; first < len(vals) && b.Len() < 1<<16; first++ {
		s, ok := vals[first].text()
		if !ok {
			break
		}
		b.WriteString(s)
	}
	var t taint
	for _, x := range vals[:first] {
		t = t.also(x.t)
	}
	v := value{k: vStr, s: b.String(), t: t}
	m.spend(b.Len())
	last := len(vals)
	var end []string
	size := 0
	for last > first && size < 4096 {
		s, ok := vals[last-1].text()
		if !ok {
			break
		}
		end = append(end, s)
		size += len(s)
		last--
	}
	rest := value{}
	for _, x := range vals[first:last] {
		if rest.tr == nil || x.t&hostile != 0 && x.tr != nil && (rest.t&secret == 0 || x.t&secret != 0) {
			rest.tr = firstTrace(x.tr, rest.tr)
		}
		rest.t = rest.t.also(x.t)
	}
	if rest.t&fromFile != 0 {
		m.inserted(n, vals[first:last])
	}
	if rest.t&(fromFile|fromDB|fromRemote|dated) != 0 {
		m.framedBy(n, vals)
	}
	if last-first == 1 {
		rest = vals[first]
	} else if first < last {
		if strings.Contains(v.s, "<?") {
			m.carriedShell(n, str(filled(vals)))
		}
		pre, tl := "", vals[last-1].tail()
		if vals[first].k == vPart {
			pre = vals[first].s
		}
		if pre != "" || tl != "" {
			rest.k, rest.s, rest.ref = vPart, pre, tail(tl)
		}
	}
	if first > 0 {
		rest = concat(v, rest, maxString)
	}
	if last == len(vals) {
		return rest
	}
	b.Reset()
	var et taint
	for i := len(end) - 1; i >= 0; i-- {
		b.WriteString(end[i])
	}
	for _, x := range vals[last:] {
		et |= x.t
	}
	return concat(rest, value{k: vStr, s: b.String(), t: et}, maxString)
}

// filled is a text with numbers where its parts are not known, as who writes
// scripts fills in keys.
func filled(vals []value) string {
	var b strings.Builder
	for _, x := range vals {
		if s, ok := x.text(); ok {
			b.WriteString(s)
		} else {
			b.WriteString(x.s + "0" + x.tail())
		}
		if b.Len() > 4096 {
			return ""
		}
	}
	return b.String()
}
