package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// minSource is how many hostile files a source needs for a rate of its own.
const minSource = 3

// A source is one collection's hostile files in one language.
type source struct {
	lang, repo string
	tally
}

// bySource tallies hostile files by collection, in order.
func bySource(trials []trial) []*source {
	found := map[[2]string]*source{}
	var list []*source
	for i := range trials {
		t := &trials[i]
		if t.missing || !t.hostile {
			continue
		}
		key := [2]string{t.lang, t.repo}
		s := found[key]
		if s == nil {
			s = &source{lang: t.lang, repo: t.repo}
			found[key] = s
			list = append(list, s)
		}
		s.add(t)
	}
	slices.SortFunc(list, func(a, b *source) int {
		return cmp.Or(cmp.Compare(a.lang, b.lang), cmp.Compare(a.repo, b.repo))
	})
	return list
}

// printSources prints what was found in each collection, then by language the
// mean over collections, which counts a large one no more than a small one,
// and the rate with the largest left out.
func printSources(w io.Writer, trials []trial) {
	sources := bySource(trials)
	if len(sources) == 0 {
		return
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\nhostile\tsource\tfiles\talarms\trate\t95 %")
	for _, s := range sources {
		fmt.Fprintf(tw, "%s\t%s\t%d\t%d\t%s\n", s.lang, s.repo, s.n, s.alarms, rate(float64(s.alarms), float64(s.n)))
	}
	tw.Flush()
	tw = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "\nhostile\tsources of %d files or more\tmean of their rates\tlargest source\trate without it\t95 %%\n", minSource)
	for i := 0; i < len(sources); {
		j := i
		var largest *source
		var sum, n float64
		alarms, files := 0, 0
		for ; j < len(sources) && sources[j].lang == sources[i].lang; j++ {
			s := sources[j]
			alarms, files = alarms+s.alarms, files+s.n
			if largest == nil || s.n > largest.n {
				largest = s
			}
			if s.n >= minSource {
				sum, n = sum+float64(s.alarms)/float64(s.n), n+1
			}
		}
		mean, rest := "-", "-\t-"
		if n > 0 {
			mean = fmt.Sprintf("%.2f %%", 100*sum/n)
		}
		if files > largest.n {
			rest = rate(float64(alarms-largest.alarms), float64(files-largest.n))
		}
		fmt.Fprintf(tw, "%s\t%.0f\t%s\t%s\t%s\n", sources[i].lang, n, mean, largest.repo, rest)
		i = j
	}
	tw.Flush()
}
