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

// Fields that ask for the words that open a wallet, in lower case.
var (
	phrases = literal.New([]string{"-word", "2 word", "4 word", "phrase", "mnemonic", "-Word", "2 Word", "4 Word", "Phrase", "Mnemonic", "PHRASE"})
	phrase  = regexp.MustCompile(`\b(?:12|24|twelve)[- ]words?\b|\b(?:seed|recovery|secret|mnemonic|backup)[ _-](?:phrase|words)\b|\bmnemonic\b`)
	tokens  = regexp.MustCompile(`csrf|nonce|_token|authenticity|<[?%]|ng-(?:model|submit)|v-model`)
)

// opensWallets finds forms that ask for such words and send them to a script.
// Wallets that run in the browser keep them there, and settings of one's own shop
// hold a token.
func (p *page) opensWallets() {
	if p.kind != markup || p.survey.has&aForm == 0 || !phrases.Any(p.data) {
		return
	}
	low, n := p.markup(), 0
	for t := range tags(low) {
		if t.name != "form" || t.closing {
			continue
		}
		if n++; n > maxForms {
			return
		}
		method, _ := t.attr("method")
		action, _ := t.attr("action")
		form, _, ok := strings.Cut(low[t.end:], "</form")
		if !ok || method != "post" || !strings.HasSuffix(action, ".php") || tokens.MatchString(form) {
			continue
		}
		for f := range tags(form) {
			if f.name != "input" && f.name != "textarea" || f.closing {
				continue
			}
			for _, a := range []string{"placeholder", "title", "aria-label", "name"} {
				if asks, _ := f.attr(a); phrase.MatchString(asks) {
					p.add(webshell.Malicious, finding.ModerateConfidence, "asks-phrase", "A form of the page asks for the words that open a wallet and sends them to a script.", t.at, "")
					return
				}
			}
		}
	}
}

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
