package acquire

import (
	"encoding/xml"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A machine is a running host, as far as finding evidence on it needs.
type machine struct {
	windows  bool
	fs       fs.FS                          // all of it; on Windows drives are its folders: "C/inetpub"
	env      func(name string) string       // environment; on Windows any case will do
	registry func(key, value string) string // a string below HKEY_LOCAL_MACHINE; "" if there is none
	absent   func(path, why string)         // told of each place that the configuration names and that is not read; may be nil
}

// named returns a place that the configuration names, and tells if it is not
// there: what lay in it is not seen.
func (m machine) named(path string, logs bool) place {
	if m.absent == nil || !fs.ValidPath(path) {
		return place{path, logs}
	}
	if m.windows && !strings.Contains(path, "/") {
		m.absent(path, "the configuration names the whole drive: give it as PATH to have it read")
	} else if _, err := fs.Stat(m.fs, path); err != nil {
		m.absent(path, "the configuration names it, but it is not there: "+reason(err))
	}
	return place{path, logs}
}

// A place is a folder or file of a machine that is evidence.
type place struct {
	path string // in machine.fs
	logs bool   // archives there are old logs; elsewhere they are anybody's
}

// discover finds where the evidence of a web or Exchange server lies. It
// returns places that exist, none inside another, by path.
func discover(m machine) []place {
	var found []place
	if m.windows {
		found = discoverWindows(m)
	} else {
		found = discoverUnix(m)
	}
	var exist []place
	for _, p := range found {
		if p.path == "" || !fs.ValidPath(p.path) || !strings.Contains(p.path, "/") && m.windows {
			continue // never a whole drive
		}
		if _, err := fs.Stat(m.fs, p.path); err == nil {
			exist = append(exist, p)
		}
	}
	return outermost(exist, m.windows)
}

// outermost drops places inside others.
func outermost(list []place, fold bool) []place {
	key := func(p place) string {
		if fold {
			return strings.ToLower(p.path)
		}
		return p.path
	}
	slices.SortStableFunc(list, func(a, b place) int { return strings.Compare(key(a)+"/", key(b)+"/") })
	var out []place
	for _, p := range list {
		if n := len(out); n > 0 && strings.HasPrefix(key(p)+"/", key(out[n-1])+"/") {
			out[n-1].logs = out[n-1].logs || p.logs && key(p) == key(out[n-1])
			continue
		}
		out = append(out, p)
	}
	return out
}

// exchangeSetup is where Exchange 2013 and later say where they are.
const exchangeSetup = `SOFTWARE\Microsoft\ExchangeServer\v15\Setup`

func discoverWindows(m machine) []place {
	windir := m.winPath(`%windir%`)
	if windir == "" {
		windir = "C/Windows"
	}
	drive := windir[:1]
	found := []place{
		{path.Join(windir, "System32/inetsrv/config"), false},
		{path.Join(windir, "System32/winevt/Logs"), true},
		{path.Join(windir, "Microsoft.NET/Framework64/v4.0.30319/Temporary ASP.NET Files"), false},
		{path.Join(drive, "ExchangeSetupLogs"), true},
		{path.Join(drive, "inetpub/logs/LogFiles"), true},
		{path.Join(drive, "inetpub/wwwroot"), false},
	}
	for _, v := range []string{"15", "16"} { // SharePoint
		found = append(found, place{path.Join(drive, "Program Files/Common Files/microsoft shared/Web Server Extensions", v, "TEMPLATE/LAYOUTS"), false})
	}
	exchange := m.winPath(m.registry(exchangeSetup, "MsiInstallPath"))
	if exchange == "" {
		exchange = m.winPath(`%ExchangeInstallPath%`)
	}
	if exchange != "" && strings.Contains(exchange, "/") {
		m.named(path.Join(exchange, "Logging"), true)
	} else {
		exchange = path.Join(drive, "Program Files/Microsoft/Exchange Server/V15") // the default of setup
	}
	// Not all of it: the databases lie there too.
	found = append(found, place{path.Join(exchange, "Logging"), true})
	for _, sub := range []string{"FrontEnd", "ClientAccess", "Bin/ExSetup.exe", "TransportRoles/Agents"} {
		found = append(found, place{path.Join(exchange, sub), false})
	}
	roots, logs := m.iisFolders(path.Join(windir, "System32/inetsrv/config/applicationHost.config"))
	for _, p := range roots {
		if within(p, windir) { // RpcProxy, and the like
			continue
		}
		found = append(found, m.named(p, false))
	}
	for _, p := range logs {
		found = append(found, m.named(p, true))
	}
	return found
}

func within(p, dir string) bool {
	return strings.HasPrefix(strings.ToLower(p)+"/", strings.ToLower(dir)+"/")
}

var winVar = regexp.MustCompile(`%([^%\\/]+)%`)

// winPath turns a Windows path into one of m.fs; "" if it names no local one.
func (m machine) winPath(p string) string {
	missing := false
	p = winVar.ReplaceAllStringFunc(p, func(v string) string {
		s := m.env(strings.Trim(v, "%"))
		missing = missing || s == ""
		return s
	})
	p = strings.ReplaceAll(p, `\`, "/")
	if missing || len(p) < 2 || p[1] != ':' {
		return ""
	}
	return path.Clean(strings.ToUpper(p[:1]) + "/" + p[2:])
}

// iisFolders reads IIS's configuration for web roots and log folders.
func (m machine) iisFolders(config string) (roots, logs []string) {
	f, err := m.fs.Open(config)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	d := xml.NewDecoder(io.LimitReader(f, 64<<20))
	d.Strict = false
	for {
		t, err := d.RawToken()
		if err != nil {
			return roots, logs // what was read of a damaged file still counts
		}
		e, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range e.Attr {
			list := &roots
			switch {
			case e.Name.Local == "virtualDirectory" && a.Name.Local == "physicalPath":
			case a.Name.Local == "directory" && (e.Name.Local == "logFile" || e.Name.Local == "centralW3CLogFile" || e.Name.Local == "centralBinaryLogFile"):
				list = &logs
			default:
				continue
			}
			if p := m.winPath(a.Value); p != "" {
				*list = append(*list, p)
			} else if m.absent != nil && strings.HasPrefix(a.Value, `\\`) {
				m.absent(a.Value, "the configuration names it, but it lies on another computer: scan it there, or give it as PATH")
			}
		}
	}
}

func discoverUnix(m machine) []place {
	var found []place
	add := func(logs bool, patterns ...string) {
		for _, pattern := range patterns {
			names, err := fs.Glob(m.fs, pattern)
			if err != nil {
				continue // the patterns are constants
			}
			for _, n := range names {
				found = append(found, place{n, logs})
			}
		}
	}
	add(true, "var/log/nginx", "var/log/apache2", "var/log/httpd", "var/log/lighttpd", "var/log/caddy", "var/log/tomcat*",
		"var/lib/tomcat*/logs", "opt/tomcat*/logs", "opt/apache-tomcat*/logs", "usr/share/tomcat*/logs")
	add(false, "var/www", "srv/www", "srv/http", "usr/share/nginx/html", "usr/local/apache2/htdocs",
		"var/lib/tomcat*/webapps", "opt/tomcat*/webapps", "opt/apache-tomcat*/webapps", "usr/share/tomcat*/webapps",
		"etc/nginx", "etc/apache2", "etc/httpd")
	for _, dir := range []string{"etc/nginx", "etc/apache2", "etc/httpd"} {
		n := 0
		err := fs.WalkDir(m.fs, dir, func(p string, d fs.DirEntry, err error) error {
			if n++; n > 5_000 {
				return fs.SkipAll
			}
			if err == nil && d.Type().IsRegular() {
				found = append(found, m.serverFolders(p)...)
			}
			return nil
		})
		if err != nil {
			continue
		}
	}
	return found
}

// directive is a line of nginx's or Apache's configuration that names a place.
var directive = regexp.MustCompile(`(?mi)(?:^|[;{])[ \t]*(root|alias|DocumentRoot|access_log|error_log|CustomLog|ErrorLog|TransferLog)[ \t]+"?(/[^\s";$]+)`)

func (m machine) serverFolders(config string) []place {
	var found []place
	for _, d := range directive.FindAllSubmatch(readSmall(m.fs, config), -1) {
		p := strings.TrimPrefix(path.Clean(string(d[2])), "/")
		logs := strings.Contains(strings.ToLower(string(d[1])), "log")
		if logs {
			p = path.Dir(p) // rotated ones lie beside it
		}
		switch top, _, _ := strings.Cut(p, "/"); top {
		case "dev", "proc", "sys", "run", "":
			continue
		}
		if strings.Count(p, "/") == 0 || p == "var/log" {
			continue // too wide
		}
		found = append(found, place{p, logs})
	}
	return found
}
