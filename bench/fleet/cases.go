package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/klauspost/compress/zstd"

	"limier/evidence"
	"limier/finding"
	"limier/wire"
)

// A world is what the made-up servers have in common: builds, vendors' files,
// attackers. The same seed makes the same world and the same cases.
type world struct {
	builds []wire.Exposure
	crews  []crew
	shared []wire.Evidence // files of vendors, the commonest first
	enc    *zstd.Encoder
}

// A crew is one intruder's habits.
type crew struct {
	addresses  []string
	shellName  string
	shellHash  string
	parameter  string
	techniques []string
}

func newWorld(seed uint64) (*world, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(seed, 0))
	w := &world{enc: enc}
	for i := range 130 { // as many builds as the known-good baseline has
		e := wire.Exposure{Product: "Exchange Server " + []string{"2013", "2016", "2019"}[i%3], Build: fmt.Sprintf("15.%d.%d.%d", i%3, 600+i*11, i%20), Updated: "2021-01-12", Proof: []evidence.Ref{{Path: "C/Program Files/Microsoft/Exchange Server/V15/Logging/HttpProxy/Eas/HttpProxy_2021030800-1.LOG", Line: 6, Offset: 1440}}}
		e.Name = e.Product + fmt.Sprintf(" CU%d", i/6)
		for n := range 45 {
			c := wire.CVEState{ID: fmt.Sprintf("CVE-20%d-%d", 20+n%5, 20000+n*137), State: wire.Vulnerable, FixedIn: fmt.Sprintf("15.%d.%d.%d", i%3, 600+i*11, n), Note: "no update mends this CU: install a newer one"}
			switch {
			case n > i%45:
				c.State = wire.Fixed
			case n%15 == 7:
				c.State = wire.Depends
			case n%4 == 0:
				c.Exploited = "2021-11-03"
			}
			e.CVEs = append(e.CVEs, c)
		}
		w.builds = append(w.builds, e)
	}
	techniques := []string{"T1190", "T1505.003", "T1059.003", "T1003.001", "T1018", "T1087.002", "T1560.001", "T1074.001", "T1482", "T1114.002", "T1486", "T1496"}
	for i := range 40 {
		c := crew{shellName: name(r) + ".aspx", shellHash: hash(r), parameter: name(r)}
		for range 2 + r.IntN(8) {
			c.addresses = append(c.addresses, fmt.Sprintf("203.0.113.%d", r.IntN(254)+1), fmt.Sprintf("2001:db8:%x::%x", i, r.IntN(65536)))
		}
		for _, t := range techniques {
			if r.IntN(2) == 0 {
				c.techniques = append(c.techniques, t)
			}
		}
		w.crews = append(w.crews, c)
	}
	for i := range 3000 {
		w.shared = append(w.shared, wire.Evidence{Path: fmt.Sprintf("C/inetpub/wwwroot/vendor%d/%s.aspx", i%90, name(r)), Size: int64(r.IntN(90000)), SHA256: hash(r)})
	}
	return w, nil
}

func name(r *rand.Rand) string {
	b := make([]byte, 6+r.IntN(5))
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[r.IntN(36)]
	}
	return string(b)
}

func hash(r *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	sum := sha256.Sum256(b[:])
	return hex.EncodeToString(sum[:])
}

// few is a number around n, seldom many times as much.
func few(r *rand.Rand, n int) int { return int(float64(n) * (0.3 + r.ExpFloat64()*0.7)) }

// write writes the case of server number n as a compressed stream.
func (w *world) write(seed uint64, n int, compromised bool, to []byte) ([]byte, int, error) {
	r := rand.New(rand.NewPCG(seed, uint64(n)+1))
	acquired := time.Date(2021, 3, 12, 3, 0, 0, 0, time.UTC)
	var plain buffer
	enc := json.NewEncoder(&plain)
	var err error
	put := func(m wire.Message) {
		if err == nil {
			err = enc.Encode(m)
		}
	}
	put(wire.Message{Start: &wire.Start{Format: wire.Format, Version: "bench", Source: "live", Host: fmt.Sprintf("EX%06d", n), Acquired: acquired, Rules: 142}})
	build := w.builds[int(float64(len(w.builds))*r.Float64()*r.Float64())]
	put(wire.Message{Exposure: &build})
	end := wire.End{Verdict: wire.Exposed, Confidence: finding.HighConfidence, Reason: "The build is open to vulnerabilities that are exploited; nothing shows that they were used here."}
	count := 0
	if compromised {
		end.Verdict, end.Reason = wire.Compromised, "Web shell on disk; ProxyLogon: a web shell was written through the control panel; and 3 more."
		count = w.intrusion(r, put)
	} else if r.IntN(3) == 0 {
		end.Verdict, end.Reason = wire.Attacked, "Attempts to exploit ProxyLogon; nothing shows that one worked."
		count = 1
		f := w.finding(r, &w.crews[r.IntN(len(w.crews))], 3)
		f.Rule, f.Title, f.Phase, f.Outcome, f.Level = "proxylogon", "ProxyLogon was tried", finding.Exploitation, finding.Attempted, finding.Medium
		put(wire.Message{Finding: &f})
	}
	for range 2 + r.IntN(7) { // unknown files: of vendors, and seldom a server's own
		e := w.shared[int(float64(len(w.shared))*r.Float64()*r.Float64()*r.Float64())]
		if r.IntN(20) == 0 {
			e = wire.Evidence{Path: "C/inetpub/wwwroot/own/" + name(r) + ".aspx", Size: 900, SHA256: hash(r)}
		}
		put(wire.Message{Evidence: &e})
	}
	put(wire.Message{Gap: &wire.Gap{Ref: evidence.Ref{Path: "C/Windows/System32/winevt/Logs/Security.evtx"}, Reason: "the log begins only on 2021-03-06", Count: 1}})
	for _, source := range []string{"ECP Server", "HttpProxy", "IIS", "IIS configuration", "Rps_Cmdlet", "Windows event log: security", "web files"} {
		end.Coverage = append(end.Coverage, wire.Coverage{Source: source, Files: r.IntN(600), Events: r.Int64N(1e7), Bytes: r.Int64N(1e10), First: acquired.AddDate(0, 0, -30), Last: acquired})
	}
	end.Next = []wire.NextStep{{Text: "Install the updates of March 2021 or later.", Source: "https://msrc.microsoft.com/update-guide"}}
	end.Counts.Findings, end.Counts.Gaps = count, 1
	put(wire.Message{End: &end})
	return w.enc.EncodeAll(plain, to), len(plain), err
}

// intrusion writes some 60 findings with some 400 steps.
func (w *world) intrusion(r *rand.Rand, put func(wire.Message)) (count int) {
	c := w.crews[int(float64(len(w.crews))*r.Float64()*r.Float64())]
	titles := []string{"ProxyLogon: a web shell was written through the control panel", "Web shell on disk: " + c.shellName, "Shells started by the web server", "Memory of LSASS was written to a file", "Mailboxes were exported", "Files were packed"}
	count = 20 + few(r, 40)
	for i := range count {
		f := w.finding(r, &c, 1+few(r, 2))
		f.Title = titles[i%len(titles)]
		if i%len(titles) == 1 {
			f.Rule, f.Phase = "webshell", finding.Backdoor
			sum, path := c.shellHash, "/aspnet_client/"+c.shellName
			if r.IntN(3) == 0 {
				sum = hash(r) // packed anew for this server
			}
			f.Entities = append(f.Entities, finding.Entity{Type: finding.FilePath, Value: path, Role: "shell"}, finding.Entity{Type: finding.Hash, Value: sum, Role: "shell"})
			f.Steps[0].Raw = `line 1 (source): <script runat="server">Page_Load(){(Request["` + c.parameter + `"],"unsafe")}`
		}
		put(wire.Message{Finding: &f})
	}
	for range 10 {
		put(wire.Message{Evidence: &wire.Evidence{Path: "C/inetpub/wwwroot/aspnet_client/" + name(r) + ".aspx", Size: 300, SHA256: hash(r)}})
	}
	return count
}

func (w *world) finding(r *rand.Rand, c *crew, steps int) finding.Finding {
	at := time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.ExpFloat64()*float64(72*time.Hour)) % (11 * 24 * time.Hour))
	f := finding.Finding{ID: hash(r)[:16], Rule: "aftermath", Title: "Shells started by the web server", Reason: "The worker process of the web server started a shell within seconds of requests to a web shell: most likely its commands.", Phase: finding.Aftermath, Outcome: finding.Succeeded,
		Level: finding.Critical, Confidence: finding.HighConfidence, Host: "EX", Start: at, End: at.Add(time.Hour), Techniques: c.techniques, CVEs: []string{"CVE-2021-26855", "CVE-2021-27065"}, Count: steps,
		Entities: []finding.Entity{{Type: finding.Address, Value: c.addresses[r.IntN(len(c.addresses))], Role: "attacker"}, {Type: finding.UserAgent, Value: "python-requests/2.25.1"}, {Type: finding.Process, Value: `C:\Windows\System32\cmd.exe`}, {Type: finding.Account, Value: `NT AUTHORITY\SYSTEM`, Role: "acting"}}}
	for n := range steps {
		t := at.Add(time.Duration(n) * time.Minute)
		f.Steps = append(f.Steps, finding.Step{Time: t, Rule: "iis-webshell-post", Text: "POST /aspnet_client/" + c.shellName + " answered 200 to 203.0.113.45 (access log)", Outcome: finding.Succeeded, Key: n == 0,
			Ref: evidence.Ref{Path: "C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log", Line: r.IntN(3e6), Offset: r.Int64N(1e9)},
			Raw: fmt.Sprintf("%s 10.0.0.20 POST /aspnet_client/%s - 443 - 203.0.113.45 Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64) - 200 0 0 %d", t.Format("2006-01-02 15:04:05"), c.shellName, r.IntN(900))})
	}
	return f
}

// buffer is bytes that are written to.
type buffer []byte

func (b *buffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

var _ io.Writer = (*buffer)(nil)
