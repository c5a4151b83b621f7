package script

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// has reports whether the script holds a text.
func (s *scan) has(text string) bool {
	has, known := s.held[text]
	if !known {
		if s.held == nil {
			s.held = map[string]bool{}
		}
		has = bytes.Contains(s.Data, []byte(text))
		s.held[text] = has
	}
	return has
}

// requests are methods of objects that stand for a request in Perl, and a word that
// scripts with such objects have.
var requests = map[string]string{
	"multi_param": "CGI", "url_param": "CGI", "keywords": "CGI", "query_string": "CGI", "path_info": "CGI", "raw_cookie": "CGI", "cookie": "CGI", "http": "CGI",
	"user_agent": "CGI", "upload": "CGI", "query_params": "Plack", "parameters": "Plack", "body_parameters": "Plack", "query_parameters": "Plack", "content": "Plack",
	"raw_body": "Plack", "body": "Mojo", "every_param": "Mojo", "args": "Apache2",
}

// members of a request in Python that hold what was sent.
var members = map[string]bool{
	"args": true, "form": true, "values": true, "data": true, "json": true, "cookies": true, "headers": true, "params": true, "get": true, "post": true, "body": true,
	"query": true, "forms": true, "files": true, "get_json": true, "get_data": true, "query_string": true, "stream": true, "view_args": true, "query_params": true,
	"match_info": true, "text": true, "arguments": true, "json_body": true,
}

// asks reports whether a name at an offset reads the request, given the bytes
// around it.
func (s *scan) asks(low []byte, at int, before, after byte) bool {
	quoted := strings.IndexByte("${'\"", before) >= 0 && before != 0
	switch string(low) {
	case "param":
		return after == '('
	case "params":
		return after == '[' && before != '$' && s.tongue != perl && s.tongue != python // Ruby's
	case "stdin":
		return s.tongue != python || s.has("from sys import")
	case "vars", "fieldstorage", "cgi.fieldstorage", "cgi.new", "cgi.new.params", "parse_qs", "parse_qsl", "cgi.parse", "urlparse.parse_qs", "urllib.parse.parse_qs":
		return true
	case "content_length": // by which the shell and Python read what was sent
		return s.tongue != perl && quoted
	case "query_string", "path_info", "request_uri", "request_body":
		if quoted {
			return true
		}
	case "wsgi.input":
		return quoted
	case "web.input", "web.data":
		return after == '('
	case "readparse":
		if s.tongue != perl || !s.has("cgi-lib.pl") {
			return false
		}
		s.Tainted["in"] = at
		return true
	case "read", "cat":
		return s.tongue == other && s.reads(low, at)
	}
	switch s.tongue {
	case perl:
		if before == '>' {
			if word, ok := requests[string(low)]; ok {
				return s.has(word)
			}
			return string(low) == "fetch" && bytes.HasSuffix(s.Data[:at], []byte("CGI::Cookie->"))
		}
		if after == '-' && (string(low) == "query_parameters" || string(low) == "body_parameters" || string(low) == "route_parameters") {
			return s.has("Dancer")
		}
	case python:
		if s.asksPython(low, at, after) {
			return true
		}
	}
	return quoted && len(low) > 5 && bytes.HasPrefix(low, []byte("http_")) || s.tongue != python && s.asksPython(low, at, after)
}

// asksPython is asks for names with dots.
func (s *scan) asksPython(low []byte, at int, after byte) bool {
	first, rest, dotted := bytes.Cut(low, []byte("."))
	if !dotted {
		return false
	}
	member, more, _ := bytes.Cut(rest, []byte("."))
	switch string(first) {
	case "sys":
		return string(member) == "stdin" && after != '=' && string(more) != "fileno" && string(more) != "isatty" && string(more) != "close"
	case "flask", "bottle", "cherrypy", "self":
		if string(member) == "request" {
			member, _, _ = bytes.Cut(more, []byte("."))
			return members[string(member)]
		}
		switch string(member) {
		case "get_argument", "get_arguments", "get_query_argument", "get_body_argument", "get_cookie":
			return s.has("tornado")
		case "path", "headers", "rfile":
			return string(first) == "self" && s.tongue == python && s.answers(at)
		}
	case "request":
		return members[string(member)]
	case "req":
		switch string(member) {
		case "get_param", "stream", "form":
			return s.tongue == python && (s.has("import falcon") || s.has("from mod_python"))
		}
	}
	return false
}

// handler is a class of Python that answers requests, and after where the next
// thing of the file begins.
var (
	handler = regexp.MustCompile(`(?m)^class\s+\w+\s*\([^)\n]*HTTPRequestHandler[^)\n]*\)\s*:`)
	after   = regexp.MustCompile(`(?m)^(?:class|def|if|async|@)\b`)
)

// answers reports whether an offset stands in a class that answers requests.
func (s *scan) answers(at int) bool {
	if s.handlers == nil {
		s.handlers = [][2]int{}
		if s.has("HTTPRequestHandler") {
			for _, m := range handler.FindAllIndex(s.Data, maxPrograms) {
				end := len(s.Data)
				if n := after.FindIndex(s.Data[m[1]:]); n != nil {
					end = m[1] + n[0]
				}
				s.handlers = append(s.handlers, [2]int{m[0], end})
			}
		}
	}
	return slices.ContainsFunc(s.handlers, func(h [2]int) bool { return h[0] <= at && at < h[1] })
}

var (
	// route is how a function of Python gets what a path names.
	route = regexp.MustCompile(`(?m)^[ \t]*@\w+\.(?:route|get|post|put|api_route)\(\s*r?["']([^"'\n]*)["']`)
	// taken are the names in a path, but for numbers.
	taken = regexp.MustCompile(`<(?:(?:path|string):)?(\w+)>|\{(\w+)(?::path)?\}`)
	// plainly is a parameter that FastAPI takes from the query.
	plainly = regexp.MustCompile(`(\w+)\s*:\s*(?:str|bytes)\s*(?:[,)=]|$)`)
)

// routes reports whether functions of the script can be given what a path names.
func (s *scan) routes() bool {
	return s.tongue == python && len(s.calls) > 0 && (s.has("flask") || s.has("Flask") || s.has("fastapi") || s.has("bottle"))
}

// routed notes which parameters of a function the request names: what stands before
// it says so.
func (s *scan) routed(f *function) {
	if !s.routes() {
		return
	}
	before := s.Data[max(0, f.lo-400):f.lo]
	for bytes.HasSuffix(before, []byte(")\n")) || bytes.HasSuffix(before, []byte("\n\n")) {
		cut := bytes.LastIndexByte(before[:len(before)-1], '\n') + 1
		if m := route.FindSubmatch(before[cut:]); m != nil {
			names := taken.FindAllSubmatch(m[1], maxPrograms)
			if s.has("fastapi") {
				names = append(names, plainly.FindAllSubmatch(s.Data[f.lo:min(len(s.Data), f.lo+400)], maxPrograms)...)
			}
			for _, n := range names {
				for _, w := range n[1:] {
					if slices.ContainsFunc(f.params, func(p []byte) bool { return bytes.Equal(p, w) }) {
						f.tainted[string(w)] = f.lo
					}
				}
			}
			return
		}
		before = before[:cut]
	}
}
