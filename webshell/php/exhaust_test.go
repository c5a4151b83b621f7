package php

import (
	"fmt"
	"strings"
	"testing"

	"limier/webshell"
	"limier/webshell/webshelltest"
)

// A shell does not hide in or behind what uses up depth, nodes, steps or bytes:
// it raises an alarm, or the file is worth a look.
func TestExhausted(t *testing.T) {
	const open, run, value = "<?php ", "@eval(", `$_POST["x"]`
	const shell = ";" + run + value + ");"
	nested := func(n int, before, behind string) string {
		return strings.Repeat(before, n) + shell + strings.Repeat(behind, n)
	}
	wrapped := func(n int, before, behind string) string {
		return run + strings.Repeat(before, n) + value + strings.Repeat(behind, n) + ");"
	}
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i+1)
		}
		return b.String()
	}
	webshelltest.Exhausted(t, Language, "a.php", webshell.Webshell, map[string]string{
		"ifs":          open + nested(1000, "if($a){", "}"),
		"many ifs":     open + nested(20_000, "if($a){", "}"),
		"bare ifs":     open + nested(20_000, "if($a)", ""),
		"words":        open + nested(20_000, "if($a):", "endif;"),
		"do":           open + nested(1000, "do{", "}while($a);"),
		"for":          open + nested(1000, "for(;;){", "}"),
		"switch":       open + nested(1000, "switch($a){case 1:", "}"),
		"closures":     open + nested(1000, "$a=function(){", "};"),
		"functions":    open + numbered(200, "function f%d(){/*%d*/") + shell + strings.Repeat("}", 200),
		"parentheses":  open + wrapped(900, "(", ")"),
		"calls":        open + wrapped(300, "trim(", ")"),
		"ternaries":    open + wrapped(20_000, "$a?:", ""),
		"long text":    open + `$b="{$a[` + strings.Repeat(" ", 10_000) + "system(" + value + `)]}";`,
		"chain":        open + "$b=1" + strings.Repeat("+1", 20_000) + "+system(" + value + ");",
		"loops":        open + strings.Repeat("for($i=0;$i<1000000;$i++)$s.='a';", 500) + shell,
		"endless":      open + strings.Repeat("while(1)$a++;", 500) + shell,
		"bytes":        open + strings.Repeat("$b=str_repeat('a',1000000);", 500) + shell,
		"in functions": open + "function z(){" + strings.Repeat("while(1)$a++;", 500) + shell + "}",
		"nodes":        open + strings.Repeat("$a=1;", 100_000) + shell + strings.Repeat("$a=1;", 100_000),
		"classes":      open + numbered(30_000, "class A%d{function f%d(){}}") + shell + numbered(30_000, "class B%d{function f%d(){}}"),
		"evals":        open + numbered(3000, "eval('$a%d=%d;');") + "eval(base64_decode('c3lzdGVtKCRfR0VUWyJjIl0pOw=='));",
		"deep calls":   open + numbered(200, "function f%d($x){f%d($x);}") + "function f200($x){system($x);}f0(" + value + ");",
	})
	webshelltest.Exhausted(t, Language, "a.php", webshell.Suspicious, map[string]string{
		"too deep": open + wrapped(20_000, "(", ")"),
		"arrays":   open + wrapped(20_000, "[", "]"),
		"texts":    open + "$b=" + strings.Repeat(`"{$a[`, 300) + "system(" + value + ")" + strings.Repeat(`]}"`, 300) + ";",
		"tokens":   open + strings.Repeat("f();", 300_000) + shell,
	})
}
