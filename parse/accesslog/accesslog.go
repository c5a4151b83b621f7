// Package accesslog parses the common and combined log formats of Apache,
// nginx and Tomcat.
//
// Format: https://httpd.apache.org/docs/2.4/logs.html#accesslog. Times carry
// their zone; events have UTC. Columns get the names of a W3C log, so that one
// rule reads both.
package accesslog

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"limier/event"
	"limier/parse"
)

// Parser reads access logs in the common and combined formats.
var Parser = &parse.Parser{
	Name: "accesslog",
	Doc:  "Apache, nginx and Tomcat access logs in the common and combined formats",
	Match: func(_ string, head []byte) bool {
		tried := 0
		for line := range bytes.Lines(head) {
			if _, ok := cut(bytes.TrimSpace(line)); ok {
				return true
			}
			if tried++; tried == 3 {
				break
			}
		}
		return false
	},
	Layout: func(string, []byte) parse.Layout { return layout{} },
}

var columns = []string{"c-ip", "cs-username", "cs-method", "cs-uri-stem", "cs-uri-query", "cs-version", "sc-status", "sc-bytes", "cs(Referer)", "cs(User-Agent)"}

type layout struct{}

func (layout) Source() event.Logsource                      { return event.Web }
func (layout) Product() (name, version string)              { return "", "" }
func (l layout) Directive(line []byte) (parse.Layout, bool) { return l, line[0] == '#' }

var errShape = errors.New("not in the common or combined log format")

// Event parses one request.
func (layout) Event(line []byte) (*event.Event, error) {
	f, ok := cut(line)
	if !ok {
		return nil, errShape
	}
	t, err := time.Parse("02/Jan/2006:15:04:05 -0700", string(f.time))
	if err != nil {
		return nil, err
	}
	path, query, _ := bytes.Cut(f.target, []byte("?"))
	values := make([]string, 0, len(columns))
	for _, v := range [][]byte{f.client, f.user, f.method, path, query, f.version, f.status, f.size, f.referer, f.agent} {
		if string(v) == "-" {
			v = nil
		}
		values = append(values, string(v))
	}
	return &event.Event{Time: t.UTC(), Data: &event.Table{Source: event.Web, Names: columns, Values: values}}, nil
}

// Path finds the request's target.
func (layout) Path(line []byte) (path []byte, ok bool) {
	f, ok := cut(line)
	path, _, _ = bytes.Cut(f.target, []byte("?"))
	return path, ok
}

// Request picks the columns that the inventory counts.
func (layout) Request(line []byte, _ *parse.Clock) (r parse.Request, ok bool) {
	f, ok := cut(line)
	if !ok {
		return r, false
	}
	r.Time, _ = time.Parse("02/Jan/2006:15:04:05 -0700", string(f.time))
	r.Time = r.Time.UTC()
	r.Path, _, _ = bytes.Cut(f.target, []byte("?"))
	r.Post = string(f.method) == "POST"
	r.Status, _ = strconv.Atoi(string(f.status))
	r.Client, r.Agent = f.client, f.agent
	return r, true
}

// fields are the parts of a line; they share its memory.
type fields struct {
	client, user, time, method, target, version, status, size, referer, agent []byte
}

// cut takes a line apart. It forgives a quote before the line, as exports of
// a quoted column leave it, and quotes that scanners put into their requests.
func cut(line []byte) (f fields, ok bool) {
	line = bytes.TrimPrefix(line, []byte(`"`))
	open := bytes.IndexByte(line, '[')
	end := bytes.Index(line, []byte(`] "`))
	if open < 0 || end < open || end-open > 40 {
		return f, false
	}
	who := bytes.Fields(line[:open])
	if len(who) < 3 {
		return f, false
	}
	// A virtual host may stand before the client.
	f.client, f.user, f.time = who[len(who)-3], who[len(who)-1], line[open+1:end]
	rest := line[end+3:]
	// The request ends at the first quote that a status follows.
	i := 0
	for {
		j := bytes.Index(rest[i:], []byte(`" `))
		if j < 0 {
			return f, false
		}
		i += j
		if s := rest[i+2:]; len(s) >= 3 && digits(s[:3]) && (len(s) == 3 || s[3] == ' ') {
			break
		}
		i += 2
	}
	request := rest[:i]
	rest = rest[i+2:]
	f.status, rest = rest[:3], bytes.TrimPrefix(rest[3:], []byte(" "))
	f.method, f.target, _ = bytes.Cut(request, []byte(" "))
	if v := bytes.LastIndex(f.target, []byte(" HTTP/")); v >= 0 {
		f.target, f.version = f.target[:v], f.target[v+1:]
	}
	f.size, rest, _ = bytes.Cut(rest, []byte(" "))
	if i := bytes.Index(rest, []byte(`" "`)); i >= 1 && rest[0] == '"' {
		f.referer, f.agent = rest[1:i], bytes.TrimRight(rest[i+3:], `"`)
		// nginx's own example of a format ends with X-Forwarded-For.
		if i := bytes.LastIndex(f.agent, []byte(`" "`)); i >= 0 {
			if last := f.agent[i+3:]; len(bytes.Trim(last, "0123456789abcdefABCDEF.:, -")) == 0 {
				f.agent, f.client = f.agent[:i], parse.Forwarded(f.client, last)
			}
		}
	}
	return f, true
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
