package php

import (
	"strings"
	"testing"
	"time"

	"limier/internal/cputime"
	"limier/webshell"
)

// hostileShapes are inputs built to exhaust a parser or an interpreter.
func hostileShapes(size int) map[string]string {
	fill := func(open, unit, end string) string {
		return open + strings.Repeat(unit, max(1, (size-len(open)-len(end))/len(unit))) + end
	}
	return map[string]string{
		"parentheses":     fill("<?php eval($_GET[1]", "(", ""),
		"brackets":        fill("<?php $a=", "[", "; eval($a);"),
		"braces":          fill("<?php eval(1);", "{", ""),
		"ifs":             fill("<?php eval(1);", "if($a)", ""),
		"elses":           fill("<?php eval(1); if($a){}", "else if($a){}", ""),
		"concatenation":   fill("<?php $a=''", ".'x'.chr(65)", "; eval($a);"),
		"one line":        fill("<?php eval('", "A", "');"),
		"calls":           fill("<?php eval($a", "()", ");"),
		"indexes":         fill("<?php eval($a", "[0]", ");"),
		"arrows":          fill("<?php eval($a", "->b", ");"),
		"unary":           fill("<?php eval(", "!", "1);"),
		"silence":         fill("<?php eval(", "@", "1);"),
		"dollars":         fill("<?php eval(", "$", "a);"),
		"ternaries":       fill("<?php eval(", "$a?1:", "2);"),
		"assignments":     fill("<?php eval(", "$a=", "2);"),
		"functions":       fill("<?php eval(1);", "function f(){", ""),
		"closures":        fill("<?php eval(", "function(){return ", ""),
		"classes":         fill("<?php eval(1);", "class a{function b(){", ""),
		"interpolation":   fill("<?php eval(\"", "{$a[\"", ""),
		"heredocs":        fill("<?php eval(1);", "$a=<<<A\n", ""),
		"tags":            fill("", "<?php ?>", "<?php eval($_GET[1]);"),
		"requires":        fill("<?php if(!defined('ABSPATH')) exit; $y=wp_remote_get('http://a.test/');", "require 'socket'", ""),
		"small classes":   fill("<?php eval(1);", "class a{}", ""),
		"no comments":     fill("<?php eval(1);", "*/(*/$", ""),
		"comment chain":   fill("<?php eval(1);", "/**//*\n(*/", ""),
		"one comment":     fill("<?php eval(1);", "/**/", "("),
		"long path":       fill("<?php $p='", "Aa", "'; for(;;){ file_put_contents($p,$_POST[1]); $x=file_get_contents($p); }"),
		"long setting":    fill("<?php $n='", "Aa", "=1'; for(;;){ putenv($n); ini_set($n,1); getenv($n); }"),
		"text in a loop":  fill("<?php eval(1); for(;;){ ?>", "Aa", "<?php } "),
		"seams":           fill("<?php $a=$_GET[1]; ?>\n", "<?php curl_exec($a); ?>\n", ""),
		"callbacks":       fill("<?php function f(){ curl_exec($_GET[1]); } ", "add_action('init','f');", ""),
		"comments":        fill("<?php eval(1);", "/*", ""),
		"attributes":      fill("<?php eval(1);", "#[", ""),
		"statements":      fill("<?php eval(1);", "$a.=$b;", ""),
		"gotos":           fill("<?php eval(1);", "a:goto a;", ""),
		"labels":          fill("<?php eval(1);", "if($x)goto b;a:", "b:"),
		"doubling":        "<?php $a='xxxxxxxx';" + strings.Repeat("$a=$a.$a;", 200) + "eval($a);",
		"long for short":  "<?php $a=str_repeat('a',100000);eval(str_replace('a',$a,$a).str_ireplace('A',$a,$a).strtr($a,array('a'=>$a)).preg_replace('/a/',$a,$a).sprintf(str_repeat('%1$s',9000),$a));",
		"replace bomb":    "<?php $a=str_repeat('a',100000);" + strings.Repeat("$a=str_replace('a','aa',$a);", 50) + "eval($a);",
		"eval bomb":       "<?php $a='eval($a.1);eval($a.2);'; eval($a);",
		"constant calls":  "<?php define('A', 'a'); define('B', 'sys'.'tem'); define('C', ' c '); A(1); B($_GET[1]); C(2);",
		"recursion":       "<?php function f($x){ f($x.'a'); f($x.'b'); f($x); } f($_GET[1]); eval(1);",
		"endless loop":    "<?php while(1){ $a.='x'; } eval($a);",
		"nested loops":    "<?php " + strings.Repeat("foreach($a as $b)for($i=0;$i<9;$i++)while($c)", 40) + "eval($b);",
		"array growth":    "<?php for($i=0;;$i++){ $a[]=$a; } eval($a);",
		"array copies":    "<?php for($i=0;;$i++){ $a[$i]=1; $b=$a; unset($a[0]); } eval($a);",
		"sprintf padding": "<?php eval(sprintf('%999999999d',1));",
		"range":           "<?php eval(implode(range(0,99999999)));",
		"regex":           "<?php preg_match('/(a*)*b/', str_repeat('a',100000), $m); eval($m);",
		"binary":          "<?php eval(1);" + strings.Repeat("\x00\xff\xfe\x80", size/4),
		"arrow functions": fill("<?php eval(", "fn()=>", "1);"),
		"matches":         fill("<?php eval(", "match(1){1=>", ""),
		"news":            fill("<?php eval(", "new ", "a);"),
		"casts":           fill("<?php eval(", "(int)", "1);"),
		"long name":       fill("<?php eval($", "a", ");"),
		"switches":        fill("<?php eval(1);", "switch($a){case 1:", ""),
		"lists":           fill("<?php eval(1);", "list(", ""),
		"nulls":           fill("<?php eval(", "$a??", "1);"),
		"html":            fill("<?php eval(1);?>", "<", ""),
		"quotes":          fill("<?php eval(1);", "'\"`", ""),
		"nested packing":  "<?php eval('" + strings.Repeat("eval(\"", 500) + "');",
		"array merge":     "<?php $a=range(0,60000); for(;;){ $a=array_merge($a,$a); } eval($a);",
		"array walk":      "<?php $a=range(1,20000); $f=function(&$x){}; for(;;) array_walk($a,$f); eval($a);",
		"deep arrays":     "<?php for($i=0;$i<1000000;$i++){ $a=array($a,$a); } eval(implode($a));",
	}
}

// TestBounds proves that no shape of ten megabytes takes longer than a second
// of the processor; the limit is wider, for a busy machine is slower too.
func TestBounds(t *testing.T) {
	size := 10 << 20
	if testing.Short() {
		size = 1 << 20
	}
	for name, src := range hostileShapes(size) {
		t.Log(name)
		before := cputime.Used()
		Analyse("a.php", []byte(src))
		if d := cputime.Used() - before; d > 6*time.Second {
			t.Errorf("%s: %v for %d bytes", name, d, len(src))
		} else if d > 300*time.Millisecond {
			t.Logf("%s: %v for %d bytes", name, d, len(src))
		}
	}
}

// A payload whose letters are swapped one by one is longer than the machine
// can follow: it must still say that one is there.
func TestLongSubstitution(t *testing.T) {
	page := "<?php function swap($s, $map){ $out=''; for($i=0; $i < strlen($s); $i++){ $out .= isset($map[$s[$i]]) ? $map[$s[$i]] : $s[$i]; } $f='base'.'64_decode'; return $f($out); }" +
		"$s = '" + strings.Repeat("Qb7xZk", 20_000) + "'; eval(swap($s, array('Q'=>'b', 'b'=>'Q')));"
	if got := lines(Analyse("page.php", []byte(page))); !strings.Contains(got, "malicious moderate hidden-payload") {
		t.Errorf("got %q", got)
	}
}

// Bytes that are no text make a file in lower case longer than it is.
func TestDocCommentAfterOddBytes(t *testing.T) {
	src := "<?php $x = '" + strings.Repeat("\xff", 300) + "';\n/** system */\nClass A {}\n$c = (new ReflectionClass('A'))->getDocComment(); eval(substr($c, 4, 6) . '($_GET[1]);');"
	if got, want := webshell.Judge([]*webshell.Language{Language}, "x.php", []byte(src)).Verdict, webshell.Webshell; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A recursion that is told nothing anew, such as a walk through folders nobody
// knows, does not use up the steps of the file; one that counts runs to its end.
func TestSameAgain(t *testing.T) {
	walk := `<?php function walk($dir, $types) {
		$d = opendir($dir);
		while ($f = readdir($d)) { walk("$dir/$f", $types); walk("$dir/$f", $types); walk("$dir/$f", $types); copy($f, $dir); }
	}
	walk($_GET['d'], array('a'));`
	m := newMachine("x.php", []byte(walk), hasShape)
	defer m.release()
	m.analyse()
	if used := m.limit - m.steps; used > 10_000 {
		t.Errorf("a walk through folders takes %d steps", used)
	}
	spell := `<?php function spell($n) { return $n == 0 ? '' : spell($n - 1) . chr(ord('r') + $n); } if (spell(4) == 'stuv') { $f = 'sys' . 'tem'; $f($_GET['c']); }`
	if got := lines(Analyse("x.php", []byte(spell))); !strings.Contains(got, "webshell high") {
		t.Errorf("a recursion that counts: %q", got)
	}
}
