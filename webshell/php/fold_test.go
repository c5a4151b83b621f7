package php

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What is replaced without regular expressions is replaced as they would.
func TestReplaceSimple(t *testing.T) {
	patterns := []string{`[\r\n]`, `\r|\n`, `a`, `[a-c"]`, `\(".*"\)`, `a.*b`, `(?i)a.*b`, `(?i)[ab]`, `(?s)a.*b`, `a.*?b`, `[^a]`, `\x{e4}.*b`, "a.*\n"}
	for _, p := range patterns[:5] {
		if _, ok := replaceSimple(p, "text", ""); !ok {
			t.Errorf("%q is not simple", p)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(patterns).Draw(t, "pattern")
		s := string(rapid.SliceOfN(rapid.SampledFrom([]byte("aAbBc\"()\r\n\xc3\xa4\xff")), 0, 60).Draw(t, "text"))
		with := rapid.SampledFrom([]string{"", "x", `("")`, "ab"}).Draw(t, "with")
		got, ok := replaceSimple(p, s, with)
		if !ok {
			return
		}
		if want := regexp.MustCompile(p).ReplaceAllString(s, with); got != want {
			t.Fatalf("%q by %q in %q: got %q, want %q", p, with, s, got, want)
		}
	})
}

func TestUnbase64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.SampledFrom([]byte("AZaz09+/-_= \n%\xff")), 0, 2000).Draw(t, "text"))
		clean := strings.Map(func(r rune) rune {
			switch {
			case r == '-':
				return '+'
			case r == '_':
				return '/'
			case strings.ContainsRune("= \n%\uFFFD", r):
				return -1
			}
			return r
		}, s)
		if len(clean)%4 == 1 {
			clean = clean[:len(clean)-1]
		}
		want, err := base64.RawStdEncoding.DecodeString(clean)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := unbase64(s); got != string(want) {
			t.Fatalf("%q: got %q, want %q", s, got, want)
		}
	})
}
