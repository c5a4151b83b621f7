package asp

import (
	"strings"

	"limier/internal/script"
)

func (c call) fileSystemCall() (script.Value, bool) {
	a := c.arg()
	switch c.name {
	case "getdrive", "drives":
		c.drives = true
		return script.Instance("drives"), true
	case "getfolder":
		return at("folder", a)
	case "getfile":
		return at("file", a)
	case "createtextfile", "opentextfile":
		return at("textstream", a)
	case "deletefile", "deletefolder":
		c.act(c.m, c.n, "delete", a)
	case "copyfile", "movefile", "copyfolder", "movefolder":
		c.act(c.m, c.n, "move", c.all())
		c.makesScript(c.n, a, nth(c.args, 1))
	case "createfolder":
		c.act(c.m, c.n, "mkdir", a)
	case "buildpath":
		return c.m.Concat(c.args...), true
	case "getparentfoldername", "getfilename", "getbasename", "getextensionname", "getabsolutepathname":
		return c.all(), true
	}
	return script.Value{}, true
}

func (c call) fileSystemMember() (script.Value, bool) {
	if c.name == "drives" {
		return c.fileSystemCall()
	}
	return script.Value{}, false
}

func (c call) fileCall() (script.Value, bool) {
	path := c.field("path")
	switch c.name {
	case "delete":
		c.act(c.m, c.n, "delete", path)
	case "copy", "move", "copyhere", "movehere":
		c.act(c.m, c.n, "move", script.Union(append(c.args, path)...))
		c.makesScript(c.n, path, c.arg())
	case "openastextstream":
		return at("textstream", path)
	case "createtextfile":
		return at("textstream", c.m.Concat(path, script.Const(`\`), c.arg()))
	default:
		return script.Value{}, false
	}
	return script.Value{}, true
}

func (c call) folderMember() (script.Value, bool) {
	path := c.field("path")
	switch c.name {
	case "files", "subfolders":
		c.act(c.m, c.n, "list", path)
		return at(c.name, path)
	case "path", "name", "parentfolder":
		return path, true
	}
	return script.Value{}, true
}

func (c call) fileMember() (script.Value, bool) {
	switch c.name {
	case "openastextstream":
		return c.recv, true
	case "name", "path", "shortpath":
		return script.Union(c.field("path")), true
	}
	return script.Value{}, true
}

// oneOf is one of the files or folders of a folder.
func (c call) oneOf() (script.Value, bool) {
	v := script.Instance(strings.TrimPrefix(strings.TrimSuffix(c.recv.S, "s"), "sub"))
	v.O.Fields = c.recv.O.Fields
	return v, true
}

func (c call) textStreamCall() (script.Value, bool) {
	switch c.name {
	case "write", "writeline", "writeblanklines":
		c.text(c.n, c.field("path"), c.arg())
		c.write(c.m, c.n, c.field("path"), c.arg())
		return script.Value{}, true
	}
	return script.Value{}, false
}

func (c call) textStreamMember() (script.Value, bool) {
	switch c.name {
	case "readall", "readline", "read":
		return c.read(c.m, c.n, c.field("path")), true
	}
	return script.Value{}, true
}

// A stream holds what was written to it, or the path of the file it was read from.
func (c call) streamCall() (script.Value, bool) {
	a := c.arg()
	switch c.name {
	case "write", "writetext":
		if old, ok := c.recv.O.Fields["<content>"]; ok {
			a = c.m.Concat(old, a)
		}
		c.set("<content>", a)
	case "loadfromfile":
		c.set("<loaded>", a)
	case "savetofile":
		content, ok := c.recv.O.Fields["<content>"]
		if p, loaded := c.recv.O.Fields["<loaded>"]; !ok && loaded {
			c.act(c.m, c.n, "move", script.Union(a, p))
			c.makesScript(c.n, p, a)
		} else {
			c.write(c.m, c.n, a, content)
		}
	case "read", "readtext":
		return c.streamContent(c.m, c.n, c.recv), true
	case "copyto":
		if a.O != nil && a.S == "adodb.stream" {
			set(a, "<content>", c.streamContent(c.m, c.n, c.recv))
		}
	default:
		return script.Value{}, false
	}
	return script.Value{}, true
}

func (c call) streamMember() (script.Value, bool) {
	switch c.name {
	case "read", "readtext":
		return c.streamContent(c.m, c.n, c.recv), true
	case "size", "eos", "position", "state":
		return script.Value{}, true
	}
	return script.Value{}, false
}

func (c call) uploadCall() (script.Value, bool) {
	if c.name == "files" || c.name == "file" || c.name == "form" {
		return c.recv, true
	}
	if strings.HasPrefix(c.name, "save") && c.arg().L&fromRequest != 0 {
		c.write(c.m, c.n, c.arg(), c.m.Source(c.n, fromUpload))
		return script.Value{}, true
	}
	return script.Value{}, false
}

// read is the content of a file at path.
func (h *host) read(m *script.Machine, n *script.Node, path script.Value) script.Value {
	h.act(m, n, "read", path)
	l := fromFile
	if oddName(path) {
		l |= fromOdd
	}
	if pure(path) && path.L&mapped == 0 {
		l |= anyFile
	}
	return m.Source(n, l)
}

// oddName reports whether a path ends as no script does.
func oddName(path script.Value) bool {
	s := strings.ToLower(path.S)
	for _, e := range []string{".jpg", ".jpeg", ".gif", ".png", ".bmp", ".ico", ".zip", ".rar"} {
		if strings.HasSuffix(s, e) {
			return true
		}
	}
	return false
}

func (h *host) streamContent(m *script.Machine, n *script.Node, recv script.Value) script.Value {
	if v, ok := recv.O.Fields["<content>"]; ok {
		return v
	}
	if p, ok := recv.O.Fields["<loaded>"]; ok {
		return h.read(m, n, p)
	}
	return script.Value{}
}
