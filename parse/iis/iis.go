// Package iis parses W3C extended logs, as IIS and others write them.
//
// The format is a working draft: https://www.w3.org/TR/WD-logfile.html.
// IIS writes times in UTC, "-" for an empty field and "+" for a space in a
// header's value; a "+" of the header itself looks the same.
package iis

import (
	"bytes"
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"limier/event"
	"limier/parse"
)

// Parser reads W3C extended logs.
var Parser = &parse.Parser{
	Name:   "iis",
	Doc:    "IIS and other access logs in W3C extended format",
	Match:  match,
	Layout: start,
}

func match(name string, head []byte) bool {
	if ext := path.Ext(name); strings.EqualFold(ext, ".etl") || strings.EqualFold(ext, ".ibl") {
		return false // IIS's binary formats
	}
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0, len(line) > 0 && line[0] == '-':
			continue
		case bytes.HasPrefix(line, []byte("#Fields:")):
			return !bytes.Contains(line, []byte(",")) // Exchange's logs have commas
		case line[0] == '#':
			continue
		}
		l, ok := guess(line)
		return ok && l.at[method] >= 0
	}
	base := strings.ToLower(path.Base(name))
	return strings.HasPrefix(base, "u_ex") || strings.HasPrefix(base, "u_nc") || strings.HasPrefix(base, "u_in")
}

func start(_ string, head []byte) parse.Layout {
	// Some tools write #Fields after the first events, or #Date behind #Fields.
	return &layout{}
}

// A layout is the header in force: the columns and where the ones of interest
// are. Without a #Fields line each line's own shape tells the columns.
type layout struct {
	date  string   // of #Date, for logs whose lines have only a time
	names []string // nil if no #Fields was seen
	at    columns
	slot  []int8 // the column of interest at each place of the line, or -1
	soft  string // of #Software
}

// Columns of interest, as indexes into columns.
const (
	date = iota
	clock
	method
	stem
	status
	client
	agent
	forwarded
	numColumns
)

// columns holds, for each column of interest, its place in the line, or -1.
type columns [numColumns]int

var columnNames = [numColumns][]string{
	date:   {"date"},
	clock:  {"time"},
	method: {"cs-method"},
	stem:   {"cs-uri-stem", "cs-uri"},
	status: {"sc-status"},
	client: {"c-ip"},
	agent:  {"cs(User-Agent)"},
	// Owners choose the name; these are those of guides for proxies before IIS.
	forwarded: {"X-Forwarded-For", "cs(X-Forwarded-For)", "x-forwarded-for", "cs(x-forwarded-for)", "OriginalIP", "X-Real-IP", "cs(X-Real-IP)"},
}

func newLayout(names []string) *layout {
	l := &layout{names: names, slot: slices.Repeat([]int8{-1}, len(names))}
	for c, spellings := range columnNames {
		l.at[c] = -1
		for _, s := range spellings {
			if i := slices.Index(names, s); i >= 0 && l.at[c] < 0 {
				l.at[c] = i
				l.slot[i] = int8(c)
			}
		}
	}
	if l.at[client] < 0 {
		l.at[forwarded] = -1
	}
	return l
}

func (l *layout) Source() event.Logsource { return event.IIS }

func (l *layout) Product() (name, version string) {
	i := strings.LastIndexByte(l.soft, ' ')
	if i < 0 {
		return "", ""
	}
	return l.soft[:i], l.soft[i+1:]
}

// Directive reads the lines that start with "#". Directives may be repeated in
// mid-file, in any order.
func (l *layout) Directive(line []byte) (parse.Layout, bool) {
	if len(line) == 0 || line[0] != '#' {
		// Analysts separate excerpts with rules of dashes.
		return l, len(line) > 2 && len(bytes.Trim(line, "-= ")) == 0
	}
	next := *l
	name, value, _ := strings.Cut(string(line), ":")
	value = strings.TrimSpace(value)
	switch name {
	case "#Fields":
		next = *newLayout(strings.Fields(value))
		next.date, next.soft = l.date, l.soft
	case "#Date":
		next.date, _, _ = strings.Cut(value, " ")
	case "#Software":
		next.soft = value
	default:
		return l, true
	}
	return &next, true
}

var (
	errColumns = errors.New("line does not have the columns that #Fields names")
	errShape   = errors.New("no #Fields line, and not the shape of an IIS request")
	errTime    = errors.New("no date and time that can be read")
)

// Event parses one request.
func (l *layout) Event(line []byte) (*event.Event, error) {
	// One copy of the line serves all values.
	values := strings.Split(string(line), " ")
	in, err := l.of(line, values)
	if err != nil {
		return nil, err
	}
	var c parse.Clock
	t, ok := c.Parse(in.day(values), []byte(in.value(values, clock)))
	if !ok {
		return nil, errTime
	}
	if v := in.value(values, forwarded); v != "" {
		values[in.at[client]] = string(parse.Forwarded([]byte(in.value(values, client)), []byte(v)))
	}
	for i, v := range values {
		switch {
		case v == "-":
			values[i] = ""
		case i == in.at[agent]:
			values[i] = strings.ReplaceAll(v, "+", " ")
		}
	}
	return &event.Event{Time: t, Data: &event.Table{Source: event.IIS, Names: in.names, Values: values}}, nil
}

func (l *layout) value(values []string, column int) string {
	if i := l.at[column]; i >= 0 && i < len(values) {
		return values[i]
	}
	return ""
}

func (l *layout) day(values []string) []byte {
	if l.at[date] >= 0 {
		return []byte(l.value(values, date))
	}
	return []byte(l.date)
}

// of returns the layout to read the line with: l itself, or one guessed from
// the line where there was no #Fields or it does not fit.
func (l *layout) of(line []byte, values []string) (*layout, error) {
	if n := len(l.names); n > 0 && len(values) >= n && strings.Join(values[n:], "") == "" {
		return l, nil // perhaps with trailing spaces
	}
	if g, ok := guess(line); ok {
		return g, nil
	}
	if l.names == nil {
		return nil, errShape
	}
	return nil, errColumns
}

// Lacks names the columns that every judgement of a web request needs. FTP logs
// have a session and no query.
func (l *layout) Lacks() (names []string) {
	if l.names == nil || l.at[stem] < 0 || slices.Contains(l.names, "x-session") {
		return nil
	}
	for _, c := range []int{client, method, status} {
		if l.at[c] < 0 {
			names = append(names, columnNames[c][0])
		}
	}
	if !slices.Contains(l.names, "cs-uri-query") && !slices.Contains(l.names, "cs-uri") {
		names = append(names, "cs-uri-query")
	}
	return names
}

// Path skips to the path without looking at what follows.
func (l *layout) Path(line []byte) (path []byte, ok bool) {
	if l.at[stem] < 0 || l.names == nil {
		r, ok := l.Request(line, new(parse.Clock))
		return r.Path, ok
	}
	if !l.Starts(line) {
		return nil, false
	}
	rest := line
	for range l.at[stem] {
		i := bytes.IndexByte(rest, ' ')
		if i < 0 {
			return nil, false
		}
		rest = rest[i+1:]
	}
	if i := bytes.IndexByte(rest, ' '); i >= 0 {
		return rest[:i], true
	}
	return rest, l.at[stem] == len(l.names)-1
}

// Columns returns the names of the columns, and which has the path. Where two
// columns tell the client, lines are not what Event makes of them.
func (l *layout) Columns() (names []string, path int) {
	if l.at[stem] < 0 || l.at[forwarded] >= 0 {
		return nil, 0
	}
	return l.names, l.at[stem]
}

// Starts reports whether a line starts with a date or a time, where those are
// first.
func (l *layout) Starts(line []byte) bool {
	return len(line) >= 8 && (line[2] == ':' || line[4] == '-' || l.at[date]+l.at[clock] > 1)
}

// Value returns what Event makes of a value.
func (l *layout) Value(column int, raw []byte) []byte {
	switch {
	case string(raw) == "-":
		return nil
	case column == l.at[agent]:
		return bytes.ReplaceAll(raw, []byte("+"), []byte(" "))
	}
	return raw
}

// Asked is Request for a line that was cut into its values.
func (l *layout) Asked(values [][]byte, c *parse.Clock) (r parse.Request, ok bool) {
	var at [numColumns][]byte
	for k, i := range l.at {
		if i >= 0 {
			at[k] = values[i]
		}
	}
	return l.request(&at, c)
}

// Request finds the columns of interest without allocating.
func (l *layout) Request(line []byte, c *parse.Clock) (r parse.Request, ok bool) {
	if l.names == nil {
		return guessRequest(line, c)
	}
	var at [numColumns][]byte
	rest, n := line, 0
	for more := true; more; n++ {
		v := rest
		if i := bytes.IndexByte(rest, ' '); i >= 0 {
			v, rest = rest[:i], rest[i+1:]
		} else {
			more = false
		}
		if n < len(l.slot) {
			if k := l.slot[n]; k >= 0 {
				at[k] = v
			}
		} else if len(v) > 0 { // trailing spaces do no harm
			return guessRequest(line, c)
		}
	}
	if n < len(l.slot) {
		return guessRequest(line, c)
	}
	return l.request(&at, c)
}

func (l *layout) request(at *[numColumns][]byte, c *parse.Clock) (r parse.Request, ok bool) {
	day := at[date]
	if l.at[date] < 0 {
		day = []byte(l.date)
	}
	if r.Time, ok = c.Parse(day, at[clock]); !ok {
		return r, false
	}
	r.Path, r.Client, r.Agent = at[stem], parse.Forwarded(at[client], at[forwarded]), at[agent]
	r.Post = string(at[method]) == "POST"
	r.Status, _ = strconv.Atoi(string(at[status]))
	return r, true
}

func guessRequest(line []byte, c *parse.Clock) (r parse.Request, ok bool) {
	g, ok := guess(line)
	if !ok {
		return r, false
	}
	values := strings.Split(string(line), " ")
	if len(values) != len(g.names) {
		return r, false
	}
	return g.Request(line, c)
}
