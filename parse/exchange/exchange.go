// Package exchange parses the comma-separated logs that Exchange writes below
// its Logging and TransportRoles folders.
//
// They start with #Software, #Version (the build), #Log-type, #Date and
// #Fields lines; a few repeat the columns as a bare line. Times are UTC. Values
// with commas are quoted and quotes doubled; line ends inside a value are
// written as \n. User agents lose their commas.
package exchange

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"limier/event"
	"limier/parse"
)

// Parser reads HttpProxy, ECP, CmdletInfra, OABGenerator and the other logs of
// Exchange, and excerpts of them exported as CSV.
var Parser = &parse.Parser{
	Name:   "exchange",
	Doc:    "Exchange logs: HttpProxy, ECP Server and Activity, CmdletInfra, OABGenerator and others",
	Match:  match,
	Layout: start,
}

func match(name string, head []byte) bool {
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")))
		switch {
		case bytes.HasPrefix(line, []byte("#Software: Microsoft Exchange")),
			bytes.HasPrefix(line, []byte("#Log-type:")),
			bytes.HasPrefix(line, []byte("#Fields:")) && bytes.Contains(line, []byte(",")):
			return true
		case len(line) == 0 || line[0] == '#':
			continue
		}
		// The folder FrontEnd\HttpProxy holds web pages: its name alone says nothing.
		columns := columnsOf(line)
		return columns != nil && kindOf(name, columns) != event.Logsource{} || headless(name, line)
	}
	return false
}

// headless recognises an excerpt of a log without its header: the first value
// is a time, and the name of the file or folder tells which log it was.
func headless(name string, line []byte) bool {
	first, _, ok := bytes.Cut(line, []byte(","))
	if _, isTime := parseTime(string(first)); !ok || !isTime {
		return false
	}
	return kindOfName(name) != event.Logsource{}
}

func start(path string, head []byte) parse.Layout {
	l := &layout{path: path, source: kindOfName(path)}
	if l.source == (event.Logsource{}) {
		l.source = event.ExchangeLog
	}
	if first, _, _ := bytes.Cut(head, []byte("\n")); l.source == event.HTTPProxy && bytes.Count(first, []byte(",")) >= len(httpProxyColumns)-1 && first[0] != '#' {
		l = l.with(httpProxyColumns)
	}
	return l
}

// A layout is the header in force.
type layout struct {
	path    string
	product string
	version string
	logType string
	source  event.Logsource
	names   []string // nil before the header; then lines take their log's default columns
	time    int      // place of the time column

	// Places of the columns that a request inventory counts, or -1.
	stem, status, client, agent, method int
}

func (l *layout) Source() event.Logsource         { return l.source }
func (l *layout) Product() (name, version string) { return l.product, l.version }

// translated maps the column names of analysts' excerpts to the log's own.
var translated = map[string]string{"urlpath": "UrlStem", "useragent": "UserAgent", "httpstatuskode": "HttpStatus", "http-metode": "Method"}

func (l *layout) with(names []string) *layout {
	next := *l
	for i, n := range names {
		if own, ok := translated[n]; ok {
			names[i] = own
		}
	}
	next.names = names
	next.source = kindOf(l.path+" "+l.logType, names)
	if next.source == (event.Logsource{}) {
		next.source = event.ExchangeLog
	}
	find := func(spellings ...string) int {
		return slices.IndexFunc(names, func(n string) bool { return slices.Contains(spellings, strings.ToLower(n)) })
	}
	next.time = max(0, find("datetime", "timestamp", "date-time", "date time"))
	next.stem, next.status, next.client = find("urlstem"), find("httpstatus"), find("clientipaddress")
	next.agent, next.method = find("useragent"), find("method")
	if next.source != event.HTTPProxy {
		next.stem = -1
	}
	return &next
}

// Directive reads the lines that start with "#", and a bare line of columns.
func (l *layout) Directive(line []byte) (parse.Layout, bool) {
	line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	if len(line) == 0 {
		return l, true
	}
	if line[0] != '#' {
		if b := line[0]; b != '"' && (b < 'A' || b > 'z') {
			return l, false
		}
		if names := columnsOf(line); names != nil {
			return l.with(names), true
		}
		return l, false
	}
	next := *l
	name, value, _ := strings.Cut(string(line), ":")
	value = strings.TrimSpace(value)
	switch name {
	case "#Fields":
		return l.with(strings.Split(value, ",")), true
	case "#Software":
		next.product = value
	case "#Version":
		next.version = value
	case "#Log-type":
		next.logType = value
		next.source = kindOf(l.path+" "+value, l.names)
	default:
		return l, true
	}
	return &next, true
}

// columnsOf returns the columns that a bare header line names, or nil. Such a
// line starts with the time column's name.
func columnsOf(line []byte) []string {
	names, err := split(string(line), nil)
	if err != nil || len(names) < 3 {
		return nil
	}
	switch strings.ToLower(names[0]) {
	case "datetime", "timestamp", "date-time", "time":
		return names
	}
	return nil
}

// kindOf tells the log by what its header and name say.
func kindOf(name string, columns []string) event.Logsource {
	has := func(names ...string) bool {
		for _, n := range names {
			if !slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(c, n) }) {
				return false
			}
		}
		return len(columns) > 0
	}
	switch {
	case has("AnchorMailbox", "UrlStem"), has("RoutingHint"):
		return event.HTTPProxy
	case has("Cmdlet", "Parameters"):
		return event.RPSCmdlet
	case has("UrlStem", "ClientInfo"), has("GenericInfo", "ClientInfo"):
		return event.RPSHTTP
	case has("urlpath", "useragent"), has("UrlStem", "HttpStatus"), has("UrlStem", "UserAgent"):
		return event.HTTPProxy
	}
	return kindOfName(name)
}

func kindOfName(name string) event.Logsource {
	name = strings.ToLower(strings.ReplaceAll(name, " ", ""))
	for _, k := range []struct {
		in     string
		source event.Logsource
	}{
		{"ecpserver", event.ECPServer}, {"ecp/server", event.ECPServer},
		{"ecpactivity", event.ECPActivity}, {"ecp/activity", event.ECPActivity},
		{"oabgenerator", event.OABGen},
		{"rps_http", event.RPSHTTP}, {"rps-http", event.RPSHTTP}, {"rpshttp", event.RPSHTTP},
		{"rps_cmdlet", event.RPSCmdlet}, {"rps-cmdlet", event.RPSCmdlet}, {"rpscmdlet", event.RPSCmdlet},
		{"httpproxy", event.HTTPProxy},
	} {
		if strings.Contains(name, k.in) {
			return k.source
		}
	}
	return event.Logsource{}
}

var (
	errQuote   = errors.New("quoted value does not end on its line")
	errTime    = errors.New("first column is not a time")
	errColumns = errors.New("fewer columns than the header names")
)

// Event parses one line. A line with fewer columns than the header is kept if
// it has a time: excerpts and crashes cut lines, and what is left still counts.
func (l *layout) Event(line []byte) (*event.Event, error) {
	values, err := split(string(line), make([]string, 0, len(l.names)))
	if err != nil {
		return nil, err
	}
	if l.time >= len(values) {
		return nil, errColumns
	}
	t, ok := parseTime(values[l.time])
	if !ok {
		return nil, errTime
	}
	names := l.names
	switch {
	case names == nil:
		names = defaultColumns(l.source, len(values))
	case l.source == event.HTTPProxy && len(values) == len(names)+1 && l.client < 0:
		// An analyst's excerpt whose header lacks the client's column.
		names, values = insertClient(names, values)
	}
	for i, v := range values {
		if v == "<null>" || v == "<empty>" {
			values[i] = ""
		}
	}
	if len(values) > len(names) {
		names = append(slices.Clone(names), slices.Repeat([]string{"Data"}, len(values)-len(names))...)
	}
	return &event.Event{Time: t, Data: &event.Table{Source: l.source, Names: names, Values: values}}, nil
}

// defaultColumns names the columns of an excerpt that lost its header.
func defaultColumns(source event.Logsource, n int) []string {
	switch {
	case (source == event.ECPServer || source == event.ECPActivity) && n == 4:
		return []string{"TimeStamp", "ServerName", "EventId", "EventData"}
	case source == event.ECPServer || source == event.ECPActivity:
		return []string{"TimeStamp", "EventData"}
	}
	return []string{"DateTime"}
}

func insertClient(names, values []string) ([]string, []string) {
	for i, v := range values {
		if strings.Count(v, ".") == 3 || strings.Count(v, ":") > 2 && i > 0 {
			if _, err := strconv.Atoi(strings.ReplaceAll(v, ".", "")); err == nil {
				return slices.Insert(slices.Clone(names), i, "ClientIpAddress"), values
			}
		}
	}
	return names, values
}

// split cuts a line at its commas. Values in double quotes keep theirs; some
// exports use single quotes around a whole value.
func split(line string, values []string) ([]string, error) {
	for {
		if line == "" || line[0] != '"' && line[0] != '\'' {
			v, rest, more := strings.Cut(line, ",")
			values = append(values, v)
			if !more {
				return values, nil
			}
			line = rest
			continue
		}
		quote := line[:1]
		i, doubled := 1, false
		for {
			j := strings.Index(line[i:], quote)
			if j < 0 {
				if quote == "'" { // an apostrophe, not a quote
					return append(values, line), nil
				}
				return append(values, line[1:]), errQuote
			}
			i += j + 1
			if i == len(line) || line[i] != quote[0] {
				break
			}
			doubled = true
			i++
		}
		v := line[1 : i-1]
		if doubled {
			v = strings.ReplaceAll(v, quote+quote, quote)
		}
		line = line[i:]
		after, rest, more := strings.Cut(line, ",")
		values = append(values, v+after)
		if !more {
			return values, nil
		}
		line = rest
	}
}

// parseTime reads Exchange's ISO times; those without a zone are UTC too.
func parseTime(s string) (time.Time, bool) {
	for _, f := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(f, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// Path finds the path in HttpProxy logs.
func (l *layout) Path(line []byte) (path []byte, ok bool) {
	if len(line) > 0 && line[0] == '"' {
		r, ok := l.Request(line, new(parse.Clock))
		return r.Path, ok
	}
	if l.time == 0 && (len(line) < 19 || line[4] != '-' || line[13] != ':') {
		return nil, false
	}
	if l.stem < 0 {
		return nil, true
	}
	rest := line
	for range l.stem {
		i := bytes.IndexByte(rest, ',')
		if i < 0 {
			return nil, true // cut short
		}
		rest = rest[i+1:]
		if len(rest) > 0 && rest[0] == '"' { // a comma may be inside
			r, ok := l.Request(line, new(parse.Clock))
			return r.Path, ok
		}
	}
	path, _, _ = bytes.Cut(rest, []byte(","))
	return path, true
}

// Request picks the columns of HttpProxy logs that the inventory counts.
func (l *layout) Request(line []byte, clock *parse.Clock) (r parse.Request, ok bool) {
	if len(line) < 19 {
		return r, false
	}
	first := line
	if first[0] == '"' {
		first = first[1:]
	}
	if len(first) > 19 && first[10] == 'T' {
		r.Time, ok = clock.Parse(first[:10], first[11:min(len(first), 23)])
	}
	if l.time != 0 || !ok {
		return r, l.time != 0
	}
	if l.stem < 0 {
		return r, true
	}
	rest := line
	last := max(l.stem, l.status, l.client, l.agent, l.method)
	for n := 0; n <= last; n++ {
		v, after, quoted := rest, []byte(nil), len(rest) > 0 && rest[0] == '"'
		if quoted {
			i := 1
			for i < len(rest) && (rest[i] != '"' || i+1 < len(rest) && rest[i+1] == '"') {
				if rest[i] == '"' {
					i++
				}
				i++
			}
			v, after = rest[1:min(i, len(rest))], rest[min(i+1, len(rest)):]
			after = bytes.TrimPrefix(after, []byte(","))
		} else if i := bytes.IndexByte(rest, ','); i >= 0 {
			v, after = rest[:i], rest[i+1:]
		}
		switch n {
		case l.stem:
			r.Path = v
		case l.status:
			r.Status, _ = strconv.Atoi(string(v))
		case l.client:
			r.Client = v
		case l.agent:
			r.Agent = v
		case l.method:
			r.Post = string(v) == "POST"
		}
		rest = after
	}
	return r, true
}
