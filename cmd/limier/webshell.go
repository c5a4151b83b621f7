package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"limier/acquire"
	"limier/builtin"
	"limier/evidence"
	"limier/publish"
	"limier/webshell"
)

// A shellJob is what the flags of `limier webshell` say.
type shellJob struct {
	json bool
}

func webshellCommand() *cobra.Command {
	var j shellJob
	cmd := &cobra.Command{
		Use:   "webshell PATH...",
		Short: "Judge script files by what their code does",
		Long: `Webshell analyses files alone, without logs or a baseline: each PATH is a file,
a folder or an archive. It prints a tab-separated line for each file that it
judges: webshell, malicious or suspicious; the confidence (low, moderate,
high); the family if there is proof of one, else "-"; the path.

Nothing is executed. Without --json, PHP and ASP are followed to the first
certain web shell and no further. Alarms are webshell and malicious; a
suspicious file is worth a look and does not change the exit code.
Of a longer script the first 16 MiB and the last one are judged, and standard
error names it.

Exit codes: 0 no alarm, 1 alarms, 2 the job could not be done.`,
		Example: `  limier webshell C:\inetpub\wwwroot
  limier webshell --json upload.php`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return j.run(cmd.Context(), args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().BoolVar(&j.json, "json", false, "write one JSON object a file, with every reason, step and decoded text")
	return cmd
}

// A shellFile is one judged file, as --json writes it.
type shellFile struct {
	Path string `json:"path"`
	webshell.Judgement
}

// A shellTask is one file to judge, or the end of one path.
type shellTask struct {
	path   string // as the user gave it
	name   string // below path
	fsys   fs.FS
	done   chan struct{}
	file   shellFile
	cut    bool // only its start and its end were judged
	err    error
	source *evidence.Source // set at the end of a path
	closer io.Closer
}

// run judges all files on all cores and prints them in their order.
func (j *shellJob) run(ctx context.Context, paths []string, stdout, stderr io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	collectRarely()
	tasks := make(chan *shellTask)
	order := make(chan *shellTask, 256)
	languages, ask := builtin.Languages(), webshell.JudgeBriefly
	if j.json {
		ask = webshell.Judge
	}
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			var buf []byte
			for t := range tasks {
				t.file.Judgement, t.cut, t.err = judgeFile(ask, languages, t.fsys, t.name, &buf)
				close(t.done)
			}
		})
	}
	wg.Go(func() {
		defer close(order)
		defer close(tasks)
		for _, p := range paths {
			if ctx.Err() != nil {
				return
			}
			walkShells(ctx, p, order, tasks)
		}
	})
	out := bufio.NewWriter(stdout)
	alarms, lost := 0, false
	var failed error
	for t := range order {
		<-t.done
		if t.cut {
			fmt.Fprintf(stderr, "limier: %s: script too long to be judged whole: only its start and its end were\n", publish.Plain(shown(t.path, t.name)))
		}
		switch {
		case t.source != nil:
			for _, g := range t.source.Lost() {
				lost = true
				fmt.Fprintf(stderr, "limier: %s: %v\n", publish.Plain(shown(t.path, g.Ref.String())), g.Err)
			}
			t.closer.Close()
		case t.err != nil && t.name == ".":
			failed = errors.Join(failed, t.err)
		case t.err != nil:
			lost = true
			fmt.Fprintf(stderr, "limier: %s: %v\n", publish.Plain(shown(t.path, t.name)), t.err)
		case t.file.Verdict != "":
			if t.file.Verdict.Rank() > webshell.Suspicious.Rank() {
				alarms++
			}
			t.file.Path = shown(t.path, t.name)
			if err := j.print(out, t.file); err != nil {
				failed = errors.Join(failed, err)
				cancel()
			}
		}
	}
	wg.Wait()
	switch err := errors.Join(failed, out.Flush(), ctx.Err()); {
	case err != nil:
		return err
	case alarms > 0:
		return errFindings
	case lost:
		return errors.New("not all could be read, as said above; the rest raises no alarm")
	}
	return nil
}

// collectRarely has garbage collected when memory nears memoryGoal: a judged file
// leaves little behind, and to look for it early costs a fifth of the time.
func collectRarely() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(600)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
}

// walkShells sends a task for each file below path.
func walkShells(ctx context.Context, path string, order, tasks chan<- *shellTask) {
	ready := make(chan struct{})
	close(ready)
	path = followed(path)
	src, closer, err := acquire.Open(ctx, path, acquire.Config{})
	if err != nil {
		order <- &shellTask{path: path, name: ".", done: ready, err: err}
		return
	}
	fs.WalkDir(src.FS, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			order <- &shellTask{path: path, name: name, done: ready, err: err}
		case !d.IsDir():
			t := &shellTask{path: path, name: name, fsys: src.FS, done: make(chan struct{})}
			order <- t
			tasks <- t
		}
		return nil
	})
	order <- &shellTask{path: path, done: ready, source: &src, closer: closer}
}

// shown joins the path that the user gave and the name below it.
func shown(path, name string) string {
	if strings.HasSuffix(strings.ReplaceAll(path, `\`, "/"), "/"+name) || path == name {
		return path // a single file
	}
	return strings.TrimRight(path, `/\`) + string(filepath.Separator) + filepath.FromSlash(name)
}

func (j *shellJob) print(out *bufio.Writer, f shellFile) error {
	if j.json {
		return json.NewEncoder(out).Encode(f)
	}
	family := f.Family
	if family == "" {
		family = "-"
	}
	_, err := fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", f.Verdict, f.Confidence, publish.Plain(family), publish.Plain(f.Path))
	return err
}

// judging is webshell.Judge, or JudgeBriefly where no reasons are shown.
type judging func(languages []*webshell.Language, path string, data []byte) webshell.Judgement

// maxKept is the largest buffer that is kept for the next file, in bytes.
const maxKept = 1 << 20

// judgeFile reads what the analysers need of a file, nothing more than its
// start if no language knows it, and judges it; cut says that this is not all of
// the file. The buffer serves for the next file too.
func judgeFile(ask judging, languages []*webshell.Language, fsys fs.FS, name string, buf *[]byte) (j webshell.Judgement, cut bool, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return j, false, err
	}
	defer f.Close()
	data, err := webshell.Read(languages, name, f, *buf)
	if err != nil || data == nil {
		return j, false, err
	}
	if len(data) > webshell.MaxWhole {
		if info, err := f.Stat(); err == nil {
			cut = int64(len(data)) < info.Size()
		}
	}
	if cap(data) <= maxKept {
		*buf = data
	}
	return ask(languages, name, data), cut, nil
}
