// Package registry reads what matters to a mail server's investigation from
// registry hives: installed products with their builds, and the values that
// start programs.
package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/internal/regf"
	"limier/parse"
)

// Parser reads a hive in two ways. Products become events of [event.Setup]
// (Product, Version, Mode "registry", Path). Values that start programs become
// events of Sigma's registry_set (EventType, TargetObject, Details), at the
// time their key last changed, so that rules for live registry events judge
// the hive of a dead disk too.
var Parser = &parse.Parser{
	Name:  "registry",
	Doc:   "registry hives: Exchange, SharePoint, IIS and Windows versions, autostart values",
	Match: match,
	Parse: parseHive,
}

// match takes hives, and leaves out the transaction logs beside them, which
// begin alike.
func match(name string, head []byte) bool {
	name = strings.ToLower(name)
	log := strings.HasSuffix(name, ".log") || strings.HasSuffix(name, ".log1") || strings.HasSuffix(name, ".log2")
	return !log && len(head) >= 4 && string(head[:4]) == "regf"
}

// Set is the log source of the values that start programs.
var Set = event.Logsource{Category: "registry_set", Product: "windows"}

const (
	maxHive   = 1 << 30
	maxEvents = 20000 // of one hive; a large SYSTEM has some 800 services
)

func parseHive(ctx context.Context, name string, f fs.File) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		at, size, done, err := direct(f)
		if err != nil {
			yield(nil, fmt.Errorf("reading %s: %w", name, err))
			return
		}
		defer done()
		lost := func(err error) bool {
			return yield(nil, &evidence.GapError{Ref: evidence.Ref{Path: name}, Err: err})
		}
		hive, err := regf.Open(at, size)
		if err != nil {
			lost(err)
			return
		}
		root, err := hive.Root()
		if err != nil {
			lost(fmt.Errorf("the hive's top key: %w", err))
			return
		}
		if hive.Dirty && !lost(errors.New("the hive was not written to its end; its transaction logs, which may hold newer values, are not read")) {
			return
		}
		if hive.Cut && !lost(errors.New("the hive is cut: its end is missing")) {
			return
		}
		w := &walk{ctx: ctx, name: name, yield: yield, root: root}
		w.products()
		w.autostart()
		switch {
		case w.stopped:
		case ctx.Err() != nil:
			yield(nil, ctx.Err())
		case w.events >= maxEvents:
			lost(fmt.Errorf("only the first %d values were read", maxEvents))
		case hive.Damaged > 0:
			lost(fmt.Errorf("damaged hive: %d keys or values were passed over", hive.Damaged))
		}
	}
}

// direct gives random access to a hive: at once, or by way of a temporary
// file if the evidence is packed. done removes that.
func direct(f fs.File) (at io.ReaderAt, size int64, done func(), err error) {
	done = func() {}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, done, err
	}
	at, ok := f.(io.ReaderAt)
	if p, is := f.(interface{ Packed() bool }); ok && !(is && p.Packed()) {
		return at, info.Size(), done, nil
	}
	tmp, err := os.CreateTemp("", "limier-hive-*")
	if err != nil {
		return nil, 0, done, err
	}
	done = func() { tmp.Close(); os.Remove(tmp.Name()) }
	size, err = io.Copy(tmp, io.LimitReader(f, maxHive))
	return tmp, size, done, err
}

// A walk yields the events of one hive.
type walk struct {
	ctx     context.Context
	name    string
	yield   func(*event.Event, error) bool
	root    regf.Key
	stopped bool
	events  int
}

// over reports whether to stop, for whatever reason.
func (w *walk) over() bool { return w.stopped || w.events >= maxEvents || w.ctx.Err() != nil }

func (w *walk) emit(source event.Logsource, when time.Time, names, values []string) {
	if w.over() {
		return
	}
	w.events++
	e := &event.Event{Time: when, Ref: evidence.Ref{Path: w.name}, Data: &event.Table{Source: source, Names: names, Values: values}}
	w.stopped = !w.yield(e, nil)
}

var (
	productNames = []string{"Product", "Version", "Mode", "Path"}
	valueNames   = []string{"EventType", "TargetObject", "Details"}
)

func (w *walk) product(k regf.Key, product, version, path string) {
	if version != "" || path != "" {
		w.emit(event.Setup, k.Written, productNames, []string{product, version, "registry", path})
	}
}

func (w *walk) set(k regf.Key, target, details string) {
	w.emit(Set, k.Written, valueNames, []string{"SetValue", target, details})
}

// text returns a value of k as text, "" if it has none.
func text(k regf.Key, name string) string {
	v, _ := k.Value(name)
	return v.Text()
}

// subkeys visits the keys below k, up to limit.
func (w *walk) subkeys(k regf.Key, limit int, visit func(regf.Key)) {
	n := 0
	for sub, err := range k.Subkeys() {
		if n++; n > limit || w.over() {
			return
		}
		if err == nil {
			visit(sub)
		}
	}
}
