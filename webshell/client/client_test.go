package client

import (
	"flag"
	"testing"

	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, Language)
}

// TestPathological repeats, inside what is always run, what nests and what costs.
func TestPathological(t *testing.T) {
	webshelltest.Pathological(t, Language, "x.js", "eval(unescape('%61%62%63%64%65%66'));location=", "", 10<<20,
		"(", "[", "{", "a(", "a[", "!", "-", "`${", "function(){", "x=>", "(a,b)=>", "\"a\"+", "a+", "a-", "a,", "a.b", "'\\x61'", "if(a)", "for(;;)", "while(1)a+=a;", "try{",
		"eval(", "\\u0061", "/a", "?a:", "switch(a){case 1:", "new ", "async ", "a=>{", "...", "let{a:", "let[", "({a})=>", "(a=", "class a{b(){", "class{c=", "({get a(){", "for(let[a]of ", "a?.(", "var a=unescape('%61');eval(a);\n")
	webshelltest.Pathological(t, Language, "x.html", "<html>", "", 10<<20,
		"<script>", "<script>eval(atob('YQ=='))</script>", "<script>unescape('%61')<?", "<img onerror=\"eval(atob('YQ=='))\">", "<body onload='", "</script", "<", "<s", "<script type=")
}

func FuzzAnalyse(f *testing.F) {
	webshelltest.Fuzz(f, "testdata", Language)
}

func BenchmarkAnalyse(b *testing.B) {
	webshelltest.Benchmark(b, "testdata", Language)
}
