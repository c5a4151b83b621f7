package webshelltest

import (
	"encoding/base64"
	"fmt"
	"math/rand"
	"regexp"
	"strings"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// literal is a change of texts that one language's expression makes.
func literal(name string, f func(r *rand.Rand, t tongue, s string) string) Change {
	return Change{name, texts(f)}
}

func quoted(t tongue, list []string, sep string) string {
	var out []string
	for _, s := range list {
		out = append(out, t.quote(s))
	}
	return strings.Join(out, sep)
}

// changes are what is done to pages of one language.
func (t tongue) changes() []Change {
	out := append([]Change{{"rename", rename}}, encodings...)
	switch t {
	case tongueCSharp:
		return append(out, csharp...)
	case tongueVBNet:
		return append(out, vbnet...)
	case tongueVBScript:
		return append(out, vbscript...)
	case tongueJScript:
		return append(out, jscript...)
	case tongueJava:
		return append(out, java...)
	}
	return append(out[1:], coldfusion...)
}

// comments puts a comment between words of C's languages.
func comments(r *rand.Rand, p *page) bool {
	return p.each(func(code string) string {
		ls := p.tongue.lex(code)
		for i, l := range ls {
			if l.kind != 'w' && l.kind != 'n' && l.kind != 'c' && r.Intn(3) == 0 && !strings.HasPrefix(lineOf(ls, i), "#") {
				switch next := at(ls, i+1); { // operators of two bytes stay whole
				case strings.Contains("=&|+-<>!*/%:?$@\"'", l.s), next != "" && strings.Contains("=&|+-<>!*/%:?$@", next):
				default:
					ls[i].s += "/*" + fmt.Sprintf("%x", r.Intn(1<<16)) + "*/"
				}
			}
		}
		return join(ls)
	})
}

// gaps widens and breaks the space between words of C's languages.
func gaps(r *rand.Rand, p *page) bool {
	return p.each(func(code string) string {
		ls := p.tongue.lex(code)
		for i, l := range ls {
			if l.kind == '(' || l.kind == ')' || l.kind == ',' || l.kind == ';' || l.kind == '.' && at(ls, i-1) != "" && ls[i-1].kind == 'i' {
				ls[i].s = []string{" ", "\t", "\n", "\r\n", ""}[r.Intn(5)] + l.s + []string{" ", "\t\t", "\n\n", ""}[r.Intn(4)]
			}
		}
		return join(ls)
	})
}

// escapes writes letters of names as \u0061.
func escapes(mark string) func(*rand.Rand, *page) bool {
	return func(r *rand.Rand, p *page) bool {
		return p.each(func(code string) string {
			ls := p.tongue.lex(code)
			for i, l := range ls {
				if l.kind == 'i' && len(l.s) > 3 && l.s[0] != '@' && !reserved[l.s] {
					k := r.Intn(len(l.s))
					if l.s[k] < 0x80 {
						ls[i].s = l.s[:k] + fmt.Sprintf(mark, l.s[k]) + l.s[k+1:]
					}
				}
			}
			return join(ls)
		})
	}
}

// reserved are C#'s words, which take no escapes.
var reserved = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`abstract base bool break byte case catch char checked class const continue decimal default delegate double else enum event explicit extern
		false finally fixed float foreach goto implicit interface internal lock long namespace null object operator override params private protected public readonly return sbyte sealed
		short sizeof static string struct switch this throw true typeof uint ulong unchecked unsafe ushort using virtual void volatile while dynamic async await yield from where select`) {
		out[w] = true
	}
	return out
}()

// blocks cuts statements of the page's flow into several blocks with markup
// between them.
func blocks(r *rand.Rand, p *page) bool {
	changed := false
	for i := range p.parts {
		t := &p.parts[i]
		if !t.scriptlet() || p.tongue.basic() && notCut.MatchString(t.text) {
			continue
		}
		var b strings.Builder
		ls, round := p.tongue.lex(t.text), 0
		for j, l := range ls {
			b.WriteString(l.s)
			switch l.kind {
			case '(':
				round++
			case ')':
				round--
			}
			end := l.kind == ';' && round == 0
			if p.tongue.basic() {
				end = l.kind == 'n' && !strings.HasSuffix(strings.TrimSpace(lineOf(ls, j)), "_")
			}
			if end && r.Intn(2) == 0 && strings.TrimSpace(join(ls[j+1:])) != "" {
				b.WriteString([]string{"%>\n<p>&nbsp;</p>\n<%", "%><%", "%>\n\n\n<!-- x -->\n<%"}[r.Intn(3)])
				changed = true
			}
		}
		t.text = b.String()
	}
	return changed
}

var notCut = regexp.MustCompile(`(?i)\b(?:select\s+case|class)\b`)

// wrap puts the page's statements, or the body of a method that returns
// nothing, into one of the templates, where BODY stands for it.
func wrap(templates ...string) func(*rand.Rand, *page) bool {
	return func(r *rand.Rand, p *page) bool {
		one := -1
		for i := range p.parts {
			if t := &p.parts[i]; t.scriptlet() && strings.TrimSpace(t.text) != "" {
				if one >= 0 {
					return false // its blocks may depend on each other
				}
				one = i
			}
		}
		tmpl := templates[r.Intn(len(templates))]
		if one < 0 {
			return !strings.HasPrefix(tmpl, "%>") && wrapMethod(tmpl, p)
		}
		t := &p.parts[one]
		body := t.text
		if !p.tongue.basic() && !balanced(p.tongue, body) || p.tongue.basic() && declares.MatchString(body) || strings.Contains(tmpl, "return ") && strings.Contains(body, "return") {
			return false
		}
		if strings.HasPrefix(tmpl, "%>") && p.tongue == tongueCSharp { // methods of classes see no page
			body = bare.ReplaceAllString(body, "${1}HttpContext.Current.${2}")
		}
		t.text = strings.Replace(tmpl, "BODY", body, 1)
		return true
	}
}

var (
	bare     = regexp.MustCompile(`(^|[^.\w])(Request|Response|Session|Server|Application)\b`)
	declares = regexp.MustCompile(`(?i)\b(?:function|sub|class)\b`)
	method   = regexp.MustCompile(`\bvoid\s+\w+\s*\([^)]*\)\s*(?:throws [\w., ]+)?\{`)
)

func balanced(t tongue, code string) bool {
	depth := 0
	for _, l := range t.lex(code) {
		switch l.kind {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth < 0 {
			return false
		}
	}
	return depth == 0
}

func wrapMethod(tmpl string, p *page) bool {
	if p.tongue.basic() || p.tongue == tongueJScript {
		return false
	}
	return p.each(func(code string) string {
		m := method.FindStringIndex(code)
		if m == nil {
			return code
		}
		end := closing(p.tongue, code, m[1]-1)
		if end < 0 || strings.Contains(tmpl, "return ") && strings.Contains(code[m[1]:end], "return") {
			return code
		}
		return code[:m[1]] + strings.Replace(tmpl, "BODY", code[m[1]:end], 1) + code[end:]
	})
}

// with adds a declaration to the page and changes its texts by it.
func with(decl string, f func(r *rand.Rand, t tongue, s string) string) func(*rand.Rand, *page) bool {
	return func(r *rand.Rand, p *page) bool {
		return texts(f)(r, p) && declare(p, decl)
	}
}

// declare adds a method to the page.
func declare(p *page, decl string) bool {
	last := len(p.parts) - 1
	switch {
	case p.tongue == tongueJava:
		p.parts = append(p.parts, part{code: true, open: "<%!", text: decl, shut: "%>"})
	case p.tongue == tongueVBScript || p.tongue == tongueJScript:
		p.parts = append(p.parts, part{code: true, open: "<%", text: "\n" + decl + "\n", shut: "%>"})
	case p.parts[last].open != "" || !p.parts[last].code:
		p.parts = append(p.parts, part{code: true, open: `<script runat="server">`, text: "\n" + decl + "\n", shut: "</script>"})
	default: // a handler: into its class
		m := regexp.MustCompile(`(?i)\bclass\s+\w+[^{\n]*(?:\{|\n)`).FindStringIndex(p.parts[last].text)
		if m == nil || p.tongue == tongueVBNet {
			return false
		}
		p.parts[last].text = p.parts[last].text[:m[1]] + "\n" + decl + "\n" + p.parts[last].text[m[1]:]
	}
	return true
}

// ---- C# ----

const csSource = `(?:\b\w+\.)?\bRequest(?:\.(?:Form|QueryString|Params))?\["[^"\n]*"\]`

var csharp = []Change{
	literal("text-split", func(r *rand.Rand, t tongue, s string) string { return "(" + quoted(t, pieces(r, s), "+") + ")" }),
	literal("text-chars", func(r *rand.Rand, t tongue, s string) string {
		return []string{"new string(new char[]{" + list(s, "(char)%d", ",") + "})", "new string(new[]{" + list(s, `'\x%04x'`, ",") + "})", "(\"\"+" + list(s, "(char)%d", "+") + ")",
			"new string(new int[]{" + list(s, "%d", ",") + "}.Select(x=>(char)x).ToArray())", "string.Concat(" + list(s, "(char)0x%x", ",") + ")"}[r.Intn(5)]
	}),
	literal("text-base64", func(r *rand.Rand, t tongue, s string) string {
		return []string{`System.Text.Encoding.UTF8.GetString(System.Convert.FromBase64String("` + b64(s) + `"))`, `Encoding.Default.GetString(Convert.FromBase64String("` + b64(s) + `"))`,
			`new System.Text.ASCIIEncoding().GetString(System.Convert.FromBase64String(string.Join("",new[]{` + quoted(t, pieces(r, b64(s)), ",") + `})))`}[r.Intn(3)]
	}),
	literal("text-bytes", func(r *rand.Rand, t tongue, s string) string {
		return []string{"System.Text.Encoding.ASCII.GetString(new byte[]{" + list(s, "0x%02x", ",") + "})", "System.Text.Encoding.GetEncoding(936).GetString(new byte[]{" + list(s, "%d", ",") + "})",
			`System.Text.Encoding.UTF8.GetString(("` + list(s, "%d", ",") + `").Split(',').Select(byte.Parse).ToArray())`,
			`System.Text.Encoding.UTF8.GetString(Array.ConvertAll("` + list(s, "%02X", "-") + `".Split('-'), x=>Convert.ToByte(x,16)))`}[r.Intn(4)]
	}),
	literal("text-reverse", func(r *rand.Rand, t tongue, s string) string {
		return []string{"new string(" + t.quote(reversed(s)) + ".Reverse().ToArray())", `string.Join("", ` + t.quote(reversed(s)) + ".Reverse())", "string.Concat(Enumerable.Reverse(" + t.quote(reversed(s)) + "))",
			"new string(" + t.quote(reversed(s)) + ".ToCharArray().Reverse().ToArray())"}[r.Intn(4)]
	}),
	literal("text-replace", func(r *rand.Rand, t tongue, s string) string {
		return []string{t.quote(strings.Join(pieces(r, s), "~#")) + `.Replace("~#", "")`, t.quote(strings.Join(pieces(r, s), "^")) + `.Replace("^", string.Empty)`, "System.Text.RegularExpressions.Regex.Replace(" + t.quote(strings.Join(pieces(r, s), "~")) + `, "~", "")`,
			"string.Join(\"\", " + t.quote(strings.Join(pieces(r, s), "|")) + ".Split('|'))"}[r.Intn(4)]
	}),
	literal("text-xor", func(r *rand.Rand, t tongue, s string) string {
		return []string{"new string(" + t.quote(xored(s, 7)) + ".Select(c=>(char)(c^7)).ToArray())", "string.Concat(" + t.quote(xored(s, 3)) + ".Select(c => (char)(c ^ 3)))",
			"string.Join(\"\", " + t.quote(xored(s, 1)) + ".Select(x => ((char)(x ^ 1)).ToString()))", t.quote(xored(s, 1)) + ".Aggregate(\"\", (a, x) => a + (char)(x ^ 1))"}[r.Intn(4)]
	}),
	literal("text-format", func(r *rand.Rand, t tongue, s string) string {
		ps := pieces(r, s)
		f := ""
		for i := range ps {
			f += fmt.Sprintf("{%d}", i)
		}
		return []string{`string.Format("` + f + `", ` + quoted(t, ps, ",") + ")", "string.Concat(" + quoted(t, ps, ",") + ")", "string.Concat(new string[]{" + quoted(t, ps, ",") + "})", `string.Join("", new[]{` + quoted(t, ps, ",") + "})", `String.Join(String.Empty, new List<string>{` + quoted(t, ps, ",") + "})"}[r.Intn(5)]
	}),
	literal("text-interpolated", func(r *rand.Rand, t tongue, s string) string {
		if strings.ContainsAny(s, `{}"\`) {
			return t.quote(s)
		}
		ps := pieces(r, s)
		return `$"` + ps[0] + `{"` + strings.Join(ps[1:], `"}{"`) + `"}"`
	}),
	literal("text-builder", func(r *rand.Rand, t tongue, s string) string {
		ps := pieces(r, s)
		return []string{"new System.Text.StringBuilder().Append(" + quoted(t, ps, ").Append(") + ").ToString()", "new StringBuilder(" + t.quote(s[1:]) + ").Insert(0, " + t.quote(s[:1]) + ").ToString()", "new StringBuilder(" + t.quote("~"+s) + ").Remove(0, 1).ToString()",
			"new StringBuilder(" + t.quote(strings.Join(ps, "~")) + `).Replace("~", "").ToString()`}[r.Intn(4)]
	}),
	literal("text-verbatim", func(r *rand.Rand, t tongue, s string) string { return `@"` + strings.ReplaceAll(s, `"`, `""`) + `"` }),
	literal("text-escapes", func(r *rand.Rand, t tongue, s string) string {
		return `"` + list(s, []string{`\u%04x`, `\x%04x`, `\U%08x`}[r.Intn(3)], "") + `"`
	}),
	literal("text-cut", func(r *rand.Rand, t tongue, s string) string {
		q, n := t.quote("zq"+s+"~~"), len(s)
		return []string{fmt.Sprintf("%s.Substring(2, %d)", q, n), fmt.Sprintf("%s.Remove(%d).Remove(0, 2)", q, n+2), t.quote("~~"+s+"~") + ".Trim('~')", t.quote("a|"+s+"|b") + ".Split('|')[1]",
			fmt.Sprintf("new string(%s.Skip(2).Take(%d).ToArray())", q, n), t.quote("    "+s) + ".Trim()", t.quote(s) + ".PadLeft(1)", fmt.Sprintf("%s[2..%d]", q, n+2)}[r.Intn(8)]
	}),
	literal("text-case", func(r *rand.Rand, t tongue, s string) string {
		if s != strings.ToLower(s) {
			return t.quote(s)
		}
		return t.quote(recased(r, s)) + []string{".ToLower()", ".ToLowerInvariant()"}[r.Intn(2)]
	}),
	literal("text-chosen", func(r *rand.Rand, t tongue, s string) string {
		return []string{"(1 > 0 ? " + t.quote(s) + ` : "")`, "(null ?? " + t.quote(s) + ")", `new[]{"x", ` + t.quote(s) + "}[1]", `new Dictionary<int,string>{{1, ` + t.quote(s) + "}}[1]", "((Func<string>)(() => " + t.quote(s) + "))()", "((object)" + t.quote(s) + ").ToString()",
			"Tuple.Create(" + t.quote(s) + ").Item1", "new { a = " + t.quote(s) + " }.a"}[r.Intn(8)]
	}),
	{"text-method", either(
		with(`static string Zq(string s) { string o = ""; foreach (char c in s) o += (char)(c ^ 5); return o; }`, func(r *rand.Rand, t tongue, s string) string { return "Zq(" + t.quote(xored(s, 5)) + ")" }),
		with(`string Zq(string s) { char[] c = s.ToCharArray(); Array.Reverse(c); return new string(c); }`, func(r *rand.Rand, t tongue, s string) string { return "Zq(" + t.quote(reversed(s)) + ")" }),
		with(`static string Zq(string s) { return System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(s)); }`, func(r *rand.Rand, t tongue, s string) string { return `Zq("` + b64(s) + `")` }),
		with(`static string Zq(params int[] a) { var b = new StringBuilder(); for (int i = 0; i < a.Length; i++) b.Append((char)(a[i] - i)); return b.ToString(); }`, func(r *rand.Rand, t tongue, s string) string {
			var out []string
			for i := range len(s) {
				out = append(out, fmt.Sprint(int(s[i])+i))
			}
			return "Zq(" + strings.Join(out, ", ") + ")"
		}),
		with(`string Zq(string h) { byte[] b = new byte[h.Length / 2]; for (int i = 0; i < h.Length; i += 2) b[i / 2] = Convert.ToByte(h.Substring(i, 2), 16); return System.Text.Encoding.ASCII.GetString(b); }`, func(r *rand.Rand, t tongue, s string) string {
			return `Zq("` + list(s, "%02x", "") + `")`
		}),
		with(`static string Zq(string s, int k) { int i = 0; var c = new char[s.Length]; while (i < s.Length) { c[i] = (char)(s[i] - k); i++; } return new String(c); }`, func(r *rand.Rand, t tongue, s string) string {
			b := []byte(s)
			for i := range b {
				b[i]++
			}
			return "Zq(" + t.quote(string(b)) + ", 1)"
		}),
	)},
	{"text-field", func(r *rand.Rand, p *page) bool {
		var decl []string
		ok := texts(func(r *rand.Rand, t tongue, s string) string {
			decl = append(decl, fmt.Sprintf([]string{"static readonly string zq%d = %s;", "const string zq%d = %s;", "string zq%d { get { return %s; } }", "string zq%d => %s;", "static string zq%d() { return %s; }"}[len(decl)%4], len(decl), t.quote(s)))
			return fmt.Sprintf("zq%d", len(decl)-1)
		})(r, p)
		return ok && declare(p, strings.Join(decl, "\n"))
	}},
	{"names-escaped", escapes(`\u%04x`)},
	{"names-at", func(r *rand.Rand, p *page) bool {
		return p.each(func(code string) string {
			ls := p.tongue.lex(code)
			for i, l := range ls {
				if l.kind == 'i' && len(l.s) > 2 && !reserved[l.s] && l.s[0] != '@' && r.Intn(2) == 0 && at(ls, near(ls, i, -1)) != "@" && (at(ls, near(ls, i, 1)) == "." || at(ls, near(ls, i, 1)) == "(") {
					ls[i].s = "@" + l.s
				}
			}
			return join(ls)
		})
	}},
	{"names-qualified", pick(`(^|[^.\w"])(Process|ProcessStartInfo)\b`, "${1}System.Diagnostics.${2}", "${1}global::System.Diagnostics.${2}")},
	{"names-alias", func(r *rand.Rand, p *page) bool {
		re := regexp.MustCompile(`(?:\bSystem\.Diagnostics\.)?\b(ProcessStartInfo|Process)\b`)
		if !p.each(func(code string) string { return re.ReplaceAllString(code, "Zq${1}") }) {
			return false
		}
		for i := range p.parts {
			if t := &p.parts[i]; t.code && t.open == "" { // a handler
				t.text = "\nusing ZqProcess = System.Diagnostics.Process; using ZqProcessStartInfo = System.Diagnostics.ProcessStartInfo;\n" + t.text
				return true
			}
		}
		p.parts = append([]part{{text: `<%@ Import Namespace="ZqProcess=System.Diagnostics.Process" %><%@ Import Namespace="ZqProcessStartInfo = System.Diagnostics.ProcessStartInfo" %>`}}, p.parts...)
		return true
	}},
	{"comments", comments},
	{"gaps", gaps},
	{"blocks", blocks},
	{"var", pick(`\b(?:string|Process|ProcessStartInfo|StreamReader|byte\[\]|Assembly)\s+(\w+)\s*=[^=]`, "var ${1} = ", "dynamic ${1} = ", "object ${1} = ")},
	{"source", pick(csSource, `Request.Headers["X-Id"]`, `Request.Cookies["id"].Value`, `Request.QueryString.Get("id")`, `Request.Form.Get("id")`, `Request.Params.GetValues("id")[0]`, `new System.IO.StreamReader(Request.InputStream).ReadToEnd()`,
		`System.Text.Encoding.UTF8.GetString(Request.BinaryRead(Request.ContentLength))`, `HttpContext.Current.Request["id"]`, `Request.ServerVariables["HTTP_X_ID"]`, `HttpUtility.UrlDecode(Request.RawUrl.Substring(20))`, `HttpUtility.UrlDecode(Request.Url.Query.Substring(1))`,
		`new System.IO.StreamReader(Request.Files[0].InputStream).ReadToEnd()`, `Request.UserAgent`, `Context.Request["id"]`, `Request.Form[0]`, `Request.QueryString.ToString()`, `HttpUtility.ParseQueryString(Request.Url.Query)["id"]`,
		`((HttpRequest)HttpContext.Current.Request).Params["id"]`, `Request.Cookies.Get("id").Value`, `Request.Headers.Get("X-Id")`, `Request.Unvalidated["id"]`, `Request.Unvalidated.Form["id"]`, `Request.UrlReferrer.Query`, `Request.Files["f"].FileName`)},
	{"source-wrapped", swapAll(csSource, `string.Concat(ALL, "")`, `((Func<string>)(() => ALL))()`, `new List<string>{ ALL }[0]`, `new[]{ ALL }.First()`, `new StringBuilder(ALL).ToString()`, `System.Threading.Tasks.Task.Run(() => ALL).Result`, `(ALL as string)`, `((dynamic)ALL)`,
		`Convert.ToString(ALL)`, `$"{ALL}"`, `string.Format("{0}", ALL)`, `new[]{ ALL }.Select(zq => zq).FirstOrDefault()`, `Tuple.Create(ALL).Item1`, `new Dictionary<string, string>{{"a", ALL}}["a"]`, `string.Join("", new[]{ ALL })`, `(ALL ?? "")`, `ALL.Trim()`,
		`((string)(Session["zq"] = ALL))`, `new string(ALL.ToCharArray())`, `new { a = ALL }.a`, `Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(ALL))`, `Enumerable.Repeat(ALL, 1).Single()`, `new Queue<string>(new[]{ ALL }).Dequeue()`, `new Lazy<string>(() => ALL).Value`,
		`(from zq in new[]{ ALL } select zq).First()`, `((Func<string, string>)(zq => zq))(ALL)`, `new System.IO.StringReader(ALL).ReadToEnd()`, `(ALL, 1).Item1`, `string.Intern(ALL)`, `HttpUtility.HtmlDecode(ALL)`, `ALL.Split(new[]{"~~"}, StringSplitOptions.None)[0]`,
		`new KeyValuePair<int, string>(1, ALL).Value`, `System.Text.RegularExpressions.Regex.Replace(ALL, "~", "")`, `string.Copy(ALL)`, `new Stack<string>(new[]{ ALL }).Pop()`, `new Hashtable{{1, ALL}}[1].ToString()`, `await Task.FromResult(ALL)`, `System.Text.RegularExpressions.Regex.Match(ALL, ".*").Value`)},
	{"source-kept", func(r *rand.Rand, p *page) bool {
		store := []string{`HttpContext.Current.Session["zq"] = v; return (string)HttpContext.Current.Session["zq"];`, `HttpContext.Current.Items["zq"] = v; return HttpContext.Current.Items["zq"] as string;`, `HttpContext.Current.Application["zq"] = v; return HttpContext.Current.Application["zq"].ToString();`,
			`HttpRuntime.Cache.Insert("zq", v); return (string)HttpRuntime.Cache["zq"];`, `var l = new System.Collections.ArrayList(); l.Add(v); return (string)l[0];`, `var d = new Dictionary<string, string>(); d["k"] = v; string o; d.TryGetValue("k", out o); return o;`, `AppDomain.CurrentDomain.SetData("zq", v); return (string)AppDomain.CurrentDomain.GetData("zq");`,
			`Environment.SetEnvironmentVariable("zq", v); return Environment.GetEnvironmentVariable("zq");`, `var b = new StringBuilder(); foreach (char c in v) b.Append(c); return b.ToString();`, `string o = ""; for (int i = 0; i < v.Length; i++) o += v[i]; return o;`, `var m = new System.IO.MemoryStream(); var w = new System.IO.StreamWriter(m); w.Write(v); w.Flush(); m.Position = 0; return new System.IO.StreamReader(m).ReadToEnd();`,
			`char[] c = v.ToCharArray(); Array.Reverse(c); Array.Reverse(c); return new string(c);`, `var c = new char[v.Length]; v.CopyTo(0, c, 0, v.Length); return new string(c);`, `var b = new byte[v.Length]; for (int i = 0; i < v.Length; i++) b[i] = (byte)v[i]; return Encoding.ASCII.GetString(b);`}
		if !swapAll(csSource, "ZqKeep(ALL)")(r, p) {
			return false
		}
		return declare(p, "static string ZqKeep(string v) { "+store[r.Intn(len(store))]+" }")
	}},
	{"new-reflected", swap(`\bnew\s+(?:System\.Diagnostics\.)?(Process|ProcessStartInfo)\s*\(`, `(${1})Activator.CreateInstance(typeof(${1}), ARGS)`, `(${1})Activator.CreateInstance(Type.GetType("System.Diagnostics.${1}, System"), new object[]{ ARGS })`,
		`(${1})typeof(${1}).GetConstructors()[0].Invoke(new object[]{ ARGS })`, `((Func<${1}>)(() => ALL))()`, `(ALL as ${1})`, `(${1})System.Reflection.Assembly.Load("System").CreateInstance("System.Diagnostics.${1}")`)},
	{"static-reflected", either(
		swap(`(?:\bSystem\.Diagnostics\.)?\bProcess\.Start\(`, `((System.Diagnostics.Process)typeof(System.Diagnostics.Process).InvokeMember("Start", System.Reflection.BindingFlags.InvokeMethod, null, null, new object[]{ ARGS }))`,
			`((System.Diagnostics.Process)Type.GetType("System.Diagnostics.Process, System, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089").GetMethods().First(zq => zq.Name == "Start").Invoke(null, new object[]{ ARGS }))`,
			`((System.Diagnostics.Process)typeof(System.Diagnostics.Process).GetMethod("Start", new[]{ typeof(string), typeof(string) }).Invoke(null, new object[]{ ARGS }))`, `((Func<string, string, System.Diagnostics.Process>)System.Diagnostics.Process.Start)(ARGS)`,
			`((dynamic)typeof(Uri).Assembly.GetType("System.Diagnostics.Process").GetMethod("Start", new[]{ typeof(string), typeof(string) }).Invoke(null, new object[]{ ARGS }))`, `((Process)Delegate.CreateDelegate(typeof(Func<string, string, Process>), typeof(Process).GetMethod("Start", new[]{ typeof(string), typeof(string) })).DynamicInvoke(ARGS))`,
			`new Func<string, string, System.Diagnostics.Process>(System.Diagnostics.Process.Start).Invoke(ARGS)`, `((Func<Process>)(() => ALL))()`, `Task.Run(() => ALL).Result`),
		swap(`(?:\bSystem\.IO\.)?\bFile\.(WriteAllText|WriteAllBytes|AppendAllText)\(`, `typeof(System.IO.File).GetMethod("${1}").Invoke(null, new object[]{ ARGS })`, `((Action<string, string>)System.IO.File.${1})(ARGS)`, `new Action(() => ALL)()`, `Task.Run(() => ALL)`,
			`Type.GetType("System.IO.File").InvokeMember("${1}", System.Reflection.BindingFlags.InvokeMethod | System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public, null, null, new object[]{ ARGS })`),
		swap(`(?:\bSystem\.Reflection\.)?\bAssembly\.Load\(`, `((System.Reflection.Assembly)typeof(System.Reflection.Assembly).GetMethod("Load", new[]{ typeof(byte[]) }).Invoke(null, new object[]{ ARGS }))`, `AppDomain.CurrentDomain.Load(ARGS)`, `((Func<byte[], System.Reflection.Assembly>)System.Reflection.Assembly.Load)(ARGS)`, `new Func<byte[], Assembly>(Assembly.Load)(ARGS)`),
	)},
	{"flow", wrap(`if (true) {BODY}`, `try {BODY} catch { }`, `try { throw new Exception(); } catch {BODY}`, `try { } finally {BODY}`, `do {BODY} while (false);`, `for (int zq = 0; zq < 1; zq++) {BODY}`, `switch (1) { case 1: {BODY} break; }`, `foreach (var zq in new[]{ 1 }) {BODY}`, `using (new System.IO.MemoryStream()) {BODY}`, `lock (this) {BODY}`, `unchecked {BODY}`,
		`if (DateTime.Now.Year > 2000) {BODY}`, `while (true) {BODY break; }`, `if (DateTime.Now.Year < 2000) { } else {BODY}`, `{BODY}`, `zq: {BODY}`)},
	{"lambda", wrap(`Action zq = () => {BODY}; zq();`, `Action zq = delegate {BODY}; zq.Invoke();`, `new System.Threading.Thread(() => {BODY}).Start();`, `System.Threading.Tasks.Task.Run(() => {BODY}).Wait();`, `System.Threading.ThreadPool.QueueUserWorkItem(zq => {BODY});`, `void zq() {BODY} zq();`, `new List<int>{ 1 }.ForEach(zq => {BODY});`,
		`System.Threading.Tasks.Parallel.ForEach(new[]{ 1 }, zq => {BODY});`, `((Action)(() => {BODY}))();`, `new Action(() => {BODY})();`, `Action<int> zq = delegate (int n) {BODY}; zq(1);`, `System.Threading.Tasks.Task.Factory.StartNew(() => {BODY});`, `new System.Threading.Timer(zq => {BODY}, null, 0, -1);`, `async Task zq() {BODY} zq().Wait();`, `EventHandler zq = (zs, ze) => {BODY}; zq(this, null);`,
		`var zq = new Dictionary<int, Action>{ { 1, () => {BODY} } }; zq[1]();`, `Func<int> zq = () => {BODY return 1; }; zq();`, `System.Threading.Tasks.Parallel.Invoke(() => {BODY});`, `new System.Threading.Thread(new System.Threading.ThreadStart(delegate {BODY})).Start();`, `new Lazy<int>(() => {BODY return 1; }).Value.ToString();`)},
	{"event", wrap(`%><script runat="server">void Page_Load(object s, EventArgs e) {BODY}</script><%`, `%><script runat="server">protected void Page_Init(object s, EventArgs e) {BODY}</script><%`, `%><script runat="server">protected override void OnLoad(EventArgs e) {BODY}</script><%`, `%><script runat="server">protected override void Render(HtmlTextWriter w) {BODY}</script><%`,
		`%><script runat="server">public override void ProcessRequest(HttpContext zq) {BODY}</script><%`, `%><SCRIPT LANGUAGE='C#' RUNAT='SERVER'>void Page_PreRender() {BODY}</SCRIPT><%`, `%><script language="c#" runat=server>protected override void OnInit(EventArgs e) { base.OnInit(e); this.Load += (zs, ze) => {BODY}; }</script><%`, `%><script runat="server" type="text/c#">void Page_Unload(object s, EventArgs e) {BODY}</script><%`,
		`%><script runat="server">protected void Page_Load(object s, EventArgs e) { this.PreRender += new EventHandler(Zq); } void Zq(object s, EventArgs e) {BODY}</script><%`)},
	{"class", wrap(`%><script runat="server">static class Zq { static Zq() {BODY} public static int A = 1; }</script><% var zq = Zq.A;`, `%><script runat="server">class Zq { public int A { get {BODY return 1; } } }</script><% var zq = new Zq().A;`, `%><script runat="server">class Zq { public override string ToString() {BODY return ""; } }</script><% Response.Write(new Zq());`,
		`%><script runat="server">class Zq : IDisposable { public void Dispose() {BODY} }</script><% using (new Zq()) { }`, `%><script runat="server">class Zq { ~Zq() {BODY} }</script><% new Zq();`, `%><script runat="server">IEnumerable<int> Zq() {BODY yield return 1; }</script><% foreach (var zq in Zq()) { }`, `%><script runat="server">class Zq { public int this[int i] { get {BODY return 1; } } }</script><% var zq = new Zq()[1];`,
		`%><script runat="server">class Zq { public Zq() {BODY} }</script><% new Zq();`, `%><script runat="server">class Zq { public static implicit operator string(Zq z) {BODY return ""; } }</script><% string zq = new Zq();`, `%><script runat="server">static int Zq(int n) {BODY return n; }</script><% var zq = new[]{ 1 }.Select(Zq).ToArray();`, `%><script runat="server">class Zq { public int A { set {BODY} } }</script><% new Zq { A = 1 };`,
		`%><script runat="server">static class Zq { public class In { public static void Go() {BODY} } }</script><% Zq.In.Go();`, `%><script runat="server">interface IZq { void Go(); } class Zq : IZq { public void Go() {BODY} }</script><% IZq zq = new Zq(); zq.Go();`, `%><script runat="server">abstract class Zq { public void Go() { In(); } protected abstract void In(); } class Zr : Zq { protected override void In() {BODY} }</script><% new Zr().Go();`,
		`%><script runat="server">struct Zq { public static void Go<T>(T t) {BODY} }</script><% Zq.Go<int>(1);`, `%><script runat="server">void Zq() {BODY}</script><% this.GetType().GetMethod("Zq", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance).Invoke(this, null);`)},
	{"directive", func(r *rand.Rand, p *page) bool {
		re := regexp.MustCompile(`(?i)(<%@\s*\w+\s+)language\s*=\s*["'](c#)["']`)
		for i := range p.parts {
			if s := re.ReplaceAllString(p.parts[i].text, []string{"${1}LANGUAGE='c#'", "${1}Language = \"C#\"", "${1}\n\tlanguage=c#", "${1}lANGUAGE=\"CSharp\"", "${1}Language=\"cs\""}[r.Intn(5)]); s != p.parts[i].text {
				p.parts[i].text = s
				return true
			}
		}
		return false
	}},
}

// swapAll replaces what the pattern finds by a template, in which ALL stands
// for it.
func swapAll(pattern string, templates ...string) func(*rand.Rand, *page) bool {
	for i, t := range templates {
		templates[i] = strings.ReplaceAll(strings.ReplaceAll(t, "$", "$$"), "ALL", "${0}")
	}
	return pick(pattern, templates...)
}
