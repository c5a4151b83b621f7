package php

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"limier/webshell"
)

// maxHider bounds the files that are asked what they hide: those that hide are
// small, or lie in front of a theme's own functions.
const maxHider = 64 << 10

// mayHide says that a file may hide something in the pages of WordPress'
// administrators.
func mayHide(data []byte, have trait) bool {
	if len(data) > maxHider || have&hasAction == 0 {
		return false
	}
	for _, w := range []string{"display", "the-list", "all_plugins", "show_advanced_plugins", "pre_current_active_plugins", "option_active_plugins", "views_users", "user_query", "pre_get_users", "users_list_table", "pre_get_posts", "wp_set_auth_cookie"} {
		if bytes.Contains(data, []byte(w)) {
			return true
		}
	}
	return false
}

var (
	// A rule for a row of a list, or an item of the menu, that is written out.
	styledRow = regexp.MustCompile(`(?:data-(?:slug|plugin)\s*[*^$~]?=\s*\\?["']?[\w./-]+|tr#?(?:user|post)-\d+|#user-\d+|#toplevel_page_[\w-]+|#menu-(?:plugins|users))[^{}]{0,200}\{\s*display\s*:\s*none`)
	// A script that takes a row out.
	takenRow = regexp.MustCompile(`(?:#the-list|data-slug=|data-plugin=|#user-\d|users-php)[^<]{0,400}(?:\.remove\(|\.hide\(|display\s*=\s*\\?["']none)`)
	// Lists from which something written out, or the file itself, is taken.
	unlists    = regexp.MustCompile(`unset\s*\(\s*[^)]{0,80}\[\s*(?:["'][\w-]+/[\w.-]+\.php["']|plugin_basename\(\s*__file__\s*\)|\$\w+)\s*\]`)
	lessUsers  = regexp.MustCompile(`(?:query_where|where)\b[^;]{0,160}(?:\bid\s*(?:!=|<>|not in)|user_login\s*(?:!=|<>))`)
	fewer      = regexp.MustCompile(`-\s*1\s*[).;]|--\s*\$|\$\w+--`)
	fewerPosts = regexp.MustCompile(`->publish\s*(?:-=|=[^;]{0,60}->publish\s*-|--)|--\s*\$\w+->publish`)
	adminSide  = regexp.MustCompile(`\bis_admin\s*\(`)
	leftOut    = regexp.MustCompile(`["'](?:post__not_in|author__not_in|exclude)["']`)
	loggedIn   = regexp.MustCompile(`wp_set_auth_cookie\s*\(\s*\d+`)
	// What is done besides: to visitors, or to get in.
	printsOther  = regexp.MustCompile(`(?:echo|print)[^;]{0,80}(?:get_option|get_transient|wp_remote_retrieve_body|file_get_contents|base64_decode|curl_exec)\s*\(`)
	pageHook     = regexp.MustCompile(`["'](?:wp_head|wp_footer|wp_print_footer_scripts|wp_body_open|the_content|template_redirect|wp_enqueue_scripts|loop_start)["']`)
	asksRemote   = regexp.MustCompile(`(?:wp_remote_(?:get|post|request)|curl_exec|file_get_contents\s*\(\s*["']https?://|drupal_http_request)\b`)
	letsIn       = regexp.MustCompile(`wp_(?:create|insert)_user\s*\(|set_role\s*\(\s*["']administrator|\beval\s*\(`)
	offScreen    = regexp.MustCompile(`(?:left|top|text-indent)\s*:\s*-\d{3,}|font-size\s*:\s*0[;"' p]`)
	pluginHeader = regexp.MustCompile(`(?m)^[ \t*#/]*plugin name:\s*(.+?)\s*$`)
)

// A hidingHook is a filter through which a list goes that administrators see,
// and how something is taken from it.
type hidingHook struct {
	hook string
	how  *regexp.Regexp
}

var hidingHooks = []hidingHook{
	{"all_plugins", unlists}, {"plugins_list", unlists}, {"pre_current_active_plugins", regexp.MustCompile(`unset\s*\([^)]*->items`)},
	{"option_active_plugins", adminSide}, {"show_advanced_plugins", regexp.MustCompile(`false`)},
	{"pre_user_query", lessUsers}, {"pre_get_users", leftOut}, {"users_list_table_query_args", leftOut},
}

// hiding judges a file that hides itself, a user or posts from administrators:
// many programs tidy up, but those that hide what is theirs and meanwhile show
// something to visitors, or let somebody in, have a reason to.
func (m *machine) hiding() {
	if !mayHide(m.file.src, m.have) {
		return
	}
	low := m.text()
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(low, w) {
				return true
			}
		}
		return false
	}
	first := func(re *regexp.Regexp) *node {
		if at := re.FindStringIndex(low); at != nil {
			return &node{pos: uint32(at[0]), end: uint32(at[1])}
		}
		return nil
	}
	say := func(rule, text string, n *node) {
		m.report(rule, webshell.Malicious, moderate, text, n, value{})
	}
	if n := first(loggedIn); n != nil && has("$_get", "$_post", "$_request", "$_cookie") && !has("current_user_can(", "wp_verify_nonce(", "check_admin_referer(", "check_ajax_referer(") {
		say("makes-administrator", "The script logs its visitor in as an administrator.", n)
	}
	if has("pre_user_query") && has("views_users") && first(lessUsers) != nil && fewer.MatchString(low) {
		n := first(lessUsers)
		say("hides-user", "A user is kept out of the list of users, and out of their number.", n)
	}
	if has("'pre_get_posts'", `"pre_get_posts"`) && has("'wp_count_posts'", `"wp_count_posts"`) && adminSide.MatchString(low) && leftOut.MatchString(low) && fewerPosts.MatchString(low) {
		say("hides-posts", "Posts are kept out of the list of administrators, and out of their number.", first(fewerPosts))
	}
	if !has("admin_head", "admin_footer", "admin_print", "admin_enqueue", "admin_init", "pre_get_posts") && !slices.ContainsFunc(hidingHooks, func(h hidingHook) bool { return has(h.hook) }) || !m.acts(low) {
		return
	}
	const itself = "What hides itself or a user from administrators shows something to visitors, or lets somebody in."
	n := first(styledRow)
	if n == nil {
		n = first(takenRow)
	}
	if n != nil && has("admin_head", "admin_footer", "admin_print", "admin_enqueue", "admin_init") {
		say("hides-itself", itself, n)
		return
	}
	if name := pluginHeader.FindStringSubmatch(low); name != nil && has("admin_footer", "admin_head") && has("#the-list", "tr[") && strings.Count(low, name[1]) > 1 && has("display", ".remove(", ".hide(") {
		say("hides-itself", itself, &node{})
		return
	}
	optional := has("get_option(", "get_site_option(") && !printsOther.MatchString(low)
	for _, h := range hidingHooks {
		if has("'"+h.hook+"'", `"`+h.hook+`"`) && !optional {
			if n := first(h.how); n != nil && !byOption(low, n) {
				say("hides-itself", itself, n)
				return
			}
		}
	}
	if n := first(offScreen); n != nil && has("'pre_get_posts'", `"pre_get_posts"`) && adminSide.MatchString(low) && leftOut.MatchString(low) {
		say("hides-posts", "Posts that administrators do not see are linked where no visitor sees it.", n)
	}
}

// byOption says that the function around n asks for a setting before it hides
// what it hides.
func byOption(low string, n *node) bool {
	body := low[:n.pos]
	at := strings.LastIndex(body, "function ")
	return at >= 0 && (strings.Contains(body[at:], "get_option(") || strings.Contains(body[at:], "get_site_option("))
}

// acts says that a file shows visitors what it has from elsewhere, or lets
// somebody in.
func (m *machine) acts(low string) bool {
	if (letsIn.MatchString(low) || strings.Contains(low, "wp_set_auth_cookie(") && !asksRemote.MatchString(low)) && m.mentions("$_get", "$_post", "$_request", "$_cookie", "administrator") {
		return true
	}
	if !pageHook.MatchString(low) {
		return false
	}
	if printsOther.MatchString(low) || asksRemote.MatchString(low) || offScreen.MatchString(low) {
		return true
	}
	if host, _ := foreign(low); host != "" {
		return true
	}
	for _, t := range m.file.tokens { // an address in escapes
		if t.kind == tTpl && bytes.IndexByte(m.file.src[t.pos:t.end], '\\') >= 0 && strings.HasPrefix(meant(tTpl, m.file.src[t.pos+1:min(t.end, t.pos+maxLit)]), "http") && !bytes.HasPrefix(m.file.src[t.pos+1:], []byte("http")) {
			return true
		}
	}
	return false
}
