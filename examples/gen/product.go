package main

import (
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"limier/internal/traffic"
)

// product adds what setup left: its log, IIS's configuration, some pages.
func (c *collection) product(name, build string, installed time.Time, protected bool) {
	at := func(d time.Duration) string { return installed.Add(d).Format("[01/02/2006 15:04:05.0000] [0] ") }
	setup := []string{
		"**********************************************",
		"Starting Microsoft " + name + " Setup",
		"**********************************************",
		"Local time zone: (UTC) Coordinated Universal Time.",
		"Operating system version: Microsoft Windows NT 6.2.9200.0.",
		"Setup version: " + build + ".",
		"Logged on user: " + c.server.Realm + `\administrator.`,
		"Command Line Parameter Name='mode', Value='Upgrade'.",
		"Command Line Parameter Name='iacceptexchangeserverlicenseterms', Value=''.",
		"RuntimeAssembly was started with the following command: '/mode:upgrade /IAcceptExchangeServerLicenseTerms'.",
		"Setup will run the task 'start-PreFileCopy'",
		"Setup will run the task 'Install-MsiPackage'",
		"The Exchange Server setup operation completed successfully.",
		"End of Setup",
		"**********************************************",
	}
	var log strings.Builder
	for i, s := range setup {
		log.WriteString(at(time.Duration(i)*73*time.Second) + s + "\r\n")
	}
	c.file("C/ExchangeSetupLogs/ExchangeSetup.log", installed.Add(time.Hour), log.String())
	c.file("C/Windows/System32/inetsrv/config/applicationHost.config", installed.Add(time.Hour), applicationHost(protected))
	c.file(inetpub+"wwwroot/index.htm", installed, "<!DOCTYPE html>\r\n<html><head><title>Example</title></head><body><a href=\"/owa/\">Mail</a></body></html>\r\n")
	c.file(inetpub+"wwwroot/web.config", installed, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<configuration><system.webServer><httpRedirect enabled=\"true\" destination=\"/owa\" childOnly=\"true\" /></system.webServer></configuration>\r\n")
	c.file(exchange+"FrontEnd/HttpProxy/OAB/web.config", installed, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<configuration><system.webServer><modules><remove name=\"WebDAVModule\" /></modules></system.webServer></configuration>\r\n")
}

// The virtual directories of Exchange, with what Extended Protection needs of
// each (https://microsoft.github.io/CSS-Exchange/Security/Extended-Protection/).
var directories = []struct{ site, path, folder, pool, token string }{
	{"Default Web Site", "owa", `FrontEnd\HttpProxy\owa`, "MSExchangeOWAAppPool", "Require"},
	{"Default Web Site", "ecp", `FrontEnd\HttpProxy\ecp`, "MSExchangeECPAppPool", "Require"},
	{"Default Web Site", "EWS", `FrontEnd\HttpProxy\EWS`, "MSExchangeServicesAppPool", "Allow"},
	{"Default Web Site", "API", `FrontEnd\HttpProxy\Rest`, "MSExchangeRestFrontEndAppPool", "Require"},
	{"Default Web Site", "Autodiscover", `FrontEnd\HttpProxy\Autodiscover`, "MSExchangeAutodiscoverAppPool", "None"},
	{"Default Web Site", "Microsoft-Server-ActiveSync", `FrontEnd\HttpProxy\sync`, "MSExchangeSyncAppPool", "Allow"},
	{"Default Web Site", "OAB", `FrontEnd\HttpProxy\OAB`, "MSExchangeOABAppPool", "Allow"},
	{"Default Web Site", "PowerShell", `FrontEnd\HttpProxy\PowerShell`, "MSExchangePowerShellFrontEndAppPool", "Require"},
	{"Default Web Site", "mapi", `FrontEnd\HttpProxy\mapi`, "MSExchangeMapiFrontEndAppPool", "Require"},
	{"Default Web Site", "Rpc", `FrontEnd\HttpProxy\rpc`, "MSExchangeRpcProxyFrontEndAppPool", "Require"},
	{"Exchange Back End", "PowerShell", `ClientAccess\PowerShell-Proxy`, "MSExchangePowerShellAppPool", "Require"},
	{"Exchange Back End", "mapi/emsmdb", `ClientAccess\mapi\emsmdb`, "MSExchangeMapiMailboxAppPool", "Require"},
	{"Exchange Back End", "mapi/nspi", `ClientAccess\mapi\nspi`, "MSExchangeMapiAddressBookAppPool", "Require"},
	{"Exchange Back End", "API", `ClientAccess\rest`, "MSExchangeRestAppPool", "Require"},
	{"Exchange Back End", "owa", `ClientAccess\owa`, "MSExchangeOWAAppPool", "Require"},
	{"Exchange Back End", "OAB", `ClientAccess\OAB`, "MSExchangeOABAppPool", "Require"},
	{"Exchange Back End", "ecp", `ClientAccess\ecp`, "MSExchangeECPAppPool", "Require"},
	{"Exchange Back End", "Autodiscover", `ClientAccess\Autodiscover`, "MSExchangeAutodiscoverAppPool", "None"},
	{"Exchange Back End", "Microsoft-Server-ActiveSync", `ClientAccess\sync`, "MSExchangeSyncAppPool", "Require"},
	{"Exchange Back End", "EWS", `ClientAccess\exchweb\EWS`, "MSExchangeServicesAppPool", "Require"},
	{"Exchange Back End", "PushNotifications", `ClientAccess\PushNotifications`, "MSExchangePushNotificationsAppPool", "Require"},
	{"Exchange Back End", "Rpc", `RpcProxy`, "MSExchangeRpcProxyAppPool", "Require"},
	{"Exchange Back End", "RpcWithCert", `RpcProxy`, "MSExchangeRpcProxyAppPool", "Require"},
}

// applicationHost is a short configuration of IIS, with Extended Protection or
// without.
func applicationHost(protected bool) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	p(`<?xml version="1.0" encoding="UTF-8"?>`)
	p(`<configuration>`)
	p(`    <system.applicationHost>`)
	p(`        <sites>`)
	for i, site := range []struct{ name, root string }{
		{"Default Web Site", `%SystemDrive%\inetpub\wwwroot`},
		{"Exchange Back End", `C:\Program Files\Microsoft\Exchange Server\V15\ClientAccess`},
	} {
		p(`            <site name="%s" id="%d" serverAutoStart="true">`, site.name, i+1)
		p(`                <application path="/"><virtualDirectory path="/" physicalPath="%s" /></application>`, site.root)
		for _, d := range directories {
			if d.site == site.name {
				p(`                <application path="/%s" applicationPool="%s"><virtualDirectory path="/" physicalPath="C:\Program Files\Microsoft\Exchange Server\V15\%s" /></application>`, d.path, d.pool, d.folder)
			}
		}
		p(`            </site>`)
	}
	p(`            <siteDefaults><logFile logFormat="W3C" directory="%%SystemDrive%%\inetpub\logs\LogFiles" /></siteDefaults>`)
	p(`        </sites>`)
	p(`    </system.applicationHost>`)
	p(`    <system.webServer>`)
	p(`        <globalModules>`)
	modules := []string{"UriCacheModule:cachuri", "FileCacheModule:cachfile", "HttpCacheModule:cachhttp", "StaticFileModule:static", "DefaultDocumentModule:defdoc", "AnonymousAuthenticationModule:authanon", "WindowsAuthenticationModule:authsspi", "BasicAuthenticationModule:authbas", "RequestFilteringModule:modrqflt", "HttpLoggingModule:loghttp"}
	if !protected {
		modules = append(modules, "TokenCacheModule:cachtokn") // its removal answers CVE-2023-21709
	}
	for _, m := range modules {
		name, dll, _ := strings.Cut(m, ":")
		p(`            <add name="%s" image="%%windir%%\System32\inetsrv\%s.dll" />`, name, dll)
	}
	p(`        </globalModules>`)
	p(`    </system.webServer>`)
	for _, d := range directories {
		token := "None"
		if protected {
			token = d.token
		}
		p(`    <location path="%s/%s">`, d.site, d.path)
		p(`        <system.webServer><security>`)
		p(`            <access sslFlags="Ssl, Ssl128" />`)
		p(`            <authentication><windowsAuthentication enabled="true"><extendedProtection tokenChecking="%s" /></windowsAuthentication></authentication>`, token)
		p(`        </security></system.webServer>`)
		p(`    </location>`)
	}
	p(`</configuration>`)
	return b.String()
}

var logonNames = []string{"SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId", "TargetUserSid", "TargetUserName", "TargetDomainName", "TargetLogonId",
	"LogonType", "LogonProcessName", "AuthenticationPackageName", "WorkstationName", "LogonGuid", "TransmittedServices", "LmPackageName", "KeyLength", "ProcessId", "ProcessName", "IpAddress", "IpPort"}

// windows adds everyday events: logons, services, Exchange's own cmdlets.
func (c *collection) windows(seed uint64, start, end time.Time) {
	rng := rand.New(rand.NewPCG(seed, 2))
	step := func() time.Duration { return time.Duration(60+rng.IntN(1500)) * time.Second }
	for t := start; t.Before(end); t = t.Add(step()) {
		u := []string{"dubois", "garcia", "ito", "rossi", "HealthMailboxb285a11"}[rng.IntN(5)]
		c.event("Security.evtx", winEvent{time: t.Add(time.Duration(rng.IntN(1000)) * time.Millisecond), channel: "Security", provider: "Microsoft-Windows-Security-Auditing", id: 4624, task: 12544, keywords: 0x8020000000000000, pid: 640, names: logonNames,
			values: []string{"S-1-0-0", "-", "-", "0x0", "S-1-5-21-1004336348-1177238915-682003330-" + strconv.Itoa(1100+rng.IntN(60)), u, c.server.Realm, "0x" + strconv.FormatInt(int64(rng.IntN(1<<30)), 16),
				"3", "Kerberos", "Kerberos", "-", "{00000000-0000-0000-0000-000000000000}", "-", "-", "0", "0x0", "-", "10.0.1." + strconv.Itoa(20+rng.IntN(60)), strconv.Itoa(49152 + rng.IntN(16000))}})
	}
	for t := start; t.Before(end); t = t.Add(4 * step()) {
		c.event("System.evtx", winEvent{time: t, channel: "System", provider: "Service Control Manager", id: 7036, level: 4, keywords: 0x8080000000000000, pid: 632,
			names: []string{"param1", "param2"}, values: []string{[]string{"Windows Update", "Background Intelligent Transfer Service", "Software Protection", "WinHTTP Web Proxy Auto-Discovery Service"}[rng.IntN(4)], []string{"running", "stopped"}[rng.IntN(2)]}})
	}
	for t := start; t.Before(end); t = t.Add(3 * step()) {
		c.cmdlet(t, []string{"Get-MailboxDatabase", "Test-ServiceHealth", "Get-Queue"}[rng.IntN(3)], `-Server "`+c.server.Host+`"`, c.server.Domain+"/Users/administrator", "Remote-ManagementShell-Unknown", "MSExchangePowerShellAppPool")
		c.rpsCmdlet(t, "Get-Mailbox", `-ResultSize "1"`)
	}
}

// cmdlet adds event 1 of MSExchange Management. Its parameters are an unnamed
// list, in this order.
func (c *collection) cmdlet(t time.Time, name, parameters, user, client, pool string) {
	c.event("MSExchange Management.evtx", winEvent{time: t, channel: "MSExchange Management", provider: "MSExchange CmdletLogs", id: 1, level: 4, task: 1, keywords: 0x80000000000000, pid: 8372,
		values: []string{name, parameters, user, "S-1-5-21-1004336348-1177238915-682003330-500", "S-1-5-21-1004336348-1177238915-682003330-500", client, "8372 w3wp#" + pool, "", "38", "00:00:00.1249984",
			"View Entire Forest: 'False', Default Scope: '" + c.server.Domain + "', Configuration Domain Controller: 'dc01." + c.server.Domain + "'", "", "", "", "False", "0 objects execution has been proxied to remote server.",
			"0", "ActivityId: 5f6fa84a-3b5f-4b0d-9d4f-3c8a6c9d7e10", "ServicePlan:;IsAdmin:True;", "en-US"}})
}

const cmdletFields = "DateTime,StartTime,RequestId,ClientRequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,ServerHostName,ProcessId,ProcessName,ThreadId,CultureInfo,Organization,AuthenticatedUser,ExecutingUserSid,EffectiveOrganization,UserServicePlan,IsAdmin,ClientApplication,Cmdlet,Parameters,CmdletUniqueId,UserBudgetOnStart,ContributeToFailFast,RunspaceSettingsCreationHint,ADViewEntireForest,ADRecipientViewRoot,ADConfigurationDomainControllers,ADPreferredGlobalCatalogs,ADPreferredDomainControllers,ADUserConfigurationDomainController,ADUserPreferredGlobalCatalog,ADuserPreferredDomainControllers,ThrottlingInfo,DelayInfo,ThrottlingDelay,IsOutputObjectRedacted,CmdletProxyStage,CmdletProxyRemoteServer,CmdletProxyRemoteServerVersion,CmdletProxyMethod,ProxiedObjectCount,CmdletProxyLatency,OutputObjectCount,ParameterBinding,BeginProcessing,ProcessRecord,EndProcessing,StopProcessing,BizLogic,PowerShellLatency,UserInteractionLatency,ProvisioningLayerLatency,ActivityContextLifeTime,TotalTime,ErrorType,ExecutionResult,CacheHitCount,CacheMissCount,GenericLatency,GenericInfo,GenericErrors,ObjectGuid,ExternalDirectoryOrganizationId,ExternalDirectoryObjectId,NonPiiParameters"

// rpsCmdlet adds a line to the log of remote PowerShell.
func (c *collection) rpsCmdlet(t time.Time, name, parameters string) {
	values := make([]string, strings.Count(cmdletFields, ",")+1)
	set := func(column, value string) {
		for i, f := range strings.Split(cmdletFields, ",") {
			if f == column {
				values[i] = value
			}
		}
	}
	b := c.server.Build
	for i, f := range []string{"MajorVersion", "MinorVersion", "BuildVersion", "RevisionVersion"} {
		set(f, strconv.Itoa(b[i]))
	}
	set("DateTime", t.Format(traffic.ExchangeTime))
	set("StartTime", t.Add(-16*time.Millisecond).Format(traffic.ExchangeTime))
	set("ServerHostName", c.server.Host)
	set("ProcessId", "15756")
	set("ProcessName", "w3wp#MSExchangePowerShellAppPool")
	set("AuthenticatedUser", "HealthMailboxb285a119be8649f3a4a6f33e8e2c9e62")
	set("IsAdmin", "False")
	set("ClientApplication", "ActiveMonitor")
	set("Cmdlet", name)
	set("Parameters", parameters)
	set("ExecutionResult", "Success")
	set("NonPiiParameters", parameters)
	c.csv(exchange+"Logging/CmdletInfra/Powershell-Proxy/Cmdlet/Rps_Cmdlet_"+t.Format("20060102")+"00-1.LOG", "Rps Cmdlet Logs", cmdletFields, t, values...)
}

// wellFormed reports whether s is XML.
func wellFormed(s string) bool {
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); err != nil {
			return err.Error() == "EOF"
		}
	}
}
