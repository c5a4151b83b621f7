package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"limier/builtin"
	"limier/detect"
	"limier/enrich"
	"limier/internal/attack"
	"limier/publish"
	"limier/rules"
	"limier/sighting"
	"limier/sigma"
)

// loadRules compiles the rules that ship and those below dirs, or all that events
// ask for if lazy. Rules that cannot be used are named on stderr and left out.
func loadRules(dirs, indicators []string, lazy bool, stderr io.Writer) (*sigma.Engine, error) {
	all := &sigma.Collection{Lazy: lazy}
	errs := rules.Add(all)
	for _, name := range indicators {
		more, err := indicatorRules(name, stderr)
		if err != nil {
			return nil, fmt.Errorf("--indicators: %w", err)
		}
		errs = append(errs, all.Add(name, more)...)
	}
	for _, dir := range dirs {
		if err := ruleFolder(dir); err != nil {
			return nil, err
		}
		errs = append(errs, all.Read(os.DirFS(dir))...)
	}
	engine, more := sigma.Compile(all, sigma.Config{})
	leftOut(append(errs, more...), stderr)
	return engine, nil
}

// leftOut names rules that cannot be used.
func leftOut(errs []sigma.RuleError, stderr io.Writer) {
	for _, e := range errs[:min(len(errs), 20)] {
		fmt.Fprintln(stderr, "limier: rule left out:", publish.Plain(e.Error()))
	}
	if over := len(errs) - 20; over > 0 {
		fmt.Fprintf(stderr, "limier: %d more rules left out; limier rules check DIR names them all\n", over)
	}
}

// ruleFolder reports what keeps Sigma rules from being read below dir.
func ruleFolder(dir string) error {
	_, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("no permission to read the rules in %s", dir)
	}
	if err != nil {
		return fmt.Errorf("%s is no folder of Sigma rules: give the folder that holds the .yml files", dir)
	}
	return nil
}

// indicatorRules makes rules of a list of indicators.
func indicatorRules(name string, stderr io.Writer) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list enrich.Indicators
	feed, err := list.Read(filepath.Base(name), f)
	if err != nil {
		return nil, err
	}
	if feed.Added == 0 {
		return nil, fmt.Errorf("%s holds no indicator that Limier knows; it reads MISP events, STIX 2 bundles, CSV files and plain lists", name)
	}
	for _, why := range slices.Sorted(maps.Keys(feed.Skipped)) {
		fmt.Fprintf(stderr, "limier: %s: %d entries left out: %s\n", publish.Plain(name), feed.Skipped[why], publish.Plain(why))
	}
	var b bytes.Buffer
	if err := list.WriteSigma(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func rulesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List the rules and detectors, or check rules of your own",
		Long: `Rules lists the Sigma rules that recognise single events and the detectors that
say what they mean together: level, name, title. Explain shows one in full.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			engine, err := loadRules(nil, nil, false, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			fmt.Fprintln(w, "DETECTORS")
			for _, d := range builtin.Detectors() {
				title, _, _ := strings.Cut(d.Doc, "\n")
				fmt.Fprintf(w, "  %-24s %s\n", d.Name, title)
			}
			fmt.Fprintln(w, "\nSIGMA RULES")
			for _, r := range sorted(engine.Rules()) {
				fmt.Fprintf(w, "  %-13s %-44s %s\n", r.Level, r.Name, r.Title)
			}
			return nil
		},
	}
	cmd.AddCommand(rulesCheckCommand())
	return cmd
}

func rulesCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check DIR...",
		Short: "Say which Sigma rules below DIR can be used, and what is wrong with the others",
		Long: `Check reads every .yml and .yaml file below each DIR, compiles the rules in it
and says by file and line what is wrong: refused, for a rule that cannot be
used, or advice. Exit codes: 0 every rule can be used, 1 some cannot, 2 the job
could not be done.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w := cmd.OutOrStdout()
			bad := 0
			for _, dir := range args {
				if err := ruleFolder(dir); err != nil {
					return err
				}
				remarks, usable := sigma.Lint(os.DirFS(dir), sigma.Config{})
				refused := 0
				for _, r := range remarks {
					kind := "advice"
					if r.Refused {
						kind = "refused"
						refused++
					}
					fmt.Fprintf(w, "%s:%d: %s: %s\n", publish.Plain(r.File), r.Line, kind, publish.Plain(r.Text))
				}
				fmt.Fprintf(w, "%s: %d rules can be used, %d cannot\n", dir, usable, refused)
				bad += refused
			}
			if bad > 0 {
				return errFindings
			}
			return nil
		},
	}
}

func explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID",
		Short: "Say what a rule or detector sees, what fools it, and who published it",
		Long:  `Explain prints everything about the rule or detector of that name or Sigma id, as it stands in a finding.`,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			engine, err := loadRules(nil, nil, false, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			found := false
			for _, d := range builtin.Detectors() {
				if d.Name == args[0] {
					explainDetector(w, d)
					found = true
				}
			}
			for _, r := range engine.Rules() {
				if r.Name == args[0] || r.ID == args[0] {
					explainRule(w, r)
					found = true
				}
			}
			if !found {
				return fmt.Errorf("no rule or detector is called %q; limier rules lists them", args[0])
			}
			return nil
		},
	}
}

func explainDetector(w io.Writer, d *detect.Detector) {
	fmt.Fprintf(w, "detector %s\n\n%s\n", d.Name, strings.TrimSpace(d.Doc))
}

func explainRule(w io.Writer, r *sighting.Rule) {
	fmt.Fprintf(w, "Sigma rule %s (%s)\n\n%s\n\nlevel %s, status %s\n", r.Name, r.ID, r.Title, r.Level, r.Status)
	if r.Description != "" {
		fmt.Fprintf(w, "\n%s\n", ansi.Wrap(publish.Plain(strings.Join(strings.Fields(r.Description), " ")), 80, " "))
	}
	for _, part := range []struct {
		name string
		list []string
	}{{"Fooled by", r.FalsePos}, {"Tags", named(r.Tags)}, {"Sources", r.References}} {
		if len(part.list) > 0 {
			fmt.Fprintf(w, "\n%s:\n", part.name)
			for _, v := range part.list {
				fmt.Fprintf(w, "  %s\n", publish.Plain(v))
			}
		}
	}
}

// named adds the names of ATT&CK's techniques to the tags.
func named(tags []string) []string {
	tags = slices.Clone(tags)
	for i, tag := range tags {
		if t, ok := attack.Lookup(strings.ToUpper(strings.TrimPrefix(tag, "attack."))); ok {
			tags[i] = tag + " " + t.Name
		}
	}
	return tags
}

func sorted(list []*sighting.Rule) []*sighting.Rule {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *sighting.Rule) int { return strings.Compare(a.Name+a.Title, b.Name+b.Title) })
	return list
}
