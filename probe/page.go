package probe

import (
	"net/http"
	"regexp"

	"limier/exposure"
)

// A Reading is what an answer tells of Exchange.
type Reading struct {
	Build string // as it stands there: "15.2.792" or "15.2.792.10"
	Where string // "X-OWA-Version" or the path on the page
	Exact bool   // four numbers: security updates show
	Other string // another build that the answer names too, "" if none
	OWA   bool   // it looks like Outlook on the web, with or without a build
}

// themed matches the folders of a build that the page of Outlook on the web
// loads its style and pictures from: /owa/auth/15.2.792/themes/resources/…
var themed = regexp.MustCompile(`(?i)/(?:owa|ecp)/(?:auth/|prem/)?([0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,5}(?:\.[0-9]{1,5})?)/(?:themes|scripts|resources|prem)`)

// owa matches what only the page itself has.
var owa = regexp.MustCompile(`(?i)/owa/auth\.owa|/owa/auth/[^"'\s]{0,200}(?:logon\.css|favicon\.ico|owafont)|outlook web app|class="mouse signInBtn|isOwaPremiumBrowser`)

const maxBuilds = 50 // looked at on one page

// Read reads the build from the headers and the body of a login page. The
// body is what a stranger sent; nothing in it is followed.
func Read(h http.Header, body []byte) (r Reading) {
	// Exchange's front end names itself so in what it refuses, too.
	r.OWA = owa.Match(body) || h.Get("X-FEServer") != ""
	if b := build(h.Get("X-OWA-Version"), true); b != "" {
		r = Reading{Build: b, Where: "X-OWA-Version", OWA: true}
	}
	for _, m := range themed.FindAllSubmatch(body, maxBuilds) {
		b := build(string(m[1]), false)
		switch {
		case b == "":
		case r.Build == "":
			r = Reading{Build: b, Where: "/owa/auth/" + b + "/", OWA: true}
		case !same(r.Build, b) && r.Other == "":
			r.Other = b
		}
	}
	b, _ := exposure.ParseBuild(r.Build)
	r.Exact = r.Build != "" && b[3] >= 0
	return r
}

var whole = regexp.MustCompile(`^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,5}(?:\.[0-9]{1,5})?$`)

// build returns s if it is a build of Exchange; one from a header must be
// nothing else.
func build(s string, header bool) string {
	if header && !whole.MatchString(s) {
		return ""
	}
	b, ok := exposure.ParseBuild(s)
	if !ok || len(exposure.Assess([]exposure.Evidence{{Product: exposure.Exchange, Build: s}}, exposure.Settings{})) == 0 {
		return ""
	}
	return b.String()
}

// same reports whether two builds are of one cumulative update, and do not
// contradict each other beyond that.
func same(a, b string) bool {
	x, _ := exposure.ParseBuild(a)
	y, _ := exposure.ParseBuild(b)
	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && (x[3] == y[3] || x[3] < 0 || y[3] < 0)
}
