// Package config reads the configuration of IIS: applicationHost.config,
// web.config and the files beside them. It tells what answers requests there
// (sites, virtual directories, modules, handlers), where the logs are, and what
// protects Windows authentication.
package config

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"limier/event"
	"limier/evidence"
	"limier/parse"
)

// Parser reads IIS configuration. The field Kind of an event says what it is:
//
//	site            Name, ID, Bindings
//	log             Site, Directory, Format: where W3C logs go; no Site for the default
//	directory       Site, URL, PhysicalPath, AppPool, User, Suspect
//	module          Name, Image (native), Type (managed), Location
//	handler         Name, URL, Verbs, Modules, Image (script processor), Type, Location
//	authentication  Location, Windows ("true", "false"), TokenChecking, Flags
//	access          Location, Unlisted ("false": only listed addresses), Listed
//	key             Location: a fixed machine key stands in the file; Decryption, Validation name the methods
//	rewrite         Location, Name, Pattern, Action: a URL rewrite rule
//	assembly        Location, Assembly: loaded by dynamic compilation
//	end             the file was read to its end, so that what is missing is absent
//
// Windows, TokenChecking and Unlisted are "" where that location does not say.
// The host's own defaults have the Location "". Keys themselves are left out.
var Parser = &parse.Parser{
	Name:  "iis-configuration",
	Doc:   "IIS applicationHost.config and web.config: sites, folders, modules, handlers, Extended Protection",
	Match: match,
	Parse: parseConfig,
}

var names = []string{"Kind", "Location", "Name", "ID", "Bindings", "Site", "URL", "PhysicalPath", "AppPool", "User", "Suspect", "Directory", "Format",
	"Image", "Type", "Verbs", "Modules", "Windows", "TokenChecking", "Flags", "Unlisted", "Listed", "Decryption", "Validation", "Pattern", "Action", "Assembly"}

const (
	maxSize  = 32 << 20 // real files have up to 1 MB
	maxDepth = 64
	maxText  = 4096 // of one attribute
)

func match(name string, head []byte) bool {
	b := strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/")))
	if !strings.HasSuffix(b, ".config") && !strings.Contains(b, ".config.") {
		return false
	}
	text := decode(head)
	return bytes.Contains(text, []byte("<configuration")) ||
		(strings.Contains(b, "applicationhost") || strings.HasSuffix(b, "web.config")) && bytes.Contains(text, []byte("<"))
}

// decode makes UTF-8 of UTF-16 with or without a byte order mark.
func decode(b []byte) []byte {
	big := false
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return b[3:]
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		b = b[2:]
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		b, big = b[2:], true
	case len(b) > 3 && b[0] == '<' && b[1] == 0:
	case len(b) > 3 && b[0] == 0 && b[1] == '<':
		big = true
	default:
		return b
	}
	u := make([]uint16, len(b)/2)
	for i := range u {
		if big {
			u[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
		} else {
			u[i] = uint16(b[2*i+1])<<8 | uint16(b[2*i])
		}
	}
	var out []byte
	for _, r := range utf16.Decode(u) {
		out = utf8.AppendRune(out, r)
	}
	return out
}

func parseConfig(ctx context.Context, name string, f fs.File) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
		if err != nil {
			yield(nil, fmt.Errorf("reading %s: %w", name, err))
			return
		}
		cut := len(data) > maxSize
		text := decode(data[:min(len(data), maxSize)])
		r := &reader{ctx: ctx, name: name, yield: yield, dec: xml.NewDecoder(bytes.NewReader(text))}
		r.dec.Strict = true
		// The declared encoding is that of the file, which decode undid; names of
		// other encodings in the wild are supersets of ASCII.
		r.dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
		err = r.run()
		switch {
		case r.stopped:
		case cut:
			yield(nil, &evidence.GapError{Ref: evidence.Ref{Path: name}, Err: fmt.Errorf("only the first %d MiB were read", maxSize>>20)})
		case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
			yield(nil, err)
		case err != nil:
			yield(nil, &evidence.GapError{Ref: r.ref(), Err: fmt.Errorf("broken configuration, read up to here: %w", err)})
		default:
			r.emit(r.ref(), "Kind", "end")
		}
	}
}

// A reader walks one file, and knows where it stands.
type reader struct {
	ctx     context.Context
	name    string
	yield   func(*event.Event, error) bool
	dec     *xml.Decoder
	stopped bool

	path  []string            // elements around, lower case
	attrs []map[string]string // their attributes

	site     int               // of the site's element in path
	bindings []string          // of the site being read
	auth     map[string]string // of the location being read
	authRef  evidence.Ref
	listed   []string
}

func (r *reader) ref() evidence.Ref {
	line, _ := r.dec.InputPos()
	return evidence.Ref{Path: r.name, Line: line}
}

func (r *reader) emit(ref evidence.Ref, pairs ...string) {
	if r.stopped {
		return
	}
	t := &event.Table{Source: event.Config, Names: names, Values: make([]string, len(names))}
	for i := 0; i+1 < len(pairs); i += 2 {
		for k, n := range names {
			if n == pairs[i] {
				t.Values[k] = pairs[i+1]
			}
		}
	}
	r.stopped = !r.yield(&event.Event{Ref: ref, Data: t}, nil)
}

func (r *reader) run() error {
	for n := 0; !r.stopped; n++ {
		if n%1000 == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		tok, err := r.dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if len(r.path) >= maxDepth {
				return fmt.Errorf("more than %d elements inside each other", maxDepth)
			}
			attrs := map[string]string{}
			for _, a := range tok.Attr {
				if len(attrs) < 64 {
					attrs[strings.ToLower(a.Name.Local)] = clip(a.Value)
				}
			}
			r.path = append(r.path, strings.ToLower(tok.Name.Local))
			r.attrs = append(r.attrs, attrs)
			r.open(attrs)
		case xml.EndElement:
			r.close()
			if len(r.path) > 0 {
				r.path, r.attrs = r.path[:len(r.path)-1], r.attrs[:len(r.attrs)-1]
			}
		}
	}
	return nil
}

// clip cuts an attribute at a whole character.
func clip(s string) string {
	if len(s) <= maxText {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:maxText], "")
}

// up returns the element n levels up, "" above the top.
func (r *reader) up(n int) string {
	if i := len(r.path) - 1 - n; i >= 0 {
		return r.path[i]
	}
	return ""
}

// of returns an attribute of the innermost element of that name around here.
func (r *reader) of(element, attr string) string {
	for i := len(r.path) - 1; i >= 0; i-- {
		if r.path[i] == element {
			return r.attrs[i][attr]
		}
	}
	return ""
}

func (r *reader) in(element string) bool {
	for _, p := range r.path {
		if p == element {
			return true
		}
	}
	return false
}
