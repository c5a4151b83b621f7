package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"limier/attribute"
)

// evalAttribution runs leave-one-report-out on a version of ATT&CK: each report
// of five techniques or more is compared with the profiles without it.
func evalAttribution(ctx context.Context, args []string, _ io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("limier eval attribution", flag.ContinueOnError)
	root := flags.String("data", "../shared/data/cti", "`folder` of the knowledge")
	least := flags.Int("techniques", 5, "reports with fewer techniques are left out")
	output := flags.String("o", "", "write the tables to this `FILE`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p, err := profilesOf("ATT&CK v12.1", filepath.Join(*root, "attack", "enterprise-attack-12.1.profile-only.stix21.json.gz"))
	if err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(*root, "attribution", "dev-loro-v12.1.jsonl"))
	if err != nil {
		return err
	}
	defer f.Close()
	var with, alone, groups []attribute.Result // with software, techniques alone, without likeness to single reports
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		if err := ctx.Err(); err != nil {
			return err
		}
		var row struct {
			Group, Report        string
			Techniques, Software []string
		}
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			return err
		}
		if len(row.Techniques) < *least {
			continue
		}
		if r := p.Try(attribute.Trial{Group: row.Group, Report: row.Report, Traits: slices.Concat(row.Techniques, row.Software)}); r.Rank > 0 {
			with = append(with, r)
		}
		if r := p.TryWithoutLikeness(attribute.Trial{Group: row.Group, Report: row.Report, Traits: slices.Concat(row.Techniques, row.Software)}); r.Rank > 0 {
			groups = append(groups, r)
		}
		if r := p.Try(attribute.Trial{Group: row.Group, Report: row.Report, Traits: row.Techniques}); r.Rank > 0 {
			alone = append(alone, r)
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	if len(with) == 0 {
		return errors.New("no report is left to compare")
	}
	var out strings.Builder
	attributionTables(&out, with, alone, groups, *least)
	if *output != "" {
		return os.WriteFile(*output, []byte(out.String()), 0o644)
	}
	_, err = io.WriteString(stdout, out.String())
	return err
}

func profilesOf(source, name string) (*attribute.Profiles, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return attribute.FromSTIX(source, z)
}

func attributionTables(w io.Writer, with, alone, groups []attribute.Result, least int) {
	fmt.Fprintf(w, `# Comparison with actors: evaluation

Leave-one-report-out on ATT&CK 12.1: each of %d reports with %d techniques or more is compared with profiles from which that
report was taken away. The weights were chosen on these reports; ATT&CK 18.1, which ships, was not tuned on.
Repeat: `+"`limier eval attribution --data DIR -o doc/attribution-evaluation.md`"+`.

## The true actor's place
| evidence | reports | top 1 | top 3 | top 10 | mean reciprocal rank |
|---|---|---|---|---|---|
`, len(with), least)
	for _, row := range []struct {
		name string
		list []attribute.Result
	}{{"techniques and software", with}, {"techniques alone", alone}, {"techniques and software, without likeness to one report", groups}} {
		var at [3]float64
		mrr, n := 0.0, float64(len(row.list))
		for _, r := range row.list {
			for i, k := range []int{1, 3, 10} {
				if r.Rank <= k {
					at[i]++
				}
			}
			mrr += 1 / float64(r.Rank)
		}
		fmt.Fprintf(w, "| %s | %d | %.3f | %.3f | %.3f | %.3f |\n", row.name, len(row.list), at[0]/n, at[1]/n, at[2]/n, mrr/n)
	}
	fmt.Fprint(w, "\nThe last row is the capped groups alone, on which the shares that a user sees rest. The order, the margin and so the answer\nalso count the likeness to the one report that fits best, up to 6 nats: it is made of the same techniques and software.\n")
	fmt.Fprint(w, "\nGoal: 0.47 with software. Untuned baselines named in the design: 0.421 with software, 0.245 alone.\n\n## Answering only when sure\nThe software answers with one actor only from a margin on. *Accused* is how often it names somebody when the true actor is\nnot in the table at all.\n\n| margin, nats | answered | of these right | accused when absent |\n|---|---|---|---|\n")
	n := float64(len(with))
	for _, m := range []float64{1, 2, 3, 4, 5, 6, 8} {
		var answered, right, accused float64
		for _, r := range with {
			if r.Margin >= m {
				answered++
				if r.Right {
					right++
				}
			}
			if r.AbsentMargin >= m {
				accused++
			}
		}
		fmt.Fprintf(w, "| %.0f | %.1f %% | %.1f %% | %.1f %% |\n", m, 100*answered/n, 100*right/max(answered, 1), 100*accused/n)
	}
	var answered, right, accused float64
	for _, r := range with {
		if r.Answered {
			answered++
			if r.Right {
				right++
			}
		}
		if r.Accused {
			accused++
		}
	}
	fmt.Fprintf(w, "\n**As shipped** (*closest to* or *strong resemblance to*): answers %.1f %%, of these right %.1f %%, accuses somebody wrongly in %.1f %% of cases\nwhose true actor is absent. Goal: at most 2 %% at 15 %% answered or more.\n\n", 100*answered/n, 100*right/max(answered, 1), 100*accused/n)
	calibration(w, with)
}

// calibration fits the chance of being right to the margin on nine tenths of
// the reports, and looks at the last tenth; every report is looked at once.
func calibration(w io.Writer, list []attribute.Result) {
	const folds, bins = 10, 10
	var sum, right [bins]float64
	var count [bins]int
	for fold := range folds {
		var margins []float64
		var was []bool
		for i, r := range list {
			if i%folds != fold {
				margins, was = append(margins, r.Margin), append(was, r.Right)
			}
		}
		chance := attribute.Isotonic(margins, was)
		for i, r := range list {
			if i%folds != fold {
				continue
			}
			c := chance(r.Margin)
			b := min(bins-1, int(c*bins))
			count[b]++
			sum[b] += c
			if r.Right {
				right[b]++
			}
		}
	}
	fmt.Fprint(w, "## Calibration\nThe chance that the leader is the true actor, fitted to the margin by isotonic regression, ten-fold.\n\n| said | reports | mean said | were right |\n|---|---|---|---|\n")
	ece := 0.0
	for b := range bins {
		if count[b] == 0 {
			continue
		}
		n := float64(count[b])
		fmt.Fprintf(w, "| %.1f to %.1f | %d | %.3f | %.3f |\n", float64(b)/bins, float64(b+1)/bins, count[b], sum[b]/n, right[b]/n)
		ece += n / float64(len(list)) * math.Abs(sum[b]/n-right[b]/n)
	}
	fmt.Fprintf(w, "\nExpected calibration error: %.3f (goal 0.05).\n", ece)
	fmt.Fprint(w, `
## What it does not show
- A table of reports recognises a report sooner than an actor: what nobody wrote of before has no likeness:
  without the reports of March 2021 HAFNIUM is one of many.
- ATT&CK holds what was published, by vendors, in English; who is written about most is easiest to find.
- The reports are those that the weights were chosen on. The held-out test (profiles of 12.1, reports new in 18.1) was left alone.
`)
}
