package aspnet

import (
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// fileCall calls the static file methods.
func (h *host) fileCall(m *script.Machine, n *script.Node, class, name string, args []script.Value) (script.Value, bool) {
	none := script.Value{}
	a := first(args)
	switch class {
	case "path":
		switch name {
		case "combine", "join":
			if len(args) < 2 {
				return none, false
			}
			// A rooted second part replaces the first.
			v := m.Concat(args...)
			if pure(a) && a.L&mapped == 0 && !slices.ContainsFunc(args, func(p script.Value) bool { return p.L&client == 0 }) {
				v.L |= rooted
			}
			return v, true
		case "getextension":
			h.checked = h.checked || a.L&(fileName|fromUpload) != 0
			return script.Union(args...), true
		}
		return script.Union(args...), true
	case "zipfile":
		if name == "extracttodirectory" {
			h.unpack(n, a, nth(args, 1))
		}
		if strings.HasPrefix(name, "open") {
			return script.Instance("ziparchive", args...), true
		}
		return none, true
	case "driveinfo":
		h.drives = h.drives || name == "getdrives"
		return script.Instance("drives"), true
	case "environment":
		switch name {
		case "getlogicaldrives":
			h.drives = true
			return script.Instance("drives"), true
		case "expandenvironmentvariables":
			return a, len(args) == 1
		}
		return none, false
	}
	switch name {
	case "getlogicaldrives", "drives", "getdrive":
		h.drives = true
		return script.Instance("drives"), true
	case "writealltext", "appendalltext", "writeallbytes", "writealllines", "appendalllines", "writealltextasync", "writeallbytesasync":
		h.write(m, n, a, nth(args, 1))
		return none, true
	case "create", "openwrite", "createtext", "appendtext", "open", "createtextfile", "opentextfile", "opentextfilewriter":
		v := script.Instance("filewriter")
		v.O.Fields = map[string]script.Value{"path": a}
		return v, true
	case "readalltext", "readallbytes", "readalllines", "opentext", "openread", "readlines":
		return h.read(m, n, a), true
	case "delete", "deletefile", "deletefolder":
		h.act("delete", n, a)
		return none, true
	case "move", "copy", "replace", "movefile", "copyfile":
		if len(args) > 1 && args[0].L&fromUpload != 0 {
			h.upload(m, n, args[1])
		}
		if (name == "copy" || name == "copyfile") && holdsPasswords(a) && isServed(nth(args, 1)) {
			h.owns(n, a, "shows-settings", "The site's configuration, which holds passwords, is copied to where anyone may read it.")
		}
		h.act("move", n, script.Union(args...))
		return none, true
	case "createdirectory":
		h.act("mkdir", n, a)
		return script.Instance("directoryinfo"), true
	case "getfiles", "getdirectories", "getfilesystementries", "enumeratefiles", "enumeratedirectories", "enumeratefilesystementries", "getfolder":
		h.act("list", n, a)
		v := script.Union(args...)
		if s, ok := nth(args, 1).Text(); ok && len(s) <= maxName && !strings.ContainsAny(s, "*?") && v.K == script.VUnknown {
			v.S = s // all that is found ends so
		}
		return v, true
	case "setlastwritetime", "setcreationtime", "setlastaccesstime", "setlastwritetimeutc", "setattributes", "setcreationtimeutc", "setlastaccesstimeutc":
		h.act("time", n, a)
		if when := nth(args, 1); pure(a) && a.L&mapped == 0 && when.L&client != 0 {
			h.See(n, script.Union(a, when), webshell.Sight{Rule: "request-to-file-time", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The request names any file of the server and the time that it shall show."})
		}
		return none, true
	case "exists":
		h.guard(n, a)
		return none, true
	}
	return none, false
}

func (h *host) read(m *script.Machine, n *script.Node, path script.Value) script.Value {
	h.act("read", n, path)
	l := fromFile
	if holdsPasswords(path) {
		l |= config
	}
	if endsAs(path.S, pictures) {
		l |= fromOdd
	}
	if pure(path) && path.L&mapped == 0 {
		l |= anyFile
	}
	return m.Source(n, l)
}

// holdsPasswords reports whether a path is that of a site's or the server's
// configuration, which no visitor is given.
func holdsPasswords(path script.Value) bool {
	s := strings.ToLower(path.S)
	return path.L&client == 0 && (strings.HasSuffix(s, "web.config") || strings.HasSuffix(s, "machine.config") || strings.HasSuffix(s, "applicationhost.config"))
}

// isServed reports whether a path leads to a file that IIS gives whoever asks.
func isServed(path script.Value) bool {
	s := strings.ToLower(path.S)
	if path.L&client != 0 || strings.Contains(strings.ToLower(path.Prefix())+s, "app_data") {
		return false
	}
	return endsAs(s, pictures) || endsAs(s, []string{".txt", ".htm", ".html", ".xml", ".json", ".css", ".js", ".zip"})
}

// ofIIS reports whether a path is that of the configuration of IIS itself, which
// holds the passwords of application pools.
func ofIIS(path script.Value) bool {
	return path.L&client == 0 && strings.HasSuffix(strings.ToLower(path.S), "applicationhost.config")
}

// maxName is the length of the longest name of a file of Windows.
const maxName = 255

// pure reports whether the client alone chooses the text.
func pure(v script.Value) bool {
	return v.L&client != 0 && v.L&(script.Mixed|script.Numeric|fileName) == 0
}

func (h *host) act(kind string, n *script.Node, path script.Value) {
	if path.L&(client|fromSession) == 0 || path.L&script.Numeric != 0 {
		return
	}
	if h.acts == nil {
		h.acts = map[string]act{}
	}
	p := pure(path) && path.L&mapped == 0
	if old, ok := h.acts[kind]; !ok || p && !old.pure {
		h.acts[kind] = act{n: n, v: path, pure: p}
	}
}

// scriptName reports whether a path ends as a script does.
func scriptName(v script.Value) bool {
	if v.K != script.VString && v.K != script.VUnknown {
		return false
	}
	s := strings.ToLower(strings.TrimRight(v.S, " ."))
	for _, e := range []string{".aspx", ".ashx", ".asmx", ".asp", ".asa", ".cer", ".ascx", ".php", ".jsp", ".cshtml", ".exe", ".dll", ".bat", ".vbs", ".ps1"} {
		if strings.HasSuffix(s, e) {
			return true
		}
	}
	return false
}

// allowed is a condition that asks whether a name's ending is one of those that
// the application allows, as file managers do.
var allowed = regexp.MustCompile(`(?i)\bif\s*\(\s*\w*allowed\w*ext\w*\(`)

// write is content being written to a file at path.
func (h *host) write(m *script.Machine, n *script.Node, path, content script.Value) {
	if s, ok := content.Text(); ok && h.depth < 2 && len(s) > 10 {
		if len(s) > 256 && s[:2] == "MZ" {
			h.See(n, content, webshell.Sight{Rule: "writes-program", Verdict: webshell.Malicious, Sure: finding.HighConfidence,
				Text: "A program hidden in the page is written to a file."})
			return
		}
		low := strings.ToLower(s)
		if strings.Contains(low, "<%") || strings.Contains(low, "runat") {
			if inner := analyseWritten(s, h.depth+1); len(inner) > 0 && inner[0].Verdict == webshell.Webshell {
				h.See(n, content, webshell.Sight{Rule: "writes-webshell", Verdict: webshell.Webshell, Sure: finding.HighConfidence,
					Text: "A web shell is written to a file.", Decoded: s, Inner: inner})
				return
			}
		}
	}
	if path.L&client != 0 {
		h.act("write", n, path)
	}
	if s, ok := content.Text(); ok && !path.Known() && webshell.Injected(s) {
		h.See(n, content, webshell.Sight{Rule: "injects-script", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "Nothing but a script of another host is written into files.", Decoded: s})
		return
	}
	req := content.L&client != 0 && content.L&script.Numeric == 0
	if !content.Known() && !path.Known() && scriptName(path) {
		h.wrote = n
	}
	s := webshell.Sight{Rule: "request-to-file", Text: "Data from the request is written to a file."}
	switch {
	case req && content.L&fromRequest != 0 && path.L&fromRequest != 0 && pure(path) && content.L&script.Mixed == 0 && !h.allows():
		s.Text = "Data from the request is written to a file that the request names."
		s.Verdict, s.Sure = webshell.Webshell, finding.HighConfidence
	case req && content.L&fromRequest != 0 && scriptName(path) && content.L&script.Mixed == 0:
		s.Text = "Data from the request alone is written to a script."
		s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
	case content.L&fromRemote != 0 && (pure(path) || scriptName(path)):
		s.Rule, s.Text = "remote-to-file", "Content fetched from another server is written to a script or to a file that the request names."
		s.Verdict, s.Sure = webshell.Malicious, finding.HighConfidence
	case req && content.L&(password|typed) != 0 && content.L&script.Mixed != 0 && path.L&client == 0:
		s.Rule, s.Text = "stores-passwords", "Passwords that visitors type are written to a file in plain."
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
	case content.L&fromUpload != 0:
		h.upload(m, n, path)
		return
	case req:
		h.logs = n
	case content.Known() && scriptName(path) && len(h.page.Text) < maxBare && h.page.Kind != "application":
		s.Rule, s.Text = "writes-script", "The page does little but write a script."
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
		s.Decoded, _ = content.Text()
	default:
		return
	}
	h.See(n, script.Union(content, path), s)
}

// analyseWritten judges a page that the code writes: ASP.NET, or classic ASP.
func analyseWritten(s string, depth int) []webshell.Reason {
	if r := analyse("x.aspx", s, depth); len(r) > 0 && r[0].Verdict == webshell.Webshell {
		return r
	}
	return analysePage(script.Cut(s, script.VBScript, false), depth)
}

// unpack is an archive whose files are stored in a folder, under the names that
// they have there.
func (h *host) unpack(n *script.Node, archive, folder script.Value) {
	h.act("write", n, folder)
	if archive.L&(client|stored) == 0 {
		return
	}
	s := webshell.Sight{Rule: "unpacks-upload", Text: "The files of an archive that the client sends are stored on the server."}
	switch {
	case pure(folder) && folder.L&mapped == 0:
		s.Text = "The files of an archive that the client sends are stored where the request says."
		s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
	case h.bare():
		s.Text = "The page does nothing but unpack archives that the client sends, and asks nobody who he is."
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
	}
	h.See(n, script.Union(archive, folder), s)
}

// upload is an uploaded file being stored at path.
func (h *host) upload(m *script.Machine, n *script.Node, path script.Value) {
	h.uploads = append(h.uploads, upload{n, path})
	if path.L&client != 0 {
		h.act("upload", n, path)
	}
}

// uploader weighs the places where uploads are stored.
func (h *host) uploader() {
	for _, u := range h.uploads {
		s := webshell.Sight{Rule: "upload-to-file", Text: "An uploaded file is stored under the name the client gave."}
		switch {
		case u.path.L&fromRequest != 0 && u.path.L&(fileName|mapped) == fileName && !h.checked:
			s.Text = "An uploaded file is stored in any folder the request names."
			s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
		case pure(u.path), u.path.L&rooted != 0 && h.bare():
			s.Text = "An uploaded file is stored where the request says."
			s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
		case scriptName(u.path) && u.path.L&client == 0:
			s.Text = "An uploaded file is stored as a script."
			s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
		case u.path.L&fileName != 0 && inRoot(u.path) && h.alone(maxAlone):
			s.Text = "Uploads are stored in the site's own folder under the names the client gave, and neither names nor who asks are checked."
			s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
		case u.path.L&fileName != 0 && h.bare():
			s.Text = "The page does nothing but store uploads under the names the client gave, and checks neither names nor who asks."
			s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
		}
		h.See(u.n, u.path, s)
	}
}

// inRoot reports whether a path leads into the site's uppermost folder.
func inRoot(path script.Value) bool {
	switch path.Prefix() {
	case "~", "~/", `~\`, "/", `\`:
		return true
	}
	return false
}

// The sizes of pages that only store uploads, and that store them among the
// site's own, in bytes.
const (
	maxBare  = 3 << 10
	maxAlone = 16 << 10
)

// bare reports whether the page is small, stands alone, asks nobody who he is
// and looks at nothing of an upload.
func (h *host) bare() bool {
	return h.alone(maxBare) && !h.mentions("contenttype", "contentlength")
}

// alone reports whether the page has no more than size bytes, stands alone, asks
// nobody who he is and names no kind of file.
func (h *host) alone(size int) bool {
	return !h.checked && len(h.page.Text) <= size && h.page.Inherits == "" && h.page.Behind == "" && len(h.page.Includes) == 0 &&
		!h.mentions("session", "isauthenticated", "isinrole", "masterpagefile", "user.identity", "extension", ".jpg", ".gif", ".png", ".pdf", ".xls", ".csv", ".doc", "<%@ register")
}

// mentions reports whether the page has one of the words, which are in lower case.
func (h *host) mentions(words ...string) bool {
	low := strings.ToLower(h.page.Text)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(low, w) })
}

// fileManager weighs file actions that together make a file manager.
func (h *host) fileManager() {
	n, free := 0, 0
	var kinds []string
	for _, k := range []string{"list", "read", "write", "delete", "move", "mkdir", "upload", "time", "registry"} {
		a, ok := h.acts[k]
		if !ok {
			continue
		}
		n++
		if a.pure {
			free++
		}
		kinds = append(kinds, k)
	}
	if a, ok := h.acts["list"]; n == 1 && ok && a.pure {
		h.See(a.n, a.v, webshell.Sight{Rule: "lists-any-folder", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page lists any folder of the server that the client names."})
	}
	if n < 2 {
		return
	}
	a := h.acts[kinds[0]]
	s := webshell.Sight{Rule: "file-manager", Text: "The client chooses the path of several file actions: " + strings.Join(kinds, ", ") + "."}
	if n >= 3 && free >= 2 || n >= 2 && free >= 1 && h.drives {
		s.Verdict, s.Sure = webshell.Webshell, finding.ModerateConfidence
		if h.drives && free >= 2 {
			s.Sure = finding.HighConfidence
		}
	} else if free >= 2 {
		s.Verdict, s.Sure = webshell.Malicious, finding.ModerateConfidence
	}
	h.See(a.n, a.v, s)
}
