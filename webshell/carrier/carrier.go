// Package carrier finds server pages inside files of another kind: a mailbox
// export or a certificate request written under a page's name, the dump of a
// virtual directory's settings, and pictures or documents with a page in them.
//
// ProxyShell and ProxyLogon left such files: New-MailboxExportRequest writes a
// PST, New-ExchangeCertificate a DER request, Set-OabVirtualDirectory followed
// by Reset-OabVirtualDirectory a text with the page in ExternalUrl
// (https://www.microsoft.com/security/blog/2021/03/02/hafnium-targeting-exchange-servers/).
package carrier

import (
	"bytes"
	"crypto/x509"
	"path"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/literal"
	"limier/webshell"
)

// New returns the analyser; inner are the languages that judge the page
// inside.
func New(inner ...*webshell.Language) *webshell.Language {
	return &webshell.Language{
		Name:    "carrier",
		Doc:     "pages inside mailbox exports, certificate requests, settings dumps, pictures and documents",
		Match:   match,
		Analyse: func(name string, data []byte) []webshell.Reason { return analyse(inner, name, data) },
	}
}

var magics = []struct {
	name  string
	magic string
	dump  bool // written by a server's administration, never by hand
}{
	{"an Outlook mailbox export", "!BDN", true},
	{"a DER structure such as a certificate request", "\x30\x82", true},
	{"a GIF", "GIF8", false},
	{"a PNG", "\x89PNG", false},
	{"a JPEG", "\xff\xd8\xff", false},
	{"a PDF", "%PDF-", false},
	{"a RIFF file", "RIFF", false},
	{"a BMP", "BM", false},
	{"an icon", "\x00\x00\x01\x00", false},
	{"a ZIP", "PK\x03\x04", false},
	{"a RAR", "Rar!", false},
}

// page reports whether a server runs files of that name as pages.
func page(name string) bool {
	switch path.Ext(name) {
	case ".aspx", ".ashx", ".asmx", ".ascx", ".asp", ".asa", ".cer", ".php", ".phtml", ".jsp", ".jspx", ".cfm", ".soap", ".master", ".svc":
		return true
	}
	return false
}

func match(name string, head []byte) bool {
	if kind(head) != "" {
		return page(name) || hasMark(head) || len(head) >= 64<<10
	}
	return isTool(name) && hasMark(head) || externalURL().Any(head)
}

var externalURL = literal.NewSource("externalurl")

func kind(data []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(data, []byte(m.magic)) {
			if m.magic == "BM" && (len(data) < 18 || data[14] != 40) {
				continue
			}
			return m.name
		}
	}
	return ""
}

func dump(name string) bool {
	for _, m := range magics {
		if m.name == name {
			return m.dump
		}
	}
	return false
}

// marks open a page, those of PHP first.
var marks = [][]byte{[]byte("<?php"), []byte("<?="), []byte("<%"), []byte("<script"), []byte("<jsp:scriptlet")}

func hasMark(b []byte) bool {
	return slices.ContainsFunc(marks, func(m []byte) bool { return bytes.Contains(b, m) })
}

func analyse(inner []*webshell.Language, name string, data []byte) []webshell.Reason {
	name = strings.ToLower(name)
	carrier := kind(data)
	if carrier == "" {
		if isTool(name) {
			if out := exploit(inner, data); out != nil {
				return out
			}
		}
		return oab(inner, name, data)
	}
	var out []webshell.Reason
	start, found := pageStart(data, marks)
	if found {
		best, rest := judgeInner(inner, name, data, start)
		if other, ok := pageStart(data, marks[:2]); best == nil && ok && other != start { // behind marks of other languages
			best, rest = judgeInner(inner, name, data, other)
		}
		if best != nil {
			best.Rule = "page-in-carrier"
			best.Confidence = finding.HighConfidence
			best.Text = "The file is " + carrier + " with a page inside. " + best.Text
			out = append(append(out, *best), rest...)
		} else if page(name) {
			out = append(out, reason(data, start, webshell.Malicious, "page-in-carrier", "The file is "+carrier+" under a page's name, with code for the server inside."))
		} else if len(data) < 1<<20 {
			out = append(out, reason(data, start, webshell.Suspicious, "page-in-carrier", "The file is "+carrier+" with code for the server inside."))
		}
	}
	if len(out) == 0 && page(name) && dump(carrier) && !certificate(name, data) {
		r := reason(data, 0, webshell.Malicious, "dump-as-page", "The file has a page's name but is "+carrier+": what remains when a server's own export is misused to write a page.")
		out = append(out, r)
	}
	return out
}

// certificate reports whether the file is what its name says: a certificate,
// not the request for one.
func certificate(name string, data []byte) bool {
	if path.Ext(name) != ".cer" || len(data) > maxCertificate {
		return false
	}
	_, err := x509.ParseCertificate(data)
	return err == nil
}

// maxCertificate is far above the size of any certificate, in bytes.
const maxCertificate = 64 << 10

func reason(data []byte, at int, v webshell.Verdict, rule, text string) webshell.Reason {
	return webshell.Reason{Verdict: v, Confidence: finding.ModerateConfidence, Rule: rule, Text: text,
		Steps: []webshell.Step{{Line: webshell.Line(data, at), Role: "sink", Code: webshell.Snippet(data, at)}}}
}

// pageStart finds where a page begins in binary data: one of the marks, followed
// by text. Two bytes of compressed data are often "<%" too.
func pageStart(data []byte, marks [][]byte) (int, bool) {
	best := -1
	for _, m := range marks {
		for at := 0; at < len(data) && (best < 0 || at < best); {
			n := bytes.Index(data[at:], m)
			if n < 0 {
				break
			}
			at += n
			after := data[at:min(len(data), at+64)]
			if m[1] == '?' && len(m) > 3 { // no chance: what follows is short, or the rest is a comment
				after = after[:min(len(after), 24)]
			}
			for _, shut := range []string{"%>", "?>"} {
				if end := bytes.Index(after, []byte(shut)); end > 0 {
					after = after[:end+2]
				}
			}
			if len(after) >= len(m)+8 && webshell.PrintableRatio(after) > 0.95 && (m[1] != 's' || bytes.Contains(bytes.ToLower(data[at:min(len(data), at+200)]), []byte("runat"))) {
				if best < 0 || at < best {
					best = at
				}
				break
			}
			at += len(m)
		}
	}
	return best, best >= 0
}

// judgeInner asks the languages about the page, under the names it could be
// run as, and returns the strongest reason, with lines of the whole file.
func judgeInner(inner []*webshell.Language, name string, data []byte, start int) (*webshell.Reason, []webshell.Reason) {
	part := data[start:min(len(data), start+4<<20)]
	names := []string{"inner.aspx", "inner.asp", "inner.jsp", "inner.php"}
	switch {
	case page(name):
		names = []string{"inner" + path.Ext(name), "inner.aspx"}
	case bytes.HasPrefix(part, []byte("<?")):
		names = []string{"inner.php"}
	}
	for _, n := range names {
		j := webshell.Judge(inner, n, part)
		if j.Verdict.Rank() < webshell.Malicious.Rank() {
			continue
		}
		add := webshell.Line(data, start) - 1
		for i := range j.Reasons {
			for k := range j.Reasons[i].Steps {
				if s := &j.Reasons[i].Steps[k]; s.Line > 0 {
					s.Line += add
				}
			}
		}
		for i := range j.Reasons {
			if j.Reasons[i].Verdict == j.Verdict {
				best := j.Reasons[i]
				return &best, slices.Delete(j.Reasons, i, i+1)
			}
		}
	}
	return nil, nil
}

// maxValue is how long an external address may be for sure, in bytes: those that
// follow one another closely are looked at together.
const maxValue = 2048

// maxSettings is how much of a page in the settings of a server is judged, in bytes.
const maxSettings = 256 << 10

// oab judges the dump of a virtual directory whose external address is a
// page.
func oab(inner []*webshell.Language, name string, data []byte) []webshell.Reason {
	for at := 0; ; {
		n := bytes.Index(data[at:], []byte("ExternalUrl"))
		if n < 0 {
			return nil
		}
		at += n
		value := data[at:min(len(data), at+2*maxValue)]
		lower := bytes.ToLower(value)
		start, ok := -1, false
		if i := bytes.Index(lower, []byte("<script")); i >= 0 && bytes.Contains(lower[i:], []byte("runat")) || bytes.Contains(lower, []byte("<%")) {
			start, ok = pageStart(value, marks)
		}
		if ok {
			r := reason(data, at+start, webshell.Webshell, "page-in-settings", "The external address of a virtual directory is a page: the server's own settings were written into a file that it runs.")
			r.Confidence = finding.HighConfidence
			best, rest := judgeInner(inner, "inner.aspx", data[:min(len(data), at+start+maxSettings)], at+start)
			out := []webshell.Reason{r}
			if best != nil {
				out[0].Family = best.Family
				out = append(append(out, *best), rest...)
			}
			return out
		}
		at = min(len(data), at+maxValue)
	}
}
