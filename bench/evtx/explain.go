package main

import (
	"strings"

	"limier/internal/evtx"
)

// The explanations of differences, by the name of their kind. A difference of
// no kind fails the test.
var explanations = map[string]string{
	"no template": "The event's data is binary XML without a template (CAPI2). Velocidex/evtx reads it as if it lay in a template, " +
		"where each element has two bytes more, and loses all of it.",
	"beside named data": "Velocidex/evtx turns EventData into a dictionary of its named Data and drops what stands beside them: " +
		"Binary, ComplexData, the Name of EventData itself.",
	"repeated name": "The manifest of the event names two Data alike; a dictionary keeps the last, Windows and we show both.",
	"size_t":        "Velocidex/evtx has no type 0x10 and gives its bytes as text; Windows writes it in hexadecimal.",
	"systime": "Velocidex/evtx writes a SYSTEMTIME in the layout of Go's time.String and takes its milliseconds for nanoseconds; " +
		"Windows writes ISO 8601.",
	"namespace":    "Velocidex/evtx leaves out xmlns but not xmlns:prefix attributes. We show both in XML and take neither for a field.",
	"unescaped":    "The value is text that holds markup. libevtx writes it into its XML without escaping, so that it reads as elements; Windows escapes it.",
	"negative":     "libevtx 20181227 misprints negative numbers: 0x800706BD is the int32 -2147023171.",
	"string array": "python-evtx writes a string array as <string> elements in one Data; Windows repeats Data for each string.",
	"control character": "The string holds a character that XML 1.0 cannot (here U+0003). python-evtx drops it, libevtx writes it and its XML " +
		"is invalid; we write U+FFFD in XML and the character itself everywhere else.",
	"their error": "They report an error instead of the record, which we read.",
	"their loop":  "They read a record whose size is 0 again and again, for as many records as the chunk's header counts.",
	"their stop":  "They end a chunk at its first damaged record, or skip a chunk whose header is damaged; we look for the records beyond.",
	"torn record": "The record ends in zeros or in another record: it was never written in full. Its values are lost, which we report " +
		"with the record's identifier and time; they give an event without identifier, time or data.",
}

// explainVelocidex names the kind of a difference from Velocidex/evtx.
func explainVelocidex(d difference, ours, theirs []fact) string {
	switch {
	case d.ours == nil && strings.Contains(d.theirs.name, "xmlns:"):
		return "namespace"
	case d.ours == nil:
		return ""
	case d.ours.typ == evtx.TypeSystime:
		return "systime"
	case d.ours.typ == evtx.TypeSize:
		return "size_t"
	case d.theirs != nil:
		return ""
	case d.ours.section == "UserData" && count(theirs, func(f fact) bool { return f.section == "UserData" }) == 0:
		return "no template"
	case d.ours.section == "EventData" && count(ours, func(f fact) bool { return f.name == d.ours.name }) > 1:
		return "repeated name"
	case d.ours.name == "EventData_Name", d.ours.typ == evtx.TypeBinary:
		return "beside named data"
	}
	return ""
}

// explainXML names the kind of a difference from the XML of another reader.
func explainXML(d difference, ours, theirs []fact) string {
	switch {
	case d.ours != nil && strings.Contains(d.ours.value, "\uFFFD"):
		return "control character"
	case count(theirs, func(f fact) bool { return strings.Contains(f.value, "<string>") }) > 0 &&
		(d.ours == nil || d.ours.name == "Data"):
		return "string array"
	case d.ours != nil && d.theirs != nil && strings.HasPrefix(d.ours.value, "-") && strings.HasPrefix(d.theirs.value, "-"):
		return "negative"
	case d.ours == nil && count(ours, markup) > count(theirs, markup), d.ours != nil && markup(*d.ours):
		return "unescaped"
	}
	return ""
}

// markup reports whether a value looks like XML.
func markup(f fact) bool { return strings.Contains(f.value, "<") && strings.Contains(f.value, ">") }

func count(facts []fact, is func(fact) bool) (n int) {
	for _, f := range facts {
		if is(f) {
			n++
		}
	}
	return n
}
