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
	storeWords = literal.NewSource("get_option(", "get_transient(", "variable_get(", "loadresult(", "db_query(", "$wpdb->get_", "fetchfield(", "dns_get_record(", "wp_remote_", "curl_exec(", "drupal_http_request(", "file_get_contents(")
	pageWords  = literal.NewSource("wp_head", "wp_footer", "wp_enqueue_scripts", "wp_loaded", "wp_body_open", "the_content", "template_redirect", "_preprocess_", "page_alter", "page_bottom", "setbody(", "_jexec", "http_user_agent")
)

// mayPour says that a file may put into pages what it has from elsewhere.
func mayPour(data []byte, have trait) bool {
	if len(data) >= maxPours || have&(hasHeader|hasRemote|hasStrong|hasBuild|hasRequest) == 0 || !pageWords().Any(data) {
		return false
	}
	if have&hasRequest != 0 && bytes.Contains(data, []byte("nopriv_")) && bytes.Contains(data, []byte("update_option(")) {
		return true
	}
	if have&saysScript != 0 && have&hasBuild != 0 && piecemeal(data) {
		return true
	}
	return have&(hasHeader|hasRemote|hasStrong) != 0 && storeWords().Any(data) && (bytes.Contains(data, []byte("echo")) || bytes.Contains(data, []byte("#markup")) || bytes.Contains(data, []byte("return")))
}

// piecemeal says that a script or frame is printed whose address is made
// elsewhere, in a file that has the start of one.
func piecemeal(data []byte) bool {
	return bytes.Contains(data, []byte("src='")) || bytes.Contains(data, []byte(`src="`)) || bytes.Contains(data, []byte(`src=\"`))
}

// keepsRemote says that what is shown is kept by the site, in a file that asks
// other hosts.
func (m *machine) keepsRemote(t taint) bool {
	return m.pours && t&fromDB != 0 && (m.have&hasRemote != 0 || m.filled())
}

// filled says that anybody may have what the site keeps set by a request.
func (m *machine) filled() bool {
	return m.have&hasRequest != 0 && m.mentions("nopriv_", "__return_true") && m.mentions("update_option(", "set_transient(") && !m.mentions("current_user_can(")
}

// guests says that a condition asks whether its visitor is logged in, and that it
// holds for those who are not.
func (m *machine) guests(n *node) (asks, absent bool) {
	if !m.pours {
		return false, false
	}
	code := strings.ReplaceAll(strings.ToLower(m.unit.code(n.pos, n.end)), " ", "")
	for _, w := range []string{"is_user_logged_in(", "current_user_can(", "is_super_admin(", "logged_in"} {
		if i := strings.Index(code, w); i >= 0 {
			return true, i > 0 && code[i-1] == '!' || strings.Contains(code[:i], "empty(")
		}
	}
	return false, false
}

// poured judges what is put into a page of a program for search engines only, or
// for those only who do not run the site.
func (m *machine) poured(n *node, v value, t taint) {
	if v.k == vPart && t&fromRemote != 0 && t&fromRequest == 0 && len(v.s) < maxLit && (half.MatchString(v.s) || (t&shady != 0 || m.facts.spared > 0) && unnamedSource.MatchString(v.s)) {
		m.report("remote-script", webshell.Malicious, moderate, "Another host says from which host the page takes a script.", n, v)
	}
	text := ""
	switch {
	case m.facts.botted > 0 && t&fromDB != 0:
		text = "Content that the site hides is shown to search engines only."
	case m.facts.spared > 0 && t&fromDB != 0 && t&decoded != 0:
		text = "Content that the site hides is shown to those only who are not logged in."
	case m.facts.spared > 0 && t&fromRemote != 0 && v.k == vUnknown:
		text = "What another host gives is shown to those only who are not logged in."
	default:
		return
	}
	m.report("cloaked-content", webshell.Malicious, moderate, text, n, v)
}

// enqueued judges the address of a script that a page takes.
func (m *machine) enqueued(n *node, v value) {
	if t, _ := taintOf(v); t&fromRemote != 0 && t&fromRequest == 0 && (v.k == vUnknown || v.k == vPart && !wholeHost(v.s)) {
		m.report("remote-script", webshell.Malicious, moderate, "Another host says from which host the page takes a script.", n, v)
	} else if url := strings.ToLower(v.s); t&decoded != 0 && t&(fromRequest|fromDB|fromParam) == 0 && remoteURL(url) && !strings.Contains(m.text(), hostOf(url+"/")) || m.veiledHost(v, url) {
		m.report("hidden-script", webshell.Malicious, moderate, "Where a script of the page comes from, or sends its visitors, is hidden.", n, v)
	}
}

// half is a script or frame whose host is not there yet, unnamedSource one without any of
// its address.
var (
	unnamedSource = regexp.MustCompile(`(?i)<(?:script|iframe)\b[^<>]*\bsrc\s*=\s*\\*["']?$`)
	half          = regexp.MustCompile(`(?i)<(?:script|iframe)\b[^<>]*\bsrc\s*=\s*\\*["']?(?:https?:)?//[\w.-]*$`)
)

// pageEnds are texts behind which a page has been shown.
var pageEnds = [][]byte{[]byte("</html>"), []byte("/template-loader.php"), []byte("/wp-blog-header.php"), []byte("footer.php"), []byte("footer.inc.php")}

// endsPage says that code behind the end of a page may show more.
func endsPage(data []byte) bool {
	for _, w := range pageEnds {
		if i := bytes.LastIndex(data, w); i >= 0 && bytes.Contains(data[i:], []byte("echo")) {
			return true
		}
	}
	i := dispatched(data)
	return i >= 0 && bytes.Contains(data[i:], []byte("echo"))
}

// starter is a variable that holds what starts a program.
var starter = regexp.MustCompile(`(\$\w{1,40})\s*=\s*(?:require|include)(?:_once)?\b[^;]{1,200};`)

// dispatched is where a file has had a program that it loads answer the request, -1 if
// nowhere.
func dispatched(data []byte) int {
	if !bytes.Contains(data, []byte("->execute(")) && !bytes.Contains(data, []byte("->run(")) {
		return -1
	}
	m := starter.FindSubmatch(data)
	if m == nil {
		return -1
	}
	name := string(m[1])
	return max(bytes.LastIndex(data, []byte(name+"->execute(")), bytes.LastIndex(data, []byte(name+"->run(")))
}

// behindPage says that what stands at n is shown where the page has ended, and
// that the address it comes from stands there too.
func (m *machine) behindPage(n *node) bool {
	if m.unit != m.file || m.f != m.globals {
		return false
	}
	at := min(int(n.pos), len(m.file.src))
	before, after := m.file.src[:at], m.file.src[at:]
	for _, w := range pageEnds {
		if i := bytes.LastIndex(before, w); i >= 0 && bytes.Contains(before[i:], []byte("://")) && !bytes.Contains(after, w) {
			return true
		}
	}
	i := dispatched(m.file.src)
	return i >= 0 && i < at && bytes.Contains(before[i:], []byte("://"))
}
