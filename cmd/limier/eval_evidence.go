package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"limier/acquire"
	"limier/builtin"
	"limier/finding"
	"limier/scan"
	"limier/sigma"
	"limier/wire"
)

// evalEvidence scans every set of real evidence beside the project and writes
// a table: expected, got, pass or fail. It is a developers' command.
func evalEvidence(ctx context.Context, args []string, _ io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("eval evidence", flag.ContinueOnError)
	root := flags.String("data", "../shared/data", "`folder` of the real evidence")
	only := flags.String("set", "", "only sets whose name contains this `text`")
	out := flags.String("o", "", "write the table to this `file` instead of standard output")
	verbose := flags.Bool("v", false, "print every finding with its reason and steps")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if shared := os.Getenv("LIMIER_SHARED"); shared != "" && *root == "../shared/data" {
		*root = filepath.Join(shared, "data")
	}
	trials, err := evidenceTrials(*root)
	if err != nil {
		return err
	}
	c, _ := builtin.Rules()
	engine, _ := sigma.Compile(c, sigma.Config{})
	config := scan.Config{Parsers: builtin.Parsers(), Rules: engine, Languages: builtin.Languages(), Detectors: builtin.Detectors()}
	var rows []evidenceRow
	for _, t := range trials {
		if !strings.Contains(t.name, *only) {
			continue
		}
		row, err := t.run(ctx, *root, config)
		if err != nil {
			return err
		}
		if *verbose {
			row.print(stdout)
		}
		rows = append(rows, row)
	}
	if *out == "" {
		err = writeEvidenceTable(stdout, rows)
	} else {
		var f *os.File
		if f, err = os.Create(*out); err != nil {
			return err
		}
		err = cmp.Or(writeEvidenceTable(f, rows), f.Close())
	}
	if wrong := slices.DeleteFunc(rows, func(r evidenceRow) bool { return r.wrong == "" }); err == nil && len(wrong) > 0 {
		err = fmt.Errorf("%d sets do not yield what is expected, such as %s: %s", len(wrong), wrong[0].name, wrong[0].wrong)
	}
	return err
}

// An evidenceTrial is one set of evidence and what it ought to yield.
type evidenceTrial struct {
	name     string // relative to the data folder: a file or a folder
	expected string // for a reader
	judge    func(findings []finding.Finding, exposures []wire.Exposure) (wrong string)
}

// An evidenceRow is a trial that was run.
type evidenceRow struct {
	evidenceTrial
	findings  []finding.Finding
	exposures []wire.Exposure
	verdict   wire.Verdict
	events    int64
	gaps      int
	wrong     string
}

func (t evidenceTrial) run(ctx context.Context, root string, config scan.Config) (evidenceRow, error) {
	row := evidenceRow{evidenceTrial: t}
	src, closer, err := acquire.Open(ctx, filepath.Join(root, filepath.FromSlash(t.name)), acquire.Config{})
	if err != nil {
		return row, err
	}
	defer closer.Close()
	for m, err := range scan.Run(ctx, src, config) {
		switch {
		case err != nil:
			return row, err
		case m.Finding != nil:
			row.findings = append(row.findings, *m.Finding)
		case m.Exposure != nil:
			row.exposures = append(row.exposures, *m.Exposure)
		case m.End != nil:
			row.verdict, row.events, row.gaps = m.End.Verdict, m.End.Counts.Events, m.End.Counts.Gaps
		}
	}
	row.wrong = t.judge(row.findings, row.exposures)
	return row, nil
}

func (r *evidenceRow) print(w io.Writer) {
	fmt.Fprintf(w, "== %s: %s, %d events, %d gaps\n", r.name, r.verdict, r.events, r.gaps)
	for _, f := range r.findings {
		fmt.Fprintf(w, "%s %s %s %s [%s] %s\n   %s\n   %s to %s %v %v %d\n", f.Rule, f.Level, f.Outcome, f.Confidence, f.Phase, f.Title, f.Reason,
			f.Start.Format("2006-01-02T15:04:05.000Z"), f.End.Format("2006-01-02T15:04:05.000Z"), f.Techniques, f.CVEs, f.Count)
		for _, e := range f.Entities {
			fmt.Fprintf(w, "   * %s %s %s\n", e.Type, e.Value, e.Role)
		}
		for i, s := range f.Steps {
			if i < 15 || i == len(f.Steps)-1 {
				fmt.Fprintf(w, "   - %s %s %s (%s)\n", s.Time.Format("15:04:05.000"), s.Outcome, s.Text, s.Ref)
			}
		}
	}
	if r.wrong != "" {
		fmt.Fprintf(w, "WRONG: %s\n", r.wrong)
	}
}

// got sums up the findings and products of a row.
func (r *evidenceRow) got() string {
	var parts []string
	for _, f := range r.findings {
		text := f.Title
		if f.Phase == finding.Aftermath && len(f.Techniques) > 0 {
			text += " (" + strings.Join(f.Techniques, ", ") + ")"
		} else if !f.Start.IsZero() && f.Phase != finding.Aftermath {
			text += " (" + f.Start.Format("2006-01-02 15:04:05") + ", " + string(cmp.Or(f.Outcome, "outcome unknown")) + ")"
		}
		if f.Level.Rank() < finding.Medium.Rank() {
			text += " [low]"
		}
		parts = append(parts, text)
	}
	for _, e := range r.exposures {
		open := 0
		for _, c := range e.CVEs {
			if c.State == wire.Vulnerable {
				open++
			}
		}
		parts = append(parts, fmt.Sprintf("%s %s, open to %d CVEs", e.Product, e.Build, open))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	const most = 6
	if len(parts) > most {
		parts = append(parts[:most], fmt.Sprintf("and %d more", len(parts)-most))
	}
	return strings.Join(parts, "; ")
}

// writeEvidenceTable writes the table as Markdown.
func writeEvidenceTable(w io.Writer, rows []evidenceRow) error {
	failed := 0
	for _, r := range rows {
		if r.wrong != "" {
			failed++
		}
	}
	escape := strings.NewReplacer("|", `\|`, "\n", " ").Replace
	_, err := fmt.Fprintf(w, `# What Limier says of real evidence

Written by `+"`limier eval evidence -o doc/real-evidence.md`"+`. The sets are public logs and events that are not
part of this repository; where they come from and what they are expected to show is in the manifests beside them.
A finding of low level changes no verdict. %d of %d sets pass.

| set | events | expected | got | verdict | pass |
|---|---|---|---|---|---|
`, len(rows)-failed, len(rows))
	for _, r := range rows {
		pass := "yes"
		if r.wrong != "" {
			pass = "**no**: " + r.wrong
		}
		if err == nil {
			_, err = fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %s |\n", escape(r.name), r.events, escape(r.expected), escape(r.got()), r.verdict, escape(pass))
		}
	}
	return err
}

// evidenceTrials lists the sets: those of the manifests, and what incident
// responders would expect of the others.
func evidenceTrials(root string) ([]evidenceTrial, error) {
	trials := []evidenceTrial{
		{"exchange-logs/helsecert-2021-03", "ProxyLogon by 130.255.189.21: fails at 06:49, succeeds at 06:59; RedirSuiteServerProxy.aspx checked from two addresses, never commanded, gone on 8 March; a sweep by 139.162.202.236", helsecert},
		{"exchange-logs/artefacts.help", "no exploit; a scanner", noIntrusion},
		{"exchange-logs/elastic", "nothing", noIntrusion},
		{"iis/sbousseaden/Tunna_rdp_tunnel_IIS.log", "web shell /erp/conn.aspx used from 10.0.2.17, 2019-09-03 10:13, T1505.003 and T1572", tunna},
		{"iis/apache/ocatak-w3af.txt", "scanning only", scanningOnly},
		{"iis/apache/elastic-apache_logs", "no intrusion", noIntrusion},
		{"iis/elastic", "no intrusion", noIntrusion},
		{"iis/lnav", "no intrusion", noIntrusion},
		{"iis/plaso", "no intrusion", noIntrusion},
		{"iis/synthetic/markernan-iis_logs.log", "made up by a student: ProxyShell requests of which none is answered as that exploit is, then /owa/auth/help.aspx with commands; no ground truth", anyIntrusion},
	}
	rows, err := manifest(filepath.Join(root, "evtx-attack", "MANIFEST.tsv"))
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		trials = append(trials, evidenceTrial{path.Join("evtx-attack", r["path"]), r["expected_findings"], techniques(r["expected_findings"])})
	}
	if rows, err = manifest(filepath.Join(root, "evtx-benign", "MANIFEST.tsv")); err != nil {
		return nil, err
	}
	for _, r := range rows {
		if strings.HasSuffix(r["path"], ".tar.gz") || strings.Contains(r["path"], "regression_data/") {
			continue // a database, and rules' own test events
		}
		judge, expected := noIntrusion, "nothing of medium level or above"
		if strings.HasPrefix(r["path"], "velociraptor/") {
			judge, expected = anything, "mixed test events: read the findings"
		}
		trials = append(trials, evidenceTrial{path.Join("evtx-benign", r["path"]), expected, judge})
	}
	for _, group := range []string{"exchange-logs/exchangesetup/*.log", "misc/exchange-iis-config/*pplicationHost*.config"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(group)))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			name, err := filepath.Rel(root, f)
			if err != nil {
				return nil, err
			}
			expected := "no intrusion; the build, if the log names one"
			if strings.Contains(group, "config") {
				expected = "no intrusion"
			}
			trials = append(trials, evidenceTrial{filepath.ToSlash(name), expected, noIntrusion})
		}
	}
	return trials, nil
}

// manifest reads a tab-separated table by the names of its columns.
func manifest(name string) ([]map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comma, in.LazyQuotes, in.FieldsPerRecord = '\t', true, -1
	lines, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, v := range line {
			if i < len(lines[0]) {
				row[lines[0][i]] = v
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func intrusion(f finding.Finding) bool {
	return f.Phase != finding.Scanning && f.Level.Rank() >= finding.Medium.Rank()
}

func anything([]finding.Finding, []wire.Exposure) string { return "" }

func noIntrusion(all []finding.Finding, _ []wire.Exposure) string {
	if i := slices.IndexFunc(all, intrusion); i >= 0 {
		return "false alarm: " + all[i].Title
	}
	return ""
}

func anyIntrusion(all []finding.Finding, _ []wire.Exposure) string {
	if !slices.ContainsFunc(all, intrusion) {
		return "nothing found"
	}
	return ""
}

func scanningOnly(all []finding.Finding, x []wire.Exposure) string {
	if wrong := noIntrusion(all, x); wrong != "" {
		return wrong
	}
	if len(all) == 0 {
		return "the scan was not seen"
	}
	return ""
}

// techniques wants every technique that the manifest names.
func techniques(expected string) func([]finding.Finding, []wire.Exposure) string {
	return func(all []finding.Finding, _ []wire.Exposure) string {
		var missing []string
		for _, word := range strings.FieldsFunc(expected, func(r rune) bool { return strings.ContainsRune(" ,:;()", r) }) {
			if len(word) < 5 || word[0] != 'T' || word[1] < '0' || word[1] > '9' {
				continue
			}
			if !slices.ContainsFunc(all, func(f finding.Finding) bool {
				return slices.ContainsFunc(f.Techniques, func(t string) bool { return t == word || strings.HasPrefix(t, word+".") })
			}) {
				missing = append(missing, word)
			}
		}
		if len(missing) > 0 {
			return "not found: " + strings.Join(missing, ", ")
		}
		return ""
	}
}

// has reports whether a finding names the entity.
func has(f finding.Finding, value string) bool {
	return slices.ContainsFunc(f.Entities, func(e finding.Entity) bool { return strings.EqualFold(e.Value, value) })
}

func helsecert(all []finding.Finding, _ []wire.Exposure) string {
	var failed, worked, shell, sweep bool
	for _, f := range all {
		at := f.Start.Format("2006-01-02 15:04")
		switch {
		case f.Rule == "proxylogon" && at == "2021-03-03 06:49":
			failed = f.Outcome == finding.Attempted && has(f, "130.255.189.21")
		case f.Rule == "proxylogon" && at == "2021-03-03 06:59":
			worked = f.Outcome == finding.Succeeded && has(f, "130.255.189.21")
		case f.Rule == "webshell" && has(f, "/owa/auth/redirsuiteserverproxy.aspx"):
			shell = has(f, "139.162.202.236") && has(f, "67.205.176.9") && strings.Contains(f.Reason, "never commanded") && strings.Contains(f.Reason, "From 2021-03-08")
		case f.Rule == "webshell-sweep":
			sweep = has(f, "139.162.202.236")
		case intrusion(f):
			return "unexpected: " + f.Title
		}
	}
	switch {
	case !failed:
		return "the run of 06:49 is not an attempt"
	case !worked:
		return "the run of 06:59 is not a success"
	case !shell:
		return "the shell is not checked, uncommanded and gone"
	case !sweep:
		return "no sweep by 139.162.202.236"
	}
	return ""
}

func tunna(all []finding.Finding, _ []wire.Exposure) string {
	for _, f := range all {
		if f.Phase == finding.Backdoor && f.Outcome == finding.Succeeded && has(f, "/erp/conn.aspx") && has(f, "10.0.2.17") &&
			slices.Contains(f.Techniques, "T1572") && f.Start.Format("2006-01-02 15:04") == "2019-09-03 10:13" {
			return ""
		}
	}
	return "the tunnel is not found as expected"
}
