package php

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A hiding is an expression that yields a text, and what must stand before
// its statement.
type hiding struct {
	name string
	make func(c *coat, s string) (before, expr string)
}

func plainHiding(name string, f func(c *coat, s string) string) hiding {
	return hiding{name, func(c *coat, s string) (string, string) { return "", f(c, s) }}
}

// hidingOf fills a template "before | expression"; NAMES: TEXT is the text
// quoted, B64, HEX, REV, ROT, BYTES, MINUS (each byte less one) its encodings.
func hidingOf(name, template string) hiding {
	return hiding{name, func(c *coat, s string) (string, string) {
		less := make([]byte, len(s))
		xor := make([]byte, len(s))
		for i := range len(s) {
			less[i] = s[i] - 1
			xor[i] = s[i] ^ "k3y"[i%3]
		}
		half := len(s) / 2
		t := strings.NewReplacer("TEXT", quote(s), "B64", quote(b64(s)), "HEX", quote(hex.EncodeToString([]byte(s))), "REV", quote(reversed(s)), "ROT", quote(rot13(s)),
			"BYTES", each(s, "%d", ","), "MINUS", quote(b64(string(less))), "XOR", quote(b64(string(xor))), "DEFLATED", quote(deflated(s)), "LEN", fmt.Sprint(len(s)),
			"URL", quote(each(s, "%%%02x", "")), "ENTITIES", quote(each(s, "&#%d;", "")), "JSON", quote(`"`+each(s, `\u%04x`, "")+`"`), "QUERY", quote("k="+url.QueryEscape(s)),
			"HALF1", quote(s[:half]), "HALF2", quote(s[half:]), "PADDED", quote(c.between(s, "#@")), "DIGITS", quote(c.between(s, fmt.Sprint(c.IntN(90)+10))),
			"BARE", s, "UPPER", quote(strings.ToUpper(s)), "NOT", escaped(s, "~%02x"), "LISTED", c.listed(s)).Replace(c.fill(template, ""))
		before, expr, ok := strings.Cut(t, " | ")
		if !ok {
			return "", t
		}
		return before, expr
	}}
}

// hidings are the ways to hide a text. The first are the plainest.
var hidings = []hiding{
	plainHiding("concat", func(c *coat, s string) string {
		var l []string
		for _, p := range c.pieces(s) {
			l = append(l, quote(p))
		}
		return strings.Join(l, ".")
	}),
	plainHiding("chr", func(c *coat, s string) string { return each(s, "chr(%d)", ".") }),
	plainHiding("chr-sums", func(c *coat, s string) string {
		var l []string
		for i := range len(s) {
			n := c.IntN(90)
			l = append(l, fmt.Sprintf("chr(%d+%d)", n, int(s[i])-n))
		}
		return strings.Join(l, ".")
	}),
	plainHiding("hex-escapes", func(c *coat, s string) string { return escaped(s, `\x%02x`) }),
	plainHiding("octal-escapes", func(c *coat, s string) string { return escaped(s, `\%03o`) }),
	plainHiding("xor", func(c *coat, s string) string {
		k := make([]byte, len(s))
		x := make([]byte, len(s))
		for i := range k {
			k[i] = byte('!' + c.IntN(90))
			x[i] = s[i] ^ k[i]
		}
		return "(" + escaped(string(x), `\x%02x`) + "^" + escaped(string(k), `\x%02x`) + ")"
	}),
	plainHiding("not", func(c *coat, s string) string {
		b := []byte(s)
		for i := range b {
			b[i] = ^b[i]
		}
		return "(~" + escaped(string(b), `\x%02x`) + ")"
	}),
	{"alphabet", func(c *coat, s string) (string, string) {
		all := []byte{}
		for _, i := range c.Perm(256) {
			if i >= ' ' && i < 0x7f || strings.IndexByte(s, byte(i)) >= 0 {
				all = append(all, byte(i))
			}
		}
		v := "$" + c.name()
		var l []string
		for i := range len(s) {
			at := bytes.IndexByte(all, s[i])
			l = append(l, []string{fmt.Sprintf("%s[%d]", v, at), fmt.Sprintf("substr(%s,%d,1)", v, at), fmt.Sprintf("%s[%d-%d]", v, at+7, 7)}[c.IntN(3)])
		}
		return v + "=" + quote(string(all)) + ";", strings.Join(l, ".")
	}},
	{"lookup", func(c *coat, s string) (string, string) {
		v, p := "$"+c.name(), c.pieces(s)
		order := c.Perm(len(p))
		list, use := make([]string, len(p)), make([]string, len(p))
		for i, o := range order {
			list[o] = quote(p[i])
			use[i] = fmt.Sprintf("%s[%d]", v, o)
		}
		return v + "=array(" + strings.Join(list, ",") + ");", strings.Join(use, ".")
	}},
	hidingOf("strrev", "strrev(REV)"),
	hidingOf("rot13", "str_rot13(ROT)"),
	hidingOf("base64", "base64_decode(B64)"),
	hidingOf("deflate", "gzinflate(base64_decode(DEFLATED))"),
	hidingOf("hex2bin", "hex2bin(HEX)"),
	hidingOf("pack", "pack('H*',HEX)"),
	hidingOf("padding", "str_replace('#@','',PADDED)"),
	hidingOf("preg-padding", "preg_replace('/[0-9]+/','',DIGITS)"),
	hidingOf("implode", "implode('',array(LISTED))"),
	hidingOf("map-chr", "implode(array_map('chr',array(BYTES)))"),
	hidingOf("map-closure", "implode(array_map(function($A){return chr($A);},array(BYTES)))"),
	hidingOf("sprintf", "sprintf('%s%s',HALF1,HALF2)"),
	hidingOf("vsprintf", "vsprintf('%2$s%1$s',array(HALF2,HALF1))"),
	hidingOf("substr", "substr('xy'.TEXT.'z',2,LEN)"),
	hidingOf("urldecode", "urldecode(URL)"),
	hidingOf("entities", "html_entity_decode(ENTITIES)"),
	hidingOf("json", "json_decode(JSON)"),
	hidingOf("explode", "explode('|@','a|@'.TEXT.'|@b')[1]"),
	hidingOf("ternary", "(strlen('abc')==3?TEXT:'strlen')"),
	hidingOf("closure", "(function(){return TEXT;})()"),
	hidingOf("arrow", "(fn()=>HALF1.HALF2)()"),
	hidingOf("pack-c", "pack('C*',BYTES)"),
	hidingOf("parse_str", "parse_str(QUERY,$A); | $A['k']"),
	hidingOf("list", "list($A,$B)=array(HALF1,HALF2); | $A.$B"),
	hidingOf("short-list", "[$A,$B]=[HALF2,HALF1]; | $B.$A"),
	hidingOf("appended", "$A=HALF1;$A.=HALF2; | $A"),
	hidingOf("reference", "$A=HALF1;$B=&$A;$B.=HALF2; | $A"),
	hidingOf("bytes-loop", "$A='';foreach(array(BYTES) as $B)$A.=chr($B); | $A"),
	hidingOf("shift-loop", "$A='';$B=base64_decode(MINUS);for($C=0;$C<strlen($B);$C++){$A.=chr(ord($B[$C])+1);} | $A"),
	hidingOf("xor-loop", "$A='';$B=base64_decode(XOR);$D='k3y';for($C=0;$C<strlen($B);$C++)$A.=$B[$C]^$D[$C%3]; | $A"),
	hidingOf("while-loop", "$A='';$B=REV;$C=strlen($B);while($C-->0){$A.=$B[$C];} | $A"),
	hidingOf("do-split", "$B=str_split(REV);$A='';do{$A.=array_pop($B);}while(count($B)); | $A"),
	hidingOf("define", "define('@F',HALF1.HALF2); | constant('@F')"),
	hidingOf("bare-constant", "define('@F',TEXT); | @F"),
	hidingOf("heredoc", "$A=<<<@F\nBARE\n@F;\n | $A"),
	hidingOf("property", "$A=new stdClass;$A->{'x'.'y'}=TEXT; | $A->xy"),
	hidingOf("variable-variable", "$B='@F';$$B=TEXT; | ${''.'@F'}"),
	hidingOf("globals", "$GLOBALS['@F']=TEXT; | $GLOBALS['@F']"),
	hidingOf("extract", "extract(array('@F'=>HALF1,'@G'=>HALF2)); | $@F.$@G"),
	hidingOf("nested", "$A=array('x'=>array(1,array('y'=>TEXT))); | $A['x'][1]['y']"),
	hidingOf("array_reverse", "implode(array_reverse(str_split(REV)))"),
	hidingOf("array_reduce", "array_reduce(array(LISTED),function($A,$B){return $A.$B;},'')"),
	hidingOf("usort", "$A=array(2=>HALF2,1=>HALF1);ksort($A); | join('',$A)"),
	hidingOf("strtr", "strtr(ROT,'nopqrstuvwxyzabcdefghijklmNOPQRSTUVWXYZABCDEFGHIJKLM','abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')"),
	hidingOf("unserialize", "unserialize('s:LEN:\"'.TEXT.'\";')"),
	hidingOf("trim", "trim('  '.TEXT.' ')"),
	hidingOf("basename", "substr(strrchr('/x/~'.TEXT,'~'),1)"),
	hidingOf("filter_var", "filter_var(TEXT)"),
	hidingOf("coalesce", "($A??TEXT)"),
	hidingOf("match", "match(true){default=>TEXT}"),
	hidingOf("static-closure", "$A=static function($B){return base64_decode(strrev($B));}; | $A(strrev(B64))"),
	hidingOf("iterator", "implode('',iterator_to_array(new ArrayIterator(array(LISTED))))"),
	hidingOf("generator", "$A=function(){foreach(array(LISTED) as $B)yield $B;};$C='';foreach($A() as $B)$C.=$B; | $C"),
	hidingOf("ob", "ob_start();echo TEXT;$A=ob_get_clean(); | $A"),
	hidingOf("spl-stack", "$A=new SplStack;$A->push(HALF2);$A->push(HALF1); | $A->pop().$A->pop()"),
	hidingOf("array-object", "$A=new ArrayObject(array('k'=>TEXT)); | $A['k']"),
	hidingOf("exception", "try{throw new Exception(TEXT);}catch(Exception $A){} | $A->getMessage()"),
	hidingOf("putenv", "putenv('@F='.TEXT); | getenv('@F')"),
	hidingOf("bin2hex", "hex2bin(bin2hex(TEXT))"),
	hidingOf("mb-convert", "mb_convert_encoding(B64,'8bit','base64')"),
	hidingOf("iconv", "iconv('UTF-8','UTF-8//IGNORE',TEXT)"),
	hidingOf("column", "implode('',array_column(array(array('a'=>HALF1),array('a'=>HALF2)),'a'))"),
}

// hideNames calls functions by hidden names.
func hideNames(h hiding) func(*coat, string) string {
	return func(c *coat, src string) string {
		e := newEditing(src)
		_, fixed := e.scopes()
		own := e.declared()
		n := 0
		for i := range e.toks {
			if e.kind(i) != tIdent || e.kind(i+1) != '(' || h.name == "preg-padding" && strings.ContainsAny(e.text(i), "0123456789") || fixed[i] || e.is(i, constructs...) && !e.is(i, "assert") || own[strings.ToLower(e.text(i))] || strings.Contains(e.text(i), `\`) {
				continue
			}
			if k := e.kind(i - 1); k == tArrow || k == tNullArrow || k == tColons || e.is(i-1, "new", "function") || k == '&' && e.is(i-2, "function") {
				continue
			}
			before, expr := h.make(c, e.text(i))
			if before != "" {
				at := e.statement(i)
				if at < 0 {
					continue
				}
				e.insert[at] += before
			}
			if strings.HasPrefix(expr, "$") && !strings.ContainsAny(expr, ".>({:") {
				e.to[i] = expr
			} else {
				e.to[i] = "(" + expr + ")"
			}
			if n++; n == 12 {
				break
			}
		}
		return e.done()
	}
}

// hideTexts writes literals as hidden ones.
func hideTexts(h hiding) func(*coat, string) string {
	return func(c *coat, src string) string {
		e := newEditing(src)
		_, fixed := e.scopes()
		n := 0
		for i := range e.toks {
			s, ok := e.plain(i)
			if !ok || fixed[i] || len(s) > 4000 || h.name == "preg-padding" && strings.ContainsAny(s, "0123456789") || e.kind(i+1) == tColons || e.is(i-1, "case") || h.name == "heredoc" && strings.ContainsAny(s, `\$`) {
				continue
			}
			before, expr := h.make(c, s)
			if before != "" {
				at := e.statement(i)
				if at < 0 {
					continue
				}
				e.insert[at] += before
			}
			e.to[i] = "(" + expr + ")"
			if n++; n == 12 {
				break
			}
		}
		return e.done()
	}
}

// hideSupers names the arrays of the request by hidden texts.
func hideSupers(h hiding) func(*coat, string) string {
	return func(c *coat, src string) string {
		e := newEditing(src)
		inside, _ := e.scopes()
		for i := range e.toks {
			if e.kind(i) != tVar || !slices.Contains([]string{"$_GET", "$_POST", "$_REQUEST", "$_COOKIE", "$_SERVER", "$_FILES"}, e.text(i)) || e.kind(i-1) == tColons {
				continue
			}
			before, expr := h.make(c, e.text(i)[1:])
			if before != "" {
				at := e.statement(i)
				if at < 0 {
					continue
				}
				e.insert[at] += before
			}
			if inside[i] || c.IntN(3) == 0 {
				e.to[i] = "$GLOBALS[" + expr + "]"
			} else {
				e.to[i] = "${" + expr + "}"
			}
		}
		return e.done()
	}
}
