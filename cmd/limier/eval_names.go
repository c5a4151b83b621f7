package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"limier/reading"
)

// names measures the tagger of groups, malware and tools on AnnoCTR's dev
// part: trained anew on its train part, which dev has no document of.
func (e *readingEval) names(ctx context.Context) error {
	dir := filepath.Join(e.dir, "corpora/annoctr/ner_bio")
	train, err := reading.ReadBIO(filepath.Join(dir, "train.bio"))
	if err != nil {
		return err
	}
	dev, err := reading.ReadBIO(filepath.Join(dir, "dev.bio"))
	if err != nil {
		return err
	}
	var all []reading.TagSentence
	for _, d := range train {
		all = append(all, d...)
	}
	t := e.r.TrainNames(all, 8)
	kinds := []string{"GROUP", "MALWARE", "TOOL"}
	hit, got, want := map[string]int{}, map[string]int{}, map[string]int{}
	for _, d := range dev {
		if err := ctx.Err(); err != nil {
			return err
		}
		var words [][]string
		for _, s := range d {
			words = append(words, s.Words)
		}
		for i, tags := range e.r.TagDocument(t, words) {
			gold, found := reading.TagSpans(d[i].Tags), reading.TagSpans(tags)
			for _, s := range gold {
				want[s.Type]++
				if slices.Contains(found, s) {
					hit[s.Type]++
				} else if slices.Contains(kinds, s.Type) {
					e.say("missed %s %q\n", s.Type, words[i][max(0, s.Lo-2):min(len(words[i]), s.Hi+2)])
				}
			}
			for _, s := range found {
				got[s.Type]++
			}
		}
	}
	fmt.Fprintf(e.w, "AnnoCTR dev, exact span, tagger trained on AnnoCTR train\n\n%s", f1Head)
	h, g, w := 0, 0, 0
	for _, k := range kinds {
		e.f1(k, hit[k], got[k], want[k])
		h, g, w = h+hit[k], g+got[k], w+want[k]
	}
	e.f1("all three", h, g, w)
	fmt.Fprintln(e.w)
	return nil
}

// techniques measures the model of techniques on TRAM, five folds by report:
// no sentence of a report is in both parts.
func (e *readingEval) techniques(ctx context.Context) error {
	dir := filepath.Join(e.dir, "corpora/tram2")
	reports, err := reading.ReadTRAM(filepath.Join(dir, "tram2.jsonl"))
	if err != nil {
		return err
	}
	single, err := reading.ReadSingle(filepath.Join(dir, "single_label.json"))
	if err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(e.dir, "attack/enterprise-attack-18.1.stix21.json.gz"))
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	more, err := reading.ReadProcedures(z)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.w, "TRAM, five folds by report\n\n%s", f1Head)
	for _, with := range []bool{false, true} {
		extra, name := []reading.TechniqueExample(nil), "TRAM alone"
		if with {
			extra, name = more, "with ATT&CK's procedures"
		}
		hit, n := reading.SingleFolds(single, extra, 5)
		e.f1("one technique a sentence, "+name, hit, n, n)
	}
	hit, got, want, err := reading.ReportFolds(ctx, reports, more, 5)
	if err != nil {
		return err
	}
	e.f1("techniques of a whole report, every sentence judged", hit, got, want)
	fmt.Fprintln(e.w)
	return nil
}
