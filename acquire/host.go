package acquire

import (
	"encoding/json"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"

	"limier/evidence"
)

// describe fills in the host and the time from what collectors leave beside
// their files. Evidence itself (events, setup logs) may know better.
func describe(src *evidence.Source) {
	for _, p := range []string{"client_info.json", "collection_context.json"} {
		var v struct {
			Hostname string `json:"hostname"` // Velociraptor's client_info.json
			Fqdn     string `json:"Fqdn"`
			OSInfo   struct {
				Hostname string `json:"hostname"`
				Fqdn     string `json:"fqdn"`
			} `json:"os_info"`
			HostName string  `json:"Hostname"`    // of Generic.Client.Info
			Created  float64 `json:"create_time"` // collection_context.json, microseconds
			Started  float64 `json:"start_time"`
		}
		data := readSmall(src.FS, p)
		if data == nil || json.Unmarshal(data, &v) != nil {
			continue
		}
		for _, h := range []string{v.OSInfo.Hostname, v.Hostname, v.HostName, v.OSInfo.Fqdn, v.Fqdn} {
			if src.Host == "" {
				src.Host = h
			}
		}
		for _, us := range []float64{v.Started, v.Created} {
			if src.Acquired.IsZero() && us > 1e15 && us < 4e15 {
				src.Acquired = time.UnixMicro(int64(us)).UTC()
			}
		}
	}
	if src.Host == "" {
		src.Host, src.Acquired = fromName(src.FS, src.ID, src.Acquired)
	}
}

// readSmall reads a description, if src has it.
func readSmall(fsys fs.FS, name string) []byte {
	f, err := fsys.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil
	}
	return data
}

// How collectors name what they write.
var (
	// Velociraptor: Collection-HOST-2021-03-09T10_11_12Z.zip
	velociraptorName = regexp.MustCompile(`(?i)^Collection-(.+?)-(\d{4}-\d\d-\d\d)T(\d\d)_(\d\d)_(\d\d)`)
	// UAC: uac-HOST-linux-20210309101112.tar.gz
	uacName = regexp.MustCompile(`(?i)^uac-(.+)-(?:linux|aix|esxi|freebsd|macos|netbsd|openbsd|solaris|netscaler|android)-(\d{14})`)
	// KAPE: 2021-03-09T101112_HOST.zip
	kapeName = regexp.MustCompile(`(?i)^(\d{4}-\d\d-\d\d)T(\d{6})_(.+?)(?:\.zip|\.vhdx?|\.tar|\.tar\.gz|\.tgz|\.tar\.zst)?$`)
	kapeLog  = regexp.MustCompile(`(?i)^\d{4}-\d\d-\d\dT\d\d_\d\d_\d\d_\d+_CopyLog\.csv$`)
)

func fromName(fsys fs.FS, id string, acquired time.Time) (string, time.Time) {
	names := []string{id}
	if list, err := fs.ReadDir(fsys, "."); err == nil {
		for _, e := range list[:min(len(list), 100)] {
			names = append(names, e.Name())
		}
	}
	at := func(layout, s string) time.Time {
		t, err := time.Parse(layout, s)
		if err != nil || !acquired.IsZero() {
			return acquired
		}
		return t.UTC()
	}
	for _, n := range names {
		n = path.Base(n)
		if m := velociraptorName.FindStringSubmatch(n); m != nil {
			return m[1], at("2006-01-02 15:04:05", m[2]+" "+strings.Join(m[3:6], ":"))
		}
		if m := uacName.FindStringSubmatch(n); m != nil {
			return m[1], at("20060102150405", m[2])
		}
		if m := kapeName.FindStringSubmatch(n); m != nil && !kapeLog.MatchString(n) {
			return m[3], at("2006-01-02 150405", m[1]+" "+m[2])
		}
	}
	return "", acquired
}
