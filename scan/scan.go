// Package scan reads one source from end to end: it finds the files that each
// parser and analyser can read, matches rules on all cores, correlates what
// was sighted into findings, and says what it found, what that means, and what
// it could not read.
package scan

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"

	"limier/detect"
	"limier/evidence"
	"limier/finding"
	"limier/parse"
	"limier/sighting"
	"limier/sigma"
	"limier/webshell"
	"limier/wire"
)

// A Config says what a scan looks for. Its zero value finds nothing.
type Config struct {
	Version   string // of Limier, for the stream
	Parsers   []*parse.Parser
	Rules     *sigma.Engine // nil: no rules
	Languages []*webshell.Language
	Detectors []*detect.Detector

	// Evidence asks for the SHA-256 of every file that is read whole.
	Evidence bool

	// Workers is how many goroutines read and match; 0 means GOMAXPROCS.
	Workers int

	// Checkpoint, if set, keeps what each finished file told; what it has from a
	// scan that was cut short is not read again.
	Checkpoint *Checkpoint

	// Progress, if set, is told now and then how far the scan is. It is called
	// from several goroutines and must be quick.
	Progress func(Progress)
}

// Progress says how far a scan is.
type Progress struct {
	Files, FilesDone int
	Bytes, BytesDone int64 // of the files' sizes
	Sightings        int
}

// Run scans src. It yields an error only if the scan cannot go on; what cannot
// be read is yielded as a gap. The same evidence gives the same messages,
// whatever the number of workers.
func Run(ctx context.Context, src evidence.Source, cfg Config) iter.Seq2[wire.Message, error] {
	return func(yield func(wire.Message, error) bool) {
		if cfg.Workers <= 0 {
			cfg.Workers = runtime.GOMAXPROCS(0)
		}
		s := &scanner{Config: cfg, src: src, sum: newSummary()}
		if s.Checkpoint != nil {
			s.recognise()
		}
		if err := s.read(ctx); err != nil {
			yield(wire.Message{}, fmt.Errorf("reading %s: %w", src.ID, err))
			return
		}
		start := wire.Start{Format: wire.Format, Version: cfg.Version, Source: src.ID, Host: s.host(), Acquired: src.Acquired}
		if cfg.Rules != nil {
			start.Rules = cfg.Rules.Len()
		}
		if start.Host == "" && len(s.sum.hosts.events) > 0 && len(s.sum.hosts.unnamed) > 0 {
			s.sum.gap(evidence.Ref{}, errMixed)
		}
		if !yield(wire.Message{Start: &start}, nil) {
			return
		}
		exposures := s.sum.exposure.Exposures()
		for _, e := range exposures {
			if !yield(wire.Message{Exposure: &e}, nil) {
				return
			}
		}
		findings := s.detect(start.Host)
		for _, f := range findings {
			if !yield(wire.Message{Finding: &f}, nil) {
				return
			}
		}
		for _, e := range s.sum.evidence {
			if !yield(wire.Message{Evidence: &e}, nil) {
				return
			}
		}
		gaps := s.sum.gapList(src)
		for _, g := range gaps {
			if !yield(wire.Message{Gap: &g}, nil) {
				return
			}
		}
		end := conclude(findings, exposures, s.sum.coverage(), gaps)
		end.Counts = s.sum.counts
		end.Counts.Findings, end.Counts.Gaps = len(findings), len(gaps)
		yield(wire.Message{End: &end}, nil)
	}
}

// A scanner is one run of Run.
type scanner struct {
	Config
	src      evidence.Source
	sum      *summary
	filters  filters
	progress tally

	recognisers []*sighting.Rule // for the checkpoint
	places      map[*sighting.Rule]int
}

// detect runs the detectors. One that panics loses its own findings, and that
// is a gap.
func (s *scanner) detect(host string) []finding.Finding {
	pass := &detect.Pass{Host: host, Sightings: s.sum.sightings(), Scripts: s.sum.scripts.list(), Files: s.sum.files}
	s.sum.counts.Sightings = len(pass.Sightings)
	s.correlate(pass)
	var all []finding.Finding
	for _, d := range s.Detectors {
		found, err := run(d, pass)
		if err != nil {
			s.sum.gap(evidence.Ref{}, err)
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b finding.Finding) int {
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return strings.Compare(a.Rule+a.ID, b.Rule+b.ID)
	})
	return all
}

// correlate runs the Sigma correlations, and keeps those sightings that stand
// for themselves.
func (s *scanner) correlate(pass *detect.Pass) {
	if s.Rules == nil {
		return
	}
	for _, c := range s.Rules.Correlator().Run(pass.Sightings) {
		pass.Correlated = append(pass.Correlated, detect.Correlated{Rule: c.Rule, Sightings: c.Sightings, Count: c.Count})
	}
	pass.Sightings = slices.DeleteFunc(pass.Sightings, func(one sighting.Sighting) bool {
		return !s.Rules.Standalone(one.Rule)
	})
}

func run(d *detect.Detector, pass *detect.Pass) (found []finding.Finding, err error) {
	defer func() {
		if x := recover(); x != nil {
			found, err = nil, fmt.Errorf("detector %s failed and its findings are missing: %v", d.Name, x)
		}
	}()
	return d.Run(pass), nil
}

// host is the name of the machine: what acquiring knows, else what the evidence
// says of itself.
func (s *scanner) host() string {
	if s.src.Host != "" {
		return s.src.Host
	}
	return s.sum.hosts.one()
}
