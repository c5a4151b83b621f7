package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"limier/acquire"
	"limier/builtin"
	"limier/casefile"
	"limier/evidence"
	"limier/publish"
	"limier/publish/text"
	"limier/scan"
	"limier/store/sqlite"
	"limier/wire"
)

// memoryGoal is what the collector of garbage keeps a scan near, in bytes, so
// that it stays below 150 MiB whatever the evidence.
const memoryGoal = 112 << 20

// A scanJob is what the flags of `limier scan` say.
type scanJob struct {
	json    bool
	output  string
	all     bool
	host    string
	workers int
	rules   []string

	indicators []string
	lookups    lookups

	timeline string
	sign     string
}

func scanCommand() *cobra.Command {
	var j scanJob
	cmd := &cobra.Command{
		Use:   "scan [PATH]",
		Short: "Read evidence and give a verdict",
		Long: `Scan reads a folder, a file, or a collection (.zip, .7z, .tar,
.tar.gz, .tar.xz, .tar.zst) as Velociraptor, KAPE, CyLR or UAC make them.
Without PATH it reads this host: it finds the Exchange folder, the IIS logs, the
web roots and the event logs by itself.

It ends with a verdict:
  compromised          something worked: an exploit, a back door, acts on the host
  attacked             attempts, and no proof that one worked
  exposed              open to known vulnerabilities, no sign that they were used
  no sign found        within the coverage that is stated with it
  not enough evidence  too little was there to say

All times are UTC. Exit codes: 0 no sign found, 1 findings, 2 the job could not
be done.`,
		Example: `  limier scan examples/intrusion
  limier scan collection.zip -o case.limier
  limier scan /mnt/ex01 --json > ex01.jsonl`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := ""
			if len(args) == 1 {
				if path = args[0]; path == "" {
					return errors.New("the PATH is empty: leave it out to scan this host")
				}
			}
			return j.run(cmd.Context(), path, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&j.json, "json", false, "write the stream of messages as JSON lines (doc/wire.md)")
	f.StringVarP(&j.output, "output", "o", "", "write the case to this `FILE` (SQLite)")
	f.StringVar(&j.timeline, "timeline", "", "write the timeline to this `FILE`, .csv or .jsonl, in the layout that Timesketch imports")
	f.StringVar(&j.sign, "sign", "", "sign the case with the private key in this `FILE` (limier key new)")
	f.BoolVar(&j.all, "all", false, "show every step, address and gap, not only the first of many")
	f.StringVar(&j.host, "host", "", "`NAME` of the host the evidence is from, if it does not say")
	f.IntVar(&j.workers, "workers", 0, "how many files or chunks to read at a time; 0 means one for each core")
	f.StringArrayVar(&j.indicators, "indicators", nil, "also look for the addresses, domains, hashes and paths in this `FILE`: MISP, STIX 2, CSV or a plain list; may be repeated")
	j.lookups.flags(f)
	f.StringArrayVar(&j.rules, "rules", nil, "also load the Sigma rules in this `DIR`; may be repeated")
	return cmd
}

func (j *scanJob) run(ctx context.Context, path string, stdout, stderr io.Writer) error {
	if ext := filepath.Ext(j.timeline); j.timeline != "" && ext != ".csv" && ext != ".jsonl" {
		return fmt.Errorf("--timeline %s: the name must end in .csv or .jsonl", j.timeline)
	}
	var key ed25519.PrivateKey
	if j.sign != "" {
		var err error
		if key, err = readPrivate(j.sign); err != nil {
			return err
		}
		if j.output == "" {
			return errors.New("--sign signs the case file: say where to write it with -o")
		}
	}
	if err := errors.Join(writable(j.output), writable(j.timeline)); err != nil {
		return err
	}
	src, closer, err := openEvidence(ctx, path)
	if err != nil {
		return err
	}
	defer closer.Close()
	if j.host != "" {
		src.Host = j.host
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	rules, err := loadRules(j.rules, j.indicators, true, stderr)
	if err != nil {
		return err
	}
	show, done := progress(stderr)
	cfg := scan.Config{
		Version: version(), Parsers: builtin.Parsers(), Rules: rules, Languages: builtin.Languages(), Detectors: builtin.Detectors(),
		Workers: j.workers, Progress: show, Evidence: j.output != "",
	}
	messages := scan.Run(ctx, src, cfg)
	if j.json {
		messages = tee(messages, stdout)
	}
	c, err := casefile.Build(messages)
	done()
	if err != nil {
		return err
	}
	bad, unread := rules.Late()
	leftOut(bad, stderr)
	if unread > 0 && len(j.rules) > 0 {
		fmt.Fprintf(stderr, "limier: %d of %d rules not read: they are for log sources that this evidence lacks (limier rules check DIR reads all)\n", unread, rules.Len())
	}
	if err := j.lookups.enrich(c, stderr); err != nil {
		return err
	}
	// The verdict comes first: a disk that is full must not take it away.
	if !j.json {
		if err := printCase(stdout, c, j.all); err != nil {
			return err
		}
	}
	if j.output != "" {
		if err := sqlite.Write(ctx, j.output, c); err != nil {
			return fmt.Errorf("writing the case: %w", err)
		}
		if key != nil {
			if err := sqlite.Sign(ctx, j.output, key); err != nil {
				return fmt.Errorf("signing the case: %w", err)
			}
		}
		if !j.json && (c.End.Verdict == wire.Compromised || c.End.Verdict == wire.Attacked) {
			fmt.Fprintf(stdout, "\nWhom it resembles, and who claims what: limier attribute %s\n", publish.Plain(j.output))
		}
	}
	if j.timeline != "" {
		if err := writeTimeline(ctx, j.timeline, c); err != nil {
			return fmt.Errorf("writing the timeline: %w", err)
		}
	}
	return outcome(c, path)
}

// writeTimeline writes the timeline in the format that the name's ending says.
// The file appears when it is whole.
func writeTimeline(ctx context.Context, name string, c *casefile.Case) error {
	for _, p := range builtin.Publishers() {
		if p.Extension == filepath.Ext(name) {
			f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
			if err != nil {
				return err
			}
			if err := errors.Join(p.Write(ctx, f, c), f.Close()); err != nil {
				return errors.Join(err, os.Remove(f.Name()))
			}
			return os.Rename(f.Name(), name)
		}
	}
	return fmt.Errorf("%s: no publisher writes that", name)
}

// outcome turns the verdict into the exit code.
func outcome(c *casefile.Case, path string) error {
	switch c.End.Verdict {
	case wire.NoSign:
		return nil
	case wire.NotEnough:
		if path == "" {
			return errors.New("not enough evidence on this host to say whether it was breached; run it as administrator, or name the folders: limier scan PATH")
		}
		if len(c.End.Coverage) > 0 {
			return fmt.Errorf("not enough evidence in %s to say whether it was breached; add IIS and Exchange logs, event logs (.evtx) or web folders", path)
		}
		return fmt.Errorf("not enough evidence in %s: looked for IIS and Exchange logs, event logs (.evtx) and web scripts; is this the drive that holds C:\\inetpub?", path)
	}
	return errFindings
}

func openEvidence(ctx context.Context, path string) (evidence.Source, io.Closer, error) {
	if path == "" {
		return acquire.Live(ctx, time.Now(), acquire.Config{})
	}
	return acquire.Open(ctx, followed(path), acquire.Config{})
}

// followed is the file that path leads to if path is a link to one. A link that
// the user names is meant to be followed, unlike those in the evidence.
func followed(path string) string {
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return path
	}
	to, err := filepath.EvalSymlinks(path)
	if info, serr := os.Stat(to); err != nil || serr != nil || !info.Mode().IsRegular() {
		return path
	}
	return to
}

// tee writes each message as a JSON line before passing it on.
func tee(messages iter.Seq2[wire.Message, error], w io.Writer) iter.Seq2[wire.Message, error] {
	return func(yield func(wire.Message, error) bool) {
		enc := json.NewEncoder(w)
		for m, err := range messages {
			if err == nil {
				err = enc.Encode(m)
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// printCase writes the case as text, with colours on a terminal.
func printCase(w io.Writer, c *casefile.Case, all bool) error {
	o := text.Options{All: all}
	if f, ok := fileOf(w); ok && term.IsTerminal(int(f.Fd())) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			o.Width = min(width, 120)
		}
		o.Color = true
		w = colorprofile.NewWriter(f, os.Environ())
	}
	return text.Write(w, c, o)
}

// progress returns a function that draws a line about the progress on a
// terminal, and one that removes it. Elsewhere both do nothing.
func progress(w io.Writer) (show func(scan.Progress), done func()) {
	f, ok := fileOf(w)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, func() {}
	}
	b := &bar{w: f, width: func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width <= 0 {
			return 80
		}
		return width
	}, start: time.Now()}
	return b.show, b.done
}
