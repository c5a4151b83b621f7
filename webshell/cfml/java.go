package cfml

import (
	"regexp"
	"strings"

	"limier/finding"
	"limier/webshell"
)

var (
	// running are classes that run programs or code.
	running = regexp.MustCompile(`(?i)^(?:wscript\.shell|shell\.application|java\.lang\.(?:runtime|processbuilder|processimpl|classloader)|java\.net\.urlclassloader|javax\.script\.\w+|javax\.tools\.\w+|jdk\.jshell\.\w+|groovy\.(?:lang\.groovyshell|util\.eval)|bsh\.interpreter)$`)
	// asked are methods of a request of Java that hand out what it holds.
	asked = regexp.MustCompile(`^get(?:parameter|header|querystring|reader|inputstream|cookie|pathinfo|part|requestur)`)
	// streams and sockets are classes, or packages, of what writes; byName are those
	// to which a name says which file.
	streams = regexp.MustCompile(`^java\.n?io\.`)
	byName  = regexp.MustCompile(`file|path|^java\.io\.print`)
	sockets = regexp.MustCompile(`^(?:java\.net\.(?:socket|datagram)|java\.nio\.channels\.socketchannel|javax\.net\.)`)
	writing = regexp.MustCompile(`^(?:write|print|append|copy)`)
	// classes are methods that make a class.
	classes = set("forname loadclass findclass defineclass")
)

// A made is where a page makes an object of a class that runs programs or code.
type made struct {
	class string
	at    int
}

// object is one of a class of Java, or by COM.
func (p *page) object(class string, at int) *value {
	if running.MatchString(class) && len(p.made) < maxWeak {
		p.made = append(p.made, made{class, at})
	}
	return &value{open: true, class: strings.ToLower(class)}
}

// created is the object that createObject or a tag makes.
func (p *page) created(kind, class argument, at int) *value {
	switch kind := strings.ToLower(kind.head); {
	case kind != "java" && kind != "com" && kind != ".net" && kind != "dotnet":
		return unknown
	case class.known():
		return p.object(class.head, at)
	case class.flat().sent():
		p.names(class.value, at)
	}
	return &value{open: true, class: "java"}
}

// names notes that the request names a class.
func (p *page) names(class *value, at int) {
	if v := class.flat(); v.sent() && v.first && strings.Trim(v.head, ".") == "" {
		p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-class", "The request names a class that the page makes.", v.at, at)
	}
}

func (p *page) deserialises(v *value, by string, at int) {
	if v = v.flat(); v.sent() {
		p.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-deserialize", "Data from the request is deserialised by "+by+", which lets it run code.", v.at, at)
	}
}

// java is what a method of an object of Java gives.
func (r *reader) java(v *value, name string, args []argument, at int) *value {
	all := mixed(values(args)...)
	first := arg(args, 0)
	out := &value{open: true, class: v.class, file: v.file, req: v.sent() || all.sent(), at: all.at}
	if v.sent() {
		out.at = v.at
	}
	switch {
	case classes[name]:
		if first.known() {
			return r.object(first.head, at)
		}
		r.names(first.value, at)
		return out
	case v.class == "pagecontext":
		if name == "getrequest" {
			return &value{open: true, class: "request", at: v.at}
		}
		return v
	case v.class == "request":
		if asked.MatchString(name) {
			return request(v.at)
		}
		return unknown
	case name == "readobject" || name == "readunshared" || name == "fromxml":
		r.deserialises(v, "ObjectInputStream", at)
	case (name == "load" || name == "loadlibrary") && (v.class == "java.lang.system" || v.class == "java.lang.runtime"):
		if all.sent() {
			r.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-library", "The request names the library of compiled code that is loaded.", all.at, at)
		}
	case writing.MatchString(name) && sockets.MatchString(v.class):
		if v.sent() && all.sent() {
			r.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-socket", "The page connects to any host and port that the request names: a tunnel.", v.at, at)
		}
	case writing.MatchString(name) && (v.file != nil || strings.HasSuffix(v.class, ".files")):
		file, content := v.file, first.value
		if strings.HasSuffix(v.class, ".files") {
			content = arg(args, 1).value
			if file = first.file; file == nil {
				file = first.value
			}
			if name == "copy" {
				content, file = first.value, arg(args, 1).file
			}
		}
		if file != nil {
			r.writes(file, content, name, at)
		}
		return &value{open: true, class: v.class, file: v.file}
	case streams.MatchString(v.class) && v.file == nil:
		out.file = all.file
		if out.file == nil && first.class == "" && byName.MatchString(v.class) {
			switch name {
			case "init", "get", "of", "newbufferedwriter", "newoutputstream":
				out.file = first.flat()
			}
		}
		if out.file != nil { // its name may be the request's, what is read from it is not
			out.req = false
		}
	case cuts[name] || same[name] || numbers[name]:
		return r.derived(name, append([]argument{{value: v}}, args...))
	}
	// What a buffer is given is in it as it is.
	if out.sent() && (v.pure || !v.sent()) && len(args) == 1 {
		out.pure, out.first = first.flat().pure, first.flat().first
	} else if len(args) == 0 {
		out.pure, out.first = v.pure, v.first
	}
	return out
}
