package registry_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"limier/internal/regftest"
	"limier/parse/registry"
)

func read(t testing.TB, data []byte) string {
	t.Helper()
	f, err := fstest.MapFS{"SOFTWARE": {Data: data}}.Open("SOFTWARE")
	if err != nil {
		t.Fatal(err)
	}
	return events(f)
}

func events(f fs.File) string {
	var b strings.Builder
	for e, err := range registry.Parser.Parse(context.Background(), "SOFTWARE", f) {
		if err != nil {
			fmt.Fprintf(&b, "gap %v\n", err)
			continue
		}
		fmt.Fprint(&b, e.Time.Format("2006-01-02 "), e.Data.Logsource().Category, e.Data.Logsource().Service)
		for k, v := range e.Data.Fields() {
			fmt.Fprintf(&b, " %s=%q", k, v)
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

var software = map[string]map[string]any{
	`Microsoft\ExchangeServer\v15\Setup`:                                         {"MsiProductMajor": 15, "MsiProductMinor": 2, "MsiBuildMajor": 792, "MsiBuildMinor": 3, "MsiInstallPath": `D:\Exchange\V15\`},
	`Microsoft\Shared Tools\Web Server Extensions\16.0`:                          {"Version": "16.0.10417.20027", "Location": `C:\WSE\16\`},
	`Microsoft\InetStp`:                                                          {"VersionString": "Version 10.0", "PathWWWRoot": `%SystemDrive%\inetpub\wwwroot`},
	`Microsoft\Windows NT\CurrentVersion`:                                        {"ProductName": "Windows Server 2019 Standard", "CurrentBuild": "17763", "UBR": 1757, "SystemRoot": `C:\Windows`},
	`Microsoft\Windows\CurrentVersion\Run`:                                       {"Updater": `C:\ProgramData\u.exe`},
	`Microsoft\Windows NT\CurrentVersion\Winlogon`:                               {"Shell": "explorer.exe"},
	`Microsoft\SystemCertificates\REQUEST\Certificates\AB01`:                     {"Blob": []byte("0\x82CN=<\x00s\x00c\x00r\x00i\x00p\x00t\x00 runat=\"server\">")},
	`Microsoft\SystemCertificates\REQUEST\Certificates\AB02`:                     {"Blob": []byte("0\x82CN=mail.contoso.com")},
	`Microsoft\Windows NT\CurrentVersion\Image File Execution Options\sethc.exe`: {"Debugger": "cmd.exe"},
}

func TestSoftware(t *testing.T) {
	want := `2021-03-03 setup Product="Exchange" Version="15.2.792.3" Mode="registry" Path="D:\\Exchange\\V15\\"
2021-03-03 setup Product="SharePoint" Version="16.0.10417.20027" Mode="registry" Path="C:\\WSE\\16\\"
2021-03-03 setup Product="IIS" Version="10.0" Mode="registry" Path="%SystemDrive%\\inetpub\\wwwroot"
2021-03-03 setup Product="Windows Server 2019 Standard" Version="17763.1757" Mode="registry" Path="C:\\Windows"
2021-03-03 registry_set EventType="SetValue" TargetObject="HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\Updater" Details="C:\\ProgramData\\u.exe"
2021-03-03 registry_set EventType="SetValue" TargetObject="HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\Shell" Details="explorer.exe"
2021-03-03 registry_set EventType="SetValue" TargetObject="HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\sethc.exe\\Debugger" Details="cmd.exe"
2021-03-03 registry_set EventType="SetValue" TargetObject="HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\REQUEST\\Certificates\\AB01\\Blob" Details="certificate request of 35 bytes with a script in it: <script runat="
`
	if diff := cmp.Diff(want, read(t, regftest.Hive(software))); diff != "" {
		t.Error(diff)
	}
}

func TestSystem(t *testing.T) {
	got := read(t, regftest.Hive(map[string]map[string]any{
		"Select":                                 {"Current": 2},
		`ControlSet001\Services\Old`:             {"ImagePath": "old.exe"},
		`ControlSet002\Services\Evil`:            {"ImagePath": `%COMSPEC% /c powershell`},
		`ControlSet002\Services\Evil\Parameters`: {"ServiceDll": `C:\evil.dll`},
	}))
	want := `2021-03-03 registry_set EventType="SetValue" TargetObject="HKLM\\System\\CurrentControlSet\\Services\\Evil\\ImagePath" Details="%COMSPEC% /c powershell"
2021-03-03 registry_set EventType="SetValue" TargetObject="HKLM\\System\\CurrentControlSet\\Services\\Evil\\Parameters\\ServiceDll" Details="C:\\evil.dll"
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestDamaged: cut, dirty and broken hives say so.
func TestDamaged(t *testing.T) {
	hive := regftest.Hive(software)
	dirty := append([]byte(nil), hive...)
	dirty[4]++
	if got := read(t, dirty); !strings.Contains(got, "gap SOFTWARE: the hive was not written to its end") || !strings.Contains(got, "15.2.792.3") {
		t.Errorf("dirty hive: got %s", got)
	}
	for _, n := range []int{4, 600, 4096, 5000} {
		if got := read(t, hive[:n]); !strings.Contains(got, "gap ") {
			t.Errorf("cut to %d bytes: got %q", n, got)
		}
	}
}

// sequential hides random access, as packed evidence does.
type sequential struct{ fs.File }

func TestPacked(t *testing.T) {
	data := regftest.Hive(software)
	f, err := fstest.MapFS{"SOFTWARE": {Data: data}}.Open("SOFTWARE")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	if diff := cmp.Diff(read(t, data), events(sequential{f})); diff != "" {
		t.Error(diff)
	}
	if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
		t.Errorf("temporary files left: %v", left)
	}
}

func TestRealHives(t *testing.T) {
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real evidence here: set LIMIER_SHARED")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "data/hives/*/*"))
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err == nil && strings.HasSuffix(name, ".xz") {
			data, err = exec.Command("xz", "-dc", name).Output()
		}
		if err != nil {
			t.Skip(err)
		}
		got := read(t, data)
		b := filepath.Base(name)
		t.Logf("%s: %d values, %d gaps", b, strings.Count(got, "SetValue"), strings.Count(got, "gap "))
		switch b {
		case "SYSTEM.xz":
			if strings.Count(got, `\ImagePath`) < 300 || !strings.Contains(got, `Services\\Dnscache\\Parameters\\ServiceDll`) {
				t.Errorf("%s: got %s", b, got[:min(len(got), 2000)])
			}
		case "corrupted_system_hive.xz", "TruncatedHive", "SYSTEM_B.xz":
			if !strings.Contains(got, "gap ") {
				t.Errorf("%s: no gap", b)
			}
		}
	}
}

func TestMatch(t *testing.T) {
	for name, want := range map[string]bool{"SOFTWARE": true, "NTUSER.DAT": true, "SYSTEM.LOG1": false, "system.log": false} {
		if got := registry.Parser.Match(name, []byte("regf\x00")); got != want {
			t.Errorf("Match(%q) = %v, want %v", name, got, want)
		}
	}
}

func FuzzRegistry(f *testing.F) {
	f.Add(regftest.Hive(software))
	f.Fuzz(func(t *testing.T, b []byte) { read(t, b) })
}
