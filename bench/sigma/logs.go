package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"limier/event"
	"limier/internal/literal"
	"limier/sigma"
)

// logs prints how fast a text log is searched for the literals of all web rules,
// on one core, a MiB at a time.
func logs(w io.Writer, root, name string, runs int) error {
	runtime.GOMAXPROCS(1)
	all, errs := read(root, shipped...)
	if len(errs) > 0 {
		return &errs[0]
	}
	e, _ := sigma.Compile(all, sigma.Config{})
	lits, without := e.Literals(event.IIS)
	log, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	short := slices.Concat(lits, []string{"';", "<?", "%27", "../", "@@v", "exec", "wget", "${jn", "{{7", "||1"})
	fmt.Fprintf(w, "%d rules have no literal\n\n| literals | lines | of | MB/s |\n|---|---:|---:|---:|\n", len(without))
	for _, c := range []struct {
		name string
		lits []string
	}{{"of all web rules", lits}, {"and ten of 2 to 4 bytes", short}} {
		set := literal.NewTuned(c.lits, log[:min(len(log), 1<<20)])
		found := 0
		var rates []float64
		for range runs {
			rates = append(rates, rate(log, func() { found = search(set, log) }))
		}
		slices.Sort(rates)
		fmt.Fprintf(w, "| %d %s | %d | %d | %.0f |\n", set.Len(), c.name, found, bytes.Count(log, []byte("\n")), rates[len(rates)/2])
	}
	return nil
}

func search(set *literal.Set, log []byte) (found int) {
	for len(log) > 0 {
		end := min(1<<20, len(log))
		if i := bytes.IndexByte(log[end-1:], '\n'); i >= 0 {
			end += i
		} else {
			end = len(log)
		}
		for range set.Lines(log[:end]) {
			found++
		}
		log = log[end:]
	}
	return found
}
