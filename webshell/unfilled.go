package webshell

import (
	"bytes"
	"regexp"
	"strings"

	"limier/finding"
)

// maxUnfilled is the size of a page without code, in bytes.
const maxUnfilled = 2 << 10

var (
	// unspoken is what a page holds beside its code.
	unspoken = regexp.MustCompile(`<%@[^>]*%>|<\?xml[^>]*\?>|</?jsp:root[^>]*>|\s+`)
	// unfilled is a page in which names in braces stand for all of its code.
	unfilled = regexp.MustCompile(`^(?:(?:<%[!=]?|<\?(?:php|=)?|<jsp:(?:declaration|scriptlet|expression)>|<script[^>]*runat[^>]*>)\$?\{+\w+\}+;?(?:%>|\?>|</jsp:(?:declaration|scriptlet|expression)>|</script>))+$`)
	// emptyBody is a function of C# with such a name for all that it does.
	emptyBody = regexp.MustCompile(`\)\s*\{\s*\$?\{\w+\}\s*\}`)
)

// judgeUnfilled finds the template of a page: what generators of web shells fill
// with code, and nothing that a site has a use for.
func judgeUnfilled(languages []*Language, path string, data []byte) Judgement {
	if len(data) > maxUnfilled {
		return Judgement{}
	}
	page := bytes.TrimSpace(data)
	ends := func(s string) bool { return bytes.HasSuffix(page, []byte(s)) }
	switch {
	case bytes.HasPrefix(page, []byte("<%@ Web")) && emptyBody.Match(page):
	case (ends("%>") || ends("?>") || ends("</script>") || ends("</jsp:root>")) && bytes.Contains(page, []byte("}")) && unfilled.Match(unspoken.ReplaceAll(page, nil)):
	default:
		return Judgement{}
	}
	for _, l := range languages {
		if l.Match(strings.ToLower(path), data) {
			return Judgement{Verdict: Malicious, Confidence: finding.ModerateConfidence, Language: l.Name, Reasons: []Reason{{Verdict: Malicious, Confidence: finding.ModerateConfidence,
				Rule: "unfilled-template", Text: "Names in braces stand where all of the page's code should be: the template of a page, which nobody filled in, and which does not run as it stands."}}}
		}
	}
	return Judgement{}
}
