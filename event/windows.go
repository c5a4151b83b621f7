package event

import "strings"

// Windows returns the log source of a Windows event: its channel's short name
// as Service, or the channel in lower case, and the Category that it belongs
// to, if any. Where it belongs to several, Category is the most general one;
// the rules' engine knows the others.
//
// Sources: the taxonomy appendix of the Sigma specification 2.1 and
// tests/thor.yml of SigmaHQ/sigma.
func Windows(channel, eventID string) Logsource {
	service, ok := windowsServices[channel]
	if !ok {
		service = strings.ToLower(channel)
		if s, ok := windowsLower[service]; ok {
			service = s
		}
	}
	ls := Logsource{Product: "windows", Service: service}
	switch service {
	case "sysmon":
		ls.Category = sysmonCategories[eventID]
	case "security":
		switch eventID {
		case "4688":
			ls.Category = "process_creation"
		case "4657":
			ls.Category = "registry_event"
		}
	case "powershell":
		switch eventID {
		case "4103":
			ls.Category = "ps_module"
		case "4104":
			ls.Category = "ps_script"
		}
	case "powershell-classic":
		switch eventID {
		case "400":
			ls.Category = "ps_classic_start"
		case "600":
			ls.Category = "ps_classic_provider_start"
		case "800":
			ls.Category = "ps_classic_script"
		}
	}
	return ls
}

// windowsServices maps channels to the names that Sigma's taxonomy gives them.
var windowsServices = map[string]string{
	"Application":           "application",
	"DNS Server":            "dns-server",
	"MSExchange Management": "msexchange-management",
	"Microsoft-IIS-Configuration/Operational":                                  "iis-configuration",
	"Microsoft-ServiceBus-Client/Admin":                                        "servicebus-client",
	"Microsoft-ServiceBus-Client/Operational":                                  "servicebus-client",
	"Microsoft-Windows-AppLocker/EXE and DLL":                                  "applocker",
	"Microsoft-Windows-AppLocker/MSI and Script":                               "applocker",
	"Microsoft-Windows-AppLocker/Packaged app-Deployment":                      "applocker",
	"Microsoft-Windows-AppLocker/Packaged app-Execution":                       "applocker",
	"Microsoft-Windows-AppModel-Runtime/Admin":                                 "appmodel-runtime",
	"Microsoft-Windows-AppXDeploymentServer/Operational":                       "appxdeployment-server",
	"Microsoft-Windows-AppXDeployment-Server/Operational":                      "appxdeployment-server",
	"Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant": "application-experience",
	"Microsoft-Windows-Application-Experience/Program-Telemetry":               "application-experience",
	"Microsoft-Windows-AppxPackaging/Operational":                              "appxpackaging-om",
	"Microsoft-Windows-BitLocker/BitLocker Management":                         "bitlocker",
	"Microsoft-Windows-Bits-Client/Operational":                                "bits-client",
	"Microsoft-Windows-CAPI2/Operational":                                      "capi2",
	"Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational": "certificateservicesclient-lifecycle-system",
	"Microsoft-Windows-CodeIntegrity/Operational":                              "codeintegrity-operational",
	"Microsoft-Windows-DHCP-Server/Operational":                                "dhcp",
	"Microsoft-Windows-DNS Client Events/Operational":                          "dns-client",
	"Microsoft-Windows-DNS-Client/Operational":                                 "dns-client",
	"Microsoft-Windows-DNS-Server/Analytical":                                  "dns-server-analytic",
	"Microsoft-Windows-DNS-Server/Audit":                                       "dns-server-audit",
	"Microsoft-Windows-Diagnosis-Scripted/Operational":                         "diagnosis-scripted",
	"Microsoft-Windows-DriverFrameworks-UserMode/Operational":                  "driver-framework",
	"Microsoft-Windows-Hyper-V-Worker":                                         "hyper-v-worker",
	"Microsoft-Windows-Hyper-V-Worker-Admin":                                   "hyper-v-worker",
	"Microsoft-Windows-Kernel-EventTracing":                                    "kernel-event-tracing",
	"Microsoft-Windows-Kernel-EventTracing/Admin":                              "kernel-event-tracing",
	"Microsoft-Windows-Kernel-ShimEngine/Diagnostic":                           "kernel-shimengine",
	"Microsoft-Windows-Kernel-ShimEngine/Operational":                          "kernel-shimengine",
	"Microsoft-Windows-LDAP-Client/Debug":                                      "ldap",
	"Microsoft-Windows-LSA/Operational":                                        "lsa-server",
	"Microsoft-Windows-NTLM/Operational":                                       "ntlm",
	"Microsoft-Windows-Ntfs/Operational":                                       "ntfs",
	"Microsoft-Windows-PowerShell/Operational":                                 "powershell",
	"Microsoft-Windows-PrintService/Admin":                                     "printservice-admin",
	"Microsoft-Windows-PrintService/Operational":                               "printservice-operational",
	"Microsoft-Windows-SENSE/Operational":                                      "sense",
	"Microsoft-Windows-SMBServer/Connectivity":                                 "smbserver-connectivity",
	"Microsoft-Windows-Security-Mitigations/Kernel Mode":                       "security-mitigations",
	"Microsoft-Windows-Security-Mitigations/KernelMode":                        "security-mitigations",
	"Microsoft-Windows-Security-Mitigations/User Mode":                         "security-mitigations",
	"Microsoft-Windows-Security-Mitigations/UserMode":                          "security-mitigations",
	"Microsoft-Windows-Shell-Core/Operational":                                 "shell-core",
	"Microsoft-Windows-SmbClient/Connectivity":                                 "smbclient-connectivity",
	"Microsoft-Windows-SmbClient/Security":                                     "smbclient-security",
	"Microsoft-Windows-Sysmon/Operational":                                     "sysmon",
	"Microsoft-Windows-TaskScheduler/Operational":                              "taskscheduler",
	"Microsoft-Windows-TerminalServices-LocalSessionManager/Operational":       "terminalservices-localsessionmanager",
	"Microsoft-Windows-VHDMP/Operational":                                      "vhdmp",
	"Microsoft-Windows-VHDMP-Operational":                                      "vhdmp",
	"Microsoft-Windows-WMI-Activity/Operational":                               "wmi",
	"Microsoft-Windows-Windows Defender/Operational":                           "windefend",
	"Microsoft-Windows-Windows Firewall With Advanced Security/Firewall":       "firewall-as",
	"OpenSSH/Operational":                                                      "openssh",
	"PowerShellCore/Operational":                                               "powershell",
	"Security":                                                                 "security",
	"System":                                                                   "system",
	"Windows PowerShell":                                                       "powershell-classic",
}

// windowsLower is windowsServices for channels in another case, as forwarders
// write them.
var windowsLower = func() map[string]string {
	m := make(map[string]string, len(windowsServices))
	for c, s := range windowsServices {
		m[strings.ToLower(c)] = s
	}
	return m
}()

// sysmonCategories maps Sysmon's event IDs.
var sysmonCategories = map[string]string{
	"1": "process_creation", "2": "file_change", "3": "network_connection", "4": "sysmon_status",
	"5": "process_termination", "6": "driver_load", "7": "image_load", "8": "create_remote_thread",
	"9": "raw_access_thread", "10": "process_access", "11": "file_event",
	"12": "registry_event", "13": "registry_event", "14": "registry_event",
	"15": "create_stream_hash", "16": "sysmon_status", "17": "pipe_created", "18": "pipe_created",
	"19": "wmi_event", "20": "wmi_event", "21": "wmi_event", "22": "dns_query", "23": "file_delete",
	"24": "clipboard_capture", "25": "process_tampering", "26": "file_delete_detected",
	"27": "file_block_executable", "28": "file_block_shredding", "29": "file_executable_detected",
	"255": "sysmon_error",
}
