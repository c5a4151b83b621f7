package jsp

import (
	"regexp"
	"strings"

	"limier/internal/script"
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
		"ScriptingContainer": true, "ScriptEvaluator": true, "SimpleCompiler": true, "ClassBodyEvaluator": true, "ExpressRunner": true, "Express4Runner": true,
	}
	evalMethods = map[string]bool{
		"eval": true, "evaluate": true, "createValueExpression": true, "createMethodExpression": true, "parseExpression": true, "parseClass": true,
		"exec": true, "compile": true, "evaluateString": true, "getValue": true, "setValue": true, "me": true, "execute": true, "parse": true,
		"mergeTemplate": true, "executeExpression": true, "runScriptlet": true, "cook": true,
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

// sinks are methods that act.
var sinks = script.Table(map[string]meaning{
	"exec": call.exec,
	"command start create forkAndExec parse build": call.starts,
	"setCommandline": call.commandLine,
	"directory redirectErrorStream redirectInput redirectOutput inheritIO": call.builder,
	"system popen WinExec ShellExecute ShellExecuteA ShellExecuteW":        call.system, // of a system's library, through JNA

	"defineClass defineAnonymousClass defineHiddenClass defineClass0 defineClass1": call.define,
	"readObject readUnshared fromXML deserialize unmarshal readObjectOverride":     call.deserialize,
	"load loadLibrary loadAs":               call.loads,
	"getMBeansFromURL addURL":               call.loadsURL,
	"newInstance":                           call.loaderOf,
	"attach loadAgent loadAgentPath":        call.attach,
	"getFunction":                           call.getFunction,
	"createMBean":                           call.createBean,
	"invoke":                                call.invokeBean,
	"proprietaryEvaluate":                   call.proprietary,
	"createExpression createScript":         call.jexl,
	"getSystemJavaCompiler":                 call.compiler,
	"newTemplates newTransformer transform": call.transform,
	"getEncryptionService decrypt":          call.decrypt,

	"setDataSourceName": call.dataSource,
	"lookup doLookup":   call.lookUp,
	"getRegistry":       call.registry,
	"getConnection":     call.connection,
	"executeQuery executeUpdate prepareStatement execute executeLargeUpdate addBatch prepareCall": call.statementOf,
	"connect": call.connect,
	"open":    call.opens,

	"delete deleteOnExit renameTo mkdir mkdirs listFiles list listRoots createNewFile setLastModified deleteIfExists newInputStream readAllBytes readString newDirectoryStream setExecutable": call.fileAct,
	"write print println append writeBytes writeUTF writeChars printf format info":                                                                                                            call.write,
	"writeString writeStringToFile writeByteArrayToFile writeLines":                                                                                                                           call.writeTo,
	"copyInputStreamToFile copyURLToFile writeUtf8String appendUtf8String writeFromStream":                                                                                                    call.copyTo,
	"store storeToXML":                  call.stores,
	"put":                               call.putBytes,
	"addHandler":                        call.addHandler,
	"copy copyLarge copyFile":           call.copies,
	"transferTo":                        call.transferTo,
	"transferFrom":                      call.transferFrom,
	"newOutputStream newBufferedWriter": call.newOutput,
	"getChannel map":                    call.channel,
	"get of":                            call.pathOf,
	"resolve resolveSibling":            call.resolved,
	"toPath toFile toAbsolutePath getAbsolutePath getAbsoluteFile getCanonicalPath getCanonicalFile normalize toRealPath": call.samePath,
	"saveAs saveFile": call.save,
})

// acts is a call that may act.
func (c call) acts() (value, bool) {
	if implants[c.name] && c.class != "JspWriter" {
		c.sink(sinkImplant, joinAll(c.args)).name = c.name
		return value{typ: "Registration"}, true
	}
	if evalMethods[c.name] && (evalClasses[c.class] || c.name == "eval" && len(c.args) > 0 && c.class != "Response") {
		return c.eval(joinConst(c.args), c.class+"."+c.name)
	}
	return c.by(sinks)
}

func (c call) sink(kind sinkKind, v value) *hit { return c.facts.sink(kind, c.at, v) }

// acting notes that v acts, and gives nothing that is known.
func (c call) acting(kind sinkKind, v value, name string) (value, bool) {
	c.sink(kind, v).name = name
	return value{}, true
}

func (c call) unknown() (value, bool) { return value{}, false }

// runs is a process being started.
func (c call) runs() (value, bool) {
	v := command(c.args)
	c.sink(sinkExec, v)
	return process("Process", v), true
}

// process is what runs a command, or will.
func process(typ string, command value) value {
	return value{typ: typ, taint: command.taint, s: command.begins(), isStr: true, lead: true}
}

// builder is a call that sets how a process is started.
func (c call) builder() (value, bool) { return c.recv, c.class == "ProcessBuilder" }

func (c call) exec() (value, bool) {
	switch c.class {
	case "Runtime", "", "this", "Object", "Executor", "DefaultExecutor", "CommandLine":
		return c.runs()
	}
	if c.recv.name == "" && c.class != "Pattern" && c.class != "ChannelExec" {
		return c.runs()
	}
	return c.unknown()
}

// starts is a method of a command line or of what starts it.
func (c call) starts() (value, bool) {
	switch a := c.arg(0); c.class {
	case "CommandLine":
		return value{typ: c.class, taint: a.taint, origin: a.origin, s: a.s, isStr: a.isStr, lead: a.lead}, true
	case "JexlBuilder":
		return value{typ: "JexlEngine"}, true
	case "ProcessBuilder":
		if c.name == "command" {
			c.runs()
			return c.keep(process(c.class, command(c.args)))
		}
		return process("Process", c.recv), true
	case "ProcessImpl", "UNIXProcess":
		return c.runs()
	}
	return c.unknown()
}

func (c call) commandLine() (value, bool) {
	c.runs()
	return value{}, true
}

func (c call) system() (value, bool) {
	if sure(c.arg(0)) {
		c.sink(sinkExec, joinAll(c.args))
	}
	return c.unknown()
}

func (c call) define() (value, bool) {
	c.sink(sinkDefine, joinConst(c.args))
	return value{typ: "Class", taint: joinAll(c.args).taint}, true
}

func (c call) deserialize() (value, bool) {
	v := join(value{taint: c.recv.taint, origin: c.recv.origin}, joinAll(c.args))
	if v.taint&(controlled|fromUpload) != 0 {
		c.sink(sinkDeserial, v).name = c.class
	}
	return value{taint: v.taint, origin: v.origin}, true
}

func (c call) loads() (value, bool) {
	switch a := c.arg(0); c.class {
	case "System", "Runtime":
		return c.acting(sinkLoad, a, c.class+"."+c.name)
	case "Yaml":
		if a.taint&controlled != 0 {
			c.sink(sinkDeserial, a).name = c.class
		}
	}
	return c.unknown()
}

func (c call) loadsURL() (value, bool) {
	if sure(c.arg(0)) {
		c.sink(sinkLoad, c.arg(0)).name = c.class
	}
	return c.unknown()
}

// loaderOf is URLClassLoader.newInstance.
func (c call) loaderOf() (value, bool) {
	if c.class != "URLClassLoader" || len(c.args) == 0 {
		return c.unknown()
	}
	c.name = c.class
	return c.newLoader()
}

func (c call) attach() (value, bool) {
	if c.class != "VirtualMachine" {
		return c.unknown()
	}
	c.sink(sinkInternal, joinAll(c.args)).name = c.class + "." + c.name
	return value{typ: c.class}, true
}

func (c call) getFunction() (value, bool) {
	if b := c.arg(1); c.class == "Function" && nativeCalls[strings.ToLower(b.s)] {
		c.sink(sinkInternal, joinAll(c.args)).name = b.s
	}
	return c.unknown()
}

func (c call) createBean() (value, bool) {
	if a := c.arg(0); strings.HasPrefix(a.s, "javax.management.loading.") {
		c.sink(sinkInternal, a).name = a.s
	}
	return c.unknown()
}

func (c call) invokeBean() (value, bool) {
	b := c.arg(1)
	switch {
	case !strings.HasPrefix(c.class, "MBeanServer"):
	case sure(c.arg(0)) && sure(b):
		return c.acting(sinkReflect, b, c.class)
	case b.known() && b.s == "createUser": // Tomcat's user database
		return c.acting(sinkServer, joinAll(c.args), "makes an account of the server")
	}
	return c.unknown()
}

// eval is v being evaluated.
func (c call) eval(v value, how string) (value, bool) {
	c.sink(sinkEval, v).name = how
	return value{taint: v.taint, origin: v.origin}, true
}

func (c call) proprietary() (value, bool) { return c.acting(sinkEval, c.arg(0), c.name) }

func (c call) jexl() (value, bool) {
	if strings.HasPrefix(c.class, "Jexl") {
		return c.acting(sinkEval, c.arg(0), c.class+"."+c.name)
	}
	return c.unknown()
}

func (c call) compiler() (value, bool) {
	c.sink(sinkCompile, value{})
	return value{typ: "JavaCompiler"}, true
}

func (c call) transform() (value, bool) {
	if !strings.HasPrefix(c.class, "Transformer") && c.class != "Templates" {
		return c.unknown()
	}
	v := joinConst(c.args)
	if v.taint&(controlled|fromNet) != 0 || v.isStr {
		c.sink(sinkEval, v).name = c.class + "." + c.name
	}
	return value{typ: "Transformer", taint: v.taint, origin: v.origin, s: v.s, isStr: v.isStr}, true
}

func (c call) decrypt() (value, bool) {
	if c.class != "SerializedSystemIni" && c.class != "ClearOrEncryptedService" { // WebLogic's
		return c.unknown()
	}
	c.sink(sinkServer, c.arg(0)).name = "decrypts the passwords in the server's configuration"
	return value{typ: "ClearOrEncryptedService"}, true
}

func (c call) dataSource() (value, bool) {
	if c.arg(0).taint&controlled != 0 {
		c.sink(sinkLookup, c.arg(0))
	}
	return c.unknown()
}

func (c call) lookUp() (value, bool) {
	a := c.arg(0)
	context := strings.HasSuffix(c.class, "Context")
	if (context || c.class == "Naming") && a.taint&controlled != 0 && !a.lead && c.recv.name != "java:" {
		c.sink(sinkLookup, a)
	}
	if context && a.isStr && strings.HasPrefix(a.s, "java:") {
		return value{typ: "Context", name: "java:"}, true // of this server: what is looked up in it are names, no addresses
	}
	if c.class == "Registry" && c.recv.taint&controlled != 0 { // of a host that the request names
		c.sink(sinkLookup, c.recv)
	}
	return c.unknown()
}

func (c call) registry() (value, bool) {
	a := c.arg(0)
	return value{typ: "Registry", taint: a.taint, origin: a.origin}, c.class == "LocateRegistry"
}

func (c call) connection() (value, bool) {
	if c.class != "DriverManager" && c.class != "Driver" {
		return c.unknown()
	}
	a := c.arg(0)
	c.sink(sinkConnect, a).path = joinAll(c.args)
	return value{typ: "Connection", taint: a.taint & controlled, origin: a.origin}, true
}

// statementOf is a statement of SQL being run, or a command of Apache Commons Exec.
func (c call) statementOf() (value, bool) {
	a := c.arg(0)
	switch {
	case a.typ == "CommandLine":
		c.sink(sinkExec, a)
		return value{}, true
	case len(c.args) > 0 && c.class != "this":
		c.sink(sinkSQL, a)
		return value{taint: fromStore, origin: c.at}, true
	}
	return c.unknown()
}

func (c call) connect() (value, bool) {
	if !strings.Contains(c.class, "Socket") || len(c.args) == 0 {
		return c.unknown()
	}
	c.sink(sinkSocket, c.args[0])
	return value{}, true
}

// opens is a channel to a host or a file.
func (c call) opens() (value, bool) {
	switch {
	case strings.Contains(c.class, "SocketChannel"):
		if len(c.args) > 0 {
			c.sink(sinkSocket, c.args[0])
		}
		return value{typ: c.class, taint: fromNet, origin: c.at}, true
	case strings.HasSuffix(c.class, "FileChannel") && len(c.args) > 1:
		c.name = "FileOutputStream"
		return c.ofPath()
	}
	return c.unknown()
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

// fetches is a command that fetches from an address, and what follows it.
var fetches = regexp.MustCompile(`(?i)\b(?:certutil|bitsadmin|curl|wget)(?:\.exe)?(\s[^&|;]*\b(?:https?|ftp)://[^&|;]*)([&|;].*)`)

// fetchesAndRuns reports whether a command fetches a file and goes on with it,
// or gives it to a shell.
func fetchesAndRuns(cmd string) bool {
	m := fetches.FindStringSubmatch(cmd)
	if m == nil {
		return false
	}
	if rest, piped := strings.CutPrefix(m[2], "|"); piped {
		return isShell(rest)
	}
	for _, w := range strings.Fields(m[1]) {
		if base := w[strings.LastIndexAny(w, `/\`)+1:]; len(base) > 3 && strings.Contains(m[2], base) {
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
