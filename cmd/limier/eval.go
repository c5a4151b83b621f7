package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"limier/builtin"
	"limier/webshell"
)

// maxSample is the largest file that an evaluation reads, in bytes.
const maxSample = 64 << 20

// A trial is one sample and what we said of it.
type trial struct {
	*sample
	judged  webshell.Judgement
	inline  bool // ASP.NET with code that runs on the server
	missing bool
	bytes   int
	took    time.Duration
}

func (t *trial) alarm() bool {
	return t.judged.Verdict == webshell.Webshell || t.judged.Verdict == webshell.Malicious
}

// evalWebshell measures web shell analysis on labelled samples. It is a
// developers' command: it prints rates, never a sample's text.
func evalWebshell(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("eval webshell", flag.ContinueOnError)
	var (
		manifest = flags.String("manifest", "", "tab-separated `file`: sha256, lang, ext, repo, path, label, stratum, cluster (- for standard input)")
		root     = flags.String("root", "", "`folder` that holds the samples, named by sha256")
		split    = flags.String("split", "check", "`part` to run: tune, check, all, or a half of check: open, blind")
		lang     = flags.String("lang", "", "one `language` only: aspnet, asp, jsp, php, cfml, script, config")
		verbose  = flags.Bool("v", false, "list misses and false alarms with reasons, and the slowest files")
		alarms   = flags.Bool("alarms", false, "list every sample with its verdict, tab-separated, instead of rates")
		workers  = flags.Int("workers", runtime.GOMAXPROCS(0), "files analysed at once")
	)
	if err := flags.Parse(args); err != nil {
		return err
	}
	samples, err := readManifest(*manifest, stdin)
	if err != nil {
		return err
	}
	samples = slices.DeleteFunc(choose(samples, *split), func(s sample) bool {
		return *lang != "" && s.lang != *lang
	})
	if len(samples) == 0 {
		return fmt.Errorf("%s: no samples of part %q, language %q", *manifest, *split, *lang)
	}
	collectRarely()
	start := time.Now()
	trials := judgeAll(ctx, samples, *root, max(1, *workers), *verbose)
	if err := ctx.Err(); err != nil {
		return err
	}
	if !slices.ContainsFunc(trials, func(t trial) bool { return !t.missing }) {
		return fmt.Errorf("%s holds none of the %d samples by their hash", *root, len(trials))
	}
	if *alarms {
		listVerdicts(stdout, trials)
		return nil
	}
	fmt.Fprintf(stdout, "Part %s: %d samples. An alarm is webshell or malicious. Intervals are Wilson's, 95 %%.\n\n", *split, len(trials))
	printRates(stdout, trials)
	printSources(stdout, trials)
	printSpeed(stdout, trials, time.Since(start))
	if *verbose {
		listWrong(stdout, trials)
		listSlow(stdout, trials)
	}
	return nil
}

// judgeAll analyses the samples with the shipped languages, in parallel; the
// result is in the order of samples. Reasons are kept on demand only: they hold
// the texts that they quote.
func judgeAll(ctx context.Context, samples []sample, root string, workers int, reasons bool) []trial {
	languages, ask := builtin.Languages(), webshell.JudgeBriefly
	if reasons {
		ask = webshell.Judge
	}
	trials := make([]trial, len(samples))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			var buf []byte
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(samples) {
					return
				}
				trials[i] = judge(languages, &samples[i], root, &buf, ask)
			}
		})
	}
	wg.Wait()
	return trials
}

// judge reads a sample into buf, which serves for the next one too: reasons
// hold copies.
func judge(languages []*webshell.Language, s *sample, root string, buf *[]byte, ask judging) trial {
	t := trial{sample: s}
	data, err := s.read(root, buf)
	if err != nil {
		t.missing = true
		return t
	}
	start := time.Now()
	t.judged = ask(languages, s.name(), data)
	t.took = time.Since(start)
	t.bytes = len(data)
	t.inline = s.lang == "aspnet" && hasServerCode(s.ext, data)
	return t
}

// listVerdicts prints the line that `limier webshell` prints, by sample, for
// comparison with other tools on the same files.
func listVerdicts(w io.Writer, trials []trial) {
	for _, t := range trials {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.sha256, t.lang, t.label(), cmp.Or(string(t.judged.Verdict), "-"), cmp.Or(t.judged.Family, "-"))
	}
}

// listWrong prints misses, then false alarms, by language.
func listWrong(w io.Writer, trials []trial) {
	for _, kind := range []struct {
		title string
		want  func(t *trial) bool
	}{
		{"Misses", func(t *trial) bool { return t.hostile && !t.alarm() }},
		{"False alarms", func(t *trial) bool { return !t.hostile && t.alarm() }},
	} {
		fmt.Fprintf(w, "\n%s\n", kind.title)
		for i := range trials {
			t := &trials[i]
			if t.missing || !kind.want(t) {
				continue
			}
			fmt.Fprintf(w, "%s %s %dB %s %s %s\n", t.lang, t.sha256, t.bytes, t.repo, path.Base(t.path), t.judged.Verdict)
			for _, r := range t.judged.Reasons[:min(3, len(t.judged.Reasons))] {
				fmt.Fprintf(w, "    %s %s: %s\n", r.Verdict, r.Rule, r.Text)
				for _, s := range r.Steps {
					fmt.Fprintf(w, "        %d %s\n", s.Line, s.Role)
				}
			}
		}
	}
}

func listSlow(w io.Writer, trials []trial) {
	slow := slices.Clone(trials)
	slices.SortStableFunc(slow, func(a, b trial) int { return cmp.Compare(b.took, a.took) })
	fmt.Fprintf(w, "\nSlowest\n")
	for _, t := range slow[:min(5, len(slow))] {
		fmt.Fprintf(w, "%s %s %dB %v\n", t.lang, t.sha256, t.bytes, t.took.Round(time.Microsecond))
	}
}

func printSpeed(w io.Writer, trials []trial, wall time.Duration) {
	var size, n int
	var took time.Duration
	for _, t := range trials {
		if !t.missing {
			n, size, took = n+1, size+t.bytes, took+t.took
		}
	}
	mb := float64(size) / 1e6
	printSpeedByLanguage(w, trials)
	fmt.Fprintf(w, "\n%d files, %.1f MB (%d files missing). One core: %.0f files/s, %.1f MB/s of analysis. Wall clock with reading: %.0f files/s, %.1f MB/s.\n",
		n, mb, len(trials)-n, float64(n)/took.Seconds(), mb/took.Seconds(), float64(n)/wall.Seconds(), mb/wall.Seconds())
}

// printSpeedByLanguage shows which analyser costs the time.
func printSpeedByLanguage(w io.Writer, trials []trial) {
	took, size := map[string]time.Duration{}, map[string]int{}
	for _, t := range trials {
		took[t.lang] += t.took
		size[t.lang] += t.bytes
	}
	fmt.Fprintf(w, "\nAnalysis on one core:")
	for _, lang := range slices.Sorted(maps.Keys(size)) {
		if took[lang] > 0 {
			fmt.Fprintf(w, " %s %.1f MB/s", lang, float64(size[lang])/1e6/took[lang].Seconds())
		}
	}
	fmt.Fprintln(w)
}

// read returns the sample from the places where a collection may keep it.
func (s *sample) read(root string, buf *[]byte) ([]byte, error) {
	var first error
	for _, name := range []string{
		s.sha256, s.sha256 + "." + s.ext,
		path.Join(s.label(), s.rawLang, s.sha256+"."+s.ext),
		path.Join(s.repo, s.path), s.path,
	} {
		// As acquire opens files; without the flag, four system calls ask whether it is set.
		f, err := os.OpenFile(path.Join(root, path.Clean("/"+name)), os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			first = cmp.Or(first, err)
			continue
		}
		n, err := fill(f, buf)
		f.Close()
		if err == nil {
			return (*buf)[:n], nil
		}
		first = cmp.Or(first, err)
	}
	return nil, first
}

// fill reads a file into buf, which grows as needed.
func fill(f *os.File, buf *[]byte) (int, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	size := min(info.Size(), maxSample)
	if int64(cap(*buf)) < size {
		*buf = make([]byte, size, size+size/2)
	}
	n, err := io.ReadFull(f, (*buf)[:size])
	if err == io.ErrUnexpectedEOF {
		err = nil
	}
	return n, err
}

// name is the path we judge the sample under. The path in its repository
// would give the answer away ("webshells/asp/…"), so that only names with a
// meaning to the server are kept.
func (s *sample) name() string {
	switch base := strings.ToLower(path.Base(s.path)); base {
	case "web.config", "applicationhost.config", ".htaccess", ".user.ini", "global.asax", "global.asa":
		return base
	}
	return s.sha256[:min(16, len(s.sha256))] + "." + s.ext
}
