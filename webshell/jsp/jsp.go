// Package jsp analyses Java server pages: JSP, JSP documents, tag files, the
// expression language, and the servlets that a server compiles pages to.
//
// It cuts a page into Java, reads that with a tolerant parser, and follows
// values from the request to calls that act, folding constants on the way. It
// does not run loops: a name that only a loop puts together is known to be
// hidden, not what it is.
package jsp

import (
	"bytes"
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"limier/internal/literal"
	"limier/webshell"
)

// Language is the analyser.
var Language = &webshell.Language{
	Name:    "jsp",
	Doc:     "Java server pages: JSP, JSPX, tag files, expression language, compiled pages",
	Match:   match,
	Analyse: analyse,
}

var acts = literal.NewSource(actions...)

func match(name string, head []byte) bool {
	switch path.Ext(name) {
	case ".jsp", ".jspx", ".jspf", ".jhtml", ".tag", ".tagx", ".tagf", ".jspa", ".jsw", ".jsv", ".jtml", ".jsf", ".xhtml":
		return true
	case ".java":
		return strings.HasSuffix(name, "_jsp.java") || strings.HasSuffix(name, "_jspx.java")
	case ".aspx", ".asp", ".php", ".ashx", ".asmx", ".ascx", ".master", ".js", ".css":
		return false
	}
	// A page under another name, such as an upload with a picture's name.
	head = head[:min(len(head), 16<<10)]
	return scriptlets.Any(head) || bytes.Contains(head, []byte("<%")) && javas.Any(head)
}

var (
	scriptlets = literal.New([]string{"<jsp:scriptlet", "<jsp:root"})
	javas      = literal.New([]string{"request.getparameter(", "getruntime(", `import="java`})
)

// actions are words of which a page that acts holds at least one: it must name
// an API somewhere, if only that of reflection. A page without is harmless.
var actions = []string{
	"exec(", "getruntime", "commandline", ".jna", "deserialize(", "dolookup(", "jndi", "naming.provider", "jexl", "template(", "proprietaryevaluate", "virtualmachine", "mbeanserver", "processbuilder", "processimpl", ".eval", "defineclass", "classloader", "scriptengine", "fileoutputstream", "filewriter", "randomaccessfile",
	"files.", "fileutil", "filechannel", "formatter(", "runscriptlet", "evaluatestring", "expressrunner", "aviator", "readobject", "xmldecoder", ".lookup", "drivermanager", "socket", "forname", "invoke", "getmethod", "newinstance",
	"listroots", "filehandler", "printwriter(", "printstream(", "unsafe", "$$bcel$$", "elprocessor", "expressionfactory", "fromxml", "transferto",
	"addfilter", "addservlet", "addvalve", "registermapping", "addinterceptor", "addapplicationeventlistener", "system.load", "urlclassloader",
	"interpreter", "groovy", "ognl", "expressionparser", "jshell", ".delete()", "renameto", "openconnection", "openstream", "templatesimpl",
	"setservletclass", "java.beans", "beanname", "<sql:", "ioutils", "filecopyutils", "saveas", "shell", "native ", ".write(", "mlet",
	"fileinputstream", "filereader", ".listfiles", "getsystemjavacompiler", "setdatasourcename", "setaccessible", "getfunction(", "mimelauncher", "jdbcrowset",
	"\\u00", "unmarshal", "yaml", "transformerfactory", "executequery(request", "execute(request",
}

// maxPiece is how much code is walked at a time, in bytes. A page with more is
// walked in pieces, and what the page's variables hold, and those of the method
// that is cut, passes from one to the next.
const maxPiece = 256 << 10

func analyse(name string, data []byte) []webshell.Reason {
	plain, _ := decodeCharset(data)
	found := make([]uint64, acts().Words())
	if !holds(found, plain) && !holds(found, tight(plain)) && !(bytes.Contains(plain, []byte(":scriptlet")) && (bytes.Contains(plain, []byte("&#")) || bytes.Contains(plain, []byte("<!ENTITY")) || bytes.Contains(plain, []byte("CDATA[")))) {
		return nil
	}
	p := split(data, path.Ext(strings.ToLower(name)) == ".java")
	j := &judge{page: p, data: plain, facts: &facts{seen: map[hitKey]int{}}}
	var before map[string]value
	for from := 0; from < len(p.code); {
		tokens, to := lex(p.code, from, from+maxPiece)
		if len(p.code) <= maxPiece || holds(found, p.code[from:to]) || sources().Any(p.code[from:to]) {
			w := &walker{page: p, code: string(p.code[from:to]), from: from, tokens: tokens, facts: j.facts, before: before}
			w.run()
			j.look(w)
			if to < len(p.code) {
				before = w.passes()
			}
		}
		from = to
	}
	return j.unread(j.reasons())
}

// maxHeld is how many variables pass from one piece to the next.
const maxHeld = 2000

// passes are the variables that code behind the piece still sees.
func (w *walker) passes() map[string]value {
	held := map[string]value{}
	for _, k := range slices.SortedFunc(maps.Keys(w.vars), func(a, b varKey) int { return cmp.Or(a.scope-b.scope, strings.Compare(a.name, b.name)) }) {
		if v := w.vars[k]; (k.scope == 0 || w.methods[k.scope].body[1] >= len(w.tokens)) && (v.taint != 0 || v.isStr || v.typ != "") {
			if len(held) == maxHeld {
				w.facts.full = true
				break
			}
			held[k.name] = v
		}
	}
	return held
}

// unread adds why the page was not read or followed to its end, unless its
// verdict stands.
func (j *judge) unread(all []webshell.Reason) []webshell.Reason {
	switch {
	case len(all) > 0 && all[0].Verdict.Rank() > webshell.Suspicious.Rank():
	case j.page.long:
		all = append(all, webshell.Unread(webshell.TooLong))
	case j.facts.full:
		all = append(all, webshell.Unread(webshell.TooMuch))
	case j.facts.deep:
		all = append(all, webshell.Unread(webshell.TooDeep))
	}
	return all
}

// tight is the code between <% and %> without the space and the comments that
// may stand between its words: c . /**/ lookup (.
func tight(page []byte) []byte {
	var out []byte
	for {
		i := bytes.Index(page, []byte("<%"))
		if i < 0 {
			return out
		}
		page = page[i+2:]
		code := page
		if i = bytes.Index(page, []byte("%>")); i >= 0 {
			code = page[:i]
		}
		page = page[len(code):]
		for i = 0; i < len(code); {
			word := i
			for i < len(code) && code[i] > ' ' && (code[i] != '/' || i+1 == len(code) || code[i+1] != '*') {
				i++
			}
			out = append(out, code[word:i]...)
			if i < len(code) && code[i] == '/' {
				end := bytes.Index(code[i+2:], []byte("*/"))
				if end < 0 {
					break
				}
				i += end + 3
			}
			i++
		}
	}
}

// sources are words of code that reads the request.
var sources = literal.NewSource("getparameter", "getheader", "getinputstream", "getreader", "getquerystring", "getcookies", "${param")

// holds reports whether b holds one of the literals; found is scratch space.
func holds(found []uint64, b []byte) bool {
	clear(found)
	acts().Contained(found, b)
	for _, word := range found {
		if word != 0 {
			return true
		}
	}
	return false
}
