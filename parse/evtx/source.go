package evtx

import "strings"

// services gives Sigma's names for channels, in lower case. Sources:
// https://github.com/SigmaHQ/pySigma/blob/main/sigma/pipelines/common.py and
// the services of https://github.com/SigmaHQ/sigma/blob/master/tests/logsource.json
var services = map[string]string{
	"security":                             "security",
	"application":                          "application",
	"system":                               "system",
	"microsoft-windows-sysmon/operational": "sysmon",
	"microsoft-windows-powershell/operational":                               "powershell",
	"powershellcore/operational":                                             "powershell",
	"windows powershell":                                                     "powershell-classic",
	"msexchange management":                                                  "msexchange-management",
	"microsoft-iis-configuration/operational":                                "iis-configuration",
	"microsoft-windows-taskscheduler/operational":                            "taskscheduler",
	"microsoft-windows-wmi-activity/operational":                             "wmi",
	"microsoft-windows-bits-client/operational":                              "bits-client",
	"microsoft-windows-windows defender/operational":                         "windefend",
	"microsoft-windows-ntlm/operational":                                     "ntlm",
	"microsoft-windows-windows firewall with advanced security/firewall":     "firewall-as",
	"microsoft-windows-terminalservices-localsessionmanager/operational":     "terminalservices-localsessionmanager",
	"microsoft-windows-terminalservices-remoteconnectionmanager/operational": "terminalservices-remoteconnectionmanager",
	"microsoft-windows-terminalservices-rdpclient/operational":               "terminalservices-rdpclient",
	"dns server":                                                               "dns-server",
	"microsoft-windows-dns-server/audit":                                       "dns-server-audit",
	"microsoft-windows-dns-server/analytical":                                  "dns-server-analytic",
	"microsoft-windows-dns client events/operational":                          "dns-client",
	"microsoft-windows-dns-client/operational":                                 "dns-client",
	"microsoft-windows-dhcp-server/operational":                                "dhcp",
	"microsoft-windows-driverframeworks-usermode/operational":                  "driver-framework",
	"microsoft-windows-applocker/msi and script":                               "applocker",
	"microsoft-windows-applocker/exe and dll":                                  "applocker",
	"microsoft-windows-applocker/packaged app-deployment":                      "applocker",
	"microsoft-windows-applocker/packaged app-execution":                       "applocker",
	"microsoft-windows-appxdeploymentserver/operational":                       "appxdeployment-server",
	"microsoft-windows-appxdeployment-server/operational":                      "appxdeployment-server",
	"microsoft-windows-appxpackaging/operational":                              "appxpackaging-om",
	"microsoft-windows-appmodel-runtime/admin":                                 "appmodel-runtime",
	"microsoft-windows-printservice/admin":                                     "printservice-admin",
	"microsoft-windows-printservice/operational":                               "printservice-operational",
	"microsoft-windows-codeintegrity/operational":                              "codeintegrity-operational",
	"microsoft-windows-smbclient/security":                                     "smbclient-security",
	"microsoft-windows-smbclient/connectivity":                                 "smbclient-connectivity",
	"microsoft-servicebus-client":                                              "microsoft-servicebus-client",
	"microsoft-windows-ldap-client/debug":                                      "ldap",
	"microsoft-windows-lsa/operational":                                        "lsa-server",
	"microsoft-windows-security-mitigations/kernel mode":                       "security-mitigations",
	"microsoft-windows-security-mitigations/user mode":                         "security-mitigations",
	"microsoft-windows-diagnosis-scripted/operational":                         "diagnosis-scripted",
	"microsoft-windows-shell-core/operational":                                 "shell-core",
	"openssh/operational":                                                      "openssh",
	"microsoft-windows-bitlocker/bitlocker management":                         "bitlocker",
	"microsoft-windows-vhdmp-operational":                                      "vhdmp",
	"microsoft-windows-capi2/operational":                                      "capi2",
	"microsoft-windows-certificateservicesclient-lifecycle-system/operational": "certificateservicesclient-lifecycle-system",
}

// sysmon gives the category of Sysmon's events by EventID; 12 depends on its
// EventType. Source: https://github.com/SigmaHQ/pySigma-pipeline-sysmon and the
// taxonomy appendix of the Sigma specification.
var sysmon = [...]string{
	1: "process_creation", 2: "file_change", 3: "network_connection", 4: "sysmon_status",
	5: "process_termination", 6: "driver_load", 7: "image_load", 8: "create_remote_thread",
	9: "raw_access_thread", 10: "process_access", 11: "file_event", 12: "registry_event",
	13: "registry_set", 14: "registry_rename", 15: "create_stream_hash", 16: "sysmon_status",
	17: "pipe_created", 18: "pipe_created", 19: "wmi_event", 20: "wmi_event", 21: "wmi_event",
	22: "dns_query", 23: "file_delete", 24: "clipboard_capture", 25: "process_tampering",
	26: "file_delete", 27: "file_block_executable", 28: "file_block_shredding",
	29: "file_executable_detected",
}

func categorised(service string) bool {
	switch service {
	case "sysmon", "security", "powershell", "powershell-classic":
		return true
	}
	return false
}

// category returns the category of an event. Security's 4688 and 4657 are what
// Sigma's windows-audit pipeline makes of them
// (https://github.com/SigmaHQ/pySigma-pipeline-windows), except that a new
// registry value is registry_set here, as it is in Sysmon.
func (r *Record) category() string {
	switch r.source.Service {
	case "sysmon":
		switch {
		case r.ID == 255:
			return "sysmon_error"
		case r.ID >= uint64(len(sysmon)):
			return ""
		case r.ID == 12 && r.equals("EventType", "CreateKey"):
			return "registry_add"
		case r.ID == 12 && (r.equals("EventType", "DeleteKey") || r.equals("EventType", "DeleteValue")):
			return "registry_delete"
		}
		return sysmon[r.ID]
	case "security":
		switch r.ID {
		case 4688:
			return "process_creation"
		case 4657:
			if r.equals("OperationType", "%%1906") { // registry value deleted
				return "registry_delete"
			}
			return "registry_set"
		}
	case "powershell":
		switch r.ID {
		case 4103:
			return "ps_module"
		case 4104:
			return "ps_script"
		}
	case "powershell-classic":
		switch r.ID {
		case 400:
			return "ps_classic_start"
		case 600:
			return "ps_classic_provider_start"
		case 800:
			return "ps_classic_script"
		}
	}
	return ""
}

// alias returns the event's own name for what Sigma's categories call name, ""
// if there is none. ProcessId stays what the log says: in 4688, the creator.
func (r *Record) alias(name string) string {
	switch {
	case name == "UserID":
		return "Security_UserID"
	case r.source.Service != "security":
		return ""
	case r.ID == 4688:
		switch name {
		case "Image":
			return "NewProcessName"
		case "ParentImage":
			return "ParentProcessName"
		case "LogonId":
			return "SubjectLogonId"
		case "ParentProcessId":
			return "ProcessId"
		}
	case r.ID == 4657:
		switch name {
		case "Image":
			return "ProcessName"
		case "Details":
			return "NewValue"
		case "LogonId":
			return "SubjectLogonId"
		}
	}
	return ""
}

// The names that derive knows for each kind of event.
var (
	derived4688    = []string{"User", "IntegrityLevel"}
	derived4657    = []string{"User", "TargetObject"}
	derivedClassic = []string{"HostName", "HostVersion", "HostApplication", "EngineVersion", "CommandName", "ScriptName", "CommandPath"}
)

// Derived lists the fields that Sigma's rules ask for and this event holds only
// in another form: Field and Fields know them, Indices does not. It is nil for
// nearly all events.
func (r *Record) Derived() []string {
	switch {
	case r.source.Service == "security" && r.ID == 4688:
		return derived4688
	case r.source.Service == "security" && r.ID == 4657:
		return derived4657
	case r.source.Service == "powershell-classic":
		return derivedClassic
	}
	return nil
}

func (r *Record) derive(name string) string {
	for _, n := range r.Derived() {
		if n != name {
			continue
		}
		switch name {
		case "User":
			return r.user()
		case "IntegrityLevel":
			return integrity[r.text("MandatoryLabel")]
		case "TargetObject":
			return r.registryPath()
		}
		return r.classic(name)
	}
	return ""
}

// user names the subject of a Security event as Sysmon does. The system's own
// accounts have the machine's name there.
func (r *Record) user() string {
	switch r.text("SubjectUserSid") {
	case "S-1-5-18":
		return `NT AUTHORITY\SYSTEM`
	case "S-1-5-19":
		return `NT AUTHORITY\LOCAL SERVICE`
	case "S-1-5-20":
		return `NT AUTHORITY\NETWORK SERVICE`
	}
	user, domain := r.text("SubjectUserName"), r.text("SubjectDomainName")
	if user == "" || user == "-" {
		return ""
	}
	return domain + `\` + user
}

// integrity names the mandatory labels as Sysmon does ([MS-DTYP] 2.4.2.4).
var integrity = map[string]string{
	"S-1-16-4096": "Low", "S-1-16-8192": "Medium", "S-1-16-8448": "Medium",
	"S-1-16-12288": "High", "S-1-16-16384": "System",
}

// registryPath writes a key and value as Sysmon does.
func (r *Record) registryPath() string {
	path := r.text("ObjectName")
	for kernel, short := range map[string]string{`\REGISTRY\MACHINE`: "HKLM", `\REGISTRY\USER`: "HKU"} {
		if len(path) >= len(kernel) && strings.EqualFold(path[:len(kernel)], kernel) {
			path = short + path[len(kernel):]
			break
		}
	}
	if value := r.text("ObjectValueName"); value != "" {
		path += `\` + value
	}
	return path
}

// classic finds "name=value" in the last string of a classic PowerShell event.
func (r *Record) classic(name string) string {
	for _, i := range r.Shape.All("Data") {
		for e := range r.Value(i).Elems() {
			for line := range strings.Lines(e.String()) {
				if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
					return value
				}
			}
		}
	}
	return ""
}
