package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"limier/baseline"
	"limier/event"
	"limier/evidence"
	"limier/finding"
	"limier/parse"
	"limier/parse/evtx"
	"limier/sighting"
	"limier/webshell"
)

// Limits of what is read whole. What passes them is a gap.
const (
	maxFiles   = 5_000_000
	headSize   = 64 << 10
	maxUnknown = 64 << 20 // a file of no known kind is hashed up to here
	bigLog     = 8 << 20  // logs from here on are read by all workers together
)

var (
	errManyFiles = fmt.Errorf("more than %d files: the rest were not looked at", maxFiles)
	errBigScript = errors.New("script too long to be judged whole: only its start and its end were")
	errBigFile   = fmt.Errorf("file of no known kind, larger than %d bytes: not read", maxUnknown)
)

// A job is one file to read.
type job struct {
	path string
	size int64
	time time.Time
	mode fs.FileMode
}

// tally counts progress from several goroutines.
type tally struct {
	files, bytes, sightings atomic.Int64
}

func (s *scanner) report(total Progress) {
	if s.Progress == nil {
		return
	}
	total.FilesDone = int(s.progress.files.Load())
	total.BytesDone = s.progress.bytes.Load()
	total.Sightings = int(s.progress.sightings.Load())
	s.Progress(total)
}

// read goes through every file of the source. Files are read in parallel;
// what they tell is added up in the order of their paths.
func (s *scanner) read(ctx context.Context) error {
	jobs, err := s.list(ctx)
	if err != nil {
		return err
	}
	total := Progress{Files: len(jobs)}
	for _, j := range jobs {
		total.Bytes += j.size
	}
	s.report(total)

	results := make([]*result, len(jobs))
	big := make([]bool, len(jobs))
	var next, merged atomic.Int64
	var mu sync.Mutex // guards results, big and the merge
	merge := func() {
		for i := merged.Load(); i < int64(len(jobs)) && results[i] != nil && !big[i]; i = merged.Add(1) {
			s.sum.add(results[i])
			results[i] = &result{}
		}
	}
	var wg sync.WaitGroup
	for range s.Workers {
		wg.Go(func() {
			buf := make([]byte, headSize)
			for ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= int64(len(jobs)) {
					return
				}
				r, isBig := s.resume(jobs[i]), false
				if r == nil {
					if r, isBig = s.file(ctx, jobs[i], buf); !isBig && ctx.Err() == nil {
						s.keep(jobs[i], r)
					}
				}
				mu.Lock()
				results[i], big[i] = r, isBig
				merge()
				mu.Unlock()
				if !isBig {
					s.progress.files.Add(1)
					s.progress.bytes.Add(jobs[i].size)
				}
				s.report(total)
			}
		})
	}
	wg.Wait()
	for i := range jobs {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if big[i] {
			read := s.bigLog
			if results[i].parser == evtx.Parser {
				read = s.bigEventLog
			}
			read(ctx, jobs[i], results[i], func(n int64) {
				s.progress.bytes.Add(n)
				s.report(total)
			})
			s.progress.files.Add(1)
			if ctx.Err() == nil {
				s.keep(jobs[i], results[i])
			}
			big[i] = false
		}
		merge()
	}
	return ctx.Err()
}

// list walks the source. Walking a folder as fs.WalkDir does visits paths in
// lexical order.
func (s *scanner) list(ctx context.Context) ([]job, error) {
	var jobs []job
	err := fs.WalkDir(s.src.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if path == "." {
				return err
			}
			s.sum.gap(evidence.Ref{Path: path}, err)
			return nil
		}
		if d.IsDir() {
			return nil
		}
		if len(jobs) == maxFiles {
			s.sum.gap(evidence.Ref{Path: path}, errManyFiles)
			return fs.SkipAll
		}
		info, err := d.Info()
		if err != nil {
			s.sum.gap(evidence.Ref{Path: path}, err)
			return nil
		}
		if !info.Mode().IsRegular() {
			return nil // acquiring says so
		}
		jobs = append(jobs, job{path, info.Size(), info.ModTime().UTC(), info.Mode()})
		return nil
	})
	return jobs, err
}

// file reads one file, unless it is a log so big that all workers should.
func (s *scanner) file(ctx context.Context, j job, buf []byte) (r *result, isBig bool) {
	r = newResult(j.path)
	defer func() {
		if x := recover(); x != nil {
			r.gap(evidence.Ref{Path: j.path}, fmt.Errorf("reading it failed: %v", x))
		}
	}()
	f, err := s.src.FS.Open(j.path)
	if err != nil {
		r.gap(evidence.Ref{Path: j.path}, err)
		return r, false
	}
	defer f.Close()
	defer closeOn(ctx, f)()
	f, hashRest := s.hash(f, r)
	n, err := io.ReadFull(f, buf)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		r.gap(evidence.Ref{Path: j.path}, err)
		return r, false
	}
	head := buf[:n]
	r.bytes = j.size
	claimed := false
	if isOwn(head) && !baseline.Script(j.path) {
		r.gap(evidence.Ref{Path: j.path}, errOwn)
		return r, false
	}
	enc := encodingOf(head)
	text := enc.head(head[:min(n, 4<<10)])
	for _, p := range s.Parsers {
		start := head[:min(n, 4<<10)]
		if p.Layout != nil {
			start = text
		}
		// Most parsers of whole files decode by themselves.
		decode := encoding{}
		if !p.Match(j.path, start) {
			if p.Layout != nil || !enc.wide || !p.Match(j.path, text) {
				continue
			}
			decode = enc
		}
		claimed = true
		if p.Layout != nil {
			if j.size > bigLog {
				r.parser, r.encoding = p, enc
				return r, true
			}
			s.log(ctx, p, j, enc, io.MultiReader(newHead(head), f), r)
			hashRest()
			return r, false
		}
		if p != evtx.Parser {
			s.events(ctx, p, j, decode, r)
			continue
		}
		if j.size > bigLog {
			r.parser = p
			return r, true
		}
		s.eventLog(ctx, j, f, r)
	}
	if err := unread(j.path, head); err != nil && !claimed {
		r.gap(evidence.Ref{Path: j.path}, err)
	}
	s.judge(j, f, head, claimed, r)
	if claimed || j.size <= maxUnknown {
		hashRest()
	}
	return r, false
}

// closeOn closes f when ctx ends, until it is told to stop: who interrupts a scan
// does not wait for the end of a file.
func closeOn(ctx context.Context, f fs.File) (stop func() bool) {
	return context.AfterFunc(ctx, func() { f.Close() })
}

// newHead returns a reader of a copy of head, which is reused.
func newHead(head []byte) io.Reader { return &sliceReader{append([]byte(nil), head...)} }

type sliceReader struct{ b []byte }

func (r *sliceReader) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b)
	r.b = r.b[n:]
	return n, nil
}

// events reads a file whose parser yields whole events.
func (s *scanner) events(ctx context.Context, p *parse.Parser, j job, enc encoding, r *result) {
	f, err := s.src.FS.Open(j.path)
	if err != nil {
		r.gap(evidence.Ref{Path: j.path}, err)
		return
	}
	defer f.Close()
	for ev, err := range p.Parse(ctx, j.path, enc.file(f)) {
		var gap *evidence.GapError
		switch {
		case errors.As(err, &gap):
			r.gap(gap.Ref, gap.Err)
			continue
		case err != nil:
			r.gap(evidence.Ref{Path: j.path}, err)
			return
		}
		if odd(ev.Time) {
			r.gap(ev.Ref, errOddTime)
			ev.Time = time.Time{}
		}
		r.seen(label(ev.Data.Logsource()), ev.Time, 1)
		r.on(ev.Host)
		switch ev.Data.Logsource() {
		case event.Setup, event.Config:
			r.builds = append(r.builds, ev)
		case event.Web, event.IIS:
			r.scripts.request(ev)
		}
		s.match(ev, r)
	}
}

// match asks the rules about one event.
func (s *scanner) match(ev *event.Event, r *result) {
	if s.Rules == nil {
		return
	}
	for _, rule := range s.Rules.Match(ev, nil) {
		s.progress.sightings.Add(1)
		r.sighted(rule, ev, "")
	}
}

// The analysers' sightings.
var (
	webshellFile = &sighting.Rule{ID: "webshell-file", Name: "webshell-file", Title: "Web shell", Level: finding.Critical,
		Description: "The code of this file lets a remote client run code or commands, or manage files.",
		Tags:        []string{"attack.t1505.003"}}
	maliciousFile = &sighting.Rule{ID: "malicious-file", Name: "malicious-file", Title: "Hostile script", Level: finding.High,
		Description: "This script is hostile but no shell: a dropper, mailer, redirector, skimmer or the like.",
		Tags:        []string{"attack.t1505.003"}}
	visitorsFile = &sighting.Rule{ID: "hostile-to-visitors", Name: "hostile-to-visitors", Title: "Script against visitors", Level: finding.High,
		Description: "What this file does to visitors is hostile: it has their browsers load hidden code, leads elsewhere, shows what others pay for, or sends away what is typed.",
		Tags:        []string{"attack.t1189"}}
	suspiciousFile = &sighting.Rule{ID: "suspicious-file", Name: "suspicious-file", Title: "Script worth a look", Level: finding.Low,
		Description: "The code does something that shells do and some legitimate scripts too."}
	unknownScript = &sighting.Rule{ID: "unknown-script", Name: "unknown-script", Title: "Script that no Exchange build ships", Level: finding.Medium,
		Description: "A server-side script lies in a folder of the product under a name that none of 131 known builds has. Builds after March 2021 are not among them."}
)

// judge hashes a file, compares it with the baseline and, if it may be a
// script, asks the web shell analysers.
func (s *scanner) judge(j job, f fs.File, head []byte, claimed bool, r *result) {
	sum := sha256.New()
	all := io.TeeReader(io.MultiReader(newHead(head), f), sum)
	script := webshell.Matches(s.Languages, j.path, head)
	if !script && (claimed || j.size > maxUnknown) {
		if !claimed {
			r.gap(evidence.Ref{Path: j.path}, errBigFile)
		}
		return
	}
	var data []byte
	var err error
	long := j.size > maxUnknown
	switch {
	case script && long:
		data, err = s.ends(j.path)
	case script:
		data, err = webshell.Read(s.Languages, j.path, all, nil)
	}
	if script && err == nil && int64(len(data)) < j.size {
		r.gap(evidence.Ref{Path: j.path}, errBigScript)
	}
	if err == nil && !long {
		_, err = io.Copy(io.Discard, all)
	}
	if err != nil {
		r.gap(evidence.Ref{Path: j.path}, err)
		return
	}
	var digest [32]byte // of no file, if this one is too long to be hashed
	if !long {
		sum.Sum(digest[:0])
	}
	answer := baseline.Judge(j.path, digest)
	if answer.Script || answer.Verdict != baseline.Outside {
		r.seen(webFiles, time.Time{}, 1)
	} else {
		r.seen(otherFiles, time.Time{}, 1)
	}
	if answer.Script {
		r.file = j.path
	}
	file := &event.FileData{Path: j.path, Size: j.size, Mode: j.mode, Baseline: string(answer.Verdict)}
	if !long {
		file.SHA256 = hex.EncodeToString(digest[:])
	}
	ev := &event.Event{Time: j.time, Ref: evidence.Ref{Path: j.path}, Data: file}
	if answer.Verdict == baseline.Shipped {
		return
	}
	if script {
		judgement := webshell.Judge(s.Languages, j.path, data)
		if rule := ruleFor(&judgement); rule != nil {
			file.Verdict, file.Confidence, file.Family = string(judgement.Verdict), string(judgement.Confidence), judgement.Family
			ev.Raw = explain(judgement)
			s.progress.sightings.Add(1)
			r.sighted(rule, ev, judgement.Reasons[0].Text)
		}
	}
	if answer.Verdict == baseline.Unlisted && answer.Script {
		r.sighted(unknownScript, ev, "no known build ships "+answer.Path)
	}
	s.match(ev, r)
}

// ends reads the start and the end of a script that is too long to be hashed:
// a sparse file of terabytes costs an intruder nothing.
func (s *scanner) ends(path string) ([]byte, error) {
	f, err := s.src.FS.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return webshell.Read(s.Languages, path, f, nil)
}

func ruleFor(j *webshell.Judgement) *sighting.Rule {
	switch {
	case j.Verdict == webshell.Webshell:
		return webshellFile
	case j.AgainstVisitors():
		return visitorsFile
	case j.Verdict == webshell.Malicious:
		return maliciousFile
	case j.Verdict == webshell.Suspicious:
		return suspiciousFile
	}
	return nil
}

// explain shows the code behind a judgement.
func explain(j webshell.Judgement) string {
	text := ""
	for _, r := range j.Reasons[:min(len(j.Reasons), 3)] {
		for _, st := range r.Steps {
			text += fmt.Sprintf("line %d (%s): %s\n", st.Line, st.Role, st.Code)
		}
		if r.Decoded != "" {
			text += "decoded: " + r.Decoded + "\n"
		}
	}
	return cut(text)
}
