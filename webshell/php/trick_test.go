package php

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rc4"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// letterwise makes each letter of a text by itself.
func letterwise(name string, letter func(c *coat, b byte) string) hiding {
	return plainHiding(name, func(c *coat, s string) string {
		l := make([]string, len(s))
		for i := range l {
			l[i] = letter(c, s[i])
		}
		return strings.Join(l, ".")
	})
}

// decoded hides a text as what a template's DATA decodes to.
func decodedBy(name, template string, encode func(c *coat, s string) string) hiding {
	return hiding{name, func(c *coat, s string) (string, string) {
		data := encode(c, s)
		before, expr, ok := strings.Cut(strings.ReplaceAll(c.fill(template, ""), "DATA", data), " | ")
		if !ok {
			return "", before
		}
		return before, expr
	}}
}

func mapped(s string, f func(i int, b byte) byte) string {
	out := []byte(s)
	for i := range out {
		out[i] = f(i, out[i])
	}
	return string(out)
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// climbed makes letters of an "a" by counting it up.
func climbed(name, first string) hiding {
	return hiding{name, func(c *coat, s string) (string, string) {
		a, o, x := "$"+c.name(), "$"+c.name(), "$"+c.name()
		var b strings.Builder
		fmt.Fprintf(&b, strings.ReplaceAll(first, "$A", a)+"%s='';", o)
		for i := range len(s) {
			if s[i] < 'a' || s[i] > 'z' {
				fmt.Fprintf(&b, "%s.=%s;", o, quote(s[i:i+1]))
				continue
			}
			fmt.Fprintf(&b, "%s=%s;%s%s.=%s;", x, a, strings.Repeat(x+"++;", int(s[i]-'a')), o, x)
		}
		return b.String(), o
	}}
}

const customTable = "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA9876543210-_"

func customBase64(s string) string {
	std := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return mapped(strings.TrimRight(b64(s), "="), func(_ int, b byte) byte { return customTable[strings.IndexByte(std, b)] })
}

const longKey = "Lorem ipsum dolor sit amet, consectetur"

func keyed39(s string) string {
	return mapped(s, func(i int, b byte) byte { return b ^ longKey[i%len(longKey)] })
}

func rc4ed(s string) string {
	c, _ := rc4.NewCipher([]byte("k3y"))
	out := make([]byte, len(s))
	c.XORKeyStream(out, []byte(s))
	return b64(string(out))
}

func aesed(s string) string {
	block, _ := aes.NewCipher([]byte("0123456789abcdef"))
	pad := 16 - len(s)%16
	in := []byte(s + strings.Repeat(string(rune(pad)), pad))
	cipher.NewCBCEncrypter(block, []byte("fedcba9876543210")).CryptBlocks(in, in)
	return b64(string(in))
}

// staged gives the pieces of a text in another order, and leads through them.
func staged(name, open, each, end string) hiding {
	return hiding{name, func(c *coat, s string) (string, string) {
		p := c.pieces(s)
		state := make([]int, len(p)+1)
		for i := range state {
			state[i] = 10*(i+1) + c.IntN(9)
		}
		v, o, l := "$"+c.name(), "$"+c.name(), c.name()
		r := func(t string, i int) string {
			at := min(i, len(p)-1)
			return strings.NewReplacer("$S", v, "$O", o, "@L", l, "NOW", fmt.Sprint(state[i]), "NEXT", fmt.Sprint(state[min(i+1, len(p))]), "STEP", fmt.Sprint(state[min(i+1, len(p))]-state[i]),
				"MASK", fmt.Sprint(state[min(i+1, len(p))]^state[i]), "FIRST", fmt.Sprint(state[0]), "LAST", fmt.Sprint(state[len(p)]), "PIECE", quote(p[at])).Replace(t)
		}
		var b strings.Builder
		b.WriteString(r(open, 0))
		for _, i := range c.Perm(len(p)) {
			b.WriteString(r(each, i))
		}
		b.WriteString(r(end, len(p)))
		return b.String(), o
	}}
}

const (
	xorLoop  = "$A=function($d,$k){$o='';for($i=0;$i<strlen($d);$i++)$o.=chr(ord($d[$i])^ord($k[$i%strlen($k)]));return $o;}; | $A(base64_decode(DATA),'" + longKey + "')"
	ownTable = "$A=function($d){$t='" + customTable + "';$o='';$b=0;$n=0;for($i=0;$i<strlen($d);$i++){$b=($b<<6|strpos($t,$d[$i]))&0xfffff;$n+=6;if($n>=8){$n-=8;$o.=chr($b>>$n&255);}}return $o;}; | $A(DATA)"
	ownRC4   = "$A=function($d,$k){$s=range(0,255);$j=0;for($i=0;$i<256;$i++){$j=($j+$s[$i]+ord($k[$i%strlen($k)]))%256;$t=$s[$i];$s[$i]=$s[$j];$s[$j]=$t;}$i=$j=0;$o='';for($y=0;$y<strlen($d);$y++){$i=($i+1)%256;$j=($j+$s[$i])%256;$t=$s[$i];$s[$i]=$s[$j];$s[$j]=$t;$o.=$d[$y]^chr($s[($s[$i]+$s[$j])%256]);}return $o;}; | $A(base64_decode(DATA),'k3y')"
)

// tricks are more ways to hide a text: numbers and bits, tables and keys, and
// what PHP has got since version 5.3.
var tricks = []hiding{
	climbed("increments", "$A='a';"),
	climbed("array-letter", "$A=array().'';$A=$A[3];"),
	letterwise("truth-sums", func(_ *coat, b byte) string {
		var l []string
		for k := range 8 {
			if b>>k&1 != 0 {
				l = append(l, fmt.Sprintf("(true<<%d)", k))
			}
		}
		return "chr(" + strings.Join(l, "+") + ")"
	}),
	letterwise("counted", func(_ *coat, b byte) string { return fmt.Sprintf("chr(count(array(1,2))*%d+%d)", b/2, b%2) }),
	letterwise("lengths", func(_ *coat, b byte) string {
		return fmt.Sprintf("chr(strlen('%s')*10+%d)", strings.Repeat("x", int(b/10)), b%10)
	}),
	letterwise("bits", func(_ *coat, b byte) string { return fmt.Sprintf("chr(%d<<2|%d&3)", b>>2, b) }),
	letterwise("floats", func(_ *coat, b byte) string { return fmt.Sprintf("chr((int)(%d.4/2))", int(b)*2) }),
	letterwise("bases", func(c *coat, b byte) string {
		return "chr(" + []string{fmt.Sprintf("0b%b", b), fmt.Sprintf("0%o", b), fmt.Sprintf("0x%X", b), fmt.Sprintf("octdec('%o')", b), fmt.Sprintf("bindec('%b')", b), fmt.Sprintf("hexdec('%x')", b), fmt.Sprintf("intval('%s',36)", strconv.FormatInt(int64(b), 36))}[c.IntN(7)] + ")"
	}),
	letterwise("addresses", func(_ *coat, b byte) string { return fmt.Sprintf("chr(ip2long('0.0.0.%d'))", b) }),
	letterwise("numeric-texts", func(_ *coat, b byte) string { return fmt.Sprintf("chr('%d'+'%d')", b/2, b-b/2) }),
	letterwise("text-or", func(_ *coat, b byte) string {
		return fmt.Sprintf(`("\x%02x"|"\x%02x")`, b&0x55, b&0xaa)
	}),
	letterwise("text-and", func(_ *coat, b byte) string { return fmt.Sprintf(`("\x%02x"&"\x%02x")`, b|0x80, b|0x01&^b|0x02&^b) }),
	letterwise("casts", func(_ *coat, b byte) string { return fmt.Sprintf("chr((int)'%dpx'-(int)true)", int(b)+1) }),
	plainHiding("unicode-escapes", func(_ *coat, s string) string { return escaped(s, `\u{%x}`) }),
	plainHiding("mixed-escapes", func(c *coat, s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, []string{`\x%02x`, `\%03o`, `\u{%x}`}[c.IntN(3)], s[i])
		}
		return `"` + b.String() + `"`
	}),
	{"base36", func(c *coat, s string) (string, string) {
		var l []string
		for len(s) > 0 {
			n := 0
			for n < len(s) && n < 9 && (s[n] >= 'a' && s[n] <= 'z' || s[n] >= '1' && s[n] <= '9') {
				n++
			}
			if n == 0 {
				l = append(l, quote(s[:1]))
				s = s[1:]
				continue
			}
			i, _ := new(big.Int).SetString(s[:n], 36)
			l = append(l, fmt.Sprintf("base_convert(%s,10,36)", i))
			s = s[n:]
		}
		return "", strings.Join(l, ".")
	}},
	decodedBy("ordinals-offset", "$A='';foreach(array(DATA) as $B)$A.=chr($B-7*3); | $A", func(_ *coat, s string) string {
		l := make([]string, len(s))
		for i := range l {
			l[i] = fmt.Sprint(int(s[i]) + 21)
		}
		return strings.Join(l, ",")
	}),
	decodedBy("position", "$A=base64_decode(DATA);for($B=0;$B<strlen($A);$B++)$A[$B]=chr(ord($A[$B])^(($B*7+5)&127)); | $A", func(_ *coat, s string) string {
		return quote(b64(mapped(s, func(i int, b byte) byte { return b ^ byte((i*7+5)&127) })))
	}),
	decodedBy("long-key", "(base64_decode(DATA)^str_repeat('"+longKey+"',200))", func(_ *coat, s string) string { return quote(b64(keyed39(s))) }),
	decodedBy("long-key-loop", xorLoop, func(_ *coat, s string) string { return quote(b64(keyed39(s))) }),
	decodedBy("key-map", "implode(array_map(function($a,$b){return $a^$b;},str_split(base64_decode(DATA)),array_slice(str_split(str_repeat('k3y',2000)),0,strlen(base64_decode(DATA)))))", func(_ *coat, s string) string {
		return quote(b64(mapped(s, func(i int, b byte) byte { return b ^ "k3y"[i%3] })))
	}),
	decodedBy("own-table", ownTable, func(_ *coat, s string) string { return quote(customBase64(s)) }),
	decodedBy("rc4", ownRC4, func(_ *coat, s string) string { return quote(rc4ed(s)) }),
	decodedBy("aes", "openssl_decrypt(DATA,'aes-128-cbc','0123456789abcdef',0,'fedcba9876543210')", func(_ *coat, s string) string { return quote(aesed(s)) }),
	decodedBy("caesar", "$A=function($s,$n){$o='';foreach(str_split($s) as $c){$x=ord($c);if($x>=97&&$x<=122)$x=($x-97+$n)%26+97;elseif(ctype_upper($c))$x=($x-65+$n)%26+65;$o.=chr($x);}return $o;}; | $A(DATA,5)", func(_ *coat, s string) string {
		return quote(mapped(s, func(_ int, b byte) byte {
			if isLetter(b) {
				return b&0xe0 | ((b&0x1f-1+21)%26 + 1)
			}
			return b
		}))
	}),
	decodedBy("bit-text", "implode(array_map('chr',array_map('bindec',str_split(DATA,8))))", func(_ *coat, s string) string { return quote(each(s, "%08b", "")) }),
	decodedBy("invisible", "$A='';foreach(str_split(strtr(DATA,array(\"\\u{200b}\"=>'0',\"\\u{200c}\"=>'1')),8) as $B)$A.=chr(bindec($B)); | $A", func(_ *coat, s string) string {
		return "'" + strings.NewReplacer("0", "\u200b", "1", "\u200c").Replace(each(s, "%08b", "")) + "'"
	}),
	decodedBy("strtr-pairs", "strtr(DATA)", func(_ *coat, s string) string {
		var in strings.Builder
		pairs, seen := []string{}, map[byte]int{}
		for i := range len(s) {
			n, ok := seen[s[i]]
			if !ok {
				n = 10 + len(seen)
				seen[s[i]] = n
				pairs = append(pairs, fmt.Sprintf("'@%d'=>%s", n, quote(s[i:i+1])))
			}
			fmt.Fprintf(&in, "@%d", n)
		}
		return quote(in.String()) + ",array(" + strings.Join(pairs, ",") + ")"
	}),
	decodedBy("replace-ladder", "str_replace(array('~','#'),array('e','s'),str_replace('^','a',DATA))", func(_ *coat, s string) string {
		return quote(strings.NewReplacer("e", "~", "s", "#", "a", "^").Replace(s))
	}),
	decodedBy("preg-ladder", "preg_replace(array('/~1/','/~2/'),array('e','s'),DATA)", func(_ *coat, s string) string {
		return quote(strings.NewReplacer("e", "~1", "s", "~2").Replace(s))
	}),
	{"words", func(c *coat, s string) (string, string) {
		v, seen := "$"+c.name(), map[byte]string{}
		var list, use []string
		for i := range len(s) {
			if seen[s[i]] == "" {
				seen[s[i]] = quote(c.name())
				list = append(list, seen[s[i]]+"=>"+quote(s[i:i+1]))
			}
			use = append(use, v+"["+seen[s[i]]+"]")
		}
		return v + "=array(" + strings.Join(list, ",") + ");", strings.Join(use, ".")
	}},
	hidingOf("preg-decode", "preg_replace_callback('/%([0-9a-f]{2})/',function($A){return chr(hexdec($A[1]));},URL)"),
	hidingOf("preg-pairs", "preg_match_all('/../',HEX,$A);$B='';foreach($A[0] as $C)$B.=chr(hexdec($C)); | $B"),
	hidingOf("preg-split", "implode('',preg_split('/#@/',PADDED))"),
	hidingOf("strtok", "$A='';for($B=strtok(PADDED,'#@');$B!==false;$B=strtok('#@'))$A.=$B; | $A"),
	hidingOf("scanned", "implode('',array_map('chr',sscanf(HEX,str_repeat('%2x',LEN))))"),
	hidingOf("unpacked", "implode('',array_map('chr',unpack('C*',TEXT)))"),
	hidingOf("unpacked-name", "unpack('a*x',TEXT)['x']"),
	hidingOf("vsprintf-c", "vsprintf(str_repeat('%c',LEN),array(BYTES))"),
	hidingOf("sprintf-order", "sprintf('%3$s%1$s%2$s',HALF2,'',HALF1)"),
	hidingOf("chunked", "str_replace(\"\\1\",'',chunk_split(TEXT,2,\"\\1\"))"),
	hidingOf("recursion", "$A=function($s) use(&$A){return $s===''?'':$A(substr($s,1)).$s[0];}; | $A(REV)"),
	hidingOf("recursion-array", "$A=function($l) use(&$A){return count($l)?array_shift($l).$A($l):'';}; | $A(array(LISTED))"),
	staged("states", "$S=FIRST;$O='';while($S!=LAST){switch($S){", "case NOW:$O.=PIECE;$S=NEXT;break;", "}}"),
	staged("states-sums", "$S=FIRST;$O='';while(true){switch($S){", "case NOW:$O.=PIECE;$S+=STEP;continue 2;", "default:break 2;}}"),
	staged("states-default", "$S=FIRST;$O='';for(;;){switch($S){default:break 2;", "case NOW:$O.=PIECE;$S^=MASK;break;", "}}"),
	staged("states-match", "$O='';$S=FIRST;while($S!=LAST){[$O,$S]=match($S){", "NOW=>[$O.PIECE,NEXT],", "};}"),
	staged("labels", "$O='';goto @LFIRST;", "@LNOW:$O.=PIECE;goto @LNEXT;", "@LLAST:;"),
	hidingOf("anonymous-constant", "$A=new class{const K=TEXT;}; | $A::K"),
	hidingOf("constant-of-class", "if(!class_exists('@F')){class @F{const K=TEXT;}} | constant('@F::'.'K')"),
	hidingOf("static-property", "$A=new class{static $k=TEXT;}; | $A::$k"),
	hidingOf("property-default", "$A=new class{public $k=REV;}; | strrev($A->k)"),
	hidingOf("promoted", "(new class(TEXT){function __construct(public readonly string $k){}})->k"),
	hidingOf("method-chain", "(string)(new class{private $v='';function a($x){$this->v.=$x;return $this;}function __toString(){return $this->v;}})->a(HALF1)->a(HALF2)"),
	hidingOf("magic-invoke", "(new class{function __invoke($x){return strrev($x);}})(REV)"),
	hidingOf("magic-static", "$A=new class{static function __callStatic($n,$a){return strrev($a[0]);}}; | $A::zz(REV)"),
	hidingOf("magic-call-name", "$A=new class{function __call($n,$a){return strrev($n);}}; | $A->{REV}()"),
	hidingOf("magic-get-name", "$A=new class{function __get($n){return strrev($n);}}; | $A->{REV}"),
	hidingOf("doc-comment", "$A=new class{/** BARE */public $x;}; | substr((new ReflectionProperty($A,'x'))->getDocComment(),4,-3)"),
	hidingOf("constants-listed", "$A=new class{const X=HALF1;const Y=HALF2;}; | implode('',(new ReflectionClass($A))->getConstants())"),
	hidingOf("object-vars", "$A=new class{public $x=HALF1;public $y=HALF2;}; | implode('',get_object_vars($A))"),
	hidingOf("object-cast", "$A=new class{public $x=HALF1;public $y=HALF2;}; | implode('',(array)$A)"),
	hidingOf("object-loop", "$A=(object)array('x'=>HALF1,'y'=>HALF2);$B='';foreach($A as $C)$B.=$C; | $B"),
	hidingOf("bound", "$A=function(){return $this->k;}; | $A->call(new class{public $k=TEXT;})"),
	hidingOf("walk-reference", "$A=str_split(REV);array_walk($A,function(&$B,$C){$B=chr(ord($B));}); | strrev(implode('',$A))"),
	hidingOf("foreach-reference", "$A=str_split(base64_decode(MINUS));foreach($A as &$B)$B=chr(ord($B)+1);unset($B); | implode('',$A)"),
	hidingOf("foreach-list", "$A='';foreach(array(array(HALF1,1),array(HALF2,2)) as list($B,$C))$A.=$B; | $A"),
	hidingOf("keyed-list", "['x'=>$A,'y'=>$B]=['y'=>HALF2,'x'=>HALF1]; | $A.$B"),
	hidingOf("filtered", "implode('',array_filter(str_split(PADDED),function($A){return $A!='#'&&$A!='@';}))"),
	hidingOf("key", "key(array(TEXT=>1))"),
	hidingOf("compacted", "$@F=TEXT;$A=compact('@F'); | $A['@F']"),
	hidingOf("combined", "extract(array_combine(array('@F'),array(TEXT))); | $@F"),
	hidingOf("by-reference", "$A='';$B=function(&$x){$x=TEXT;};$B($A); | $A"),
	hidingOf("element-reference", "$A=array('k'=>'');$B=&$A['k'];$B=TEXT; | $A['k']"),
	hidingOf("property-reference", "$A=new stdClass;$A->k='';$B=&$A->k;$B=TEXT; | $A->k"),
	hidingOf("swapped", "$A=HALF2;$B=HALF1;list($A,$B)=array($B,$A); | $A.$B"),
	hidingOf("named-arguments", "(function($a,$b){return $b.$a;})(b:HALF1,a:HALF2)"),
	hidingOf("named-builtin", "str_replace(subject:PADDED,search:'#@',replace:'')"),
	hidingOf("first-class", "$A=strrev(...); | $A(REV)"),
	hidingOf("first-class-method", "$A=(new class{function r($x){return strrev($x);}})->r(...); | $A(REV)"),
	hidingOf("nullsafe", "$A=new class{public $k=TEXT;}; | $A?->k"),
	hidingOf("match-subject", "match(strlen('abc')){1=>'x',2,3=>TEXT,default=>'y'}"),
	hidingOf("pipe", "(REV|>strrev(...))"),
	hidingOf("pipes", "(B64|>base64_decode(...)|>(fn($x)=>trim($x)))"),
	hidingOf("property-hook", "$A=new class{public string $k{get=>strrev(REV);}}; | $A->k"),
	hidingOf("property-hook-block", "$A=new class{public string $k='x'{get{return strrev(REV);}set(string $v){$this->k=$v;}}}; | $A->k"),
	hidingOf("enumeration", "if(!class_exists('@F')){enum @F:string{case K=TEXT;}} | @F::K->value"),
	hidingOf("static-variable", "(function(){static $v='';foreach(array(LISTED) as $p)$v.=$p;return $v;})()"),
	hidingOf("yielded-keys", "$A=(function(){yield HALF1=>1;yield HALF2=>2;})();$B='';foreach($A as $C=>$D)$B.=$C; | $B"),
	hidingOf("yield-from", "$A=(function(){yield from array(HALF1);yield HALF2;})();$B='';foreach($A as $C)$B.=$C; | $B"),
	hidingOf("generator-return", "$A=(function(){yield 1;return TEXT;})();foreach($A as $B); | $A->getReturn()"),
	hidingOf("sliced", "implode('',array_slice(array('q',LISTED,'z'),1,-1))"),
	hidingOf("spliced", "$A=array('q',LISTED);array_splice($A,0,1); | implode('',$A)"),
	hidingOf("walk-recursive", "$B='';$A=array(array(HALF1),array(HALF2));array_walk_recursive($A,function($C) use(&$B){$B.=$C;}); | $B"),
	hidingOf("uksort", "$A=array('b'=>HALF2,'a'=>HALF1);uksort($A,'strcmp'); | implode('',$A)"),
	hidingOf("usort-closure", "$A=array(array(2,HALF2),array(1,HALF1));usort($A,function($x,$y){return $x[0]-$y[0];}); | $A[0][1].$A[1][1]"),
	hidingOf("error-message", "$A='';set_error_handler(function($n,$s) use(&$A){$A=$s;});trigger_error(TEXT);restore_error_handler(); | $A"),
	hidingOf("setting", "ini_set('user_agent',TEXT); | ini_get('user_agent')"),
	hidingOf("session", "$_SESSION['@F']=TEXT; | $_SESSION['@F']"),
	hidingOf("env-array", "$_ENV['@F']=TEXT; | $_ENV['@F']"),
	hidingOf("memory-stream", "$A=fopen('php://memory','w+');fwrite($A,TEXT);rewind($A); | fread($A,LEN)"),
	hidingOf("data-address", "file_get_contents('data:,'.rawurlencode(TEXT))"),
	hidingOf("filter-address", "file_get_contents('php://filter/read=string.rot13/resource=data:,'.rawurlencode(ROT))"),
	hidingOf("html-buffer", "ob_start();?>BARE<?php $A=ob_get_clean(); | $A"),
	hidingOf("call-in-text", "$A='strrev';$B=REV; | \"{$A($B)}\""),
	hidingOf("coalesce-assign", "$A??=TEXT; | $A"),
	hidingOf("spread-array", "implode('',[...[HALF1],...[HALF2]])"),
	hidingOf("spread-call", "(fn(...$x)=>implode('',$x))(...array(LISTED))"),
	hidingOf("own-static-decoder", "$A=new class{static function d($s){return base64_decode(strrev($s));}}; | call_user_func(array($A,'d'),strrev(B64))"),
	hidingOf("composed", "array_reduce(array('strrev','base64_decode'),function($c,$f){return $f($c);},strrev(B64))"),
	hidingOf("all-arguments", "(function(){return implode('',func_get_args());})(LISTED)"),
	hidingOf("called-array", "call_user_func_array('str_replace',array('#@','',PADDED))"),
	hidingOf("map-names", "current(array_map('base64_decode',array(B64)))"),
	hidingOf("curried", "(function($x){return function($y) use($x){return $x.$y;};})(HALF1)(HALF2)"),
	hidingOf("nested-arrow", "(fn($x)=>fn($y)=>$x.$y)(HALF1)(HALF2)"),
	hidingOf("fixed-array", "$A=SplFixedArray::fromArray(array(LISTED)); | implode('',$A->toArray())"),
	hidingOf("queue", "$A=new SplQueue;foreach(array(LISTED) as $B)$A->enqueue($B);$C='';while(!$A->isEmpty())$C.=$A->dequeue(); | $C"),
	hidingOf("array-access-own", "$A=new class implements ArrayAccess{function offsetGet($k):mixed{return strrev($k);}function offsetSet($k,$v):void{}function offsetExists($k):bool{return true;}function offsetUnset($k):void{}}; | $A[REV]"),
	hidingOf("iterator-own", "$A=new class implements IteratorAggregate{function getIterator():Iterator{return new ArrayIterator(array(LISTED));}};$B='';foreach($A as $C)$B.=$C; | $B"),
	hidingOf("cloned", "$A=new stdClass;$A->k=TEXT;$B=clone $A;$A->k=''; | $B->k"),
	hidingOf("inherited-constant", "if(!class_exists('@G')){class @F{const K=REV;static function g(){return strrev(static::K);}}class @G extends @F{}} | @G::g()"),
	hidingOf("trait-static", "if(!class_exists('@G')){trait @F{static function g($x){return strrev($x);}}class @G{use @F;}} | @G::g(REV)"),
	decodedBy("swapped-case", "implode('',array_map(function($c){return ctype_upper($c)?strtolower($c):strtoupper($c);},str_split(DATA)))", func(_ *coat, s string) string {
		return quote(mapped(s, func(_ int, b byte) byte {
			if isLetter(b) {
				b ^= 0x20
			}
			return b
		}))
	}),
	hidingOf("exported", "stripslashes(trim(var_export(TEXT,true),\"'\"))"),
	hidingOf("print_r", "print_r(TEXT,true)"),
	hidingOf("substr-picks", "substr(HALF1.'--'.HALF2,0,strpos(HALF1.'--'.HALF2,'--')).substr(strstr(HALF1.'--'.HALF2,'--'),2)"),
}
