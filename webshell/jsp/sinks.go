package jsp

import (
	"strings"

	"limier/webshell"
)

// A sinkKind is a way to act on data.
type sinkKind uint8

const (
	sinkExec       sinkKind = iota // starts a process
	sinkEval                       // evaluates a script or expression
	sinkDefine                     // makes a class of bytes
	sinkReflect                    // calls what a name says
	sinkDeserial                   // rebuilds objects
	sinkLookup                     // JNDI
	sinkWrite                      // writes a file; value is the content, path where
	sinkSQL                        // runs a statement
	sinkConnect                    // opens a database
	sinkSocket                     // connects to a host
	sinkSend                       // writes to a socket
	sinkURL                        // fetches a URL
	sinkLoad                       // loads a native library or a class from elsewhere
	sinkImplant                    // registers a filter, servlet, listener or valve
	sinkHiddenName                 // a dangerous name was put together
	sinkInternal                   // reaches into the Java runtime's own classes, or past access control
	sinkCompile                    // compiles source
	sinkServer                     // takes the server's own passwords or makes accounts of it
	sinkFileAct                    // deletes, renames, lists or reads a file that the request names
)

// A hit is one sink that data reached.
type hit struct {
	kind sinkKind
	at   int32
	v    value
	path value
	name string
}

// facts are what a page does, as far as the walk saw.
type facts struct {
	hits          []hit
	seen          map[hitKey]int
	native        []int32
	reads         bool // reads the request
	processOutput bool
	deep          bool // some code was read out of its place
	full          bool // not all that it does was noted
}

type hitKey struct {
	kind sinkKind
	at   int32
}

// maxHits bounds what one page can make us remember.
const maxHits = 4096

func (f *facts) sink(kind sinkKind, at int32, v value) *hit {
	key := hitKey{kind, at}
	if i, ok := f.seen[key]; ok {
		h := &f.hits[i]
		h.v = join(v, h.v)
		return h
	}
	if len(f.hits) >= maxHits {
		f.full = true
		return &hit{}
	}
	f.seen[key] = len(f.hits)
	f.hits = append(f.hits, hit{kind: kind, at: at, v: v})
	return &f.hits[len(f.hits)-1]
}

var (
	evalClasses = map[string]bool{
		"ScriptEngine": true, "NashornScriptEngine": true, "RhinoScriptEngine": true, "ELProcessor": true, "ExpressionFactory": true, "GroovyShell": true,
		"GroovyClassLoader": true, "SpelExpressionParser": true, "ExpressionParser": true, "Ognl": true, "MVEL": true, "Interpreter": true, "PythonInterpreter": true,
		"JShell": true, "JexlEngine": true, "VelocityEngine": true, "Velocity": true, "Compilable": true, "BSFManager": true, "ExpressionEvaluator": true,
		"Context": true, "ELEvaluator": true, "ExpressionEvaluatorImpl": true, "Invocable": true, "Eval": true, "AviatorEvaluator": true,
	}
	evalMethods = map[string]bool{
		"eval": true, "evaluate": true, "createValueExpression": true, "createMethodExpression": true, "parseExpression": true, "parseClass": true,
		"exec": true, "compile": true, "evaluateString": true, "getValue": true, "setValue": true, "me": true, "execute": true, "parse": true,
		"mergeTemplate": true, "executeExpression": true,
	}
	implants = map[string]bool{
		"addFilterMap": true, "addFilterMapBefore": true, "addFilterDef": true, "addServletMapping": true, "addServletMappingDecoded": true,
		"addApplicationEventListener": true, "addValve": true, "registerMapping": true, "addServletWithMapping": true, "addFilterWithMapping": true,
		"addMappingForUrlPatterns": true, "addInterceptor": true, "registerHandlerMethod": true, "setServletClass": true, "addLastValve": true,
		"setApplicationEventListeners": true, "setApplicationEventListenersObjects": true, "addFilterHolder": true, "registerFilter": true, "registerServlet": true,
		"addEventListener": true, "setUpgradeProtocol": true, "setExecutor": true, "addEndpoint": true, "addMappingForServletNames": true,
	}
	// Functions of the system by which code or commands are run.
	nativeCalls = map[string]bool{
		"system": true, "popen": true, "execve": true, "dlopen": true, "mprotect": true, "winexec": true, "createprocessa": true, "createprocessw": true, "shellexecutea": true,
		"virtualalloc": true, "virtualprotect": true, "createthread": true, "createremotethread": true, "writeprocessmemory": true, "loadlibrarya": true,
	}
	dangerous = map[string]bool{
		"java.lang.Runtime": true, "java.lang.ProcessBuilder": true, "java.lang.ProcessImpl": true, "java.lang.UNIXProcess": true,
		"javax.script.ScriptEngineManager": true, "java.lang.ClassLoader": true, "sun.misc.Unsafe": true, "jdk.internal.misc.Unsafe": true,
		"java.lang.Process": true, "javax.el.ELProcessor": true, "com.sun.org.apache.bcel.internal.util.ClassLoader": true,
		"java.net.URLClassLoader": true, "getRuntime": true, "exec": true, "defineClass": true, "java.lang.reflect.Method": true, "java.beans.Expression": true,
		"jdk.jshell.JShell": true, "javax.management.loading.MLet": true, "sun.reflect.misc.MethodUtil": true, "javax.tools.ToolProvider": true,
	}
)

// sinkCall is a call that acts.
func (w *walker) sinkCall(recv value, class, name string, args []value, at int32) (value, bool) {
	f := w.facts
	a := arg(args, 0)
	if implants[name] && class != "JspWriter" {
		f.sink(sinkImplant, at, joinAll(args)).name = name
		return value{typ: "Registration"}, true
	}
	if evalMethods[name] && (evalClasses[class] || name == "eval" && len(args) > 0 && class != "Response") {
		v := joinConst(args)
		f.sink(sinkEval, at, v).name = class + "." + name
		return value{taint: v.taint, origin: v.origin}, true
	}
	switch name {
	case "exec":
		switch class {
		case "Runtime", "", "this", "Object", "Executor", "DefaultExecutor", "CommandLine":
			f.sink(sinkExec, at, command(args))
			return value{typ: "Process"}, true
		}
		if recv.name == "" && class != "Pattern" && class != "ChannelExec" {
			f.sink(sinkExec, at, command(args))
			return value{typ: "Process"}, true
		}
	case "command", "start", "create", "forkAndExec", "parse", "build":
		switch class {
		case "CommandLine":
			return value{typ: class, taint: a.taint, origin: a.origin, s: a.s, isStr: a.isStr, lead: a.lead}, true
		case "JexlBuilder":
			return value{typ: "JexlEngine"}, true
		case "ProcessBuilder":
			if name == "command" {
				f.sink(sinkExec, at, command(args))
				return value{typ: "ProcessBuilder"}, true
			}
			return value{typ: "Process"}, true
		case "ProcessImpl", "UNIXProcess":
			f.sink(sinkExec, at, command(args))
			return value{typ: "Process"}, true
		}
	case "defineClass", "defineAnonymousClass", "defineHiddenClass", "defineClass0", "defineClass1":
		f.sink(sinkDefine, at, joinConst(args))
		return value{typ: "Class", taint: joinAll(args).taint}, true
	case "readObject", "readUnshared", "fromXML", "deserialize", "unmarshal", "readObjectOverride":
		v := join(value{taint: recv.taint, origin: recv.origin}, joinAll(args))
		if v.taint&(controlled|fromUpload) != 0 {
			f.sink(sinkDeserial, at, v).name = class
		}
		return value{taint: v.taint, origin: v.origin}, true
	case "load", "loadLibrary", "loadAs":
		switch class {
		case "System", "Runtime":
			f.sink(sinkLoad, at, a).name = class + "." + name
			return value{}, true
		case "Yaml":
			if a.taint&controlled != 0 {
				f.sink(sinkDeserial, at, a).name = class
			}
		}
	case "attach", "loadAgent", "loadAgentPath":
		if class == "VirtualMachine" {
			f.sink(sinkInternal, at, joinAll(args)).name = class + "." + name
			return value{typ: class}, true
		}
	case "getFunction":
		if b := arg(args, 1); class == "Function" && nativeCalls[strings.ToLower(b.s)] {
			f.sink(sinkInternal, at, joinAll(args)).name = b.s
		}
	case "system", "popen", "WinExec", "ShellExecute", "ShellExecuteA", "ShellExecuteW": // of a system's library, through JNA
		if sure(a) {
			f.sink(sinkExec, at, joinAll(args))
		}
	case "createMBean":
		if strings.HasPrefix(a.s, "javax.management.loading.") {
			f.sink(sinkInternal, at, a).name = a.s
		}
	case "setCommandline":
		f.sink(sinkExec, at, command(args))
		return value{}, true
	case "proprietaryEvaluate":
		f.sink(sinkEval, at, a).name = name
		return value{}, true
	case "createExpression", "createScript":
		if strings.HasPrefix(class, "Jexl") {
			f.sink(sinkEval, at, a).name = class + "." + name
			return value{}, true
		}
	case "getSystemJavaCompiler":
		f.sink(sinkCompile, at, value{})
		return value{typ: "JavaCompiler"}, true
	case "setDataSourceName":
		if a.taint&controlled != 0 {
			f.sink(sinkLookup, at, a)
		}
	case "newTemplates", "newTransformer", "transform":
		if strings.HasPrefix(class, "Transformer") || class == "Templates" {
			v := joinConst(args)
			if v.taint&(controlled|fromNet) != 0 || v.isStr {
				f.sink(sinkEval, at, v).name = class + "." + name
			}
			return value{typ: "Transformer", taint: v.taint, origin: v.origin, s: v.s, isStr: v.isStr}, true
		}
	case "lookup", "doLookup":
		if (strings.HasSuffix(class, "Context") || class == "Naming") && a.taint&controlled != 0 && !a.lead && recv.name != "java:" {
			f.sink(sinkLookup, at, a)
		}
		if strings.HasSuffix(class, "Context") && a.isStr && strings.HasPrefix(a.s, "java:") {
			return value{typ: "Context", name: "java:"}, true // of this server: what is looked up in it are names, no addresses
		}
		if class == "Registry" && recv.taint&controlled != 0 { // of a host that the request names
			f.sink(sinkLookup, at, recv)
		}
	case "getRegistry":
		if class == "LocateRegistry" {
			return value{typ: "Registry", taint: a.taint, origin: a.origin}, true
		}
	case "invoke":
		if b := arg(args, 1); strings.HasPrefix(class, "MBeanServer") && sure(a) && sure(b) {
			f.sink(sinkReflect, at, b).name = class
			return value{}, true
		} else if strings.HasPrefix(class, "MBeanServer") && b.known() && b.s == "createUser" { // Tomcat's user database
			f.sink(sinkServer, at, joinAll(args)).name = "makes an account of the server"
			return value{}, true
		}
	case "getEncryptionService", "decrypt":
		if class == "SerializedSystemIni" || class == "ClearOrEncryptedService" { // WebLogic's
			f.sink(sinkServer, at, a).name = "decrypts the passwords in the server's configuration"
			return value{typ: "ClearOrEncryptedService"}, true
		}
	case "getMBeansFromURL", "addURL":
		if sure(a) {
			f.sink(sinkLoad, at, a).name = class
		}
	case "getConnection":
		if class == "DriverManager" || class == "Driver" {
			h := f.sink(sinkConnect, at, a)
			h.path = joinAll(args)
			return value{typ: "Connection", taint: a.taint & controlled, origin: a.origin}, true
		}
	case "executeQuery", "executeUpdate", "prepareStatement", "execute", "executeLargeUpdate", "addBatch", "prepareCall":
		if a.typ == "CommandLine" { // of Apache Commons Exec
			f.sink(sinkExec, at, a)
			return value{}, true
		}
		if len(args) > 0 && class != "this" {
			f.sink(sinkSQL, at, a)
			return value{taint: fromStore, origin: at}, true
		}
	case "connect":
		if strings.Contains(class, "Socket") && len(args) > 0 {
			f.sink(sinkSocket, at, a)
			return value{}, true
		}
	case "open":
		if strings.Contains(class, "SocketChannel") {
			if len(args) > 0 {
				f.sink(sinkSocket, at, a)
			}
			return value{typ: class, taint: fromNet, origin: at}, true
		}
	case "delete", "deleteOnExit", "renameTo", "mkdir", "mkdirs", "listFiles", "list", "listRoots", "createNewFile", "setLastModified", "deleteIfExists", "newInputStream", "readAllBytes", "readString", "newDirectoryStream", "setExecutable":
		if class == "File" || class == "Files" || class == "Path" || class == "RandomAccessFile" || class == "" && (name != "list" && name != "delete" || len(args) == 0) {
			v := recv
			if class == "Files" {
				v = a
				v.typ = "Path"
			}
			if v.taint&controlled != 0 && v.taint&weak == 0 || name == "listRoots" {
				f.sink(sinkFileAct, at, v).name = name
				if class == "Files" && (name == "readAllBytes" || name == "readString" || name == "newInputStream") {
					f.sink(sinkFileAct, at, v).name = "read"
				}
			}
			out := value{taint: v.taint | fromStore, origin: v.origin, typ: "File"}
			return out, name != "readAllBytes" || class == "Files"
		}
	}
	return w.writes(recv, class, name, args, at)
}

// writes is a call that may write a file.
func (w *walker) writes(recv value, class, name string, args []value, at int32) (value, bool) {
	a, b := arg(args, 0), arg(args, 1)
	record := func(path, content value) (value, bool) {
		h := w.facts.sink(sinkWrite, at, content)
		h.path = join(path, h.path)
		return value{}, true
	}
	switch name {
	case "write", "print", "println", "append", "writeBytes", "writeUTF", "writeChars", "printf", "format", "info":
		if fileOut[class] && len(args) > 0 {
			return record(recv, joinConst(args))
		}
		switch class {
		case "SocketOut":
			if sure(a) {
				w.facts.sink(sinkSend, at, a)
			}
			return value{}, true
		case "Files":
			return record(a, b)
		case "FileItem", "Part", "DiskFileItem":
			return record(a, recv)
		case "IOUtils":
			if fileOut[b.typ] {
				return record(b, a)
			}
		}
		if recv.taint&fromUpload != 0 && name == "write" && len(args) == 1 {
			return record(a, recv)
		}
	case "writeString", "writeStringToFile", "writeByteArrayToFile", "copyInputStreamToFile", "copyURLToFile", "writeLines":
		if name == "copyInputStreamToFile" || name == "copyURLToFile" {
			return record(b, a)
		}
		return record(a, b)
	case "copy", "copyLarge", "copyFile":
		switch class {
		case "Files", "FileUtils":
			if b.typ == "JspWriter" {
				if sure(a) {
					w.facts.sink(sinkFileAct, at, a).name = "read"
				}
				return value{}, true
			}
			return record(b, a)
		case "IOUtils", "StreamUtils", "FileCopyUtils", "ByteStreams", "StreamUtil":
			if fileOut[b.typ] {
				return record(b, a)
			}
		}
	case "transferTo":
		switch {
		case fileOut[a.typ]:
			return record(a, recv)
		case recv.taint&fromUpload != 0:
			return record(a, recv)
		}
	case "transferFrom":
		return record(recv, a)
	case "newOutputStream", "newBufferedWriter":
		if class == "Files" {
			return value{typ: "FileOutputStream", taint: a.taint, origin: a.origin, s: a.s, isStr: a.isStr, lead: a.lead}, true
		}
	case "getChannel":
		if fileOut[class] {
			return recv, true
		}
	case "saveAs", "saveFile":
		if len(args) > 0 {
			return record(a, value{taint: fromUpload, origin: at})
		}
	}
	return value{}, false
}

// command is what a process is started with: the first argument, with the
// strings of an array of them.
func command(args []value) value {
	if len(args) > 1 && args[0].typ == "String" && args[1].typ == "String" { // ProcessBuilder("sh", "-c", x)
		v := joinAll(args)
		v.elems = args
		return v
	}
	return arg(args, 0)
}

// constructed is new typ(args).
func (w *walker) constructed(typ string, args []value, at int32) value {
	a := arg(args, 0)
	in := joinAll(args)
	f := w.facts
	switch typ {
	case "String":
		if a.isStr || a.isNum {
			out := a
			out.typ = "String"
			return out
		}
		return value{typ: "String", taint: a.taint, origin: a.origin}
	case "StringJoiner":
		return value{typ: typ, isStr: len(args) == 1 && a.known() && a.s == ""}
	case "StringBuilder", "StringBuffer":
		out := a
		out.typ = typ
		if len(args) == 0 || a.isNum {
			out = value{typ: typ, isStr: true}
		}
		return out
	case "ProcessBuilder", "CommandLine", "ProcessImpl", "UNIXProcess":
		if len(args) > 0 {
			f.sink(sinkExec, at, command(args))
		}
		return value{typ: typ, taint: in.taint}
	case "FileOutputStream", "FileWriter", "RandomAccessFile", "FileHandler", "FileImageOutputStream":
		if v := arg(args, 1); typ == "RandomAccessFile" && v.known() && v.s == "r" {
			return value{typ: "File", taint: a.taint, origin: a.origin}
		}
		out := value{typ: typ, taint: a.taint, origin: a.origin, s: a.s, isStr: a.isStr, lead: a.lead}
		if out.taint&controlled != 0 {
			h := f.sink(sinkWrite, at, value{})
			h.path = join(out, h.path)
		}
		return out
	case "PrintWriter", "PrintStream", "Formatter":
		if a.typ == "String" || a.typ == "File" {
			return value{typ: typ, taint: a.taint, origin: a.origin, s: a.s, isStr: a.isStr, lead: a.lead}
		}
		return a
	case "FileInputStream", "FileReader":
		if a.taint&controlled != 0 && a.taint&weak == 0 {
			f.sink(sinkFileAct, at, a).name = "read"
		}
		return value{typ: typ, taint: fromStore | a.taint&weak, origin: at}
	case "File":
		out := value{typ: "File", taint: in.taint, origin: in.origin}
		if b := arg(args, 1); b.isStr {
			a = add(add(a, text("/")), b)
		} else if len(args) > 1 && a.taint == 0 {
			a.lead = a.isStr // a folder that is given, with a name that is not
		}
		out.s, out.isStr, out.lead = a.s, a.isStr, a.lead
		return out
	case "Socket", "DatagramSocket", "SSLSocket":
		if len(args) > 0 {
			f.sink(sinkSocket, at, joinConst(args))
		}
		return value{typ: "Socket", taint: fromNet, origin: at}
	case "ServerSocket":
		f.sink(sinkSocket, at, value{}).name = "listen"
		return value{typ: typ, taint: fromNet, origin: at}
	case "ObjectName": // the name of a management bean
		return value{typ: typ, taint: in.taint, origin: in.origin}
	case "InetSocketAddress":
		return value{typ: typ, taint: in.taint, origin: in.origin, s: a.s, isStr: a.isStr}
	case "URLClassLoader":
		h := f.sink(sinkLoad, at, in)
		h.name, h.path = typ, text(a.begins())
		return value{typ: typ, taint: in.taint, origin: in.origin}
	case "ObjectInputStream", "XMLDecoder", "Scanner", "DataInputStream", "URL", "SecretKeySpec":
		if typ == "XMLDecoder" && in.taint&controlled != 0 {
			f.sink(sinkDeserial, at, in).name = typ
		}
		return value{typ: typ, taint: in.taint, origin: in.origin, s: a.s, isStr: a.isStr && typ == "URL", lead: a.lead}
	case "Expression", "Statement": // java.beans
		if len(args) == 3 {
			w.reflected(value{typ: "Method", name: arg(args, 1).s, taint: arg(args, 1).taint, origin: arg(args, 1).origin, isStr: arg(args, 1).isStr, hidden: arg(args, 1).hidden}, append([]value{a}, args[2]), at)
		}
		return value{typ: typ}
	case "InitialContext", "InitialDirContext", "InitialLdapContext":
		if a.taint&controlled != 0 { // the environment names the server
			f.sink(sinkLookup, at, a)
		}
		return value{typ: typ}
	case "Template": // FreeMarker's, whose expressions make objects
		if len(args) > 1 && in.taint&controlled != 0 {
			f.sink(sinkEval, at, in).name = typ
		}
	case "JexlBuilder":
		return value{typ: typ}
	case "Yaml", "ScriptEngineManager", "GroovyShell", "ELProcessor", "Interpreter":
		return value{typ: typ}
	case "StreamSource", "StringReader", "ByteArrayInputStream", "InputStreamReader", "BufferedReader":
		return value{typ: typ, taint: in.taint, origin: in.origin, s: a.s, isStr: a.isStr, lead: a.lead}
	case "TemplatesImpl":
		f.sink(sinkDefine, at, in).name = typ
	case "JdbcRowSetImpl", "MimeLauncher", "MimeEntry", "ScriptLoader", "VersionHelper":
		f.sink(sinkInternal, at, in).name = typ
	case "super":
		return value{}
	}
	if (fileOut[a.typ] || a.typ == "SocketOut") && (strings.HasSuffix(typ, "Writer") || strings.HasSuffix(typ, "OutputStream")) {
		return a // a wrapper around it
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

// shells are programs that take commands.
func isShell(cmd string) bool {
	cmd = strings.ToLower(strings.TrimSpace(cmd))
	first, _, _ := strings.Cut(cmd, " ")
	base := first[strings.LastIndexAny(first, `/\`)+1:]
	if strings.HasSuffix(base, "cmd.exe") || strings.HasSuffix(base, "powershell.exe") {
		return true // the separators may be lost as unknown escapes: "C:\windows\cmd.exe"
	}
	switch strings.TrimSuffix(base, ".exe") {
	case "cmd", "sh", "bash", "powershell", "pwsh", "ksh", "zsh", "csh", "dash", "ash", "su", "python", "perl", "busybox", "cscript", "wscript", "command.com", "%comspec%":
		return true
	}
	return false
}

// reverseMarks are commands that hand a shell to another host.
func isReverse(cmd string) bool {
	cmd = strings.ToLower(cmd)
	for _, m := range []string{"/dev/tcp/", "/dev/udp/", "nc -e", "ncat -e", "mkfifo", "net.sockets.tcpclient", "bash -i", "downloadstring", "invoke-expression", "-encodedcommand", "certutil -urlcache"} {
		if strings.Contains(cmd, m) {
			return true
		}
	}
	return false
}

// script reports whether constant content is a script page.
func isScript(s string) bool {
	if len(s) < 6 {
		return false
	}
	switch webshell.Sniff([]byte(s)) {
	case webshell.ContentPage, webshell.ContentPHP, webshell.ContentClass, webshell.ContentPE:
		return true
	}
	return strings.Contains(s, "<%") && (strings.Contains(s, "request.") || strings.Contains(s, "Runtime"))
}
