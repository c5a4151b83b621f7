// Weigh asks whether many weak signs in a PHP file, weighed by a logistic
// regression, tell hostile files that the rules miss. Nothing of it ships:
// doc/webshell-evaluation.md has what came out.
//
//	limier eval webshell --manifest M --root R --lang php --split tune --alarms >tune
//	limier eval webshell --manifest M --root R --lang php --split open --alarms >open
//	go run ./bench/weigh M R tune open
package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"text/tabwriter"

	"limier/internal/linear"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "weigh:", err)
		os.Exit(2)
	}
}

// A file is one sample or page.
type file struct {
	source, cluster string
	hostile, found  bool // found by the rules
	words           []uint32
	score           float64
}

// folds is how many parts the sources are dealt to.
const folds = 8

func run(args []string, stdout io.Writer) error {
	if len(args) != 4 {
		return fmt.Errorf("usage: weigh MANIFEST ROOT TUNE OPEN")
	}
	sources, err := readSources(args[0])
	if err != nil {
		return err
	}
	tune, err := readFiles(args[2], args[1], sources)
	if err != nil {
		return err
	}
	open, err := readFiles(args[3], args[1], sources)
	if err != nil {
		return err
	}
	pages, err := readPages("webshell/php/testdata")
	if err != nil {
		return err
	}
	known := spread(tune)
	out := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "trained on\ttune legitimate\ttune missed\topen legitimate\topen missed\t- without the largest source\twild\talike\twild before alike")
	for _, with := range []bool{false, true} {
		name, more := "collections", []*file(nil)
		if with {
			name, more = "and pages", pages
		}
		fold := deal(tune)
		for k := range folds {
			in := func(f *file) bool { return fold[f.source] == k }
			judge(train(known, without(tune, in), more), tune, in)
		}
		m := train(known, tune, more)
		judge(m, open, nil)
		if !with {
			judge(m, pages, nil)
		} else {
			for _, source := range sourcesOf(pages) {
				in := func(f *file) bool { return f.source == source }
				judge(train(known, tune, without(pages, in)), pages, in)
			}
		}
		tell(out, name, tune, open, pages)
	}
	return out.Flush()
}

// tell prints what stands above the thresholds that 0, 2 and 12 legitimate
// files of tune pass.
func tell(out io.Writer, name string, tune, open, pages []*file) {
	largest := largest(open)
	legit := scores(tune, func(f *file) bool { return !f.hostile })
	for _, allowed := range []int{0, 2, 12} {
		t := legit[len(legit)-1-allowed]
		share := func(files []*file, is func(*file) bool) string {
			all := scores(files, is)
			n := 0
			for _, s := range all {
				if s > t {
					n++
				}
			}
			return fmt.Sprintf("%d of %d", n, len(all))
		}
		missed := func(f *file) bool { return f.hostile && !f.found }
		benign := func(f *file) bool { return !f.hostile }
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.2f\n", name, share(tune, benign), share(tune, missed), share(open, benign), share(open, missed),
			share(open, func(f *file) bool { return missed(f) && f.source != largest }),
			share(pages, func(f *file) bool { return f.hostile }), share(pages, benign), before(pages))
	}
}

// before is how often a hostile file scores above a harmless one.
func before(files []*file) float64 {
	won, all := 0.0, 0.0
	for _, a := range files {
		for _, b := range files {
			if a.hostile && !b.hostile {
				all++
				switch {
				case a.score > b.score:
					won++
				case a.score == b.score:
					won += 0.5
				}
			}
		}
	}
	return won / all
}

// scores are those of the files that is picks, in order.
func scores(files []*file, is func(*file) bool) []float64 {
	var out []float64
	for _, f := range files {
		if is(f) {
			out = append(out, f.score)
		}
	}
	slices.Sort(out)
	return out
}

// minSources is the number of sources that use a word that is weighed: a name
// that one author chose is no sign.
const minSources = 6

// spread is 1 for each word of enough sources.
func spread(files []*file) []float32 {
	by := map[uint32]map[string]bool{}
	for _, f := range files {
		for _, w := range f.words {
			if by[w] == nil {
				by[w] = map[string]bool{}
			}
			by[w][f.source] = true
		}
	}
	out := make([]float32, 1<<linear.Bits)
	for w, s := range by {
		if len(s) >= minSources {
			out[w] = 1
		}
	}
	return out
}

// deal gives each source a fold, hostile and legitimate ones by size.
func deal(files []*file) map[string]int {
	fold := map[string]int{}
	for _, hostile := range []bool{true, false} {
		size := map[string]int{}
		for _, f := range files {
			if f.hostile == hostile {
				size[f.source]++
			}
		}
		var names []string
		for n := range size {
			names = append(names, n)
		}
		slices.SortFunc(names, func(a, b string) int { return cmp.Or(size[b]-size[a], cmp.Compare(a, b)) })
		for i, n := range names {
			if _, ok := fold[n]; !ok {
				fold[n] = i % folds
			}
		}
	}
	return fold
}

// without leaves out the files that out picks, and their near duplicates.
func without(files []*file, out func(*file) bool) []*file {
	twin := map[string]bool{}
	for _, f := range files {
		if out(f) && f.cluster != "" && f.cluster != "-" {
			twin[f.cluster] = true
		}
	}
	var left []*file
	for _, f := range files {
		if !out(f) && !twin[f.cluster] {
			left = append(left, f)
		}
	}
	return left
}

// largest is the source of most hostile files.
func largest(files []*file) string {
	size, best := map[string]int{}, ""
	for _, f := range files {
		if f.hostile {
			if size[f.source]++; size[f.source] > size[best] {
				best = f.source
			}
		}
	}
	return best
}

func sourcesOf(files []*file) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.source)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// judge scores the files that in picks, all if it is nil.
func judge(m *linear.Model, files []*file, in func(*file) bool) {
	for _, f := range files {
		if in == nil || in(f) {
			f.score = m.Scores(f.words)[0]
		}
	}
}

// train weighs each source by the root of its size, and hostile files as much
// as the others together.
func train(known []float32, files, more []*file) *linear.Model {
	files = slices.Concat(files, more)
	type side struct {
		source  string
		hostile bool
	}
	size, total := map[side]float64{}, map[bool]float64{}
	for _, f := range files {
		size[side{f.source, f.hostile}]++
	}
	for _, f := range files {
		total[f.hostile] += 1 / math.Sqrt(size[side{f.source, f.hostile}])
	}
	examples := make([]linear.Example, len(files))
	for i, f := range files {
		n := size[side{f.source, f.hostile}]
		e := linear.Example{Features: linear.Vector(f.words, known), Weight: float32(float64(len(files)) / 2 / math.Sqrt(n) / total[f.hostile])}
		if f.hostile {
			e.Classes = []int{0}
		}
		examples[i] = e
	}
	return linear.Train([]string{"hostile"}, known, examples, linear.Options{Epochs: 12, Rate: 0.1, L2: 1e-4, Positive: 1})
}
