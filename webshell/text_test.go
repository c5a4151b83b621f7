package webshell

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	data := []byte("one\ntwo\n\nfour")
	l := LinesOf(data)
	for offset, want := range map[int]int{0: 1, 3: 1, 4: 2, 7: 2, 8: 3, 9: 4, 12: 4} {
		if got := l.At(offset); got != want {
			t.Errorf("At(%d) = %d, want %d", offset, got, want)
		}
		if got := Line(data, offset); got != want {
			t.Errorf("Line(%d) = %d, want %d", offset, got, want)
		}
	}
}

func TestSnippet(t *testing.T) {
	data := []byte("one\n  two\x00 words  \nthree")
	if got, want := Snippet(data, 7), "two  words"; got != want {
		t.Errorf("Snippet = %q, want %q", got, want)
	}
	long := []byte(strings.Repeat("é", 1000))
	if got := Snippet(long, 1000); len(got) > MaxSnippet || !strings.HasSuffix(got, "…") {
		t.Errorf("a long line gives %q", got)
	}
	one := []byte("ExternalUrl : " + strings.Repeat("x", 50) + "é; eval(a)\n")
	if got, want := Snippet(one, bytes.Index(one, []byte("eval"))), "…"+strings.Repeat("x", 36)+"é; eval(a)"; got != want {
		t.Errorf("Snippet = %q, want %q", got, want)
	}
}

func TestInterpreter(t *testing.T) {
	for line, want := range map[string]string{
		"#!/usr/bin/perl -w\n":              "perl",
		"#! /usr/local/bin/python3.11\n":    "python",
		"#!/usr/bin/env -S node --trace\n":  "node",
		"#!/usr/bin/env nodejs\r\n":         "node",
		`#!C:\Strawberry\perl\bin\perl.exe`: "perl",
		"#!/bin/sh":                         "sh",
		"#![allow(dead_code)]\n":            "",
		"#!perl\n":                          "",
		" #!/bin/sh\n":                      "",
		"#!/usr/bin/env\n":                  "env",
	} {
		if got := Interpreter([]byte(line)); got != want {
			t.Errorf("%q: %q, not %q", line, got, want)
		}
	}
}

func TestSniff(t *testing.T) {
	pe := make([]byte, 0x84)
	copy(pe, "MZ")
	pe[0x3c] = 0x80
	copy(pe[0x80:], "PE\x00\x00")
	for _, c := range []struct {
		data string
		want Content
	}{
		{"", ""},
		{"plain words, no more", ""},
		{string(pe), ContentPE},
		{"MZ is how this text begins, and it goes on for a good while after it.", ""},
		{"\xca\xfe\xba\xbe\x00\x00\x00\x34", ContentClass},
		{"<?php phpinfo();", ContentPHP},
		{`<%@ Page %><% x %>`, ContentPage},
		// if (isset($_POST['x'])) echo "hello";
		{unbase64("aWYgKGlzc2V0KCRfUE9TVFsneCddKSkgZWNobyAiaGVsbG8iOw=="), ContentPHP},
	} {
		if got := Sniff([]byte(c.data)); got != c.want {
			t.Errorf("Sniff(%q) = %q, want %q", Cut(c.data, 30), got, c.want)
		}
	}
}

func unbase64(s string) string {
	b, _ := base64.StdEncoding.DecodeString(s)
	return string(b)
}

func TestPrintableRatio(t *testing.T) {
	if got := PrintableRatio([]byte("été\n")); got != 1 {
		t.Errorf("text: %v", got)
	}
	if got := PrintableRatio([]byte("\x00\x01\xffa")); got != 0.25 {
		t.Errorf("binary: %v", got)
	}
}
