package client

import (
	"path"

	"limier/finding"
	"limier/webshell"
)

// skimmers finds scripts that send what is typed into a logon page elsewhere.
func (p *page) skimmers() {
	switch path.Ext(p.name) {
	case ".aspx", ".ascx", ".master", ".jsp", ".jspx", ".js":
		return // the server's languages ask it themselves, and a script is no page
	}
	if len(p.scripts()) == 0 {
		return
	}
	if at := webshell.SendsPasswords(string(p.data)); at >= 0 {
		p.add(webshell.Malicious, finding.ModerateConfidence, "sends-passwords", webshell.SkimmerText, at, "")
	}
}
