package builtin_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/builtin"
	"limier/detect"
	"limier/event"
	"limier/evidence"
	"limier/finding"
	"limier/sighting"
	"limier/sigma"
)

// words are values that an attacker may put anywhere in a log.
var words = []string{
	"", "-", "200", "241", "500", "99999999999999999999", "POST", "GET", "/owa/auth/x.aspx", "/ecp/y.js", "/", "//..//", "%", "%zz",
	"ServerInfo~a]@h:444/ecp/DDI/DDIService.svc/SetObject?schema=ResetOABVirtualDirectory#", "a=x@y/powershell/?X-Rps-CAT=VgEAVAdX", "X-Rps-CAT=TP8=",
	"X-Rps-CAT=%%%", "198.51.100.7", "198.51.100.7,10.0.0.1", " , ", "::1%3", "CORP\\EX01$", "S:EX=", "S:CMD=", "S:CMD=Set-OabVirtualDirectory.ExternalUrl='http://<script'",
	"\x00", "\xff\xfe", "é", "1", "6", "444", "C:\\inetpub\\wwwroot\\a.aspx", "inetpub/wwwroot/aspnet_client/a.aspx", "\\\\localhost\\c$\\a.aspx",
}

var fields = []string{
	"c-ip", "cs-method", "cs-uri-stem", "cs-uri-query", "sc-status", "s-port", "cs-username", "cs(User-Agent)", "ClientIpAddress", "UrlStem", "UrlQuery",
	"HttpStatus", "Method", "AnchorMailbox", "UserAgent", "EventData", "EventID", "CommandLine", "TargetFilename", "Image", "Hashes", "Data", "ExecutionResult",
}

// Whatever stands in the evidence, detectors neither panic nor change the pass,
// give the same answer twice, and their findings are complete.
func TestDetectorsOnNonsense(t *testing.T) {
	c, _ := builtin.Rules()
	engine, _ := sigma.Compile(c, sigma.Config{})
	rules := engine.Rules()
	for _, name := range []string{"webshell-file", "malicious-file", "hostile-to-visitors", "unknown-script", "config-odd", "user-rule"} {
		rules = append(rules, &sighting.Rule{Name: name, Title: name, Level: finding.High})
	}
	correlations := engine.Correlations()
	sources := []event.Logsource{event.IIS, event.HTTPProxy, event.RPSHTTP, event.RPSCmdlet, event.ECPServer, event.File, event.Windows("Security", "4720"), event.Windows("MSExchange Management", "1")}
	total := map[string]int{}
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		word := func() string {
			text := words[rnd.IntN(len(words))]
			if rnd.IntN(20) == 0 {
				text = strings.Repeat(text, 300)
			}
			return text
		}
		pass := &detect.Pass{Host: word()}
		at := time.Date(2021, 3, 3, 4, 0, 0, 0, time.UTC)
		for i := range rnd.IntN(60) {
			table := &event.Table{Source: sources[rnd.IntN(len(sources))]}
			for _, f := range fields {
				if rnd.IntN(3) > 0 {
					table.Names, table.Values = append(table.Names, f), append(table.Values, word())
				}
			}
			at = at.Add(time.Duration(rnd.IntN(600)) * time.Second)
			e := &event.Event{Time: at, Host: word(), Ref: evidence.Ref{Path: "log", Line: i + 1}, Data: table}
			if rnd.IntN(10) == 0 {
				e.Time = time.Time{}
			}
			pass.Sightings = append(pass.Sightings, sighting.Sighting{Rule: rules[rnd.IntN(len(rules))], Event: e, Note: word(), Count: rnd.IntN(3), Last: e.Time})
		}
		for range rnd.IntN(3) {
			pass.Correlated = append(pass.Correlated, detect.Correlated{Rule: correlations[rnd.IntN(len(correlations))], Sightings: pass.Sightings})
		}
		for range rnd.IntN(3) {
			pass.Scripts = append(pass.Scripts, detect.Script{Path: strings.ToLower(word()), Requests: rnd.IntN(9), Answered: rnd.IntN(3), Clients: map[string]int{word(): 1}})
			pass.Files = append(pass.Files, word())
		}
		before := fmt.Sprintf("%+v", pass.Sightings)
		for _, d := range builtin.Detectors() {
			found := d.Run(pass)
			total[d.Name] += len(found)
			for _, f := range found {
				check(t, f)
			}
			if diff := cmp.Diff(found, d.Run(pass)); diff != "" {
				t.Fatalf("seed %d: %s gives another answer the second time: %s", seed, d.Name, diff)
			}
		}
		if fmt.Sprintf("%+v", pass.Sightings) != before {
			t.Fatalf("seed %d: a detector changed the pass", seed)
		}
	}
	for _, d := range builtin.Detectors() {
		if total[d.Name] == 0 {
			t.Errorf("%s never found anything: the nonsense does not reach it", d.Name)
		}
	}
}

// Hundreds of clients that are refused are a few findings, not hundreds.
func TestCrowd(t *testing.T) {
	rule := &sighting.Rule{Name: "proxynotshell-autodiscover", Title: "tried", Level: finding.High, Tags: []string{"limier.proxynotshell", "cve.2022-41040"}}
	pass := &detect.Pass{Host: "EX01"}
	for i := range 300 {
		at := time.Date(2022, 10, 1, 0, i, 0, 0, time.UTC)
		e := &event.Event{Time: at, Ref: evidence.Ref{Path: "log", Line: i + 1}, Data: &event.Table{
			Source: event.IIS, Names: []string{"c-ip", "cs-uri-stem", "sc-status"}, Values: []string{fmt.Sprintf("198.51.%d.%d", i/250, i%250), "/autodiscover/autodiscover.json", "401"},
		}}
		pass.Sightings = append(pass.Sightings, sighting.Sighting{Rule: rule, Event: e, Count: 1, Last: at})
	}
	for _, d := range builtin.Detectors() {
		if d.Name != "proxynotshell" {
			continue
		}
		found := d.Run(pass)
		if len(found) != 11 {
			t.Fatalf("got %d findings, want ten and one for the rest", len(found))
		}
		last := found[10]
		if want := "ProxyNotShell tried, by 290 more clients"; last.Title != want || last.Count != 290 || !last.End.Equal(pass.Sightings[299].Event.Time) {
			t.Errorf("got %q, %d events until %v", last.Title, last.Count, last.End)
		}
	}
}
