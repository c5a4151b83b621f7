package jsp

import (
	"strings"

	"limier/internal/script"
)

// makers are constructors, by the class.
var makers = script.Table(map[string]meaning{
	"String":                     call.newString,
	"StringJoiner":               call.newJoiner,
	"StringBuilder StringBuffer": call.newBuilder,
	"super":                      call.nothing,

	"ProcessBuilder CommandLine ProcessImpl UNIXProcess":                       call.newProcess,
	"JexlBuilder Yaml ScriptEngineManager GroovyShell ELProcessor Interpreter": call.plain,
	"Template":      call.newTemplate,
	"TemplatesImpl": call.newClass,
	"ScriptEvaluator ExpressionEvaluator SimpleCompiler ClassBodyEvaluator": call.newEvaluator, // of Janino
	"URLClassLoader": call.newLoader,
	"JdbcRowSetImpl MimeLauncher MimeEntry ScriptLoader VersionHelper": call.newInternal,
	"InitialContext InitialDirContext InitialLdapContext":              call.newContext,
	"ObjectName": call.carries, // the name of a management bean
	"XMLDecoder": call.newDecoder,
	"ObjectInputStream HessianInput Hessian2Input Scanner DataInputStream SecretKeySpec": call.wraps,

	"File": call.newFile,
	"FileOutputStream FileWriter RandomAccessFile FileHandler FileImageOutputStream":      call.newOut,
	"PrintWriter PrintStream Formatter":                                                   call.newPrinter,
	"FileInputStream FileReader":                                                          call.newIn,
	"URL StreamSource StringReader ByteArrayInputStream InputStreamReader BufferedReader": call.carriesText,

	"Socket DatagramSocket SSLSocket": call.newSocket,
	"ServerSocket":                    call.newListener,
	"InetSocketAddress":               call.newAddress,
})

// constructed is new typ(args).
func (w *walker) constructed(typ string, args []value, at int32) value {
	c := call{walker: w, name: typ, args: args, at: at}
	if v, ok := c.by(makers); ok {
		return v
	}
	a, in := c.arg(0), joinAll(args)
	if typ == "Expression" || typ == "Statement" { // java.beans
		if b := c.arg(1); len(args) == 3 {
			w.reflected(value{typ: "Method", name: b.s, taint: b.taint, origin: b.origin, isStr: b.isStr, hidden: b.hidden}, append([]value{a}, args[2]), at)
		}
		return value{typ: typ}
	}
	if (fileOut[a.typ] || a.typ == "SocketOut" || a.typ == "ProcessOut") && (strings.HasSuffix(typ, "Writer") || strings.HasSuffix(typ, "OutputStream")) {
		return a // a wrapper around it
	}
	if holders[typ] && allFixed(args) {
		return value{typ: typ, fixed: true}
	}
	if isError(typ) || isError(w.extends[typ]) {
		c.name = typ
		v, _ := c.carriesText()
		return v
	}
	if len(w.byName[typ]) > 0 {
		w.own(typ, args) // a constructor of the page's own class
	}
	if parent := w.extends[typ]; strings.HasSuffix(parent, "ClassLoader") {
		typ = "ClassLoader"
	}
	out := value{typ: typ, taint: in.taint, origin: in.origin}
	if in.taint != 0 && !strings.HasSuffix(typ, "Stream") && !strings.HasSuffix(typ, "Reader") && !strings.HasSuffix(typ, "Buffer") && typ != "BigInteger" {
		out.taint |= weak
	}
	return out
}

// holders are the classes of tables and lists, and what they are declared as.
var holders = map[string]bool{"HashMap": true, "LinkedHashMap": true, "TreeMap": true, "ConcurrentHashMap": true, "Hashtable": true, "Properties": true,
	"ArrayList": true, "LinkedList": true, "Vector": true, "HashSet": true, "LinkedHashSet": true, "TreeSet": true, "List": true, "Set": true, "Map": true, "Collection": true}

// isError reports whether objects of a class can be thrown.
func isError(class string) bool {
	return strings.HasSuffix(class, "Exception") || strings.HasSuffix(class, "Error") || class == "Throwable"
}

func (c call) nothing() (value, bool) { return value{}, true }

// plain is an object of which the arguments do not matter.
func (c call) plain() (value, bool) { return value{typ: c.name}, true }

// carries is an object that stems from its arguments.
func (c call) carries() (value, bool) {
	in := joinAll(c.args)
	return value{typ: c.name, taint: in.taint, origin: in.origin}, true
}

// wraps is carries that knows how the first argument begins, if that is a text.
func (c call) wraps() (value, bool) {
	v, _ := c.carries()
	v.s, v.lead = c.arg(0).s, c.arg(0).lead
	return v, true
}

// carriesText is carries of the text that the first argument is.
func (c call) carriesText() (value, bool) {
	v, _ := c.wraps()
	v.isStr = c.arg(0).isStr
	return v, true
}

func (c call) newString() (value, bool) {
	a := c.arg(0)
	if !a.isStr && !a.isNum {
		if a.taint&fromUpload != 0 { // what a part of the request holds, as text
			a.taint |= fromBody
		}
		return value{typ: "String", taint: a.taint, origin: a.origin}, true
	}
	a.typ = "String"
	return a, true
}

func (c call) newJoiner() (value, bool) {
	return value{typ: c.name, isStr: len(c.args) == 1 && c.args[0].known() && c.args[0].s == ""}, true
}

func (c call) newBuilder() (value, bool) {
	out := c.arg(0)
	if len(c.args) == 0 || out.isNum {
		out = value{isStr: true}
	}
	out.typ = c.name
	return out, true
}

func (c call) newProcess() (value, bool) {
	v := command(c.args)
	if len(c.args) > 0 {
		c.sink(sinkExec, v)
	}
	return process(c.name, v), true
}

// newTemplate is FreeMarker's, whose expressions make objects.
func (c call) newTemplate() (value, bool) {
	if in := joinAll(c.args); len(c.args) > 1 && in.taint&controlled != 0 {
		c.sink(sinkEval, in).name = c.name
	}
	return c.unknown()
}

func (c call) newEvaluator() (value, bool) {
	if a := c.arg(0); a.taint&controlled != 0 {
		c.sink(sinkEval, a).name = c.name
	}
	return c.plain()
}

func (c call) newClass() (value, bool) {
	c.sink(sinkDefine, joinAll(c.args)).name = c.name
	return c.unknown()
}

func (c call) newInternal() (value, bool) {
	c.sink(sinkInternal, joinAll(c.args)).name = c.name
	return c.unknown()
}

func (c call) newLoader() (value, bool) {
	h := c.sink(sinkLoad, joinAll(c.args))
	h.name, h.path = c.name, text(c.arg(0).begins())
	return c.carries()
}

func (c call) newContext() (value, bool) {
	if a := c.arg(0); a.taint&controlled != 0 { // the environment names the server
		c.sink(sinkLookup, a)
	}
	return c.plain()
}

func (c call) newDecoder() (value, bool) {
	if in := joinAll(c.args); in.taint&controlled != 0 {
		c.sink(sinkDeserial, in).name = c.name
	}
	return c.wraps()
}

func (c call) newFile() (value, bool) {
	a := c.arg(0)
	if b := c.arg(1); b.isStr {
		a = add(add(a, text("/")), b)
	} else if len(c.args) > 1 && a.taint == 0 {
		a.lead = a.isStr // a folder that is given, with a name that is not
	}
	out, _ := c.carries()
	out.s, out.isStr, out.lead = a.s, a.isStr, a.lead
	return out, true
}

// ofPath is an object that stands for the file that the first argument names.
func (c call) ofPath() (value, bool) {
	a := c.arg(0)
	return value{typ: c.name, taint: a.taint, origin: a.origin, s: a.s, isStr: a.isStr, lead: a.lead}, true
}

func (c call) newOut() (value, bool) {
	a := c.arg(0)
	if v := c.arg(1); c.name == "RandomAccessFile" && v.known() && v.s == "r" {
		return value{typ: "File", taint: a.taint, origin: a.origin}, true
	}
	out, _ := c.ofPath()
	if out.taint&controlled != 0 {
		c.record(out, value{})
	}
	return out, true
}

func (c call) newPrinter() (value, bool) {
	if a := c.arg(0); a.typ != "String" && a.typ != "File" {
		return a, true
	}
	return c.ofPath()
}

func (c call) newIn() (value, bool) {
	a := c.arg(0)
	if a.taint&controlled != 0 && a.taint&weak == 0 {
		c.sink(sinkFileAct, a).name = "read"
	}
	return value{typ: c.name, taint: fromStore | a.taint&weak, origin: c.at}, true
}

func (c call) newSocket() (value, bool) {
	if len(c.args) > 0 {
		c.sink(sinkSocket, joinConst(c.args))
	}
	return value{typ: "Socket", taint: fromNet, origin: c.at}, true
}

func (c call) newListener() (value, bool) {
	c.sink(sinkSocket, value{}).name = "listen"
	return value{typ: c.name, taint: fromNet, origin: c.at}, true
}

func (c call) newAddress() (value, bool) {
	v, _ := c.carriesText()
	v.lead = false
	return v, true
}
