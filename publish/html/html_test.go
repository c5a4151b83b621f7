package html_test

import (
	"bytes"
	"context"
	"fmt"
	stdhtml "html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/publish/html"
	"limier/wire"
)

// attacks are texts that would run, or break the page, if they got out of
// their place. Each would leave the word OWNED in an attribute of the page.
var attacks = []string{
	`<script>document.documentElement.dataset.x='OWNED'</script>`,
	`"><img src=x onerror="document.documentElement.dataset.x='OWNED'">`,
	`'><svg onload=document.documentElement.dataset.x='OWNED'>`,
	`</title></style></svg></pre></textarea><script>document.documentElement.dataset.x='OWNED'</script>`,
	`]]></desc><foreignObject><body xmlns="http://www.w3.org/1999/xhtml" onload="document.documentElement.dataset.x='OWNED'"/>`,
	`javascript:document.documentElement.dataset.x='OWNED'`,
	`{{.Case}}<base href="javascript:1//">`,
	"\u202eevil\u0000\x1b[31m\xff",
}

// hostile is a case with the attacks in every field that holds text.
func hostile() *casefile.Case {
	at := time.Date(2021, 3, 3, 4, 0, 0, 0, time.UTC)
	c := &casefile.Case{Complete: true}
	all := strings.Join(attacks, " ")
	c.Start = wire.Start{Format: all, Version: all, Source: all, Host: all, Acquired: at}
	c.End = wire.End{Verdict: wire.Compromised, Confidence: finding.HighConfidence, Reason: all, Coverage: []wire.Coverage{{Source: all, Files: 1, Events: 2, First: at, Last: at.Add(time.Hour)}}}
	c.Gaps = []wire.Gap{{Ref: evidence.Ref{Path: all}, Reason: all}}
	c.Exposures = []wire.Exposure{{Product: all, Build: all, Updated: all, Notes: attacks, CVEs: []wire.CVEState{{ID: all, State: wire.Vulnerable, Exploited: all}}}}
	for i, a := range attacks {
		c.End.Next = append(c.End.Next, wire.NextStep{Text: a, Source: a})
		for k, phase := range []finding.Phase{finding.Exploitation, finding.Backdoor, finding.Aftermath, finding.Phase(a)} {
			ref := evidence.Ref{Path: a, Line: i + 1}
			address := "198.51.100.1" + a
			f := finding.Finding{ID: a + string(phase), Rule: a, Title: a, Reason: a, Phase: phase, Outcome: finding.Outcome(a), Level: finding.High, Confidence: finding.Confidence(a), Start: at, End: at.Add(time.Duration(k) * time.Minute),
				Techniques: []string{"T1190", a}, CVEs: []string{a}, References: []string{a, "https://example.org/" + a}, Count: 3,
				Entities: []finding.Entity{{Type: finding.Address, Value: address, Role: a}, {Type: finding.Address, Value: "198.51.100.1", Role: a}, {Type: finding.UserAgent, Value: a}, {Type: finding.FilePath, Value: "/owa/" + strings.ToLower(a), Role: "shell"}, {Type: finding.Hash, Value: a, Role: "shell"}, {Type: finding.Domain, Value: a}},
				Steps: []finding.Step{
					{Time: at, Rule: a, Text: a, Outcome: finding.Succeeded, Ref: ref, Raw: "2021-03-03 04:00:00 POST /owa/" + a + " - 198.51.100.1 " + a},
					{Time: at.Add(time.Second), Text: a, Outcome: finding.Succeeded, Ref: evidence.Ref{Path: "u_ex" + a, Line: i + 2}, Raw: "2021-03-03 04:00:01 POST /owa/" + strings.ToLower(a) + " - 198.51.100.1 " + a},
					{Time: at.Add(time.Second), Text: a, Ref: evidence.Ref{Path: a + ".evtx", Record: 7}, Raw: "Provider_Name=x EventID=1 ProcessId=7 Image=" + a + ` CommandLine=cmd /c C:\x` + a + `.zip ParentProcessId=9 ParentImage=C:\w3wp.exe`},
				}}
			if phase == finding.Aftermath {
				f.Techniques = []string{"T1136.001", "T1070.001"}
				f.Entities = append(f.Entities, finding.Entity{Type: finding.Account, Value: a})
			}
			c.Findings = append(c.Findings, f)
		}
	}
	return c
}

func render(t *testing.T, c *casefile.Case, lang string) string {
	t.Helper()
	var b bytes.Buffer
	if err := html.Write(&b, c, html.Options{Lang: lang}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	tagName   = regexp.MustCompile(`<([a-zA-Z][a-zA-Z0-9:]*)`)
	handler   = regexp.MustCompile(`<[^>]*\son[a-z]+\s*=`)
	badScheme = regexp.MustCompile(`(?:href|src)="(?:javascript|data|vbscript):`)
)

// allowed are the elements of the page; what is not here came from evidence.
var allowed = strings.Fields(`html head meta title style body a header p span b div nav ol ul li main section h1 h2 h3 h4 dl dt dd article
	small code details summary figure figcaption table thead tbody tr th td pre footer strong
	svg desc rect text line circle path defs pattern`)

func TestHostileTextStaysText(t *testing.T) {
	for _, lang := range html.Languages() {
		page := render(t, hostile(), lang)
		for _, m := range tagName.FindAllStringSubmatch(page, -1) {
			if !slices.Contains(allowed, m[1]) {
				t.Errorf("%s: element <%s> came from the evidence", lang, m[1])
			}
		}
		for _, bad := range []*regexp.Regexp{handler, badScheme} {
			if m := bad.FindString(page); m != "" {
				t.Errorf("%s: %q", lang, m)
			}
		}
		if i := strings.IndexAny(page, "\u202e\x00\x1b"); i >= 0 || !utf8.ValidString(page) {
			t.Errorf("%s: text that hides or reorders its neighbours got through: %q", lang, page[max(0, i-200):max(0, i+20)])
		}
		if strings.Count(page, "<title>") < 1 || !strings.Contains(page, `Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:`) {
			t.Errorf("%s: no content security policy", lang)
		}
	}
}

// TestChromium opens the page in a browser and looks for traces of a script
// that ran. A page that does run one shows that the test would see it.
func TestChromium(t *testing.T) {
	var browser string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("no Chromium here")
	}
	dom := func(page string) string {
		dir := t.TempDir()
		file := filepath.Join(dir, "report.html")
		if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir="+filepath.Join(dir, "profile"), "--dump-dom", "file://"+filepath.ToSlash(file)).Output()
		if err != nil {
			t.Skipf("Chromium does not start here: %v", err)
		}
		return string(out)
	}
	ran := regexp.MustCompile(`<html[^>]*data-x="OWNED"`)
	if control := dom("<!DOCTYPE html><html><body>" + attacks[0] + "</body></html>"); !ran.MatchString(control) {
		t.Fatalf("the control page ran no script, so this test proves nothing: %.200s", control)
	}
	got := dom(render(t, hostile(), "en"))
	if ran.MatchString(got) {
		t.Error("a script from the evidence ran")
	}
	if !strings.Contains(got, "OWNED") || !strings.Contains(got, `id="appendix"`) {
		t.Error("the page was not shown whole")
	}
}

func TestSameBytesTwice(t *testing.T) {
	for _, p := range []func() string{func() string { return render(t, hostile(), "en") }, func() string { return render(t, hostile(), "fr") }} {
		first := p()
		for range 5 {
			if p() != first {
				t.Fatal("the same case gave other bytes")
			}
		}
	}
}

// TestEmptyCases: nothing found, nothing read, cut short.
func TestEmptyCases(t *testing.T) {
	for _, v := range []wire.Verdict{wire.Compromised, wire.Attacked, wire.Exposed, wire.NoSign, wire.NotEnough} {
		for _, complete := range []bool{true, false} {
			c := &casefile.Case{Complete: complete, End: wire.End{Verdict: v, Confidence: finding.LowConfidence}}
			for _, lang := range html.Languages() {
				page := render(t, c, lang)
				if n := strings.Count(page, `class="say"`); complete && (n < 2 || n > 3) {
					t.Errorf("%s in %s: %d sentences", v, lang, n)
				}
			}
		}
	}
	if err := html.Write(&bytes.Buffer{}, &casefile.Case{}, html.Options{Lang: "tlh"}); err == nil {
		t.Error("an unknown language was accepted")
	}
}

var keys = []*regexp.Regexp{
	regexp.MustCompile(`\bT "([^"]+)"`),
	regexp.MustCompile(`\bN [^"{}]*? "([^"]+)" "([^"]+)"`),
	regexp.MustCompile(`\b(?:w\.t|say|add)\("([^"<]+)"`),
	regexp.MustCompile(`w\.n\([^"]*"([^"]+)", "([^"]+)"\)`),
}

// TestCatalogue finds texts of ours that have no French.
func TestCatalogue(t *testing.T) {
	catalogue, err := os.ReadFile("french.go")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("*.go")
	found := 0
	templates, err := filepath.Glob("page/*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, templates...) {
		if name == "french.go" || name == "known.go" || name == "svg.go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, re := range keys {
			for _, m := range re.FindAllStringSubmatch(string(text), -1) {
				for _, key := range m[1:] {
					found++
					if !strings.Contains(string(catalogue), `"`+key+`":`) {
						t.Errorf("%s: no French for %q", name, key)
					}
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d texts found: the test reads the files wrongly", found)
	}
}

// TestFrenchText: what the catalogue knows is said in French, with what comes
// from the evidence as it is; the rest is marked as English.
func TestFrenchText(t *testing.T) {
	c := &casefile.Case{Complete: true, End: wire.End{Verdict: wire.Attacked, Confidence: finding.LowConfidence}}
	c.Findings = []finding.Finding{{ID: "1", Title: "Web shell used: a.aspx", Reason: "It was commanded. Something nobody translated.", Phase: finding.Backdoor, Level: finding.High,
		Steps: []finding.Step{{Text: "Autodiscover asked for a mailbox: POST /ecp/y.js answered 241"}, {Text: "Control panel ran Get-OabVirtualDirectory with Identity"}}}}
	page := render(t, c, "fr")
	for _, want := range []string{
		"Web shell utilisé\u00a0: a.aspx", `Il a été commandé. <span lang="en">Something nobody translated.</span>`,
		"Boîte demandée à Autodiscover\u00a0: POST /ecp/y.js\u00a0: réponse 241", "Le panneau de contrôle a exécuté Get-OabVirtualDirectory avec Identity",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("not in the report: %s", want)
		}
	}
}

// TestHugeCase: a report stays one that a browser opens.
func TestHugeCase(t *testing.T) {
	c := &casefile.Case{Complete: true, End: wire.End{Verdict: wire.Compromised, Confidence: finding.HighConfidence}}
	at := time.Date(2021, 3, 3, 4, 0, 0, 0, time.UTC)
	for i := range 3000 {
		address := fmt.Sprintf("198.51.%d.%d", i/250, i%250)
		c.Findings = append(c.Findings, finding.Finding{ID: fmt.Sprint(i), Title: "Web shell used: x.aspx", Phase: finding.Backdoor, Outcome: finding.Succeeded, Level: finding.High, Start: at, End: at.Add(time.Hour),
			Entities: []finding.Entity{{Type: finding.Address, Value: address, Role: "attacker"}, {Type: finding.FilePath, Value: fmt.Sprintf("/owa/x%d.aspx", i%200), Role: "shell"}},
			Steps:    []finding.Step{{Time: at.Add(time.Duration(i) * time.Second), Outcome: finding.Succeeded, Ref: evidence.Ref{Path: "u_ex.log", Line: i + 1}, Text: "POST answered 200", Raw: fmt.Sprintf("2021-03-03 04:00:00 10.0.0.1 POST /owa/x%d.aspx - 443 - %s Mozilla/5.0 - 200 0 0 1", i%200, address)}}})
	}
	if n := len(render(t, c, "en")); n > 1<<20 {
		t.Errorf("%d bytes", n)
	}
}

// The reason of a verdict is translated title by title; any other sentence
// with a time in it is left whole.
func TestFrenchReason(t *testing.T) {
	for text, want := range map[string]string{
		"Web shell on disk: a.aspx (2021-03-03 04:21 UTC); Security log cleared (2021-03-03 04:25 UTC); and 3 more.": "Web shell sur le disque\u00a0: a.aspx (2021-03-03 04:21 UTC)\u00a0; Journal de sécurité effacé (2021-03-03 04:25 UTC)\u00a0; et 3 de plus.",
		"symbolic link: not followed (and 3 more alike)":                                                             "lien symbolique\u00a0: non suivi (et 3 de plus)",
		"file of no known kind, larger than 67108864 bytes: not read":                                                "fichier de genre inconnu, de plus de 67108864 octets\u00a0: non lu",
		"Hostile script: The file is a GIF with a page inside. The page makes a ProcessBuilder.":                     "Script hostile\u00a0: Le fichier est un GIF avec une page à l&#39;intérieur. La page crée un objet ProcessBuilder.",
		"Nobody translated this (2021-03-03 04:21 UTC).":                                                             `<span lang="en">Nobody translated this</span> (2021-03-03 04:21 UTC).`,
		"It began then (2021-03-03 04:21 UTC) and ended later.":                                                      `<span lang="en">It began then (2021-03-03 04:21 UTC) and ended later.</span>`,
	} {
		if got := string(html.Say("fr", text)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestVerdictsInFrench: the reason of each verdict is French, with what it lists.
func TestVerdictsInFrench(t *testing.T) {
	for english, want := range map[string]string{
		"Nothing in 10,141,000 access log lines (2026-06-01 to 2026-06-09), 1 Windows event (2026-06-01 to 2026-06-09) and 1 web file shows a breach. It says nothing about times outside that.":                                                                                        "Aucune intrusion ne se voit dans ce qui a été lu\u00a0: 10\u202f141\u202f000 lignes de journal d'accès (du 2026-06-01 au 2026-06-09), 1 événement Windows (du 2026-06-01 au 2026-06-09) et 1 fichier web. Cela ne dit rien des autres périodes.",
		"The build is open to 13 known vulnerabilities (CVE-2024-26198, CVE-2024-49040, …), and no sign was found that somebody used that. It says nothing about times outside that, nor about what was not there: IIS logs, Exchange's own logs, Windows event logs, the web folders.": "Sa version est exposée à 13 vulnérabilités connues (CVE-2024-26198, CVE-2024-49040, …), et aucun signe n'a été trouvé que quelqu'un s'en soit servi. Cela ne dit rien des autres périodes, ni de ce qui manquait\u00a0: journaux d'IIS, journaux d'Exchange, journaux d'événements Windows, dossiers web.",
		"The evidence holds no events and no web files. That is too little to say whether the server was breached. Its build is open to 47 known vulnerabilities.":                                                                                                                      "Les pièces ne contiennent ni événement ni fichier web. C'est trop peu pour dire si le serveur a été compromis. Vulnérabilités connues auxquelles sa version est exposée\u00a0: 47.",
		"ProxyLogon probed (2021-03-08 02:57 UTC). Nothing in the evidence shows that it worked. But Windows event logs, the web folders could not be read, and there success might show. The server was scanned from outside, as every server on the Internet is.":                     "ProxyLogon sondé (2021-03-08 02:57 UTC). Rien dans les pièces ne montre que cela ait réussi. Mais un succès pourrait se voir là où rien n'a pu être lu\u00a0: journaux d'événements Windows, dossiers web. Le serveur a été balayé de l'extérieur, comme tout serveur sur Internet.",
	} {
		got := stdhtml.UnescapeString(string(html.Say("fr", english)))
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
