// Package indicators writes what to look for elsewhere and what to block, as a
// plain list for firewalls, proxies and hunts.
package indicators

import (
	"context"
	"encoding/csv"
	"io"
	"strings"
	"time"

	"limier/casefile"
	"limier/finding"
	"limier/publish"
)

// Publisher writes a header and a line for each indicator, the gravest first.
// Only those whose column block says yes may be blocked without a look.
var Publisher = &publish.Publisher{
	Name:      "indicators",
	Doc:       "addresses, hashes, paths, user agents and domains as a CSV list",
	Extension: ".indicators.csv",
	MediaType: "text/csv; charset=utf-8",
	Write:     write,
}

func write(_ context.Context, w io.Writer, c *casefile.Case) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"type", "value", "block", "role", "level", "confidence", "first_seen", "last_seen", "finding", "note", "known"}); err != nil {
		return err
	}
	for _, n := range publish.Indicators(c) {
		block := "no"
		if n.Block {
			block = "yes"
		}
		var known []string
		for _, f := range n.Known {
			known = append(known, f.Text)
		}
		cells := []string{kind(n), n.Value, block, n.Role, string(n.Level), string(n.Confidence), stamp(n.First), stamp(n.Last), n.Findings[0].Title, n.Note, strings.Join(known, "; ")}
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

func kind(n publish.Indicator) string {
	switch n.Type {
	case finding.Address:
		if strings.Contains(n.Value, ":") {
			return "ipv6"
		}
		return "ipv4"
	case finding.FilePath:
		if strings.HasPrefix(n.Value, "/") {
			return "url-path"
		}
		return "file-path"
	case finding.Domain:
		return "domain"
	}
	return string(n.Type)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
