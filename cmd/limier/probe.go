package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"limier/probe"
	"limier/publish"
	"limier/wire"
)

func probeCommand() *cobra.Command {
	var list, contact, exclude, state string
	var rate float64
	var workers int
	var timeout time.Duration
	var asJSON, retry bool
	cmd := &cobra.Command{
		Use:   "probe HOST... | -f LIST",
		Short: "Ask servers which build of Exchange they run, one polite request each",
		Long: `Probe sends one GET for ` + probe.Path + ` to each host, reads the build
from the header X-OWA-Version or from the page, and says what it is open to and
what a build alone cannot tell. It sends no credentials, follows no redirect and
asks nobody twice. Only ask servers that you are responsible for or may ask.

The user agent names --contact, so that owners can complain. Certificates are
noted, not verified. doc/probe.md says what a server sees, and the limits.

Exit codes: 0 no vulnerable build found, 1 some are vulnerable, 2 the job could
not be done. With --state they speak of those that this run asked.`,
		Example: `  limier probe mail.example.org --contact https://cert.example.org/probe
  limier probe -f hosts.txt --exclude never.txt --state probe.jsonl --contact cert@example.org --json`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			targets, err := probeTargets(list, args)
			if err != nil {
				return err
			}
			if contact == "" {
				if slices.ContainsFunc(targets, func(t probe.Target) bool { return !t.Loopback() }) {
					return errors.New("say with --contact where the owners of the servers can complain: a mail address or URL")
				}
				contact = "loopback"
			}
			c := probe.Config{Contact: contact, Version: version(), Rate: rate, Workers: workers, Timeout: timeout}
			if exclude != "" {
				f, err := os.Open(exclude)
				if err != nil {
					return err
				}
				defer f.Close()
				if c.Exclude, err = probe.ReadExclusion(f); err != nil {
					return fmt.Errorf("%s: %w", exclude, err)
				}
			}
			p, err := probe.New(c)
			if err != nil {
				return err
			}
			if retry && state == "" {
				return errors.New("--retry asks again those that --state FILE has without an answer: name it")
			}
			var kept *probe.State
			if state != "" {
				if kept, err = probe.OpenState(state); err != nil {
					return err
				}
				defer func() { err = errors.Join(err, kept.Close()) }()
				all := len(targets)
				targets = slices.DeleteFunc(targets, func(t probe.Target) bool {
					s, done := kept.Done[t.Key()]
					return done && s != probe.Excluded && !(retry && s == probe.Unreachable)
				})
				if n := all - len(targets); n > 0 {
					fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d of %d were asked before\n", state, n, all)
				}
			}
			show := &inOrder{w: cmd.OutOrStdout(), json: asJSON, held: map[int]probe.Result{}, counts: map[probe.Status]int{}}
			err = p.Run(cmd.Context(), targets, func(i int, r probe.Result) error {
				if kept != nil && r.Status != probe.Excluded { // nobody asked it, and the list may change
					if err := kept.Add(r); err != nil {
						return fmt.Errorf("%s: %w", state, err)
					}
				}
				return show.add(i, r)
			})
			if err = errors.Join(err, show.rest()); err != nil {
				return err
			}
			if !asJSON && len(targets) > 1 {
				fmt.Fprintln(cmd.OutOrStdout(), show.summary())
			}
			if show.open > 0 {
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&list, "file", "f", "", "read hosts from `LIST`, one a line; - is standard input")
	cmd.Flags().StringVar(&contact, "contact", "", "mail `ADDRESS` or URL for complaints; a must but for the loopback")
	cmd.Flags().StringVar(&exclude, "exclude", "", "never ask those in `FILE`: addresses, CIDR blocks, names, *.names")
	cmd.Flags().StringVar(&state, "state", "", "remember in `FILE` who was asked, and go on from there")
	cmd.Flags().BoolVar(&retry, "retry", false, "with --state: ask those again that did not answer")
	cmd.Flags().Float64Var(&rate, "rate", 2, "at most so many requests a second")
	cmd.Flags().IntVar(&workers, "workers", 8, "at most so many at the same time")
	cmd.Flags().DurationVar(&timeout, "timeout", 15*time.Second, "time for one server")
	cmd.Flags().BoolVar(&asJSON, "json", false, "a result a line, as JSON")
	return cmd
}

// probeTargets gathers whom to ask, each once.
func probeTargets(list string, args []string) ([]probe.Target, error) {
	var all []probe.Target
	have := map[string]bool{}
	add := func(t probe.Target) {
		if !have[t.Key()] {
			have[t.Key()] = true
			all = append(all, t)
		}
	}
	for _, a := range args {
		t, err := probe.ParseTarget(a)
		if err != nil {
			return nil, err
		}
		add(t)
	}
	if list != "" {
		in := io.Reader(os.Stdin)
		if list != "-" {
			f, err := os.Open(list)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			in = f
		}
		if err := probe.ReadList(in, add); err != nil {
			return nil, fmt.Errorf("%s: %w", list, err)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("say whom to ask: limier probe HOST, or -f LIST")
	}
	return all, nil
}

// inOrder shows results in the order of the targets, whoever answers first.
type inOrder struct {
	w      io.Writer
	json   bool
	next   int
	held   map[int]probe.Result
	counts map[probe.Status]int
	open   int // with a vulnerability
}

func (o *inOrder) add(i int, r probe.Result) error {
	o.held[i] = r
	for {
		r, ok := o.held[o.next]
		if !ok {
			return nil
		}
		delete(o.held, o.next)
		o.next++
		if err := o.show(r); err != nil {
			return err
		}
	}
}

// rest shows what waits for one that never came.
func (o *inOrder) rest() error {
	for len(o.held) > 0 {
		if r, ok := o.held[o.next]; ok {
			delete(o.held, o.next)
			if err := o.show(r); err != nil {
				return err
			}
		}
		o.next++
	}
	return nil
}

func (o *inOrder) show(r probe.Result) error {
	o.counts[r.Status]++
	open, depends, fixed := cveStates(r.Exposure)
	if len(open) > 0 {
		o.open++
	}
	if o.json {
		return json.NewEncoder(o.w).Encode(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s", publish.Plain(r.Target), r.Status)
	if x := r.Exposure; x != nil {
		fmt.Fprintf(&b, "  %s %s", publish.Plain(x.Product), r.Build)
		if x.Name != "" {
			fmt.Fprintf(&b, " (%s)", publish.Plain(x.Name))
		}
		fmt.Fprintf(&b, "\n  read from %s; vulnerable to %d, depends %d, fixed %d\n", publish.Plain(r.Where), len(open), depends, fixed)
		var known []string
		for _, s := range open {
			if s.Exploited != "" {
				known = append(known, s.ID)
			}
		}
		if len(known) > 0 {
			fmt.Fprintf(&b, "  known to be exploited: %s\n", strings.Join(known, " "))
		}
		for _, n := range x.Notes {
			fmt.Fprintf(&b, "  note: %s\n", publish.Plain(n))
		}
	} else {
		fmt.Fprintf(&b, "  %s\n", publish.Plain(r.Reason))
	}
	if r.Redirect != "" {
		fmt.Fprintf(&b, "  points to %s; not followed\n", publish.Plain(r.Redirect))
	}
	if c := r.Certificate; c != nil {
		fmt.Fprintf(&b, "  certificate (not verified): %s, until %s, sha256 %.16s…\n", publish.Plain(c.Subject), c.NotAfter.Format(time.DateOnly), c.SHA256)
	}
	_, err := io.WriteString(o.w, b.String())
	return err
}

func cveStates(x *wire.Exposure) (open []wire.CVEState, depends, fixed int) {
	if x == nil {
		return nil, 0, 0
	}
	for _, s := range x.CVEs {
		switch s.State {
		case wire.Vulnerable:
			open = append(open, s)
		case wire.Depends:
			depends++
		default:
			fixed++
		}
	}
	return open, depends, fixed
}

func (o *inOrder) summary() string {
	parts := []string{fmt.Sprintf("%d with a vulnerable build", o.open)}
	for _, s := range []probe.Status{probe.Exchange, probe.NoBuild, probe.Other, probe.Unreachable, probe.Excluded} {
		if n := o.counts[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}
