package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	cdppage "github.com/chromedp/cdproto/page" // the browser's, not a page of ours
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"limier/store"
)

// TestChromium uses the console as a person with a keyboard does. With
// LIMIER_SHOTS=DIR it leaves a picture of each page there; with LIMIER_AXE=FILE,
// the script of axe-core (https://www.npmjs.com/package/axe-core), it has each
// page judged for who cannot see it.
func TestChromium(t *testing.T) {
	var browser string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" || testing.Short() && os.Getenv("LIMIER_SHOTS") == "" {
		t.Skip("no Chromium here, or -short")
	}
	e := newEstate(t, nil)
	e.account("root", store.Admin, "")
	published(t, e)

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()))
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel := chromedp.NewContext(alloc)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	var mu sync.Mutex
	var complaints []string
	complain := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, text)
	}
	// Starts the browser; what it says of a page comes here.
	if err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *log.EventEntryAdded:
			complain(ev.Entry.Text)
		case *cdppage.EventJavascriptDialogOpening:
			complain("a script of the evidence ran: " + ev.Message)
		}
	}); err != nil {
		t.Fatal(err)
	}
	run := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	// By keyboard alone: past the link to the content, the brand and the
	// language to the form.
	run("logging in", chromedp.EmulateViewport(1280, 900), chromedp.Navigate(e.url+"/login"),
		chromedp.KeyEvent(strings.Repeat(kb.Tab, 4)+"root"+kb.Tab+password+kb.Enter), chromedp.WaitVisible(`nav a[aria-current="page"]`))

	shot := func(name string) {
		dir := os.Getenv("LIMIER_SHOTS")
		if dir == "" {
			return
		}
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fits := func(path, lang string) {
		t.Helper()
		title, err := chromedp.Run(ctx, chromedp.Text("h1"))
		if err != nil || title == "" {
			t.Errorf("%s in %s has the title %q, %v", path, lang, title, err)
		}
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
		if err != nil || wide {
			t.Errorf("%s in %s is wider than the window: %v, %v", path, lang, wide, err)
		}
	}
	usable := func(path, lang string) {
		t.Helper()
		found, err := chromedp.Run(ctx, chromedp.Evaluate[string](unusable))
		if err != nil || found != "" {
			t.Errorf("%s in %s: %s, %v", path, lang, found, err)
		}
	}
	axe, err := os.ReadFile(os.Getenv("LIMIER_AXE"))
	if err != nil && os.Getenv("LIMIER_AXE") != "" {
		t.Fatal(err)
	}
	judge := func(path, lang string) {
		t.Helper()
		if len(axe) == 0 {
			return
		}
		found, err := chromedp.Run(ctx, chromedp.Evaluate[string](string(axe)+`;axe.run().then(r => r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 120)).join(" | ")).join("\n"))`, chromedp.EvalAwaitPromise))
		if err != nil || found != "" {
			t.Errorf("%s in %s: axe says %s, %v", path, lang, found, err)
		}
	}
	pages := []struct{ name, path string }{{"estate", "/"}, {"servers", "/servers"}, {"cve", "/servers?cve=CVE-2021-26855"}, {"server", fmt.Sprint("/servers/", e.mixed)}, {"search", "/search?q=203.0.113.45"}, {"files", "/search?q=shell&in=files"}, {"findings", "/search?q=web&in=findings"},
		{"campaigns", "/campaigns"}, {"notify", "/notify"}, {"knowledge", "/knowledge?q=hafnium"}, {"read", "/read"}, {"publication", "/publication"}, {"admin", "/admin"}, {"account", "/account"}, {"nothing", "/servers/999999"}}
	for _, lang := range []string{"en", "fr"} {
		if lang == "fr" {
			run("changing the language", chromedp.Navigate(e.url+"/"), chromedp.Click(`button[lang="fr"]`), chromedp.WaitVisible(`html[lang="fr"]`))
		}
		for _, p := range pages {
			run(p.path, chromedp.Navigate(e.url+p.path))
			fits(p.path, lang)
			usable(p.path, lang)
			judge(p.path, lang)
			hidden, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll(".scroll")].filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent.trim().slice(0, 80)).join("\n")`))
			if err != nil || hidden != "" {
				t.Errorf("%s in %s: part of a table is out of sight: %s, %v", p.path, lang, hidden, err)
			}
			pale, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll(".card")].filter(e => getComputedStyle(e).backgroundColor !== "rgb(255, 255, 255)").map(e => e.className).join("\n")`))
			if err != nil || pale != "" {
				t.Errorf("%s in %s: a card has lost its colour: %s, %v", p.path, lang, pale, err)
			}
			shot(p.name + "-" + lang)
		}
		run("phone", chromedp.EmulateViewport(320, 812))
		for _, p := range pages {
			run(p.path, chromedp.Navigate(e.url+p.path))
			fits(p.path, lang)
			usable(p.path, lang)
			if p.name == "server" {
				// What was found stands beside when, and nothing is revoked by one touch.
				seen, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(() => { const title = document.querySelector("tbody th").getBoundingClientRect(), button = document.querySelector("form[action$=revoke] button");
					return (title.left + title.right) / 2 > innerWidth ? "a finding's title is out of sight: " + title.left + " to " + title.right : button.checkVisibility() ? "a collector is revoked at one touch" : ""; })()`))
				if err != nil || seen != "" {
					t.Errorf("%s in %s: %s, %v", p.path, lang, seen, err)
				}
			}
			shot(p.name + "-phone-" + lang)
		}
		run("desk", chromedp.EmulateViewport(1280, 900))
	}
	mu.Lock()
	defer mu.Unlock()
	for _, text := range complaints {
		if !strings.Contains(text, "404") { // of the page that is not there
			t.Errorf("the browser complains: %s", text)
		}
	}
}

// published publishes claims and a case, to all and to partners, and withdraws one.
func published(t *testing.T, e *estate) {
	t.Helper()
	server, err := e.hub.Server(t.Context(), store.All(), e.mixed)
	if err != nil {
		t.Fatal(err)
	}
	v := e.as("root")
	send := func(path string, form url.Values) {
		t.Helper()
		if code, _ := v.post("/publication", path, form); code != http.StatusOK {
			t.Fatal(path, code)
		}
	}
	send("/publication/collections", url.Values{"title": {"Health sector"}, "tlp": {"amber"}, "readers": {"clinic\ntown\n@root"}})
	send("/publication/claims", url.Values{})
	all, err := e.hub.Collections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	send("/publication/indicators", url.Values{"case": {fmt.Sprint(server.Latest)}, "collection": {all[2].ID}})
	_, page := v.get("/publication?q=203.0.113.45")
	send("/publication/withdraw", url.Values{"item": {tick(t, page, "203.0.113.45")}, "reason": {"our own scanner"}})
}

// unusable lists what keeps people with a keyboard or a screen reader from a
// page: fields and buttons without a name, headings that leave out a level, a
// link to the content that leads nowhere, and text with less contrast than
// WCAG 2.2 wants (1.4.3: 4.5, large text 3).
const unusable = `(() => {
	const bad = [];
	const say = (what, e) => bad.push(what + ": " + e.outerHTML.slice(0, 120));
	for (const e of document.querySelectorAll("input:not([type=hidden]):not([hidden]), select, textarea"))
		if (!e.labels.length && !e.getAttribute("aria-label")) say("no label", e);
	for (const e of document.querySelectorAll("a[href], button, summary"))
		if (!(e.textContent.trim() || e.getAttribute("aria-label"))) say("no name", e);
	for (const e of document.querySelectorAll("svg[role=img]"))
		if (!e.getAttribute("aria-label") && !e.querySelector("title")) say("no text for the picture", e);
	let last = 0;
	for (const e of document.querySelectorAll("h1, h2, h3, h4")) {
		const level = +e.tagName[1];
		if (level > last + 1) say("a level is left out", e);
		last = level;
	}
	if (document.querySelectorAll("h1").length !== 1) bad.push("not one h1");
	const first = document.querySelector("a[href], button, input:not([type=hidden])");
	if (!first.matches(".skip") || !document.querySelector(first.getAttribute("href"))) say("does not lead to the content", first);
	const colour = s => (s.match(/[\d.]+/g) || []).map(Number);
	const light = c => [.2126, .7152, .0722].reduce((sum, k, i) => { const v = c[i] / 255; return sum + k * (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); }, 0);
	for (const e of document.querySelectorAll("body *")) {
		if (e.closest("svg, .skip") || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !e.getClientRects().length) continue;
		let under = e, back = [0, 0, 0, 0];
		while (under && (back.length === 4 && back[3] === 0)) { back = colour(getComputedStyle(under).backgroundColor); under = under.parentElement; }
		if (back.length === 4) continue; // see-through: what is behind it decides
		const style = getComputedStyle(e), a = light(colour(style.color)), b = light(back), size = parseFloat(style.fontSize);
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		if (ratio < (size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5)) say("contrast " + ratio.toFixed(1), e);
	}
	return bad.join("\n");
})()`
