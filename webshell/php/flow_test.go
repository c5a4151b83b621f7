package php

import (
	"strings"
)

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
