package php

import (
	"path"
	"strings"

	"limier/webshell"
)

// included judges include and require.
func (m *machine) included(n *node, v value) {
	s, ok := v.text()
	low := strings.ToLower(s)
	if v.k == vPart {
		low = strings.ToLower(v.s)
	}
	t, _ := taintOf(v)
	if code, ok := m.streamed(v); ok {
		m.evalCode(n, code, "include, through a stream of the file's own")
		return
	}
	m.includeKept(n, v)
	if e := strings.ToLower(path.Ext(v.tail())); m.facts.searched > 0 && (e == ".html" || e == ".htm" || e == ".txt" || ok && nameless(s)) && m.unwatched() {
		m.report("cloaked-content", webshell.Malicious, moderate, "Search engines are shown a file in place of the page.", n, v)
	}
	if m.facts.searched > 0 && (ok || v.k == vPart && v.t&hostile == 0) && m.includes == 0 && scriptName(v) && !strings.HasSuffix(v.tail(), "/wp-blog-header.php") && m.small() && m.mentions("/wp-blog-header.php") && m.mentions("wp_use_themes") {
		m.report("cloaked-content", webshell.Malicious, moderate, "Search engines are shown another script in place of the program that the file starts.", n, v)
	}
	switch {
	case strings.HasPrefix(low, "php://input"), strings.HasPrefix(low, "php://filter") && strings.Contains(low, "php://input"):
		m.report("request-to-include", webshell.Webshell, high, "The body of the request is included as a script.", n, v)
	case strings.HasPrefix(low, "data:"), strings.HasPrefix(low, "php://filter") && strings.Contains(low, "resource=data:"):
		if ok {
			d := m.read(&call{n: n}, v)
			code, _ := d.text()
			m.runCode(n, value{k: vStr, t: decoded | hidden}, "?>"+code, "include")
		}
		if !ok && t&(fromRequest|fromUndef) != 0 {
			m.report("request-to-include", webshell.Webshell, high, "Data from the request is included as a script.", n, v)
			break
		}
		m.report("data-include", webshell.Malicious, moderate, "Encoded data is included as a script.", n, v)
	case strings.HasPrefix(low, "php://filter") && t&(fromRequest|fromUndef) != 0 && t&checked == 0 && m.isolated():
		m.report("request-to-include", webshell.Webshell, moderate, "The request names the file that is decoded and included as a script.", n, v)
	case strings.HasPrefix(low, "php://filter") && filtersBack(low):
		m.report("data-include", webshell.Malicious, moderate, "A file that is no script until it is decoded is included.", n, v)
	case strings.HasPrefix(low, "expect://"):
		m.command(n, value{k: v.k, s: v.s[len("expect://"):], t: v.t, tr: v.tr}, "expect://")
	case strings.HasPrefix(low, "zip://"), strings.HasPrefix(low, "compress.zlib://"), strings.HasPrefix(low, "phar://") && oddArchive(low[7:]):
		m.report("odd-include", webshell.Malicious, moderate, "A script is included out of an archive that poses as another file.", n, v)
	case strings.HasPrefix(low, "phar://") && m.veilsScheme(n):
		m.report("odd-include", webshell.Malicious, moderate, "A script is included out of an archive, which the file hides.", n, v)
	case remoteURL(low) && !strings.HasPrefix(low, "//"):
		m.report("remote-include", webshell.Malicious, moderate, "A script of another host is included.", n, v)
	case t&fromUpload != 0 && v.k == vUnknown:
		m.report("request-to-include", webshell.Webshell, high, "An uploaded file is included as a script.", n, v)
	case ok && len(s) > 4 && v.t&hidden != 0 && (oddFile(s) || hiddenFile(s) && path.Base(s) != ".php"): // of a view whose name is not known
		m.report("odd-include", webshell.Malicious, high, "A file that is no script is included, under a hidden name.", n, v)
	case ok && tempFolder(low) && (strings.HasPrefix(path.Base(low), ".") || strings.HasPrefix(path.Base(low), "sess_")):
		m.report("odd-include", webshell.Malicious, moderate, "A hidden file of the folder for temporary files is included as a script.", n, v)
	case ok && nameless(s) && !m.framed:
		m.report("odd-include", webshell.Malicious, moderate, "A file without the name of a script is included by its full path.", n, v)
	case veiled(v.tail()):
		m.report("odd-include", webshell.Malicious, moderate, "A file that is no script, with a hidden name, is included.", n, v)
	case v.t&decoded != 0 && (ok && len(s) > 3 || v.k == vPart && t&(hostile|fromParam|fromFile|fromDB) == 0 && scriptName(v)):
		m.report("odd-include", webshell.Malicious, moderate, "The name of an included file is hidden.", n, v)
	case (ok || v.k == vPart) && (oddFile(v.tail())):
		e := strings.ToLower(path.Ext(v.tail()))
		if e == ".css" || e == ".svg" || e == ".log" || e == ".bak" {
			break
		}
		m.report("odd-include", webshell.Malicious, moderate, "A file that is no script is included.", n, v)
	case t&(fromRequest|fromUndef) != 0 && t&checked == 0:
		m.includeChosen(n, v, t)
	case t&fromRemote != 0 && v.k == vUnknown && t&unsure == 0:
		m.report("remote-include", webshell.Malicious, moderate, "A remote server names the script that is included.", n, v)
	default:
		if !ok {
			m.includeWritten(n, v)
		} else {
			for _, w := range m.facts.wrote {
				if ws, wok := w.text(); wok && ws == s {
					m.report("request-to-include", webshell.Webshell, high, "A file that the request filled is included as a script.", n, v)
				}
			}
		}
	}
	if (!ok || low != "") && !m.opens(v) {
		m.includes++
	}
}

// veilsScheme says that code at n includes something from an archive and does not say so
// in plain letters.
func (m *machine) veilsScheme(n *node) bool {
	code := m.unit.code(n.pos, n.end)
	return strings.Contains(code, `\`) && !strings.Contains(strings.ToLower(code), "phar") && !strings.Contains(code, "$")
}

// filtersBack says that a stream filter decodes what goes through it.
func filtersBack(low string) bool {
	for _, w := range []string{"convert.base64-decode", "convert.quoted-printable-decode", "convert.iconv", "string.rot13", "zlib.inflate", "bzip2.decompress"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

// nameless says that a full path on a server that is no Windows leads to a file
// without extension. What systems install is named by its own rules.
func nameless(s string) bool {
	return strings.HasPrefix(s, "/") && strings.Count(s, "/") > 1 && path.Ext(s) == "" && !strings.HasSuffix(s, "/") &&
		!strings.HasPrefix(s, "/etc/") && !strings.HasPrefix(s, "/usr/") && !strings.HasPrefix(s, "/dev/") && !strings.HasPrefix(s, "/proc/")
}

// tempFolder says that a path in lower case leads into a folder where everybody
// may write.
func tempFolder(low string) bool {
	return strings.HasPrefix(low, "/tmp/") || strings.HasPrefix(low, "/var/tmp/") || strings.HasPrefix(low, "/dev/shm/")
}

// opens says that what is included is WordPress itself, for a page that asks
// nobody who he is: that protects nothing.
func (m *machine) opens(v value) bool {
	p := v.tail()
	return (strings.HasSuffix(p, "wp-load.php") || strings.HasSuffix(p, "wp-blog-header.php")) &&
		!m.mentions("current_user_can", "is_user_logged_in", "check_admin_referer", "wp_verify_nonce", "auth_redirect", "is_super_admin", "check_ajax_referer")
}

// oddArchive says that a path leads into an archive that has another kind's name.
func oddArchive(path string) bool {
	for _, part := range strings.Split(path, "/") {
		if oddFile(part) && !strings.HasSuffix(part, ".zip") && !strings.HasSuffix(part, ".gz") {
			return true
		}
	}
	return false
}

func hiddenFile(s string) bool {
	b := s[strings.LastIndexByte(s, '/')+1:]
	return strings.HasPrefix(b, ".")
}

// veiled says that a path leads to a hidden file with the name and the ending of
// what is no script.
func veiled(p string) bool {
	base := path.Base(p)
	return strings.Contains(p, "/") && hiddenFile(p) && oddFile(p) && len(base) > len(path.Ext(p))+1
}

// includeChosen judges an include whose path the client has a say in.
func (m *machine) includeChosen(n *node, v value, t taint) {
	if t&fromRequest == 0 && !m.isolated() {
		return
	}
	small := len(m.file.src) < 1500
	switch {
	case v.k == vUnknown && t&unsure == 0 && m.isolated() && small && t&fromRequest != 0, m.f.fn != nil && m.plainly(n.a, v):
		m.report("request-to-include", webshell.Webshell, moderate, "The request names the script that is included.", n, v)
	case v.k == vPart && v.s == "" && t&unsure == 0 && m.isolated() && t&fromRequest != 0 && len(m.file.tokens) < 60 && len(m.file.src) < 400:
		m.report("request-to-include", webshell.Webshell, moderate, "The request says where the script that is included lies.", n, v)
	case v.k == vPart && path.Ext(v.tail()) == ".php" && m.inFolder(n, v):
		// Wherever the rest climbs to, that is a script, which runs without this include.
	case v.k == vUnknown && t&unsure == 0:
		m.report("request-to-include", webshell.Suspicious, moderate, "The request names the script that is included.", n, v)
	default:
		m.report("request-to-include", webshell.Suspicious, low, "The request is part of the name of an included script.", n, v)
	}
}

// inFolder says that the path of an include begins in a folder of this server,
// by its text or by a constant that another file defines: it is no address and
// no stream.
func (m *machine) inFolder(n *node, v value) bool {
	if v.s != "" {
		return strings.Contains(v.s, "/") && !strings.Contains(v.s, ":") && !strings.HasPrefix(v.s, "//")
	}
	return n.a != nil && n.a.op == nConcat && len(n.a.list) > 0 && n.a.list[0].op == nConst && m.constant(n.a.list[0]).t == 0
}

// includeWritten sees a file that is filled from the request, then included.
func (m *machine) includeWritten(n *node, v value) {
	if v.t&(fromParam|fromFile) != 0 || v.tr == nil && v.k != vUnknown {
		return
	}
	for _, w := range m.facts.wrote {
		if w.k == v.k && w.s == v.s && w.tail() == v.tail() && v.k == vPart {
			m.report("request-to-include", webshell.Webshell, moderate, "A file that the request filled is included as a script.", n, v)
			return
		}
	}
}
