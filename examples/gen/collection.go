package main

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"limier/internal/traffic"
)

const (
	exchange = "C/Program Files/Microsoft/Exchange Server/V15/"
	inetpub  = "C/inetpub/"
	winevt   = "C/Windows/System32/winevt/Logs/"
)

// A collection is what was taken from one server.
type collection struct {
	server traffic.Server
	plain  []packed
	logs   map[string]*textLog
	events map[string][]winEvent // by file name
}

type packed struct {
	path string
	mod  time.Time
	data []byte
}

// A textLog collects lines in any order.
type textLog struct {
	header func(time.Time) string
	lines  []line
}

type line struct {
	time time.Time
	text string
}

func newCollection(s traffic.Server) *collection {
	return &collection{server: s, logs: map[string]*textLog{}, events: map[string][]winEvent{}}
}

func (c *collection) file(path string, mod time.Time, data string) {
	c.plain = append(c.plain, packed{path, mod, []byte(data)})
}

func (c *collection) line(path string, t time.Time, header func(time.Time) string, text string) {
	l := c.logs[path]
	if l == nil {
		l = &textLog{header: header}
		c.logs[path] = l
	}
	l.lines = append(l.lines, line{t, text})
}

// csv adds a line to a log of Exchange. Values with commas or quotes are
// quoted.
func (c *collection) csv(path, logType, fields string, t time.Time, values ...string) {
	for i, v := range values {
		if strings.ContainsAny(v, ",\"") {
			values[i] = `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
		}
	}
	c.line(path, t, func(t time.Time) string { return c.server.ExchangeHeader(logType, fields, t) }, strings.Join(values, ",")+"\r\n")
}

// request adds a request to the logs of every part that saw it.
func (c *collection) request(r traffic.Request) {
	s := &c.server
	c.line(inetpub+"logs/LogFiles/W3SVC1/u_ex"+r.Time.Format("060102")+".log", r.Time, traffic.IISHeader, string(s.AppendFrontEnd(nil, &r)))
	if r.Proxied {
		back := r.Time.Add(-90 * time.Millisecond)
		c.line(inetpub+"logs/LogFiles/W3SVC2/u_ex"+back.Format("060102")+".log", back, traffic.IISHeader, string(s.AppendBackEnd(nil, &r)))
	}
	// HttpProxy keeps its logs for less long than IIS; mail clients fill most of it.
	if r.Protocol != "" {
		name := exchange + "Logging/HttpProxy/" + r.Protocol + "/HttpProxy_" + r.Time.Format("2006010215") + "-1.LOG"
		c.line(name, r.Time, func(t time.Time) string { return s.ExchangeHeader("HttpProxy Logs", traffic.HTTPProxyFields, t) }, string(s.AppendHTTPProxy(nil, &r)))
	}
}

// ordinary adds everyday traffic from start to end.
func (c *collection) ordinary(seed uint64, start, end time.Time, perDay int) *traffic.Generator {
	g := traffic.New(seed, c.server, start, perDay)
	for {
		r := g.Next()
		if !r.Time.Before(end) {
			return g
		}
		if quiet(r) && r.Time.Before(end.Add(-36*time.Hour)) {
			r.Protocol = "" // rotated away
		}
		c.request(r)
	}
}

// quiet reports whether HttpProxy keeps r in the example for its last day and
// a half only, to keep the example small.
func quiet(r traffic.Request) bool {
	switch r.Protocol {
	case "Mapi", "Eas", "Ews", "RpcHttp", "PowerShell":
		return true
	}
	return false
}

func (c *collection) event(file string, e winEvent) {
	c.events[file] = append(c.events[file], e)
}

// files returns all files by path.
func (c *collection) files() []packed {
	all := slices.Clone(c.plain)
	for path, l := range c.logs {
		slices.SortStableFunc(l.lines, func(a, b line) int { return a.time.Compare(b.time) })
		var b bytes.Buffer
		b.WriteString(l.header(l.lines[0].time))
		for _, line := range l.lines {
			b.WriteString(line.text)
		}
		all = append(all, packed{path, l.lines[len(l.lines)-1].time.Truncate(time.Second), b.Bytes()})
	}
	computer := c.server.Host + "." + c.server.Domain
	for file, events := range c.events {
		slices.SortStableFunc(events, func(a, b winEvent) int { return a.time.Compare(b.time) })
		all = append(all, packed{winevt + file, events[len(events)-1].time.Truncate(time.Second), eventLog(computer, events)})
	}
	slices.SortFunc(all, func(a, b packed) int { return cmp.Compare(a.path, b.path) })
	return all
}
