package php

import (
	"strings"

	"limier/webshell"
)

// builtinObject makes an object of a class that is PHP's own.
func (m *machine) builtinObject(n *node, o *object, args []value) value {
	c := &call{n: n, args: args}
	o.props["#args"] = &slot{v: arr(args...)}
	v := value{k: vObj, ref: o}
	v.t, v.tr = c.taint()
	if v.t != 0 {
		v.t |= unsure
	}
	switch o.name {
	case "callbackfilteriterator", "recursivecallbackfilteriterator":
		m.callback(c, c.arg(1), []value{elementOf(c.arg(0))})
	case "com", "dotnet":
		if s, ok := c.text(0); ok {
			o.props["#com"] = &slot{v: str(strings.ToLower(s))}
		} else if c.arg(0).t&fromRequest != 0 {
			o.props["#com"] = &slot{v: str("wscript.shell")}
		}
	case "jconfig": // Joomla's settings
		return value{t: loot, tr: m.at(n)}
	case "sqlite3", "sqlitedatabase":
		o.props["#path"] = &slot{v: c.arg(0)}
		v.t, v.tr = 0, nil
	case "pdo", "mysqli":
		if file, ok := strings.CutPrefix(c.arg(0).s, "sqlite:"); ok {
			o.props["#path"] = &slot{v: value{k: c.arg(0).k, s: file, t: c.arg(0).t, ref: c.arg(0).ref}}
		}
		if v.t&fromRequest != 0 && v.t&checked == 0 {
			m.note(doesConnect, n, v)
		}
		m.facts.borrowed = m.facts.borrowed || v.t&loot != 0 && m.mentions("scandir(", "glob(", "readdir(", "directoryiterator")
		v.t, v.tr = 0, nil
	case "splfileobject":
		mode, _ := c.text(1)
		o.props["#path"] = &slot{v: c.arg(0)}
		o.props["#mode"] = &slot{v: str(mode)}
	case "imagick", "gmagick":
		m.script(n, c.arg(0))
	case "soapclient":
		if opts, ok := c.arg(1).ref.(*array); ok {
			if u, _ := opts.get(key{s: "location", str: true}); u.k == vUnknown && m.chosen(u) {
				m.note(doesSocket, n, u)
				m.facts.anywhere = true
			}
		}
	case "arrayobject", "arrayiterator":
		v.t &^= unsure
		if a, ok := c.arg(0).ref.(*array); ok && c.arg(0).k == vArr {
			a.shared = true
			o.props["#items"] = &slot{v: c.arg(0)}
		} else if len(args) == 0 {
			o.props["#items"] = &slot{v: arr()}
		}
	case "splstack", "splqueue", "spldoublylinkedlist", "splfixedarray", "splminheap", "splmaxheap", "splpriorityqueue":
		o.props["#items"] = &slot{v: arr()}
		v.t, v.tr = 0, nil
	case "directoryiterator", "recursivedirectoryiterator", "filesystemiterator":
		if m.chosen(c.arg(0)) {
			m.note(doesList, n, c.arg(0))
		}
		v.t = fromList
	}
	return v
}

// builtinMethod calls a method of an object that is PHP's own.
func (m *machine) builtinMethod(n *node, o *object, name string, args []value) value {
	c := &call{n: n, name: name, args: args}
	t, tr := c.taint()
	ctor := []value(nil)
	if s := o.props["#args"]; s != nil {
		ctor, _ = s.v.list()
	}
	first := func(l []value, i int) value {
		if i < len(l) {
			return l[i]
		}
		return value{}
	}
	if name == "getmessage" {
		return first(ctor, 0)
	}
	if containers[o.name] {
		if v, ok := m.container(o, name, args); ok {
			return v
		}
	}
	if strings.HasPrefix(o.name, "reflection") {
		if v, ok := m.reflected(o, name, args); ok {
			return v
		}
	}
	switch o.name {
	case "generator":
		return m.generatorMethod(n, o, name, args)
	case "reflectionfunction":
		switch name {
		case "invoke":
			return m.callValue(n, first(ctor, 0), args, nil, true)
		case "invokeargs":
			if l, ok := c.arg(0).list(); ok {
				return m.callValue(n, first(ctor, 0), l, nil, true)
			}
			return m.callValue(n, first(ctor, 0), []value{elementOf(c.arg(0))}, nil, true)
		case "getclosure":
			return first(ctor, 0)
		}
	case "reflectionmethod":
		if name == "invoke" || name == "invokeargs" {
			rest := args[min(1, len(args)):]
			if name == "invokeargs" && len(rest) == 1 {
				if l, ok := rest[0].list(); ok {
					rest = l
				}
			}
			return m.callPair(n, first(ctor, 0), first(ctor, 1), rest, nil)
		}
	case "reflectionclass", "reflectionobject":
		if name == "newinstance" || name == "newinstanceargs" {
			if s, ok := first(ctor, 0).text(); ok {
				if l, ok := c.arg(0).list(); ok && name == "newinstanceargs" {
					args = l
				}
				if cls := m.classes[strings.ToLower(baseName(s))]; cls != nil {
					obj := m.instance(cls)
					if k := m.method(cls, "__construct"); k != nil {
						m.invoke(k, args, nil, obj, nil)
					}
					return value{k: vObj, ref: obj}
				}
				return m.builtinObject(n, &object{name: strings.ToLower(baseName(s)), props: map[string]*slot{}}, args)
			}
			m.unknownClass(n, first(ctor, 0), args)
		}
	case "com", "dotnet":
		if p := o.props["#com"]; p != nil {
			switch name {
			case "exec", "run", "shellexecute", "create", "execquery", "start":
				v := value{t: t, tr: tr}
				if len(args) > 0 && (args[0].k == vStr || args[0].k == vPart) && args[0].t&hostile != 0 {
					v = args[0]
				} else if len(args) == 1 {
					v = args[0]
				}
				return m.command(n, v, p.v.s)
			}
		}
	case "arrayobject", "arrayiterator":
		switch name {
		case "uasort", "uksort":
			e := elementOf(first(ctor, 0))
			return m.callback(c, c.arg(0), []value{e, e})
		case "getiterator":
			return value{k: vObj, ref: o, t: t, tr: tr}
		case "getarraycopy", "current", "offsetget":
			return first(ctor, 0)
		}
	case "phpmailer":
		m.letter(n, o, name, c)
		return value{}
	case "spltempfileobject":
		return m.memory(o, name, c)
	case "splfileobject":
		switch name {
		case "fwrite", "fputcsv":
			t, tr := taintOf(c.arg(0))
			v := c.arg(0)
			if v.k == vArr {
				v = value{t: t, tr: tr}
			}
			m.written(c, o.props["#path"].v, v)
			return value{}
		case "fread", "fgets", "current", "fpassthru":
			m.noteRead(c, o.props["#path"].v)
			return m.read(c, o.props["#path"].v)
		}
	case "ziparchive":
		if name == "open" {
			o.props["#open"] = &slot{v: c.arg(0)}
		}
		if p := o.props["#open"]; name == "extractto" && p != nil && p.v.t&fromUpload != 0 && p.v.t&checked == 0 && m.isolated() && m.small() {
			m.note(doesUpload, n, p.v)
		}
		if name == "extractto" && m.chosen(c.arg(0)) {
			m.note(doesWrite, n, c.arg(0))
		}
		if name == "addfromstring" {
			m.entered(o, c)
		}
		if p := o.props["#open"]; name == "extractto" && p != nil {
			m.brought(c, p.v)
		}
		if name == "extractto" {
			m.unpacked(c, o)
		}
		return value{}
	case "domdocument", "simplexmlelement", "xmlwriter", "phar", "phardata", "imagick", "gmagick":
		return m.documentBuilt(n, o, name, c)
	case "domxpath", "xsltprocessor":
		return m.documentMethod(n, o, name, c)
	case "perl", "python", "lua", "v8js":
		if strings.HasPrefix(name, "eval") || name == "system" || strings.HasPrefix(name, "execute") {
			v := c.arg(0)
			if v.k == vPart {
				v.k = vUnknown
			}
			return m.command(n, v, o.name+"->"+name)
		}
	case "sqlite3", "sqlitedatabase", "pdo": // whatever is kept there stands in the file as it is
		if p := o.props["#path"]; p != nil && t&fromRequest != 0 && scriptName(p.v) && (name == "exec" || name == "query" || name == "queryexec") {
			m.written(c, p.v, value{t: t, tr: tr})
		}
	case "splfileinfo":
		if name == "openfile" {
			return value{k: vObj, ref: &object{name: "splfileobject", props: map[string]*slot{"#path": {v: first(ctor, 0)}, "#mode": {v: c.arg(0)}}}}
		}
	case "ffi":
		if name == "system" || name == "exec" || name == "popen" {
			return m.command(n, c.arg(0), "FFI")
		}
	}
	if v, ok := m.unknownMethod(n, name, args); ok {
		return v
	}
	m.consults(args...)
	if t != 0 {
		t |= unsure
	}
	if s := o.props["#args"]; s != nil {
		at, atr := taintOf(s.v)
		t |= at
		tr = firstTrace(tr, atr)
		if at != 0 {
			t |= unsure
		}
	}
	return value{t: t, tr: tr}
}

// letter follows a mail that PHPMailer sends: https://github.com/PHPMailer/PHPMailer.
func (m *machine) letter(n *node, o *object, name string, c *call) {
	own := o.class != nil // the file brings the class along
	from := func(prop string) bool {
		s := o.props[prop]
		return s != nil && s.v.t&fromRequest != 0 && (s.v.t&checked == 0 || own && m.facts.loops > 0) && (s.v.k == vUnknown || s.v.k == vPart && s.v.s == "")
	}
	switch name {
	case "addaddress", "addbcc", "addcc":
		o.props["#to"] = &slot{v: c.arg(0)}
	case "msghtml":
		o.props["Body"] = &slot{v: c.arg(0)}
	case "setfrom":
		o.props["#from"] = &slot{v: c.arg(0)}
	}
	if from("#to") && from("Body") && from("Subject") && (from("#from") || from("From")) && (name == "send" || m.facts.loops > 0) &&
		(own && m.facts.loops > 0 && !m.mentions("$_session", "htaccess", "php_auth_user") || !own && !m.framed && m.small()) {
		m.note(doesMail, n, o.props["Body"].v)
		m.report("mailer", webshell.Malicious, moderate, "The request gives sender, recipients, subject and text of the mails sent.", n, o.props["Body"].v)
	}
}

// documentMethod sees documents of the request that may call PHP's functions.
func (m *machine) documentMethod(n *node, o *object, name string, c *call) value {
	switch name {
	case "registerphpfunctions":
		o.props["#php"] = &slot{}
	case "query", "evaluate", "importstylesheet":
		v := c.arg(0)
		if d, ok := v.ref.(*object); ok && d.props["#text"] != nil {
			v = d.props["#text"].v
		}
		if o.props["#php"] != nil && v.t&fromRequest != 0 && v.t&checked == 0 {
			m.report("request-to-eval", webshell.Webshell, moderate, "The request gives a document that may call PHP's functions.", n, v)
		}
	}
	return value{}
}

// documentBuilt follows text through the classes that build documents,
// archives and pictures, to the file they are saved in.
func (m *machine) documentBuilt(n *node, o *object, name string, c *call) value {
	t, tr := c.taint()
	text := value{}
	if s := o.props["#text"]; s != nil {
		text = s.v
	} else if s := o.props["#args"]; s != nil {
		text.t, text.tr = taintOf(s.v)
	}
	switch name {
	case "save", "savehtmlfile", "asxml", "savexml", "writeimage", "writeimages":
		if len(c.args) > 0 && c.arg(0).k != vObj {
			m.written(c, c.arg(0), text)
		}
		return value{t: text.t, tr: text.tr}
	case "openuri":
		o.props["#path"] = &slot{v: c.arg(0)}
		return value{}
	case "load", "loadxml", "loadhtml":
		o.props["#text"] = &slot{v: c.arg(0)}
		return value{}
	case "readimage":
		m.script(n, c.arg(0))
		return value{}
	case "addfromstring":
		if a := o.props["#args"]; a != nil && t&fromRequest != 0 {
			if l, ok := a.v.list(); ok && len(l) > 0 && scriptName(l[0]) {
				m.written(c, l[0], value{t: t, tr: tr})
			}
		}
		m.entered(o, c)
		return value{}
	case "extractto":
		m.unpacked(c, o)
		return value{}
	case "setstub":
		if s := o.props["#args"]; s != nil {
			if l, ok := s.v.list(); ok && len(l) > 0 {
				m.written(c, l[0], c.arg(0))
			}
		}
		return value{}
	}
	if t != 0 {
		o.props["#text"] = &slot{v: value{t: text.t | t, tr: firstTrace(tr, text.tr)}}
	}
	if p := o.props["#path"]; p != nil && len(c.args) > 0 {
		m.written(c, p.v, value{t: t, tr: tr})
	}
	return value{t: t, tr: tr}
}

// memory follows text through a file object that is no file.
func (m *machine) memory(o *object, name string, c *call) value {
	s := o.props["#text"]
	if s == nil {
		s = &slot{v: str("")}
		o.props["#text"] = s
	}
	switch name {
	case "fwrite":
		s.v = concat(s.v, c.arg(0), maxString)
	case "fgets", "fread", "current", "getcurrentline":
		return s.v
	}
	return value{}
}

// script sees Magick Scripting Language, which reads and writes any file:
// https://imagemagick.org/script/conjure.php.
func (m *machine) script(n *node, p value) {
	if strings.HasPrefix(strings.ToLower(p.s), "msl:") && m.isolated() {
		m.report("picture-script", webshell.Webshell, moderate, "A library of pictures is made to run a script that copies any file.", n, p)
	}
}

// entered notes what is put into an archive under a name of its own.
func (m *machine) entered(o *object, c *call) {
	v := c.arg(1)
	if v.t&fromRequest != 0 && m.chosen(c.arg(0)) {
		o.props["#name"], o.props["#entry"] = &slot{v: c.arg(0)}, &slot{v: v}
	}
}

// unpacked judges what comes out of an archive that the page made.
func (m *machine) unpacked(c *call, o *object) {
	if p := o.props["#entry"]; p != nil {
		m.written(c, o.props["#name"].v, p.v)
	}
}

// brought judges an archive that the page wrote before it unpacks it.
func (m *machine) brought(c *call, p value) {
	d := m.facts.kept[pathKey(p)]
	named := d.t&fromFile != 0 && d.t&fromRemote != 0 // what lies at an address that the request gives
	if d.t&(fromRequest|fromUpload) == 0 && !named || d.t&checked != 0 || !m.isolated() || !m.small() || m.facts.gated || m.facts.uploadOK || m.asksLeave() {
		return
	}
	m.report("uploader", webshell.Webshell, moderate, "An archive that the request brings or names is unpacked; nothing is checked.", c.n, d)
}

// unknownMethod knows methods by their names alone.
func (m *machine) unknownMethod(n *node, name string, args []value) (value, bool) {
	if len(args) == 0 {
		switch name {
		case "getccnumber", "getcccid":
			return value{t: secret | card, tr: m.at(n)}, true
		case "current":
			if n.op == nSCall && (m.className(n.a) == "juri" || m.className(n.a) == "uri") {
				return value{t: fromURI | ownPage | ownHost}, true
			}
		case "loadresult", "loadcolumn", "loadobject", "loadobjectlist", "loadassoc", "loadrow", "fetchfield":
			return value{t: fromDB}, true
		case "getpost", "getparams":
			if n.a != nil && n.a.op == nMCall && n.a.b != nil && strings.EqualFold(n.a.b.s, "getrequest") {
				return value{t: fromRequest | unsure | checked | wholeReq, tr: m.at(n)}, true
			}
		}
		return value{}, false
	}
	c := &call{n: n, name: name, args: args}
	switch name {
	case "get_param", "getvar", "getraw", "getstring", "getpost", "getparam", "getvalue", "input":
		if v, ok := m.frameworkInput(n, name, args); ok {
			return v, true
		}
	case "setdata":
		if a, ok := args[0].ref.(*array); ok && m.small() && !m.framed && m.mentions("admin/user") {
			if p, _ := a.get(key{s: "password", str: true}); p.k == vStr && p.s != "" {
				m.report("makes-administrator", webshell.Malicious, moderate, "The script makes an administrator whose password it knows.", n, value{})
			}
		}
	case "post", "request", "get", "put", "send": // clients of HTTP
		for i, a := range args[:min(2, len(args))] {
			if a.k >= vStr && remoteURL(strings.ToLower(a.s)) {
				t, tr := taintOfAll(args[i+1:])
				m.fetched(n, a, value{t: t, tr: tr})
				return value{t: fromRemote | unsure, tr: m.at(n)}, true
			}
		}
		if v, ok := m.frameworkInput(n, name, args); ok && name == "get" {
			return v, true
		}
	case "file_get_contents": // of PrestaShop
		return m.read(c, args[0]), true
	case "setbody": // of the page that Joomla sends
		if strings.EqualFold(m.className(n.a), "jresponse") || m.unit.says(n.a, "app") {
			m.answer(n, args[0])
		}
	case "set_role", "add_role", "insert", "replace", "update": // of WordPress
		m.promotes(c)
		if len(args) > 1 && m.facts.loops > 0 && m.small() && !m.framed {
			m.altered(n, args[1])
		}
	case "setquery":
		m.sqlText(n, args[0])
	case "query", "exec", "multi_query", "real_query", "queryexec", "execute":
		m.sqlText(n, args[0])
		if m.chosen(args[0]) && args[0].k == vUnknown && args[0].t&unsure == 0 {
			m.note(doesSQL, n, args[0])
		}
		return value{t: fromDB | m.users(args[0])}, true
	case "get_results", "get_col", "get_var", "get_row":
		return value{t: fromDB | m.users(args[0])}, true
	case "fetchall":
		if len(args) > 1 {
			if s, ok := args[1].text(); ok && deadly[strings.ToLower(s)] {
				m.report("hidden-function", webshell.Webshell, moderate, "Rows of a database are handed to "+s+".", n, args[0])
			}
		}
	case "createfunction", "sqlitecreatefunction", "createaggregate":
		if len(args) > 1 {
			if s, ok := args[1].text(); ok && deadly[strings.ToLower(s)] || args[1].t&fromRequest != 0 {
				m.callback(c, args[1], []value{{t: fromRequest | unsure}})
			}
			return value{}, true
		}
	case "xpath", "registerphpfunctions":
		if s, ok := args[0].text(); ok && deadly[strings.ToLower(s)] {
			m.report("hidden-function", webshell.Webshell, moderate, "A document language may call "+s+".", n, args[0])
		}
	}
	return value{}, false
}

// altered sees a script of another host put into rows of a database.
func (m *machine) altered(n *node, row value) {
	a, ok := row.ref.(*array)
	if !ok {
		return
	}
	for _, v := range a.vals {
		if low := strings.ToLower(v.s + v.tail()); len(low) < 8192 && v.t&fromDB != 0 && foreignScript(low) {
			m.report("infects-pages", webshell.Malicious, moderate, "A script of another host is added to the pages in the database.", n, v)
			return
		}
	}
}

// users marks the answer to SQL that asks for the passwords of users.
func (m *machine) users(sql value) taint {
	if low := strings.ToLower(sql.s + " " + sql.tail()); strings.Contains(low, "select") && (strings.Contains(low, "user_pass") || strings.Contains(low, "password") && strings.Contains(low, "users")) {
		return loot
	}
	return 0
}

// frameworkInput is a field of the request that is read through an object of a
// program. What the program allows is not known, so that only evaluation of it
// counts.
func (m *machine) frameworkInput(n *node, name string, args []value) (value, bool) {
	if s, ok := args[0].text(); ok && m.framed && cardName(s) {
		return value{t: secret | card, tr: m.at(n)}, true
	}
	if s, ok := args[0].text(); ok && m.takes && m.secretName(s) && (name != "get" || m.unit.says(n.a, "input", "request", "post")) {
		return value{t: secret, tr: m.at(n)}, true
	}
	if n.a == nil || !args[0].exact() || m.f.this != nil && m.framed {
		return value{}, false
	}
	from := n.a.s
	if n.a.op == nProp && n.a.b != nil {
		from = n.a.b.s
	}
	switch strings.ToLower(from) {
	case "input", "request", "req", "jrequest", "jinput":
		return value{t: fromRequest | unsure | checked, tr: m.at(n)}, true
	}
	return value{}, false
}
