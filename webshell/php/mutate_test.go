package php

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"limier/webshell"
	"limier/webshell/webshelltest"
)

// A change gives code other clothes: what it does stays. It returns "" where
// it cannot be made.
type change struct {
	name string
	make func(c *coat, src string) string
}

// A coat is what a change draws its choices and its new names from.
type coat struct {
	*rand.Rand
	names int
}

// newCoat draws the same for the same page and change.
func newCoat(seed uint64, page, change string) *coat {
	h := fnv.New64a()
	h.Write([]byte(page + "\x00" + change))
	return &coat{Rand: rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// name is one that no page has.
func (c *coat) name() string {
	c.names++
	b := []byte{"bdfghklmnprtvz"[c.IntN(14)], "aeiou"[c.IntN(5)], "bdfghklmnprtvz"[c.IntN(14)], "aeiou"[c.IntN(5)]}
	return string(b) + fmt.Sprint("q", c.names)
}

// fill puts a new name for each of the letters $A, $B, … and @F, @G, … of a
// template, and the text for HERE.
func (c *coat) fill(template, here string) string {
	for _, mark := range []string{"$A", "$B", "$C", "$D", "@F", "@G"} {
		if strings.Contains(template, mark) {
			n := c.name()
			if mark[0] == '$' {
				n = "$" + n
			}
			template = strings.ReplaceAll(template, mark, n)
		}
	}
	return strings.ReplaceAll(template, "HERE", here)
}

func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func escaped(s, verb string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, verb, s[i])
	}
	return `"` + b.String() + `"`
}

func each(s, verb, between string) string {
	list := make([]string, len(s))
	for i := range len(s) {
		list[i] = fmt.Sprintf(verb, s[i])
	}
	return strings.Join(list, between)
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

func deflated(s string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 9)
	w.Write([]byte(s))
	w.Close()
	return b64(b.String())
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func (c *coat) pieces(s string) []string {
	var out []string
	for len(s) > 0 {
		n := min(len(s), 1+c.IntN(max(1, min(6, len(s)/2))))
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

func (c *coat) between(s, junk string) string {
	return strings.Join(c.pieces(s), junk)
}

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
			"BARE", s, "UPPER", quote(strings.ToUpper(s)), "NOT", escaped(s, "~%02x"), "LISTED", "'"+strings.Join(c.pieces(strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s)), "','")+"'").Replace(c.fill(template, ""))
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

// An edit of tokens.
type editing struct {
	src    string
	toks   []token
	insert map[int]string // before the token
	to     map[int]string // in its place
}

func newEditing(src string) *editing {
	toks, _ := lex([]byte(src), false)
	return &editing{src: src, toks: toks, insert: map[int]string{}, to: map[int]string{}}
}

func (e *editing) text(i int) string {
	if i < 0 || i >= len(e.toks) {
		return ""
	}
	return e.src[e.toks[i].pos:e.toks[i].end]
}

func (e *editing) is(i int, words ...string) bool {
	return i >= 0 && i < len(e.toks) && e.toks[i].kind == tIdent && slices.Contains(words, strings.ToLower(e.text(i)))
}

func (e *editing) kind(i int) kind {
	if i < 0 || i >= len(e.toks) {
		return tEOF
	}
	return e.toks[i].kind
}

func (e *editing) done() string {
	if len(e.insert)+len(e.to) == 0 {
		return ""
	}
	var b strings.Builder
	at := 0
	for i, t := range e.toks {
		b.WriteString(e.src[at:t.pos])
		at = int(t.end)
		b.WriteString(e.insert[i])
		if to, ok := e.to[i]; ok {
			b.WriteString(to)
		} else {
			b.WriteString(e.text(i))
		}
	}
	return b.String()
}

// statement is the first token of the statement that holds i, -1 where
// nothing can be put before it.
func (e *editing) statement(i int) int {
	depth := 0
	for i--; i >= 0; i-- {
		switch e.kind(i) {
		case ')', ']':
			depth++
		case '(', '[', tAttr:
			depth = max(0, depth-1)
		case ';', '{', '}', tClose, tHTML:
			if depth > 0 {
				continue
			}
			if e.kind(i) == '{' && (e.kind(i-1) == tArrow || e.kind(i-1) == '$' || e.is(i-1, "match")) {
				return -1
			}
			if e.is(i+1, "else", "elseif", "case", "default", "catch", "finally", "while", "endif") || e.kind(i+1) == tOpenEcho || e.kind(i+1) == ')' || e.kind(i+1) == ',' {
				return -1
			}
			return i + 1
		case tOpenEcho:
			return -1
		}
	}
	return 0
}

// scopes tells for each token whether it stands in a function, and whether
// only a constant may stand there.
func (e *editing) scopes() (inside, fixed []bool) {
	inside, fixed = make([]bool, len(e.toks)), make([]bool, len(e.toks))
	mark := func(list []bool, from, to int, v bool) {
		for ; from <= to && from < len(list); from++ {
			list[from] = v
		}
	}
	for i := range e.toks {
		switch {
		case e.is(i, "class", "interface", "trait", "enum") && e.kind(i-1) != tColons && e.kind(i-1) != tArrow:
			for j := i; j < len(e.toks) && j < i+30; j++ {
				if e.kind(j) == '{' {
					mark(fixed, j, int(e.toks[j].match), true)
					break
				}
			}
		case e.is(i, "function") && e.kind(i-1) != tArrow, e.is(i, "fn"):
			for j := i; j < len(e.toks) && j < i+4; j++ {
				if e.kind(j) != '(' {
					continue
				}
				m := int(e.toks[j].match)
				mark(fixed, j, m, true)
				for k := m; k < len(e.toks) && k < m+40 && e.kind(k) != ';'; k++ {
					if e.kind(k) == '{' {
						mark(fixed, k, int(e.toks[k].match), false)
						mark(inside, k, int(e.toks[k].match), true)
						break
					}
				}
				break
			}
		case e.is(i, "const"), e.is(i, "static") && e.kind(i+1) == tVar, e.is(i, "declare", "namespace", "use"):
			for j := i; j < len(e.toks) && e.kind(j) != ';'; j++ {
				fixed[j] = true
			}
		case e.kind(i) == tAttr:
			mark(fixed, i, int(e.toks[i].match), true)
		}
	}
	return inside, fixed
}

var constructs = strings.Fields(`if while for foreach switch match catch function fn use isset empty unset list array eval exit die echo print include include_once require require_once
	return and or xor declare compact extract func_get_args func_get_arg get_defined_vars parse_str define defined constant self parent static __halt_compiler elseif else new clone yield throw mb_parse_str assert`)

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
			if strings.HasPrefix(expr, "$") && !strings.ContainsAny(expr, ".>({") {
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

// declared are the functions of the file.
func (e *editing) declared() map[string]bool {
	own := map[string]bool{}
	for i := range e.toks {
		if e.is(i, "function") && e.kind(i+1) == tIdent {
			own[strings.ToLower(e.text(i+1))] = true
		}
	}
	return own
}

// plain is the text of a literal that is no more than its letters.
func (e *editing) plain(i int) (string, bool) {
	t := e.text(i)
	if k := e.kind(i); k != tStr && k != tTpl || len(t) < 4 || strings.ContainsAny(t, `\$`) && k == tTpl {
		return "", false
	}
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(t[1 : len(t)-1]), true
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

// A read is an element of the request, with the tokens from i to j.
func (e *editing) reads(f func(i, j int, key string)) {
	skip := -1
	for i := range e.toks {
		if e.is(i, "isset", "empty", "unset", "list", "array_key_exists") && e.kind(i+1) == '(' {
			skip = max(skip, int(e.toks[i+1].match))
		}
		if i <= skip || e.kind(i) != tVar || !slices.Contains([]string{"$_GET", "$_POST", "$_REQUEST", "$_COOKIE"}, e.text(i)) || e.kind(i+1) != '[' {
			continue
		}
		j := int(e.toks[i+1].match)
		if k := e.kind(j + 1); j == 0 || k == '=' || k == tAssignOp || k == '[' || k == tInc || k == tArrow || e.kind(i-1) == '&' || e.is(i-1, "as") || e.kind(i-1) == tDoubleArrow && e.is(i-3, "as") {
			continue
		}
		key := ""
		if j == i+3 {
			key = strings.Trim(e.text(i+2), `'"`)
		}
		f(i, j, key)
	}
}

// passed sends what is read of the request another way: "before | expression",
// in which HERE is the read.
func passed(template string) func(*coat, string) string {
	return func(c *coat, src string) string {
		e := newEditing(src)
		e.reads(func(i, j int, key string) {
			before, expr, ok := strings.Cut(c.fill(template, e.src[e.toks[i].pos:e.toks[j].end]), " | ")
			if !ok {
				before, expr = "", before
			}
			if strings.Contains(template, "KEY") {
				if !isName(key) {
					return
				}
				expr = strings.NewReplacer("KEY", key, "UPKEY", strings.ToUpper(key)).Replace(expr)
			}
			if before != "" {
				at := e.statement(i)
				if at < 0 {
					return
				}
				e.insert[at] += strings.ReplaceAll(before, "KEY", key)
			}
			for k := i; k <= j; k++ {
				e.to[k] = ""
			}
			e.to[i] = expr
		})
		return e.done()
	}
}

func isName(s string) bool {
	return s != "" && !isDigit(s[0]) && strings.IndexFunc(s, func(r rune) bool { return r > 0x7f || !identTable[byte(r)] }) < 0
}

// flows carry a value unchanged.
var flows = map[string]string{
	"variable":          "$A=HERE;$B=$A; | $B",
	"reference":         "$A=null;$B=&$A;$A=HERE; | $B",
	"list":              "list($A,$B)=array(1,HERE); | $B",
	"short-list":        "[$A,[$B]]=[1,[HERE]]; | $B",
	"extract":           "extract(array('@F'=>HERE)); | $@F",
	"variable-variable": "$A='@F';$$A=HERE; | $@F",
	"named-late":        "${''.'@F'}=HERE; | $@F",
	"property":          "$A=new stdClass;$A->{'p'.'q'}=HERE; | $A->pq",
	"array":             "$A=array();$A['k'][0]=HERE; | $A['k'][0]",
	"append":            "$A=array();$A[]=HERE; | end($A)",
	"pop":               "$A=array(HERE); | array_pop($A)",
	"shift":             "$A=array(HERE,1); | array_shift($A)",
	"define":            "define('@F',HERE); | @F",
	"constant":          "define('@F',HERE); | constant(''.'@F')",
	"globals":           "$GLOBALS['@F']=HERE; | $GLOBALS['@F']",
	"closure":           "(function($A){return $A;})(HERE)",
	"use":               "$A=HERE;$B=function() use($A){return $A;}; | $B()",
	"use-reference":     "$A='';$B=function($C) use(&$A){$A=$C;};$B(HERE); | $A",
	"arrow":             "(fn($A)=>$A)(HERE)",
	"foreach":           "foreach(array(HERE) as $A){} | $A",
	"while":             "$A='';$B=HERE;$C=0;while($C<strlen($B)){$A.=$B[$C++];} | $A",
	"for":               "$A='';for($B=0,$C=HERE;$B<strlen($C);$B++)$A.=substr($C,$B,1); | $A",
	"split":             "implode('',str_split(HERE))",
	"reversed":          "strrev(strrev(HERE))",
	"encoded":           "base64_decode(base64_encode(HERE))",
	"base64":            "base64_decode(HERE)",
	"hex":               "hex2bin(HERE)",
	"rot13":             "str_rot13(HERE)",
	"inflate":           "gzinflate(base64_decode(HERE))",
	"padded":            "str_replace(array('#','@'),'',HERE)",
	"sprintf":           "sprintf('%s',HERE)",
	"template":          "$A=HERE; | \"$A\"",
	"braces":            "$A=array('k'=>HERE); | \"{$A['k']}\"",
	"heredoc":           "$A=HERE;$B=<<<@F\n$A\n@F;\n | $B",
	"map":               "array_map('trim',array(HERE))[0]",
	"map-closure":       "array_map(function($A){return $A;},array(HERE))[0]",
	"reduce":            "array_reduce(array(HERE),function($A,$B){return $A.$B;})",
	"filter":            "current(array_filter(array(HERE)))",
	"walk":              "$B='';$A=array(HERE);array_walk($A,function($C) use(&$B){$B=$C;}); | $B",
	"serialized":        "unserialize(serialize(HERE))",
	"json":              "json_decode(json_encode(HERE))",
	"parse_str":         "parse_str('k='.urlencode(HERE),$A); | $A['k']",
	"query":             "parse_str(http_build_query(array('k'=>HERE)),$A); | $A['k']",
	"ob":                "ob_start();echo HERE;$A=ob_get_clean(); | $A",
	"session":           "$_SESSION['@F']=HERE; | $_SESSION['@F']",
	"env":               "putenv('@F='.HERE); | getenv('@F')",
	"ini":               "ini_set('user_agent',HERE); | ini_get('user_agent')",
	"cast":              "(string)HERE",
	"coalesce":          "(HERE??'')",
	"ternary":           "(HERE?:'')",
	"at":                "@HERE",
	"array-object":      "$A=new ArrayObject(array('k'=>HERE)); | $A['k']",
	"iterator":          "$A=new ArrayIterator(array(HERE)); | $A->current()",
	"stack":             "$A=new SplStack;$A->push(HERE); | $A->pop()",
	"call":              "call_user_func('trim',HERE)",
	"call-array":        "call_user_func_array('trim',array(HERE))",
	"hidden-call":       "call_user_func('tr'.'im',HERE)",
	"generator":         "$A=function($B){yield $B;};foreach($A(HERE) as $C){} | $C",
	"send":              "$A=(function(){$B=yield;yield $B;})();$C=$A->send(HERE); | $C",
	"exception":         "try{throw new Exception(HERE);}catch(Exception $A){} | $A->getMessage()",
	"preg":              "preg_replace('/^/','',HERE)",
	"preg-callback":     "preg_replace_callback('/.+/s',function($A){return $A[0];},HERE)",
	"match":             "preg_match('/(.+)/s',HERE,$A); | $A[1]",
	"substr":            "substr(HERE,0)",
	"explode":           "explode('|',HERE)[0]",
	"strtr":             "strtr(HERE,'-_','+/')",
	"file":              "file_put_contents('/tmp/@F',HERE); | file_get_contents('/tmp/@F')",
	"temp":              "$A=fopen('php://temp','w+');fwrite($A,HERE);rewind($A); | stream_get_contents($A)",
	"tmpfile":           "$A=tempnam('/tmp','x');file_put_contents($A,HERE); | file_get_contents($A)",
	"dataurl":           "file_get_contents('data:text/plain;base64,'.base64_encode(HERE))",
	"default":           "$A=function($B=''){return $B;}; | $A(HERE)",
	"static-closure":    "$A=static function(...$B){return $B[0];}; | $A(HERE)",
	"spread":            "$A=array(HERE); | (function($B){return $B;})(...$A)",
	"sscanf":            "sscanf(HERE,'%[ -~]')[0]",
	"iconv":             "iconv('UTF-8','UTF-8//IGNORE',HERE)",
	"mb":                "mb_convert_encoding(HERE,'UTF-8','UTF-8')",
	"chunks":            "implode('',array_reverse(array_reverse(str_split(HERE,3))))",
	"compact":           "$A=HERE;$B=array('k'=>$A);extract($B,EXTR_PREFIX_ALL,'@F'); | $@F_k",
	"nested":            "$A=json_decode('{\"k\":[]}',true);$A['k'][]=HERE; | $A['k'][0]",
	"settype":           "$A=HERE;settype($A,'string'); | $A",
	"anonymous-class":   "$A=new class(HERE){public $v;function __construct($v){$this->v=$v;}function g(){return $this->v;}}; | $A->g()",
	"magic-get":         "$A=new class(HERE){private $v;function __construct($v){$this->v=$v;}function __get($n){return $this->v;}}; | $A->x",
	"to-string":         "$A=new class(HERE){private $v;function __construct($v){$this->v=$v;}function __toString(){return $this->v;}}; | (string)$A",
	"xor-key":           "(HERE^str_repeat(\"\\0\",strlen(HERE)))",
}

// doors are other ways in which the client hands over a field.
var doors = map[string]string{
	"filter_input":           "filter_input(INPUT_POST,'KEY')",
	"filter_input_array":     "filter_input_array(INPUT_GET)['KEY']",
	"getallheaders":          "getallheaders()['X-KEY']",
	"apache_request_headers": "$A=apache_request_headers(); | $A['KEY']",
	"server-header":          "$_SERVER['HTTP_X_KEY']",
	"user-agent":             "$_SERVER['HTTP_USER_AGENT']",
	"referer":                "$_SERVER['HTTP_REFERER']",
	"accept-language":        "base64_decode($_SERVER['HTTP_ACCEPT_LANGUAGE'])",
	"getenv":                 "getenv('HTTP_X_KEY')",
	"input":                  "file_get_contents('php://input')",
	"input-json":             "json_decode(file_get_contents('php://input'),true)['KEY']",
	"input-object":           "json_decode(file_get_contents('php://input'))->KEY",
	"input-parse":            "parse_str(file_get_contents('php://input'),$A); | $A['KEY']",
	"fopen-input":            "$A=fopen('php://input','r');$B=stream_get_contents($A); | $B",
	"fgets-input":            "$A=fopen('php://input','r'); | fgets($A)",
	"query-parse":            "parse_str($_SERVER['QUERY_STRING'],$A); | $A['KEY']",
	"query-string":           "urldecode($_SERVER['QUERY_STRING'])",
	"uri":                    "$A=parse_url($_SERVER['REQUEST_URI'],PHP_URL_QUERY);parse_str($A,$B); | $B['KEY']",
	"path-info":              "base64_decode(substr($_SERVER['PATH_INFO'],1))",
	"cookie-json":            "json_decode($_COOKIE['KEY'],true)['KEY']",
	"cookie-serialized":      "unserialize(base64_decode($_COOKIE['KEY']))",
	"upload-name":            "$_FILES['KEY']['name']",
	"upload-content":         "file_get_contents($_FILES['KEY']['tmp_name'])",
	"merged":                 "array_merge($_GET,$_POST)['KEY']",
	"plus":                   "$A=$_GET+$_POST; | $A['KEY']",
	"current":                "current($_POST)",
	"end":                    "end($_REQUEST)",
	"key":                    "key($_GET)",
	"values":                 "array_values($_POST)[0]",
	"shift":                  "$A=$_POST; | array_shift($A)",
	"keys":                   "array_keys($_GET)[0]",
	"foreach":                "foreach($_POST as $A=>$B){} | $B",
	"foreach-key":            "foreach($_GET as $A=>$B)break; | $A",
	"extract":                "extract($_REQUEST); | $KEY",
	"import":                 "import_request_variables('gp'); | $KEY",
	"variable-loop":          "foreach($_POST as $A=>$B)$$A=$B; | $KEY",
	"auth":                   "$_SERVER['PHP_AUTH_PW']",
	"hidden-header":          "$_SERVER[strtoupper('http_'.'x_KEY')]",
	"either":                 "(isset($_POST['KEY'])?$_POST['KEY']:$_COOKIE['KEY'])",
	"coalesce":               "($_POST['KEY']??$_GET['KEY']??'')",
	"implode":                "implode('',$_POST['KEY'])",
	"first-of":               "$_POST[0]['KEY']",
	"http_get":               "$HTTP_POST_VARS['KEY']",
	"remote-body":            "base64_decode(file_get_contents('php://input'))",
	"explode":                "explode('.',$_COOKIE['KEY'])[1]",
	"method":                 "$A='_'.$_SERVER['REQUEST_METHOD']; | ${$A}['KEY']",
	"intersect":              "array_intersect_key($_REQUEST,array('KEY'=>1))['KEY']",
	"column":                 "array_column(array($_POST),'KEY')[0]",
	"walk":                   "$B='';array_walk($_POST,function($A) use(&$B){$B=$A;}); | $B",
	"map":                    "array_map('base64_decode',$_POST)['KEY']",
	"globals-request":        "$GLOBALS['_REQUEST']['KEY']",
	"object":                 "$A=(object)$_POST; | $A->KEY",
	"iterator":               "$A=new ArrayIterator($_POST); | $A['KEY']",
}

// A program is a file in parts: what it declares, and what it does.
type program struct{ declares, does []string }

// split cuts a file into statements; false for one that cannot be put
// together again.
func split(src string) (program, bool) {
	var p program
	e := newEditing(src)
	for i := range e.toks {
		if e.is(i, "namespace", "declare", "goto", "__halt_compiler") || e.is(i, "use") && e.kind(i-1) == ';' || e.kind(i) == tOpenEcho && e.kind(i-1) != tHTML {
			return p, false
		}
	}
	nodes := 100_000
	u := &unit{src: []byte(src), budget: &nodes, tokens: e.toks}
	list := newParser(u, 0, len(e.toks)-1).statements()
	for _, n := range list {
		s := src[n.pos:n.end]
		if n.op == nHTML {
			if strings.TrimSpace(s) != "" {
				p.does = append(p.does, "echo "+quote(s)+";")
			}
			continue
		}
		if rest, ok := strings.CutPrefix(s, "<?="); ok {
			s = "echo " + rest
		}
		if rest, ok := strings.CutSuffix(strings.TrimSpace(s), "?>"); ok {
			s = rest + ";"
		}
		if !strings.HasSuffix(strings.TrimSpace(s), ";") && !strings.HasSuffix(strings.TrimSpace(s), "}") {
			s += ";"
		}
		switch n.op {
		case nFunc, nClass:
			p.declares = append(p.declares, s)
		default:
			p.does = append(p.does, s)
		}
	}
	return p, len(p.does) > 0 || len(p.declares) > 0
}

func (p program) code() string {
	return strings.Join(p.declares, "\n") + "\n" + strings.Join(p.does, "\n") + "\n"
}

// around puts what the file does inside a template.
func around(template string) func(*coat, string) string {
	return func(c *coat, src string) string {
		p, ok := split(src)
		if !ok || len(p.does) == 0 {
			return ""
		}
		body := strings.Join(p.does, "\n")
		if strings.Contains(template, "function") && (strings.Contains(src, "global ") || strings.Contains(src, "GLOBALS") || strings.Contains(body, "$this")) {
			return ""
		}
		p.does = []string{c.fill(template, "\n"+body+"\n")}
		return "<?php\n" + p.code()
	}
}

var wraps = map[string]string{
	"function":          "function @F(){HERE}\n@F();",
	"function-after":    "@F();\nfunction @F(){HERE}",
	"named-call":        "function @F(){HERE}\n$A='@F';$A();",
	"call_user_func":    "function @F(){HERE}\ncall_user_func('@F');",
	"closure":           "$A=function(){HERE};$A();",
	"iife":              "(function(){HERE})();",
	"method":            "class @F{function g(){HERE}}\n$A=new @F;$A->g();",
	"static":            "class @F{static function g(){HERE}}\n@F::g();",
	"hidden-method":     "class @F{function go(){HERE}}\n$A=new @F;$B='g'.'o';$A->$B();",
	"constructor":       "class @F{function __construct(){HERE}}\nnew @F;",
	"destructor":        "class @F{function __destruct(){HERE}}\n$A=new @F;",
	"to-string":         "class @F{function __toString(){HERE return '';}}\necho new @F;",
	"invoke":            "class @F{function __invoke(){HERE}}\n$A=new @F;$A();",
	"magic-call":        "class @F{function __call($A,$B){HERE}}\n$C=new @F;$C->anything();",
	"call-static":       "class @F{static function __callStatic($A,$B){HERE}}\n@F::anything();",
	"magic-get":         "class @F{function __get($A){HERE}}\n$B=new @F;$B->x;",
	"magic-set":         "class @F{function __set($A,$B){HERE}}\n$C=new @F;$C->x=1;",
	"wakeup":            "class @F{function __wakeup(){HERE}}\nunserialize(serialize(new @F));",
	"array_map":         "array_map(function($A){HERE},array(1));",
	"array_walk":        "$A=array(1);array_walk($A,function($B){HERE});",
	"array_filter":      "array_filter(array(1),function($B){HERE});",
	"usort":             "$A=array(2,1);usort($A,function($B,$C){HERE return 0;});",
	"shutdown":          "register_shutdown_function(function(){HERE});",
	"shutdown-named":    "function @F(){HERE}\nregister_shutdown_function('@F');",
	"error-handler":     "set_error_handler(function($A,$B){HERE});trigger_error('x');",
	"exception-handler": "set_exception_handler(function($A){HERE});throw new Exception('x');",
	"autoload":          "spl_autoload_register(function($A){HERE});class_exists('@F');",
	"ob_start":          "ob_start(function($A){HERE return $A;});echo 'x';ob_end_flush();",
	"tick":              "function @F(){HERE}\nregister_tick_function('@F');declare(ticks=1);$A=1;",
	"preg-callback":     "preg_replace_callback('/x/',function($A){HERE return '';},'x');",
	"array_reduce":      "array_reduce(array(1),function($A,$B){HERE});",
	"header-callback":   "header_register_callback(function(){HERE});",
	"generator":         "$A=function(){yield 1;HERE};foreach($A() as $B){}",
	"generator-key":     "function @F(){HERE yield 1;}\niterator_to_array(@F());",
	"iterator":          "class @F implements IteratorAggregate{function getIterator(){HERE return new ArrayIterator(array());}}\nforeach(new @F as $A){}",
	"current":           "class @F implements Iterator{private $n=0;function current(){HERE}function key(){return 0;}function next(){$this->n++;}function rewind(){}function valid(){return $this->n<1;}}\nforeach(new @F as $A){}",
	"countable":         "class @F implements Countable{function count(){HERE return 0;}}\ncount(new @F);",
	"array-access":      "class @F implements ArrayAccess{function offsetGet($A){HERE}function offsetSet($A,$B){}function offsetExists($A){return true;}function offsetUnset($A){}}\n$C=new @F;$C['x'];",
	"json":              "class @F implements JsonSerializable{function jsonSerialize(){HERE}}\njson_encode(new @F);",
	"anonymous-class":   "(new class{function g(){HERE}})->g();",
	"trait":             "trait @F{function g(){HERE}}\nclass @G{use @F;}\n(new @G)->g();",
	"inherited":         "abstract class @F{abstract function h();function g(){$this->h();}}\nclass @G extends @F{function h(){HERE}}\n(new @G)->g();",
	"reflection":        "function @F(){HERE}\n(new ReflectionFunction('@F'))->invoke();",
	"reflection-method": "class @F{function g(){HERE}}\n(new ReflectionMethod('@F','g'))->invoke(new @F);",
	"callable-array":    "class @F{static function g(){HERE}}\ncall_user_func(array('@F','g'));",
	"callable-text":     "class @F{static function g(){HERE}}\n$A='@F::g';call_user_func($A);",
	"from-callable":     "function @F(){HERE}\n$A=Closure::fromCallable('@F');$A();",
	"first-class":       "function @F(){HERE}\n$A=@F(...);$A();",
	"bind":              "class @F{}\n$A=function(){HERE};$B=Closure::bind($A,new @F,'@F');$B();",
	"fiber":             "$A=new Fiber(function(){HERE});$A->start();",
	"clone":             "class @F{function __clone(){HERE}}\n$A=new @F;$B=clone $A;",
	"isset":             "class @F{function __isset($A){HERE return true;}}\n$B=new @F;isset($B->x);",
	"stream":            "class @F{function stream_open($A,$B,$C,&$D){HERE return true;}}\nstream_wrapper_register('fq','@F');fopen('fq://x','r');",
	"iterator_apply":    "iterator_apply(new ArrayIterator(array(1)),function(){HERE});",
	"wordpress":         "add_action('init',function(){HERE});",
	"wordpress-named":   "function @F(){HERE}\nadd_action('wp_head','@F');",
	"recursion":         "function @F($A){if($A>0)return @F($A-1);HERE}\n@F(3);",
	"static-closure":    "(static function(){HERE})();",
	"array-of-closures": "$A=array('x'=>function(){HERE});$A['x']();",
	"property-closure":  "$A=new stdClass;$A->f=function(){HERE};($A->f)();",
	"passed-closure":    "function @F($A){$A();}\n@F(function(){HERE});",
	"returned-closure":  "function @F(){return function(){HERE};}\n@F()();",
	"filter-callback":   "filter_var('x',FILTER_CALLBACK,array('options'=>function($A){HERE}));",
	"session-handler":   "session_set_save_handler(function(){HERE return true;},'x','x','x','x','x');session_start();",
}

var gates = map[string]string{
	"md5-cookie":      "if(isset($_COOKIE['k'])&&md5($_COOKIE['k'])==='5f4dcc3b5aa765d61d8327deb882cf99'){HERE}",
	"hash-or-404":     "if(!isset($_REQUEST['k'])||sha1(md5($_REQUEST['k']))!='d033e22ae348aeb5660fc2140aec35850c4da997'){header('HTTP/1.0 404 Not Found');die();}HERE",
	"user-agent":      "if(strpos($_SERVER['HTTP_USER_AGENT'],'qz-7')===false){exit;}HERE",
	"user-agent-preg": "if(preg_match('/qz\\d+/',$_SERVER['HTTP_USER_AGENT'])){HERE}",
	"address":         "if($_SERVER['REMOTE_ADDR']!='198.51.100.7')die('404');HERE",
	"address-list":    "if(in_array($_SERVER['REMOTE_ADDR'],array('198.51.100.7','203.0.113.9'))){HERE}",
	"referer":         "if(@$_SERVER['HTTP_REFERER']=='https://example.org/'){HERE}",
	"password_verify": "if(password_verify($_POST['k'],'$2y$10$abcdefghijklmnopqrstuuJ0vQ2v1Q0o0o0o0o0o0o0o0o0o0o0o0'))\n{HERE}",
	"hash_equals":     "if(hash_equals('5f4dcc3b5aa765d61d8327deb882cf99',md5($_GET['k']))){HERE}",
	"session-login":   "session_start();if(isset($_POST['k'])&&md5($_POST['k'])=='5f4dcc3b5aa765d61d8327deb882cf99')$_SESSION['in']=1;if(empty($_SESSION['in'])){echo '<form method=post><input type=password name=k></form>';exit;}HERE",
	"basic":           "if(!isset($_SERVER['PHP_AUTH_PW'])||$_SERVER['PHP_AUTH_PW']!='s3cr3t'){header('WWW-Authenticate: Basic');exit;}HERE",
	"method":          "if($_SERVER['REQUEST_METHOD']==='POST'){HERE}",
	"https":           "if(empty($_SERVER['HTTPS']))return;HERE",
	"header":          "if(($_SERVER['HTTP_X_REQ']??'')==='s3cr3t'){HERE}",
	"count":           "if(count($_POST)==2){HERE}",
	"time":            "if(date('H')<6){HERE}",
	"host":            "if($_SERVER['SERVER_NAME']!=='localhost'){HERE}",
	"file":            "if(file_exists('/tmp/.k')){HERE}",
	"bot":             "if(!preg_match('/googlebot|bingbot/i',$_SERVER['HTTP_USER_AGENT'])){HERE}",
	"key-function":    "function @F($A){return md5(md5($A).'salt')==='5f4dcc3b5aa765d61d8327deb882cf99';}\nif(!@F(@$_REQUEST['k']))exit;HERE",
	"strlen":          "if(strlen($_REQUEST['k'])>5&&substr(md5($_REQUEST['k']),0,4)=='5f4d'){HERE}",
	"switch":          "switch($_GET['k']){case 's3cr3t':HERE break;}",
	"defined":         "defined('ABSPATH') or define('ABSPATH','/');HERE",
}

// bends bend the way through a program.
var bends = map[string]string{
	"true":            "if(true){HERE}",
	"strlen":          "if(strlen('abc')==3){HERE}",
	"opaque":          "$A=time();if($A*$A>=0){HERE}",
	"opaque-else":     "if(PHP_VERSION_ID<10000){echo 1;}else{HERE}",
	"dead-exit":       "if(PHP_VERSION_ID<10000){exit;}HERE",
	"dead-return":     "if(!function_exists('strlen'))return;HERE",
	"for":             "for($A=0;$A<1;$A++){HERE}",
	"do":              "do{HERE}while(0);",
	"while-break":     "while(true){HERE break;}",
	"foreach":         "foreach(array(1) as $A){HERE}",
	"catch":           "try{throw new Exception;}catch(Exception $A){HERE}",
	"finally":         "try{}finally{HERE}",
	"try":             "try{HERE}catch(Exception $A){}",
	"switch":          "switch(1){default:HERE}",
	"switch-true":     "switch(true){case false:break;case true:HERE}",
	"alternative":     "if(1):HERE endif;",
	"alternative-for": "for($A=0;$A<1;$A++):HERE endfor;",
	"goto":            "goto @F;echo 1;@F:HERE",
	"goto-loop":       "$A=0;@F:if($A<1){$A++;goto @F;}HERE",
	"junk":            "$A=array(1,2,3);$B=0;foreach($A as $C){$B+=$C*2;}if($B>100)die('x');HERE",
	"random":          "if(mt_rand(1,3)==2){HERE}",
	"else-chain":      "if(0){}elseif(0){}else{HERE}",
	"nested":          "if(1){if(2){if(3){HERE}}}",
	"elvis":           "$A=1?:0;if($A){HERE}",
	"loop-counter":    "$A=10;while($A-->0){if($A!=5)continue;HERE}",
	"error-level":     "error_reporting(0);@ini_set('display_errors',0);@set_time_limit(0);HERE",
	"ob":              "ob_start();HERE ob_end_clean();",
	"lock":            "$A=fopen(__FILE__,'r');if(flock($A,LOCK_SH)){HERE}",
}

// flatten puts the statements of a file in another order, and leads through
// them: by goto, by a switch in a loop.
func flatten(by string) func(*coat, string) string {
	return func(c *coat, src string) string {
		p, ok := split(src)
		if !ok || len(p.does) < 1 {
			return ""
		}
		label := make([]string, len(p.does)+1)
		number := make([]int, len(label))
		for i := range label {
			label[i], number[i] = c.name(), 100*(i+1)+c.IntN(99)
		}
		number[len(p.does)] = 0
		order := c.Perm(len(p.does))
		v := "$" + c.name()
		var b strings.Builder
		switch by {
		case "goto":
			fmt.Fprintf(&b, "goto %s;", label[0])
			for _, i := range order {
				fmt.Fprintf(&b, "%s:%s\ngoto %s;", label[i], p.does[i], label[i+1])
			}
			fmt.Fprintf(&b, "%s:;", label[len(p.does)])
		case "switch":
			fmt.Fprintf(&b, "%s=%d;while(%s!=0){switch(%s){", v, number[0], v, v)
			for _, i := range order {
				fmt.Fprintf(&b, "case %d:%s\n%s=%d;break;", number[i], p.does[i], v, number[i+1])
			}
			b.WriteString("}}")
		case "if":
			fmt.Fprintf(&b, "%s=%d;for(;;){if(%s==0)break;", v, number[0], v)
			for n, i := range order {
				if n > 0 {
					b.WriteString("else")
				}
				fmt.Fprintf(&b, "if(%s==%d){%s\n%s=%d;}", v, number[i], p.does[i], v, number[i+1])
			}
			b.WriteString("}")
		case "closures":
			if strings.Contains(src, "global ") || strings.Contains(src, "GLOBALS") {
				return ""
			}
			fmt.Fprintf(&b, "%s=array();", v)
			vars := map[string]bool{}
			e := newEditing("<?php " + strings.Join(p.does, "\n"))
			for i := range e.toks {
				if _, super := superOf(strings.TrimPrefix(e.text(i), "$")); e.kind(i) == tVar && !super && e.text(i) != "$this" {
					vars["&"+e.text(i)] = true
				}
			}
			use := ""
			if len(vars) > 0 {
				list := []string{}
				for n := range vars {
					list = append(list, n)
				}
				slices.Sort(list)
				use = "use(" + strings.Join(list, ",") + ")"
			}
			for _, i := range order {
				fmt.Fprintf(&b, "%s[%d]=function()%s{%s\n};", v, number[i], use, p.does[i])
			}
			fmt.Fprintf(&b, "ksort(%s);foreach(%s as $%s)$%s();", v, v, label[0], label[0])
		}
		p.does = []string{b.String()}
		return "<?php\n" + p.code()
	}
}

// expressions rewrites what stands as a statement of its own.
func expressions(template string) func(*coat, string) string {
	return func(c *coat, src string) string {
		p, ok := split(src)
		if !ok {
			return ""
		}
		changed := false
		for i, s := range p.does {
			e := newEditing("<?php " + s)
			nodes := 10_000
			u := &unit{src: []byte(e.src), budget: &nodes, tokens: e.toks}
			list := newParser(u, 0, len(e.toks)-1).statements()
			if len(list) != 1 || list[0].op != nExpr || list[0].a == nil || slices.Contains([]op{nExit, nInclude, nThrow, nYield, nBad, nPrint}, list[0].a.op) {
				continue
			}
			s = strings.TrimRight(strings.TrimSpace(s), "; \n")
			p.does[i] = c.fill(template, s)
			changed = true
		}
		if !changed {
			return ""
		}
		return "<?php\n" + p.code()
	}
}

var statements = map[string]string{
	"ternary":           "1?(HERE):0;",
	"ternary-chain":     "0?1:(0?2:(HERE));",
	"and":               "true and (HERE);",
	"and-symbol":        "1&&(HERE);",
	"or":                "false or (HERE);",
	"at":                "@(HERE);",
	"parentheses":       "((HERE));",
	"if-condition":      "if(HERE){}",
	"while-condition":   "while(HERE){break;}",
	"switch-subject":    "switch(HERE){}",
	"array":             "array(HERE);",
	"foreach":           "foreach(array(HERE) as $A);",
	"for":               "for(HERE;false;);",
	"assigned":          "$A=(HERE);",
	"comparison":        "1==(HERE);",
	"not":               "!(HERE);",
	"argument":          "trim((string)(HERE));",
	"key":               "array('x'=>HERE);",
	"return-of-closure": "$A=array(HERE)[0];",
	"match":             "match(true){default=>(HERE)};",
	"coalesce":          "null??(HERE);",
	"concatenation":     "''.(HERE);",
	"isset-and":         "isset($_SERVER)&&(HERE);",
	"print":             "print(HERE);",
}

// carriers keep the code itself away from where it runs. CODE is the text
// quoted, B64 … its encodings; the file has no other code.
var carriers = map[string]string{
	"eval":              "<?php RUN(CODE);",
	"base64":            "<?php RUN(base64_decode(B64));",
	"deflate":           "<?php RUN(gzinflate(base64_decode(DEFLATED)));",
	"rot13":             "<?php RUN(str_rot13(ROT));",
	"strrev":            "<?php RUN(strrev(REV));",
	"hex":               "<?php RUN(hex2bin(HEX));",
	"pack":              "<?php RUN(pack('H*',HEX));",
	"double":            "<?php RUN(base64_decode(strrev(base64_decode(B64REVB64))));",
	"bytes":             "<?php $A='';foreach(array(BYTES) as $B)$A.=chr($B);RUN($A);",
	"xor":               "<?php $A='';$B=base64_decode(XOR);for($C=0;$C<strlen($B);$C++)$A.=$B[$C]^'k3y'[$C%3];RUN($A);",
	"minus":             "<?php $A=base64_decode(MINUS);for($B=0;$B<strlen($A);$B++)$A[$B]=chr(ord($A[$B])+1);RUN($A);",
	"create_function":   "<?php $A=create_function('',base64_decode(B64));$A();",
	"assert":            "<?php assert('RUN(base64_decode(\"'.B64.'\"));');",
	"hidden-assert":     "<?php $A='as'.'sert';$A(base64_decode(EVALB64));",
	"preg":              "<?php preg_replace('/.*/e','RUN(base64_decode(\"'.B64.'\"))','');",
	"data":              "<?php include 'data://text/plain;base64,'.TAGB64;",
	"data-plain":        "<?php include 'data:text/plain,'.urlencode('<?php '.CODE);",
	"filter":            "<?php include 'php://filter/convert.base64-decode/resource=data:,'.TAGB64;",
	"temporary":         "<?php $A=tempnam('/tmp','x');file_put_contents($A,base64_decode(TAGB64));include $A;unlink($A);",
	"file":              "<?php file_put_contents('/tmp/x.php','<?php '.base64_decode(B64));require '/tmp/x.php';",
	"tmpfile":           "<?php $A=tmpfile();fwrite($A,base64_decode(TAGB64));include stream_get_meta_data($A)['uri'];",
	"constant":          "<?php define('@F',B64);\nJUNK\nRUN(base64_decode(@F));",
	"class-constant":    "<?php class @F{const D=B64;static function g(){return base64_decode(self::D);}}\nJUNK\nRUN(@F::g());",
	"property":          "<?php class @F{private $d=B64;function __destruct(){RUN(base64_decode($this->d));}}\nJUNK\n$A=new @F;",
	"default":           "<?php function @F($A=B64){return RUN(base64_decode($A));}\nJUNK\n@F();",
	"static":            "<?php function @F(){static $A=B64;RUN(base64_decode($A));}\nJUNK\n@F();",
	"heredoc":           "<?php $A=<<<'X'\nRAWB64\nX;\nJUNK\nRUN(base64_decode($A));",
	"pieces":            "<?php $A=array();PIECES\nksort($A);RUN(base64_decode(implode('',$A)));",
	"map":               "<?php array_map(function($A){RUN(base64_decode($A));},array(B64));",
	"callback":          "<?php array_map('assert',array('RUN(base64_decode(\"'.B64.'\"))'));",
	"call":              "<?php call_user_func(function($A){return RUN($A);},base64_decode(B64));",
	"shutdown":          "<?php register_shutdown_function(create_function('',base64_decode(B64)));",
	"halt":              "<?php $A=fopen(__FILE__,'r');fseek($A,__COMPILER_HALT_OFFSET__);RUN(base64_decode(stream_get_contents($A)));__halt_compiler();RAWB64",
	"halt-raw":          "<?php RUN(file_get_contents(__FILE__,false,null,__COMPILER_HALT_OFFSET__));__halt_compiler();RAW",
	"halt-substr":       "<?php RUN(base64_decode(substr(file_get_contents(__FILE__),__COMPILER_HALT_OFFSET__)));__halt_compiler();RAWB64",
	"docblock":          "<?php /** @RAWB64@ */ class @F{}\n$A=new ReflectionClass('@F');preg_match('/@(\\S+)@/',$A->getDocComment(),$B);RUN(base64_decode($B[1]));",
	"docblock-trim":     "<?php /**RAWB64*/ function @F(){}\n$A=new ReflectionFunction('@F');RUN(base64_decode(substr($A->getDocComment(),3,-2)));",
	"own-tail":          "<?php $A=file(__FILE__);RUN(base64_decode(substr(array_pop($A),2)));\n#RAWB64",
	"own-line":          "<?php $A=file(__FILE__);RUN(base64_decode(trim($A[1],\"/\\n\")));\n//RAWB64\n",
	"own-explode":       "<?php $A=explode('#~',file_get_contents(__FILE__));RUN(base64_decode($A[2]));\n/*#~RAWB64#~*/",
	"own-preg":          "<?php preg_match('/\\/\\*(.+)\\*\\//',file_get_contents(__FILE__),$A);RUN(base64_decode($A[1]));\n/*RAWB64*/",
	"own-tokens":        "<?php foreach(token_get_all(file_get_contents(__FILE__)) as $A)if($A[0]==T_COMMENT)RUN(base64_decode(substr($A[1],2,-2)));\n/*RAWB64*/",
	"own-strstr":        "<?php $A=strstr(file_get_contents(__FILE__),\"\\n#~\");RUN(base64_decode(substr($A,3)));\n#~RAWB64",
	"own-fopen":         "<?php $A=fopen(__FILE__,'rb');fgets($A);$B=fgets($A);RUN(base64_decode(substr($B,2)));\n//RAWB64\n",
	"own-html":          "<?php ob_start();?>RAWB64<?php $A=ob_get_clean();RUN(base64_decode($A));",
	"own-scriptname":    "<?php $A=file($_SERVER['SCRIPT_FILENAME']);RUN(base64_decode(substr(end($A),2)));\n//RAWB64",
	"own-length":        "<?php RUN(base64_decode(substr(file_get_contents(__FILE__),-B64LEN)));?>RAWB64",
	"padding":           "<?php RUN(base64_decode(str_replace('#@','',PADB64)));",
	"strtr":             "<?php RUN(base64_decode(strtr(SWAPB64,'+/ABCDEFGHIJ','ABCDEFGHIJ+/')));",
	"chunks":            "<?php RUN(base64_decode(str_replace(\"\\n\",'',CHUNKS)));",
	"spaces":            "<?php $A=WHITE;$B='';for($C=0;$C<strlen($A);$C+=8)$B.=chr(bindec(strtr(substr($A,$C,8),\" \\t\",'01')));RUN($B);",
	"serialized":        "<?php RUN(unserialize(base64_decode(SERIALB64)));",
	"json":              "<?php RUN(json_decode('[\"'.B64.'\"]')[0]?base64_decode(json_decode('[\"'.B64.'\"]')[0]):'');",
	"query":             "<?php parse_str('x='.urlencode(CODE),$A);RUN($A['x']);",
	"variable-function": "<?php $A='base'.'64_decode';$B=$A(B64);RUN($B);",
	"closure-decoder":   "<?php $A=function($B){return base64_decode(strrev($B));};RUN($A(REVB64));",
	"decoder":           "<?php function @F($A){$B='';for($C=0;$C<strlen($A);$C+=2)$B.=chr(hexdec(substr($A,$C,2)));return $B;}\nJUNK\nRUN(@F(HEX));",
	"generator":         "<?php function @F(){foreach(str_split(B64,7) as $A)yield $A;}\nJUNK\nRUN(base64_decode(implode('',iterator_to_array(@F(),false))));",
	"ini":               "<?php ini_set('highlight.comment',base64_decode(B64));RUN(ini_get('highlight.comment'));",
	"session":           "<?php $_SESSION['x']=B64;RUN(base64_decode($_SESSION['x']));",
	"stream":            "<?php class @F{private $p=0;static $d;function stream_open($A,$B,$C,&$D){return true;}function stream_read($A){$B=substr(self::$d,$this->p,$A);$this->p+=strlen($B);return $B;}function stream_eof(){return $this->p>=strlen(self::$d);}function stream_stat(){return array();}}\n@F::$d=base64_decode(TAGB64);stream_wrapper_register('vq','@F');include 'vq://x';",
}

// carried keeps the code of a file as data.
func carried(template string) func(*coat, string) string {
	return func(c *coat, src string) string {
		p, ok := split(src)
		if !ok || strings.Contains(src, "__FILE__") || strings.Contains(src, "__LINE__") || strings.Contains(src, "SCRIPT_FILENAME") {
			return ""
		}
		code := strings.TrimSpace(p.code())
		minus, xor, white := []byte(code), []byte(code), strings.Builder{}
		for i := range minus {
			minus[i]--
			xor[i] ^= "k3y"[i%3]
			fmt.Fprintf(&white, "%08b", code[i])
		}
		in := b64(code)
		var pieces strings.Builder
		parts := []string{}
		for s := in; len(s) > 0; {
			n := min(len(s), max(8, len(in)/9))
			parts = append(parts, s[:n])
			s = s[n:]
		}
		for _, i := range c.Perm(len(parts)) {
			fmt.Fprintf(&pieces, "$A[%d]=%s;\n", i, quote(parts[i]))
		}
		swap := strings.NewReplacer("A", "+", "B", "/", "C", "A", "D", "B", "E", "C", "F", "D", "G", "E", "H", "F", "I", "G", "J", "H", "+", "I", "/", "J")
		t := c.fill(strings.ReplaceAll(template, "PIECES", pieces.String()), "")
		return strings.NewReplacer("B64REVB64", quote(b64(reversed(in))), "EVALB64", quote(b64("ev"+"al("+quote(code)+");")), "TAGB64", quote(b64("<?php "+code)), "PADB64", quote(c.between(in, "#@")), "SWAPB64", quote(swap.Replace(in)), "SERIALB64", quote(b64(fmt.Sprintf(`s:%d:"%s";`, len(code), code))), "REVB64", quote(reversed(in)), "RAWB64", in, "B64LEN", fmt.Sprint(len(in)), "B64", quote(in),
			"RAW", code, "CODE", quote(code), "DEFLATED", quote(deflated(code)), "ROT", quote(rot13(code)), "REV", quote(reversed(code)), "HEX", quote(hex.EncodeToString([]byte(code))), "BYTES", each(code, "%d", ","), "XOR", quote(b64(string(xor))), "MINUS", quote(b64(string(minus))), "CHUNKS", quote(strings.Join(parts, "\n")), "WHITE", quote(strings.NewReplacer("0", " ", "1", "\t").Replace(white.String())), "JUNK", junk, "RUN(", "ev"+"al(").Replace(t)
	}
}

// junk is ordinary code between a constant and its use.
const junk = `class Paginator_q {
	protected $per = 20;
	public function pages($total) { return (int) ceil($total / $this->per); }
	public function offset($page) { return ($page - 1) * $this->per; }
}
function slug_q($s) { return trim(preg_replace('/[^a-z0-9]+/', '-', strtolower($s)), '-'); }`

// texts change what no parser of PHP looks at.
var texts = []change{
	{"comments", func(c *coat, src string) string {
		e := newEditing(src)
		for i := range e.toks {
			if k := e.kind(i); k != tHTML && k != tEOF && k != tOpenEcho && e.kind(i-1) != tHTML && e.kind(i-1) != tClose && e.kind(i-1) != tHeredoc && e.kind(i-1) != tNowdoc && e.kind(i-1) != tEOF && c.IntN(2) == 0 {
				e.insert[i] = []string{"/*" + c.name() + "*/", "/**/", "/* ?" + " */", "#" + c.name() + "\n", "//'\n"}[c.IntN(5)]
			}
		}
		return e.done()
	}},
	{"case", func(c *coat, src string) string {
		e := newEditing(src)
		own := e.declared()
		for i := range e.toks {
			if e.kind(i) == tIdent && (e.kind(i+1) == '(' && e.kind(i-1) != tColons && e.kind(i-1) != tArrow || own[strings.ToLower(e.text(i))] || e.is(i, constructs...)) {
				b := []byte(e.text(i))
				for j, x := range b {
					if x|0x20 >= 'a' && x|0x20 <= 'z' && c.IntN(2) == 0 {
						b[j] ^= 0x20
					}
				}
				e.to[i] = string(b)
			}
		}
		return e.done()
	}},
	{"spaces", func(c *coat, src string) string {
		e := newEditing(src)
		for i := range e.toks {
			if k := e.kind(i); k != tHTML && k != tEOF && k != tOpenEcho && e.kind(i-1) != tHTML && e.kind(i-1) != tClose && e.kind(i-1) != tHeredoc && e.kind(i-1) != tNowdoc && e.kind(i-1) != tEOF {
				e.insert[i] = []string{"", " ", "\t", "\n", "\r\n\t", strings.Repeat(" ", 300)}[c.IntN(6)]
			}
		}
		return e.done()
	}},
	{"crlf", func(c *coat, src string) string {
		return strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\n", "\r\n")
	}},
	{"cr", func(c *coat, src string) string {
		return strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\n", "\r")
	}},
	{"bom", func(c *coat, src string) string { return "\xef\xbb\xbf" + src }},
	{"nulls-in-comments", func(c *coat, src string) string {
		if !strings.HasPrefix(src, "<?php") {
			return ""
		}
		return "<?php /*\x00\x00\x01\xff*/" + src[5:]
	}},
	{"picture", func(c *coat, src string) string {
		return "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04" + src
	}},
	{"html", func(c *coat, src string) string {
		return "<!DOCTYPE html>\n<html><head><title>x</title></head><body>\n" + src
	}},
	{"short-tag", func(c *coat, src string) string {
		if strings.Contains(src, "<?xml") {
			return ""
		}
		return strings.ReplaceAll(strings.ReplaceAll(src, "<?php", "<?"), "<?PHP", "<?")
	}},
	{"tag-case", func(c *coat, src string) string { return strings.ReplaceAll(src, "<?php", "<?PhP") }},
	{"cuts", func(c *coat, src string) string {
		e := newEditing(src)
		_, fixed := e.scopes()
		depth := 0
		for i := range e.toks {
			switch e.kind(i) {
			case '(', '[':
				depth++
			case ')', ']':
				depth--
			case ';':
				if depth == 0 && !fixed[i] && e.kind(i+1) != tClose && e.kind(i+1) != tEOF && e.kind(i+1) != tHTML && !e.is(i+1, "else", "elseif", "case", "default", "catch", "while") && c.IntN(2) == 0 {
					e.to[i] = ";?" + "><?php\n"
				}
			}
		}
		return e.done()
	}},
	{"rename-variables", func(c *coat, src string) string {
		low := strings.ToLower(src)
		for _, w := range []string{"$$", "${", "extract", "compact", "parse_str", "globals", "register_globals", "create_function", "eval('", "eval(\"", "func_get", "import_request"} {
			if strings.Contains(low, w) {
				return ""
			}
		}
		e := newEditing(src)
		to := map[string]string{}
		assigned := map[string]bool{}
		for i := range e.toks {
			if e.kind(i) == tVar {
				name := e.text(i)
				if _, super := superOf(name[1:]); super || name == "$this" || name == "$argv" || name == "$argc" || strings.HasPrefix(name, "$php_") || strings.HasPrefix(name, "$http_") || strings.HasPrefix(name, "$wp") || e.kind(i-1) == tColons || e.is(i-1, "public", "private", "protected", "var", "static", "global") {
					assigned[name] = false
					to[name] = name
				} else if to[name] == "" {
					to[name] = "$" + c.name()
				}
				if e.kind(i+1) == '=' || e.kind(i-1) == '(' || e.kind(i-1) == ',' || e.is(i-1, "as") || e.kind(i-1) == tDoubleArrow {
					assigned[name] = true
				}
			}
		}
		for i := range e.toks {
			switch e.kind(i) {
			case tVar:
				if assigned[e.text(i)] && to[e.text(i)] != e.text(i) {
					e.to[i] = to[e.text(i)]
				}
			case tTpl, tHeredoc, tBacktick:
				s := e.text(i)
				var b strings.Builder
				for j := 0; j < len(s); {
					if s[j] == '\\' && j+1 < len(s) {
						b.WriteString(s[j : j+2])
						j += 2
						continue
					}
					if s[j] == '$' {
						k := j + 1
						for k < len(s) && identTable[s[k]] {
							k++
						}
						if n := s[j:k]; assigned[n] && to[n] != "" {
							b.WriteString(to[n])
							j = k
							continue
						}
					}
					b.WriteByte(s[j])
					j++
				}
				if b.String() != s {
					e.to[i] = b.String()
				}
			}
		}
		return e.done()
	}},
	{"rename-functions", func(c *coat, src string) string {
		e := newEditing(src)
		to := map[string]string{}
		_, fixed := e.scopes()
		for i := range e.toks {
			if e.is(i, "function") && e.kind(i+1) == tIdent && !fixed[i] {
				to[strings.ToLower(e.text(i+1))] = c.name()
			}
		}
		for i := range e.toks {
			switch e.kind(i) {
			case tIdent:
				if n := to[strings.ToLower(e.text(i))]; n != "" && e.kind(i+1) == '(' && e.kind(i-1) != tArrow && e.kind(i-1) != tColons && !e.is(i-1, "new") && !(e.is(i-1, "function") && fixed[i-1]) {
					e.to[i] = n
				}
			case tStr, tTpl:
				if n := to[strings.ToLower(strings.Trim(e.text(i), `'"`))]; n != "" {
					e.to[i] = quote(n)
				}
			}
		}
		return e.done()
	}},
}

// changes lists every change, by kind and name.
func changes() []change {
	all := []change{}
	for _, t := range texts {
		all = append(all, change{"text/" + t.name, t.make})
	}
	for _, h := range hidings {
		all = append(all, change{"name/" + h.name, hideNames(h)}, change{"literal/" + h.name, hideTexts(h)}, change{"super/" + h.name, hideSupers(h)})
	}
	for kind, set := range map[string]map[string]string{"flow": flows, "door": doors} {
		for n, t := range set {
			all = append(all, change{kind + "/" + n, passed(t)})
		}
	}
	for kind, set := range map[string]map[string]string{"wrap": wraps, "gate": gates, "bend": bends} {
		for n, t := range set {
			all = append(all, change{kind + "/" + n, around(t)})
		}
	}
	for _, by := range []string{"goto", "switch", "if", "closures"} {
		all = append(all, change{"flatten/" + by, flatten(by)})
	}
	for n, t := range statements {
		all = append(all, change{"statement/" + n, expressions(t)})
	}
	for n, t := range carriers {
		all = append(all, change{"carrier/" + n, carried(t)})
	}
	slices.SortFunc(all, func(a, b change) int { return strings.Compare(a.name, b.name) })
	return all
}

// spots are where lines are put into a large file.
var spots = []string{"start", "first-line", "method", "if", "long-line", "end", "end-closed", "html"}

// inject puts what a page does into a file; from and to are the lines where it
// stands then, and "" says that the file has no such place.
func inject(c *coat, base, page, place string) (out string, from, to int) {
	p, ok := split(page)
	if !ok || len(p.declares) > 0 || strings.Contains(page, "$this") {
		return "", 0, 0
	}
	code := strings.Join(p.does, "\n")
	e := newEditing(base)
	inside, fixed := e.scopes()
	last := len(e.toks) - 2
	if last < 10 || strings.Contains(base, "__halt_compiler") {
		return "", 0, 0
	}
	at := -1
	nearest := func(fits func(i int) bool) {
		mid := last/4 + c.IntN(last/2)
		for d := 0; d < last; d++ {
			for _, i := range []int{mid + d, mid - d} {
				if i > 0 && i < last && fits(i) {
					at = int(e.toks[i].end)
					return
				}
			}
		}
	}
	before, after := "\n", "\n"
	switch place {
	case "start":
		if e.is(0, "namespace") || strings.Contains(base, "\nnamespace ") || strings.Contains(base, "declare(") {
			return "", 0, 0
		}
		at, before, after = 0, "<?php\n", "\n?"+">"
	case "first-line":
		if strings.Contains(base, "\nnamespace ") || strings.Contains(base, "declare(") || !strings.HasPrefix(base, "<?php") {
			return "", 0, 0
		}
		at = len("<?php")
	case "method":
		nearest(func(i int) bool {
			return e.kind(i) == '{' && inside[i] && !inside[i-1] && !fixed[i] && int(e.toks[i].match) > i
		})
	case "if":
		nearest(func(i int) bool {
			if e.kind(i) != '{' || e.kind(i-1) != ')' {
				return false
			}
			for j := i - 1; j > i-80 && j > 0; j-- {
				if e.kind(j) == '(' && int(e.toks[j].match) == i-1 {
					return e.is(j-1, "if")
				}
			}
			return false
		})
	case "long-line":
		if strings.Contains(code, "//") || strings.Contains(code, "#") || strings.Contains(code, "<<<") {
			return "", 0, 0
		}
		nearest(func(i int) bool {
			return e.kind(i) == ';' && inside[i] && !fixed[i] && e.statement(i) >= 0 && !e.is(e.statement(i), "return", "break", "continue", "throw", "exit", "die", "if", "else", "for", "foreach", "while")
		})
		code, before, after = strings.ReplaceAll(code, "\n", " "), strings.Repeat(" ", 500), " "
	case "end", "end-closed":
		if e.kind(last) == tHTML || e.kind(last) == tClose {
			before = "<?php\n"
		} else if place == "end-closed" {
			before = "\n?" + ">\n<?php\n"
		}
		at = len(base)
	case "html":
		nearest(func(i int) bool { return e.kind(i) == tHTML && e.toks[i].end-e.toks[i].pos > 40 })
		if at >= 0 {
			i := strings.LastIndexByte(base[:at], '>')
			for i > 0 && base[i-1] == '?' {
				i = strings.LastIndexByte(base[:i], '>')
			}
			if i < 0 {
				return "", 0, 0
			}
			toks := newEditing(base[:i+1])
			if k := toks.kind(len(toks.toks) - 2); k != tHTML {
				return "", 0, 0
			}
			at, before, after = i+1, "<?php ", " ?"+">"
		}
	}
	if at < 0 {
		return "", 0, 0
	}
	from = strings.Count(base[:at]+before, "\n") + 1
	return base[:at] + before + code + after + base[at:], from, from + strings.Count(code, "\n")
}

// plainPages are what is dressed.
var plainPages = map[string]string{
	"command": "<?php\nsys" + "tem($_GET['c']);\n",
	"code":    "<?php\n$x = base64_decode($_POST['d']);\nev" + "al($x);\n",
	"writes":  "<?php\nif (isset($_POST['n'])) { file_put_contents($_POST['n'], $_POST['t']); echo 'ok'; }\n",
}

// bare are the changes after which a page is silent, and why.
var bare = map[string]string{
	"command door/path-info":   "a part of the page's address, which programs read everywhere",
	"code door/path-info":      "the same",
	"writes door/path-info":    "the same",
	"command carrier/own-tail": "a short last line that the page reads of itself",
	"code carrier/own-tail":    "the same",
	"writes carrier/stream":    "writes a file only, out of a stream of its own",
	"writes super/ob":          "writes a file only, and nothing says where from",
	"writes super/strtr":       "the same",
	"writes wrap/inherited":    "writes a file only, in a class of a program",
}

func alarms(src string) ([]webshell.Reason, bool) {
	reasons := Analyse("page.php", []byte(src))
	return reasons, len(reasons) > 0 && reasons[0].Verdict.Rank() >= webshell.Malicious.Rank()
}

// A change of clothes does not hide what a page does.
func TestClothes(t *testing.T) {
	for name, page := range plainPages {
		for _, ch := range changes() {
			out := ch.make(newCoat(1, name, ch.name), page)
			if out == "" || out == page || bare[name+" "+ch.name] != "" {
				continue
			}
			if _, ok := alarms(out); !ok {
				t.Errorf("%s, %s: silent\n%s", name, ch.name, out)
			}
		}
	}
}

// Lines within a legitimate file are found, and where they stand.
func TestWithin(t *testing.T) {
	bases := map[string]string{}
	for name, data := range webshelltest.Pages(t, "testdata") {
		if _, alarm := alarms(string(data)); !alarm && len(data) > 600 {
			bases[name] = string(data)
		}
	}
	n := 0
	for base, text := range bases {
		for name, page := range plainPages {
			if name == "writes" { // which a program may let its own users do
				continue
			}
			for _, place := range spots {
				out, from, to := inject(newCoat(1, base, place), text, page, place)
				if out == "" {
					continue
				}
				n++
				reasons, alarm := alarms(out)
				right := alarm && slices.ContainsFunc(reasons[0].Steps, func(s webshell.Step) bool { return s.Line >= from && s.Line <= to })
				if !right {
					t.Errorf("%s in %s, %s, lines %d to %d: %s", name, base, place, from, to, lines(reasons))
				}
			}
		}
	}
	if n < 60 {
		t.Errorf("%d files only", n)
	}
}
