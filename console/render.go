package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"limier/finding"
	"limier/publish"
	"limier/publish/html"
	"limier/store"
	"limier/wire"
)

// A page is what every template is given.
type page struct {
	Title            string
	Path             string
	Version          string
	Account          *store.Account // nil before log-in
	OrganisationName string         // that the account is bound to; "" for all
	Everything       bool           // the account sees all organisations
	CanAnalyse       bool
	CanPublish       bool
	CanAdmin         bool
	CSRF             string
	Nav              []navItem
	Languages        []languageItem
	Error, Done      string
	Next             string // URL of the next part of a list; "" if this is the last
	Data             any
}

type navItem struct {
	Name, Path string
	Current    bool
	role       store.Role
}

type languageItem struct {
	Tag, Name string
	Current   bool
}

// nav is the menu, in order, with the least role that sees each entry.
func nav() []navItem {
	return []navItem{
		{Name: "Estate", Path: "/", role: store.Viewer},
		{Name: "Servers", Path: "/servers", role: store.Viewer},
		{Name: "Search", Path: "/search", role: store.Viewer},
		{Name: "Campaigns", Path: "/campaigns", role: store.Viewer},
		{Name: "To notify", Path: "/notify", role: store.Analyst},
		{Name: "Knowledge", Path: "/knowledge", role: store.Viewer},
		{Name: "Read a report", Path: "/read", role: store.Analyst},
		{Name: "Publication", Path: "/publication", role: store.Publisher},
		{Name: "Administration", Path: "/admin", role: store.Admin},
	}
}

// parse reads the templates once for each language.
func (c *Console) parse() error {
	names, err := fs.Glob(files, "pages/*.tmpl")
	if err != nil {
		return err
	}
	c.pages = map[string]map[string]*template.Template{}
	for lang, w := range c.words {
		base, err := template.New("layout.tmpl").Funcs(c.funcs(w)).ParseFS(files, "pages/layout.tmpl")
		if err != nil {
			return err
		}
		c.pages[lang] = map[string]*template.Template{}
		for _, name := range names {
			own, err := base.Clone()
			if err != nil {
				return err
			}
			if own, err = own.ParseFS(files, name); err != nil {
				return err
			}
			c.pages[lang][strings.TrimSuffix(path.Base(name), ".tmpl")] = own
		}
	}
	return nil
}

func (c *Console) funcs(w *words) template.FuncMap {
	return template.FuncMap{
		"T": w.t, "N": w.n, "num": w.number, "lang": func() string { return w.lang },
		"stylesheet": func() string { return c.cssPath },
		"plain":      func(v any) string { return publish.Plain(fmt.Sprint(v)) },
		"when":       when, "day": day, "hue": hue, "levelHue": levelHue,
		"recorded": func(s string) string { return publish.Plain(w.recorded(s)) },
		"relation": w.relation, "line": w.line, "tlp": tlpName,
		"say":     func(s string) template.HTML { return html.Say(w.lang, s) },
		"join":    func(list []string) string { return publish.Plain(strings.Join(list, ", ")) },
		"hash":    func(s string) string { return short(publish.Plain(s), 17) },
		"percent": func(part, whole any) string { return percent(w, part, whole) },
		"meter": func(part, whole any) template.HTML {
			share := min(100, 100*float64(toInt(part))/float64(max(1, toInt(whole))))
			return template.HTML(fmt.Sprintf(`<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="%s"><rect width="%.2f" height="6" class="bar"/></svg>`,
				template.HTMLEscapeString(percent(w, part, whole)), share))
		},
	}
}

// percent is a share, with one digit where it is small.
func percent(w *words, part, whole any) string {
	p, all := toInt(part), toInt(whole)
	if all <= 0 {
		return "–"
	}
	share := 100 * float64(p) / float64(all)
	s := fmt.Sprintf("%.0f", share)
	switch {
	case p > 0 && share < 0.1:
		s = "< 0.1"
	case p < all && share > 99.9:
		s = "> 99.9"
	case share < 10 || p < all && share > 99:
		s = fmt.Sprintf("%.1f", share)
	}
	if w.lang == "fr" {
		return strings.ReplaceAll(s, ".", ",") + "\u00a0%"
	}
	return s + " %"
}

// hue is the colour of a verdict.
func hue(v any) string {
	switch wire.Verdict(fmt.Sprint(v)) {
	case wire.Compromised:
		return "bad"
	case wire.Attacked, wire.Exposed:
		return "warn"
	case wire.NoSign:
		return "good"
	}
	return ""
}

func levelHue(l finding.Level) string {
	switch l {
	case finding.Critical, finding.High:
		return "bad"
	case finding.Medium:
		return "warn"
	}
	return ""
}

// show writes a page; what fails while it is made is told instead of half of it.
func (c *Console) show(v *visit, status int, name string, p page) error {
	p.Path, p.Version, p.CSRF = v.r.URL.RequestURI(), c.Version, v.csrf()
	if v.account != nil {
		p.Account = v.account
		p.Everything = v.scope.Whole()
		p.OrganisationName = v.account.Organisation
		rank := v.account.Role.Rank()
		p.CanAnalyse, p.CanPublish, p.CanAdmin = rank >= store.Analyst.Rank(), rank >= store.Publisher.Rank(), rank >= store.Admin.Rank()
		for _, item := range nav() {
			if rank >= item.role.Rank() {
				item.Current = item.Path == v.r.URL.Path || item.Path != "/" && strings.HasPrefix(v.r.URL.Path, item.Path+"/")
				p.Nav = append(p.Nav, item)
			}
		}
	}
	for _, l := range []languageItem{{Tag: "en", Name: "English"}, {Tag: "fr", Name: "Français"}} {
		l.Current = l.Tag == v.lang
		p.Languages = append(p.Languages, l)
	}
	var out bytes.Buffer
	if err := c.pages[v.lang][name].ExecuteTemplate(&out, "layout.tmpl", p); err != nil {
		return fmt.Errorf("making the page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, err := v.w.Write(out.Bytes())
	if err != nil {
		return nil // the visitor went away
	}
	return nil
}

// tell shows an error in plain words; what is not meant for people is logged
// only.
func (c *Console) tell(v *visit, err error) {
	f := &failure{status: http.StatusInternalServerError, err: err, say: v.t("Something went wrong here. The hub's log says what; try again, or tell the administrator the time.")}
	var said *failure
	switch {
	case errors.As(err, &said):
		f = said
	case errors.Is(err, store.ErrNotFound):
		f = &failure{http.StatusNotFound, err, v.t("There is no such thing here, or your account does not show it.")}
	case errors.Is(err, store.ErrScope):
		f = &failure{http.StatusForbidden, err, v.t("Only for those who see all organisations.")}
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		f = &failure{http.StatusRequestEntityTooLarge, err, v.t("That is too large: %d MiB at most.", large.Limit>>20)}
	}
	if f.status >= 500 && v.ctx().Err() == nil { // else whoever asked went away
		c.Log.Error("request failed", "path", v.r.URL.Path, "error", f.err)
	}
	if v.program() {
		body, _ := json.Marshal(map[string]string{"error": f.say}) // text always marshals
		v.w.Header().Set("Content-Type", "application/json")
		v.w.WriteHeader(f.status)
		_, _ = v.w.Write(append(body, '\n'))
		return
	}
	title := map[int]string{http.StatusNotFound: "Not found", http.StatusForbidden: "Not allowed", http.StatusTooManyRequests: "Too many tries", http.StatusBadRequest: "Not understood"}[f.status]
	if title == "" {
		title = "That did not work"
	}
	if err := c.show(v, f.status, "error", page{Title: v.t(title), Data: map[string]string{"Say": f.say}}); err != nil {
		c.Log.Error("showing an error failed", "error", err)
	}
}
