package aspnet

import (
	"regexp"
	"slices"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

func (c call) pathStatic() (script.Value, bool) {
	switch c.name {
	case "combine", "join":
		if len(c.args) < 2 {
			return script.Value{}, false
		}
		// A rooted second part replaces the first.
		v := c.m.Concat(c.args...)
		if a := c.args[0]; pure(a) && a.L&mapped == 0 && !slices.ContainsFunc(c.args, func(p script.Value) bool { return p.L&client == 0 }) {
			v.L |= rooted
		}
		return v, true
	case "getextension":
		c.checked = c.checked || c.arg(0).L&(fileName|fromUpload) != 0
	}
	return c.given()
}

func (c call) zipStatic() (script.Value, bool) {
	if c.name == "extracttodirectory" {
		c.unpack(c.n, c.arg(0), c.arg(1))
	}
	if strings.HasPrefix(c.name, "open") {
		return script.Instance("ziparchive", c.args...), true
	}
	return script.Value{}, true
}

// extract stores the files of an archive.
func (c call) extract() (script.Value, bool) {
	if c.recv.L&(client|stored) == 0 {
		return script.Value{}, false
	}
	c.unpack(c.n, c.recv, c.arg(0))
	return script.Value{}, true
}

func (c call) archiveMember() (script.Value, bool) {
	if strings.HasSuffix(c.name, "name") {
		return script.Value{L: c.recv.L | fileName, T: c.recv.T}, true
	}
	return script.Instance("ziparchiveentry", c.recv), true
}

func (c call) driveStatic() (script.Value, bool) {
	c.drives = c.drives || c.name == "getdrives"
	return script.Instance("drives"), true
}

func (c call) environmentStatic() (script.Value, bool) {
	switch c.name {
	case "setenvironmentvariable", "getenvironmentvariable":
		return c.variable()
	case "getlogicaldrives":
		return c.fileStatic()
	case "expandenvironmentvariables":
		return c.arg(0), len(c.args) == 1
	}
	return script.Value{}, false
}

// fileStatic is a method of File, Directory, My.Computer.FileSystem or the
// scripting library's FileSystemObject.
func (c call) fileStatic() (script.Value, bool) {
	a := c.arg(0)
	switch c.name {
	case "getlogicaldrives", "drives", "getdrive":
		c.drives = true
		return script.Instance("drives"), true
	case "writealltext", "appendalltext", "writeallbytes", "writealllines", "appendalllines", "writealltextasync", "writeallbytesasync":
		content := c.arg(1)
		if content.K == script.VArray { // lines
			content = script.Union(content)
		}
		c.write(c.m, c.n, a, content)
	case "create", "openwrite", "createtext", "appendtext", "open", "createtextfile", "opentextfile", "opentextfilewriter":
		return holding("filewriter", "path", a), true
	case "readalltext", "readallbytes", "readalllines", "opentext", "openread", "readlines":
		return c.read(c.m, c.n, a), true
	case "delete", "deletefile", "deletefolder":
		c.act("delete", c.n, a)
	case "getfile":
		return holding("fileinfo", "path", a), true
	case "move", "copy", "replace", "movefile", "copyfile", "renamefile":
		c.moves()
	case "createdirectory":
		c.act("mkdir", c.n, a)
		return script.Instance("directoryinfo"), true
	case "getfiles", "getdirectories", "getfilesystementries", "enumeratefiles", "enumeratedirectories", "enumeratefilesystementries", "getfolder":
		return c.lists(), true
	case "setlastwritetime", "setcreationtime", "setlastaccesstime", "setlastwritetimeutc", "setattributes", "setcreationtimeutc", "setlastaccesstimeutc":
		c.act("time", c.n, a)
		if when := c.arg(1); pure(a) && a.L&mapped == 0 && when.L&client != 0 {
			c.See(c.n, script.Union(a, when), webshell.Sight{Rule: "request-to-file-time", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
				Text: "The request names any file of the server and the time that it shall show."})
		}
	case "exists":
		c.guard(c.n, a)
	default:
		return c.visualBasic()
	}
	return script.Value{}, true
}

// moves is a file being moved or copied.
func (c call) moves() {
	a, to := c.arg(0), c.arg(1)
	if len(c.args) > 1 && a.L&fromUpload != 0 {
		c.upload(c.m, c.n, to)
	}
	if (c.name == "copy" || c.name == "copyfile" || c.name == "filecopy") && holdsPasswords(a) && isServed(to) {
		c.owns(c.n, a, "shows-settings", "The site's configuration, which holds passwords, is copied to where anyone may read it.")
	}
	c.makesScript(c.n, a, to)
	c.act("move", c.n, c.all())
}

// makesScript is a file being moved or copied, which may make it a script.
func (h *host) makesScript(n *script.Node, from, to script.Value) {
	if content, ok := h.Machine.Written(from); ok && scriptName(to) {
		h.write(h.Machine, n, to, content)
	} else if (pure(from) || from.L&anyFile != 0 && from.L&script.Mixed == 0) && to.L&client == 0 && scriptName(to) {
		h.See(n, from, webshell.Sight{Rule: "file-to-script", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence,
			Text: "The page makes a script of any file that the request names."})
	}
}

// lists is what a folder holds.
func (c call) lists() script.Value {
	c.act("list", c.n, c.arg(0))
	v := c.all()
	if s, ok := c.arg(1).Text(); ok && len(s) <= maxName && !strings.ContainsAny(s, "*?") && v.K == script.VUnknown {
		v.S = s // all that is found ends so
	}
	return v
}

func (c call) newFileInfo() (script.Value, bool) { return holding(c.name, "path", c.arg(0)), true }

func (c call) fileInfoCall() (script.Value, bool) {
	path := c.field("path")
	switch c.name {
	case "getfiles", "getdirectories", "getfilesysteminfos", "enumeratefiles", "enumeratedirectories":
		c.act("list", c.n, path)
		return holding("fileinfo", "path", path), true
	case "delete":
		c.act("delete", c.n, path)
	case "create", "createsubdirectory":
		if c.recv.S == "fileinfo" {
			return holding("filewriter", "path", path), true
		}
		c.act("mkdir", c.n, script.Union(path, c.arg(0)))
	case "moveto", "copyto", "replace", "move", "copy":
		c.makesScript(c.n, path, c.arg(0))
		c.act("move", c.n, script.Union(path, c.arg(0)))
	case "open", "openread", "opentext", "openwrite", "createtext", "appendtext", "openastextstream":
		return holding("filewriter", "path", path), true
	}
	return script.Value{}, true
}

func (c call) fileInfoMember() (script.Value, bool) {
	switch c.name {
	case "fullname", "name", "parent", "directory", "directoryname", "root":
		return script.Union(c.field("path")), true
	case "extension":
		c.checked = c.checked || c.field("path").L&fileName != 0
	case "exists", "length", "lastwritetime", "attributes", "creationtime":
		return script.Value{}, true
	}
	return script.Value{}, false
}

// fileSystem is My.Computer.FileSystem, by whatever name.
func (c call) fileSystem() (script.Value, bool) {
	return script.Value{K: script.VType, S: "filesystem"}, true
}

func (c call) adodbStreamCall() (script.Value, bool) {
	switch c.name {
	case "write", "writetext":
		c.recv.O.Any = script.Union(c.recv.O.Any, c.arg(0))
	case "savetofile":
		c.write(c.m, c.n, c.arg(0), c.recv.O.Any)
	}
	return script.Value{}, true
}

// newStream is a stream or what reads or writes it.
func (c call) newStream() (script.Value, bool) {
	a := c.arg(0)
	if a.K == script.VObject && (a.S == "filewriter" || a.S == "stdin" || a.S == "networkstream") {
		return a, true
	}
	if a.K == script.VObject || a.L&(fromUpload|fromRemote) != 0 && a.L&fileName == 0 {
		v := script.Instance("reader", a, a.O.AnyValue())
		if a.K == script.VObject { // what is written goes there
			v.O.Fields = map[string]script.Value{"<base>": a}
		}
		return v, true
	}
	if c.name == "streamreader" {
		return c.read(c.m, c.n, a), true
	}
	return holding("filewriter", "path", a), true
}

func (c call) writerCall() (script.Value, bool) {
	path := c.field("path")
	switch {
	case strings.HasPrefix(c.name, "write") || c.name == "copyfrom":
		content := c.all()
		if len(c.args) == 1 {
			content = c.args[0]
		}
		c.write(c.m, c.n, path, content)
	case strings.HasPrefix(c.name, "read") || c.name == "copyto":
		return c.read(c.m, c.n, path), true
	}
	return script.Value{}, true
}

// copies is data being read into a buffer, or copied to another stream.
func (c call) copies() (script.Value, bool) {
	switch a := c.arg(0); {
	case a.K == script.VObject && a.S == "response":
		c.print(c.m, c.n, c.recv)
	case a.K == script.VObject && a.S == "filewriter" && c.name != "read":
		c.write(c.m, c.n, a.O.Fields["path"], c.recv)
	case c.recv.L&(client|fromRemote) != 0 && a.O != nil && len(c.n.Kids) > 1:
		c.m.Taint(c.n.Kids[1], c.recv)
	default:
		return script.Value{}, false
	}
	return script.Value{}, true
}

// saveUpload stores an uploaded file, of which the path then tells.
func (c call) saveUpload() (script.Value, bool) {
	if c.recv.L&fromUpload == 0 && c.recv.S != "fileupload" && c.recv.S != "httppostedfile" {
		return script.Value{}, false
	}
	to := c.arg(0)
	if to.S == "filewriter" && to.K == script.VObject {
		to = to.O.Fields["path"]
	}
	c.upload(c.m, c.n, to)
	if to.L&client == 0 && len(c.n.Kids) > 1 {
		c.m.Taint(c.n.Kids[1], script.Value{L: stored, T: c.m.Source(c.n, stored).T})
	}
	return script.Value{}, true
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

// entire reports whether a text is all of one source, if in pieces.
func entire(v script.Value) bool {
	return v.L&script.Mixed == 0 || v.L&(script.Worded|fromFile|fromData|fromSession|info) == 0
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
	if s, ok := path.Text(); ok && req {
		m.Wrote(s, content)
	}
	if !content.Known() && !path.Known() && scriptName(path) {
		h.wrote = n
	}
	s := webshell.Sight{Rule: "request-to-file", Text: "Data from the request is written to a file."}
	switch {
	case req && content.L&fromRequest != 0 && path.L&fromRequest != 0 && pure(path) && content.L&script.Mixed == 0 && !h.allows():
		s.Text = "Data from the request is written to a file that the request names."
		s.Verdict, s.Sure = webshell.Webshell, finding.HighConfidence
	case req && content.L&fromRequest != 0 && scriptName(path) && entire(content):
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
	case content.L&anyFile != 0:
		h.makesScript(n, content, path)
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
