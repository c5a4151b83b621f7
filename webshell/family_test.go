package webshell

import (
	"strings"
	"testing"
)

func TestFamilyOf(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`if ($_POST['a']) { function actionX() {} } call('action' . $_POST["a"], $_POST[ 'p1' ]);`, "WSO"},
		{`if ($_POST['a']) { function actionX() {} } call('action' . $_POST["a"], $_POST['q1']);`, ""},
		{`"payload" MessageDigest.getInstance("Md5") substring(0, 16) substring(16)`, "Godzilla"},
		{`"payload" MessageDigest.getInstance("Mb5") substring(0, 16) substring(16)`, ""},
		{"$a = $c[$i + 1 &\n15]; echo substr(md5($pass), 0, 16); $_POST", "Godzilla"},
		{"$a = $c[$i + 1 && 15]; $b = &$c; echo substr(md5($pass), 0, 16); $_POST", ""},
		{"5", ""},
	} {
		if got := FamilyOf([]byte(c.text)); got != c.want {
			t.Errorf("FamilyOf(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestTidy(t *testing.T) {
	const text, want = " a \"b\"\t'c'\r\n\\'d\\' \\\\ \\n \\", `a'b''c''d'\\\n\`
	if got := string(tidy([]byte(text))); got != want {
		t.Errorf("tidy(%q) = %q, want %q", text, got, want)
	}
}

func TestHasBlank(t *testing.T) {
	for before := 0; before < 2*blankRun; before += 7 {
		text := strings.Repeat("x", before) + strings.Repeat(" ", blankRun)
		if got := blankAt(text+"x", blankRun); got != before {
			t.Errorf("a stretch behind %d letters is found at %d", before, got)
		}
		if blankAt(text[:len(text)-1]+"x   ", blankRun) >= 0 {
			t.Errorf("a shorter one behind %d letters is found", before)
		}
	}
}
