package client

import (
	"bytes"
	"regexp"
	"strings"

	"limier/webshell"
)

// runsAtHome are files that run where a visitor opens them.
var runsAtHome = regexp.MustCompile(`(?i)\.(?:exe|msi|scr|lnk|jse?|vb[se]|wsf|hta|bat|cmd|ps1|iso|img|jar|dll|cpl)$`)

// packed is text that a script decoded.
func (r *runner) packed(b []byte) {
	r.carried = r.carried || bytes.HasPrefix(b, []byte("MZ")) && len(b) > 64 && b[3] == 0 || zipped(b)
}

// maxZipped is how many files of an archive are looked at.
const maxZipped = 50

// zipped reports whether an archive holds a file that runs (APPNOTE.TXT, 4.3.7).
func zipped(b []byte) bool {
	for n := 0; n < maxZipped; n++ {
		k := bytes.Index(b, []byte("PK\x03\x04"))
		if k < 0 || n == 0 && k > 0 || len(b) < k+30 {
			return false
		}
		b = b[k:]
		end := 30 + int(b[26]) + int(b[27])<<8
		if end > len(b) {
			return false
		}
		if runsAtHome.Match(b[30:end]) {
			return true
		}
		b = b[end:]
	}
	return false
}

// smuggles is the name under which a page has its visitor keep a file.
func (r *runner) smuggles(name value) {
	if r.carried {
		r.tell(webshell.Malicious, "smuggles-file", "A script holds a program and has the visitor's browser keep it as a file.", name)
	}
}

var (
	asksUpdate = regexp.MustCompile(`(?i)out ?-?of ?-?date|outdated|update`)
	ofBrowser  = regexp.MustCompile(`(?i)chrome|firefox|edge|safari|browser|flash`)
	installer  = regexp.MustCompile(`(?i)<a\b[^>]*\shref\s*=\s*["']?(?:https?:)?(//[^"'\s>]+\.(?:zip|exe|msi|msix|apk|dmg|iso|js|hta|appx))["'\s>?]`)
)

// feigns judges text that becomes part of the page.
func (r *runner) feigns(v value) {
	if !strings.Contains(v.s, "//") || !asksUpdate.MatchString(v.s) || !ofBrowser.MatchString(v.s) {
		return
	}
	if m := installer.FindStringSubmatch(v.s); m != nil && r.foreign(hostOf(m[1])) {
		r.tell(webshell.Malicious, "fake-update", "A script shows the visitor that his browser is old, and a file of another host for it.", str(m[1]))
	}
}
