package winevent

import (
	"iter"
	"strings"
	"time"

	"limier/event"
)

// data is an event's fields in the order of the object.
type data struct {
	source  event.Logsource
	names   []string
	values  []string
	unzoned bool // its time does not say its zone
}

// Logsource returns the log source of the event's channel.
func (d *data) Logsource() event.Logsource { return d.source }

// Field returns the value of a field; those of one that repeats are joined by
// line feeds. Security events that Sigma's categories cover answer to Sigma's
// names as well as their own.
func (d *data) Field(name string) (string, bool) {
	v, ok := d.own(name)
	if !ok && d.source.Service == "security" {
		if alias := aliases[d.source.Category][name]; alias != "" {
			return d.own(alias)
		}
	}
	return v, ok
}

// aliases are the names that Security events have for what Sigma's categories
// name (https://github.com/SigmaHQ/pySigma-pipeline-windows).
var aliases = map[string]map[string]string{
	"process_creation": {"Image": "NewProcessName", "ParentImage": "ParentProcessName", "LogonId": "SubjectLogonId"},
	"registry_event":   {"Image": "ProcessName", "TargetObject": "ObjectName", "Details": "NewValue"},
}

func (d *data) own(name string) (string, bool) {
	text, n := "", 0
	for i, have := range d.names {
		if have != name || d.values[i] == "" {
			continue
		}
		if n++; n > 1 {
			text += "\n"
		}
		text += d.values[i]
	}
	return text, n > 0
}

// Fields yields every field.
func (d *data) Fields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i, n := range d.names {
			if !yield(n, d.values[i]) {
				return
			}
		}
	}
}

// maxFields bounds the fields of an event.
const maxFields = 4096

func (d *data) add(name, value string) {
	if name != "" && value != "" && len(d.names) < maxFields {
		d.names = append(d.names, name)
		d.values = append(d.values, value)
	}
}

// utc returns the time that Sysmon writes into its events, in UTC.
func (d *data) utc() (time.Time, bool) {
	if d.source.Service != "sysmon" {
		return time.Time{}, false
	}
	text, ok := d.Field("UtcTime")
	if !ok {
		message, _ := d.Field("Message")
		_, rest, _ := strings.Cut(message, "UtcTime: ")
		text = rest[:min(len(rest), len("2006-01-02 15:04:05.000"))]
	}
	t, err := time.Parse("2006-01-02 15:04:05.999", strings.TrimSpace(text))
	return t, err == nil
}
