package builtin_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"limier/publish/html"
)

// TestReportFits opens the report of the example at the width of a small
// phone, and of paper: the page must not be wider. With LIMIER_SHOTS=DIR it leaves pictures
// there, light, dark and as printed.
func TestReportFits(t *testing.T) {
	var browser string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	shots := os.Getenv("LIMIER_SHOTS")
	if browser == "" || testing.Short() && shots == "" {
		t.Skip("no Chromium here, or -short")
	}
	c := example(t)
	var page []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(page) }))
	defer server.Close()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel := chromedp.NewContext(alloc)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	run := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	media := func(name, scheme string) {
		t.Helper()
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: name, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
			t.Fatal(err)
		}
	}
	save := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(shots, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, lang := range html.Languages() {
		var b bytes.Buffer
		if err := html.Write(&b, c, html.Options{Lang: lang}); err != nil {
			t.Fatal(err)
		}
		page = b.Bytes()
		run(chromedp.EmulateViewport(320, 812), chromedp.Navigate(server.URL))
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[string](tooWide))
		if err != nil || wide != "" {
			t.Errorf("%s: wider than the window: %s, %v", lang, wide, err)
		}
		media("print", "light")
		run(chromedp.EmulateViewport(680, 990)) // A4 within its margins; what is wider shrinks every page
		wide, err = chromedp.Run(ctx, chromedp.Evaluate[string](tooWide))
		if err != nil || wide != "" {
			t.Errorf("%s: wider than paper: %s, %v", lang, wide, err)
		}
		media("", "light")
		if shots == "" {
			continue
		}
		for _, scheme := range []string{"light", "dark"} {
			media("", scheme)
			for _, width := range []int64{320, 1280} {
				run(chromedp.EmulateViewport(width, 900))
				png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				save(fmt.Sprintf("report-%s-%s-%d.png", lang, scheme, width), png)
			}
		}
		pdf, err := chromedp.Run(ctx, chromedp.PrintToPDF())
		if err != nil {
			t.Fatal(err)
		}
		save("report-"+lang+".pdf", pdf)
	}
}

// tooWide names the innermost of what makes the page wider than the window.
const tooWide = `(() => { const root = document.documentElement, wide = () => root.scrollWidth > root.clientWidth
	if (!wide()) return ""
	let at = document.body
	for (let more = true; more; ) {
		more = false
		for (const e of at.children) {
			const was = e.style.display
			e.style.display = "none"
			if (!wide()) { at = e; more = true }
			e.style.display = was
			if (more) break
		}
	}
	return root.scrollWidth + ": " + at.outerHTML.slice(0, 300) })()`
