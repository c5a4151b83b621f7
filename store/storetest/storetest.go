// Package storetest is the conformance suite of the hub's store: each engine
// runs it on a database of its own.
package storetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"limier/casefile"
	"limier/evidence"
	"limier/finding"
	"limier/store"
	"limier/wire"
)

// now is when all tests begin.
var now = time.Date(2021, 3, 10, 12, 0, 0, 0, time.UTC)

// Run runs the suite. open gives an empty database each time.
func Run(t *testing.T, open func(t *testing.T) *store.Hub) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *store.Hub)
	}{
		{"Ingest", testIngest}, {"Replace", testReplace}, {"BuildName", testBuildName}, {"Order", testOrder}, {"Servers", testServers}, {"Search", testSearch}, {"Recent", testRecent}, {"Scope", testScope}, {"Notify", testNotify},
		{"Tokens", testTokens}, {"Accounts", testAccounts}, {"Trail", testTrail}, {"Expire", testExpire}, {"Counts", testCounts}, {"Many", testMany}, {"Publish", testPublish}, {"Collections", testCollections}, {"Items", testItems}, {"Withdrawal", testWithdrawal}, {"Pages", testPages},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// Case makes a case: n decides what differs from others, hostile whether there
// was an intrusion.
func Case(n int, hostile bool) *casefile.Case {
	at := time.Date(2021, 3, 1+n%9, 4, n%60, 0, 0, time.UTC)
	c := &casefile.Case{
		Start: wire.Start{Format: wire.Format, Version: "test", Source: "live", Host: fmt.Sprintf("EX%04d", n), Acquired: now.Add(-time.Hour), Rules: 3},
		Exposures: []wire.Exposure{{Product: "Exchange Server 2019", Build: fmt.Sprintf("15.2.792.%d", n%3), Name: "Exchange Server 2019 CU8", Proof: []evidence.Ref{{Path: "setup.log", Line: 4}},
			CVEs: []wire.CVEState{{ID: "CVE-2021-26855", State: wire.Vulnerable, Exploited: "2021-11-03"}, {ID: "CVE-2024-21410", State: wire.Depends}, {ID: "CVE-2020-0688", State: wire.Fixed}}}},
		End:      wire.End{Verdict: wire.Exposed, Confidence: finding.HighConfidence, Reason: "open to it", Coverage: []wire.Coverage{{Source: "IIS", Files: 1, Events: 9, First: at, Last: at}}},
		Complete: true,
	}
	file := func(path, text string) {
		sum := sha256.Sum256([]byte(text))
		c.Evidence = append(c.Evidence, wire.Evidence{Path: path, Size: int64(len(text)), SHA256: fmt.Sprintf("%x", sum)})
	}
	file("C/inetpub/wwwroot/logo.aspx", "a vendor's page")
	file("C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log", fmt.Sprint("log ", n))
	if !hostile {
		return c
	}
	file("C/inetpub/wwwroot/aspnet_client/supp0rt.aspx", fmt.Sprint("shell ", n%2))
	shell := c.Evidence[2]
	c.Findings = []finding.Finding{
		{ID: "a", Rule: "proxylogon", Title: "ProxyLogon: a 100% new shell_was written", Phase: finding.Exploitation, Outcome: finding.Succeeded, Level: finding.Critical, Confidence: finding.HighConfidence, Start: at, End: at.Add(time.Hour),
			Techniques: []string{"T1190"}, Count: 3, Entities: []finding.Entity{{Type: finding.Address, Value: fmt.Sprintf("203.0.113.%d", n%2), Role: "attacker"}},
			Steps: []finding.Step{{Time: at, Text: "'); DROP TABLE server;--", Ref: evidence.Ref{Path: `..\..\x`, Line: 7}, Raw: "raw \x1b[31m"}}},
		{ID: "b", Rule: "webshell", Title: "Web shell on disk", Phase: finding.Backdoor, Outcome: finding.Succeeded, Level: finding.Critical, Start: at, End: at, Techniques: []string{"T1505.003"}, Count: 1,
			Entities: []finding.Entity{{Type: finding.FilePath, Value: "/aspnet_client/supp0rt.aspx", Role: "shell"}, {Type: finding.Hash, Value: shell.SHA256, Role: "shell"}},
			Steps:    []finding.Step{{Text: "shell", Ref: evidence.Ref{Path: shell.Path}, Raw: `sink: (Request["example"],"unsafe")`}}},
		{ID: "c", Rule: "scanning", Title: "Scanner", Phase: finding.Scanning, Level: finding.Low, Start: at.AddDate(0, 0, -9), End: at, Count: 1,
			Entities: []finding.Entity{{Type: finding.Address, Value: "2001:DB8::1", Role: "scanner"}}, Steps: []finding.Step{{Text: "scan"}}},
	}
	c.End.Verdict, c.End.Reason = wire.Compromised, "a shell"
	c.End.Counts.Findings = len(c.Findings)
	return c
}

// Submission makes a submission of a case.
func Submission(t testing.TB, server int64, c *casefile.Case, received time.Time) store.Submission {
	t.Helper()
	stream := Stream(t, c)
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return store.Submission{Server: server, Received: received, Evidence: sha256.Sum256(append([]byte("evidence"), stream...)), Hash: sha256.Sum256(stream), Body: enc.EncodeAll(stream, nil), Summary: store.Summarize(c)}
}

// Stream writes a case as the stream it was read from.
func Stream(t testing.TB, c *casefile.Case) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	put := func(m wire.Message) {
		if err := enc.Encode(m); err != nil {
			t.Fatal(err)
		}
	}
	put(wire.Message{Start: &c.Start})
	for i := range c.Exposures {
		put(wire.Message{Exposure: &c.Exposures[i]})
	}
	for i := range c.Findings {
		put(wire.Message{Finding: &c.Findings[i]})
	}
	for i := range c.Evidence {
		put(wire.Message{Evidence: &c.Evidence[i]})
	}
	for i := range c.Gaps {
		put(wire.Message{Gap: &c.Gaps[i]})
	}
	if c.Complete {
		put(wire.Message{End: &c.End})
	}
	return b.Bytes()
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func enrol(t *testing.T, h *store.Hub, org, name string) int64 {
	t.Helper()
	return must(h.Enrol(t.Context(), org, name, "key "+name, now))(t)
}

func ingest(t *testing.T, h *store.Hub, batch ...store.Submission) []store.Outcome {
	t.Helper()
	return must(h.Ingest(t.Context(), batch))(t)
}
