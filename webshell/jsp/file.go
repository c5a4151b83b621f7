package jsp

// record is content being written to a file at path.
func (c call) record(path, content value) (value, bool) {
	h := c.sink(sinkWrite, content)
	h.path = join(path, h.path)
	return value{}, true
}

func (c call) write() (value, bool) {
	a, b := c.arg(0), c.arg(1)
	if fileOut[c.class] && len(c.args) > 0 {
		return c.record(c.recv, joinConst(c.args))
	}
	switch c.class {
	case "ProcessOut":
		if isShell(c.recv.s) && sure(a) {
			c.sink(sinkExec, a)
		}
		return value{}, true
	case "SocketOut":
		if sure(a) {
			c.sink(sinkSend, a)
		}
		return value{}, true
	case "Files", "FileUtils":
		if b.typ == "File" { // as Guava has it
			a, b = b, a
		}
		return c.record(a, b)
	case "FileItem", "Part", "DiskFileItem":
		return c.record(a, c.recv)
	case "IOUtils":
		if fileOut[b.typ] {
			return c.record(b, a)
		}
	}
	if c.recv.taint&fromUpload != 0 && c.name == "write" && len(c.args) == 1 {
		return c.record(a, c.recv)
	}
	return c.unknown()
}

func (c call) writeTo() (value, bool) { return c.record(c.arg(0), c.arg(1)) }

func (c call) copyTo() (value, bool) { return c.record(c.arg(1), c.arg(0)) }

func (c call) copies() (value, bool) {
	a, to := c.arg(0), c.arg(1)
	switch c.class {
	case "Files", "FileUtils":
		if to.typ != "JspWriter" {
			return c.copyTo()
		}
		if sure(a) {
			c.sink(sinkFileAct, a).name = "read"
		}
		return value{}, true
	case "IOUtils", "StreamUtils", "FileCopyUtils", "ByteStreams", "StreamUtil":
		if fileOut[to.typ] || to.typ == "File" {
			return c.copyTo()
		}
	}
	return c.unknown()
}

// stores writes properties to a file.
func (c call) stores() (value, bool) {
	if a := c.arg(0); fileOut[a.typ] {
		return c.record(a, join(c.recv, c.arg(1)))
	}
	return c.unknown()
}

func (c call) putBytes() (value, bool) {
	if fileOut[c.class] {
		return c.write()
	}
	return c.unknown()
}

// addHandler makes a logger write to a file.
func (c call) addHandler() (value, bool) {
	if a := c.arg(0); fileOut[a.typ] && c.holder.name != "" {
		c.assign(c.holder, a)
	}
	return value{}, true
}

func (c call) transferTo() (value, bool) {
	if fileOut[c.arg(0).typ] || c.recv.taint&fromUpload != 0 {
		return c.record(c.arg(0), c.recv)
	}
	return c.unknown()
}

func (c call) transferFrom() (value, bool) { return c.record(c.recv, c.arg(0)) }

func (c call) newOutput() (value, bool) {
	a := c.arg(0)
	return value{typ: "FileOutputStream", taint: a.taint, origin: a.origin, s: a.s, isStr: a.isStr, lead: a.lead}, c.class == "Files"
}

func (c call) channel() (value, bool) { return c.recv, fileOut[c.class] }

func (c call) save() (value, bool) {
	if len(c.args) > 0 {
		return c.record(c.args[0], value{taint: fromUpload, origin: c.at})
	}
	return c.unknown()
}

// pathOf is what java.nio calls a file of a name.
func (c call) pathOf() (value, bool) {
	if c.class != "Paths" && c.class != "Path" || len(c.args) == 0 {
		return c.unknown()
	}
	c.name = "Path"
	return c.newFile()
}

func (c call) resolved() (value, bool) {
	if c.class != "Path" || len(c.args) == 0 {
		return c.unknown()
	}
	c.name, c.args = "Path", []value{c.recv, c.args[0]}
	return c.newFile()
}

// samePath is the same file, called otherwise.
func (c call) samePath() (value, bool) { return c.recv, c.class == "File" || c.class == "Path" }

// fileAct is something done to a file, or its name or content being read.
func (c call) fileAct() (value, bool) {
	v := c.recv
	reads := c.name == "readAllBytes" || c.name == "readString" || c.name == "newInputStream"
	switch {
	case c.class == "Files":
		v = c.arg(0)
		v.typ = "Path"
	case c.class == "File" || c.class == "Path" || c.class == "RandomAccessFile":
	case c.class != "" || (c.name == "list" || c.name == "delete") && len(c.args) > 0:
		return c.unknown()
	}
	if v.taint&controlled != 0 && v.taint&weak == 0 || c.name == "listRoots" {
		c.sink(sinkFileAct, v).name = c.name
		if c.class == "Files" && reads {
			c.sink(sinkFileAct, v).name = "read"
		}
	}
	return value{taint: v.taint | fromStore, origin: v.origin, typ: "File"}, c.name != "readAllBytes" || c.class == "Files"
}
