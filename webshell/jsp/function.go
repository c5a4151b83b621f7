package jsp

// A function is a value that can be called: a lambda, or a method by its name.
type function struct {
	lambda int   // index of its method, 0 for a reference
	recv   value // of a reference, with the method's name
	name   string
}

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
		return value{}
	}
	return value{fn: &function{lambda: index}}
}

// callFunction gives a function arguments.
func (w *walker) callFunction(f *function, args []value, at int32) value {
	if f.lambda == 0 {
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
		}
	}
	return out
}
