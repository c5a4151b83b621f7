package client

import (
	"regexp"
	"strings"

	"limier/finding"
	"limier/internal/literal"
	"limier/webshell"
)

var (
	passwordField = literal.New([]string{`type="password`, `type='password`, `type=password`})
	brands        = regexp.MustCompile(`outlook|office ?365|microsoft|sharepoint|onedrive|webmail|roundcube|zimbra|paypal|apple id|icloud|amazon|netflix|docusign|adobe|dropbox|facebook|instagram|linkedin|dhl|wells fargo|chase|bank`)
	chatBots      = []string{"api.telegram.org/bot", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"}
	chats         = literal.New(chatBots)
	actions       = literal.New([]string{`action="http`, `action='http`, `action=http`, `action="//`})
	heading       = regexp.MustCompile(`(?s)<title[^>]*>(.{1,200}?)</title`)
)

// maxForms is how many forms of one page are looked at.
const maxForms = 50

// phishing finds logon pages whose form goes to another host or to a chat.
func (p *page) phishing() {
	if p.kind != markup || p.survey.has&aForm == 0 || !passwordField.Any(p.data) {
		return
	}
	if chats.Any(p.data) {
		low := p.markup()
		for _, c := range chatBots {
			if k := strings.Index(low, c); k >= 0 {
				p.add(webshell.Malicious, finding.ModerateConfidence, "sends-passwords", "A logon page writes to a chat service.", k, "")
				return
			}
		}
	}
	if !actions.Any(p.data) {
		return
	}
	low := p.markup()
	m := heading.FindStringSubmatch(low)
	if m == nil {
		return
	}
	brand := brands.FindString(m[1])
	if brand == "" {
		return
	}
	n := 0
	for t := range tags(low) {
		if t.name != "form" || t.closing {
			continue
		}
		if n++; n > maxForms {
			return
		}
		action, _ := t.attr("action")
		h := host(action)
		if h == "" || webshell.WellKnown(h) || strings.Contains(h, strings.Fields(brand)[0]) || p.names(low, h, t.at) {
			continue
		}
		form, _, _ := strings.Cut(low[t.end:], "</form")
		if passwordField.Any([]byte(form)) {
			p.add(webshell.Suspicious, finding.ModerateConfidence, "foreign-logon", "A logon page that calls itself "+brand+" sends its form to another host: "+webshell.Cut(action, 100)+".", t.at, "")
			return
		}
	}
}
