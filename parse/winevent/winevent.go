// Package winevent parses Windows events that a forwarder or a tool exported
// as text: JSON, one event a line, flat as NXLog writes it or nested as
// evtx_dump and Winlogbeat do, and rendered XML with whole events on a line.
//
// Exports shift times. A Sysmon event's UtcTime is taken before the export's
// own time, and a time without a zone is taken for none: seen in the wild are
// local times labelled Z and a 12-hour clock without AM or PM.
package winevent

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/parse"
)

// Parser reads exports of Windows event logs.
var Parser = &parse.Parser{
	Name:  "winevent",
	Doc:   "Windows events exported as JSON lines or XML",
	Match: match,
	Parse: events,
}

const (
	maxEvent  = 4 << 20 // bytes of one event; PowerShell script blocks are the largest, some 64 KiB
	maxFields = 512     // of one event
)

func match(_ string, head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("{")):
		line, _, _ := bytes.Cut(head, []byte("\n"))
		id := bytes.Contains(line, []byte(`"EventID"`)) || bytes.Contains(line, []byte(`"event_id"`))
		return id && (bytes.Contains(line, []byte(`"Channel"`)) || bytes.Contains(line, []byte(`"channel"`)))
	case bytes.HasPrefix(head, []byte("<")):
		return bytes.Contains(head, []byte("schemas.microsoft.com/win/2004/08/events/event"))
	}
	return false
}

var errTooLong = fmt.Errorf("event longer than %d bytes", maxEvent)

func events(ctx context.Context, path string, f fs.File) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		in := bufio.NewReaderSize(f, 64<<10)
		var offset int64
		for line := 1; ; line++ {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			text, size, err := readLine(in)
			if err != nil && size == 0 {
				if !errors.Is(err, errEnd) {
					yield(nil, err)
				}
				return
			}
			ref := evidence.Ref{Path: path, Line: line, Offset: offset}
			offset += size
			if size > int64(len(text))+2 {
				if !yield(nil, &evidence.GapError{Ref: ref, Err: errTooLong}) {
					return
				}
				continue
			}
			for one, err := range decode(text) {
				if err != nil {
					if !yield(nil, &evidence.GapError{Ref: ref, Err: err}) {
						return
					}
					continue
				}
				one.Ref = ref
				if !yield(one, nil) {
					return
				}
			}
		}
	}
}

var errEnd = errors.New("end of file")

// readLine returns a line without its end, cut at maxEvent, and how many bytes
// it took.
func readLine(in *bufio.Reader) (text []byte, size int64, err error) {
	for {
		part, err := in.ReadSlice('\n')
		size += int64(len(part))
		if room := maxEvent - len(text); len(part) > room {
			part = part[:room]
		}
		text = append(text, part...)
		switch {
		case err == nil:
			return bytes.TrimRight(text, "\r\n"), size, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case size > 0 || err.Error() == "EOF":
			return bytes.TrimRight(text, "\r\n"), size, errEnd
		default:
			return nil, 0, err
		}
	}
}

func decode(text []byte) iter.Seq2[*event.Event, error] {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	return func(yield func(*event.Event, error) bool) {
		switch {
		case len(text) == 0:
		case text[0] == '{':
			r, err := fromJSON(text)
			if err != nil {
				yield(nil, err)
				return
			}
			yield(r.event(), nil)
		case bytes.Contains(text, []byte("<Event ")) || bytes.Contains(text, []byte("<Event>")):
			for r, err := range fromXML(text) {
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(r.event(), nil) {
					return
				}
			}
		case text[0] == '<', bytes.Equal(text, []byte("[")), bytes.Equal(text, []byte("]")):
		default:
			yield(nil, errors.New("neither a JSON object nor an XML event"))
		}
	}
}

// A record is an event before its log source is known.
type record struct {
	names, values []string
}

func (r *record) add(name, value string) {
	if own, ok := systemNames[name]; ok {
		name = own
	}
	if value == "" || value == "-" || len(r.names) >= maxFields {
		return
	}
	r.names, r.values = append(r.names, name), append(r.values, value)
}

// systemNames maps the exporters' names for what every event has to Sigma's.
var systemNames = map[string]string{
	"SourceName": "Provider_Name", "ProviderName": "Provider_Name", "provider_name": "Provider_Name",
	"Hostname": "Computer", "computer_name": "Computer", "event_id": "EventID", "channel": "Channel",
}

func (r *record) get(name string) string {
	for i, n := range r.names {
		if n == name {
			return r.values[i]
		}
	}
	return ""
}

// aliases are the names of Sigma's categories for what two Security events
// call otherwise (https://github.com/SigmaHQ/pySigma-pipeline-windows).
var aliases = map[string][][2]string{
	"4688": {{"NewProcessName", "Image"}, {"ParentProcessName", "ParentImage"}, {"SubjectLogonId", "LogonId"}},
	"4657": {{"ProcessName", "Image"}, {"ObjectName", "TargetObject"}, {"NewValue", "Details"}},
}

func (r *record) event() *event.Event {
	source := event.Windows(r.get("Channel"), r.get("EventID"))
	if source.Service == "security" {
		for _, a := range aliases[r.get("EventID")] {
			if r.get(a[1]) == "" {
				r.add(a[1], r.get(a[0]))
			}
		}
	}
	return &event.Event{
		Time: r.time(),
		Host: r.get("Computer"),
		Data: &event.Table{Source: source, Names: r.names, Values: r.values},
	}
}

func (r *record) time() time.Time {
	if t, err := time.Parse("2006-01-02 15:04:05.999", r.get("UtcTime")); err == nil {
		return t.UTC()
	}
	for _, name := range []string{"TimeCreated", "SystemTime", "TimeCreated_SystemTime", "@timestamp", "EventTime"} {
		text := strings.Replace(r.get(name), " ", "T", 1)
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
