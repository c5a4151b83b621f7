package console

import (
	"context"
	"fmt"
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

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()))
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel := chromedp.NewContext(alloc)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
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
	pages := []struct{ name, path string }{{"estate", "/"}, {"servers", "/servers"}, {"server", fmt.Sprint("/servers/", e.mixed)}, {"search", "/search?q=203.0.113.45"}, {"files", "/search?q=shell&in=files"}, {"findings", "/search?q=web&in=findings"},
		{"campaigns", "/campaigns"}, {"notify", "/notify"}, {"knowledge", "/knowledge?q=hafnium"}, {"read", "/read"}, {"publication", "/publication"}, {"admin", "/admin"}, {"account", "/account"}, {"nothing", "/servers/999999"}}
	for _, lang := range []string{"en", "fr"} {
		if lang == "fr" {
			run("changing the language", chromedp.Navigate(e.url+"/"), chromedp.Click(`button[lang="fr"]`), chromedp.WaitVisible(`html[lang="fr"]`))
		}
		for _, p := range pages {
			run(p.path, chromedp.Navigate(e.url+p.path))
			fits(p.path, lang)
			judge(p.path, lang)
			shot(p.name + "-" + lang)
		}
		run("phone", chromedp.EmulateViewport(390, 844))
		for _, p := range pages[:3] {
			run(p.path, chromedp.Navigate(e.url+p.path))
			fits(p.path, lang)
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
