package php

import (
	"bytes"
	"regexp"
	"strings"

	"limier/internal/literal"
	"limier/webshell"
)

// maxPours bounds the files that are asked what they pour into pages.
const maxPours = 64 << 10

var (
	storeWords = literal.New([]string{"get_option(", "get_transient(", "variable_get(", "loadresult(", "db_query(", "$wpdb->get_", "fetchfield(", "wp_remote_", "curl_exec(", "drupal_http_request(", "file_get_contents("})
	pageWords  = literal.New([]string{"wp_head", "wp_footer", "wp_body_open", "the_content", "template_redirect", "_preprocess_", "page_alter", "page_bottom", "setbody(", "_jexec", "http_user_agent"})
)

// mayPour says that a file may put into pages what it has from elsewhere.
func mayPour(data []byte, have trait) bool {
	return len(data) < maxPours && (have&(hasHeader|hasRemote|hasStrong) != 0 || bytes.Contains(data, []byte("drupal_http_request"))) && pageWords.Any(data) && storeWords.Any(data) && (bytes.Contains(data, []byte("echo")) || bytes.Contains(data, []byte("#markup")) || bytes.Contains(data, []byte("return")))
}

var (
	// A condition, with calls in it, and the start of what it decides.
	decided = regexp.MustCompile(`\bif\s*\(((?:[^(){};]|\((?:[^(){};]|\((?:[^(){};]|\([^(){};]*\))*\))*\))*)\)\s*[{:]?([^}]{0,400})`)
	// What is shown comes from where the site keeps things.
	showsKept = regexp.MustCompile(`(?:\becho|\bprint|["']#markup["']\s*=>|\bset_?body\s*\()[^;]{0,120}(?:get_option\s*\(|get_site_option\s*\(|get_transient\s*\(|variable_get\s*\(|loadresult\s*\(|db_query\s*\(|fetchfield\s*\(|->get_var\s*\(|\$row->\w+)`)
	keeps     = regexp.MustCompile(`\$(\w+)\s*=\s*(?:get_option|get_site_option|get_transient|variable_get)\s*\(`)
	// An element that nobody sees is put round what stands behind it.
	roundKept    = regexp.MustCompile(`(<(?:div|p|span|ul|font|section)\b[^<>]{0,200}style\s*=[^<>]{0,200}>)\s*["']\s*\.\s*(?:\$(\w+)|(?:get_option|get_transient|variable_get)\s*\()`)
	unseen       = regexp.MustCompile(`(?:left|top|text-indent)\s*:\s*-\d{3,}|display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*[01](?:px|pt)?\s*[;"']|height\s*:\s*[01]px`)
	fromStore    = `\s*=[^;=]{0,80}(?:get_option|get_transient|variable_get|wp_remote_retrieve_body|curl_exec|file_get_contents|\$\w+->data)\b`
	showsDecoded = regexp.MustCompile(`(?:\becho|\bprint)\s*\(?\s*(?:base64_decode|gzinflate|gzuncompress|str_rot13|hex2bin|strrev)\s*\(`)
	// Those who are logged in are spared.
	sparesUsers = regexp.MustCompile(`(?:if\s*\(\s*(?:is_user_logged_in|current_user_can|is_super_admin)\s*\([^()]*\)\s*\)\s*\{?\s*return\s*;\s*\}?\s*|!\s*is_user_logged_in\s*\(\s*\)\s*\)\s*\{?\s*)(?:echo|print)\s*\(?\s*\$(?:(\w+)\s*\)?\s*;|this->(\w+)\s*\()`)
)

// maxPoured bounds what is read of bodies of functions, which stand within each
// other, in bytes.
const maxPoured = 4 << 20

// pours finds what is put into pages for search engines only, where nobody sees
// it, or for those only who do not run the site.
func (m *machine) pours() {
	low := m.text()
	say := func(rule, text string, at int) {
		m.report(rule, webshell.Malicious, moderate, text, &node{pos: uint32(at), end: uint32(at + 1)}, value{})
	}
	if strings.Contains(low, "http_user_agent") {
		for _, at := range decided.FindAllStringSubmatchIndex(low, 200) {
			cond := strings.ReplaceAll(strings.ReplaceAll(low[at[2]:at[3]], "!==", ""), " ", "")
			bots := botWord(cond) || strings.Contains(cond, "agent") && botWord(low[max(0, at[0]-maxList):at[0]])
			if bots && !strings.ContainsAny(cond, "!") && !strings.Contains(cond, "==false") && (strings.Contains(cond, "agent") || strings.Contains(cond, "pos(") || strings.Contains(cond, "preg_match(")) && shows(low[at[4]:at[5]]) {
				say("cloaked-content", "Content that the site hides is shown to search engines only.", at[0])
				return
			}
		}
	}
	bodies, left := m.bodies(), maxPoured
	if pageHook.MatchString(low) {
		for _, b := range bodies {
			if left -= int(b.to) - int(b.from); int(b.to) > len(low) || b.to <= b.from || left < 0 {
				continue
			}
			body := low[b.from:b.to]
			if at := showsDecoded.FindStringIndex(body); at != nil && (strings.Contains(body, "logged_in") || strings.Contains(body, "current_user_can(")) && storeWords.Any([]byte(body)) {
				say("cloaked-content", "Content that the site hides is shown to those only who are not logged in.", int(b.from)+at[0])
				return
			}
		}
	}
	if !asksRemote.MatchString(low) && !strings.Contains(low, "file_get_contents") {
		return
	}
	for _, b := range bodies {
		if left -= int(b.to) - int(b.from); int(b.to) > len(low) || b.to <= b.from || left < 0 {
			continue
		}
		body := low[b.from:b.to]
		for _, g := range roundKept.FindAllStringSubmatch(body, 20) {
			if left -= len(low); left < 0 {
				break
			}
			if unseen.MatchString(g[1]) && (g[2] == "" || assigned(body, g[2])) && remoteKept.MatchString(low) {
				say("hidden-links", "Content of another host is put where no visitor sees it.", int(b.from)+strings.Index(body, g[1]))
				return
			}
		}
		for _, g := range sparesUsers.FindAllStringSubmatch(body, 20) {
			if left -= len(low); left < 0 {
				break
			}
			if g[1] != "" && assigned(body, g[1]) && asksRemote.MatchString(body) || g[2] != "" && brings(low, bodies, g[2]) {
				say("cloaked-content", "What another host gives is shown to those only who are not logged in.", int(b.from)+strings.Index(body, g[0]))
				return
			}
		}
	}
}

// maxList is how far before a loop's condition its list is looked for, in bytes.
const maxList = 200

// shows says that code shows what the site keeps.
func shows(code string) bool {
	if showsKept.MatchString(code) {
		return true
	}
	g := keeps.FindStringSubmatch(code)
	if g == nil {
		return false
	}
	_, printed, ok := strings.Cut(code, "echo")
	printed, _, _ = strings.Cut(printed, ";")
	return ok && strings.Contains(printed+" ", "$"+g[1])
}

// remoteKept is what another host gave, kept by the site or shown.
var remoteKept = regexp.MustCompile(`(?:wp_remote_(?:get|post|request)|drupal_http_request|curl_exec|file_get_contents\s*\(\s*["']https?:)`)

// assigned says that a variable was given what is kept, or what another host gave.
func assigned(body, name string) bool {
	re, err := regexp.Compile(`\$` + regexp.QuoteMeta(name) + fromStore)
	return err == nil && re.MatchString(body)
}

// brings says that a method asks another host.
func brings(low string, bodies []span, name string) bool {
	for _, b := range bodies {
		if int(b.to) > len(low) || b.to <= b.from {
			continue
		}
		head, body, _ := strings.Cut(low[b.from:b.to], "(")
		if strings.TrimSpace(strings.TrimPrefix(head, "function")) == name && asksRemote.MatchString(body) {
			return true
		}
	}
	return false
}
