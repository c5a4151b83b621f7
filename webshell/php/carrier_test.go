package php

import (
	"encoding/hex"
	"fmt"
	"strings"
)

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
		return strings.NewReplacer("KEYTEXT", longKey, "LONGKEY", quote(b64(keyed39(code))), "RC4", quote(rc4ed(code)), "AES", quote(aesed(code)), "CUSTOMTABLE", customTable, "CUSTOM", quote(customBase64(code)), "OCTAL", escaped(code, `\%03o`), "UNICODE", escaped(code, `\u{%x}`), "ENTITIES", quote(each(code, "&#%d;", "")), "PERCENT", quote(each(code, "%%%02x", "")),
			"BITS", quote(each(code, "%08b", "")), "ROTB64REV", quote(reversed(b64(rot13(code)))), "B64A", quote(in[:len(in)/2]), "B64B", quote(in[len(in)/2:]), "B64REVB64", quote(b64(reversed(in))), "EVALB64", quote(b64("ev"+"al("+quote(code)+");")), "TAGB64", quote(b64("<?php "+code)), "PADB64", quote(c.between(in, "#@")), "SWAPB64", quote(swap.Replace(in)), "SERIALB64", quote(b64(fmt.Sprintf(`s:%d:"%s";`, len(code), code))), "REVB64", quote(reversed(in)), "RAWB64", in, "B64LEN", fmt.Sprint(len(in)), "B64", quote(in),
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
