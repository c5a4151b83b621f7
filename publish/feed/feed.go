// Package feed makes a MISP feed of MISP events: a folder that other instances
// pull from, with the events, manifest.json and hashes.csv
// (https://www.misp-project.org/feeds/; written as PyMISP's feed generator does).
package feed

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5" // what the format of hashes.csv asks for
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A Feed is a feed's files by name.
type Feed map[string][]byte

const (
	manifestName = "manifest.json"
	hashesName   = "hashes.csv"
	maxEvent     = 256 << 20
)

// uuid is all that an event's file may be called: a name is no path.
var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// entry is what the manifest says of an event.
type entry struct {
	Orgc        json.RawMessage `json:"Orgc"`
	Tag         json.RawMessage `json:"Tag,omitempty"`
	Info        string          `json:"info"`
	Date        string          `json:"date"`
	Analysis    string          `json:"analysis"`
	ThreatLevel string          `json:"threat_level_id"`
	Timestamp   string          `json:"timestamp"`
}

type attribute struct {
	Type    string `json:"type"`
	Value   string `json:"value"`
	Deleted any    `json:"deleted"` // true if it is
}

// event is what a feed needs to know of an event as MISP writes it:
// {"Event": {…}}.
type event struct {
	UUID string `json:"uuid"`
	entry
	Attribute []attribute `json:"Attribute"`
	Object    []struct {
		Attribute []attribute `json:"Attribute"`
	} `json:"Object"`
}

func parse(text []byte) (*event, error) {
	if len(text) > maxEvent {
		return nil, fmt.Errorf("more than %d bytes", maxEvent)
	}
	var in struct{ Event event }
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, err
	}
	e := &in.Event
	switch {
	case !uuid.MatchString(e.UUID):
		return nil, fmt.Errorf("%.80q is no UUID", e.UUID)
	case e.Info == "" || len(e.Orgc) == 0 || e.Date == "" || e.Timestamp == "":
		return nil, fmt.Errorf("%s: a feed needs info, Orgc, date and timestamp", e.UUID)
	}
	return e, nil
}

// hashes are the event's lines of hashes.csv.
func (e *event) hashes() (lines []string) {
	all := e.Attribute
	for _, o := range e.Object {
		all = append(all, o.Attribute...)
	}
	for _, a := range all {
		if a.Deleted == true {
			continue
		}
		values := []string{a.Value}
		if strings.Contains(a.Type, "|") || a.Type == "malware-sample" {
			values = strings.Split(a.Value, "|")
		}
		for _, v := range values {
			sum := md5.Sum([]byte(v))
			lines = append(lines, hex.EncodeToString(sum[:])+","+e.UUID+"\n")
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// New makes a feed of events as MISP writes them: {"Event": {…}}. The same
// events give the same feed, in whatever order.
func New(events ...[]byte) (Feed, error) {
	f := Feed{}
	manifest := map[string]entry{}
	var hashes []string
	for i, text := range events {
		e, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", i+1, err)
		}
		if f[e.UUID+".json"] != nil {
			return nil, fmt.Errorf("event %s is there twice", e.UUID)
		}
		manifest[e.UUID] = e.entry
		f[e.UUID+".json"] = text
		hashes = append(hashes, e.hashes()...)
	}
	slices.Sort(hashes)
	f[hashesName] = []byte(strings.Join(hashes, ""))
	var b bytes.Buffer
	enc := json.NewEncoder(&b) // sorts by UUID
	enc.SetIndent("", "  ")
	if err := enc.Encode(manifest); err != nil {
		return nil, err
	}
	f[manifestName] = b.Bytes()
	return f, nil
}

// names lists the files, the manifest last: it makes the others visible.
func (f Feed) names() []string {
	list := make([]string, 0, len(f))
	for name := range f {
		list = append(list, name)
	}
	rank := func(s string) int { return slices.Index([]string{hashesName, manifestName}, s) }
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(rank(a)-rank(b), cmp.Compare(a, b)) })
	return list
}

// Write writes the feed to a folder, which must be empty, a feed, or not there.
// Events of an earlier feed that are not in this one are no longer listed; their
// files stay.
func (f Feed) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	have, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(have) > 0 && !slices.ContainsFunc(have, func(e os.DirEntry) bool { return e.Name() == manifestName }) {
		return fmt.Errorf("%s holds other files and no %s: is this the folder of a feed?", dir, manifestName)
	}
	for _, name := range f.names() {
		if err := writeWhole(filepath.Join(dir, name), f[name]); err != nil {
			return err
		}
	}
	return nil
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".feed-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

// ServeHTTP serves the files of the feed, below any path that was stripped.
func (f Feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serve(w, r, func(name string) error {
		text, ok := f[name]
		if !ok {
			return errNone
		}
		w.Write(text)
		return nil
	})
}

// A Source serves the feed of events that lie elsewhere. It holds few of them
// at a time, so that a feed may be larger than memory.
type Source struct {
	All func(ctx context.Context) iter.Seq2[[]byte, error]
	One func(ctx context.Context, uuid string) ([]byte, error) // nil if there is none
}

// ServeHTTP serves the files of the feed, below any path that was stripped.
func (s Source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serve(w, r, func(name string) error {
		switch name {
		case manifestName:
			before := "{"
			err := s.each(r.Context(), w, func(e *event) (string, error) {
				line, err := json.Marshal(e.entry)
				text := fmt.Sprintf("%s\n%q: %s", before, e.UUID, line)
				before = ","
				return text, err
			})
			if err == nil {
				fmt.Fprintln(w, strings.TrimPrefix(before, ",")+"\n}")
			}
			return err
		case hashesName:
			return s.each(r.Context(), w, func(e *event) (string, error) { return strings.Join(e.hashes(), ""), nil })
		}
		id, isEvent := strings.CutSuffix(name, ".json")
		if !isEvent || !uuid.MatchString(id) {
			return errNone
		}
		text, err := s.One(r.Context(), id)
		if err == nil && text == nil {
			err = errNone
		}
		if err == nil {
			w.Write(text)
		}
		return err
	})
}

// each writes what is said of every event. Its error says that nothing was
// written: one that comes later cuts the answer off, so that it is seen.
func (s Source) each(ctx context.Context, w io.Writer, say func(*event) (string, error)) error {
	began := false
	for text, err := range s.All(ctx) {
		var e *event
		var line string
		if err == nil {
			e, err = parse(text)
		}
		if err == nil {
			line, err = say(e)
		}
		if err == nil {
			began = true
			_, err = io.WriteString(w, line)
		}
		if err != nil && began {
			panic(http.ErrAbortHandler)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var errNone = errors.New("the feed has manifest.json, hashes.csv and the events that the manifest lists")

// serve answers with what write writes, or with its error if that is nothing.
func serve(w http.ResponseWriter, r *http.Request, write func(name string) error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET here", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if name == hashesName {
		h.Set("Content-Type", "text/csv; charset=utf-8")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-cache")
	switch err := write(name); {
	case errors.Is(err, errNone):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, "the feed could not be read", http.StatusInternalServerError)
	}
}
