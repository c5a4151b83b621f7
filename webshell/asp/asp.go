// Package asp judges classic ASP: VBScript and JScript pages, plain or written
// by Microsoft's Script Encoder.
package asp

import (
	"limier/internal/literal"
	"path"
	"strings"

	"limier/internal/script"
	"limier/webshell"
)

// Language analyses classic ASP pages.
var Language = &webshell.Language{
	Name:    "asp",
	Doc:     "classic ASP: VBScript and JScript, encoded or not",
	Match:   match,
	Analyse: Analyse,
	Briefly: func(name string, data []byte) []webshell.Reason { return start(name, data, true) },
}

func match(name string, head []byte) bool {
	switch path.Ext(name) {
	case ".asp", ".asa", ".cer", ".cdx", ".htr", ".idc", ".stm", ".shtm", ".shtml", ".htw", ".ida", ".idq":
		return true
	case ".aspx", ".ashx", ".asmx", ".ascx", ".asax", ".master", ".svc", ".cshtml", ".vbhtml", ".php", ".jsp", ".jspx", ".cs", ".vb", ".js", ".java", ".py", ".pl", ".pm", ".cgi", ".fcgi", ".rb", ".go", ".config": // config asks about its code
		return false
	}
	if strings.Contains(name, ".asp.") || strings.Contains(name, ".asp;") || strings.Contains(name, ".asa.") || strings.Contains(name, ".asa;") || strings.Contains(name, ".cer.") || strings.Contains(name, ".cdx.") {
		return true // page.asp.txt, or page.asp;.jpg, which IIS 6 runs
	}
	// Renamed, or carried in another file: code for the server that is neither
	// PHP nor Java.
	return serverMarks.Any(head) && !otherMarks.Any(head)
}

var (
	serverMarks = literal.New([]string{"<%", "runat", "65000"}) // 65000 is UTF-7's code page
	otherMarks  = literal.New([]string{"<?php", "import=", "java."})
)

// Analyse judges one page.
func Analyse(name string, data []byte) []webshell.Reason { return start(name, data, false) }

func start(name string, data []byte, brief bool) []webshell.Reason {
	if !worth(data) {
		return nil
	}
	return judge(script.Decode(data), &host{events: strings.HasSuffix(strings.ToLower(name), ".asa"), brief: brief})
}

func analyse(text string, depth int) []webshell.Reason { return judge(text, &host{depth: depth}) }

func judge(text string, h *host) []webshell.Reason {
	page := script.Cut(text, script.VBScript, false)
	if !page.Code && len(page.Tags) == 0 && len(page.Includes) == 0 {
		return nil
	}
	h.page = page
	m := script.NewMachine(h)
	defer m.Release()
	h.Machine, m.Settles = m, h.brief
	h.objects(m)
	var blocks [][]*script.Node
	for _, b := range page.Blocks {
		blocks = append(blocks, m.Load(page.Text, b.Segments, b.Dialect))
	}
	for i, b := range page.Blocks {
		m.Run(blocks[i], b.Dialect)
	}
	m.RunFunctions()
	return h.verdict()
}
