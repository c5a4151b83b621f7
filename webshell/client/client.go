// Package client judges what a page has the visitor's browser do: the scripts
// inside pages of any kind, and scripts that pages load. Most of what is put
// into hacked sites works there: loaders, redirectors, thieves of cards.
package client

import (
	"path"

	"limier/finding"
	"limier/webshell"
)

// Language is the analyser.
var Language = &webshell.Language{
	Name:    "client",
	Doc:     "what pages and their scripts have the visitor's browser do",
	Match:   func(name string, head []byte) bool { return kindOf(name, head) != other },
	Analyse: analyse,
}

// A kind is how the scripts of a file are found.
type kind uint8

const (
	other  kind = iota
	markup      // they stand inside elements
	code        // the file is one
)

func kindOf(name string, head []byte) kind {
	switch path.Ext(name) {
	case ".php", ".phtml", ".inc", ".tpl", ".twig", ".latte", ".liquid", ".html", ".htm", ".xhtml", ".svg", ".shtml", ".aspx", ".ascx", ".master", ".cshtml", ".asp", ".asa", ".jsp", ".jspx", ".jspf", ".cfm", ".cfml":
		return markup
	case ".js", ".mjs", ".cjs":
		return code
	}
	if webshell.Interpreter(head) == "node" {
		return code
	}
	return other
}

// A page is one file on its way through the analysis.
type page struct {
	name string // in lower case
	kind kind
	data []byte
	out  []webshell.Reason

	scripts []span
	inputs  []string // the names of its fields for passwords
	survey  survey
	trade   *bool // whether it names a trade, once that was looked for
	lowered string
	lines   *webshell.Lines
}

// concerns are what a page is asked, each by itself.
var concerns = []func(*page){
	(*page).frames,
	(*page).strays,
	(*page).blocks,
	(*page).hiddenLinks,
	(*page).hiddenLists,
	(*page).doorways,
	(*page).defaced,
	(*page).run,
}

func analyse(name string, data []byte) []webshell.Reason {
	p := &page{name: name, kind: kindOf(name, data), data: data}
	p.find()
	for _, ask := range concerns {
		ask(p)
	}
	return webshell.Strongest(p.out)
}

// add notes a reason, the place of which is an offset of the file.
func (p *page) add(v webshell.Verdict, c finding.Confidence, rule, text string, at int, decoded string) {
	if p.lines == nil {
		p.lines = webshell.LinesOf(p.data)
	}
	p.out = append(p.out, webshell.Reason{Verdict: v, Confidence: c, Rule: rule, Text: text, Decoded: webshell.Cut(decoded, webshell.MaxShown),
		Steps: []webshell.Step{{Line: p.lines.At(at), Role: "sink", Code: webshell.Snippet(p.data, at)}}})
}
