package php

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"limier/webshell"
)

// wordPress sees a script that makes itself an administrator.
func (m *machine) wordPress(c *call) {
	if m.letsAnybodyIn(c) {
		m.report("makes-administrator", webshell.Malicious, moderate, "The script logs its visitor in as whom the request names.", c.n, c.arg(0))
		return
	}
	written := c.name == "wp_create_user" && c.arg(0).k == vStr && c.arg(1).k == vStr // name and password stand there
	loads := m.loadsWordPress()
	if c.name == "wp_set_auth_cookie" && m.spelledOut("administrator", "wp-load.php", "wp-blog-header.php") {
		m.report("makes-administrator", webshell.Malicious, moderate, "The script logs its visitor in to WordPress, or makes an administrator.", c.n, value{})
		return
	}
	if m.framed && !m.guarded || !m.small() && !(written && loads) {
		return
	}
	if m.guarded && c.name == "wp_create_user" && !written { // a plugin in which visitors register
		return
	}
	src := string(m.file.src[:min(len(m.file.src), 1<<16)])
	admin := strings.Contains(src, "administrator") || strings.Contains(src, "Administrator")
	t, tr := c.taint()
	if a, ok := c.arg(0).ref.(*array); ok && c.arg(0).k == vArr && c.name == "wp_insert_user" {
		pass, _ := a.get(key{s: "user_pass", str: true})
		role, _ := a.get(key{s: "role", str: true})
		admin = admin && role.s == "administrator"
		known := admin && pass.k == vStr
		if admin && role.s != "" && (loads || m.open()) && m.mentions("$_get", "$_post", "$_request", "$_cookie") && !m.mentions("current_user_can") {
			m.report("makes-administrator", webshell.Malicious, moderate, "The script makes an administrator when a request asks for it.", c.n, value{t: t, tr: tr})
			return
		}
		if admin && role.s != "" && m.open() && !m.asksLeave() && pass.t&(fromRequest|fromParam) == 0 && m.mentions("wp_remote_post(", "wp_remote_get(", "curl_exec(", "mail(") {
			m.report("makes-administrator", webshell.Malicious, moderate, "The script makes an administrator by itself, and tells somebody elsewhere.", c.n, value{t: t, tr: tr})
			return
		}
		if known && pass.s != "" {
			m.report("makes-administrator", webshell.Malicious, moderate, "The script makes an administrator whose password it knows.", c.n, value{t: t, tr: tr})
		}
		return
	}
	plugin := strings.Contains(src, "add_action(") && written
	if c.name == "wp_set_auth_cookie" && admin && (strings.Contains(src, "get_users(") || strings.Contains(src, "WP_User_Query")) && strings.Contains(src, "$_") && !strings.Contains(src, "current_user_can") {
		m.report("makes-administrator", webshell.Malicious, moderate, "The script logs its visitor in as an administrator.", c.n, value{t: t, tr: tr})
		return
	}
	if plugin && admin || c.name == "wp_set_auth_cookie" && loads || c.name != "wp_set_auth_cookie" && admin && (loads || t&fromRequest != 0 || c.arg(0).k == vStr) {
		m.report("makes-administrator", webshell.Malicious, moderate, "The script logs its visitor in to WordPress, or makes an administrator.", c.n, value{t: t, tr: tr})
	}
}

// proofs are words of code that asks its visitor for a proof of who he is, or another
// host about him.
var proofs = []string{"token", "hash", "nonce", "pass", "verif", "sign", "jwt", "secret", "otp", "get_transient", "get_user_meta", "wp_remote_", "curl_", "openssl", "hmac", "code", "ldap", "md5", "sha1", "saml", "session"}

// letsAnybodyIn says that the request says by itself who its sender is.
func (m *machine) letsAnybodyIn(c *call) bool {
	v := c.arg(0)
	if n := c.node(0); n != nil && n.op == nCast {
		v = m.eval(n.a)
	}
	return c.name == "wp_set_auth_cookie" && v.t&fromRequest != 0 && v.t&checked == 0 && !m.framed && !m.asksLeave() && !m.mentions(proofs...)
}

// letterEscape is a letter, or a mark of names, that is written by its number in a
// text between double quotes.
var letterEscape = regexp.MustCompile(`\\x(?i:2[def]|5f|[46][1-9a-f]|[57][0-9a])`)

// spelledOut says that the start of the file has one of the words only with numbers in
// place of its letters.
func (m *machine) spelledOut(words ...string) bool {
	read := string(letterEscape.ReplaceAllFunc(m.file.src[:min(len(m.file.src), 1<<16)], func(e []byte) []byte {
		c, _ := hex.DecodeString(string(e[2:]))
		return c
	}))
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(read, w) && !m.mentions(w) })
}

// loadsWordPress says that the file starts WordPress, instead of being started by it.
func (m *machine) loadsWordPress() bool {
	return m.mentions("wp-load.php", "wp-blog-header.php", "wp-config.php")
}

// promotes sees a script that starts WordPress and gives somebody, through its
// objects, the rights of an administrator or a password that the script knows.
func (m *machine) promotes(c *call) {
	if m.framed || !m.small() || !m.loadsWordPress() || m.mentions("current_user_can(") {
		return
	}
	known := false
	switch c.name {
	case "set_role", "add_role":
		known = c.arg(0).s == "administrator"
	case "insert", "replace", "update":
		if row, ok := c.arg(1).ref.(*array); ok {
			pass, _ := row.get(key{s: "user_pass", str: true})
			may, _ := row.get(key{s: "meta_value", str: true})
			known = pass.k == vStr && pass.s != "" || strings.Contains(may.s, `"administrator"`)
		}
	}
	if known {
		m.report("makes-administrator", webshell.Malicious, moderate, "The script logs its visitor in to WordPress, or makes an administrator.", c.n, value{})
	}
}

// open says that something is hooked to the requests of everybody.
func (m *machine) open() bool {
	return m.mentions("add_action('init'", "add_action(\"init\"", "add_action('wp_loaded'", "add_action('template_redirect'", "add_action('wp'", "nopriv_")
}

// credentials are the hooks of WordPress that are handed what visitors log in
// with, or mails, and where name (n) and password (p) stand among the arguments:
// https://developer.wordpress.org/reference/hooks/authenticate/.
var credentials = map[string]string{"authenticate": "-np", "wp_authenticate": "np", "wp_authenticate_user": "-p", "check_password": "-p", "password_reset": "-p", "after_password_reset": "-p", "wp_set_password": "p", "wp_mail": "p"}

// visitors are the hooks that are handed what any visitor sends.
var visitors = words("preprocess_comment pre_comment_content comment_text heartbeat_nopriv_received heartbeat_received rest_pre_dispatch rest_request_before_callbacks request parse_request")

// wordPressArgs are the arguments that a hook's callback is called with, as far
// as they matter.
func (m *machine) wordPressArgs(c *call) []value {
	name, _ := c.text(0)
	if !m.framed || m.guarded {
		switch {
		case name == "pre_user_query" && m.mentions("user_login !=", "user_login!=", "user_login <>") && !m.framed:
			m.report("hides-user", webshell.Malicious, moderate, "A user is kept out of the list of users.", c.n, value{})
		}
	}
	if visitors[name] {
		return []value{{t: fromRequest | unsure, tr: m.at(c.n)}}
	}
	if name == "xmlrpc_methods" { // name => function, which gets what the client sends
		if a, ok := m.callback(c, c.arg(1), []value{arr()}).ref.(*array); ok {
			for _, f := range a.vals {
				m.callback(c, f, []value{{t: fromRequest, tr: m.at(c.n)}})
			}
		}
	}
	var args []value
	for _, what := range credentials[name] {
		switch what {
		case 'n':
			args = append(args, value{t: fromRequest | unsure, tr: m.at(c.n)})
		case 'p':
			args = append(args, value{t: fromRequest | secret, tr: m.at(c.n)})
		default:
			args = append(args, value{})
		}
	}
	return args
}

// restRoute runs the callback of a route that anyone may call:
// https://developer.wordpress.org/reference/functions/register_rest_route/.
func (m *machine) restRoute(c *call) value {
	route, ok := c.arg(2).ref.(*array)
	if !ok {
		return value{}
	}
	f, _ := route.get(key{s: "callback", str: true})
	may, _ := route.get(key{s: "permission_callback", str: true})
	if name, ok := may.text(); f.k != vUnknown && ok && (name == "" || name == "__return_true") {
		m.callback(c, f, []value{{t: fromRequest, tr: m.at(c.n)}})
	}
	return value{}
}

// newAdministrator sees SQL and models that make an administrator of a
// well-known program, or give everybody one password. As it stands, SQL names what
// is joined to it; whole is what is known of it in the end, in lower case.
func (m *machine) newAdministrator(n *node, sql, whole string) {
	if m.framed || !m.small() && !m.facts.borrowed || len(sql) > 4096 {
		return
	}
	low := strings.ToLower(sql)
	has := func(w string) bool { return strings.Contains(low, w) }
	insert := has("insert into") || has("update ") || has("replace into")
	switch {
	case strings.HasPrefix(whole, "insert into") && strings.Contains(whole, "capabilities") && strings.Contains(whole, "administrator") && m.mentions("wp-config.php"),
		insert && has("capabilities") && has("administrator"), insert && has("user_usergroup_map") && has("8)"):
		m.report("makes-administrator", webshell.Malicious, moderate, "The script makes an administrator in the database.", n, value{})
	case has("update ") && has("<script") && has("src=") && has("//"):
		m.report("infects-pages", webshell.Malicious, moderate, "A script is added to the pages in the database.", n, value{})
	case has("update ") && has("user_pass") && m.does(doesConnect) && m.isolated():
		m.report("makes-administrator", webshell.Malicious, moderate, "The request names a database, in which it sets a password.", n, value{})
	}
}
