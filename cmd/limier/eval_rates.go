package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// wilson returns the 95 % interval of a rate of k in n: E. B. Wilson,
// "Probable Inference", JASA 22 (1927).
func wilson(k, n float64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959964
	p := k / n
	mid := p + z*z/(2*n)
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	low, high = (mid-half)/(1+z*z/n), (mid+half)/(1+z*z/n)
	return max(low, 0), min(high, 1)
}

// A tally counts alarms among samples, and among near-duplicate clusters.
type tally struct {
	alarms, n, suspicious int
	clusters              map[string]*[2]int // alarms, samples
}

func (a *tally) add(t *trial) {
	a.n++
	hit := 0
	if t.alarm() {
		hit = 1
	} else if t.judged.Verdict != "" {
		a.suspicious++
	}
	a.alarms += hit
	if a.clusters == nil {
		a.clusters = map[string]*[2]int{}
	}
	key := t.cluster
	if key == "" || key == "-" {
		key = t.sha256
	}
	c := a.clusters[key]
	if c == nil {
		c = new([2]int)
		a.clusters[key] = c
	}
	c[0] += hit
	c[1]++
}

// byCluster counts every cluster once, by the share of it that was alarmed on.
func (a *tally) byCluster() (alarms, n float64) {
	shares := make([]float64, 0, len(a.clusters))
	for _, c := range a.clusters {
		shares = append(shares, float64(c[0])/float64(c[1]))
	}
	slices.Sort(shares) // a sum of floats depends on its order
	for _, s := range shares {
		alarms += s
	}
	return alarms, float64(len(shares))
}

// printRates prints found and false-alarm rates by language and stratum.
func printRates(w io.Writer, trials []trial) {
	type key struct {
		hostile       bool
		lang, stratum string
	}
	tallies := map[key]*tally{}
	add := func(k key, t *trial) {
		if tallies[k] == nil {
			tallies[k] = new(tally)
		}
		tallies[k].add(t)
	}
	for i := range trials {
		t := &trials[i]
		if t.missing {
			continue
		}
		add(key{t.hostile, t.lang, cmp.Or(t.stratum, "-")}, t)
		if t.inline {
			add(key{t.hostile, t.lang, "with server code"}, t)
		}
	}
	keys := make([]key, 0, len(tallies))
	for k := range tallies {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		if a.hostile != b.hostile {
			if a.hostile {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.lang, b.lang), cmp.Compare(a.stratum, b.stratum))
	})
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "label\tlanguage\tstratum\tfiles\talarms\trate\t95 %\tclusters\trate\t95 %\tsuspicious only")
	for _, k := range keys {
		a := tallies[k]
		label := "legitimate"
		if k.hostile {
			label = "hostile"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%d\t%s\t%.0f\t%s\t%d\n", label, k.lang, k.stratum, a.n, a.alarms,
			rate(float64(a.alarms), float64(a.n)), float64(len(a.clusters)), rate(a.byCluster()), a.suspicious)
	}
	tw.Flush()
}

func rate(k, n float64) string {
	low, high := wilson(k, n)
	return fmt.Sprintf("%.2f %%\t%.2f–%.2f", 100*k/n, 100*low, 100*high)
}
