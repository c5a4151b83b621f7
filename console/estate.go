package console

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"limier/casefile"
	"limier/enrich"
	"limier/finding"
	"limier/publish"
	"limier/publish/html"
	"limier/store"
	"limier/wire"
)

type estateData struct {
	store.Overview
	Picture            template.HTML
	Outside            int64 // servers of days that the picture does not show
	AllCVEs, AllBuilds int   // of which the first are listed
}

func (c *Console) estate(v *visit) error {
	o, err := c.Store.Overview(v.ctx(), v.scope)
	if err != nil {
		return err
	}
	points, outside := days(o.Curve, c.Now())
	d := estateData{Overview: o, Outside: outside, AllCVEs: len(o.CVEs), AllBuilds: len(o.Builds),
		Picture: curve("curve", v.t("Servers by the day of their first hostile act"), v.words, points)}
	// Of those that as many servers are open to, the exploited come first.
	slices.SortStableFunc(d.CVEs, func(a, b store.CVE) int {
		return cmp.Or(cmp.Compare(b.Vulnerable, a.Vulnerable), cmp.Compare(b.Exploited, a.Exploited))
	})
	d.CVEs, d.Builds = d.CVEs[:min(len(d.CVEs), 15)], d.Builds[:min(len(d.Builds), 15)]
	return c.show(v, http.StatusOK, "estate", page{Title: v.t("Estate"), Data: d})
}

// days fills in the days without any, and takes the last year that there is, up
// to tomorrow: one clock that is ahead by years would hide the outbreak. Outside
// are the servers of other days.
func days(curve []store.Day, now time.Time) (all []point, outside int64) {
	n := map[time.Time]int64{}
	var first, last time.Time
	for _, d := range slices.Backward(curve) {
		t, err := time.Parse(time.DateOnly, d.Day)
		if err != nil || t.After(now.AddDate(0, 0, 1)) || !last.IsZero() && !t.After(last.AddDate(-1, 0, 0)) {
			outside += int64(d.Compromised + d.Attacked)
			continue
		}
		if last.IsZero() {
			last = t
		}
		first, n[t] = t, int64(d.Compromised+d.Attacked)
	}
	if last.IsZero() {
		return nil, outside
	}
	for t := first; !t.After(last); t = t.AddDate(0, 0, 1) {
		all = append(all, point{t.Format(time.DateOnly), n[t]})
	}
	return all, outside
}

type serversData struct {
	Filter   store.Filter
	Verdicts []wire.Verdict
	Servers  []store.Server
	Builds   []store.CVEBuild // that are open to the filter's CVE
}

func (c *Console) servers(v *visit) error {
	f, err := v.filter()
	if err != nil {
		return err
	}
	d := serversData{Filter: f, Verdicts: store.Verdicts()}
	var next string
	if d.Servers, next, err = c.Store.Servers(v.ctx(), v.scope, d.Filter, part(v.r)); err != nil {
		return err
	}
	if d.Filter.CVE != "" {
		if d.Builds, err = c.Store.CVEBuilds(v.ctx(), v.scope, d.Filter.CVE); err != nil {
			return err
		}
	}
	return c.show(v, http.StatusOK, "servers", page{Title: v.t("Servers"), Data: d, Next: following(v.r, next)})
}

// filter is which servers the visit asks for.
func (v *visit) filter() (store.Filter, error) {
	q := v.r.URL.Query()
	get := func(name string) string { return strings.TrimSpace(cut(q.Get(name))) }
	f := store.Filter{Name: get("name"), Organisation: get("organisation"), Verdict: wire.Verdict(get("verdict")), Build: get("build"), CVE: strings.ToUpper(get("cve"))}
	if f.Verdict != "" && !slices.Contains(store.Verdicts(), f.Verdict) {
		return f, v.fail(http.StatusBadRequest, nil, "There is no such verdict.")
	}
	return f, nil
}

// cut bounds what a query asks for, between two characters.
func cut(s string) string { return strings.ToValidUTF8(s[:min(len(s), 300)], "") }

// part is the part of a list that a request asks for.
func part(r *http.Request) store.Page { return store.Page{After: r.URL.Query().Get("after")} }

// following is the URL of the part that comes next.
func following(r *http.Request, next string) string {
	if next == "" {
		return ""
	}
	q := r.URL.Query()
	q.Set("after", next)
	return r.URL.Path + "?" + q.Encode()
}

// number reads the number in the path.
func number(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, store.ErrNotFound
	}
	return n, nil
}

type serverData struct {
	Server   store.Server
	Missed   store.Missed
	Cases    []store.CaseInfo
	Files    []store.File
	Requests []store.FileRequest
	Findings []finding.Finding
	Next     []wire.NextStep
	Formats  []*publish.Publisher
}

func (c *Console) server(v *visit) error {
	id, err := number(v.r)
	if err != nil {
		return err
	}
	var d serverData
	if d.Server, err = c.Store.Server(v.ctx(), v.scope, id); err != nil {
		return err
	}
	if d.Missed, err = c.Store.Missed(v.ctx(), v.scope, id); err != nil {
		return err
	}
	if d.Cases, err = c.Store.Cases(v.ctx(), v.scope, id); err != nil {
		return err
	}
	if d.Files, err = c.Store.FilesOf(v.ctx(), v.scope, id, 50); err != nil {
		return err
	}
	if d.Requests, err = c.Store.FileRequests(v.ctx(), v.scope, id, ""); err != nil {
		return err
	}
	if d.Server.Latest != 0 {
		_, newest, err := c.Store.Case(v.ctx(), v.scope, d.Server.Latest)
		if err != nil {
			return err
		}
		d.Findings, d.Next = newest.Findings[:min(len(newest.Findings), 200)], newest.End.Next
	}
	d.Formats = c.Publishers
	return c.show(v, http.StatusOK, "server", page{Title: d.Server.Name, Data: d})
}

// report is a case as the page that `limier report` writes.
func (c *Console) report(v *visit) error {
	id, err := number(v.r)
	if err != nil {
		return err
	}
	info, body, err := c.Store.CaseBody(v.ctx(), v.scope, id)
	if err != nil {
		return err
	}
	page, err := c.reports.get(reportKey{info.Hash, v.lang}, func() ([]byte, error) {
		got, err := store.Decode(body)
		if err != nil {
			return nil, fmt.Errorf("case %d: %w", id, err)
		}
		tables, err := enrich.Builtin()
		if err != nil {
			return nil, err
		}
		defer tables.Close()
		got.Enrich(tables)
		var out bytes.Buffer
		err = html.Write(&out, got, html.Options{Lang: v.lang, Home: "/"})
		return out.Bytes(), err
	})
	if err != nil {
		return err
	}
	h := v.w.Header()
	// The report carries its own style sheet, and nothing else.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-top-navigation-by-user-activation")
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = v.w.Write(page)
	return nil
}

// export is a case in one of the formats of `limier export`.
func (c *Console) export(v *visit) error {
	for _, p := range c.Publishers {
		if p.Name != v.r.PathValue("format") {
			continue
		}
		got, err := c.theCase(v)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := p.Write(v.ctx(), &out, got); err != nil {
			return err
		}
		if err := c.note(v, "exported case", v.r.PathValue("id"), p.Name); err != nil {
			return err
		}
		v.w.Header().Set("Content-Type", p.MediaType)
		v.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="case-%s-%s%s"`, v.r.PathValue("id"), p.Name, p.Extension))
		_, _ = v.w.Write(out.Bytes())
		return nil
	}
	return store.ErrNotFound
}

func (c *Console) theCase(v *visit) (*casefile.Case, error) {
	id, err := number(v.r)
	if err != nil {
		return nil, err
	}
	_, got, err := c.Store.Case(v.ctx(), v.scope, id)
	return got, err
}

// ask asks a server for a file that its newest case names.
func (c *Console) ask(v *visit) error {
	id, err := number(v.r)
	if err != nil {
		return err
	}
	s, err := c.Store.Server(v.ctx(), v.scope, id)
	if err != nil {
		return err
	}
	if !s.AllowFiles {
		return v.fail(http.StatusForbidden, nil, "The administrator of this server does not let the hub ask for files.")
	}
	path, sum := v.r.PostForm.Get("path"), v.r.PostForm.Get("sha256")
	files, err := c.Store.FilesOf(v.ctx(), v.scope, id, 1000)
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.Path != path || f.SHA256 != sum {
			continue
		}
		if _, err := c.Store.AskFile(v.ctx(), v.scope, store.FileRequest{Server: id, Case: s.Latest, Path: path, SHA256: sum, Asked: c.Now(), AskedBy: v.account.Name}); err != nil {
			return err
		}
		if err := c.note(v, "asked for file", fmt.Sprint("server ", id), path+" "+sum); err != nil {
			return err
		}
		http.Redirect(v.w, v.r, fmt.Sprint("/servers/", id, "#files"), http.StatusSeeOther)
		return nil
	}
	return store.ErrNotFound
}

// deleteFile deletes a file that a server sent.
func (c *Console) deleteFile(v *visit) error {
	server, err := number(v.r)
	if err != nil {
		return err
	}
	request, err := strconv.ParseInt(v.r.PostForm.Get("request"), 10, 64)
	if err != nil {
		return store.ErrNotFound
	}
	if c.DeleteFile == nil {
		return v.fail(http.StatusNotImplemented, nil, "This hub keeps no files.")
	}
	switch err := c.DeleteFile(v.ctx(), v.scope, server, request); {
	case errors.Is(err, fs.ErrNotExist):
		return v.fail(http.StatusNotFound, err, "The file does not lie in the folder of this hub: it was moved, or another hub of the cluster took it.")
	case err != nil:
		return err
	}
	if err := c.note(v, "deleted file", fmt.Sprint("server ", server), fmt.Sprintf("files/%d.zst", request)); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, fmt.Sprint("/servers/", server, "#files"), http.StatusSeeOther)
	return nil
}

// revoke keeps a collector from submitting again.
func (c *Console) revoke(v *visit) error {
	id, err := number(v.r)
	if err != nil {
		return err
	}
	if err := c.Store.Revoke(v.ctx(), v.scope, id, c.Now()); err != nil {
		return err
	}
	if err := c.note(v, "revoked server", fmt.Sprint("server ", id), ""); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, fmt.Sprint("/servers/", id), http.StatusSeeOther)
	return nil
}
