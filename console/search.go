package console

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"

	"limier/finding"
	"limier/publish"
	"limier/publish/html"
	"limier/store"
)

// What a search looks through.
func searchKinds() []string { return []string{"indicators", "files", "findings"} }

type searchData struct {
	Query, In  string
	Kinds      []string
	Indicators []store.Indicator
	Files      []store.File
	Findings   []store.FindingKind
}

func (d searchData) Found() int { return len(d.Indicators) + len(d.Files) + len(d.Findings) }

func (c *Console) search(v *visit) error {
	q := v.r.URL.Query()
	d := searchData{Query: strings.TrimSpace(cut(q.Get("q"))), In: q.Get("in"), Kinds: searchKinds()}
	if d.In == "" {
		d.In = d.Kinds[0]
	}
	next, err := c.find(v, &d)
	if err != nil {
		return err
	}
	return c.show(v, http.StatusOK, "search", page{Title: v.t("Search"), Data: d, Next: following(v.r, next)})
}

func (c *Console) find(v *visit, d *searchData) (next string, err error) {
	if d.Query == "" {
		return "", nil
	}
	switch d.In {
	case "indicators":
		d.Indicators, next, err = c.Store.SearchIndicators(v.ctx(), v.scope, d.Query, part(v.r))
	case "files":
		d.Files, next, err = c.Store.SearchFiles(v.ctx(), v.scope, d.Query, part(v.r))
	case "findings":
		d.Findings, next, err = c.Store.SearchFindings(v.ctx(), v.scope, append([]string{d.Query}, html.Titles(v.lang, d.Query)...), "", part(v.r))
	default:
		return "", v.fail(http.StatusBadRequest, nil, "There is nothing of that kind to search in.")
	}
	return next, err
}

type fileData struct {
	File    store.File
	Builds  []store.Prevalence
	Sighted []store.Sighted
}

// file is the prevalence of one file: on how many servers of which build.
func (c *Console) file(v *visit) error {
	id, err := number(v.r)
	if err != nil {
		return err
	}
	var d fileData
	if d.File, err = c.Store.File(v.ctx(), id); err != nil {
		return err
	}
	var next string
	if d.Sighted, next, err = c.Store.FileServers(v.ctx(), v.scope, id, part(v.r)); err != nil {
		return err
	}
	if len(d.Sighted) == 0 {
		return store.ErrNotFound // on no server that this account sees
	}
	if d.Builds, err = c.Store.Prevalence(v.ctx(), id); err != nil {
		return err
	}
	return c.show(v, http.StatusOK, "file", page{Title: v.t("Prevalence"), Data: d, Next: following(v.r, next)})
}

type findingData struct {
	Kind    store.FindingKind
	Sighted []store.Sighted
}

// findingServers lists the servers with one kind of finding.
func (c *Console) findingServers(v *visit) error {
	id, err := number(v.r)
	if err != nil {
		return err
	}
	d := findingData{}
	var next string
	if d.Sighted, next, err = c.Store.FindingServers(v.ctx(), v.scope, id, part(v.r)); err != nil {
		return err
	}
	if len(d.Sighted) == 0 {
		return store.ErrNotFound
	}
	if d.Kind, err = c.Store.FindingKind(v.ctx(), id); err != nil {
		return err
	}
	return c.show(v, http.StatusOK, "sighted", page{Title: v.t("Servers with this finding"), Data: d, Next: following(v.r, next)})
}

type campaignsData struct {
	By    string
	Kinds []string
	Rows  []store.Indicator
}

// tieKinds are the types of what ties servers together.
func tieKinds() []string {
	return []string{string(finding.Address), string(finding.FilePath), string(finding.Hash), store.ShellParameter, store.TechniqueSet}
}

func (c *Console) campaigns(v *visit) error {
	d := campaignsData{By: cut(v.r.URL.Query().Get("by")), Kinds: tieKinds()}
	var next string
	var err error
	if d.Rows, next, err = c.Store.Campaigns(v.ctx(), v.scope, d.By, part(v.r)); err != nil {
		return err
	}
	return c.show(v, http.StatusOK, "campaigns", page{Title: v.t("Campaigns"), Data: d, Next: following(v.r, next)})
}

type campaignData struct {
	store.Campaign
	Sighted []store.Sighted
}

// campaign is one indicator: the servers it ties together, and what else they
// share.
func (c *Console) campaign(v *visit) error {
	id, err := number(v.r)
	if err != nil {
		return err
	}
	var d campaignData
	if d.Campaign, err = c.Store.Campaign(v.ctx(), v.scope, id); err != nil {
		return err
	}
	var next string
	if d.Sighted, next, err = c.Store.IndicatorServers(v.ctx(), v.scope, id, part(v.r)); err != nil {
		return err
	}
	return c.show(v, http.StatusOK, "campaign", page{Title: v.t("Campaign"), Data: d, Next: following(v.r, next)})
}

type notifyData struct {
	All  bool
	Rows []store.Organisation
}

func (c *Console) notify(v *visit) error {
	d := notifyData{All: v.r.URL.Query().Get("all") == "yes"}
	var next string
	var err error
	if d.Rows, next, err = c.Store.Organisations(v.ctx(), v.scope, !d.All, part(v.r)); err != nil {
		return err
	}
	return c.show(v, http.StatusOK, "notify", page{Title: v.t("To notify"), Data: d, Next: following(v.r, next)})
}

// notifyCSV is the list of whom to notify, for a mail merge.
func (c *Console) notifyCSV(v *visit) error {
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="notify.csv"`)
	if err := c.note(v, "exported the list of whom to notify", "", ""); err != nil {
		return err
	}
	_, _ = v.w.Write([]byte("\uFEFF")) // without it Excel takes UTF-8 for Windows-1252, and a ministère is none
	w := csv.NewWriter(v.w)
	row := func(fields ...string) {
		for i := range fields {
			fields[i] = publish.Cell(fields[i])
		}
		_ = w.Write(fields) // Error tells
	}
	row("organisation", "name", "country", "contact", "compromised", "attacked", "exposed", "servers")
	for after := ""; ; {
		rows, next, err := c.Store.Organisations(v.ctx(), v.scope, true, store.Page{After: after, Limit: 1000})
		if err != nil {
			c.Log.Error("the list of whom to notify was cut short", "error", err)
			panic(http.ErrAbortHandler) // the header is out: end the answer so that it is seen to be cut
		}
		for _, o := range rows {
			row(o.ID, o.Name, o.Country, o.Contact, fmt.Sprint(o.Compromised), fmt.Sprint(o.Attacked), fmt.Sprint(o.Exposed), fmt.Sprint(o.Servers))
		}
		w.Flush()
		if next == "" || w.Error() != nil {
			return nil
		}
		after = next
	}
}

// notified notes that an organisation was told.
func (c *Console) notified(v *visit) error {
	id := v.r.PostForm.Get("organisation")
	if err := c.Store.Notified(v.ctx(), v.scope, id, v.account.Name, c.Now()); err != nil {
		return err
	}
	if err := c.note(v, "notified organisation", id, ""); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, "/notify", http.StatusSeeOther)
	return nil
}
