package sigma

import (
	"slices"
	"strings"

	"limier/event"
)

// categories returns the categories of an event: its own, and those that
// narrow it (Sigma's taxonomy, and tests/thor.yml of SigmaHQ/sigma).
func categories(ls event.Logsource, eventID string) []string {
	all := []string{ls.Category}
	if ls.Product != "windows" {
		return all
	}
	switch ls.Service {
	case "sysmon":
		all = append(all, event.Windows("Microsoft-Windows-Sysmon/Operational", eventID).Category)
		switch eventID {
		case "12":
			all = append(all, "registry_add", "registry_delete")
		case "13":
			all = append(all, "registry_set")
		case "14":
			all = append(all, "registry_rename")
		}
	case "security":
		switch eventID {
		case "4688":
			all = append(all, "process_creation")
		case "4657":
			all = append(all, "registry_event", "registry_set", "registry_delete")
		}
	case "powershell":
		all = append(all, event.Windows("Microsoft-Windows-PowerShell/Operational", eventID).Category)
	case "powershell-classic":
		all = append(all, event.Windows("Windows PowerShell", eventID).Category)
	case "windefend":
		if slices.Contains(antivirusIDs, eventID) {
			all = append(all, "antivirus")
		}
	}
	return all
}

// antivirusIDs are Defender's events about malware.
var antivirusIDs = []string{"1006", "1007", "1008", "1009", "1010", "1011", "1012", "1017", "1018", "1019", "1115", "1116", "1117", "1118", "1119"}

// eventTypes narrows what Sysmon's event 12 and Windows' event 4657 say of the
// registry to the category of a rule.
func eventTypes(category string, ls event.Logsource, eventID string) []string {
	switch {
	case ls.Service == "sysmon" && eventID == "12" && category == "registry_add":
		return []string{"CreateKey"}
	case (eventID == "12" || eventID == "4657") && category == "registry_delete":
		return []string{"DeleteKey", "DeleteValue"}
	case eventID == "4657" && category == "registry_set":
		return []string{"SetValue"}
	}
	return nil
}

// concerns reports whether a rule for want is about events of ls.
func concerns(want, ls event.Logsource, eventID string) bool {
	if want.Category != "" && !slices.Contains(categories(ls, eventID), want.Category) {
		return false
	}
	if want.Service != "" && strings.TrimPrefix(want.Service, "microsoft-") != strings.TrimPrefix(ls.Service, "microsoft-") {
		return false
	}
	if want.Product != "" && want.Product != ls.Product {
		// An access log of an unknown server may be of any product.
		return ls.Product == "" && want.Category != "" && want.Category == ls.Category
	}
	if want.Category == "" && want.Service == "" && (ls.Category == event.IIS.Category || ls.Category == event.File.Category) {
		return false // a rule for all of Windows' events, not for other files
	}
	return true
}

// A view is one way to get the value of a rule's field out of an event.
type view struct {
	names  []string // the first that is present
	derive derivation
}

type derivation uint8

const (
	plain      derivation = iota
	uri                   // stem?query, of names[0] and names[1]
	account               // DOMAIN\user, of names[0] and names[1], or whom the SID names[2] is known to be
	integrity             // the word for a label's SID
	registry              // a key as Sysmon writes it, of names[0] and names[1]
	operation             // 4657's OperationType as Sysmon's EventType
	everything            // all values, for keywords
	repeated              // all values of a name that repeats
)

// views returns how to get a rule's field out of events of a log source. Any of
// the views may match.
func views(field string, ls event.Logsource, eventID string) []view {
	if field == "" {
		return []view{{derive: everything}}
	}
	switch {
	case ls.Category == "webserver" || ls.Category == "proxy":
		if v, ok := webFields[field]; ok {
			return v
		}
	case ls.Product == "windows" && field == "Data":
		return []view{{names: []string{"Data"}, derive: repeated}}
	case ls.Product == "windows" && ls.Service == "security" && eventID == "4688":
		if v, ok := creationFields[field]; ok {
			return v
		}
	case ls.Product == "windows" && ls.Service == "security" && eventID == "4657":
		if v, ok := registryFields[field]; ok {
			return v
		}
	case ls.Product == "windows" && ls.Service == "windefend":
		if v, ok := defenderFields[field]; ok {
			return v
		}
	}
	return named(field)
}

func named(names ...string) []view { return []view{{names: names}} }

// webFields maps the field names of Sigma's webserver and proxy categories to
// those of W3C logs, which are also those of our parsers for access logs.
//
// SigmaHQ's web rules look for parts of the path in cs-uri-query, as the
// systems they were written for have it; W3C logs have the path in cs-uri-stem.
// So the query is the query alone or the stem with the query.
var webFields = func() map[string][]view {
	full := view{names: []string{"cs-uri-stem", "cs-uri-query"}, derive: uri}
	query := []view{{names: []string{"cs-uri-query", "c-uri-query"}}, full}
	whole := []view{{names: []string{"cs-uri", "c-uri"}}, full}
	stem := named("cs-uri-stem", "c-uri-stem")
	agent := named("cs(User-Agent)", "cs-user-agent", "c-useragent", "cs-useragent", "user-agent", "useragent")
	referer := named("cs(Referer)", "cs-referer", "cs-referrer", "referer")
	host := named("cs-host", "cs(Host)", "r-dns")
	cookie := named("cs-cookie", "cs(Cookie)")
	client, server := named("c-ip", "src_ip"), named("s-ip", "dst_ip")
	user := named("cs-username", "cs-user")
	return map[string][]view{
		"cs-uri-query": query, "c-uri-query": query, "query": query,
		"cs-uri": whole, "c-uri": whole, "uri": whole, "url": whole,
		"cs-uri-stem": stem, "c-uri-stem": stem, "cs-uri-path": stem, "uri_path": stem,
		"cs-user-agent": agent, "c-useragent": agent, "cs-useragent": agent, "cs(User-Agent)": agent,
		"cs(user-agent)": agent, "user-agent": agent, "useragent": agent, "c-user-agent": agent,
		"cs-referer": referer, "cs-referrer": referer, "cs(Referer)": referer, "cs(referer)": referer, "referer": referer,
		"cs-host": host, "cs(Host)": host, "r-dns": host,
		"cs-cookie": cookie, "cs(Cookie)": cookie, "cookie": cookie,
		"c-ip": client, "src_ip": client, "s-ip": server, "dst_ip": server,
		"s-port": named("s-port", "dst_port"), "dst_port": named("s-port", "dst_port"),
		"cs-username": user, "cs-user": user, "username": user,
		"cs-method": named("cs-method", "method"), "sc-status": named("sc-status", "status"), "status": named("sc-status", "status"),
	}
}()

// creationFields maps Sysmon's names to those of Security 4688, as pySigma's
// windows-audit pipeline does.
var creationFields = map[string][]view{
	"Image":           named("NewProcessName"),
	"ParentImage":     named("ParentProcessName"),
	"CommandLine":     named("CommandLine", "ProcessCommandLine"),
	"ProcessId":       named("NewProcessId"),
	"ParentProcessId": named("ProcessId"),
	"LogonId":         named("SubjectLogonId"),
	"IntegrityLevel":  {{names: []string{"MandatoryLabel"}, derive: integrity}, {names: []string{"MandatoryLabel"}}},
	"User":            {{names: []string{"SubjectDomainName", "SubjectUserName", "SubjectUserSid"}, derive: account}},
}

// registryFields maps Sysmon's names to those of Security 4657.
var registryFields = map[string][]view{
	"TargetObject": {{names: []string{"ObjectName", "ObjectValueName"}, derive: registry}},
	"Details":      named("NewValue"),
	"Image":        named("ProcessName"),
	"EventType":    {{names: []string{"OperationType"}, derive: operation}},
	"User":         {{names: []string{"SubjectDomainName", "SubjectUserName", "SubjectUserSid"}, derive: account}},
}

// defenderFields maps what Sigma calls Defender's fields; the events' own
// names have spaces.
var defenderFields = map[string][]view{
	"Signature":    named("Threat Name", "ThreatName"),
	"ThreatName":   named("Threat Name", "ThreatName"),
	"Filename":     named("Path"),
	"Action":       named("Action Name", "ActionName"),
	"ActionName":   named("Action Name", "ActionName"),
	"NewValue":     named("New Value", "NewValue"),
	"OldValue":     named("Old Value", "OldValue"),
	"SourceName":   named("Source Name", "SourceName"),
	"SeverityName": named("Severity Name", "SeverityName"),
	"CategoryName": named("Category Name", "CategoryName"),
	"ProcessName":  named("Process Name", "ProcessName"),
	"User":         named("Detection User", "User"),
}
