// Package traffic makes up the ordinary requests of an Exchange server and
// writes them as its logs do: IIS on the front and back end, and HttpProxy.
//
// The same seed gives the same requests. Addresses are those reserved for
// documentation and benchmarks (RFC 5737, RFC 2544), names those of RFC 2606.
package traffic

import (
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

// A Server is the machine whose logs are made up.
type Server struct {
	Host   string // "EX01"
	Domain string // "example.org"
	Realm  string // NetBIOS name of the domain: "EXAMPLE"
	IP     string // of its own network card
	Build  [4]int // 15, 1, 2106, 2
	Users  int    // 0 means 60
}

// A Request is one request as the front end sees it.
type Request struct {
	Time     time.Time // when it ended, UTC
	Protocol string    // of HttpProxy: "Mapi"; "" if the front end alone answers
	Method   string
	Host     string // as asked for
	Stem     string
	Query    string // without what the front end appends
	User     string // without the realm; "" if none
	Client   string
	Agent    string // with spaces
	Status   int
	Sub      int
	Win32    int
	Taken    int  // milliseconds
	Proxied  bool // passed on to the back end
	Bare     bool // outside Exchange's folders: no CorrelationID is appended

	ID            [16]byte // cafeReqId and RequestId
	Anchor        string   // AnchorMailbox
	RoutingHint   string
	Auth          string // AuthenticationType
	BackStem      string // path on the back end; "" means Stem
	BackQuery     string // "" means as usual
	BackUser      string // "" means User
	ClientRequest string // ClientRequestId
	RequestBytes  int
	ResponseBytes int
	BackEndStatus int // 0 means Status
	GenericErrors string
}

// A Generator yields requests in the order of their times.
type Generator struct {
	server Server
	rng    *rand.Rand
	src    *rand.ChaCha8
	now    time.Time
	perDay float64
	users  []user
	total  int
}

type user struct {
	name, mailbox, device, phone, sid string
	inside, outside                   string // addresses
	outlook, browser, phoneAgent      string
	seq                               int
}

// New starts at start with some perDay requests a day.
func New(seed uint64, s Server, start time.Time, perDay int) *Generator {
	var key [32]byte
	copy(key[:], strconv.FormatUint(seed, 10))
	src := rand.NewChaCha8(key)
	g := &Generator{server: s, rng: rand.New(src), src: src, now: start.UTC(), perDay: float64(perDay)}
	if s.Users == 0 {
		s.Users = 60
	}
	for i := range s.Users {
		u := user{
			name:    surnames[i%len(surnames)],
			mailbox: string(appendGUID(nil, g.guid())),
			device:  phones[g.rng.IntN(len(phones))].prefix + string(appendHex(nil, g.guid())),
			sid:     "S-1-5-21-1004336348-1177238915-682003330-" + strconv.Itoa(1100+i),
			inside:  "10.0." + strconv.Itoa(1+i/200) + "." + strconv.Itoa(20+i%200),
			outside: "198.18." + strconv.Itoa(g.rng.IntN(250)) + "." + strconv.Itoa(1+g.rng.IntN(250)),
			outlook: outlooks[g.rng.IntN(len(outlooks))],
			browser: browsers[g.rng.IntN(len(browsers))],
		}
		if i >= len(surnames) {
			u.name += strconv.Itoa(i / len(surnames))
		}
		p := phones[g.rng.IntN(len(phones))]
		u.phone, u.phoneAgent = p.kind, p.agent
		g.users = append(g.users, u)
		g.total++
	}
	return g
}

// ID draws an identifier, for requests that callers make up themselves.
func (g *Generator) ID() [16]byte { return g.guid() }

func (g *Generator) guid() (id [16]byte) {
	g.src.Read(id[:]) // never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// busy says how much of a day's mean rate falls on an hour, UTC.
var busy = [24]float64{.35, .3, .3, .3, .35, .5, .9, 1.6, 2.1, 2.2, 2.1, 1.9, 1.6, 1.8, 2, 1.9, 1.7, 1.2, .8, .6, .5, .45, .4, .35}

// kinds are what clients do, with how often.
var kinds = []struct {
	weight int
	make   func(*Generator, *Request, *user)
}{
	{330, mapi}, {215, activeSync}, {120, ews}, {110, owaService}, {45, owaPage}, {60, autodiscover}, {12, oab},
	{75, probe}, {14, rpc}, {4, ecp}, {10, scanner}, {5, root},
}

// Next makes up the next request. The Request is the caller's to change.
func (g *Generator) Next() Request {
	rate := g.perDay / 86400 * busy[g.now.Hour()]
	if d := g.now.Weekday(); d == time.Saturday || d == time.Sunday {
		rate *= 0.4
	}
	gap := -math.Log(1-g.rng.Float64()) / rate
	g.now = g.now.Add(time.Duration(min(gap, 3600) * float64(time.Second))).Truncate(time.Millisecond)
	r := Request{Time: g.now, ID: g.guid(), Host: "mail." + g.server.Domain, Status: 200, Taken: int(math.Exp(1.5+2.2*g.rng.Float64()) * 2), RequestBytes: 50 + g.rng.IntN(900), ResponseBytes: 60 + g.rng.IntN(4000)}
	n := g.rng.IntN(1000)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			// Some people write more than others.
			i := int(float64(g.total) * g.rng.Float64() * g.rng.Float64())
			k.make(g, &r, &g.users[i])
			break
		}
	}
	return r
}

// at puts u behind the office's door or outside of it.
func (g *Generator) at(r *Request, u *user, outside float64) {
	r.Client, r.User = u.inside, u.name
	if g.rng.Float64() < outside {
		r.Client = u.outside
	}
}

func mapi(g *Generator, r *Request, u *user) {
	g.at(r, u, .25)
	u.seq++
	kind := []string{"Execute", "Execute", "Execute", "Execute", "NotificationWait", "Connect", "Disconnect"}[g.rng.IntN(7)]
	if kind == "NotificationWait" {
		r.Taken = 60_000 + g.rng.IntN(240_000)
	}
	r.Protocol, r.Method, r.Stem, r.Proxied, r.Auth = "Mapi", "POST", "/mapi/emsmdb/", true, "Negotiate"
	if g.rng.IntN(12) == 0 {
		r.Stem, kind = "/mapi/nspi/", []string{"GetMatches", "QueryRows", "Bind"}[g.rng.IntN(3)]
	}
	r.Query = "mailboxId=" + u.mailbox + "@" + g.server.Domain
	r.ClientRequest = "R:{" + string(appendGUID(nil, g.guid())) + "}:" + strconv.Itoa(u.seq) + ";RT:" + kind + ";CI:{" + u.mailbox + "}:" + strconv.Itoa(u.seq%97)
	r.Agent, r.Anchor, r.RoutingHint = u.outlook, "MailboxGuid~"+u.mailbox, "MailboxGuidWithDomain"
	if g.rng.IntN(40) == 0 {
		r.Status, r.Sub, r.Win32, r.User, r.Proxied = 401, 1, 2148074254, "", false
	}
}

func activeSync(g *Generator, r *Request, u *user) {
	g.at(r, u, .9)
	cmd := []string{"Ping", "Ping", "Ping", "Sync", "Sync", "FolderSync", "ItemOperations", "SendMail", "Settings"}[g.rng.IntN(9)]
	if cmd == "Ping" {
		r.Taken = 100_000 + g.rng.IntN(800_000)
	}
	r.Protocol, r.Method, r.Stem, r.Proxied, r.Auth = "Eas", "POST", "/Microsoft-Server-ActiveSync/default.eas", true, "Basic"
	r.Query = "Cmd=" + cmd + "&User=" + g.server.Realm + "%5C" + u.name + "&DeviceId=" + u.device + "&DeviceType=" + u.phone
	r.Agent, r.Anchor, r.RoutingHint = u.phoneAgent, "Sid~"+u.sid, "WindowsIdentity"
	if g.rng.IntN(60) == 0 {
		r.Method, r.Query, r.Taken = "OPTIONS", "User="+u.name+"&DeviceId="+u.device+"&DeviceType="+u.phone, 20
	}
	if g.rng.IntN(90) == 0 {
		r.Status = 449
	}
}

func ews(g *Generator, r *Request, u *user) {
	g.at(r, u, .4)
	r.Protocol, r.Method, r.Stem, r.Proxied, r.Auth = "Ews", "POST", "/EWS/Exchange.asmx", true, "Negotiate"
	r.Agent = u.outlook
	if g.rng.IntN(3) == 0 {
		r.Agent = "MacOutlook/16.46.21021202 (Intelx64 Mac OS X Version 10.15.7 (Build 19H524))"
	}
	r.Anchor, r.RoutingHint = "Sid~"+u.sid, "WindowsIdentity"
	switch g.rng.IntN(25) {
	case 0:
		r.Status, r.Sub, r.Win32, r.User, r.Proxied = 401, 1, 2148074254, "", false
	case 1:
		r.Status = 500
	}
}

func owaService(g *Generator, r *Request, u *user) {
	g.at(r, u, .6)
	action := []string{"GetConversationItems", "FindConversation", "GetFolder", "GetCalendarView", "UpdateItem", "CreateItem", "FindPeople", "GetReminders", "LogDatapoint", "GetItem"}[g.rng.IntN(10)]
	r.Protocol, r.Method, r.Stem, r.Proxied, r.Auth = "Owa", "POST", "/owa/service.svc", true, "FBA"
	r.Query = "action=" + action + "&EP=1&ID=-" + strconv.Itoa(1+g.rng.IntN(400)) + "&AC=1"
	r.Agent, r.Anchor, r.RoutingHint = u.browser, "Sid~"+u.sid, "WindowsIdentity"
}

func owaPage(g *Generator, r *Request, u *user) {
	g.at(r, u, .8)
	r.Protocol, r.Method, r.Agent, r.Auth = "Owa", "GET", u.browser, "FBA"
	build := strconv.Itoa(g.server.Build[0]) + "." + strconv.Itoa(g.server.Build[1]) + "." + strconv.Itoa(g.server.Build[2]) + "." + strconv.Itoa(g.server.Build[3])
	switch g.rng.IntN(8) {
	case 0:
		r.Stem, r.User, r.Status = "/owa/", "", 302
	case 1:
		r.Stem, r.Query, r.User = "/owa/auth/logon.aspx", "url=https%3a%2f%2fmail."+g.server.Domain+"%2fowa%2f&reason=0", ""
	case 2:
		r.Method, r.Stem, r.Status = "POST", "/owa/auth.owa", 302
	case 3:
		r.Method, r.Stem, r.Status, r.User = "POST", "/owa/auth.owa", 302, ""
	case 4:
		r.Stem, r.User = "/owa/auth/"+build+"/themes/resources/segoeui-semilight.ttf", ""
	case 5:
		r.Stem, r.Proxied = "/owa/prem/"+build+"/scripts/boot.worldwide."+strconv.Itoa(g.rng.IntN(5))+".mouse.js", true
	case 6:
		r.Stem, r.Query, r.Proxied = "/owa/ev.owa2", "ns=PendingRequest&ev=FinishNotificationRequest&UA=0&cid="+string(appendGUID(nil, g.guid())), true
	case 7:
		r.Stem, r.Query, r.User = "/owa/auth/logon.aspx", "replaceCurrent=1&reason=2&url=https%3a%2f%2fmail."+g.server.Domain+"%2fowa%2f", ""
	}
	r.Anchor, r.RoutingHint = "Sid~"+u.sid, "WindowsIdentity"
	if !r.Proxied {
		r.Anchor, r.RoutingHint = "", ""
	}
}

func autodiscover(g *Generator, r *Request, u *user) {
	g.at(r, u, .4)
	r.Host = "autodiscover." + g.server.Domain
	r.Protocol, r.Method, r.Stem, r.Proxied, r.Auth = "Autodiscover", "POST", "/Autodiscover/Autodiscover.xml", true, "Negotiate"
	r.Agent, r.Anchor, r.RoutingHint = u.outlook, "Sid~"+u.sid, "WindowsIdentity"
	switch g.rng.IntN(6) {
	case 0, 1:
		r.Status, r.Sub, r.Win32, r.User, r.Proxied = 401, 1, 2148074254, "", false
	case 2: // Outlook for mobile and Teams ask this way, and are not an attack
		r.Method, r.Stem, r.User, r.Auth = "GET", "/autodiscover/autodiscover.json", "", ""
		r.Query = "Email=" + u.name + "%40" + g.server.Domain + "&Protocol=ActiveSync&RedirectCount=1"
		r.Agent, r.Anchor, r.RoutingHint = "Microsoft Office/16.0 (Windows NT 10.0; MAPICPL 16.0.13530; Pro)", "Smtp~"+u.name+"@"+g.server.Domain, "AnonymousServerLocator"
	}
}

func oab(g *Generator, r *Request, u *user) {
	g.at(r, u, .3)
	r.Protocol, r.Method, r.Proxied, r.Auth, r.Agent = "Oab", "GET", true, "Negotiate", "Microsoft BITS/7.8"
	r.Stem = "/OAB/5e6a2a10-3dc4-4e22-8f3b-0c1b0d8f6a11/" + []string{"oab.xml", "5e6a2a10-3dc4-4e22-8f3b-0c1b0d8f6a11-data-1842.lzx"}[g.rng.IntN(2)]
	r.Anchor, r.RoutingHint = "Sid~"+u.sid, "WindowsIdentity"
}

// probe is Exchange's Managed Availability, and the load balancer.
func probe(g *Generator, r *Request, _ *user) {
	r.Method, r.Client, r.Taken, r.Host = "GET", "127.0.0.1", g.rng.IntN(15), "localhost"
	switch g.rng.IntN(6) {
	case 0:
		r.Method, r.Stem, r.Client, r.Agent, r.Bare = "HEAD", "/owa/healthcheck.htm", "10.0.0.5", "", true
	case 1:
		r.Stem, r.Agent, r.Bare = "/mapi/healthcheck.htm", "AMProbe/Local/ClientAccess", true
	case 2:
		r.Protocol, r.Stem, r.Agent, r.User, r.Auth, r.Proxied = "Ews", "/ews/", "AMProbe/Local/ClientAccess", "HealthMailboxb285a119be8649f3a4a6f33e8e2c9e62", "Negotiate", true
	case 3:
		r.Protocol, r.Method, r.Stem, r.Agent, r.User, r.Auth, r.Proxied = "Owa", "POST", "/owa/auth.owa", "Mozilla/4.0 (compatible; MSIE 9.0; Windows NT 6.1; MSEXCHMON; ACTIVEMONITORING; OWACTP)", "HealthMailboxb285a119be8649f3a4a6f33e8e2c9e62", "FBA", false
		r.Status = 302
	case 4:
		r.Protocol, r.Method, r.Stem, r.Agent, r.Auth, r.Proxied, r.Status = "PowerShell", "POST", "/powershell", "Microsoft WinRM Client", "Kerberos", true, 200
		r.Query, r.User = "clientApplication=ActiveMonitor;PSVersion=5.1.14393.3866", "HealthMailboxb285a119be8649f3a4a6f33e8e2c9e62"
	case 5:
		r.Protocol, r.Stem, r.Agent, r.User, r.Auth, r.Proxied = "Ecp", "/ecp/", "Mozilla/4.0 (compatible; MSIE 9.0; Windows NT 6.1; MSEXCHMON; ACTIVEMONITORING; ECPCTP)", "HealthMailboxb285a119be8649f3a4a6f33e8e2c9e62", "FBA", true
	}
	if r.User != "" {
		r.Anchor, r.RoutingHint = "Sid~S-1-5-21-1004336348-1177238915-682003330-1142", "WindowsIdentity"
	}
}

func rpc(g *Generator, r *Request, u *user) {
	g.at(r, u, .3)
	r.Protocol, r.Method, r.Stem, r.Proxied, r.Auth, r.Agent = "RpcHttp", "RPC_IN_DATA", "/rpc/rpcproxy.dll", true, "NTLM", "MSRPC"
	if g.rng.IntN(2) == 0 {
		r.Method = "RPC_OUT_DATA"
	}
	r.Query = u.mailbox + "@" + g.server.Domain + ":6001"
	r.Anchor, r.RoutingHint = "MailboxGuid~"+u.mailbox, "MailboxGuidWithDomain"
}

func ecp(g *Generator, r *Request, u *user) {
	g.at(r, u, .2)
	r.Protocol, r.Method, r.Proxied, r.Auth, r.Agent = "Ecp", "GET", true, "FBA", u.browser
	r.Stem = []string{"/ecp/", "/ecp/default.aspx", "/ecp/Personal/VoiceMail.aspx", "/ecp/RulesEditor/InboxRules.svc/GetList"}[g.rng.IntN(4)]
	if r.Stem == "/ecp/RulesEditor/InboxRules.svc/GetList" {
		r.Method, r.Query = "POST", "msExchEcpCanary="+string(appendHex(nil, g.guid()))[:22]+"."
	}
	r.Anchor, r.RoutingHint = "Sid~"+u.sid, "WindowsIdentity"
}

// scanner is what reaches every server on the Internet: looks, no exploits.
func scanner(g *Generator, r *Request, _ *user) {
	s := scanners[g.rng.IntN(len(scanners))]
	r.Client, r.Agent, r.Method, r.Host = s.client, s.agent, "GET", g.server.IP
	p := s.paths[g.rng.IntN(len(s.paths))]
	r.Stem, r.Query, r.Status, r.Protocol = p.stem, p.query, p.status, p.protocol
	r.Bare = p.protocol == ""
	if r.Status == 404 {
		r.Win32 = 2
	}
}

func root(g *Generator, r *Request, u *user) {
	r.Client, r.Method, r.Agent, r.Stem, r.Status, r.Bare = u.outside, "GET", u.browser, "/", 302, true
	if g.rng.IntN(3) == 0 {
		r.Stem, r.Status, r.Win32 = "/favicon.ico", 404, 2
	}
}
