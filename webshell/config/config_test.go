package config

import (
	"flag"
	"runtime"
	"strings"
	"testing"

	"limier/webshell"
	"limier/webshell/asp"
	"limier/webshell/aspnet"
	"limier/webshell/jsp"
	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, New(asp.Language, aspnet.Language, jsp.Language))
}

func FuzzAnalyse(f *testing.F) {
	webshelltest.Fuzz(f, "testdata", New(asp.Language, aspnet.Language, jsp.Language))
}

// What runs first does not hide behind what sets it to nothing.
func TestExhausted(t *testing.T) {
	decoys := strings.Repeat("auto_prepend_file = none\n", 1000)
	webshelltest.Exhausted(t, New(), ".user.ini", webshell.Malicious, map[string]string{"decoys": decoys + "auto_prepend_file = a.jpg\n"})
	const rewrite = "RewriteCond %{HTTP_REFERER} google\nRewriteRule .* http://evil.test/\n"
	webshelltest.Exhausted(t, New(), ".htaccess", webshell.Malicious, map[string]string{
		"rules":  strings.Repeat("RewriteRule ^a$ /b\nRewriteBase /\n", 30_000) + rewrite,
		"errors": strings.Repeat("ErrorDocument 404 /a\n", 9_000) + rewrite,
	})
	webshelltest.Exhausted(t, New(), ".htaccess", webshell.Suspicious, map[string]string{
		"line":       "RewriteCond %{HTTP_REFERER} google" + strings.Repeat("|a", maxLine) + "\nRewriteRule .* http://evil.test/\n",
		"conditions": strings.Repeat("RewriteCond %{REQUEST_URI} a\n", 30_000) + "RewriteRule a b\n" + rewrite,
	})
	const handler = `<add path="*.jpg" type="PageHandlerFactory"/>`
	webshelltest.Exhausted(t, New(), "web.config", webshell.Suspicious, map[string]string{
		"long": "<configuration>" + strings.Repeat("\n", maxConfig) + handler,
		"adds": "<configuration>" + strings.Repeat("<add name='a'/>", maxAdds) + handler,
	})
	for name, page := range map[string]string{".htaccess": strings.Repeat("RewriteRule ^a$ /b\n", 30_000), "web.config": "<configuration>" + handler[:4] + strings.Repeat("\n", maxConfig)} {
		if r := New().Analyse(name, []byte(page)); len(r) > 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestPathological(t *testing.T) {
	webshelltest.Pathological(t, New(asp.Language, aspnet.Language, jsp.Language), "web.config", `<configuration><add path="*.jpg" type="PageHandlerFactory"/><% x = `, "", 10<<20,
		"<add ", "<rule ", "<!--", "(", "<%", "<rule></rule>", "a=\"", "<Files a>")
}

// What is long or many in one place is not read again for each of many others.
func TestBounds(t *testing.T) {
	handler := func(path, kind string) string {
		return `<configuration>` + strings.Repeat("\n", 1<<20) + `<add path="` + path + `" type="` + kind + `"/>`
	}
	webshelltest.Bounded(t, New(), "web.config", map[string]string{
		"paths":   handler(strings.Repeat("*.jpg,", 150_000), "PageHandlerFactory"),
		"handler": `<configuration><add path="` + strings.Repeat("*.jpg,", 150_000) + `" type="` + strings.Repeat("A", 1<<20) + `"/>`,
	})
	const rewrite = "RewriteCond %{HTTP_USER_AGENT} google\nRewriteRule a http://a.test/\n"
	webshelltest.Bounded(t, New(), ".htaccess", map[string]string{
		"hosts": strings.Repeat("RewriteCond %{HTTP_HOST} "+strings.Repeat("a", 8000)+"\n", 1200) + rewrite,
		"rules": strings.Repeat("#\n", 4<<20) + strings.Repeat(rewrite, 5000),
	})
}

// No more is kept of a file than is told of it, and what weighs more is.
func TestKept(t *testing.T) {
	page := strings.Repeat(`<add image="c:\temp\a.dll"/>`, 1000) + `<add path="*.jpg" type="PageHandlerFactory"/>`
	f := &file{name: "web.config", data: []byte(page), told: map[grade]int{}}
	if f.iis(); len(f.out) != maxTold+1 || f.out[maxTold].Rule != "runs-no-code" {
		t.Errorf("%d reasons, the last %+v", len(f.out), f.out[len(f.out)-1])
	}
}

// A long precondition is not read again for each rule that names it.
func TestLongCondition(t *testing.T) {
	page := []byte(`<configuration><rewrite>` + strings.Repeat(`<rule preCondition="x"></rule>`, 500) +
		`<preCondition name="x"><add input="{HTTP_REFERER}"` + strings.Repeat(" ", 200_000) + `</preCondition></rewrite></configuration>`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	New().Analyse("web.config", page)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 20<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}
