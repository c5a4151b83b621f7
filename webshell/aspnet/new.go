package aspnet

import (
	"regexp"
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// line is the command line of a program and its arguments, if they are known.
func line(m *script.Machine, args []script.Value) script.Value {
	if s, ok := nth(args, 1).Text(); ok && len(args) == 2 && s != "" {
		return m.Concat(args[0], script.Const(" "), args[1])
	}
	if len(args) == 1 {
		return args[0]
	}
	return script.Union(args...)
}

func (h *host) New(m *script.Machine, n *script.Node, class string, args []script.Value) (script.Value, bool) {
	a := first(args)
	made := func(class string, path script.Value) (script.Value, bool) {
		v := script.Instance(class)
		v.O.Fields = map[string]script.Value{"path": path}
		return v, true
	}
	switch class {
	case "guid":
		if a.Known() {
			return a, true
		}
	case "xmlserializer", "datacontractserializer", "datacontractjsonserializer", "javascriptserializer":
		return script.Instance(class, args...), true
	case "processstartinfo":
		if len(args) > 0 {
			h.exec(m, n, line(m, args), "ProcessStartInfo", "")
		}
		return script.Instance(class, args...), true
	case "activexobject":
		s, _ := a.Text()
		return script.Instance(webshell.ProgID(s)), true
	case "function":
		if m.Dialect() == script.JScript && len(args) > 0 {
			if f, ok := m.NewFunction(args); ok {
				return f, true
			}
			return h.code(m, n, args[len(args)-1], "Function"), true
		}
	case "directoryinfo", "fileinfo":
		return made(class, a)
	case "streamwriter", "filestream", "binarywriter", "streamreader", "xmltextwriter":
		if a.K == script.VObject && (a.S == "filewriter" || a.S == "stdin" || a.S == "networkstream") {
			return a, true
		}
		if a.K == script.VObject || a.L&(fromUpload|fromRemote) != 0 && a.L&fileName == 0 {
			v := script.Instance("reader", a, a.O.AnyValue())
			if a.K == script.VObject { // what is written goes there
				v.O.Fields = map[string]script.Value{"<base>": a}
			}
			return v, true
		}
		if class == "streamreader" {
			return h.read(m, n, a), true
		}
		return made("filewriter", a)
	case "sqlconnection", "oledbconnection", "odbcconnection", "mysqlconnection", "oracleconnection":
		v := script.Instance(class)
		v.O.Any = script.Union(args...)
		return v, true
	case "sqlcommand", "oledbcommand", "odbccommand", "mysqlcommand", "oraclecommand", "sqldataadapter", "oledbdataadapter", "odbcdataadapter", "mysqldataadapter":
		h.sql(m, n, a, nth(args, 1))
		v := script.Instance(class)
		v.O.Fields = map[string]script.Value{"connection": nth(args, 1)}
		return v, true
	case "losformatter", "objectstateformatter", "binaryformatter", "netdatacontractserializer", "soapformatter":
		return script.Instance(class), true
	case "tcpclient", "socket", "udpclient", "namedpipeclientstream":
		if u := script.Union(args...); u.L&client != 0 {
			h.socket(n, u)
		}
		for _, a := range args {
			if a.K == script.VType && strings.HasSuffix(a.S, "sockettype.raw") {
				h.See(n, a, webshell.Sight{Rule: "raw-socket", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence, Text: "The page opens a raw socket, as sniffers and scanners do."})
			}
		}
		return script.Instance(class), true
	case "webclient", "httpclient":
		return script.Instance("webclient"), true
	case "smtpclient", "mailmessage", "mailaddress":
		return script.Instance(class, args...), true
	case "ziparchive":
		return script.Instance(class, args...), true
	case "httplistener":
		h.See(n, a, webshell.Sight{Rule: "second-listener", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence, Text: "The page opens a web server of its own."})
		return script.Instance(class), true
	case "managementobjectsearcher":
		query, scope := a, script.Value{}
		if len(args) > 1 {
			query, scope = args[1], a
		}
		h.wholeQuery(n, query, scope, "request-to-wmi", "The request sends a whole query that Windows answers about the system (WMI).")
		return script.Instance(class, args...), true
	case "powershell", "xslcompiledtransform", "xsltransform", "managementclass", "managementobject", "managementbaseobject", "scriptcontrol":
		return script.Instance(class, args...), true
	case "xpathdocument", "xmltextreader":
		if ofIIS(a) {
			return script.Instance(class, m.Source(n, fromFile|setting)), true
		}
	case "objectdatasource", "objectdataprovider":
		v := script.Instance(class)
		v.O.Fields = map[string]script.Value{"typename": a, "selectmethod": nth(args, 1)}
		return v, true
	case "directorysearcher":
		v := script.Instance(class)
		v.O.Fields = map[string]script.Value{"root": a}
		h.directory(n, nth(args, 1), a)
		return v, true
	case "directoryentry":
		v := script.Instance(class, args...)
		v.O.Fields = map[string]script.Value{"path": a}
		if s, _ := a.Text(); strings.HasPrefix(strings.ToLower(s+a.Prefix()), "iis://") && !h.restarts() {
			h.See(n, a, webshell.Sight{Rule: "reads-iis-metabase", Verdict: webshell.Malicious, Sure: finding.ModerateConfidence, Text: "The page opens the configuration of IIS itself, which holds accounts and passwords."})
		}
		return v, true
	case "cspparameters", "csharpcodeprovider", "vbcodeprovider", "jscriptcodeprovider", "codedomprovider", "microsoft.jscript.jscriptcodeprovider":
		return script.Instance("codedomprovider"), true
	case "machinekeysection":
		return script.Value{L: secret, T: m.Source(n, secret).T}, true
	}
	return script.Value{}, false
}

var (
	restarts   = regexp.MustCompile(`(?i)\.Invoke\(\s*"(?:Recycle|Start|Stop)"`)
	properties = regexp.MustCompile(`(?i)\.Properties\s*[\[(.]`)
)

// restartsPools reports whether the page starts and stops what IIS runs, and reads
// nothing of it.
func (h *host) restartsPools() bool {
	return h.page.Kind == source && restarts.MatchString(h.page.Text) && !properties.MatchString(h.page.Text)
}
