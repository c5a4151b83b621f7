// Package timesketch writes the timeline of a case in the two layouts that
// Timesketch imports and that any spreadsheet or log tool reads:
// https://timesketch.org/guides/user/import-from-json-csv/ asks for message,
// datetime and timestamp_desc.
package timesketch

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"

	"limier/casefile"
	"limier/publish"
)

// CSV writes a header and a line for each step, by time.
var CSV = &publish.Publisher{
	Name:      "csv",
	Doc:       "the timeline as CSV, in Timesketch's layout",
	Extension: ".csv",
	MediaType: "text/csv; charset=utf-8",
	Write:     writeCSV,
}

// JSONL writes a JSON object a line for each step, by time.
var JSONL = &publish.Publisher{
	Name:      "timesketch",
	Doc:       "the timeline as JSON lines, in Timesketch's layout",
	Extension: ".jsonl",
	MediaType: "application/jsonl",
	Write:     writeJSONL,
}

// A row is one step of a finding.
type row struct {
	Message    string   `json:"message"`
	Datetime   string   `json:"datetime"`       // RFC 3339, UTC
	Desc       string   `json:"timestamp_desc"` // what the time is of
	Host       string   `json:"host"`
	Level      string   `json:"level"`
	Confidence string   `json:"confidence"`
	Phase      string   `json:"phase"`
	Outcome    string   `json:"outcome"`
	Finding    string   `json:"finding"`
	Rule       string   `json:"rule"`
	Techniques []string `json:"techniques"`
	CVEs       []string `json:"cves"`
	Source     string   `json:"source_path"` // the place in the evidence
	Raw        string   `json:"raw"`
}

var columns = []string{"message", "datetime", "timestamp_desc", "host", "level", "confidence", "phase", "outcome", "finding", "rule", "techniques", "cves", "source_path", "raw"}

func rows(c *casefile.Case) []row {
	var all []row
	for _, m := range c.Timeline() {
		r := row{
			Message: m.Step.Text, Datetime: m.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), Desc: "Event Logged",
			Host: m.Finding.Host, Level: string(m.Finding.Level), Confidence: string(m.Finding.Confidence), Phase: string(m.Finding.Phase), Outcome: string(m.Step.Outcome),
			Finding: m.Finding.Title, Rule: m.Step.Rule, Techniques: m.Finding.Techniques, CVEs: m.Finding.CVEs, Source: m.Step.Ref.String(), Raw: m.Step.Raw,
		}
		if r.Host == "" {
			r.Host = c.Start.Host
		}
		if m.Step.Ref.Line == 0 && m.Step.Ref.Record == 0 {
			r.Desc = "Content Modification Time" // a file's
		}
		for _, text := range []*string{&r.Message, &r.Host, &r.Finding, &r.Rule, &r.Source, &r.Raw} {
			*text = publish.Plain(*text)
		}
		r.Techniques, r.CVEs = plain(r.Techniques), plain(r.CVEs)
		all = append(all, r)
	}
	return all
}

func plain(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = publish.Plain(s)
	}
	return out
}

func writeJSONL(_ context.Context, w io.Writer, c *casefile.Case) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	for _, r := range rows(c) {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return out.Flush()
}

func writeCSV(_ context.Context, w io.Writer, c *casefile.Case) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	for _, r := range rows(c) {
		cells := []string{r.Message, r.Datetime, r.Desc, r.Host, r.Level, r.Confidence, r.Phase, r.Outcome, r.Finding, r.Rule,
			strings.Join(r.Techniques, " "), strings.Join(r.CVEs, " "), r.Source, r.Raw}
		for i := range cells {
			cells[i] = publish.Cell(cells[i])
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
