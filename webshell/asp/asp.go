// Package asp judges classic ASP: VBScript and JScript pages, plain or written
// by Microsoft's Script Encoder.
package asp

import (
	"bytes"
	"path"

	"limier/internal/script"
	"limier/webshell"
)

// Language analyses classic ASP pages.
var Language = &webshell.Language{
	Name:    "asp",
	Doc:     "classic ASP: VBScript and JScript, encoded or not",
	Match:   match,
	Analyse: Analyse,
}

func match(name string, head []byte) bool {
	switch path.Ext(name) {
	case ".asp", ".asa", ".cer", ".cdx", ".htr", ".idc", ".stm", ".shtm", ".shtml", ".htw", ".ida", ".idq":
		return true
	case ".aspx", ".ashx", ".asmx", ".ascx", ".asax", ".master", ".svc", ".cshtml", ".vbhtml", ".php", ".jsp", ".jspx", ".cs", ".vb", ".js", ".java", ".py", ".pl", ".rb", ".go":
		return false
	}
	// Renamed or carried in another file: code for the server and a word of
	// classic ASP.
	head = bytes.ToLower(head)
	if !bytes.Contains(head, []byte("<%")) && !bytes.Contains(head, []byte("runat")) {
		return false
	}
	for _, word := range []string{"server.createobject", "vbscript", "execute(", "execute request", "eval(request", "eval request", "executeglobal", "#@~^"} {
		if bytes.Contains(head, []byte(word)) {
			return !bytes.Contains(head, []byte("<?php")) && !bytes.Contains(head, []byte("import="))
		}
	}
	return false
}

// Analyse judges one page.
func Analyse(name string, data []byte) []webshell.Reason {
	if !worth(data) {
		return nil
	}
	text := script.Decode(data)
	return analyse(text, 0)
}

func analyse(text string, depth int) []webshell.Reason {
	page := script.Cut(text, script.VBScript, false)
	if !page.Code && len(page.Tags) == 0 {
		return nil
	}
	h := &host{page: page, depth: depth}
	m := script.NewMachine(h)
	h.objects(m)
	for _, b := range page.Blocks {
		h.blocks = append(h.blocks, m.Load(page.Text, b.Segments, b.Dialect))
	}
	for i, b := range page.Blocks {
		m.Run(h.blocks[i], b.Dialect)
	}
	m.RunFunctions()
	return h.verdict(m)
}

// worth is a quick look for any word without which no page can do harm.
func worth(data []byte) bool {
	if len(data) > 1 && (data[0] == 0xFF || data[0] == 0xFE || data[1] == 0 || data[0] == 0) {
		return true
	}
	if !bytes.Contains(data, []byte("<%")) && !containsFold(data, "runat") && !bytes.Contains(data, []byte("+ADw")) {
		return false
	}
	for _, word := range []string{"eval", "execute", "createobject", "#@~^", "getobject", "classid", "progid", "function(", "+ad", "getref", "65000", "activexobject", "server.transfer"} {
		if containsFold(data, word) {
			return true
		}
	}
	return false
}

// containsFold finds a word given in lower case, whatever its case in data.
func containsFold(data []byte, word string) bool {
	first := word[0]
	upper := first
	if first >= 'a' && first <= 'z' {
		upper = first - 32
	}
	for _, c := range []byte{first, upper} {
		rest := data
		for {
			i := bytes.IndexByte(rest, c)
			if i < 0 || i+len(word) > len(rest) {
				break
			}
			if bytes.EqualFold(rest[i:i+len(word)], []byte(word)) {
				return true
			}
			rest = rest[i+1:]
		}
		if upper == first {
			break
		}
	}
	return false
}
