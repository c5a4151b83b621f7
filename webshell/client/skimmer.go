package client

import (
	"bytes"
	"path"
	"slices"

	"limier/finding"
	"limier/webshell"
)

// skimmers finds scripts that send what is typed into a logon page elsewhere.
func (p *page) skimmers() {
	if !slices.ContainsFunc(p.scripts, func(s span) bool { return s.words&sends != 0 && absolute(p.data[s.from:s.to]) }) || !bytes.Contains(p.data, []byte("password")) {
		return
	}
	switch path.Ext(p.name) {
	case ".aspx", ".ascx", ".master", ".jsp", ".jspx":
		return // the server's languages ask it themselves
	}
	if at := webshell.SendsPasswords(string(p.data)); at >= 0 {
		p.add(webshell.Malicious, finding.ModerateConfidence, "sends-passwords", webshell.SkimmerText, at, "")
	}
}

// absolute reports whether a script names an address of a host.
func absolute(data []byte) bool {
	return bytes.Contains(data, []byte("://")) || bytes.Contains(data, []byte(`"//`)) || bytes.Contains(data, []byte("'//"))
}
