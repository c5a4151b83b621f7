// Package event describes what happened on a host, one event at a time.
package event

import (
	"io/fs"
	"iter"
	"time"

	"limier/evidence"
)

// An Event is one thing that happened, as one piece of evidence tells it.
// Events are immutable once a parser has yielded them.
type Event struct {
	Time time.Time // UTC; zero if the evidence does not say
	Host string    // the machine it happened on; "" if the evidence does not say
	Ref  evidence.Ref
	Raw  string // the evidence itself as text, cut to 2,000 bytes; a scan fills it for what is sighted
	Data Data
}

// Field returns the value of a field by its Sigma name.
func (e *Event) Field(name string) string {
	v, _ := e.Data.Field(name)
	return v
}

// Data is the part of an event that depends on its kind. Rules and detectors
// ask for fields by name.
type Data interface {
	Logsource() Logsource

	// Field returns the value of a field by its Sigma name, such as
	// "cs-method" or "CommandLine". A field that the event lacks, or that is
	// empty in the log ("-" in W3C), is not ok.
	Field(name string) (value string, ok bool)

	// Fields yields every field, in the order of the evidence. A Sigma
	// keyword is looked for in all of them. Names may repeat and may be empty.
	Fields() iter.Seq2[string, string]
}

// A Logsource says what kind of log an event came from, in Sigma's terms
// (https://github.com/SigmaHQ/sigma-specification, taxonomy appendix).
// For Windows event logs Service is Sigma's short name or else the channel in
// lower case; Category is set where an event belongs to one.
type Logsource struct {
	Category string
	Product  string
	Service  string
}

// The log sources of web and Exchange servers. Those that Sigma's taxonomy
// lacks have product "exchange".
var (
	IIS         = Logsource{Category: "webserver", Product: "windows", Service: "iis"}
	Web         = Logsource{Category: "webserver"}                         // another access log
	HTTPProxy   = Logsource{Product: "exchange", Service: "httpproxy"}     // Logging\HttpProxy\*
	ECPServer   = Logsource{Product: "exchange", Service: "ecp-server"}    // Logging\ECP\Server
	ECPActivity = Logsource{Product: "exchange", Service: "ecp-activity"}  // Logging\ECP\Activity
	OABGen      = Logsource{Product: "exchange", Service: "oab-generator"} // Logging\OABGeneratorLog
	RPSHTTP     = Logsource{Product: "exchange", Service: "rps-http"}      // Logging\CmdletInfra\*\Http
	RPSCmdlet   = Logsource{Product: "exchange", Service: "rps-cmdlet"}    // Logging\CmdletInfra\*\Cmdlet
	Setup       = Logsource{Product: "exchange", Service: "setup"}         // ExchangeSetup.log
	ExchangeLog = Logsource{Product: "exchange", Service: "other"}         // any other Exchange CSV log
	File        = Logsource{Category: "file", Product: "windows"}          // a file in the evidence
	Config      = Logsource{Product: "windows", Service: "iis-configuration"}
)

// A Table is the Data of a log whose header names its columns. Names is shared
// by all events of one header.
type Table struct {
	Source Logsource
	Names  []string // as the log spells them
	Values []string // as long as Names or shorter; "" is absent
}

// Logsource returns t.Source.
func (t *Table) Logsource() Logsource { return t.Source }

// Field returns the first column of that name.
func (t *Table) Field(name string) (string, bool) {
	for i, n := range t.Names {
		if n == name && i < len(t.Values) {
			return t.Values[i], t.Values[i] != ""
		}
	}
	return "", false
}

// Fields yields every column that has a value.
func (t *Table) Fields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i, v := range t.Values {
			if v != "" && i < len(t.Names) && !yield(t.Names[i], v) {
				return
			}
		}
	}
}

// A FileData is the Data of a file that exists in the evidence. The event's
// time is the file's last change.
type FileData struct {
	Path   string // in the evidence, slashes
	Size   int64
	Mode   fs.FileMode
	SHA256 string // lower-case hex; "" if not computed

	// What the web shell analysers and the baseline say of it; "" for nothing.
	Verdict    string // webshell, malicious, suspicious
	Confidence string // low, moderate, high
	Family     string
	Baseline   string // shipped, changed, unlisted, outside
}

// Logsource returns [File].
func (*FileData) Logsource() Logsource { return File }

// Field knows TargetFilename, Hashes in Sysmon's form, and what was judged.
func (f *FileData) Field(name string) (string, bool) {
	switch name {
	case "TargetFilename":
		return f.Path, true
	case "Hashes":
		return "SHA256=" + f.SHA256, f.SHA256 != ""
	case "Verdict":
		return f.Verdict, f.Verdict != ""
	case "Confidence":
		return f.Confidence, f.Confidence != ""
	case "Family":
		return f.Family, f.Family != ""
	case "Baseline":
		return f.Baseline, f.Baseline != ""
	}
	return "", false
}

// Fields yields what Field knows.
func (f *FileData) Fields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, name := range []string{"TargetFilename", "Hashes", "Verdict", "Confidence", "Family", "Baseline"} {
			if v, ok := f.Field(name); ok && !yield(name, v) {
				return
			}
		}
	}
}
