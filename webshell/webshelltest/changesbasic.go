package webshelltest

import (
	"fmt"
	"math/rand"
	"regexp"
	"strings"
)

// letters gives the names of Basic and CFML a random case.
func letters(r *rand.Rand, p *page) bool {
	return p.each(func(code string) string {
		ls := p.tongue.lex(code)
		for i, l := range ls {
			if l.kind == 'i' {
				ls[i].s = recased(r, l.s)
			}
		}
		return join(ls)
	})
}

// continued breaks lines of Basic with underscores.
func continued(r *rand.Rand, p *page) bool {
	return p.each(func(code string) string {
		ls := p.tongue.lex(code)
		for i, l := range ls {
			if l.kind == 'w' && i > 0 && ls[i-1].kind != 'n' && ls[i-1].kind != 'c' && at(ls, i+1) != "" && ls[i+1].kind != 'n' && ls[i+1].kind != 'c' && at(ls, i+1) != "_" && ls[i-1].s != "_" && !strings.ContainsRune(l.s, '\r') && lineOf(ls, i) != "" && r.Intn(3) == 0 {
				ls[i].s = []string{" _\n", " _\r\n\t", "\t_\n   "}[r.Intn(3)]
			}
		}
		return join(ls)
	})
}

var (
	opensBlock = regexp.MustCompile(`(?i)\b(?:then|else|case|function|sub|class|property|select|with|end|imports|inherits|implements|namespace|try|catch|do|while|using|get|set)\b|_\s*$|^\s*$|^\s*[<#]`)
	notJoined  = regexp.MustCompile(`(?i)^\s*(?:if|else|elseif|end|case|function|sub|class|property|public|private|dim|select|for|next|loop|do|while|wend|with|const|option|imports|inherits|implements|namespace|try|catch|protected|using|<|#|$|'|rem\b)`)
)

// colons puts statements of Basic on one line.
func colons(r *rand.Rand, p *page) bool {
	return p.each(func(code string) string {
		lines := strings.Split(code, "\n")
		var out []string
		for i, l := range lines {
			if n := len(out); n > 0 && i > 1 && !strings.ContainsAny(out[n-1], "'") && !strings.Contains(strings.ToLower(out[n-1]), "rem ") && !opensBlock.MatchString(out[n-1]) && !notJoined.MatchString(l) && strings.Count(out[n-1], `"`)%2 == 0 {
				out[n-1] = strings.TrimRight(out[n-1], "\r\n ") + []string{":", " : ", ":: "}[r.Intn(3)] + strings.TrimLeft(l, " \t")
				continue
			}
			out = append(out, l)
		}
		return strings.Join(out, "\n")
	})
}

// remarks adds comments to lines of Basic.
func remarks(r *rand.Rand, p *page) bool {
	return p.each(func(code string) string {
		if p.tongue == tongueVBNet {
			code = strings.ReplaceAll(code, "_\n", "_ \n")
		}
		ls := p.tongue.lex(code)
		for i, l := range ls {
			if line := lineOf(ls, i); l.kind == 'n' && i > 0 && !strings.HasSuffix(line, "_") && !strings.HasPrefix(line, "#") && ls[i-1].kind != 'c' {
				ls[i].s = []string{" ' execute nothing\n", "\nRem eval(\"x\")\n", "\n\n' \"\n", "\n"}[r.Intn(4)]
			}
		}
		return join(ls)
	})
}

func chr(s, format, sep string) string { return "(" + list(s, format, sep) + ")" }

// basicTexts are what both kinds of Basic do to texts.
var basicTexts = []Change{
	literal("text-split", func(r *rand.Rand, t tongue, s string) string { return "(" + quoted(t, pieces(r, s), "&") + ")" }),
	literal("text-chars", func(r *rand.Rand, t tongue, s string) string {
		return chr(s, []string{"Chr(%d)", "ChrW(%d)", "chr(&H%X)", "Chr(&h%02x)", "Chr(500-500+%d)", "CHR ( %d )"}[r.Intn(6)], " & ")
	}),
	literal("text-reverse", func(r *rand.Rand, t tongue, s string) string { return "StrReverse(" + t.quote(reversed(s)) + ")" }),
	literal("text-replace", func(r *rand.Rand, t tongue, s string) string {
		return []string{"Replace(" + t.quote(strings.Join(pieces(r, s), "~#")) + `, "~#", "")`, "Join(Split(" + t.quote(strings.Join(pieces(r, s), "|")) + `, "|"), "")`, `Replace(Replace(` + t.quote(strings.Join(pieces(r, s), "~^")) + `, "~", ""), "^", "")`}[r.Intn(3)]
	}),
	literal("text-cut", func(r *rand.Rand, t tongue, s string) string {
		q, n := t.quote("zq"+s+"~~"), len(s)
		return []string{fmt.Sprintf("Mid(%s, 3, %d)", q, n), fmt.Sprintf("Left(%s, %d)", t.quote(s+"~~"), n), fmt.Sprintf("Right(%s, %d)", t.quote("~~"+s), n), "Split(" + t.quote("a|"+s+"|b") + `, "|")(1)`, "Trim(" + t.quote("  "+s+"  ") + ")", "CStr(" + t.quote(s) + ")"}[r.Intn(6)]
	}),
	literal("text-case", func(r *rand.Rand, t tongue, s string) string {
		if s != strings.ToLower(s) {
			return t.quote(s)
		}
		return "LCase(" + t.quote(recased(r, s)) + ")"
	}),
	{"case", letters},
	{"continued", continued},
	{"colons", colons},
	{"remarks", remarks},
	{"blocks", blocks},
}

// ---- VBScript ----

const vbSource = `(?i)\bRequest(?:\.(?:Form|QueryString|Params|Item))?\("[^"\n]*"\)`

// asText is code as a text that Execute may be given.
func asText(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), `"`, `""`)
	return `"` + strings.ReplaceAll(s, "\n", `"&vbCrLf&"`) + `"`
}

// executed makes the page's statements a text that is executed.
func executed(r *rand.Rand, p *page) bool {
	one := -1
	for i := range p.parts {
		if p.parts[i].scriptlet() {
			if one >= 0 {
				return false
			}
			one = i
		} else if p.parts[i].code {
			return false
		}
	}
	if one < 0 || len(p.parts[one].text) > 3000 || strings.IndexFunc(p.parts[one].text, func(c rune) bool { return c > '~' }) >= 0 {
		return false
	}
	s := strings.ReplaceAll(p.parts[one].text, "\r", "")
	var added []string
	for i := range len(s) {
		added = append(added, fmt.Sprint(int(s[i])+7))
	}
	verb := []string{"Execute", "ExecuteGlobal", "execute", "EXECUTEGLOBAL"}[r.Intn(4)]
	flat := strings.ReplaceAll(s, "\n", "\x01")
	p.parts[one].text = []string{
		verb + " " + asText(s),
		verb + "(" + asText(s) + ")",
		"zq = " + asText(s) + "\n" + verb + " zq",
		verb + " " + list(s, "Chr(%d)", "&"),
		"For Each zq In Split(\"" + list(s, "%d", ",") + "\", \",\") : zs = zs & Chr(zq) : Next : " + verb + " zs",
		"zq = Array(" + strings.Join(added, ",") + ")\nFor zi = 0 To UBound(zq)\n zs = zs & Chr(zq(zi) - 7)\nNext\n" + verb + " zs",
		"zh = \"" + list(s, "%02X", "") + "\"\nFor zi = 1 To Len(zh) Step 2\n zs = zs & Chr(CInt(\"&H\" & Mid(zh, zi, 2)))\nNext\n" + verb + "(zs)",
		verb + " Replace(StrReverse(" + tongueVBScript.quote(reversed(strings.ReplaceAll(flat, "\x01", "^|"))) + `), "|^", vbCrLf)`,
		verb + " Replace(" + tongueVBScript.quote(strings.ReplaceAll(flat, "\x01", "^|")) + `, "^|", vbCrLf)`,
		"Function Zq(s)\n Dim i\n For i = 1 To Len(s)\n  Zq = Zq & Chr(Asc(Mid(s, i, 1)) Xor 1)\n Next\nEnd Function\n" + verb + " Zq(Replace(Replace(" + tongueVBScript.quote(strings.NewReplacer("%", "^p", "\x0b", "^b").Replace(xored(s, 1))) + `, "^p", "%"), "^b", Chr(11)))`,
		"Set zd = CreateObject(\"Msxml2.DOMDocument\").createElement(\"b\") : zd.dataType = \"bin.base64\" : zd.text = \"" + b64(s) + "\"\nzb = zd.nodeTypedValue : For zi = 1 To LenB(zb) : zs = zs & Chr(AscB(MidB(zb, zi, 1))) : Next\n" + verb + " zs",
	}[r.Intn(11)]
	return !strings.Contains(p.parts[one].text, "%>")
}

var vbscript = append(basicTexts[:len(basicTexts):len(basicTexts)],
	Change{"text-function", either(
		with("Function Zq(s)\n Dim i, o\n For i = 1 To Len(s)\n  o = o & Chr(Asc(Mid(s, i, 1)) Xor 1)\n Next\n Zq = o\nEnd Function", func(r *rand.Rand, t tongue, s string) string {
			if x := xored(s, 1); !strings.Contains(x, "%>") {
				return "Zq(" + t.quote(x) + ")"
			}
			return t.quote(s)
		}),
		with("Function Zq(s)\n For Each k In Split(s, \" \") : Zq = Zq & Chr(k) : Next\nEnd Function", func(r *rand.Rand, t tongue, s string) string { return `Zq("` + list(s, "%d", " ") + `")` }),
		with("Function Zq(h)\n Dim i\n i = 1\n Do While i < Len(h)\n  Zq = Zq & Chr(\"&H\" & Mid(h, i, 2)) : i = i + 2\n Loop\nEnd Function", func(r *rand.Rand, t tongue, s string) string { return `Zq("` + list(s, "%02x", "") + `")` }),
		with("Function Zq(s)\n Dim i\n For i = Len(s) To 1 Step -1 : Zq = Zq + Mid(s, i, 1) : Next\nEnd Function", func(r *rand.Rand, t tongue, s string) string { return "Zq(" + t.quote(reversed(s)) + ")" }),
		with("Function Zq(s)\n Set e = CreateObject(\"Msxml2.DOMDocument\").createElement(\"b\") : e.dataType = \"bin.base64\" : e.text = s\n Set a = CreateObject(\"ADODB.Stream\") : a.Type = 1 : a.Open : a.Write e.nodeTypedValue : a.Position = 0 : a.Type = 2 : a.CharSet = \"us-ascii\" : Zq = a.ReadText\nEnd Function", func(r *rand.Rand, t tongue, s string) string { return `Zq("` + b64(s) + `")` }),
		with("Class ZqC\n Public Default Function G(a)\n  Dim x : For Each x In a : G = G & Chr(x - 3) : Next\n End Function\nEnd Class\nFunction Zq(a)\n Set c = New ZqC\n Zq = c(a)\nEnd Function", func(r *rand.Rand, t tongue, s string) string {
			b := []byte(s)
			for i := range b {
				b[i] += 3
			}
			return "Zq(Array(" + list(string(b), "%d", ",") + "))"
		}),
	)},
	Change{"text-constant", func(r *rand.Rand, p *page) bool {
		var decl []string
		ok := texts(func(r *rand.Rand, t tongue, s string) string {
			decl = append(decl, fmt.Sprintf("zq%d = %s", len(decl), t.quote(s)))
			return fmt.Sprintf("zq%d", len(decl)-1)
		})(r, p)
		if ok {
			p.parts = append([]part{p.parts[0], {code: true, open: "<%", text: strings.Join(decl, "\n"), shut: "%>"}}, p.parts[1:]...)
		}
		return ok
	}},
	Change{"source", pick(vbSource, `Request.Form("id")`, `Request.QueryString("id")`, `Request.Form.Item("id")`, `Request.QueryString.Item("id")`, `Request.ServerVariables("HTTP_X_ID")`, `Request.Cookies("id")`, `Request.Form.Item(1)`, `Request.Form`, `Request.QueryString`, `Request.ServerVariables.Item("HTTP_USER_AGENT")`,
		`Request.Cookies("a")("id")`, `Request("id")(1)`, `Request.Form("id").Item`, `Request.ServerVariables("QUERY_STRING")`, `Request(0)`, `Request.Form(1)`, `Request.Form.Key(1)`, `Request.Item("id")`)},
	Change{"source-wrapped", swapAll(vbSource, `Trim(ALL)`, `CStr(ALL)`, `(ALL & "")`, `Replace(ALL, "~", "")`, `Mid(ALL, 1)`, `Split(ALL, "~~")(0)`, `Array(ALL)(0)`, `Join(Array(ALL), "")`, `StrReverse(StrReverse(ALL))`, `Left(ALL, 9999)`, `Join(Split(ALL, "~"), "~")`, `Array("", ALL)(1)`, `Right(ALL, Len(ALL))`, `("" + ALL)`, `Filter(Array(ALL), "")(0)`)},
	Change{"source-evaluated", func(r *rand.Rand, p *page) bool {
		re := regexp.MustCompile(vbSource)
		return p.each(func(code string) string {
			return re.ReplaceAllStringFunc(code, func(s string) string {
				return []string{"Eval(" + asText(s) + ")", "Eval(StrReverse(" + tongueVBScript.quote(reversed(s)) + "))", "Eval(" + list(s, "Chr(%d)", "&") + ")"}[r.Intn(3)]
			})
		})
	}},
	Change{"source-kept", func(r *rand.Rand, p *page) bool {
		store := []string{`Session("zq") = v : ZqKeep = Session("zq")`, `Application.Lock : Application("zq") = v : Application.Unlock : ZqKeep = Application("zq")`, `Set d = CreateObject("Scripting.Dictionary") : d.Add "k", v : ZqKeep = d("k")`, `Set d = Server.CreateObject("Scripting.Dictionary") : d("k") = v : ZqKeep = d.Item("k")`,
			"Dim i\n For i = 1 To Len(v) : ZqKeep = ZqKeep & Mid(v, i, 1) : Next", "Dim a(1)\n a(0) = v : ZqKeep = a(0)", "ReDim a(2)\n a(1) = v : ZqKeep = Join(a, \"\")", `Set s = CreateObject("ADODB.Stream") : s.Type = 2 : s.Open : s.WriteText v : s.Position = 0 : ZqKeep = s.ReadText`,
			`Set r = New RegExp : r.Pattern = "~" : ZqKeep = r.Replace(v, "")`, `Session.Contents("zq") = v : ZqKeep = Session.Contents("zq")`, `For Each c In Array(v) : ZqKeep = c : Next`, `Execute "ZqKeep = v"`, `ZqKeep = Eval("v")`, `Set s = CreateObject("ADODB.Recordset") : s.Fields.Append "a", 201, -1 : s.Open : s.AddNew : s("a") = v : s.Update : ZqKeep = s("a")`}
		return swapAll(vbSource, "ZqKeep(ALL)")(r, p) && declare(p, "Function ZqKeep(v)\n "+store[r.Intn(len(store))]+"\nEnd Function")
	}},
	Change{"object", pick(`(?i)\b(?:Server\.)?CreateObject\(`, "CreateObject(", "Server.CreateObject(", "server . createobject (", "Server.createObject( ", "WScript.CreateObject(")},
	Change{"object-by-id", pick(`(?i)\b(?:Server\.)?CreateObject\("WScript\.Shell(?:\.1)?"\)`, `GetObject("new:{72C24DD5-D70A-438B-8A42-98424B88AFB8}")`, `GetObject("new:72C24DD5-D70A-438B-8A42-98424B88AFB8")`, `CreateObject("WScript.Shell.1")`, `Server.CreateObject("wscript.SHELL")`)},
	Change{"call-form", pick(`(?im)(^|:|then )\s*(execute(?:global)?)\s*\(?([^()\n:%]*(?:\([^()\n]*\))?[^()\n:%]*)\)?[ \t]*$`, "${1} ${2} ${3}", "${1} ${2}(${3})", "${1} ${2}((${3}))", "${1} Call ${2}(${3})", "${1} ${2} ( ${3} )", "${1} ${2} (${3}) & \"\"")},
	Change{"executed", executed},
	Change{"flow", wrap("\nIf True Then\nBODY\nEnd If\n", "\nFor zq = 1 To 1\nBODY\nNext\n", "\nDo\nBODY\nLoop While False\n", "\nSelect Case 1\nCase 1\nBODY\nEnd Select\n", "\nWhile zq < 1\nzq = zq + 1\nBODY\nWend\n", "\nWith Response\nBODY\nEnd With\n", "\nOn Error Resume Next\nBODY\n", "\nIf False Then\nElse\nBODY\nEnd If\n", "\nFor Each zq In Array(1)\nBODY\nNext\n", "\nIf Year(Now) > 2000 Then\nBODY\nEnd If\n", "\nDo Until zq = 1\nzq = 1\nBODY\nLoop\n", "\nIf 0 Then\nElseIf 1 Then\nBODY\nEnd If\n")},
	Change{"procedure", wrap("\nSub Zq()\nBODY\nEnd Sub\nZq\n", "\nCall Zq()\nSub Zq\nBODY\nEnd Sub\n", "\nFunction Zq\nBODY\nEnd Function\nzr = Zq()\n", "\nSub Zq()\nBODY\nEnd Sub\nSet zr = GetRef(\"Zq\")\nzr\n", "\nFunction Zq(x)\nBODY\nEnd Function\nzr = GetRef(\"Z\" & \"q\")(1)\n", "\nSub Zq()\nBODY\nEnd Sub\nExecute \"Zq\"\n", "\nSub Zq()\nBODY\nEnd Sub\nEval(\"Zq()\")\n", "\nFunction Zq()\nBODY\nEnd Function\nResponse.Write Zq\n",
		"%><script language=\"VBScript\" runat=\"server\">\nSub Zq()\nBODY\nEnd Sub\n</script><%Zq%><%")},
	Change{"class", wrap("\nClass Zq\nPrivate Sub Class_Initialize\nBODY\nEnd Sub\nEnd Class\nSet zr = New Zq\n", "\nClass Zq\nSub Class_Terminate()\nBODY\nEnd Sub\nEnd Class\nSet zr = New Zq : Set zr = Nothing\n", "\nClass Zq\nPublic Default Function G(n)\nBODY\nEnd Function\nEnd Class\nSet zr = New Zq\nzr(1)\n", "\nClass Zq\nPublic Property Get A\nBODY\nEnd Property\nEnd Class\nSet zr = New Zq\nResponse.Write zr.A\n", "\nClass Zq\nPublic Property Let A(v)\nBODY\nEnd Property\nEnd Class\nSet zr = New Zq\nzr.A = 1\n", "\nClass Zq\nPublic Sub Go\nBODY\nEnd Sub\nEnd Class\nWith New Zq\n.Go\nEnd With\n")},
	Change{"script-element", wrap("%><script language=\"VBScript\" runat=\"server\">\nBODY\n</script><%", "%><SCRIPT RUNAT=Server LANGUAGE='vbs'>BODY</SCRIPT><%", "%><script type=\"text/vbscript\" runat=server>\nBODY\n</script><%", "%><script runat=server language=vbscript><!--\nBODY\n--></script><%")},
	Change{"html-around", func(r *rand.Rand, p *page) bool {
		p.parts = append([]part{{text: "<!DOCTYPE html>\n<html><head><title>News</title>\n<script>var a = \"<b>\";</script></head><body onload=\"go('x')\">\n<!-- <% -->\n"[:r.Intn(2)*60+40]}}, p.parts...)
		return true
	}},
)

// ---- VB.NET ----

const vbnetSource = `(?i)(?:\b\w+\.)?\bRequest(?:\.(?:Form|QueryString|Params|Item))?\("[^"\n]*"\)`

var vbnet = append(basicTexts[:len(basicTexts):len(basicTexts)],
	literal("text-dotnet", func(r *rand.Rand, t tongue, s string) string {
		ps := pieces(r, s)
		return []string{`System.Text.Encoding.UTF8.GetString(System.Convert.FromBase64String("` + b64(s) + `"))`, "String.Concat(" + quoted(t, ps, ", ") + ")", `String.Join("", New String() {` + quoted(t, ps, ", ") + "})", "New System.Text.StringBuilder(" + t.quote(s[1:]) + ").Insert(0, " + t.quote(s[:1]) + ").ToString()",
			t.quote(strings.Join(ps, "~")) + `.Replace("~", "")`, "System.Text.Encoding.ASCII.GetString(New Byte() {" + list(s, "%d", ", ") + "})", "New String(New Char() {" + list(s, "ChrW(%d)", ", ") + "})", t.quote("a|"+s) + `.Split("|"c)(1)`, fmt.Sprintf("%s.Substring(2, %d)", t.quote("~~"+s+"~"), len(s)),
			"If(True, " + t.quote(s) + `, "")`, "IIf(True, " + t.quote(s) + `, "")`, `Convert.ToString(` + t.quote(s) + ")", "(Function() " + t.quote(s) + ")()", "New String(" + t.quote(reversed(s)) + ".Reverse().ToArray())", "String.Format(\"{0}{1}\", " + t.quote(ps[0]) + ", " + t.quote(strings.Join(ps[1:], "")) + ")"}[r.Intn(15)]
	}),
	Change{"source", pick(vbnetSource, `Request.Headers("X-Id")`, `Request.Cookies("id").Value`, `Request.QueryString.Get("id")`, `Request.Form("id")`, `New System.IO.StreamReader(Request.InputStream).ReadToEnd()`, `HttpContext.Current.Request("id")`, `Request.ServerVariables("HTTP_X_ID")`, `Request.RawUrl.Substring(20)`, `Request.UserAgent`, `Me.Request("id")`, `Request.Item("id")`,
		`Request.Params.GetValues("id")(0)`, `Request.Form(0)`, `System.Text.Encoding.UTF8.GetString(Request.BinaryRead(Request.ContentLength))`, `Context.Request.Params("id")`, `Request!id`)},
	Change{"source-wrapped", swapAll(vbnetSource, `Trim(ALL)`, `CStr(ALL)`, `(ALL & "")`, `Replace(ALL, "~", "")`, `Mid(ALL, 1)`, `CType(ALL, String)`, `DirectCast(ALL, String)`, `TryCast(ALL, String)`, `String.Concat(ALL, "")`, `StrReverse(StrReverse(ALL))`, `(Function() ALL)()`, `New String() {ALL}(0)`, `ALL.ToString()`, `If(ALL, "")`, `New List(Of String) From {ALL}(0)`, `Convert.ToString(ALL)`, `String.Join("", {ALL})`, `IIf(True, ALL, "")`)},
	Change{"object", pick(`(?i)\b(?:Server\.)?CreateObject\("WScript\.Shell"\)`, `Server.CreateObject("WScript.Shell")`, `CreateObject("WScript" & ".Shell")`, `Activator.CreateInstance(Type.GetTypeFromProgID("WScript.Shell"))`, `Microsoft.VisualBasic.Interaction.CreateObject("WScript.Shell")`)},
	Change{"new-reflected", swap(`(?i)\bNew\s+(?:System\.Diagnostics\.)?(ProcessStartInfo|Process)\s*\(`, `DirectCast(Activator.CreateInstance(GetType(${1}), ARGS), ${1})`, `CType(Activator.CreateInstance(Type.GetType("System.Diagnostics.${1}, System"), ARGS), ${1})`)},
	Change{"static-reflected", swap(`(?i)(?:\bSystem\.Diagnostics\.)?\bProcess\.Start\(`, `GetType(System.Diagnostics.Process).InvokeMember("Start", System.Reflection.BindingFlags.InvokeMethod, Nothing, Nothing, New Object() {ARGS})`, `GetType(System.Diagnostics.Process).GetMethod("Start", New Type() {GetType(String), GetType(String)}).Invoke(Nothing, New Object() {ARGS})`, `Global.System.Diagnostics.Process.Start(ARGS)`)},
	Change{"by-name", swap(`(?im)^(\s*)(\w+)\.(Start|Run|Exec|SaveAs|Write|WriteLine|Open|Invoke)\(`, `${1}CallByName(${2}, "${3}", CallType.Method, ARGS)`, `${1}CallByName(${2}, Replace("~${3}", "~", ""), 1, ARGS)`)},
	Change{"flow", wrapBasicMethod("\nIf True Then\nBODY\nEnd If\n", "\nTry\nBODY\nCatch zq As Exception\nEnd Try\n", "\nFor zq As Integer = 1 To 1\nBODY\nNext\n", "\nDo\nBODY\nLoop While False\n", "\nSelect Case 1\nCase 1\nBODY\nEnd Select\n", "\nUsing zq As New System.IO.MemoryStream()\nBODY\nEnd Using\n", "\nOn Error Resume Next\nBODY\n", "\nWith Me\nBODY\nEnd With\n", "\nSyncLock Me\nBODY\nEnd SyncLock\n", "\nFor Each zq In {1}\nBODY\nNext\n", "\nIf Now.Year < 2000 Then\nElse\nBODY\nEnd If\n")},
	Change{"lambda", wrapBasicMethod("\nDim zq As Action = Sub()\nBODY\nEnd Sub\nzq()\n", "\nDim zq As New System.Threading.Thread(Sub()\nBODY\nEnd Sub)\nzq.Start()\n", "\nSystem.Threading.Tasks.Task.Run(Sub()\nBODY\nEnd Sub).Wait()\n", "\nCall (Sub()\nBODY\nEnd Sub)()\n", "\nDim zq = Function(n)\nBODY\nReturn n\nEnd Function\nzq(1)\n")},
)

var basicMethod = regexp.MustCompile(`(?im)^[^'\n]*\bsub\s+\w+\s*\([^)\n]*\)[^\n:]*\n((?s:.*?))^\s*end sub`)

// wrapBasicMethod is wrap for the bodies of VB.NET's methods.
func wrapBasicMethod(templates ...string) func(*rand.Rand, *page) bool {
	inline := wrap(templates...)
	return func(r *rand.Rand, p *page) bool {
		tmpl := templates[r.Intn(len(templates))]
		if p.each(func(code string) string {
			m := basicMethod.FindStringSubmatchIndex(code)
			if m == nil {
				return code
			}
			return code[:m[2]] + strings.Replace(tmpl, "BODY", code[m[2]:m[3]], 1) + code[m[3]:]
		}) {
			return true
		}
		return inline(r, p)
	}
}

// ---- JScript ----

const jsSource = `\bRequest(?:\.(?:Form|QueryString|Params|Item))?(?:\("[^"\n]*"\)|\["[^"\n]*"\])`

var jscript = []Change{
	literal("text-split", func(r *rand.Rand, t tongue, s string) string { return "(" + quoted(t, pieces(r, s), "+") + ")" }),
	literal("text-chars", func(r *rand.Rand, t tongue, s string) string {
		return []string{"String.fromCharCode(" + list(s, "%d", ",") + ")", `unescape("` + list(s, "%%%02x", "") + `")`, `decodeURIComponent("` + list(s, "%%%02x", "") + `")`}[r.Intn(3)]
	}),
	literal("text-escapes", func(r *rand.Rand, t tongue, s string) string {
		return `"` + list(s, []string{`\u%04x`, `\x%02x`, `\%03o`}[r.Intn(3)], "") + `"`
	}),
	literal("text-reverse", func(r *rand.Rand, t tongue, s string) string {
		return t.quote(reversed(s)) + `.split("").reverse().join("")`
	}),
	literal("text-replace", func(r *rand.Rand, t tongue, s string) string {
		return []string{t.quote(strings.Join(pieces(r, s), "~#")) + `.replace(/~#/g, "")`, t.quote(strings.Join(pieces(r, s), "|")) + `.split("|").join("")`, "[" + quoted(t, pieces(r, s), ",") + `].join("")`, t.quote(s[:1]) + ".concat(" + t.quote(s[1:]) + ")"}[r.Intn(4)]
	}),
	literal("text-cut", func(r *rand.Rand, t tongue, s string) string {
		q, n := t.quote("zq"+s+"~~"), len(s)
		return []string{fmt.Sprintf("%s.substr(2, %d)", q, n), fmt.Sprintf("%s.substring(2, %d)", q, n+2), fmt.Sprintf("%s.slice(2, -2)", q), t.quote("a|"+s) + `.split("|")[1]`, "(0, " + t.quote(s) + ")", "(true ? " + t.quote(s) + ` : "")`, "{a: " + t.quote(s) + "}.a", "(function(){ return " + t.quote(s) + "; })()"}[r.Intn(8)]
	}),
	{"text-function", either(
		with(`function Zq(s) { var o = "", i; for (i = 0; i < s.length; i++) o += String.fromCharCode(s.charCodeAt(i) ^ 1); return o; }`, func(r *rand.Rand, t tongue, s string) string { return "Zq(" + t.quote(xored(s, 1)) + ")" }),
		with(`function Zq(a) { var o = ""; for (var i in a) o += String.fromCharCode(a[i] - 2); return o; }`, func(r *rand.Rand, t tongue, s string) string {
			b := []byte(s)
			for i := range b {
				b[i] += 2
			}
			return "Zq([" + list(string(b), "%d", ",") + "])"
		}),
		with(`function Zq(h) { var o = ""; while (h) { o += String.fromCharCode(parseInt(h.substr(0, 2), 16)); h = h.substr(2); } return o; }`, func(r *rand.Rand, t tongue, s string) string { return `Zq("` + list(s, "%02x", "") + `")` }),
		with(`function Zq(s) { return s.replace(/./g, function (c) { return String.fromCharCode(c.charCodeAt(0) ^ 1); }); }`, func(r *rand.Rand, t tongue, s string) string { return "Zq(" + t.quote(xored(s, 1)) + ")" }),
	)},
	{"comments", comments},
	{"gaps", gaps},
	{"blocks", blocks},
	{"names-escaped", escapes(`\u%04x`)},
	{"source", pick(jsSource, `Request.Form("id")`, `Request.QueryString("id")`, `Request.Form.Item("id")`, `Request.ServerVariables("HTTP_X_ID")`, `Request("id").Item`, `Request["Form"]("id")`, `Request.Form("id")(1)`, `String(Request("id"))`, `Request.Cookies("id")`)},
	{"source-wrapped", swapAll(jsSource, `String(ALL)`, `(ALL + "")`, `unescape(ALL)`, `("" + ALL).replace("~", "")`, `[ALL].join("")`, `(function(){ return ALL; })()`, `new String(ALL)`, `{a: ALL}.a`, `(true ? ALL : "")`, `(0, ALL)`, `String(ALL).split("").reverse().reverse().join("")`, `ALL.toString()`, `(ALL || "")`, `[ALL][0]`, `String(ALL).substr(0)`)},
	{"eval", swap(`(?:^|[^.\w])eval\(`, `;this["eval"](ARGS`+`)`, `;(0,eval)(ARGS)`, `;new Function("return eval(arguments[0])")(ARGS)`, `;this["ev" + "al"](ARGS)`, `;var zq = eval; zq(ARGS)`, `;eval.call(this, ARGS)`, `;Function("a", "return eval(a)")(ARGS)`, `;[].constructor.constructor("a", "return eval(a)")(ARGS)`, `;(function(a){ return eval(a); })(ARGS)`, `;eval.apply(this, [ARGS])`, `;eval(eval("'" + "'") + ARGS)`)},
	{"flow", wrap(`if (true) {BODY}`, `try {BODY} catch (zq) { }`, `do {BODY} while (false);`, `for (var zq = 0; zq < 1; zq++) {BODY}`, `switch (1) { case 1: BODY; break; }`, `while (true) {BODY; break; }`, `(function () {BODY})();`, `var zq = function () {BODY}; zq();`, `function zq() {BODY} zq();`, `try { throw 1; } catch (zq) {BODY}`, `with (this) {BODY}`, `var zq = { a: function () {BODY} }; zq.a();`, `new (function () {BODY})();`, `var zq = [function () {BODY}]; zq[0]();`, `!function () {BODY}();`, `new Function(unescape("`+`%20")); (function () {BODY}).call(this);`)},
}
