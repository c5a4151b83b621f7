package php

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	"limier/internal/literal"
	"limier/webshell"
)

// maxHider bounds the files that are asked what they hide: those that hide are
// small, or lie in front of a theme's own functions.
const maxHider = 64 << 10

// maxOptions bounds the options that a file is asked about.
const maxOptions = 20

// mayHide says that a file may hide something in the pages of WordPress'
// administrators.
func mayHide(data []byte, have trait) bool {
	if len(data) > maxHider || have&hasAction == 0 {
		return false
	}
	return hideWords().Any(data)
}

// hideWords are words without which a file hides nothing.
var hideWords = literal.NewSource("display", "the-list", "all_plugins", "show_advanced_plugins", "pre_current_active_plugins", "option_active_plugins", "views_users", "user_query", "pre_get_users", "users_list_table", "pre_get_posts", "posts_where", "posts_results", "the_posts", "pre_http_request", "wp_set_auth_cookie", "deactivate_plugins", "rest_user_query", "wordfence")

var (
	adminSide    = regexp.MustCompile(`\bis_admin\s*\(`)
	leftOut      = regexp.MustCompile(`["'](?:post__not_in|author__not_in|login__not_in|exclude)["']`)
	adminToo     = regexp.MustCompile(`[^!\s]\s*\bis_admin\s*\(`)
	lessPosts    = regexp.MustCompile(`\$\w+\s*\.=[^;]{0,200}(?:\bid|post_author|post_name)\s*(?:not in|!=|<>)`)
	fewerUsers   = regexp.MustCompile(`["'](?:login__not_in|role__not_in|exclude)["']\s*\]?\s*(?:=>?|,)`)
	blinds       = regexp.MustCompile(`(?:str(?:i?pos|str|_contains)|in_array|array_diff|unset|preg_match)\s*\([^;]{0,120}(?:wordfence|sucuri|malcare|patchstack|better-wp-security|cerber)`)
	twoGuards    = regexp.MustCompile(`(?:wordfence[^;]{0,200}(?:sucuri|malcare|patchstack|better-wp-security|cerber)|(?:sucuri|malcare|patchstack|better-wp-security|cerber)[^;]{0,200}wordfence)`)
	sentOn       = regexp.MustCompile(`wp_redirect\s*\(\s*["']https?://([\w.-]+\.[a-z]{2,})`)
	filtersPosts = regexp.MustCompile(`array_filter\s*\(\s*\$\w*posts|unset\s*\(\s*\$\w*posts\s*\[`)
	opensByKey   = regexp.MustCompile(`(?:md5|sha1|hash)\s*\([^;]{0,80}\$_(?:get|post|request|cookie|server)\b[^;]{0,80}={2,3}|\$_(?:get|post|request|cookie|server)\b[^;]{0,80}[!=]==?\s*["'][^"']{4,}["']`)
	lessUsers    = regexp.MustCompile(`(?:query_where|where)\b[^;]{0,160}(?:\bid\s*(?:!=|<>|not in)|user_login\s*(?:!=|<>))`)
	fewer        = regexp.MustCompile(`-\s*1\s*[).;]|--\s*\$|\$\w+--`)
	fewerPosts   = regexp.MustCompile(`->publish\s*(?:-=|=[^;]{0,60}->publish\s*-|--)|--\s*\$\w+->publish`)
	// Lists from which something written out, or the file itself, is taken.
	unlists = regexp.MustCompile(`unset\s*\(\s*[^)]{0,80}\[\s*(?:["'][\w-]+/[\w.-]+\.php["']|plugin_basename\(\s*__file__\s*\)|\$\w+)\s*\]|array_(?:filter|diff_key)\s*\(\s*\$\w+[^;]{0,120}(?:__file__|["'][\w-]+/[\w.-]+\.php["'])`)
	// A rule for a row of a list, or an item of the menu, that is written out.
	styledRow = regexp.MustCompile(`(?:data-(?:slug|plugin)\s*[*^$~]?=\s*\\?["']?[\w./-]+|tr#?(?:user|post)-\d+|#user-\d+|#toplevel_page_[\w-]+|#menu-(?:plugins|users))[^{}]{0,200}\{\s*display\s*:\s*none`)
	// A script that takes a row out.
	takenRow = regexp.MustCompile(`(?:#the-list|data-slug=|data-plugin=|#user-\d|users-php)[^<]{0,400}(?:\.remove\(|\.hide\(|display\s*=\s*\\?["']none)`)
	// What is done besides: to visitors, or to get in.
	printsOther = regexp.MustCompile(`(?:echo|print)[^;]{0,80}(?:get_option|get_transient|wp_remote_retrieve_body|file_get_contents|base64_decode|curl_exec)\s*\(`)
	asksRemote  = regexp.MustCompile(`(?:wp_remote_(?:get|post|request)|curl_exec|file_get_contents\s*\(\s*["']https?://|drupal_http_request)\b`)
	letsIn      = regexp.MustCompile(`wp_(?:create|insert)_user\s*\(|set_role\s*\(\s*["']administrator|\beval\s*\(`)
	readsOption = regexp.MustCompile(`get_(?:site_)?option\(\s*('[^']*'|"[^"]*"|)`)
	offScreen   = regexp.MustCompile(`(?:left|top|text-indent)\s*:\s*-\d{3,}|font-size\s*:\s*0[;"' p]`)
)

// A concealment is a way to hide something from administrators.
type concealment struct {
	rule string // "" for hides-itself
	text string
	says string
	fits []*regexp.Regexp // patterns, of which the first says where
	acts bool             // it counts where something is done besides

	checks bool // it counts unless the request is checked
	hook   bool // it counts unless a setting decides
}

var concealments = []concealment{
	{rule: "hides-user", text: "A user is kept out of the list of users, and out of their number.", says: "pre_user_query views_users", fits: []*regexp.Regexp{lessUsers, fewer}},
	{rule: "hides-user", text: "A user is kept out of the list of users, and out of their number.", says: `"users_list_table_query_args"|"pre_get_users" views_users`, fits: []*regexp.Regexp{fewerUsers, fewer}, hook: true},
	{rule: "blinds-guards", text: "A script that shows something to visitors, or lets somebody in, keeps security programs from working.", says: `"pre_http_request"|"option_active_plugins"|"http_request_args" wordfence|sucuri|malcare|patchstack|better-wp-security|cerber`, fits: []*regexp.Regexp{blinds}, acts: true},
	{rule: "hides-posts", text: "Posts are kept out of the lists of administrators by a script that shows something to visitors, or lets anybody post.", says: `"posts_results"|"the_posts"`, fits: []*regexp.Regexp{filtersPosts, adminSide}, acts: true},
	{rule: "hides-posts", text: "Posts are kept out of the list of administrators, and out of their number.", says: `"pre_get_posts" "wp_count_posts"`, fits: []*regexp.Regexp{fewerPosts, adminSide, leftOut}},
	{says: adminPage + " display data-|user-|post-|#toplevel_page_|#menu-", fits: []*regexp.Regexp{styledRow}, acts: true},
	{says: adminPage + " #the-list|data-|#user-|users-php", fits: []*regexp.Regexp{takenRow}, acts: true},
	{says: `"all_plugins"|"plugins_list"`, fits: []*regexp.Regexp{unlists}, acts: true, hook: true},
	{says: `"pre_current_active_plugins"`, fits: []*regexp.Regexp{regexp.MustCompile(`unset\s*\([^)]*->items`)}, acts: true, hook: true},
	{says: `"option_active_plugins"`, fits: []*regexp.Regexp{adminSide}, acts: true, hook: true},
	{says: `"show_advanced_plugins"`, fits: []*regexp.Regexp{regexp.MustCompile(`false`)}, acts: true, hook: true},
	{says: `"pre_user_query"`, fits: []*regexp.Regexp{lessUsers}, acts: true, hook: true},
	{rule: "blinds-guards", text: "A script that shows something to visitors, or lets somebody in, keeps security programs from working.", says: "deactivate_plugins(|rename(|rmdir(|unlink( wordfence|sucuri|malcare", fits: []*regexp.Regexp{twoGuards, regexp.MustCompile(`(?:deactivate_plugins|rename|rmdir|unlink)\s*\(`)}, acts: true},
	{says: `"pre_get_users"|"users_list_table_query_args"|"rest_user_query"`, fits: []*regexp.Regexp{leftOut}, acts: true, hook: true},
	{rule: "hides-posts", text: "Posts are kept out of the lists of administrators by a script that shows something to visitors, or lets anybody post.", says: `"posts_where"`, fits: []*regexp.Regexp{lessPosts, adminToo}, acts: true},
	{rule: "hides-posts", text: "Posts that anybody may add are kept out of the lists.", says: `"pre_get_posts" nopriv_|'__return_true'|"__return_true" wp_insert_post(`, fits: []*regexp.Regexp{leftOut}, checks: true},
	{rule: "hides-posts", text: "Posts that administrators do not see are linked where no visitor sees it.", says: `"pre_get_posts"`, fits: []*regexp.Regexp{offScreen, adminSide, leftOut}, acts: true},
}

// adminPage are the hooks by which the pages of administrators are changed.
const adminPage = "admin_head|admin_footer|admin_print|admin_enqueue|admin_init"

// hiding judges a file that hides itself, a user or posts from administrators:
// many programs tidy up, but those that hide what is theirs and meanwhile show
// something to visitors, or let somebody in, have a reason to.
func (m *machine) hiding() {
	if !mayHide(m.file.src, m.have) {
		return
	}
	low := m.text()
	acts := sync.OnceValue(func() bool { return m.acts(low) })
	optional := sync.OnceValue(func() bool { return m.hasSettings() && !printsOther.MatchString(low) })
	for _, h := range concealments {
		if !says(low, h.says) || h.acts && !acts() || slices.ContainsFunc(h.fits, func(re *regexp.Regexp) bool { return !re.MatchString(low) }) {
			continue
		}
		at := h.fits[0].FindStringIndex(low)
		if h.checks && m.mentions("current_user_can(", "wp_verify_nonce(", "check_admin_referer(", "check_ajax_referer(") ||
			h.hook && (optional() || byOption(low[:at[0]])) {
			continue
		}
		m.report(cmp.Or(h.rule, "hides-itself"), webshell.Malicious, moderate, cmp.Or(h.text, itself), &node{pos: uint32(at[0]), end: uint32(at[1])}, value{})
		if h.acts {
			return
		}
	}
}

const itself = "What hides itself or a user from administrators shows something to visitors, or lets somebody in."

// hasSettings says that the file reads what somebody else set: what it merely keeps
// for itself, as the time at which it came, is no setting.
func (m *machine) hasSettings() bool {
	if !m.mentions("get_option(", "get_site_option(") {
		return false
	}
	return m.mentions("$_post", "register_setting(") || slices.ContainsFunc(readsOption.FindAllStringSubmatch(m.text(), maxOptions), func(o []string) bool {
		return o[1] == "" || !m.mentions("update_option( "+o[1], "update_option("+o[1], "update_site_option("+o[1], "add_option("+o[1])
	})
}

// byOption says that the function at the end of a text asks for a setting before
// it hides what it hides.
func byOption(body string) bool {
	at := strings.LastIndex(body, "function ")
	return at >= 0 && (strings.Contains(body[at:], "get_option(") || strings.Contains(body[at:], "get_site_option("))
}

// acts says that a file shows visitors what it has from elsewhere, or lets
// somebody in.
func (m *machine) acts(low string) bool {
	asks := says(low, "wp_remote_|curl_exec|file_get_contents|drupal_http_request") && asksRemote.MatchString(low)
	if says(low, "$_get|$_post|$_request|$_cookie|administrator") && (says(low, "wp_set_auth_cookie(") && !asks || says(low, "_user|set_role|eval") && letsIn.MatchString(low)) {
		return true
	}
	if says(low, "nopriv_|'__return_true'|\"__return_true\" wp_insert_post(|wp_update_post(") {
		return true
	}
	if says(low, "wp_insert_post(|wp_update_post(") && opensByKey.MatchString(low) {
		return true
	}
	if !says(low, `"wp_head"|"wp_footer"|"wp_print_footer_scripts"|"wp_body_open"|"the_content"|"template_redirect"|"wp_enqueue_scripts"|"loop_start"`) {
		return false
	}
	if asks || printsOther.MatchString(low) || offScreen.MatchString(low) {
		return true
	}
	if host, _ := foreign(low); host != "" {
		return true
	}
	if g := sentOn.FindStringSubmatch(low); g != nil && !webshell.WellKnown(g[1]) {
		return true
	}
	for _, t := range m.file.tokens { // an address in escapes
		if t.kind == tTpl && bytes.IndexByte(m.file.src[t.pos:t.end], '\\') >= 0 && strings.HasPrefix(meant(tTpl, m.file.src[t.pos+1:min(t.end, t.pos+maxLit)]), "http") && !bytes.HasPrefix(m.file.src[t.pos+1:], []byte("http")) {
			return true
		}
	}
	return false
}
