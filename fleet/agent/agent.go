// Package agent is the collector: it scans its own server, keeps the case in a
// spool until a hub has it, and sends it: connect, submit, leave.
package agent

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"limier/evidence"
	"limier/fleet"
	"limier/wire"
)

// A Config says how a collector runs.
type Config struct {
	Dir string // identity and spool: see Home
	Log *slog.Logger

	// Scan scans this server. It opens the evidence anew each time.
	Scan func(ctx context.Context) iter.Seq2[wire.Message, error]
	// Source opens the evidence, for a file that the hub asks for.
	Source func(ctx context.Context) (evidence.Source, io.Closer, error)

	Every      time.Duration // between scans; 0 means a day
	Jitter     time.Duration // each visit comes later by up to this, at random; 0 means none
	AllowFiles bool          // the hub may ask for files that a case names

	Now  func() time.Time
	Rand *rand.Rand
}

// An Agent is a collector that has enrolled.
type Agent struct {
	Config
	client  *Client
	spool   *Spool
	scanned time.Time // also noted in a file, unless the disk is full
}

// Open opens the collector whose files are in c.Dir.
func Open(c Config) (*Agent, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if c.Every == 0 {
		c.Every = 24 * time.Hour
	}
	client, err := OpenClient(c.Dir, c.Now)
	if err != nil {
		return nil, err
	}
	spool, err := OpenSpool(filepath.Join(c.Dir, "spool"), Limits{})
	if err != nil {
		return nil, err
	}
	return &Agent{Config: c, client: client, spool: spool}, nil
}

// Once scans, waits for the jitter, and sends what is in the spool. It fails if
// something stays there; that is sent next time.
func (a *Agent) Once(ctx context.Context) error {
	err := a.scan(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !a.wait(ctx, a.jitter()) {
		return ctx.Err()
	}
	visit := a.Visit(ctx)
	if visit != nil {
		visit = fmt.Errorf("the visit failed, cases stay in the spool: %w", visit)
	}
	return errors.Join(err, visit)
}

// Run scans and visits the hub until ctx ends. What an earlier process left in
// the spool does not wait for the next scan. When the hub cannot be reached it
// tries again, each time after a longer pause, up to an hour.
func (a *Agent) Run(ctx context.Context) error {
	left, err := a.spool.Waiting()
	if err != nil {
		return err
	}
	for {
		wait := a.due().Sub(a.Now())
		if wait > 0 {
			a.Log.Info("the next scan is not due yet", "scan_in", wait.Round(time.Second))
		}
		straight := wait > 0 && len(left) > 0
		left = nil
		if !straight && a.wait(ctx, wait) {
			if err := a.scan(ctx); err != nil && ctx.Err() == nil {
				a.Log.Error("the scan failed; it is tried again in an hour", "error", err)
				a.mark(a.Now().Add(time.Hour - a.Every))
			}
		}
		if !a.wait(ctx, a.jitter()) {
			return nil
		}
		for pause := time.Minute; ; pause = min(2*pause, time.Hour) {
			err := a.Visit(ctx)
			if err == nil || ctx.Err() != nil {
				break
			}
			wait := pause/2 + a.upTo(pause/2)
			var later *Later
			if errors.As(err, &later) && later.After > wait {
				wait = later.After + a.upTo(later.After)
			}
			if due := a.due().Sub(a.Now()); due < wait { // days without the hub are scanned too
				a.Log.Warn("the visit failed; cases stay in the spool until after the next scan", "error", err, "scan_in", max(due, 0).Round(time.Second))
				break
			}
			a.Log.Warn("the visit failed; cases stay in the spool", "error", err, "again_in", wait.Round(time.Second))
			if !a.wait(ctx, wait) {
				return nil
			}
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// due is when the next scan is: Every after the last that was finished, so
// that one which a reboot cut short is due at once. So it is if the clock was
// set back.
func (a *Agent) due() time.Time {
	last := a.scanned
	if info, err := os.Stat(a.marker()); err == nil && info.ModTime().After(last) {
		last = info.ModTime()
	}
	if last.After(a.Now()) {
		return a.Now()
	}
	return last.Add(a.Every)
}

func (a *Agent) marker() string { return filepath.Join(a.Dir, "scanned") }

// mark notes when a scan was finished.
func (a *Agent) mark(at time.Time) {
	a.scanned = at
	err := fleet.WriteFile(a.marker(), []byte(at.UTC().Format(time.RFC3339)+"\n"))
	if err == nil {
		err = os.Chtimes(a.marker(), at, at)
	}
	if err != nil {
		a.Log.Warn("when the scan ended was not noted", "error", err)
	}
}

func (a *Agent) jitter() time.Duration { return a.upTo(a.Jitter) }

func (a *Agent) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(a.Rand.Int64N(int64(d)))
}

func (a *Agent) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// scan scans this server and puts the case into the spool.
func (a *Agent) scan(ctx context.Context) error {
	start := a.Now()
	var stream bytes.Buffer // of messages; bounded by what a scan reports
	enc, err := zstd.NewWriter(&stream, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return err
	}
	lines := json.NewEncoder(enc)
	var verdict wire.Verdict
	for m, err := range worthSending(a.Scan(ctx)) {
		if err != nil {
			return err
		}
		if err := lines.Encode(m); err != nil {
			return err
		}
		if m.End != nil {
			verdict = m.End.Verdict
		}
	}
	if err := enc.Close(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	name, err := a.spool.Put(stream.Bytes())
	if err != nil {
		return fmt.Errorf("keeping the case: %w", err)
	}
	a.mark(a.Now())
	os.Remove(filepath.Join(a.Dir, checkpointName)) // the next scan reads all again
	a.Log.Info("scanned", "verdict", string(verdict), "took", a.Now().Sub(start).Round(time.Second), "bytes", stream.Len(), "spool", name)
	return nil
}

// Visit says hello, sends what is in the spool, the oldest first, and answers
// what the hub asks for.
func (a *Agent) Visit(ctx context.Context) error {
	sent, err := a.spool.Sent()
	if err != nil {
		return err
	}
	hello, err := a.client.Contact(ctx, fleet.ContactRequest{AllowFiles: a.AllowFiles, Sent: sent, Missed: a.spool.Missed()})
	if err != nil {
		return err
	}
	if err := a.spool.Settle(hello.Held); err != nil {
		return err
	}
	if hello.Renew {
		if err := a.client.Renew(ctx); err != nil {
			a.Log.Warn("the certificate was not renewed; it is tried at the next visit", "error", err)
		}
	}
	waiting, err := a.spool.Waiting()
	if err != nil {
		return err
	}
	for _, name := range waiting {
		if err := a.send(ctx, name); err != nil {
			return err
		}
	}
	for _, o := range hello.Files {
		if err := a.answer(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (a *Agent) send(ctx context.Context, name string) error {
	body, err := a.spool.Read(name)
	if err != nil {
		return err
	}
	c, err := fleet.Check(body)
	if err != nil { // torn by something that Put cannot guard against, or more than hubs take
		a.Log.Error("a case in the spool is damaged or too large; it was put aside, and the hub does not have it", "case", name, "error", err)
		return a.spool.Reject(name, "damaged or too large in the spool: "+err.Error())
	}
	evidence := hex.EncodeToString(c.Evidence[:])
	receipt, err := a.client.Submit(ctx, body, evidence, hex.EncodeToString(c.Hash[:]))
	var refused *Refused
	switch {
	case errors.As(err, &refused) && refused.Final():
		a.Log.Error("the hub refuses a case; it was put aside", "case", name, "error", err)
		return a.spool.Reject(name, "the hub refuses it: "+refused.Detail)
	case err != nil:
		return err
	}
	a.Log.Info("submitted", "case", name, "received", receipt.Received)
	return a.spool.Done(name, evidence, receipt)
}
