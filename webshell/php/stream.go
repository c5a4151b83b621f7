package php

import (
	"strings"

	"limier/webshell"
)

// registersScheme keeps the class that reads and writes addresses of a scheme.
func (m *machine) registersScheme(c *call) value {
	scheme, _ := c.text(0)
	if name, ok := c.text(1); ok && m.classes[strings.ToLower(name)] != nil {
		if m.schemes == nil {
			m.schemes = map[string]*class{}
		}
		m.schemes[strings.ToLower(scheme)] = m.classes[strings.ToLower(name)]
	}
	return boolean(true)
}

// logs judges what is written to a log that may be any file.
func (m *machine) logs(c *call) value {
	a0 := c.arg(0)
	to := c.arg(2)
	if len(c.args) == 1 {
		to, _ = m.facts.setting("ini", "error_log")
	}
	if c.int(1, 0) == 3 || to.k != vNull && len(c.args) == 1 {
		m.written(c, to, a0)
	}
	return value{}
}

// copiesStream judges what one stream writes to another.
func (m *machine) copiesStream(c *call) value {
	a0 := c.arg(0)
	from, _ := a0.ref.(*handle)
	if to, _ := c.arg(1).ref.(*handle); from != nil && to != nil && to.t == 0 {
		m.written(c, to.path, m.readHandle(c, from, len(m.file.src)))
	}
	return value{}
}

// writesHandle judges what is written to a file, a program, a host or memory.
func (m *machine) writesHandle(c *call, d value) value {
	a0 := c.arg(0)
	if h, ok := a0.ref.(*handle); ok {
		if h.shell {
			m.command(c.n, d, "an interpreter that is written to")
		} else if h.t != 0 {
			if t, _ := taintOf(d); t&ownHost != 0 && t&(ownPage|fromHeader|address) != 0 {
				h.t |= tailored
			}
			m.sent(c, d)
		} else if h.memory {
			h.kept = concat(h.kept, d, maxString)
		} else {
			m.written(c, h.path, d)
		}
	}
	return value{}
}

// changesMode notes rights, owners and times that change.
func (m *machine) changesMode(c *call) value {
	a0 := c.arg(0)
	if c.name == "chmod" {
		m.shut(c, a0)
	}
	m.touched(doesChmod, c, a0)
	return value{}
}

// linksFiles notes both ends of a link.
func (m *machine) linksFiles(c *call) value {
	a0 := c.arg(0)
	m.touched(doesLink, c, a0)
	m.touched(doesLink, c, c.arg(1))
	return value{}
}

// asksFile judges questions about a file: its path may be phar://, whose objects are read then.
func (m *machine) asksFile(c *call) (value, bool) {
	a0 := c.arg(0)
	if m.chosen(a0) && a0.k == vUnknown && m.isolated() { // a path phar:// unserializes before PHP 8
		t, tr := taintOf(a0)
		m.gadgets(value{t: t, tr: tr})
	}
	if c.name == "filesize" && a0.t&selfPath != 0 && a0.k == vUnknown {
		return num(int64(len(m.file.src))), true
	}
	return value{}, false
}

// touched notes a file operation on a path that the client chooses.
func (m *machine) touched(b behaviour, c *call, p value) {
	if low := strings.ToLower(p.s); b == doesLink && m.isolated() && (p.k == vStr && (low == "/" || strings.Contains(low, "/etc/passwd")) || p.k == vPart && strings.HasPrefix(low, "/home") && len(p.tail()) > 4) {
		m.report("links-foreign-files", webshell.Malicious, moderate, "Links are made to the files of other users of the server.", c.n, p)
	}
	if b == doesDelete && p.t&selfPath != 0 && p.k == vUnknown {
		if m.facts.gone = c.n; m.unit != m.file {
			m.facts.gone = &node{}
		}
	}
	if m.chosen(p) {
		m.note(b, c.n, p)
		if (b == doesDelete || b == doesChmod) && p.k == vUnknown && p.t&fromRequest != 0 && p.t&(fromUpName|session) == 0 && m.isolated() && len(m.file.tokens) < 80 && c.nodes != nil {
			m.report("file-manager", webshell.Malicious, low, "All that the script does is that it "+string(b)+", as the request says.", c.n, p)
		}
	}
}

func (m *machine) noteRead(c *call, p value) {
	if cmd, ok := strings.CutPrefix(strings.ToLower(p.s), "expect://"); ok {
		m.command(c.n, value{k: p.k, s: cmd, ref: p.ref, t: p.t, tr: p.tr}, "expect://")
	}
	if m.chosen(p) && p.t&fromUpload == 0 {
		m.note(doesRead, c.n, p)
	}
}

func (m *machine) noteList(c *call, p value) {
	if m.chosen(p) {
		m.note(doesList, c.n, p)
	}
}
