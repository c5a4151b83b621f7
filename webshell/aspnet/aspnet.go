// Package aspnet judges ASP.NET pages, controls, handlers, services and the
// code in them: C#, VB.NET and JScript.NET.
package aspnet

import (
	"bytes"
	"iter"
	"limier/internal/literal"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"limier/internal/script"
	"limier/webshell"
)

// Language analyses ASP.NET files.
var Language = &webshell.Language{
	Name:    "aspnet",
	Doc:     "ASP.NET: C#, VB.NET and JScript.NET in pages, handlers and services",
	Match:   match,
	Analyse: Analyse,
}

func match(name string, head []byte) bool {
	switch path.Ext(name) {
	case ".aspx", ".ashx", ".asmx", ".ascx", ".asax", ".master", ".svc", ".cshtml", ".vbhtml", ".axd", ".soap", ".rem", ".browser", ".aspq", ".cshtm", ".vbhtm", ".asbx", ".skin":
		return true
	case ".asp", ".asa", ".cer", ".cdx": // ASP.NET's, where a handler says so
		return own.Any(head) && !otherMarks.Any(head)
	case ".php", ".jsp", ".jspx", ".js", ".java", ".py", ".pl", ".rb", ".go", ".sql", ".config": // config asks about its code
		return false
	case ".cs", ".vb":
		return bytes.Contains(head, []byte("System.Web")) || bytes.Contains(head, []byte("Microsoft.AspNetCore"))
	}
	// Renamed, or carried in another file, as in an offline address book's
	// ExternalUrl (CVE-2021-27065).
	if otherMarks.Any(head) {
		return false
	}
	if directives.Any(head) {
		return true
	}
	if !runat.Any(head) {
		return false
	}
	_, after, found := bytes.Cut(bytes.ToLower(head), []byte("<script"))
	return found && bytes.Contains(after, []byte("runat"))
}

var (
	otherMarks = literal.New([]string{"<?php", "import="})
	directives = literal.New([]string{scripted, "<%@ page", "<%@page", "<%@ webhandler", "<%@webhandler", "<%@ webservice", "<%@ control"})
	own        = literal.New([]string{"<%@ page", "<%@page", "<%@ webhandler", "<%@webhandler", "<%@ control"})
	runat      = literal.New([]string{"runat"})
)

// scripted is the attribute of an element of XSLT that holds code for the
// server: <msxsl:script language="C#" implements-prefix="user">.
const scripted = "implements-prefix"

// Analyse judges one file.
func Analyse(name string, data []byte) []webshell.Reason {
	if !worth(data) {
		return nil
	}
	return analyse(strings.ToLower(name), script.Decode(data), 0)
}

func analyse(name, text string, depth int) []webshell.Reason {
	return analysePage(cut(name, text), depth)
}

func analysePage(page *script.Page, depth int) []webshell.Reason {
	h := &host{page: page, depth: depth}
	h.poses = sync.OnceValue(func() bool { return strings.Contains(page.Text, "ExchangeImpersonation") })
	h.allows = sync.OnceValue(func() bool { return page.Kind == source && allowed.MatchString(page.Text) })
	h.keeps = sync.OnceValue(h.keepsState)
	h.restarts = sync.OnceValue(h.restartsPools)
	if !h.page.Code && h.page.Behind == "" && len(h.page.Includes) == 0 && !slices.ContainsFunc(h.page.Tags, isSource) {
		return nil
	}
	m := script.NewMachine(h)
	defer m.Release()
	h.Machine = m
	if len(h.page.Blocks) == 0 {
		m.Load(h.page.Text, nil, h.page.Dialect) // where sights are
	}
	h.controls(m)
	for name, class := range h.page.Aliases {
		m.Alias(name, class, h.page.Dialect)
	}
	var blocks [][]*script.Node
	for _, b := range h.page.Blocks {
		blocks = append(blocks, m.Load(h.page.Text, b.Segments, b.Dialect))
	}
	h.declared()
	for i, b := range h.page.Blocks {
		m.Run(blocks[i], b.Dialect)
	}
	m.RunFunctions()
	h.dataSources(m)
	h.structure()
	h.Blank(h.page)
	h.Unread(h.page)
	h.fileManager()
	h.uploader()
	return h.Reasons()
}

// cut finds the code of a file by its kind.
func cut(name, text string) *script.Page {
	switch path.Ext(name) {
	case ".cs":
		return whole(text, script.CSharp)
	case ".vb":
		return whole(text, script.VBNet)
	case ".cshtml", ".cshtm":
		return razor(text)
	case ".vbhtml", ".vbhtm":
		return razorBasic(text)
	}
	d := script.CSharp
	p := script.Cut(text, d, true)
	if !p.Code && strings.Contains(text, scripted) {
		return styleSheet(text)
	}
	if !p.Declared {
		if guess := guessDialect(p); guess != d {
			p = script.Cut(text, guess, true)
		}
	}
	return p
}

// source is the kind of a file of a program's source. What programs do that a
// page has no use for is excused there alone: a web shell is a page.
const source = "source"

func whole(text string, d script.Dialect) *script.Page {
	return &script.Page{Text: text, Dialect: d, Kind: source, Code: true,
		Blocks: []script.Block{{Dialect: d, Segments: []script.Segment{{Start: 0, End: len(text)}}, Class: true}}}
}

var (
	sheetScript = regexp.MustCompile(`<\w+:script\b[^>]*\b` + scripted + `\b[^>]*>`)
	language    = regexp.MustCompile(`\blanguage\s*=\s*["']([^"']+)`)
	marks       = strings.NewReplacer("<![CDATA[", "         ", "]]>", "   ")
)

// maxSheetScripts is how many scripts of a style sheet are read.
const maxSheetScripts = 50

// styleSheet takes the code of a style sheet of XSLT.
func styleSheet(text string) *script.Page {
	text = marks.Replace(text)
	p := &script.Page{Text: text}
	for head, body := range sheetScripts(text) {
		d := script.JScript // without the attribute
		if m := language.FindStringSubmatch(head); m != nil {
			d, _ = script.DialectOf(m[1], true)
		}
		p.Code, p.Dialect = true, d
		p.Blocks = append(p.Blocks, script.Block{Dialect: d, Segments: []script.Segment{body}, Class: true})
	}
	return p
}

// sheetScripts yields the scripts of a style sheet: the tag, and where the code
// stands.
func sheetScripts(text string) iter.Seq2[string, script.Segment] {
	return func(yield func(string, script.Segment) bool) {
		for _, at := range sheetScript.FindAllStringIndex(text, maxSheetScripts) {
			n := strings.Index(text[at[1]:], ":script>")
			if n < 0 {
				return
			}
			end := at[1] + max(0, strings.LastIndexByte(text[at[1]:at[1]+n], '<')) // of </msxsl:script>
			if !yield(text[at[0]:at[1]], script.Segment{Start: at[1], End: end}) {
				return
			}
		}
	}
}

// guessDialect tells C# from VB.NET where no directive says.
func guessDialect(p *script.Page) script.Dialect {
	vb, cs := 0, 0
	for _, b := range p.Blocks {
		for _, s := range b.Segments {
			code := strings.ToLower(p.Text[s.Start:min(s.End, s.Start+20000)])
			vb += strings.Count(code, "end sub") + strings.Count(code, "end if") + strings.Count(code, "\ndim ") + strings.Count(code, " dim ") + strings.Count(code, " then") + strings.Count(code, "end function")
			cs += strings.Count(code, ";\r") + strings.Count(code, ";\n") + strings.Count(code, "; ") + strings.Count(code, ";}") + strings.Count(code, "{")
		}
	}
	if vb > cs/2 || cs == 0 {
		return script.VBNet
	}
	return script.CSharp
}

// worth is a quick look for code that a server would run.
func worth(data []byte) bool {
	if len(data) < 2 {
		return false
	}
	if data[0] == 0xFF || data[0] == 0xFE || data[1] == 0 || data[0] == 0 {
		return true
	}
	return bytes.Contains(data, []byte("<%")) || bytes.Contains(data, []byte("+ADw")) ||
		bytes.Contains(data, []byte("unat")) || bytes.Contains(data, []byte("UNAT")) || bytes.Contains(data, []byte("@")) || bytes.Contains(data, []byte("System.Web")) || bytes.Contains(data, []byte("AspNetCore")) || bytes.Contains(data, []byte(scripted))
}
