package acquire

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const iisConfig = `<?xml version="1.0" encoding="UTF-8"?>
<configuration><system.applicationHost><sites>
  <site name="Default Web Site" id="1">
    <application path="/"><virtualDirectory path="/" physicalPath="%SystemDrive%\inetpub\wwwroot" /></application>
    <application path="/owa"><virtualDirectory path="/" physicalPath="D:\Exchange\FrontEnd\HttpProxy\owa" /></application>
    <application path="/rpc"><virtualDirectory path="/" physicalPath="%windir%\System32\RpcProxy" /></application>
    <application path="/x"><virtualDirectory path="/" physicalPath="C:\ProgramData\COM1\x" /></application>
    <application path="/all"><virtualDirectory path="/" physicalPath="E:\" /></application>
    <application path="/net"><virtualDirectory path="/" physicalPath="\\server\share" /></application>
    <logFile logFormat="W3C" directory="L:\IIS" />
  </site>
  <siteDefaults><logFile directory="%SystemDrive%\inetpub\logs\LogFiles" /></siteDefaults>`

func windowsHost(files ...string) machine {
	m := fstest.MapFS{"C/Windows/System32/inetsrv/config/applicationHost.config": {Data: []byte(iisConfig)}}
	for _, f := range files {
		m[f] = &fstest.MapFile{Data: []byte("x")}
	}
	env := map[string]string{"windir": `C:\Windows`, "SystemDrive": "C:"}
	return machine{windows: true, fs: m, env: func(n string) string { return env[n] }, registry: func(key, value string) string {
		if key == exchangeSetup && value == "MsiInstallPath" {
			return `D:\Exchange\`
		}
		return ""
	}}
}

func paths(list []place) []string {
	var s []string
	for _, p := range list {
		kind := ""
		if p.logs {
			kind = " logs"
		}
		s = append(s, p.path+kind)
	}
	return s
}

func TestDiscoverWindows(t *testing.T) {
	m := windowsHost("C/Windows/System32/winevt/Logs/Security.evtx", "C/inetpub/wwwroot/a.aspx", "C/inetpub/logs/LogFiles/W3SVC1/u_ex1.log",
		"L/IIS/W3SVC2/u_ex1.log", "D/Exchange/FrontEnd/HttpProxy/owa/web.config", "D/Exchange/Logging/HttpProxy/Ecp/a.LOG", "D/Exchange/Mailbox/db.edb",
		"D/Exchange/Bin/ExSetup.exe", "D/Exchange/Bin/other.dll", "C/ProgramData/COM1/x/shell.aspx", "E/all/of/it", "C/ExchangeSetupLogs/ExchangeSetup.log",
		"C/Windows/System32/RpcProxy/rpc.dll")
	want := []string{"C/ExchangeSetupLogs logs", "C/inetpub/logs/LogFiles logs", "C/inetpub/wwwroot", "C/ProgramData/COM1/x", "C/Windows/System32/inetsrv/config",
		"C/Windows/System32/winevt/Logs logs", "D/Exchange/Bin/ExSetup.exe", "D/Exchange/FrontEnd", "D/Exchange/Logging logs", "L/IIS logs"}
	if diff := cmp.Diff(paths(discover(m)), want); diff != "" {
		t.Errorf("got-, want+:\n%s", diff)
	}
}

// TestDiscoverAbsent: what the configuration names and is not read is told; where
// the registry says nothing, Exchange is looked for where its setup puts it.
func TestDiscoverAbsent(t *testing.T) {
	m := windowsHost("C/inetpub/wwwroot/a.aspx", "C/Program Files/Microsoft/Exchange Server/V15/Logging/HttpProxy/Ecp/a.LOG", "E/site/a.aspx")
	var absent []string
	m.absent = func(path, why string) { absent = append(absent, path+": "+why) }
	discover(m)
	want := []string{
		`\\server\share: the configuration names it, but it lies on another computer: scan it there, or give it as PATH`,
		"D/Exchange/Logging: the configuration names it, but it is not there: file does not exist",
		"D/Exchange/FrontEnd/HttpProxy/owa: the configuration names it, but it is not there: file does not exist",
		"C/ProgramData/COM1/x: the configuration names it, but it is not there: file does not exist",
		"E: the configuration names the whole drive: give it as PATH to have it read",
		"L/IIS: the configuration names it, but it is not there: file does not exist",
		"C/inetpub/logs/LogFiles: the configuration names it, but it is not there: file does not exist",
	}
	slices.Sort(want)
	slices.Sort(absent)
	if diff := cmp.Diff(absent, want); diff != "" {
		t.Errorf("got-, want+:\n%s", diff)
	}
	m.registry = func(string, string) string { return "" }
	if got := paths(discover(m)); !slices.Contains(got, "C/Program Files/Microsoft/Exchange Server/V15/Logging logs") {
		t.Errorf("no Exchange among %q", got)
	}
}

func TestDiscoverUnix(t *testing.T) {
	m := machine{env: os.Getenv, registry: func(string, string) string { return "" }, fs: fstest.MapFS{
		"etc/nginx/nginx.conf":               {Data: []byte("http {\n  access_log /data/logs/access.log main;\n error_log stderr;\n server { root /data/site; }\n #root /no;\n access_log /dev/stdout;\n root /;\n}")},
		"etc/apache2/sites-enabled/000.conf": {Data: []byte("DocumentRoot \"/home/web/public_html\"\nCustomLog ${APACHE_LOG_DIR}/access.log combined\n")},
		"data/logs/access.log.1.gz":          {}, "data/site/index.php": {}, "home/web/public_html/a.php": {},
		"var/log/apache2/access.log": {}, "var/www/html/x.php": {}, "var/lib/tomcat9/webapps/ROOT/a.jsp": {}, "var/lib/tomcat9/logs/x": {}, "dev/null": {}, "no/x": {},
	}}
	want := []string{"data/logs logs", "data/site", "etc/apache2", "etc/nginx", "home/web/public_html", "var/lib/tomcat9/logs logs", "var/lib/tomcat9/webapps", "var/log/apache2 logs", "var/www"}
	if diff := cmp.Diff(paths(discover(m)), want); diff != "" {
		t.Errorf("got-, want+:\n%s", diff)
	}
}

func TestDiscoverNothing(t *testing.T) {
	m := machine{env: os.Getenv, fs: fstest.MapFS{"etc/passwd": {}}}
	b := newBody(t.Context(), Config{})
	if _, err := newJoin(b, discover(m), realPath); err != errNothingLive {
		t.Errorf("got %v", err)
	}
}

func TestJoin(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"C/inetpub/logs/u_ex1.log", "C/inetpub/wwwroot/a.aspx", "C/inetpub/wwwroot/backup.zip", "D/Bin/ExSetup.exe", "D/Bin/other.exe"} {
		p := filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := newBody(t.Context(), Config{})
	defer b.Close()
	j, err := newJoin(b, []place{{"C/inetpub/logs", true}, {"C/inetpub/wwwroot", false}, {"D/Bin/ExSetup.exe", false}, {"D/gone", false}},
		func(p string) string { return filepath.Join(dir, p) })
	if err != nil {
		t.Fatal(err)
	}
	n := newNest(b, j, "", 1)
	files := []string{"C/inetpub/logs/u_ex1.log", "C/inetpub/wwwroot/a.aspx", "C/inetpub/wwwroot/backup.zip", "D/Bin/ExSetup.exe"}
	var got []string
	err = fs.WalkDir(n, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, err := fs.ReadFile(n, p)
			if err != nil || string(data) != p {
				t.Errorf("%s: %q, %v", p, data, err)
			}
			got = append(got, p)
		}
		return err
	})
	if diff := cmp.Diff(got, files); err != nil || diff != "" {
		t.Errorf("%v; got-, want+:\n%s", err, diff)
	}
	if err := fstest.TestFS(n, files...); err != nil {
		t.Error(err)
	}
	if l := b.gaps.list(); len(l) != 1 || !strings.HasPrefix(l[0].Error(), "D/gone: ") {
		t.Errorf("lost %v", l)
	}
}
