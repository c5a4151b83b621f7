package php

import (
	"path"
	"strings"

	"limier/webshell"
)

// becomes judges a copy by which a picture, or a hidden file that is no script,
// becomes one.
func (m *machine) becomes(c *call, src, dst value) {
	from := src.tail()
	if c.name != "copy" || src.t&(fromRequest|fromUpload|fromParam) != 0 || m.framed || m.asksLeave() || !picture(from) && !(hiddenFile(from) && !scriptName(src)) {
		return
	}
	if strings.HasPrefix(path.Ext(strings.ToLower(dst.tail())), ".ph") {
		m.report("restores-script", webshell.Malicious, moderate, "A file that is no script by its name becomes one.", c.n, src)
	}
}

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

// installed judges an archive of another host that is unpacked into the program.
func (m *machine) installed(c *call, p value) {
	d := m.facts.kept[pathKey(p)]
	if d.t&fromRemote == 0 || m.framed || !m.open() && !m.mentions("'shutdown'", "\"shutdown\"", "wp_schedule_event(") || !m.unasked() || m.asksLeave() {
		return
	}
	m.report("restores-script", webshell.Malicious, moderate, "An archive of another host is unpacked into the program, and nobody asks for it.", c.n, d)
}

// asksLeave says that the file asks whether who sent the request may do this.
func (m *machine) asksLeave() bool {
	return m.mentions("current_user_can(", "is_admin(", "check_admin_referer(", "wp_verify_nonce(", "check_ajax_referer(")
}
