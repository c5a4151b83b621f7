package php

import (
	"fmt"
	"slices"
	"strings"
)

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
	u := &unit{src: []byte(src), budget: &nodes, tokens: e.toks, stock: new(stock)}
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
			u := &unit{src: []byte(e.src), budget: &nodes, tokens: e.toks, stock: new(stock)}
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
