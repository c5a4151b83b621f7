package aspnet

import (
	"maps"
	"slices"
	"strings"

	"limier/internal/script"
)

func first(args []script.Value) script.Value { return nth(args, 0) }

func nth(args []script.Value, i int) script.Value {
	if 0 <= i && i < len(args) {
		return args[i]
	}
	return script.Value{}
}

// deep is what values and the objects they hold stem from.
func deep(args ...script.Value) script.Value {
	u := script.Union(args...)
	for _, a := range args {
		if a.K == script.VObject {
			u = script.Union(u, a.O.AnyValue())
		}
	}
	return u
}

// fields is what the fields of an object stem from.
func fields(v script.Value) script.Value {
	var u script.Value
	for _, name := range slices.Sorted(maps.Keys(v.O.Fields)) {
		u = script.Union(u, v.O.Fields[name])
	}
	return u
}

// elements are the values of an object[] argument.
func elements(v script.Value) []script.Value {
	if v.K == script.VArray {
		if len(v.O.Elems) > 0 {
			return v.O.Elems
		}
		return []script.Value{v.O.Any}
	}
	return []script.Value{v}
}

// calls reports whether n is a call by that name.
func calls(n *script.Node, name string) bool {
	return n.Kind == script.KCall && len(n.Kids) > 0 && n.Kids[0].Low == name
}

func (h *host) Call(m *script.Machine, n *script.Node, recv script.Value, name string, args []script.Value) (script.Value, bool) {
	c := call{h, m, n, recv, name, args}
	h.Hidden(n, args, h.page.Text)
	c.notes()
	switch recv.K {
	case script.VNone:
		return c.free()
	case script.VType:
		return c.static()
	}
	switch name {
	case "<each>":
		if recv.S == "connectionstrings" {
			return m.Source(n, secret), true
		}
		return recv, recv.S == "methodinfo" || recv.S == "ziparchiveentry" || recv.K == script.VUnknown && recv.S != "" // files whose names all end so
	case "endswith", "contains", "equals", "indexof", "lastindexof", "startswith", "ismatch", "compareto", "any", "exists":
		c.compares()
		return script.Value{}, false
	}
	if v, ok := c.by(named, name); ok || recv.K != script.VObject {
		return c.orGuess(v, ok)
	}
	v, ok := c.by(methods, recv.S)
	if !ok && (len(args) == 0 || m.Dialect() == script.VBNet) {
		v, ok = call{h, m, n, recv, strings.TrimPrefix(name, "get_"), nil}.member()
		if len(args) > 0 { // of the property
			if w, found := h.Index(m, n, v, args); found {
				v = w
			}
			ok = ok && v.T != nil
		}
	}
	return c.orGuess(v, ok)
}

// by is the call as a table says it.
func (c call) by(table map[string]meaning, key string) (script.Value, bool) {
	if f := table[key]; f != nil {
		return f(c)
	}
	return script.Value{}, false
}

// orGuess is v if that is known, or else what the name lets guess.
func (c call) orGuess(v script.Value, ok bool) (script.Value, bool) {
	if ok {
		return v, true
	}
	if s, ok := c.arg(0).Text(); ok && len(s) < 4<<10 && statement.MatchString(s) {
		c.query = c.n
	}
	return c.by(guessed, c.name)
}

func (c call) free() (script.Value, bool) { return c.by(functions, c.name) }

// static calls Class.name(args).
func (c call) static() (script.Value, bool) {
	if v, ok := c.reflect(); ok || c.name == "invokemember" {
		return v, ok
	}
	return c.by(statics, last(c.recv.S))
}

func (h *host) New(m *script.Machine, n *script.Node, class string, args []script.Value) (script.Value, bool) {
	return call{h, m, n, script.Value{}, class, args}.by(makers, class)
}

func (h *host) Member(m *script.Machine, n *script.Node, recv script.Value) (script.Value, bool) {
	return call{h, m, n, recv, n.Low, nil}.member()
}

// notes looks at calls that tell something of the page, whatever they give.
func (c call) notes() {
	switch c.name {
	case "validateuser", "authenticate", "logonuser", "validatecredentials":
		c.asks = true
	case "addusertorole", "addusertoroles", "adduserstorole", "addtorole", "addtoroleasync":
		if role, _ := c.arg(1).Text(); strings.HasPrefix(strings.ToLower(role), "admin") && c.arg(0).L&fromRequest != 0 {
			c.promotes(c.n, c.arg(0))
		}
	case "changepassword":
		if len(c.n.Kids) > 2 && len(c.args) == 2 && c.args[1].L&fromRequest != 0 && calls(c.n.Kids[1], "resetpassword") {
			c.owns(c.n, c.args[1], "makes-administrator", "The page gives any user a password without the old one, and asks nobody who he is.")
		}
	case "tryparse", "tryparseexact", "trycreate": // the last argument receives what the first says
		if len(c.args) > 1 && len(c.n.Kids) > len(c.args) {
			v := script.Union(c.args[0])
			if c.name != "trycreate" {
				v.L |= script.Numeric
			}
			c.m.Taint(c.n.Kids[len(c.args)], v)
		}
	}
}

// compares is text being looked at: names of uploads, and who visits.
func (c call) compares() {
	c.checked = c.checked || script.Union(append(c.args, c.recv)...).L&fileName != 0
	if c.name == "equals" {
		c.Compare(c.m, c.n, c.recv, c.arg(0))
	}
	c.visitor(c.m, c.n, c.recv, c.arg(0))
	if c.name == "ismatch" && c.recv.K == script.VObject { // of a Regex
		c.visitor(c.m, c.n, c.arg(0), c.field("pattern"))
	}
}
