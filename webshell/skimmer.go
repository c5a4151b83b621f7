package webshell

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/literal"
	"limier/internal/script"
)

var (
	passwordInput = regexp.MustCompile(`(?i)<input\b[^>]*\btype\s*=\s*["']?password\b[^>]*>`)
	fieldName     = regexp.MustCompile(`(?i)\s(?:id|name)\s*=\s*["']?([\w:$-]+)`)
	ownForm       = regexp.MustCompile(`(?i)<form\b[^>]*\baction\s*=\s*["']?(?:[\w./~?-]+|<%[^>]*>)["'\s>]`)
	sendsAway     = regexp.MustCompile(`(?i)(?:\.open\(\s*["'](?:get|post|put)["']\s*,|fetch\(|sendBeacon\(|\.src\s*=|\.(?:ajax|get|post)\(\s*(?:\{\s*url\s*:)?)\s*["'](?:https?:)?//[\w.-]+\.`)
	scriptEnd     = regexp.MustCompile(`(?i)</script`)
	sendsHome     = regexp.MustCompile(`(?i)(?:\.open\(\s*["'](?:get|post|put)["']\s*,|fetch\(|sendBeacon\(|\.src\s*=|\.(?:ajax|get|post)\(\s*(?:\{\s*url\s*:)?)\s*["']/?[\w.]`)
)

// fields and senders are what such a page holds; most hold neither.
var (
	fields  = literal.NewSource(`type="password`, `type='password`, `type=password`)
	senders = literal.NewSource("XMLHttpRequest", "fetch(", "sendBeacon(", "ajax(", "$.post(", "$.get(", "new Image")
)

// Bounds of what SendsPasswords reads, in bytes: of a page, and after an
// address for what is sent there.
const (
	maxLogonPage = 128 << 10
	maxSent      = 600
)

// SendsPasswords returns the offset of the script in a logon page that sends
// what is typed into its password field to another host, besides the form that
// sends it to its own; -1 without. Reports of changed Exchange logon pages
// (Positive Technologies, June 2025) show such scripts.
func SendsPasswords(page string) int { return sends(page, sendsAway) }

// SendsTwice reports whether the script in a logon page sends what is typed into
// its password field to its own host, besides the form.
func SendsTwice(page string) bool { return sends(page, sendsHome) >= 0 }

// sends returns the offset where a script sends a password in a way.
func sends(page string, way *regexp.Regexp) int {
	if len(page) > maxLogonPage || !fields().AnyIn(page) || !senders().AnyIn(page) {
		return -1
	}
	if !way.MatchString(page) || !ownForm.MatchString(page) {
		return -1
	}
	names := PasswordInputs(page)
	if len(names) == 0 {
		return -1
	}
	for i, name := range names {
		names[i] = regexp.QuoteMeta(name)
	}
	read := `["'.#](?:` + strings.Join(names, "|") + `)["']?\]?\)?(?:\[0\])?\.val(?:ue\b|\(\))`
	reads := regexp.MustCompile(read)
	into := regexp.MustCompile(`(\w+)\s*=[^=;,\n]{0,80}` + read)
	var held []string
	for _, m := range into.FindAllStringSubmatch(page, 8) {
		held = append(held, m[1])
	}
	word := regexp.MustCompile(`\w+`)
	for _, at := range way.FindAllStringIndex(page, 50) {
		sent := page[at[0]:min(len(page), at[1]+maxSent)]
		if end := scriptEnd.FindStringIndex(sent); end != nil {
			sent = sent[:end[0]]
		}
		if reads.MatchString(sent) || slices.ContainsFunc(word.FindAllString(sent, -1), func(w string) bool { return slices.Contains(held, w) }) {
			return at[0]
		}
	}
	return -1
}

// PasswordInputs returns the names of a page's fields for passwords, of the
// first four at most.
func PasswordInputs(page string) []string {
	var names []string
	for _, tag := range passwordInput.FindAllString(page, 4) {
		for _, m := range fieldName.FindAllStringSubmatch(tag, 4) {
			names = append(names, m[1])
		}
	}
	return names
}

func containsAny(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

// Skimmer notes a page whose script sends passwords to another host, or hides
// what it does with the page.
func (l *Sights) Skimmer(page string) {
	if at := hidesDOM(page); at >= 0 {
		l.See(&script.Node{Pos: int32(at)}, script.Value{}, Sight{Rule: "hidden-dom", Verdict: Malicious, Sure: finding.ModerateConfidence,
			Text: "A script for the browser takes the names of what it reads and adds from hexadecimal text, as thieves of card numbers do."})
	}
	if at := SendsPasswords(page); at >= 0 {
		l.See(&script.Node{Pos: int32(at)}, script.Value{}, Sight{Rule: "sends-passwords", Verdict: Malicious, Sure: finding.ModerateConfidence, Text: SkimmerText})
	}
}

// domWords are names by which scripts read pages and add to them, in
// hexadecimal.
var domWords = func() (out []string) {
	for _, w := range []string{"createElement", "addEventListener", "appendChild", "getElementsByTagName", "getElementById", "querySelector", "document", "elements", "insertBefore", "setAttribute", "location", "XMLHttpRequest", "sendBeacon"} {
		out = append(out, hex.EncodeToString([]byte(w)))
	}
	return out
}()

// hidesDOM returns the offset of the first of at least two such names in a
// page that decodes them letter by letter; -1 without. Skimmers on ASP.NET
// sites did it (Malwarebytes, July 2020).
func hidesDOM(page string) int {
	if len(page) > maxLogonPage || !strings.Contains(page, "fromCharCode") || !strings.Contains(page, "16)") {
		return -1
	}
	low, first, n := strings.ToLower(page), -1, 0
	for _, w := range domWords {
		if i := strings.Index(low, w); i >= 0 {
			n++
			if first < 0 || i < first {
				first = i
			}
		}
	}
	if n < 2 {
		return -1
	}
	return first
}

// SkimmerText says what a page does in which SendsPasswords found a script.
const SkimmerText = "A script in the page sends what is typed as password to another host as well."

var scriptElsewhere = regexp.MustCompile(`(?i)<(?:script|iframe)[^>]+src\s*=\s*["']?(?:https?:)?//`)

// ScriptElsewhere reports whether text shows a script or frame of another host.
func ScriptElsewhere(text string) bool { return scriptElsewhere.MatchString(text) }

// maxInjected is the size of what is put into other pages, in bytes.
const maxInjected = 512

// Injected reports whether text is a script or frame of another host and no
// page around it.
func Injected(text string) bool {
	return len(text) < maxInjected && strings.Contains(text, "//") && ScriptElsewhere(text) && strings.HasPrefix(strings.TrimSpace(text), "<") && !containsAny(strings.ToLower(text), []string{"<html", "<head", "<body", "<!doctype"})
}
