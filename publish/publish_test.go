package publish

import "testing"

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 漢字":       "plain é 漢字",
		"a\x1b[31mb\x07":   `a\x1b[31mb\x07`,
		"a\tb\nc":          `a b\nc`,
		"abc\u202etxt.exe": `abc\u202etxt.exe`,
		"bad\xff\xfe":      `bad\xff\xfe`,
		"real \uFFFD":      "real \uFFFD",
		"\u200bzero\u2028": `\u200bzero\u2028`,
		"\u009b31m":        `\u009b31m`,
	} {
		if got := Plain(in); got != want {
			t.Errorf("Plain(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCell(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "-x": "'-x", "@a": "'@a", "": "", "a=1": "a=1", "\t=1": " =1"} {
		if got := Cell(in); got != want {
			t.Errorf("Cell(%q) = %q, want %q", in, got, want)
		}
	}
}
