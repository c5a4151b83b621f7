package php

import (
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
)

// TestFamilies checks that a tool is named by its protocol or structure, and
// never by its name. The pages are stubs: they answer nothing.
func TestFamilies(t *testing.T) {
	sink := "<?php ev" + "al($_POST['x']);"
	hide := func(code string) string {
		return "ev" + "al(base64_decode('" + base64.StdEncoding.EncodeToString([]byte(code)) + "'));"
	}
	wso := hide("ev" + "al($_POST['x']); function actionConsole() { echo $_POST['p1']; } $f = 'action' . $_POST['a'];")
	more := ""
	for i := range 5 {
		more += hide("echo " + strings.Repeat("1+", 60) + strconv.Itoa(i) + ";")
	}
	for _, c := range []struct{ name, code, want string }{
		{"one line", "<?php @ev" + "al($_POST['pass']);?>", "China Chopper"},
		{"one line and more", "<?php $a = $_POST['pass']; echo $a; ev" + "al($a);?>", ""},
		{"a name alone", sink + "echo 1; echo 2; /* b374k WSO c99 r57 weevely Godzilla */", ""},
		{"godzilla", sink + "$D[$i] = $D[$i]^$K[$i+1&15]; echo substr(md5($pass.$key),0,16);", "Godzilla"},
		{"behinder", sink + "$post=file_get_contents(\"php://input\"); $post=openssl_decrypt($post, \"AES128\", $key); $arr=explode('|',$post);", "Behinder"},
		{"regeorg", sink + "$cmd = $_SERVER['HTTP_X_CMD']; $t = $_SERVER['HTTP_X_TARGET']; header('X-STATUS: OK');", "reGeorg"},
		{"weevely", sink + "if (@preg_match(\"/$kh(.+)$kf/\", @file_get_contents(\"php://input\"), $m) == 1) {}", "weevely"},
		{"wso", sink + "function actionConsole() { echo $_POST['p1']; } $f = 'action' . $_POST['a'];", "WSO"},
		{"wso below what it decodes next", "<?php " + wso + more, "WSO"},
		{"c99", sink + "$b = c99sh_surl; if ($act == 'ls') {}", "c99"},
		{"r57", sink + "function div_title($a) {} sr(15, ws(2)); $_POST['alias'];", "r57"},
		{"harmless", "<?php echo substr(md5($pass.$key),0,16), $_POST['a'], $K[$i+1&15];", ""},
	} {
		got := ""
		if reasons := Analyse("a.php", []byte(c.code)); len(reasons) > 0 {
			got = reasons[0].Family
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
