package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"limier/evidence"
	"limier/fleet"
	"limier/internal/cputime"
	"limier/publish"
	"limier/scan"
	"limier/sigma"
	"limier/wire"
)

// A Build is what a program that has the collector gives it.
type Build struct {
	// Open opens the evidence at a path, or this host for "".
	Open func(ctx context.Context, path string) (evidence.Source, io.Closer, error)
	// Rules compiles the rules that ship and those in the folders; what it
	// leaves out is told on stderr.
	Rules func(dirs []string, stderr io.Writer) (*sigma.Engine, error)
	// Scan is all but the rules, workers and progress of a scan.
	Scan scan.Config
}

// An agentJob is what the flags of `limier agent` say.
type agentJob struct {
	build   Build
	dir     string
	path    string
	once    bool
	every   time.Duration
	jitter  time.Duration
	cpu     int
	workers int
	memory  int
	allow   bool
	rules   []string
	logFile string
}

// Command is `limier agent`.
func Command(b Build) *cobra.Command {
	j := agentJob{build: b}
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Scan this server now and then, and submit the case to a hub",
		Long: `Agent is the collector of a fleet. It enrols once (limier agent enroll), then scans
this server each day at the lowest priority and submits the case to the hub:
connect, submit, leave. Cases wait in a spool until the hub has stored them,
through crashes, reboots and days without network. A scan that was cut short goes
on where it was.

Raw evidence stays on this server. With --allow-files the hub may ask for single
files that a case names by their hash; without it, it cannot.

With --once it scans and submits once, for a scheduled task or a group policy.`,
		Example: `  limier agent enroll --hub https://hub.example:8443 --token limier1.…
  limier agent --once --jitter 1h
  limier agent install          (Windows: as a service)`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM)
			defer stop()
			return j.run(ctx, cmd.ErrOrStderr())
		},
	}
	cmd.PersistentFlags().StringVar(&j.dir, "dir", Home(), "`FOLDER` of the identity and the spool")
	f := cmd.Flags()
	f.BoolVar(&j.once, "once", false, "scan and submit once")
	f.StringVar(&j.path, "path", "", "scan the evidence at this `PATH` instead of this host")
	f.DurationVar(&j.every, "every", 24*time.Hour, "time between scans")
	f.DurationVar(&j.jitter, "jitter", time.Hour, "submit later by up to this, at random, so that not all servers come at once; 0 for none")
	f.IntVar(&j.cpu, "cpu", 50, "use at most this `PERCENT` of one core; 100 for all of it")
	f.IntVar(&j.workers, "workers", 1, "how many files or chunks to read at a time")
	f.IntVar(&j.memory, "memory", 112, "keep the memory near this many `MiB`")
	f.BoolVar(&j.allow, "allow-files", false, "let the hub ask for single files that a case names")
	f.StringArrayVar(&j.rules, "rules", nil, "also load the Sigma rules in this `DIR`; may be repeated")
	f.StringVar(&j.logFile, "log", "", "append the log to this `FILE` instead of stderr; at 8 MiB it becomes FILE.1")
	cmd.AddCommand(agentEnrollCommand(&j))
	cmd.AddCommand(serviceCommands(&j)...)
	return cmd
}

func agentEnrollCommand(j *agentJob) *cobra.Command {
	var hubAddress, token, name string
	cmd := &cobra.Command{
		Use:   "enroll --hub URL --token TOKEN",
		Short: "Register this server with a hub",
		Long: `Enroll makes a key on this server, which never leaves it, and gets a certificate
for it from the hub. The token also says which hub is the right one. It may be
given in LIMIER_TOKEN, so that it stays out of the list of processes.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if token == "" {
				token = os.Getenv("LIMIER_TOKEN")
			}
			if hubAddress == "" || token == "" {
				return errors.New("say which hub with --hub, and give its token with --token or in LIMIER_TOKEN: the hub's administrator makes one with limier serve token --org ORG")
			}
			if name == "" {
				var err error
				if name, err = os.Hostname(); err != nil {
					return err
				}
			}
			id, err := Enroll(cmd.Context(), j.dir, hubAddress, token, name, nil)
			if err != nil {
				return fmt.Errorf("enrolling with %s: %w", publish.Plain(hubAddress), err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "enrolled as server %d (%s); next: %s --once\n", id, publish.Plain(name), cmd.Parent().CommandPath())
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&hubAddress, "hub", "", "`URL` of the hub: https://HOST:8443")
	f.StringVar(&token, "token", "", "enrolment `TOKEN`")
	f.StringVar(&name, "name", "", "`NAME` of this server; its host name if left out")
	return cmd
}

// check refuses settings that would scan without a pause, or never to an end.
func (j *agentJob) check() error {
	if j.every <= 0 || j.jitter < 0 || j.cpu < 1 || j.memory < 1 {
		return errors.New("--every, --cpu and --memory are above 0, --jitter is not below it")
	}
	return nil
}

// run is `limier agent`.
func (j *agentJob) run(ctx context.Context, stderr io.Writer) error {
	if err := j.check(); err != nil {
		return err
	}
	w := stderr
	if j.logFile != "" {
		f, err := openLog(j.logFile, maxLog)
		if err != nil {
			return err
		}
		defer f.Close()
		w = f
	}
	log := slog.New(slog.NewTextHandler(w, nil))
	lock, err := fleet.Lock(j.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrNotEnrolled
	case errors.Is(err, fleet.ErrLocked):
		return fmt.Errorf("another collector works in %s: wait for its end, or stop the service", j.dir)
	case err != nil:
		return err
	}
	defer lock.Close()
	a, err := Open(Config{
		Dir: j.dir, Log: log, Every: j.every, Jitter: j.jitter, AllowFiles: j.allow,
		Source: func(ctx context.Context) (evidence.Source, io.Closer, error) { return j.build.Open(ctx, j.path) },
		Scan:   j.scan(w, log),
	})
	if err != nil {
		return err
	}
	if err := LowPriority(); err != nil {
		log.Warn("the priority was not lowered", "error", err)
	}
	runtime.GOMAXPROCS(min(max(j.workers, 1), runtime.NumCPU()))
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(j.memory) << 20)
	}
	if err := j.bound(); err != nil {
		log.Warn("the system does not bound what this process uses; it still holds back by itself", "error", err)
	}
	if j.once {
		return a.Once(ctx)
	}
	return a.Run(ctx)
}

// bound asks the system to bound this process: processor time as it bounds it
// itself, memory far enough above where the collector of garbage keeps it, so
// that a scan slows down before it dies.
func (j *agentJob) bound() error {
	var memory int64
	if goal := debug.SetMemoryLimit(-1); goal < math.MaxInt64/4 {
		memory = 4 * goal
	}
	cpu := j.cpu
	if cpu >= 100 {
		cpu = 0
	}
	return capped(memory, cpu)
}

// scan scans the evidence anew each time; the rules are compiled once.
func (j *agentJob) scan(stderr io.Writer, log *slog.Logger) func(ctx context.Context) iter.Seq2[wire.Message, error] {
	var rules *sigma.Engine
	return func(ctx context.Context) iter.Seq2[wire.Message, error] {
		return func(yield func(wire.Message, error) bool) {
			if rules == nil {
				var err error
				if rules, err = j.build.Rules(j.rules, stderr); err != nil {
					yield(wire.Message{}, err)
					return
				}
			}
			src, closer, err := j.build.Open(ctx, j.path)
			if err != nil {
				yield(wire.Message{}, err)
				return
			}
			defer closer.Close()
			throttle := &Throttle{Percent: j.cpu, CPU: cputime.Used}
			cfg := j.build.Scan
			cfg.Rules, cfg.Workers, cfg.Evidence, cfg.Progress = rules, j.workers, true, func(scan.Progress) { throttle.Wait() }
			cfg.Checkpoint = j.checkpoint(log)
			if cfg.Checkpoint != nil {
				defer func() {
					if err := cfg.Checkpoint.Close(); err != nil {
						log.Warn("the checkpoint was not written", "error", err)
					}
				}()
			}
			for m, err := range scan.Run(ctx, src, cfg) {
				if !yield(m, err) {
					return
				}
			}
		}
	}
}

// checkpointName is where, in the collector's folder, a scan keeps how far it is.
const checkpointName = "checkpoint"

// checkpoint opens what a scan that was cut short left. Without one, which is
// told, a scan starts over.
func (j *agentJob) checkpoint(log *slog.Logger) *scan.Checkpoint {
	key, err := j.key()
	if err != nil {
		log.Warn("without a checkpoint: a scan that is cut short starts over", "error", err)
		return nil
	}
	c, err := scan.OpenCheckpoint(filepath.Join(j.dir, checkpointName), key, time.Now())
	if err != nil {
		log.Warn("checkpoint", "error", err)
	}
	if c != nil {
		c.Every = 10 * time.Second
		if n := c.Files(); n > 0 {
			log.Info("a scan that was cut short goes on", "files", n)
		}
	}
	return c
}

// key sums up what the results of a scan depend on: this program, the rules
// beside it, and where the evidence lies.
func (j *agentJob) key() (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q\n", j.path, j.build.Scan.Version)
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	if err := add(sum, os.DirFS(filepath.Dir(exe)), filepath.Base(exe)); err != nil {
		return "", err
	}
	for _, dir := range j.rules {
		fsys := os.DirFS(dir)
		err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			return add(sum, fsys, path)
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// add adds a file to the sum.
func add(sum hash.Hash, fsys fs.FS, path string) error {
	f, err := fsys.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	one := sha256.New()
	if _, err := io.Copy(one, f); err != nil {
		return err
	}
	fmt.Fprintf(sum, "%q %x\n", path, one.Sum(nil))
	return nil
}
