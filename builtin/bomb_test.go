package builtin_test

import (
	"runtime"
	"strings"
	"testing"

	"limier/builtin"
	"limier/webshell"
)

// bombs are short pages whose own text functions would fill the memory of
// whoever computes them.
var bombs = []struct{ path, code string }{
	{"a.php", `<?php $a=str_repeat('a',1<<19);«$a=str_replace('a',$a,$a);» eval($a);`},
	{"a.php", `<?php $a='xxxxxxxx';«$a.=$a;» eval($a);`},
	{"a.php", `<?php $a='xxxxxxxx';«$a="$a$a";» eval($a);`},
	{"a.php", `<?php $a=str_repeat('a',99999);«$a=preg_replace('/a/','$0$0$0',$a);» eval($a);`},
	{"a.php", `<?php $a=str_repeat('a',99999);«$a=preg_replace_callback('/a/',function($m){return str_repeat($m[0],99999);},$a);» eval($a);`},
	{"a.php", `<?php $a=str_repeat("'",999999);«$a=addslashes(htmlspecialchars(urlencode(bin2hex($a)),3));» eval($a);`},
	{"a.php", `<?php $a=str_repeat('a',999999);«$a=chunk_split(wordwrap($a,1,str_repeat('b',9999),true),1,$a);» eval($a);`},
	{"a.php", `<?php $a=str_repeat('a',999999);«$a=implode($a,str_split($a));» eval($a);`},
	{"a.php", `<?php $a=str_repeat('a',99999);«$a=vsprintf(str_repeat('%1$s',9999),array($a));» eval($a);`},
	{"a.php", `<?php $a='a';«$a=str_pad($a,999999999,$a).sprintf("%'.999999999d",1);» eval($a);`},
	{"a.php", `<?php $a=array(1);«$a=array($a,$a,$a);» eval(serialize($a).json_encode($a).var_export($a,1));`},
	{"a.php", `<?php $a=array_fill(0,999999999,str_repeat('a',999999));«$a=array_merge($a,$a);» eval(implode($a));`},
	{"a.php", `<?php $a=range(1,9999999);«$a=array_map(null,$a,$a);» eval(implode($a));`},
	{"a.php", `<?php function f($x){return f($x.$x).f($x.'b');} « eval(f('a'));»`},
	{"a.php", `<?php $a='eval($a.$a);';« eval($a);»`},
	{"a.php", `<?php $a=str_repeat('a',99999);«$b[]=$a.count($b);»foreach($b as $c){foreach($b as $d)$e.=$c.$d;} eval($e);`},
	{"a.php", `<?php $a=str_repeat('ab',99999);«$a=strtr($a,array('a'=>$a,'b'=>$a));» eval($a);`},
	{"a.php", `<?php $a=str_repeat('ab',99999);«$a=substr_replace($a,$a.$a,1,0);» eval($a);`},
	{"a.jsp", `<% String a="aaaaaaaa";«a=a.replace("a",a);» Runtime.getRuntime().exec(a); %>`},
	{"a.jsp", `<% String a="aaaaaaaa";«a=a+a;» Runtime.getRuntime().exec(a); %>`},
	{"a.jsp", `<% String a="aaaaaaaa";«a=a.concat(a).replaceAll("(a)","$1$1$1");» Runtime.getRuntime().exec(a); %>`},
	{"a.jsp", `<% StringBuilder a=new StringBuilder("aaaaaaaa");«a.append(a).insert(0,a);» Runtime.getRuntime().exec(a.toString()); %>`},
	{"a.jsp", `<% String a=String.format("%999999999d",1);«a=String.format("%s%s%s%s",a,a,a,a);» Runtime.getRuntime().exec(a); %>`},
	{"a.jsp", `<% String a="a".repeat(999999999);«a=a.repeat(9999999);» Runtime.getRuntime().exec(a); %>`},
	{"a.jsp", `<% String a="a".repeat(99999);«a=String.join(a,a.split(""));» Runtime.getRuntime().exec(a); %>`},
	{"a.jsp", `<% byte[] a=new byte[999999999];«a=new String(a).replace("\0",new String(a)).getBytes();» Runtime.getRuntime().exec(new String(a)); %>`},
	{"a.asp", `<% a=String(999999999,"a")+Space(999999999)` + "\n«a=Replace(a,\"a\",a)\n»execute a %>"},
	{"a.asp", "<% a=\"aaaaaaaa\"\n«a=a&a\n»execute a %>"},
	{"a.asp", "<% a=String(99999,\"a\")\n«a=Join(Split(a,\"a\"),a)\n»execute a %>"},
	{"a.asp", "<% a=String(99999,\"'\")\n«a=Server.HTMLEncode(Escape(a))\n»execute a %>"},
	{"a.asp", "<% function f(x)\nf=f(x&x)&f(x&\"b\")\nend function\n«execute f(\"a\")\n»%>"},
	{"a.asp", "<% dim a(999999999)\n«redim preserve a(ubound(a)*2)\n»execute join(a,\"a\") %>"},
	{"a.asp", `<%@ language="jscript" %><% var a="aaaaaaaa";«a=a.replace(/a/g,a);»eval(a); %>`},
	{"a.asp", `<%@ language="jscript" %><% var a="aaaaaaaa";«a=a.split("").join(a);»eval(a); %>`},
	{"a.asp", `<%@ language="jscript" %><% var a=new Array(999999999);«a=a.concat(a,a);»eval(a.join("aaaaaaaa")); %>`},
	{"a.aspx", `<%@ Page Language="C#" %><% var a=new string('a',999999999).PadLeft(999999999);«a=a.Replace("a",a);» System.Diagnostics.Process.Start(a); %>`},
	{"a.aspx", `<%@ Page Language="C#" %><% var a="aaaaaaaa";«a=a+a;» System.Diagnostics.Process.Start(a); %>`},
	{"a.aspx", `<%@ Page Language="C#" %><% var a="aaaaaaaa";«a=string.Format("{0}{0}{0}{0}",a);» System.Diagnostics.Process.Start(a); %>`},
	{"a.aspx", `<%@ Page Language="C#" %><% var a=new StringBuilder("aaaaaaaa");«a.Insert(0,a.ToString(),99999).Append('a',999999999);» System.Diagnostics.Process.Start(a.ToString()); %>`},
	{"a.aspx", `<%@ Page Language="C#" %><% var a="aaaaaaaa";«a=Regex.Replace(a,"a","$0$0$0");» System.Diagnostics.Process.Start(a); %>`},
	{"a.aspx", `<%@ Page Language="C#" %><% var a="aaaaaaaa";«a=string.Join(a,a.ToCharArray());» System.Diagnostics.Process.Start(a); %>`},
	{"a.aspx", `<%@ Page Language="C#" %><% var a=Enumerable.Repeat("aaaaaaaa",999999999);«a=a.Concat(a).ToArray();» System.Diagnostics.Process.Start(string.Concat(a)); %>`},
	{"a.aspx", `<%@ Page Language="C#" %><% var a="aaaaaaaa".PadLeft(99999).ToCharArray().ToList();«a.AddRange(a);a.Reverse();a=new List<char>(a);» System.Diagnostics.Process.Start(string.Concat(a)); %>`},
	{"a.asp", `<%@ language="jscript" %><% var a="aaaaaaaa",i;for(i=0;i<14;i++)a+=a;a=a.split("");«a.push(a);a.pop();a.shift();a.reverse();»eval(a.join("")); %>`},
	{"a.aspx", `<%@ Page Language="JScript" %><% var a="aaaaaaaa";«a=a.replace(/a/g,a);»eval(a); %>`},
	{"a.cfm", `<cfset a="aaaaaaaa">«<cfset a=replace(a,"a",a,"all")>»<cfexecute name="#a#"></cfexecute>`},
	{"a.cfm", `<cfset a=repeatString("a",999999999)>«<cfset a=a & a>»<cfexecute name="#a#"></cfexecute>`},
	{"a.pl", "#!/usr/bin/perl\nuse CGI;\n$a='a' x 999999999;\n«$a=$a.$a x 99;\n»system($a);"},
	{"a.py", "#!/usr/bin/python\nimport cgi,os\na='a'*999999999\n«a=a.replace('a',a)+a*99\n»os.system(a)"},
	{"a.sh", "#!/bin/sh\na=aaaaaaaa\n«a=$a$a\n»sh -c \"$a\""},
	{"a.js", `var a="aaaaaaaa";«a=a+a;»eval(a);`},
	{"a.js", `var a="aaaaaaaa";«a=a.replace(/a/g,a);»eval(a);`},
	{"a.js", `var a="aaaaaaaa";«a=a.split("").join(a);»eval(atob(a));`},
	{"a.js", `var a="aaaaaaaa".repeat(999999999).padStart(999999999);«a=a.repeat(9999)+a.concat(a,a);»eval(unescape(a));`},
	{"a.js", `var a=new Array(999999999);«a=a.concat(a,a);a.push(a);»eval(a.join("aaaaaaaa")+String.fromCharCode.apply(null,a));`},
	{"a.js", `var a=[];for(var i=0;i<99999999;i++)a[i]=a;«a[a.length*9]=[a,a];»eval(String(a)+JSON.stringify(a));`},
	{"a.js", `var a="aaaaaaaa";«a=a.replace(/a/g,function(x){return a+x});»eval(decodeURIComponent(a));`},
	{"a.js", `var a={};«for(var i=0;i<9999999;i++)a["k"+i]=[i,i,i];»eval(Object.keys(a).map(function(x){return x+x}).join("")+atob("a"));`},
	{"a.js", `function f(x){return f(x+x)+f(x+"b")};«eval(f(unescape("%61")));»`},
	{"a.js", `function f(x){setTimeout(function(){f(x);f(x)})};f(unescape("%61"));«eval("eval(a);setTimeout(a)");»var a="eval(a+a)";eval(a);`},
	{"a.html", `<script>var a="<script>eval(a)<\/script>";«a=a+a;»document.write(unescape(a));</script>`},
	{"web.config", `<!DOCTYPE a [<!ENTITY b0 "aaaaaaaa">«<!ENTITY b "&b;&b;&b;">»]><configuration><handlers><add path="*.jpg" type="&b;"/></handlers></configuration>`},
	{"a.jspx", `<!DOCTYPE a [<!ENTITY b "aaaaaaaa">«<!ENTITY b "&b;&b;&b;">»]><jsp:root><jsp:scriptlet>Runtime.getRuntime().exec(request.getParameter("&b;"));</jsp:scriptlet></jsp:root>`},
}

// TestBombs judges each page with the part between guillemets once and
// 300 times: what is allocated in all is bounded, and so is what is ever held.
func TestBombs(t *testing.T) {
	const limit = 512 << 20
	languages := builtin.Languages()
	for _, bomb := range bombs {
		head, rest, _ := strings.Cut(bomb.code, "«")
		part, tail, ok := strings.Cut(rest, "»")
		if !ok {
			t.Fatal("nothing is repeated in", bomb.code)
		}
		for _, n := range []int{1, 300} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			webshell.Judge(languages, bomb.path, []byte(head+strings.Repeat(part, n)+tail))
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > limit {
				t.Errorf("%d MB for %d times «%s» in %s", got>>20, n, part, bomb.path)
			}
		}
	}
}
