package php

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"limier/internal/cputime"
	"limier/webshell"
)

// A shell does not hide in or behind what uses up depth, nodes, steps or bytes:
// it raises an alarm, or the file is worth a look.
func TestExhausted(t *testing.T) {
	const run, value = "@eval(", `$_POST["x"]`
	const shell = ";" + run + value + ");"
	nested := func(n int, open, shut string) string {
		return strings.Repeat(open, n) + shell + strings.Repeat(shut, n)
	}
	wrapped := func(n int, open, shut string) string {
		return run + strings.Repeat(open, n) + value + strings.Repeat(shut, n) + ");"
	}
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i+1)
		}
		return b.String()
	}
	for name, code := range map[string]string{
		"ifs":          nested(1000, "if($a){", "}"),
		"many ifs":     nested(20_000, "if($a){", "}"),
		"bare ifs":     nested(20_000, "if($a)", ""),
		"words":        nested(20_000, "if($a):", "endif;"),
		"do":           nested(1000, "do{", "}while($a);"),
		"for":          nested(1000, "for(;;){", "}"),
		"switch":       nested(1000, "switch($a){case 1:", "}"),
		"closures":     nested(1000, "$a=function(){", "};"),
		"functions":    numbered(200, "function f%d(){/*%d*/") + shell + strings.Repeat("}", 200),
		"parentheses":  wrapped(900, "(", ")"),
		"calls":        wrapped(300, "trim(", ")"),
		"too deep":     wrapped(20_000, "(", ")"),
		"arrays":       wrapped(20_000, "[", "]"),
		"ternaries":    wrapped(20_000, "$a?:", ""),
		"texts":        "$b=" + strings.Repeat(`"{$a[`, 300) + "system(" + value + ")" + strings.Repeat(`]}"`, 300) + ";",
		"long text":    `$b="{$a[` + strings.Repeat(" ", 10_000) + "system(" + value + `)]}";`,
		"chain":        "$b=1" + strings.Repeat("+1", 20_000) + "+system(" + value + ");",
		"loops":        strings.Repeat("for($i=0;$i<1000000;$i++)$s.='a';", 500) + shell,
		"endless":      strings.Repeat("while(1)$a++;", 500) + shell,
		"bytes":        strings.Repeat("$b=str_repeat('a',1000000);", 500) + shell,
		"in functions": "function z(){" + strings.Repeat("while(1)$a++;", 500) + shell + "}",
		"nodes":        strings.Repeat("$a=1;", 100_000) + shell + strings.Repeat("$a=1;", 100_000),
		"classes":      numbered(30_000, "class A%d{function f%d(){}}") + shell + numbered(30_000, "class B%d{function f%d(){}}"),
		"tokens":       strings.Repeat("f();", 300_000) + shell,
		"deep calls":   numbered(200, "function f%d($x){f%d($x);}") + "function f200($x){system($x);}f0(" + value + ");",
	} {
		before := cputime.Used()
		r := Analyse("a.php", []byte("<?php "+code))
		if d := cputime.Used() - before; d > 3*time.Second { // a second, on a machine that does nothing else
			t.Errorf("%s: %v", name, d)
		}
		switch {
		case len(r) == 0:
			t.Errorf("%s: nothing", name)
		case r[0].Verdict.Rank() < webshell.Malicious.Rank():
			t.Logf("%s: %s", name, r[0].Text)
		}
	}
}
