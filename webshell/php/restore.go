package php

import (
	"strings"

	"limier/webshell"
)

// shut judges a file that is made such that nobody may write it: who wrote it a
// moment ago, and no settings, wants it to stay as it is.
func (m *machine) shut(c *call, p value) {
	mode, ok := c.arg(1).integer()
	if !ok || mode <= 0 || mode&0o222 != 0 || m.framed || m.asksLeave() {
		return
	}
	tail := strings.ToLower(p.tail())
	if _, wrote := m.facts.kept[pathKey(p)]; !wrote || !scriptName(p) && !strings.HasSuffix(tail, ".htaccess") || m.mentions("install") {
		return
	}
	for _, w := range []string{"config", "settings", "local", "cache", "license", "key"} {
		if strings.Contains(tail, w) {
			return
		}
	}
	m.report("guards-file", webshell.Malicious, moderate, "A script or the server's settings are written, and made such that nobody may write them.", c.n, p)
}

// asksLeave says that the file asks whether who sent the request may do this.
func (m *machine) asksLeave() bool {
	return m.mentions("current_user_can(", "is_admin(", "check_admin_referer(", "wp_verify_nonce(", "check_ajax_referer(")
}
