package asp

import (
	"strings"

	"limier/internal/script"
)

// A call is a function, or a method or member of an object of ASP's, being used.
type call struct {
	*host
	m    *script.Machine
	n    *script.Node
	recv script.Value
	name string // of the function, method or member, in lower case
	args []script.Value
}

// A meaning says what a call does and gives. Where it returns false, the matter is
// the machine's.
type meaning func(call) (script.Value, bool)

// functions are those of the languages, and ASP's objects called as such.
var functions = script.Table(map[string]meaning{
	"<%= <html> <each>":           call.shown,
	"createobject":                call.createObject,
	"eval execute executeglobal":  call.eval,
	"function":                    call.functionOf,
	"getobject":                   call.getObject,
	"getref":                      call.getRef,
	"request session application": call.indexed,
	"split":                       call.split,
})

// office are methods of which the name alone says what they do.
var office = script.Table(map[string]meaning{
	"executeexcel4macro executeshellcommand execscript addfromstring": call.office,
})

// methods are those of objects, by their class.
var methods = script.Table(map[string]meaning{
	"request":             call.requestCall,
	"request.collection":  call.fieldOf,
	"servervariables":     call.variable,
	"response":            call.responseCall,
	"session application": call.storeCall,
	"server":              call.serverCall,

	"wscript.shell":                 call.shellCall,
	"shell.application":             call.applicationCall,
	"schedule.service":              call.itself, // and what it gives
	"exec drives":                   call.nothing,
	"stdin":                         call.stdinCall,
	"wbemscripting.swbemlocator":    call.locatorCall,
	"winnt":                         call.accountCall,
	"iis":                           call.iisCall,
	"wmi":                           call.wmiCall,
	"msscriptcontrol.scriptcontrol": call.scriptControlCall,

	"sapien.activexposh aspexec.execute dynu.exec": call.executorCall,

	"scripting.filesystemobject": call.fileSystemCall,
	"folder file":                call.fileCall,
	"files subfolders":           call.oneOf,
	"textstream":                 call.textStreamCall,
	"adodb.stream":               call.streamCall,
	"persits.upload persits.upload.1 softartisans.fileup w3.upload dundas.upload.2": call.uploadCall,

	"adodb.connection": call.connectionCall,
	"adodb.recordset":  call.recordSetCall,
	"adodb.command":    call.commandCall,
	"xmldom":           call.documentCall,

	"xmlhttp":                    call.httpCall,
	"cdo.message cdonts.newmail": call.letterCall,
	"jmail.message jmail.smtpmail persits.mailsender": call.mailerCall,
})

// members are properties of objects, by their class, and methods without arguments.
var members = script.Table(map[string]meaning{
	"request":              call.requestMember,
	"request.collection":   call.collectionMember,
	"response err":         call.nothing,
	"exec":                 call.execMember,
	"session application":  call.storeMember,
	"schedule.service wmi": call.itself,

	"scripting.filesystemobject": call.fileSystemMember,
	"folder":                     call.folderMember,
	"files subfolders":           call.nothing, // a count
	"file":                       call.fileMember,
	"textstream":                 call.textStreamMember,
	"adodb.stream":               call.streamMember,
	"adodb.recordset recordset":  call.recordSetMember,
	"adodb.command":              call.commandMember,
	"xmldom":                     call.documentMember,
	"wbemscripting.swbemlocator": only(call.locatorCall, "connectserver"),
	"xmlnode":                    call.nodeMember,
	"xmlhttp":                    call.httpMember,
	"iis":                        call.iisMember,

	"sapien.activexposh aspexec.execute dynu.exec": call.executorCall,
})

func (h *host) Call(m *script.Machine, n *script.Node, recv script.Value, name string, args []script.Value) (script.Value, bool) {
	c := call{h, m, n, recv, name, args}
	h.Hidden(n, args, h.page.Text)
	h.picks(m, n, recv, name, args)
	if name == "execute" && recv.K != script.VNone && recv.K != script.VObject {
		if v, ok := c.executes(); ok {
			return v, true
		}
	}
	if f := office[name]; f != nil && recv.K != script.VNone {
		return f(c)
	}
	switch recv.K {
	case script.VNone:
		return c.by(functions, name)
	case script.VType:
		if name == "createobject" || name == "eval" {
			return c.by(functions, name)
		}
	case script.VObject:
		if v, ok := c.by(methods, recv.S); ok || len(args) > 0 {
			return v, ok
		}
		return c.by(members, recv.S)
	default:
		if name == "appendchunk" && recv.T != nil { // bytes made into text by a record set
			if o := h.records[recv.T.Node]; o != nil {
				o.Any = script.Union(append(args, o.Any)...)
			}
		}
	}
	return script.Value{}, false
}

func (h *host) Member(m *script.Machine, n *script.Node, recv script.Value) (script.Value, bool) {
	if recv.K != script.VObject {
		return script.Value{}, false
	}
	return call{h, m, n, recv, n.Low, nil}.by(members, recv.S)
}

// by is the call as a table says it.
func (c call) by(table map[string]meaning, key string) (script.Value, bool) {
	if f := table[key]; f != nil {
		return f(c)
	}
	return script.Value{}, false
}

func first(args []script.Value) script.Value {
	if len(args) > 0 {
		return args[0]
	}
	return script.Value{}
}

func nth(args []script.Value, i int) script.Value { return first(args[min(i, len(args)):]) }

func (c call) arg() script.Value { return first(c.args) }

func (c call) all() script.Value { return script.Union(c.args...) }

// only is a meaning under one name alone.
func only(f meaning, name string) meaning {
	return func(c call) (script.Value, bool) {
		if c.name == name {
			return f(c)
		}
		return script.Value{}, false
	}
}

func (c call) nothing() (script.Value, bool) { return script.Value{}, true }

func (c call) itself() (script.Value, bool) { return c.recv, true }

// field is a field of the receiver, which set sets.
func (c call) field(name string) script.Value { return c.recv.O.Field(name) }

func (c call) set(name string, v script.Value) { set(c.recv, name, v) }

func set(recv script.Value, field string, v script.Value) {
	if recv.O.Fields == nil {
		recv.O.Fields = map[string]script.Value{}
	}
	recv.O.Fields[field] = v
}

// at is an object of a class that stands for a path.
func at(class string, path script.Value) (script.Value, bool) {
	v := script.Instance(class)
	set(v, "path", path)
	return v, true
}

func anyOf(v script.Value) script.Value { return v.O.AnyValue() }

// executes is Execute on what may be a connection that an included page opened.
func (c call) executes() (script.Value, bool) {
	a := c.arg()
	if databaseCommand(strings.ToLower(a.Prefix())) {
		c.databaseCommand(c.n, a)
		return script.Value{}, true
	}
	s, _ := a.Text()
	return script.Instance("recordset"), strings.HasPrefix(strings.ToLower(s+a.Prefix()), "select ")
}
