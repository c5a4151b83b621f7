package script

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
)

// recorder is a host that knows nothing but a source and a sink.
type recorder struct {
	got []string
	way int // steps of the last trace
}

const fromOutside Label = 1

func (r *recorder) Name(m *Machine, n *Node) (Value, bool) {
	if n.Low == "outside" {
		return m.Source(n, fromOutside), true
	}
	return Value{}, false
}

func (r *recorder) Member(m *Machine, n *Node, recv Value) (Value, bool) { return Value{}, false }

func (r *recorder) Call(m *Machine, n *Node, recv Value, name string, args []Value) (Value, bool) {
	if name != "sink" || len(args) == 0 {
		return Value{}, false
	}
	s, ok := args[0].Text()
	switch {
	case args[0].L&fromOutside != 0:
		s = "<outside>"
		r.way = len(m.Places(args[0].T, 20))
	case !ok:
		s = "<unknown>"
	}
	r.got = append(r.got, s)
	return Value{}, true
}

func (r *recorder) Index(m *Machine, n *Node, recv Value, args []Value) (Value, bool) {
	return Value{}, false
}

func (r *recorder) New(m *Machine, n *Node, class string, args []Value) (Value, bool) {
	return Value{}, false
}

func (r *recorder) Assign(m *Machine, n *Node, recv Value, name string, v Value) bool { return false }
func (r *recorder) Compare(m *Machine, n *Node, a, b Value)                           {}
func (r *recorder) Params(m *Machine, fn, class *Node) []Value                        { return nil }

func run(d Dialect, code string) *recorder {
	r := &recorder{}
	m := NewMachine(r)
	blocks := m.Load(code, []Segment{{Start: 0, End: len(code)}}, d)
	m.Run(blocks, d)
	m.RunFunctions()
	return r
}

func TestFolding(t *testing.T) {
	for _, c := range []struct {
		name string
		d    Dialect
		code string
		want string
	}{
		{"chr", VBScript, `sink Chr(&H61) & Chr(98) & chrw("99")`, "abc"},
		{"parenthesis and more", VBScript, `sink ("a") & "b"`, "ab"},
		{"continued line", VBScript, "sink \"a\" & _\r\n  \"b\"", "ab"},
		{"result read before it is set", VBScript, "function f(a):\na = Split(a, \"*\")\nfor i = 1 to UBound(a)\nf = f & Chr(a(i) - 2)\nnext\nend function\nsink f(\"*99*100\")", "ab"},
		{"handler on one line with code", VBScript, `On Error Resume Next sink "a"`, "a"},
		{"marks of a comment around code", VBScript, "<!--\nsink \"a\"\n-->", "a"},
		{"comments and colons", VBScript, "x = 1 : rem y\n' z\nsink \"a\" & x", "a1"},
		{"reverse, replace", VBScript, `sink StrReverse(Replace("#c#b#a", "#", ""))`, "abc"},
		{"join, array, split", VBScript, `sink Join(Array("a", Split("x|b", "|")(1)), "-")`, "a-b"},
		{"mid, left, right", VBScript, `sink Mid("xabcx", 2, 3) & Left("de", 1) & Right("ef", 1)`, "abcdf"},
		{"undefined is empty", VBScript, `sink "Scr" & nobody & "ipting"`, "Scripting"},
		{"letters of two bytes", VBScript, "s = \"a\xc1\xd5b\"\nfor i = 1 to len(s)\nif mid(s, i, 1) <> \"\xc1\xd5\" then t = mid(s, i, 1) & t\nnext\nsink t", "ba"},
		{"place among letters of two bytes", VBScript, "sink InStr(\"" + strings.Repeat("\xc1\xd5", 30) + "ab\", \"b\")", "32"},
		{"function of the language declared anew", VBScript, "function mid(a, b, c)\nmid = \"own\"\nend function\nsink mid(\"abc\", 1, 1)", "own"},
		{"variables of one name", VBScript, "x = \"a\"\nsub f\ndim x\nx = \"b\"\nend sub\nf\nsink x", "a"},
		{"variable of each call", VBScript, "function f(n)\ndim x\nx = n\nif n > 0 then y = f(n - 1)\nf = x\nend function\nsink f(2)", "2"},
		{"names that differ in case", CSharp, `var a = "x"; var A = "y"; sink(a + A);`, "xy"},
		{"arithmetic", VBScript, `sink Chr(7 * 14 - 1) & Chr(200 \ 2 - 2) & Chr(103 Xor 4) & Chr(2 ^ 6 + 36)`, "abcd"},
		{"function, loop, by reference", VBScript, "sub add(s)\ns = s & \"b\"\nend sub\nx = \"a\"\nadd x\ndo while len(x) < 3\nx = x & \"c\"\nloop\nsink x", "abc"},
		{"select, with", VBScript, "select case 2\ncase 1: sink \"no\"\ncase 2, 3\n sink \"yes\"\nend select", "yes"},
		{"decoder run from text", VBScript, "function d(s)\nexecute \"d = strreverse(s)\"\nend function\nsink d(\"cba\")", "<unknown>"},
		{"regexp", VBScript, "set r = new regexp\nr.pattern = \"[0-9]\"\nr.global = true\nsink r.replace(\"a1b2\", \"\")", "ab"},
		{"fromCharCode", JScript, `sink(String.fromCharCode(97, 98) + unescape("%63%u0064"))`, "abcd"},
		{"array methods", JScript, `sink(["c","b","a"].reverse().join("") + "xdx".substr(1, 1) + "e-f".split("-")[1])`, "abcdf"},
		{"replace with expression", JScript, `sink("a.b.c".replace(/\./g, ""))`, "abc"},
		{"object of functions", JScript, `var o = { f: function (x) { return x + "b"; } }; sink(o.f("a"))`, "ab"},
		{"toString of a base", JScript, `sink((10).toString(36) + parseInt("1a", 16))`, "a26"},
		{"base64", CSharp, `sink(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String("YWJj")));`, "abc"},
		{"format, interpolation", CSharp, `var b = "b"; sink(string.Format("{0}", "a") + $"{b}{"c"}");`, "abc"},
		{"xor of chars", CSharp, `string s = ""; foreach (char c in "bca") s += (char)(c ^ 3); sink(s);`, "a`b"},
		{"list with one taken out", CSharp, `var l = new List<string>(); l.Add("a"); l.Add("b"); l.Add("c"); l.RemoveAt(1); sink(string.Join("", l));`, "ac"},
		{"escapes in names", CSharp, `var \u0061b = "x"; s\u0069nk(ab);`, "x"},
		{"verbatim, bytes", CSharp, `sink(@"a""b" + new string(new char[]{'c'}) + Encoding.ASCII.GetString(new byte[]{100,101,102,103}));`, `a"bcdefg`},
		{"builder", CSharp, `var b = new StringBuilder(); b.Append("a").Append("b"); sink(b.ToString());`, "ab"},
		{"local function and class", CSharp, `class A { string v = "a"; public string Get(string x) { return v + x; } } void Page_Load() { sink(new A().Get("b")); }`, "ab"},
		{"hexadecimal escapes", CSharp, `sink("\x0061\x62");`, "ab"},
		{"ranges", CSharp, `sink("xabc"[1..3] + "cd"[..1] + "xd"[1..]);`, "abcd"},
		{"part of a list", CSharp, `sink(new string("xabcd".Skip(1).Take(2).ToArray()) + "c".PadLeft(1));`, "abc"},
		{"method for each", CSharp, `sink(Encoding.UTF8.GetString("97,98".Split(',').Select(byte.Parse).ToArray()));`, "ab"},
		{"function for each", CSharp, `sink(new string(Array.ConvertAll(new int[]{98, 99, 100, 101, 102}, x => (char)(x - 1))));`, "abcde"},
		{"letters gathered", CSharp, `sink("bc".Aggregate("", (a, x) => a + (char)(x - 1)));`, "ab"},
		{"list of parameters", CSharp, `string F(params int[] a) { string s = ""; foreach (int x in a) s += (char)x; return s; } void Page_Load() { sink(F(97, 98)); }`, "ab"},
		{"tuple, empty text", CSharp, `sink(Tuple.Create("a", "b").Item2 + String.Empty + "x".Replace("x", string.Empty));`, "b"},
		{"class under another name", CSharp, `using B = System.Text.StringBuilder; class P { void F() { B b = new B("a"); sink(b.Append("b").ToString()); } }`, "ab"},
		{"vb.net", VBNet, "Sub Page_Load()\nDim s As String = String.Concat(\"a\", \"b\")\ns &= \"c\"\nsink(s)\nEnd Sub", "abc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(c.d, c.code)
			if len(r.got) == 0 || r.got[0] != c.want {
				t.Errorf("got %q want %q", r.got, c.want)
			}
		})
	}
}

func TestFlow(t *testing.T) {
	for _, c := range []struct {
		name string
		d    Dialect
		code string
	}{
		{"through a branch", VBScript, "x = \"\"\nif y then x = outside\nsink x"},
		{"branch passed by", VBScript, "ok = false\nif ok then\nsink outside\nend if"},
		{"behind an exit", CSharp, "void F() { bool ok = false; if (!ok) return; sink(outside); }"},
		{"field to method", CSharp, "class A { string f; void B() { sink(f); } void C() { f = outside; } }"},
		{"nobody calls it", VBNet, "Sub Click(a As Object)\nDim x = outside\nsink(x.Trim())\nEnd Sub"},
		{"byte by byte", CSharp, "void F() { byte[] b = new byte[9]; for (int i = 0; i < 9; i++) b[i] = (byte)(outside[i] ^ 7); sink(Encoding.UTF8.GetString(b)); }"},
		{"lambda", CSharp, "void F() { Func<string, string> f = x => x + \"b\"; sink(f(outside)); }"},
		{"collection", JScript, "var a = []; a.push(outside); for (var i = 0; i < a.length; i++) sink(a[i]);"},
		{"variable of the function around", CSharp, "void F() { string s = outside; void G() { sink(s); } G(); }"},
		{"made when asked for", CSharp, "void F() { sink(new Lazy<string>(() => outside).Value); }"},
		{"table", CSharp, "void F() { var d = new Dictionary<string, string>(); d[\"k\"] = outside; string s; d.TryGetValue(\"k\", out s); sink(s); }"},
		{"letters copied", CSharp, "void F() { var c = new char[9]; outside.CopyTo(0, c, 0, 9); sink(new string(c)); }"},
		{"catch", CSharp, "void F() { string s = \"\"; try { s = outside; } catch { s = \"\"; } sink(s); }"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(c.d, c.code)
			for _, s := range r.got {
				if s == "<outside>" && r.way > 0 {
					return
				}
			}
			t.Errorf("got %q", r.got)
		})
	}
}

// A loop that ends when a list is empty must not run on because what is unknown
// was added to the list.
func TestUnknownSize(t *testing.T) {
	const code = `var s = new Stack(); s.Push("a"); while (s.Count > 0) { var k = s.Pop(); foreach (var n in k.Names()) { s.Push(k.Open(n + "b")); } }`
	m := NewMachine(&recorder{})
	m.Run(m.Load(code, []Segment{{Start: 0, End: len(code)}}, CSharp), CSharp)
	if used := totalSteps - m.total; used > 1000 {
		t.Errorf("the loop took %d steps", used)
	}
}

// encode is what Microsoft's Script Encoder does.
func encode(s string) string {
	var b strings.Builder
	escapes := strings.NewReplacer("\n", "@&", "\r", "@#", "<", "@!", ">", "@*", "@", "@$")
	for i := 0; i < len(s); i++ {
		if e := escapes.Replace(s[i : i+1]); len(e) == 2 {
			b.WriteString(e)
			continue
		}
		for c := byte(9); c < 128; c++ {
			if c > 9 && c < 32 || c == '<' || c == '>' || c == '@' {
				continue
			}
			if code, _ := decodeRun(strings.Repeat("@$", i%64)+string(c), nothing); code[i%64:] == s[i:i+1] {
				b.WriteByte(c)
				break
			}
		}
	}
	return b.String()
}

func TestDecode(t *testing.T) {
	const code = "set one = next.open(\"a\")\r\nend if 'when there is none"
	n := uint32(0)
	for _, c := range []byte(code) {
		n += uint32(c)
	}
	sum := base64.StdEncoding.EncodeToString(binary.LittleEndian.AppendUint32(nil, n))
	shown := strings.NewReplacer("\t", "    ", "\x7f ", " ", "\x7f", " ")
	for _, c := range []struct{ name, in, want string }{
		{"utf-16", "\xff\xfe<\x00%\x00", "<%"},
		{"utf-32", "\xff\xfe\x00\x00<\x00\x00\x00%\x00\x00\x00\x00", "<%"},
		{"utf-32, big-endian, no character", "\x00\x00\xfe\xff\x00\x00\x00<\xff\xff\xff\xff", "<\uFFFD"},
		{"utf-7", "<%@codepage=65000%>+ADw-b+AD4-", "<%@codepage=65000%><b>"},
		{"utf-7 of nothing", "<%@codepage=65000%>e+k-val", "<%@codepage=65000%>eval"},
		{"no utf-7", "a+b+ADw", "a+b+ADw"},
		{"script encoder", "<%#@~^AAAAAA==" + encode("x = \"a<b>@c\"\r\n\tgo") + "AAAAAA==^#~@%>", "<%x = \"a<b>@c\"\r\n\tgo%>"},
		{"script encoder, copied from a screen", "<%#@~^AAAAAA==" + shown.Replace(encode(code)) + sum + "^#~@%>", "<%" + code + "%>"},
		{"cut short", "#@~^", "#@~^"},
	} {
		if got := Decode([]byte(c.in)); got != c.want {
			t.Errorf("%s: got %q want %q", c.name, got, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	p := Cut(`<%@ Language="JScript" %><!--#include file="a.inc"--><%-- no --%><script runat="server" language='C#'>a</script><b><%= b %></b><%# c %><asp:TextBox id="T" runat=server text="<%= d %>"/><script>no</script>`, CSharp, true)
	var got []string
	for _, b := range p.Blocks {
		for _, s := range b.Segments {
			got = append(got, strings.TrimSpace(p.Text[s.Start:s.End]))
		}
	}
	if want := "a|b|c|d"; strings.Join(got, "|") != want {
		t.Errorf("got %q want %q", got, want)
	}
	if len(p.Includes) != 1 || p.Dialect != JScript || p.Blocks[0].Dialect != CSharp {
		t.Errorf("page is %+v", p)
	}
}

func FuzzRun(f *testing.F) {
	for i, s := range []string{"if a then b = chr(1) & mid(c, 2, 3) else d", "for (var i = 0; i < 3; i++) { f(i)[g] = {h: /x/g}; }", "class A<T> { [B] int C { get; } = 1; void D(out E f) => g?.H(i => $\"{i}\"); }", "Dim a As New B With {.C = {1, 2}} : Try : Catch : End Try"} {
		f.Add(uint8(i), s)
	}
	f.Fuzz(func(t *testing.T, d uint8, code string) {
		run(Dialect(d%4), code)
		Cut(Decode([]byte(code)), Dialect(d%4), d%2 == 0)
	})
}

// BenchmarkLetters decodes 4,000 letters as shells do, one by one.
func BenchmarkLetters(b *testing.B) {
	code := "function d(s)\nfor i = 1 to len(s)\nc = mid(s, i, 1)\nif asc(c) < 32 or asc(c) > 126 then\nt = c & t\nelse\nt = chr(asc(c) - 1) & t\nend if\nnext\nd = t\nend function\nsink d(\"" +
		strings.Repeat("bcde", 1000) + "\")"
	b.SetBytes(4000)
	for b.Loop() {
		run(VBScript, code)
	}
}

// Broken code makes several nodes a byte; only so many are made.
func TestBrokenCode(t *testing.T) {
	code := strings.Repeat("){", 500_000)
	m := NewMachine(&recorder{})
	nodes := 0
	var count func(n *Node)
	count = func(n *Node) {
		nodes++
		for _, k := range n.Kids {
			if k != nil {
				count(k)
			}
		}
	}
	for _, b := range m.Load(code, []Segment{{Start: 0, End: len(code)}}, VBScript) {
		count(b)
	}
	if nodes > 3*maxTokens {
		t.Errorf("%d nodes", nodes)
	}
}

// The bases of a class are kept up to a bound, and what looks like a regular
// expression without an end is not looked for again and again.
func TestLongWay(t *testing.T) {
	code := strings.Repeat("class ", 5_000)
	b := NewMachine(&recorder{}).Load(code, []Segment{{Start: 0, End: len(code)}}, CSharp)
	if n := len(b[0].Kids[0].Low); n > 4<<10 {
		t.Errorf("the bases of a class take %d bytes", n)
	}
	code = strings.Repeat("= /[", 20_000)
	l := cLexer{src: code, end: len(code), js: true}
	if l.run(0, 1<<30); l.work > maxWork+len(code) {
		t.Errorf("%d bytes looked at in vain", l.work)
	}
}
