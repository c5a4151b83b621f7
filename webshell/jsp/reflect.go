package jsp

import (
	"slices"
	"strings"
)

// startsPrograms are the classes whose methods start programs.
var startsPrograms = map[string]bool{"Runtime": true, "ProcessBuilder": true, "ProcessImpl": true}

// reflect follows Class, Method and their kin to what is called in the end.
func (w *walker) reflect(recv value, class, name string, args []value, at int32) (value, bool) {
	a := arg(args, 0)
	switch name {
	case "getClass":
		return value{typ: "Class", name: recv.typ, taint: recv.taint, origin: recv.origin}, true
	case "forName", "loadClass", "findClass", "findSystemClass":
		if len(args) == 0 {
			return value{}, false
		}
		if name == "forName" || strings.HasSuffix(class, "ClassLoader") || class == "" || class == "Class" || class == "this" || a.hidden {
			w.named(a, at)
			if a.known() && strings.HasPrefix(a.s, "$$BCEL$$") || a.lead && strings.HasPrefix(a.s, "$$BCEL$$") || class != "Class" && name == "loadClass" && a.taint&controlled != 0 {
				w.facts.sink(sinkDefine, at, a).name = "BCEL"
			}
			out := value{typ: "Class", taint: a.taint | recv.taint, origin: max(a.origin, recv.origin), hidden: a.hidden}
			if a.known() {
				out.name = a.s
			} else {
				out.args = true // the name is not known
			}
			return out, true
		}
	case "getMethod", "getDeclaredMethod", "findStatic", "findVirtual":
		if class != "Class" && !strings.HasSuffix(class, "Lookup") {
			return value{}, false
		}
		if strings.HasSuffix(class, "Lookup") {
			recv, a = a, arg(args, 1)
		}
		w.named(a, at)
		if w.classes[recv.name] && recv.taint == 0 { // a method of the page's own
			return value{typ: "Method", name: recv.name + "#" + a.s}, true
		}
		if property(a) && recv.taint&controlled == 0 && recv.typ == "Class" {
			return value{typ: "Method"}, true
		}
		out := value{typ: "Method", taint: a.taint | recv.taint, origin: max(a.origin, recv.origin), hidden: a.hidden || recv.hidden, args: recv.args || !a.isStr}
		if a.known() {
			out.name = recv.name + "#" + a.s
		}
		return out, true
	case "getMethods", "getDeclaredMethods", "getConstructors", "getDeclaredConstructors", "getConstructor", "getDeclaredConstructor", "unreflect", "unreflectConstructor":
		if class == "Class" || strings.HasPrefix(name, "unreflect") {
			if strings.HasPrefix(name, "unreflect") {
				recv = a
			}
			typ := "Constructor"
			if strings.Contains(name, "Method") || name == "unreflect" && recv.typ == "Method" {
				typ = "Method"
			}
			return value{typ: typ, name: recv.name, taint: recv.taint, origin: recv.origin, hidden: recv.hidden, args: recv.args || typ == "Method"}, true
		}
	case "newInstance":
		if class == "Class" || class == "Constructor" {
			if recv.taint&controlled != 0 && recv.taint&weak == 0 {
				h := w.facts.sink(sinkReflect, at, recv)
				h.path = joinAll(args)
				h.name = "newInstance"
			}
			if len(args) == 1 && len(a.elems) > 0 && a.typ == "Object[]" {
				args = a.elems
			}
			if recv.name != "" {
				return w.constructed(simple(recv.name), args, at), true
			}
			in := joinAll(args)
			if recv.args && in.taint&controlled != 0 {
				w.facts.sink(sinkReflect, at, in).name = "hidden"
			}
			return value{taint: recv.taint | in.taint, origin: max(recv.origin, in.origin), typ: ""}, true
		}
		if strings.HasSuffix(class, "Factory") {
			return value{typ: class}, true
		}
	case "newFactory":
		return value{typ: class}, true
	case "invoke", "invokeExact", "invokeWithArguments", "invokeMethod":
		if class == "Method" || strings.HasPrefix(name, "invoke") && (class == "" || class == "MethodHandle" || class == "MethodUtil" || class == "this") && recv.name == "" {
			return w.reflected(recv, args, at), true
		}
	case "bindTo":
		if class == "Method" {
			recv.elems = []value{a}
			return recv, true
		}
	case "setAccessible":
		w.facts.sink(sinkInternal, at, value{}).name = name
		return value{}, true
	}
	return value{}, false
}

// property reports whether the name of a method begins as those do by which
// beans are read and filled.
func property(name value) bool {
	return name.lead && (name.s == "get" || name.s == "set" || name.s == "is")
}

// named notes a dangerous name that was put together, or written in an
// expression of the expression language, where it has no business.
func (w *walker) named(v value, at int32) {
	if !v.known() {
		return
	}
	if isInternal(v.s) {
		w.facts.sink(sinkInternal, at, value{}).name = v.s
	}
	if !dangerous[v.s] {
		return
	}
	if v.hidden || int(at) >= w.page.el {
		w.facts.sink(sinkHiddenName, at, v).name = v.s
	}
}

// reflected is method.invoke(object, args…).
func (w *walker) reflected(method value, args []value, at int32) value {
	args = append(slices.Clip(method.elems), args...) // what it is bound to comes first
	object := arg(args, 0)
	rest := args[min(1, len(args)):]
	if len(rest) == 1 && len(rest[0].elems) > 0 && strings.HasPrefix(rest[0].typ, "Object") {
		rest = rest[0].elems
	}
	in := joinAll(rest)
	if method.taint&controlled != 0 && method.taint&weak == 0 {
		w.facts.sink(sinkReflect, at, method).name = "invoke"
	}
	owner, called, ok := strings.Cut(method.name, "#")
	if !ok && method.isStr {
		called = method.name
	}
	if called == "" {
		if in.taint&controlled != 0 && startsPrograms[simple(method.name)] { // one of its methods
			w.facts.sink(sinkExec, at, in)
			return process("Process", in)
		}
		if method.args && in.taint&controlled != 0 {
			w.facts.sink(sinkReflect, at, in).name = "hidden"
		}
		return value{taint: in.taint | object.taint, origin: max(in.origin, object.origin)}
	}
	if owner != "" && !strings.HasPrefix(owner, "this") {
		object.typ = simple(owner)
	}
	return w.call(object, varKey{}, called, rest, at)
}

// isInternal reports whether a class belongs to the Java runtime's own insides.
// Drivers, codecs and ciphers are what old pages do name.
func isInternal(class string) bool {
	for _, p := range []string{"sun.jdbc", "com.sun.crypto", "com.sun.net.ssl", "com.sun.image", "sun.misc.BASE64", "com.sun.mail", "com.sun.media", "sun.awt.image", "com.sun.jndi.ldap.LdapCtxFactory"} {
		if strings.HasPrefix(class, p) {
			return false
		}
	}
	return strings.HasPrefix(class, "sun.") || strings.HasPrefix(class, "com.sun.") || strings.HasPrefix(class, "jdk.") ||
		class == "java.lang.ProcessImpl" || class == "java.lang.UNIXProcess"
}
