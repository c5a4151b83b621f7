// Package html writes a case as one HTML file for people: a manager, a
// lawyer, a responder. The file holds no script and loads nothing, so that it
// can be opened, mailed and printed anywhere; its pictures are SVG drawn here.
package html

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"limier/casefile"
	"limier/knowledge"
	"limier/publish"
	"limier/wire"
)

// English and French are the same report in two languages.
var (
	English = publisher("html", "the report as one HTML file without scripts", "en")
	French  = publisher("html-fr", "the report in French", "fr")
)

func publisher(name, doc, lang string) *publish.Publisher {
	return &publish.Publisher{
		Name: name, Doc: doc, Extension: ".html", MediaType: "text/html; charset=utf-8",
		Write: func(_ context.Context, w io.Writer, c *casefile.Case) error {
			return Write(w, c, Options{Lang: lang})
		},
	}
}

// Options say how to write. The zero value is in English.
type Options struct {
	Lang string // "en" or "fr"; "" means "en"
	Home string // where the name at the top leads to; "" means nowhere

	// Knowledge is what the case is compared with, and whose claims are listed;
	// nil means what ships.
	Knowledge *knowledge.Base
}

// Languages are the languages that a report can be in.
func Languages() []string { return []string{"en", "fr"} }

//go:embed page
var pages embed.FS

// A section of the page: page/ID.tmpl defines it, and page/report.tmpl says
// where it stands.
type section struct {
	ID    string
	Title string // in the contents, short
}

var sections = []section{
	{"verdict", "Verdict"}, {"happened", "What happened"}, {"unseen", "Blind spots"}, {"next", "Next steps"},
	{"compared", "Resemblance"}, {"block", "Indicators"}, {"addresses", "Addresses"}, {"proof", "Proof"}, {"appendix", "Appendix"},
}

//go:embed report.css
var style string

// Write writes the report. The same case and options give the same
// bytes.
func Write(w io.Writer, c *casefile.Case, o Options) error {
	words := &words{lang: o.Lang}
	switch o.Lang {
	case "", "en":
		words.lang = "en"
	case "fr":
	default:
		return fmt.Errorf("no report in the language %q: there are en and fr", o.Lang)
	}
	t, err := template.New("report").Funcs(template.FuncMap{
		"T": words.t, "N": words.n, "plain": publish.Plain,
		"iso": iso, "day": words.day, "when": words.when, "span": words.span,
		"num": func(n any) string { return words.number(toInt(n)) }, "hue": hue,
		"open": open, "add": func(a, b int) int { return a + b }, "class": class, "https": https, "refs": refs, "title": words.title, "prose": words.prose, "verb": words.verb,
		"sentence": words.sentence, "hypothesis": words.hypothesis, "percent": words.percent,
		"style": func() template.CSS { return template.CSS(style) },
	}).ParseFS(pages, "page/*.tmpl")
	if err != nil {
		return err
	}
	r := newReport(c, words)
	r.Home = o.Home
	if o.Knowledge == nil {
		if o.Knowledge, err = knowledge.Builtin(); err != nil {
			return err
		}
	}
	if err := r.compare(words, o.Knowledge); err != nil {
		return err
	}
	var out bytes.Buffer // a report that fails half way must not look like one
	if err := t.ExecuteTemplate(&out, "report.tmpl", r); err != nil {
		return err
	}
	if len(words.missing) > 0 {
		return fmt.Errorf("no words in %s for %q", words.lang, words.missing)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// open lists what a build is open to, the exploited first.
func open(e wire.Exposure) []wire.CVEState {
	var list []wire.CVEState
	for _, s := range e.CVEs {
		if s.State == wire.Vulnerable {
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b wire.CVEState) int {
		known := func(s wire.CVEState) int {
			if s.Exploited == "" {
				return 1
			}
			return 0
		}
		return known(a) - known(b)
	})
	return list
}

// https reports whether a link of a case may be followed: a case from
// elsewhere may hold others.
func https(link string) bool { return strings.HasPrefix(link, "https://") }

func refs(links []string) []string {
	return slices.DeleteFunc(slices.Clone(links), func(l string) bool { return !https(l) })
}

// class is a word of a fixed list as a class; a case from elsewhere may hold
// any word.
func class(v any) string {
	s := fmt.Sprint(v)
	if !slices.Contains([]string{"succeeded", "attempted", "informational", "low", "medium", "high", "critical"}, s) {
		return ""
	}
	return s
}
