package config

import (
	"regexp"
	"slices"
	"strings"
)

// open looks at the element that just began.
func (r *reader) open(a map[string]string) {
	here := r.ref()
	location := r.of("location", "path")
	switch el := r.up(0); {
	case el == "site" && r.up(1) == "sites":
		r.site, r.bindings = len(r.path), nil
	case el == "binding" && r.in("site"):
		if len(r.bindings) < 256 {
			r.bindings = append(r.bindings, a["protocol"]+"/"+a["bindinginformation"])
		}
	case el == "logfile" && (r.up(1) == "site" || r.up(1) == "sitedefaults" || r.up(1) == "centralw3clogfile"), el == "centralw3clogfile":
		if a["directory"] != "" {
			r.emit(here, "Kind", "log", "Site", r.of("site", "name"), "Directory", a["directory"], "Format", a["logformat"])
		}
	case el == "virtualdirectory" && r.in("application"):
		url := strings.TrimSuffix(r.of("application", "path"), "/") + a["path"]
		r.emit(here, "Kind", "directory", "Site", r.of("site", "name"), "URL", url, "PhysicalPath", a["physicalpath"],
			"AppPool", r.of("application", "applicationpool"), "User", a["username"], "Suspect", suspect(a["physicalpath"]))
	case el == "add" && r.up(1) == "globalmodules":
		r.emit(here, "Kind", "module", "Name", a["name"], "Image", a["image"])
	case el == "add" && (r.up(1) == "modules" || r.up(1) == "httpmodules"):
		r.emit(here, "Kind", "module", "Name", a["name"], "Type", a["type"], "Location", location)
	case el == "add" && (r.up(1) == "handlers" || r.up(1) == "httphandlers"):
		r.emit(here, "Kind", "handler", "Name", a["name"], "URL", a["path"], "Verbs", a["verb"], "Modules", a["modules"],
			"Image", a["scriptprocessor"], "Type", a["type"], "Location", location)
	case el == "machinekey":
		if key := a["validationkey"]; key != "" && !strings.HasPrefix(strings.ToLower(key), "autogenerate") {
			r.emit(here, "Kind", "key", "Location", location, "Validation", a["validation"], "Decryption", a["decryption"])
		}
	case el == "action" && r.up(1) == "rule":
		r.emit(here, "Kind", "rewrite", "Location", location, "Name", r.of("rule", "name"), "Pattern", r.pattern(), "Action", a["type"])
	case el == "match" && r.up(1) == "rule" && len(r.attrs) > 1:
		r.attrs[len(r.attrs)-2]["#pattern"] = a["url"]
	case el == "add" && r.up(1) == "conditions" && len(r.attrs) > 2:
		r.attrs[len(r.attrs)-3]["#condition"] = a["pattern"]
	case el == "add" && r.up(1) == "assemblies" && a["assembly"] != "*":
		r.emit(here, "Kind", "assembly", "Location", location, "Assembly", a["assembly"])
	case el == "windowsauthentication" && r.up(1) == "authentication" && r.up(2) == "security":
		r.auth, r.authRef = map[string]string{"Windows": a["enabled"]}, here
	case el == "extendedprotection" && r.auth != nil:
		r.auth["TokenChecking"], r.auth["Flags"] = a["tokenchecking"], a["flags"]
	case el == "ipsecurity" && r.up(1) == "security":
		r.listed = []string{}
	case el == "add" && r.up(1) == "ipsecurity" && a["allowed"] == "true":
		if len(r.listed) < 256 {
			r.listed = append(r.listed, a["ipaddress"])
		}
	}
}

func (r *reader) pattern() string {
	if c := r.of("rule", "#condition"); c != "" {
		return c
	}
	return r.of("rule", "#pattern")
}

// close looks at the element that just ended.
func (r *reader) close() {
	if len(r.attrs) == 0 {
		return
	}
	a, location := r.attrs[len(r.attrs)-1], r.of("location", "path")
	switch el := r.up(0); {
	case el == "site" && len(r.path) == r.site:
		slices.Sort(r.bindings)
		r.emit(r.ref(), "Kind", "site", "Name", a["name"], "ID", a["id"], "Bindings", strings.Join(r.bindings, " "))
		r.site = 0
	case el == "windowsauthentication" && r.auth != nil:
		r.emit(r.authRef, "Kind", "authentication", "Location", location, "Windows", r.auth["Windows"],
			"TokenChecking", r.auth["TokenChecking"], "Flags", r.auth["Flags"])
		r.auth = nil
	case el == "ipsecurity" && r.listed != nil:
		r.emit(r.ref(), "Kind", "access", "Location", location, "Unlisted", a["allowunlisted"], "Listed", strings.Join(r.listed, " "))
		r.listed = nil
	}
}

// devices are folder names under ProgramData that intruders gave to virtual
// directories after ProxyShell; some of them Windows' shells cannot open
// (signature-base expl_proxyshell.yar, "applicationHost.config").
var devices = regexp.MustCompile(`(?i)^[a-z]:\\+programdata\\+(com[0-9]*|who|zing|zoo|xyz|aux|con|nul|prn|lpt[0-9]*)(\\|\.|$)`)

// suspect says what is odd about the folder that a virtual directory points to.
func suspect(folder string) string {
	f := strings.ToLower(strings.ReplaceAll(folder, "/", `\`))
	switch {
	case devices.MatchString(f):
		return "folder under ProgramData named as intruders did after ProxyShell"
	case strings.Contains(f, `:\users\all users`):
		return "folder under Users\\All Users, an alias of ProgramData"
	case strings.Contains(f, `:\programdata\`):
		return "folder under ProgramData"
	case strings.Contains(f, `:\windows\temp`), strings.Contains(f, `\appdata\local\temp`), strings.Contains(f, `:\perflogs`),
		strings.Contains(f, `:\$recycle.bin`), strings.Contains(f, `:\users\public`):
		return "folder that any account can write"
	case strings.HasPrefix(f, `\\`) && !strings.HasPrefix(f, `\\?\`) && !strings.HasPrefix(f, `\\.\`):
		return "folder on another machine"
	case strings.HasPrefix(f, `\\?\`), strings.HasPrefix(f, `\\.\`), strings.Contains(f, `::$`):
		return "folder named so that most programs cannot open it"
	}
	return ""
}
