// Package ssi analyses server-side includes: directives of a page that have the
// server run commands.
package ssi

import (
	"bytes"
	"iter"
	"path"
	"regexp"
	"strings"

	"limier/finding"
	"limier/webshell"
)

// Language is the analyser.
var Language = &webshell.Language{
	Name:    "ssi",
	Doc:     "server-side includes",
	Match:   match,
	Analyse: analyse,
}

func match(name string, head []byte) bool {
	switch path.Ext(name) {
	case ".shtml", ".shtm", ".stm", ".sht", ".html", ".htm": // the last two where a setting says so
		return bytes.Contains(head, []byte("<!--#"))
	}
	return false
}

// maxDirective is how long a directive may be, in bytes; maxDirectives is how
// many of one page are read.
const (
	maxDirective  = 8 << 10
	maxDirectives = 10_000
)

var (
	directive = regexp.MustCompile(`^(?i)<!--#\s*(exec|set)\s`)
	attribute = regexp.MustCompile("(?is)\\b(cmd|var|value)\\s*=\\s*(?:\"((?:[^\"\\\\]|\\\\.)*)\"|'((?:[^'\\\\]|\\\\.)*)'|`([^`]*)`)")
	variable  = regexp.MustCompile(`\$\{?(\w+)\}?|%(\w+)%`)
	request   = regexp.MustCompile(`^(?:QUERY_STRING(?:_UNESCAPED)?|REQUEST_URI|PATH_INFO|CONTENT_TYPE|HTTP_\w+)$`)

	// commands is what stands before a text that is a command, not a part of one.
	commands = regexp.MustCompile("(?i)(?:^|[|;&`]|\\$\\(|\\beval|\\bexec|\\bsh(?:\\.exe)?[ \\t]+-i?c|\\bcmd(?:\\.exe)?[ \\t]+/[ck])[ \\t\"'\\\\]*$")
	piped    = regexp.MustCompile(`\|\s*(?:/bin/|/usr/bin/)?(?:ba|da|k|z)?sh\b`)
)

func analyse(_ string, data []byte) []webshell.Reason {
	l := webshell.NewListing(data)
	held := map[string]int{} // variables that hold what the request sent, and where they got it
	for at, n := 0, 0; n < maxDirectives; n++ {
		k := bytes.Index(data[at:], []byte("<!--#"))
		if k < 0 {
			break
		}
		at += k
		length := bytes.Index(data[at:], []byte("-->"))
		if length < 0 {
			break
		}
		text := data[at : at+length]
		if m := directive.FindSubmatch(text); m != nil && length < maxDirective {
			values := attributes(text)
			if strings.EqualFold(string(m[1]), "exec") {
				judge(l, values["cmd"], at, held)
			} else if came, ok := fromRequest(values["value"], at, held); ok {
				held[values["var"]] = came
			} else {
				delete(held, values["var"])
			}
		}
		at += length
	}
	return webshell.Strongest(l.Out)
}

func attributes(text []byte) map[string]string {
	values := map[string]string{}
	for _, m := range attribute.FindAllSubmatch(text, 10) {
		values[strings.ToLower(string(m[1]))] = string(m[2]) + string(m[3]) + string(m[4])
	}
	return values
}

// variables yields the variables of a text that hold what the request sent: where
// that came from, and what stands before them.
func variables(text string, at int, held map[string]int) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for _, m := range variable.FindAllStringSubmatchIndex(text, 100) {
			name := text[max(m[2], m[4]):max(m[3], m[5])]
			came, ok := held[name]
			if !ok && request.MatchString(name) {
				came, ok = at, true
			}
			if ok && !yield(came, text[:m[0]]) {
				return
			}
		}
	}
}

func fromRequest(text string, at int, held map[string]int) (came int, ok bool) {
	for came := range variables(text, at, held) {
		return came, true
	}
	return 0, false
}

func judge(l *webshell.Listing, command string, at int, held map[string]int) {
	for came, before := range variables(command, at, held) {
		if commands.MatchString(before) || piped.MatchString(command[len(before):]) {
			l.Add(webshell.Webshell, finding.HighConfidence, "request-to-command", "A directive of the page has the server run a command from the request.", came, at)
			return
		}
	}
	if came, ok := fromRequest(command, at, held); ok {
		l.Add(webshell.Suspicious, finding.LowConfidence, "request-to-argument", "A directive of the page has the server run a program with an argument from the request.", came, at)
	}
}
