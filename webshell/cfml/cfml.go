// Package cfml analyses ColdFusion pages: tags and scripts that hand form,
// URL, cookie or header values to commands, evaluation, files or databases.
package cfml

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/webshell"
)

// Language is the analyser.
var Language = &webshell.Language{
	Name:    "cfml",
	Doc:     "ColdFusion pages and components",
	Match:   match,
	Analyse: analyse,
}

func match(name string, head []byte) bool {
	switch path.Ext(name) {
	case ".cfm", ".cfc", ".cfml", ".cfr":
		return true
	}
	return false
}

var acts = [][]byte{
	[]byte("cfexecute"), []byte("evaluate"), []byte("createobject"), []byte("cffile"), []byte("filewrite"), []byte("cfquery"), []byte("cfregistry"),
	[]byte("cfdirectory"), []byte("java.lang"), []byte("cfinclude"), []byte("cfscript"),
}

var (
	call   = regexp.MustCompile(`(?i)\b(evaluate|filewrite|cfexecute|precisionevaluate|iif)\s*\(\s*([^;\n]{0,400})`)
	object = regexp.MustCompile(`(?i)createobject\s*\(\s*["']java["']\s*,\s*["'](java\.lang\.(Runtime|ProcessBuilder|ProcessImpl|ClassLoader)|java\.net\.URLClassLoader|javax\.script\.\w+)["']`)
	action = regexp.MustCompile(`(?i)\baction\s*=\s*["']?(\w+)`)
)

func analyse(_ string, data []byte) []webshell.Reason {
	lower := bytes.ToLower(data)
	if !slices.ContainsFunc(acts, func(a []byte) bool { return bytes.Contains(lower, a) }) {
		return nil
	}
	data = withoutComments(data)
	p := &page{Listing: webshell.NewListing(data)}
	p.Spread(";\n>", 4, p.statement)
	p.tags()
	p.calls()
	p.manager()
	return webshell.Strongest(p.Out)
}

// withoutComments turns comments into spaces, so that offsets keep their
// lines.
func withoutComments(data []byte) []byte {
	out := bytes.Clone(data)
	for i := 0; ; {
		n := bytes.Index(out[i:], []byte("<!---"))
		if n < 0 {
			return out
		}
		i += n
		end := bytes.Index(out[i:], []byte("--->"))
		if end < 0 {
			return out
		}
		for k := i; k < i+end+4; k++ {
			if out[k] != '\n' {
				out[k] = ' '
			}
		}
		i += end + 4
	}
}

// A page is one file on its way through the analysis.
type page struct {
	*webshell.Listing // variables are in lower case
	files             []int
}

// statement passes on what <cfset x = …>, <cfparam> or a statement of cfscript
// assigns.
func (p *page) statement(from, to int) bool {
	text := p.Data[from:to]
	cut := bytes.IndexByte(text, '=')
	if cut <= 0 || cut > 400 {
		return false
	}
	if i := bytes.IndexByte(text, '<'); i >= 0 && i < cut {
		t := bytes.ToLower(text[i:min(len(text), i+8)])
		if !bytes.HasPrefix(t, []byte("<cfset")) && !bytes.HasPrefix(t, []byte("<cfparam")[:8]) {
			return false
		}
	}
	name := ""
	for _, w := range webshell.Words(text[:cut], true) {
		name = string(bytes.ToLower(w))
	}
	if name == "name" { // <cfparam name="x" default="…">
		for _, w := range webshell.Words(text[cut:], true) {
			name = string(bytes.ToLower(w))
			break
		}
	}
	if _, old := p.Tainted[name]; old || name == "" {
		return false
	}
	at, ok := p.from(text[cut:], from+cut)
	if ok {
		p.Tainted[name] = at
	}
	return ok
}

// from returns where in the text, or before it, the request comes in.
func (p *page) from(text []byte, offset int) (int, bool) {
	for at, w := range webshell.Words(text[:min(len(text), 4096)], true) {
		name := string(bytes.ToLower(w))
		scope, _, dotted := strings.Cut(name, ".")
		switch scope {
		case "form", "url", "cgi", "cookie":
			if dotted || at+len(w) < len(text) && text[at+len(w)] == '[' {
				return offset + at, true
			}
		case "gethttprequestdata":
			return offset + at, true
		}
		if at, ok := p.Tainted[name]; ok {
			return at, true
		}
	}
	return 0, false
}

// reads reports whether the page reads the request at all.
func (p *page) reads() bool {
	_, ok := p.from(p.Data, 0)
	return ok || len(p.Tainted) > 0
}

func (p *page) tags() {
	for i := 0; len(p.Out) < 50; {
		n := bytes.Index(p.Data[i:], []byte("<"))
		if n < 0 {
			return
		}
		i += n
		end := i + 1
		for end < len(p.Data) && end < i+14 && p.Data[end]|0x20 >= 'a' && p.Data[end]|0x20 <= 'z' {
			end++
		}
		name := string(bytes.ToLower(p.Data[i+1 : end]))
		switch name {
		case "cfexecute", "cffile", "cfquery", "cfdirectory", "cfregistry":
		default:
			i = end
			continue
		}
		shut := bytes.IndexByte(p.Data[end:], '>')
		if shut < 0 {
			return
		}
		p.tag(name, i, end, end+shut)
		i = end + shut
	}
}

// tag judges the tag at a place, whose attributes stand from lo to hi.
func (p *page) tag(name string, at, lo, hi int) {
	attrs := p.Data[lo:hi]
	from, controlled := p.from(attrs, lo)
	switch name {
	case "cfexecute":
		if controlled {
			p.Add(webshell.Webshell, finding.HighConfidence, "request-to-command", "The page runs a command from the request.", from, at)
		} else {
			p.Add(webshell.Suspicious, finding.LowConfidence, "runs-command", "The page runs a program.", -1, at)
		}
	case "cffile":
		what := ""
		if a := action.FindSubmatch(attrs); a != nil {
			what = string(bytes.ToLower(a[1]))
		}
		file, fileOK := p.from(attribute(attrs, "file"), lo)
		_, outOK := p.from(attribute(attrs, "output"), lo)
		_, destOK := p.from(attribute(attrs, "destination"), lo)
		switch {
		case (what == "write" || what == "append") && fileOK && outOK:
			p.Add(webshell.Webshell, finding.HighConfidence, "request-to-file", "The request says which file the page writes, and what.", file, at)
		case fileOK || destOK:
			p.files = append(p.files, at)
			p.Add(webshell.Suspicious, finding.LowConfidence, "file-access", "The request says which file the page handles.", from, at)
		}
	case "cfdirectory":
		if controlled {
			p.files = append(p.files, at)
		}
	case "cfquery":
		if _, ok := p.from(attribute(attrs, "datasource"), lo); !ok {
			return
		}
		body := p.Data[hi:min(len(p.Data), hi+2000)]
		if i := bytes.Index(bytes.ToLower(body), []byte("</cfquery")); i >= 0 {
			body = body[:i]
		}
		if at, ok := p.from(body, hi); ok {
			p.Add(webshell.Webshell, finding.ModerateConfidence, "sql-console", "The request says which database the page opens and what it runs there.", at, at)
		}
	case "cfregistry":
		if controlled {
			p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-registry", "The request says which registry key the page handles.", from, at)
		}
	}
}

// attribute returns the value of an attribute, or nothing.
func attribute(attrs []byte, name string) []byte {
	lower := bytes.ToLower(attrs)
	for i := 0; ; {
		n := bytes.Index(lower[i:], []byte(name))
		if n < 0 {
			return nil
		}
		i += n + len(name)
		rest := bytes.TrimLeft(attrs[i:], " \t\r\n")
		if len(rest) < 2 || rest[0] != '=' {
			continue
		}
		rest = bytes.TrimLeft(rest[1:], " \t\r\n")
		if len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'') {
			value, _, _ := bytes.Cut(rest[1:], rest[:1])
			return value
		}
		if j := bytes.IndexAny(rest, " \t\r\n"); j >= 0 {
			rest = rest[:j]
		}
		return rest
	}
}

func (p *page) calls() {
	for _, m := range call.FindAllSubmatchIndex(p.Data, 2000) {
		args := p.Data[m[4]:m[5]]
		from, ok := p.from(args, m[4])
		if !ok {
			continue
		}
		switch name := string(bytes.ToLower(p.Data[m[2]:m[3]])); name {
		case "evaluate", "precisionevaluate":
			// evaluate("form.#x#") reads a field by name, which old code does.
			if args[0] != '"' && args[0] != '\'' {
				p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-eval", "The page evaluates an expression from the request.", from, m[0])
			}
		case "cfexecute":
			p.Add(webshell.Webshell, finding.HighConfidence, "request-to-command", "The page runs a command from the request.", from, m[0])
		case "filewrite":
			path, content, _ := bytes.Cut(args, []byte{','})
			_, a := p.from(path, m[4])
			if _, b := p.from(content, m[4]); a && b {
				p.Add(webshell.Webshell, finding.HighConfidence, "request-to-file", "The request says which file the page writes, and what.", from, m[0])
			}
		}
	}
	for _, m := range object.FindAllSubmatchIndex(p.Data, 100) {
		if p.reads() {
			p.Add(webshell.Webshell, finding.ModerateConfidence, "java-runtime", "The page reads the request and makes a "+string(p.Data[m[2]:m[3]])+", past ColdFusion's own limits.", -1, m[0])
		} else {
			p.Add(webshell.Suspicious, finding.ModerateConfidence, "java-runtime", "The page makes a "+string(p.Data[m[2]:m[3]])+".", -1, m[0])
		}
	}
}

// manager recognises file managers by how much they do as the request says.
func (p *page) manager() {
	if len(p.files) >= 4 {
		p.Add(webshell.Webshell, finding.ModerateConfidence, "file-manager", "The page lists, reads, writes or deletes files as the request says.", -1, p.files[0])
	}
}
