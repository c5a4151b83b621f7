package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"limier/console"
	"limier/fleet/hub"
	"limier/store"
)

func pages(h *hub.Hub) (http.Handler, error) {
	return console.New(console.Config{Store: h.Store(), Log: h.Log()})
}

// secret is the session of whoever looks at the pages.
const secret = "bench-session-secret"

// A look is somebody who opens one page after the other.
type look struct {
	hub   string
	store *store.Hub // tells what pages there are
	every time.Duration
	took  map[[2]string][]time.Duration // by page and phase
	wrong map[string]int
}

func newLook(h *process, st *store.Hub, rate float64) *look {
	return &look{hub: h.plain(), store: st, every: time.Duration(float64(time.Second) / max(rate, 0.1)), took: map[[2]string][]time.Duration{}, wrong: map[string]int{}}
}

func (l *look) prepare(ctx context.Context) error {
	now := time.Now()
	a := store.Account{Name: "bench", Role: store.Admin, Created: now}
	if err := l.store.AddAccount(ctx, store.All(), a); err != nil && !errors.Is(err, store.ErrTaken) {
		return err
	}
	return l.store.NewSession(ctx, secret, store.Session{Account: a, Created: now, Expires: now.Add(24 * time.Hour)})
}

// paths are the pages, by name; the ids are of what there is now.
func (l *look) paths(ctx context.Context) [][2]string {
	p := [][2]string{
		{"estate", "/"}, {"servers", "/servers"}, {"servers, compromised", "/servers?verdict=compromised"}, {"servers, one CVE", "/servers?cve=CVE-2020-20000"}, {"servers, a rare build", "/servers?build=15.0.2019.9"},
		{"servers, by name", "/servers?name=ex01"}, {"search findings", "/search?q=lsass"}, {"search an address", "/search?q=203.0.113.7"}, {"search a file", "/search?q=vendor7"}, {"campaigns", "/campaigns"}, {"notify", "/notify"}, {"admin", "/admin"},
	}
	if s, _, err := l.store.Servers(ctx, store.All(), store.Filter{}, store.Page{Limit: 1}); err == nil && len(s) > 0 && s[0].Latest != 0 {
		p = append(p, [2]string{"server", fmt.Sprint("/servers/", s[0].ID)}, [2]string{"case", fmt.Sprint("/cases/", s[0].Latest)})
		if f, err := l.store.FilesOf(ctx, store.All(), s[0].ID, 1000); err == nil && len(f) > 0 { // the last is the commonest
			p = append(p, [2]string{"file and prevalence", fmt.Sprint("/files/", f[len(f)-1].ID)})
		}
	}
	if c, _, err := l.store.Campaigns(ctx, store.All(), "", store.Page{Limit: 1}); err == nil && len(c) > 0 {
		p = append(p, [2]string{"campaign", fmt.Sprint("/campaigns/", c[0].ID)})
	}
	return p
}

func (l *look) run(ctx context.Context, phase string) {
	tick := time.NewTicker(l.every)
	defer tick.Stop()
	for ctx.Err() == nil {
		for _, p := range l.paths(ctx) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			begin := time.Now()
			if err := l.get(context.WithoutCancel(ctx), p[1]); err != nil { // a page that was asked for is waited for
				l.wrong[fmt.Sprint(p[0], ": ", err)]++
				continue
			}
			k := [2]string{p[0], phase}
			l.took[k] = append(l.took[k], time.Since(begin))
		}
	}
}

// get asks for a page and reads it to its end.
func (l *look) get(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.hub+path, nil)
	if err != nil {
		return err
	}
	r.AddCookie(&http.Cookie{Name: "limier-session", Value: secret})
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != r.URL.Path {
		return fmt.Errorf("%s at %s", resp.Status, resp.Request.URL.Path)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || !bytes.HasSuffix(bytes.TrimSpace(body), []byte("</html>")) {
		return fmt.Errorf("cut off after %d bytes: %w", len(body), err)
	}
	return nil
}

func (l *look) report(w io.Writer) {
	phases := []string{"ingesting", "at rest"}
	all := map[string][]time.Duration{}
	var names []string
	for k, list := range l.took {
		all[k[1]] = append(all[k[1]], list...)
		if !slices.Contains(names, k[0]) {
			names = append(names, k[0])
		}
	}
	slices.Sort(names)
	fmt.Fprintf(w, "%-22s %30s %30s\n", "page, ms", "ingesting: n p50 p99 worst", "at rest: n p50 p99 worst")
	line := func(name string, of func(phase string) []time.Duration) {
		fmt.Fprintf(w, "%-22s", name)
		for _, p := range phases {
			list := of(p)
			if len(list) == 0 {
				fmt.Fprintf(w, " %30s", "-")
				continue
			}
			slices.Sort(list)
			ms := func(q float64) float64 { return list[min(len(list)-1, int(q*float64(len(list))))].Seconds() * 1e3 }
			fmt.Fprintf(w, " %12d %5.0f %5.0f %5.0f", len(list), ms(0.5), ms(0.99), ms(1))
		}
		fmt.Fprintln(w)
	}
	for _, n := range names {
		line(n, func(p string) []time.Duration { return l.took[[2]string{n, p}] })
	}
	line("all", func(p string) []time.Duration { return all[p] })
	for what, n := range l.wrong {
		fmt.Fprintf(w, "page %s, %d times\n", what, n)
	}
}
