package registry

import (
	"bytes"
	"fmt"
	"strings"

	"limier/internal/regf"
)

// products tells what the SOFTWARE hive says is installed. The build that
// Exchange's setup leaves there names the CU; security updates do not touch it.
func (w *walk) products() {
	for _, v := range []string{"v15", "v14"} {
		if k, ok := w.root.Open(`Microsoft\ExchangeServer\` + v + `\Setup`); ok {
			part := func(name string) string { return text(k, name) }
			version := ""
			if part("MsiProductMajor") != "" && part("MsiBuildMajor") != "" {
				version = fmt.Sprintf("%s.%s.%s.%s", part("MsiProductMajor"), part("MsiProductMinor"), part("MsiBuildMajor"), part("MsiBuildMinor"))
			}
			w.product(k, "Exchange", version, part("MsiInstallPath"))
		}
	}
	for _, v := range []string{"16.0", "15.0", "14.0"} {
		if k, ok := w.root.Open(`Microsoft\Shared Tools\Web Server Extensions\` + v); ok {
			w.product(k, "SharePoint", text(k, "Version"), text(k, "Location"))
		}
	}
	if k, ok := w.root.Open(`Microsoft\InetStp`); ok {
		w.product(k, "IIS", strings.TrimPrefix(text(k, "VersionString"), "Version "), text(k, "PathWWWRoot"))
	}
	if k, ok := w.root.Open(`Microsoft\Windows NT\CurrentVersion`); ok && text(k, "ProductName") != "" {
		version := text(k, "CurrentBuild")
		if ubr := text(k, "UBR"); ubr != "" {
			version += "." + ubr
		}
		w.product(k, text(k, "ProductName"), version, text(k, "SystemRoot"))
	}
}

// A start is a key whose values start programs: all of them, or those named.
// Each is one of ATT&CK's T1547, T1546, T1543 or T1505.
type start struct {
	path, prefix string
	names        []string
}

var starts = []start{
	{`Microsoft\Windows\CurrentVersion\Run`, `HKLM\SOFTWARE\`, nil},
	{`Microsoft\Windows\CurrentVersion\RunOnce`, `HKLM\SOFTWARE\`, nil},
	{`Microsoft\Windows\CurrentVersion\Policies\Explorer\Run`, `HKLM\SOFTWARE\`, nil},
	{`Wow6432Node\Microsoft\Windows\CurrentVersion\Run`, `HKLM\SOFTWARE\`, nil},
	{`Wow6432Node\Microsoft\Windows\CurrentVersion\RunOnce`, `HKLM\SOFTWARE\`, nil},
	{`Microsoft\Windows NT\CurrentVersion\Winlogon`, `HKLM\SOFTWARE\`, []string{"Shell", "Userinit", "Taskman"}},
	{`Microsoft\Windows NT\CurrentVersion\Windows`, `HKLM\SOFTWARE\`, []string{"AppInit_DLLs", "Load"}},
	{`Software\Microsoft\Windows\CurrentVersion\Run`, `HKCU\`, nil},
	{`Software\Microsoft\Windows\CurrentVersion\RunOnce`, `HKCU\`, nil},
	{`Software\Microsoft\Windows NT\CurrentVersion\Winlogon`, `HKCU\`, []string{"Shell"}},
	{`Environment`, `HKCU\`, []string{"UserInitMprLogonScript"}},
}

func (w *walk) autostart() {
	for _, s := range starts {
		k, ok := w.root.Open(s.path)
		if !ok {
			continue
		}
		if s.names != nil {
			for _, n := range s.names {
				if t := text(k, n); t != "" {
					w.set(k, s.prefix+s.path+`\`+n, t)
				}
			}
			continue
		}
		for v, err := range k.Values() {
			if t := v.Text(); err == nil && t != "" {
				w.set(k, s.prefix+s.path+`\`+v.Name, t)
			}
		}
	}
	const debuggers = `Microsoft\Windows NT\CurrentVersion\Image File Execution Options`
	if k, ok := w.root.Open(debuggers); ok {
		w.subkeys(k, 10000, func(k regf.Key) {
			if t := text(k, "Debugger"); t != "" {
				w.set(k, `HKLM\SOFTWARE\`+debuggers+`\`+k.Name+`\Debugger`, t)
			}
		})
	}
	w.requests()
	w.services()
}

// services tells what each service of the control set in use runs.
func (w *walk) services() {
	set := "ControlSet001"
	if k, ok := w.root.Open("Select"); ok {
		if n := text(k, "Current"); n != "" && len(n) < 4 {
			set = "ControlSet" + "000"[:3-len(n)] + n
		}
	}
	k, ok := w.root.Open(set + `\Services`)
	if !ok {
		return
	}
	w.subkeys(k, 10000, func(k regf.Key) {
		target := `HKLM\System\CurrentControlSet\Services\` + k.Name
		if t := text(k, "ImagePath"); t != "" {
			w.set(k, target+`\ImagePath`, t)
		}
		if p, ok := k.Open("Parameters"); ok {
			if t := text(p, "ServiceDll"); t != "" {
				w.set(p, target+`\Parameters\ServiceDll`, t)
			}
		}
	})
}

// marks are words of a script that no certificate request holds.
var marks = []string{"<script", "<%", "runat=", "eval(", "request[", "request.", "page language", "unsafe"}

// requests looks for scripts inside pending certificate requests: after
// ProxyShell intruders wrote web shells with New-ExchangeCertificate
// -GenerateRequest, which also stays here (TRACES: hamad-she). The script
// itself is not copied out.
func (w *walk) requests() {
	const path = `Microsoft\SystemCertificates\REQUEST\Certificates`
	k, ok := w.root.Open(path)
	if !ok {
		return
	}
	w.subkeys(k, 10000, func(k regf.Key) {
		v, ok := k.Value("Blob")
		if !ok {
			return
		}
		data, _ := v.Data(1 << 20) // the hive counts what is damaged
		// Texts in a request are ASCII or UTF-16: without its zeros it is both.
		plain := bytes.ToLower(bytes.ReplaceAll(data, []byte{0}, nil))
		var found []string
		for _, m := range marks {
			if bytes.Contains(plain, []byte(m)) {
				found = append(found, m)
			}
		}
		if len(found) > 0 {
			w.set(k, `HKLM\SOFTWARE\`+path+`\`+k.Name+`\Blob`, fmt.Sprintf("certificate request of %d bytes with a script in it: %s", len(data), strings.Join(found, " ")))
		}
	})
}
