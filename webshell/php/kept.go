package php

import (
	"bytes"
	"path"
	"strings"
	"unsafe"

	"limier/webshell"
)

// keptInclude is how what a page wrote to a file is evaluated.
const keptInclude = "include, through a file that the page writes,"

// maxKept bounds the files of which the content is kept.
const maxKept = 64

// maxPath bounds the paths of files, in bytes, as Linux does (PATH_MAX).
const maxPath = 4096

// pathKey names a file as far as its path is known; "" when too little is, or
// when no system has such a path.
func pathKey(p value) string {
	if id, ok := p.ref.(unnamed); ok && p.k == vUnknown {
		return "\x00" + itoa(int(id))
	}
	if n := len(p.s) + len(p.tail()); p.k != vStr && p.k != vPart || n < 5 || n > maxPath {
		return ""
	}
	if p.k == vStr {
		return p.s
	}
	return p.s + "\x00" + p.tail()
}

// An unnamed tells values of which nothing is known apart, so that the file
// that is written is known to be the one that is included.
type unnamed int

// keep notes what a file was written, since an include may run it.
func (m *machine) keep(p, d value) {
	k := pathKey(p)
	if k == "" || len(m.facts.kept) >= maxKept || len(d.s) > maxString/8 {
		return
	}
	if m.facts.kept == nil {
		m.facts.kept = map[string]value{}
	}
	if old, ok := m.facts.kept[k]; ok && old.t&hostile != 0 {
		return
	}
	m.facts.kept[k] = d
}

// temporary is the path of a new temporary file.
func (m *machine) temporary() value {
	m.facts.temps++
	return str("/tmp/php" + itoa(m.facts.temps))
}

// includeKept judges an include of a file that the page itself wrote. What the
// request wrote is judged elsewhere.
func (m *machine) includeKept(n *node, p value) {
	d, ok := m.facts.kept[pathKey(p)]
	if !ok || d.t&(fromRequest|fromUpload) != 0 || d.t&fromRemote != 0 && m.verifies() {
		return
	}
	if s := strings.TrimSpace(d.s); d.k == vPart && (s == "<?php" || s == "<?") {
		d.k, d.s, d.ref = vUnknown, "", nil
	}
	switch {
	case d.k == vStr && strings.Contains(d.s, "<?"):
		m.runCode(n, d, "?>"+d.s, keptInclude)
	case d.k == vUnknown && (d.t&(fromRemote|keyed|session|decoded|fromOddFile) != 0 || d.t&fromDB != 0 && d.t&hidden != 0):
		m.evalCode(n, d, keptInclude)
	}
}

// verifies says that the file checks a digest or signature of what it fetches.
func (m *machine) verifies() bool {
	return m.mentions("hash_file(", "openssl_verify(", "sodium_crypto_sign_verify_detached(", "gpg ")
}

// mentions says that the file's text has one of the words, in lower case.
func (m *machine) mentions(words ...string) bool {
	if m.facts.mentioned == nil {
		m.facts.mentioned = map[string]bool{}
	}
	for _, w := range words {
		has, ok := m.facts.mentioned[w]
		if !ok {
			has = strings.Contains(m.text(), w)
			m.facts.mentioned[w] = has
		}
		if has {
			return true
		}
	}
	return false
}

// text is the start of the file's text, its ASCII letters small.
func (m *machine) text() string {
	if m.facts.text == "" {
		b := bytes.Clone(m.file.src[:min(len(m.file.src), 1<<18)])
		for i, c := range b {
			b[i] = smallLetters[c]
		}
		m.facts.text = unsafe.String(unsafe.SliceData(b), len(b))
	}
	return m.facts.text
}

// smallLetters has small letters for ASCII's capital ones, and other bytes as
// they are.
var smallLetters = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] |= 0x20
		}
	}
	return t
}()

// appends says that a call adds to a file.
func (m *machine) appends(c *call) bool {
	if h, ok := c.arg(0).ref.(*handle); ok {
		return strings.Contains(h.mode, "a")
	}
	return c.name == "error_log" || c.name == "file_put_contents" && c.int(2, 0)&8 != 0
}

// picture says that a path ends as a picture's does.
func picture(p string) bool { return pictures[path.Ext(strings.ToLower(p))] }

var pictures = words(".jpg .jpeg .png .gif .ico .bmp .webp")

// infects sees code put before or after the content of other pages.
func (m *machine) infects(c *call, p, d value) {
	for _, s := range [3]string{d.s, d.tail(), m.facts.graft} {
		if strings.Contains(s, "<?") {
			m.dropped(c.n, p, value{k: vStr, s: s, t: d.t & (hidden | decoded)}, s)
		}
		low := strings.ToLower(s)
		if host, _ := foreign(low); host != "" && theme[path.Base(strings.ToLower(p.tail()))] && p.t&(hostile|fromParam) == 0 && m.isolated() && m.small() && !m.asksLeave() {
			m.report("infects-pages", webshell.Malicious, moderate, "A script of another host is put into a page of the program.", c.n, d)
		}
		if p.t&fromList != 0 && m.facts.loops > 0 && m.isolated() && m.small() && foreignScript(low) {
			m.report("infects-pages", webshell.Malicious, moderate, "A script is added to page after page.", c.n, d)
		}
	}
}

// theme are the files of programs that make every page.
var theme = words("header.php footer.php index.php functions.php wp-config.php wp-settings.php head.phtml footer.tpl header.tpl")

// foreignScript says that text loads a script from another host.
func foreignScript(low string) bool {
	return strings.Contains(low, "//") && (strings.Contains(low, "<script") || strings.Contains(low, "createelement") && strings.Contains(low, ".src"))
}

// framedBy looks at the texts that are put round what comes from elsewhere.
func (m *machine) framedBy(n *node, vals []value) {
	for i, x := range vals {
		if x.k != vStr || len(x.s) < 10 || len(x.s) > 4096 {
			continue
		}
		if i+1 < len(vals) && vals[i+1].t&fromRequest == 0 && !m.framed && (vals[i+1].t&fromRemote != 0 && hidesText(x.s) || m.keepsRemote(vals[i+1].t) && hidesText(lastTag.FindString(x.s))) {
			text := "Content of another host is put where no visitor sees it."
			if vals[i+1].t&fromRemote == 0 && m.have&hasRemote == 0 {
				text = "What anybody may send is put where no visitor sees it."
			}
			m.report("hidden-links", webshell.Malicious, moderate, text, n, vals[i+1])
		}
		if i+1 < len(vals) && vals[i+1].t&dated != 0 && half.MatchString(x.s) && ownDated(vals[i+1], vals[i+2:]) && !m.framed {
			m.report("hidden-script", webshell.Malicious, moderate, "The host of a script or frame is made of the date.", n, vals[i+1])
		}
		if foreignScript(strings.ToLower(x.s)) {
			m.facts.graft = x.s
		}
	}
}

// ownDated says that what the date makes is the part of a host's name that its
// owner chose, by what follows it: a part before that spreads visits.
func ownDated(v value, rest []value) bool {
	if v.k == vPart && strings.Contains(v.s, "/") {
		return false
	}
	after := v.tail()
	if v.k != vPart {
		after = ""
	}
	if len(rest) > 0 {
		after += rest[0].s
	}
	after, _, ok := strings.Cut(after, "/")
	return ok && (!strings.HasPrefix(after, ".") && after != "" || strings.Count(after, ".") == 1)
}

// grafted looks at what a call puts in the place of a piece of text.
func (m *machine) grafted(c *call) {
	r := c.arg(1)
	low := strings.ToLower(r.s + r.tail())
	if len(low) < 8 || len(low) > 8192 || !strings.Contains(low, "script") {
		return
	}
	m.forRobots(c.n, r)
	m.conceals(c.n, r)
	if r.t&decoded != 0 && r.t&(fromRemote|fromDB) != 0 && r.k == vPart && strings.Contains(low, "<script") {
		m.report("hidden-script", webshell.Malicious, moderate, "A script of "+describe(r.t)+", encoded, is put into the page.", c.n, r)
	}
	if c.arg(2).t&fromFile != 0 && foreignScript(low) {
		m.facts.graft = r.s + r.tail()
	}
}

// inserted sees code put into the middle of another file's text.
func (m *machine) inserted(n *node, parts []value) {
	for _, x := range parts {
		if x.k != vStr || len(x.s) < 20 || len(x.s) > 4096 || !strings.Contains(x.s, "$_") || m.evals > 0 || m.alarmed() || !m.first('l', x.s) {
			continue
		}
		if text := m.shellWithin("<?php "+x.s, false); text != "" {
			m.report("infects-pages", webshell.Malicious, moderate, "A web shell is put into the text of other pages: "+text, n, value{})
		}
	}
}

// keepsAlive sees a script that writes another one again and again.
func (m *machine) keepsAlive() {
	n := m.facts.rewrites
	if n == nil || m.alarmed() || !m.isolated() || !m.mentions("ignore_user_abort") || !m.mentions("sleep(") {
		return
	}
	if m.mentions("while(1)", "while (1)", "while(true)", "while (true)", "for(;;)", "for (;;)", "while(1==1)") {
		m.report("guards-file", webshell.Malicious, moderate, "A script is written again and again, for as long as the server runs.", n, value{})
	}
}
