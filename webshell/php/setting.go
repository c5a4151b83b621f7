package php

import (
	"strings"

	"limier/webshell"
)

// environment keeps what a variable of the environment is set to.
func (m *machine) environment(c *call) value {
	a0 := c.arg(0)
	if name, _, ok := strings.Cut(a0.s[:min(len(a0.s), maxSetting+1)], "="); ok {
		v := a0
		v.s = a0.s[len(name)+1:]
		if v.k == vPart && v.s == "" && v.tail() == "" {
			v.k, v.ref = vUnknown, nil
		}
		m.facts.set("putenv", name, v)
	}
	if strings.HasSuffix(strings.TrimRight(a0.s, " "), "() { :; };") { // https://nvd.nist.gov/vuln/detail/CVE-2014-6271
		m.command(c.n, value{t: a0.t, tr: a0.tr}, c.name)
	}
	if strings.HasPrefix(a0.s, "LD_PRELOAD=") {
		m.report("preloads-library", webshell.Webshell, moderate, "A library is loaded into the next program that PHP starts, which runs commands where PHP may not.", c.n, a0)
	}
	return value{}
}

// loadsLibrary judges which library PHP loads.
func (m *machine) loadsLibrary(c *call) value {
	a0 := c.arg(0)
	if m.chosen(a0) && a0.t&fromUndef == 0 {
		m.report("request-to-library", webshell.Webshell, moderate, "The request names a library that is loaded into PHP.", c.n, a0)
	}
	return value{}
}

// readsSetting gives what the file set itself.
func (m *machine) readsSetting(c *call) (value, bool) {
	if s, ok := c.text(0); ok {
		if v, ok := m.facts.setting("ini", s); ok {
			return v, true
		}
	}
	return value{}, false
}

// setsSetting keeps a setting, and judges those that make PHP run something.
func (m *machine) setsSetting(c *call) value {
	a0 := c.arg(0)
	if s, ok := c.text(0); ok {
		m.facts.set("ini", s, c.arg(1))
	}
	if f, _ := c.text(1); strings.HasPrefix(a0.s, "unserialize_callback_func") || strings.HasPrefix(a0.s, "assert.callback") {
		if deadly[strings.ToLower(f)] || c.arg(1).t&fromRequest != 0 {
			m.report("hidden-function", webshell.Webshell, moderate, "PHP is told to call "+cut(f, 40)+" by itself.", c.n, c.arg(1))
		}
	}
	if s, ok := c.text(0); ok && (s == "auto_prepend_file" || s == "auto_append_file") {
		if v := c.arg(1); m.chosen(v) {
			m.report("request-to-include", webshell.Webshell, moderate, "The request names a file that PHP will run.", c.n, v)
		}
	}
	return value{}
}
