package evtx

import "strings"

// Sigma's categories have field names of their own, which are Sysmon's. What
// Security's 4688 and 4657 call otherwise is mapped here as in
// https://github.com/SigmaHQ/pySigma-pipeline-windows.

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
