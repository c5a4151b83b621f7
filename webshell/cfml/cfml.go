// Package cfml analyses ColdFusion pages: tags and scripts that hand form,
// URL, cookie or header values to commands, evaluation, files or databases.
package cfml

import (
	"bytes"
	"path"
	"regexp"

	"limier/internal/literal"
	"limier/internal/script"
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

// acts are words of which a page that acts holds one.
var acts = literal.New([]string{"cfexecute", "evaluate", "createobject", "cffile", "filewrite", "cfquery", "cfregistry", "cfdirectory", "java.lang", "cfinclude", "cfscript",
	"queryexecute", "fileupload", "cfcontent", "cfhttp", "iif(", "fileappend", "cfschedule", "cfwddx", "objectload", "deserialize", "cfobject", "cfzip",
	"zip ", "render", "fileopen", "execute", "http ", "file ", "schedule", "filecopy", "filemove", "java.", "forname", "loadclass", "unserialize"})

// parts bring other pages of an application into a page; shared is a variable
// that the pages of an application, or of one request, share.
var (
	parts  = literal.New([]string{"<cfinclude", "<cfmodule", "<cfimport", "<cf_"})
	shared = regexp.MustCompile(`^\W?(?:application\.[a-z_]|request\.(?:[a-fh-z]|g[a-df-z])\w*[ .#"&>])`) // not Java's request.getParameter
)

// lower is bytes.ToLower for ASCII alone, which keeps offsets.
func lower(data []byte) []byte {
	out := make([]byte, len(data))
	for i, c := range data {
		if c-'A' < 26 {
			c |= 0x20
		}
		out[i] = c
	}
	return out
}

func analyse(_ string, data []byte) []webshell.Reason {
	if len(data) > 1 && (data[0] >= 0xFE || data[0] == 0 || data[1] == 0) { // UTF-16
		data = []byte(script.Decode(data))
	}
	if !acts.Any(data) {
		return nil
	}
	data, whole := folded(withoutComments(data))
	p := &page{Listing: webshell.NewListing(data), low: lower(data), room: maxRead, told: map[said]bool{}, vars: map[string]*value{}, guarded: map[string]int{},
		functions: map[string]*function{}, at: map[int]*function{}, unclosed: map[string]bool{}, included: map[string]bool{}}
	p.files.acts = map[string]bool{}
	p.member = parts.Any(p.low) || p.shares("application.") || p.shares("request.")
	if len(p.low) > maxRead/2 {
		p.thin()
	}
	p.declarations()
	r := p.reader(0, min(len(p.low), maxRead))
	if head := bytes.TrimSpace(p.low); component.Match(head[:min(len(head), maxTag)]) {
		r.script()
	} else {
		r.tags()
	}
	p.uncalled()
	p.judgeWritten()
	p.judgeMade()
	p.manager()
	p.secrets()
	if !whole || p.room < 0 || len(p.low) > maxRead {
		p.Out = append(p.Out, webshell.Unread(webshell.TooLong))
	}
	return webshell.Strongest(p.Out)
}

// maxRead bounds what is read of a page, function by function, in bytes.
const maxRead = 4 << 20

// worth are words of which a stretch of a large page holds one that is read.
var worth = literal.New([]string{"form", "url", "cgi", "cookie", "gethttp", "getpagecontext", "arguments", "cfexecute", "evaluate", "createobject", "cfobject", "cffile", "file", "cfquery", "cfregistry", "cfdirectory", "iif(", "queryexecute",
	"cfcontent", "cfhttp", "cfschedule", "objectload", "cfinclude", "include", "cfscript", "cffunction", "function", "return", "java", "forname", "loadclass", "render", "execute"})

// thin leaves of a large page the stretches that hold a word of the request or of
// what pages do with it.
func (p *page) thin() {
	for from := 0; from < len(p.low); {
		to := bytes.IndexAny(p.low[from:], ";\n>")
		if to < 0 {
			to = len(p.low) - from
		}
		to += from
		if !worth.Any(p.low[from:to]) {
			for i := from; i < to; i++ {
				p.low[i] = ' '
			}
		}
		from = to + 1
	}
}

// component is what a file begins with that is all script.
var component = regexp.MustCompile(`^\s*(?:(?://[^\n]*\n|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)\s*)*(?:import\s[^<]*?)?(?:abstract\s+|final\s+)?(?:component|interface)\b`)

// shares reports whether the page has shared variables of a scope.
func (p *page) shares(scope string) bool {
	for i := 0; ; i++ {
		n := bytes.Index(p.low[i:], []byte(scope))
		if n < 0 {
			return false
		}
		if i += n; shared.Match(p.low[max(0, i-1):]) {
			return true
		}
	}
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
	*webshell.Listing
	low    []byte // the text in lower case
	member bool   // the page includes others of its application, which may check who asks
	room   int    // bytes that may still be read
	depth  int    // of what is read
	told   map[said]bool
	weaks  int

	vars      map[string]*value
	frames    []*frame // of the functions that run
	functions map[string]*function
	at        map[int]*function // those declared, by where
	all       []*function
	declare   bool   // what is assigned is the function's own
	thrown    *value // the last exception
	written   *value // the text that is kept, if any
	unclosed  map[string]bool
	asked     bool // the request is read

	// Conditions: variables found harmless, and what the one that is read says.
	guarded         map[string]int
	ifs             []branch
	holds           *[]string
	negated, either bool

	// What is judged at the end.
	made     []made
	included map[string]bool // names of the files that the page includes
	files    struct {
		written []written
		handled []int           // where it handles files that the request names
		acts    map[string]bool // what it does with them
	}
}
