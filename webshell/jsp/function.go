package jsp

import "slices"

// A function is a value that can be called: a lambda, or a method by its name;
// or one of several, or what holds them.
type function struct {
	lambda int   // index of its method, 0 for a reference
	recv   value // of a reference, with the method's name
	name   string
	some   []*function // of which it is one
	holds  bool        // it is a map or list of them
}

// maxSome is how many functions of one table are followed.
const maxSome = 64

// either is one of two functions.
func either(f, g *function) *function {
	switch {
	case f == nil || f == g:
		return g
	case g == nil:
		return f
	}
	out := &function{holds: f.holds && g.holds}
	for _, one := range [...]*function{f, g} {
		all := one.some
		if all == nil {
			all = []*function{one}
		}
		for _, x := range all {
			if len(out.some) < maxSome && !slices.ContainsFunc(out.some, x.same) {
				out.some = append(out.some, x)
			}
		}
	}
	return out
}

// same reports whether both stand for one place of the page: walks make anew
// what they met before.
func (f *function) same(g *function) bool {
	return f == g || f.lambda == g.lambda && f.name == g.name && f.recv.typ == g.recv.typ && f.recv.name == g.recv.name
}

// holding is what holds the functions among some values, if there are any.
func holding(args []value) *function {
	var f *function
	for _, a := range args {
		f = either(f, a.fn)
	}
	if f == nil {
		return nil
	}
	if f.some == nil {
		return &function{some: []*function{f}, holds: true}
	}
	return &function{some: f.some, holds: true}
}

// What maps, lists and streams do with the functions that they hold.
var (
	takes = map[string]bool{"put": true, "putIfAbsent": true, "putAll": true, "add": true, "addAll": true, "set": true, "of": true, "entry": true, "ofEntries": true, "asList": true}
	views = map[string]bool{"values": true, "entrySet": true, "iterator": true, "stream": true, "elements": true, "filter": true, "findFirst": true, "findAny": true, "subList": true}
	gives = map[string]bool{"get": true, "getOrDefault": true, "getValue": true, "next": true, "nextElement": true, "remove": true, "poll": true, "pop": true, "peek": true,
		"getFirst": true, "getLast": true, "elementAt": true, "orElse": true, "orElseGet": true}
)

// hold puts functions into what a variable holds.
func (w *walker) hold(recv value, at varKey, f *function) value {
	recv.fn = f
	if at.name != "" {
		w.assign(at, recv)
	}
	return value{fn: f}
}

// held calls a method of what holds functions.
func (w *walker) held(recv value, at varKey, name string, args []value) value {
	switch f := holding(args); {
	case takes[name] && f != nil:
		return w.hold(recv, at, either(recv.fn, f))
	case views[name]:
		return value{fn: recv.fn}
	case gives[name]:
		return value{fn: &function{some: recv.fn.some}}
	}
	return value{}
}

// maxCalls bounds the calls of functions on one page: what holds references to
// what holds references doubles the calls each time.
const maxCalls = 20_000

// maxLambdas bounds the lambdas of a page that are followed.
const maxLambdas = 1000

// lambda reads the body of a lambda whose parameters stand between two tokens.
func (w *walker) lambda(lo, hi int) value {
	index, ok := w.lambdas[w.i]
	if !ok && len(w.lambdas) < maxLambdas {
		index = len(w.methods)
		w.lambdas[w.i] = index
		w.methods = append(w.methods, method{params: w.parameters(lo, hi), parent: w.scope})
	}
	scope := w.scope
	if index != 0 {
		w.scope = index
		w.enter(index)
	}
	if w.is(w.i, '{') {
		lo, hi := w.i+1, int(w.tokens[w.i].pair)
		w.nested(lo, hi)
		w.skipTo(hi + 1)
	} else {
		v := w.expr(1)
		m := &w.methods[w.scope]
		if index != 0 {
			m.result = join(m.result, v)
		}
	}
	w.scope = scope
	if index == 0 {
		w.facts.full = true
		return value{}
	}
	return value{fn: &function{lambda: index}}
}

// callFunction gives a function arguments.
func (w *walker) callFunction(f *function, args []value, at int32) value {
	if w.calls++; w.calls > maxCalls {
		w.facts.full = true
		return value{}
	}
	if f.some != nil {
		var out value
		for _, one := range f.some {
			out = join(out, w.callFunction(one, args, at))
		}
		return out
	}
	if f.lambda == 0 {
		if f.name == "new" { // ProcessBuilder::new
			return w.constructed(f.recv.class(), args, at)
		}
		if v, ok := w.own(f.name, args); ok {
			return v
		}
		return w.call(f.recv, varKey{}, f.name, args, at)
	}
	w.pass(f.lambda, args)
	return w.methods[f.lambda].result
}

// handOn calls the functions among the arguments of a call that nothing is
// known of with what else it was given, as list.forEach(x -> …) does.
func (w *walker) handOn(recv value, args []value, at int32) value {
	given := value{taint: recv.taint, origin: recv.origin, typ: recv.typ}
	for _, a := range args {
		if a.fn == nil && a.taint != 0 {
			given = join(given, value{taint: a.taint, origin: a.origin})
		}
	}
	var out value
	for _, a := range args {
		if a.fn != nil && given.taint != 0 {
			out = join(out, w.callFunction(a.fn, []value{given}, at))
		} else if a.fn != nil && a.fn.lambda != 0 && len(w.methods[a.fn.lambda].params) == 0 { // supplyAsync(() -> …)
			out = join(out, w.callFunction(a.fn, nil, at))
		}
	}
	return out
}
