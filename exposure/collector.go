package exposure

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/wire"
)

// A Collector gathers what the events of one host tell of builds and settings.
// The zero value is ready for use; the order of events does not matter. It is
// not safe for concurrent use.
type Collector struct {
	found   map[seen]*sight
	configs map[string]*config // applicationHost.config, by path
}

// seen is a build named by one kind of evidence.
type seen struct {
	product, build string
	exact          bool
}

// sight is where and until when a build was seen.
type sight struct {
	refs    []evidence.Ref
	last    time.Time
	undated bool
}

const (
	maxBuilds    = 4096  // distinct builds kept
	maxConfigs   = 64    // applicationHost.config files kept
	maxLocations = 10000 // settings kept of each
)

// Add looks at one event: build evidence ([event.Setup]), IIS configuration
// ([event.Config]), or an HttpProxy row, whose version columns tell the
// security update. It ignores all others.
func (c *Collector) Add(e *event.Event) {
	switch e.Data.Logsource() {
	case event.Setup:
		if v := e.Field("Version"); v != "" {
			c.AddBuild(Evidence{Product: e.Field("Product"), Build: v, Exact: e.Field("Exact") == "true", Time: when(e), Ref: e.Ref})
		}
	case event.HTTPProxy:
		rev, ok := e.Data.Field("RevisionVersion")
		if !ok {
			return
		}
		v := e.Field("MajorVersion") + "." + e.Field("MinorVersion") + "." + e.Field("BuildVersion") + "." + rev
		c.AddBuild(Evidence{Product: Exchange, Build: v, Exact: true, Time: e.Time, Ref: e.Ref})
	case event.Config:
		c.configure(e)
	}
}

// AddBuild adds a build that no event tells, such as the #Version of a log.
func (c *Collector) AddBuild(e Evidence) {
	b, ok := ParseBuild(e.Build)
	if !ok {
		return
	}
	if c.found == nil {
		c.found = map[seen]*sight{}
	}
	k := seen{cmp.Or(e.Product, family(b)), b.String(), e.Exact}
	at := c.found[k]
	if at == nil {
		if len(c.found) >= maxBuilds {
			return
		}
		at = &sight{}
		c.found[k] = at
	}
	at.undated = at.undated || e.Time.IsZero()
	if e.Time.After(at.last) {
		at.last = e.Time
	}
	at.refs = append(at.refs, e.Ref)
	slices.SortFunc(at.refs, func(a, b evidence.Ref) int {
		return cmp.Or(cmp.Compare(len(a.Path), len(b.Path)), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Offset, b.Offset))
	})
	at.refs = at.refs[:min(len(at.refs), 5)]
}

// when returns the time of setup events; the registry's says when a key
// changed, not when the build was last in use.
func when(e *event.Event) time.Time {
	if e.Field("Mode") == "setup" {
		return e.Time
	}
	return time.Time{}
}

// Exposures assesses what was gathered.
func (c *Collector) Exposures() []wire.Exposure {
	var list []Evidence
	for k, at := range c.found {
		last := at.last
		if at.undated {
			last = time.Time{}
		}
		for _, r := range at.refs {
			list = append(list, Evidence{k.product, k.build, k.exact, last, r})
		}
	}
	slices.SortFunc(list, func(a, b Evidence) int {
		return cmp.Or(cmp.Compare(a.Build, b.Build), cmp.Compare(a.Ref.Path, b.Ref.Path), cmp.Compare(a.Ref.Line, b.Ref.Line), cmp.Compare(a.Ref.Offset, b.Ref.Offset))
	})
	return Assess(list, c.Settings())
}

// config is what one applicationHost.config says.
type config struct {
	windows, token, unlisted map[string]string // by location, lower case
	dirs                     map[string]bool
	modules, tokenCache      bool
	whole                    bool // read to its end
}

func (c *Collector) configure(e *event.Event) {
	path := strings.ToLower(strings.ReplaceAll(e.Ref.Path, `\`, "/"))
	if !strings.Contains(path[strings.LastIndex(path, "/")+1:], "applicationhost") {
		return
	}
	// IIS keeps old versions beside the one in force.
	if strings.Contains(path, "/cfghistory_") || strings.Contains(path, "inetsrv/backup/") {
		return
	}
	if c.configs == nil {
		c.configs = map[string]*config{}
	}
	x := c.configs[e.Ref.Path]
	if x == nil {
		if len(c.configs) >= maxConfigs {
			return
		}
		x = &config{windows: map[string]string{}, token: map[string]string{}, unlisted: map[string]string{}, dirs: map[string]bool{}}
		c.configs[e.Ref.Path] = x
	}
	at := strings.ToLower(strings.Trim(e.Field("Location"), "/"))
	if len(x.windows)+len(x.unlisted)+len(x.dirs) > maxLocations {
		return
	}
	switch e.Field("Kind") {
	case "authentication":
		set(x.windows, at, e.Field("Windows"))
		set(x.token, at, e.Field("TokenChecking"))
	case "access":
		set(x.unlisted, at, e.Field("Unlisted"))
	case "directory":
		x.dirs[strings.ToLower(e.Field("Site")+"/"+strings.Trim(e.Field("URL"), "/"))] = true
	case "end":
		x.whole = true
	case "module":
		if e.Field("Image") != "" { // a native one: listed in globalModules
			x.modules = true
			x.tokenCache = x.tokenCache || strings.EqualFold(e.Field("Name"), "TokenCacheModule")
		}
	}
}

func set(m map[string]string, at, value string) {
	if value != "" {
		m[at] = strings.ToLower(value)
	}
}

// inherited returns the value of the nearest location above or at a path.
func inherited(m map[string]string, at string) string {
	for {
		if v, ok := m[at]; ok {
			return v
		}
		if at == "" {
			return ""
		}
		at = at[:max(0, strings.LastIndex(at, "/"))]
	}
}

// folders are the virtual directories of Exchange and the least that each
// needs once Extended Protection is on, front end first
// (https://microsoft.github.io/CSS-Exchange/Security/Extended-Protection/ and
// CSS-Exchange Shared/Get-ExtendedProtectionConfiguration.ps1). Autodiscover
// stays without, on both sides.
var folders = []struct{ path, need string }{
	{"default web site/api", "require"}, {"default web site/ecp", "require"}, {"default web site/ews", "allow"},
	{"default web site/microsoft-server-activesync", "allow"}, {"default web site/oab", "allow"},
	{"default web site/powershell", "require"}, {"default web site/owa", "require"}, {"default web site/rpc", "require"},
	{"default web site/mapi", "require"},
	{"exchange back end/api", "require"}, {"exchange back end/ecp", "require"}, {"exchange back end/ews", "require"},
	{"exchange back end/microsoft-server-activesync", "require"}, {"exchange back end/oab", "require"},
	{"exchange back end/powershell", "require"}, {"exchange back end/owa", "require"}, {"exchange back end/rpc", "require"},
	{"exchange back end/pushnotifications", "require"}, {"exchange back end/rpcwithcert", "require"},
	{"exchange back end/mapi/emsmdb", "require"}, {"exchange back end/mapi/nspi", "require"},
}

// Settings returns what the applicationHost.config in force says: the one in
// inetsrv\config, else the one with the shortest path. A damaged one says nothing.
func (c *Collector) Settings() Settings {
	var best string
	rank := func(p string) int {
		if strings.HasSuffix(strings.ToLower(strings.ReplaceAll(p, `\`, "/")), "inetsrv/config/applicationhost.config") {
			return len(p)
		}
		return 1<<20 + len(p)
	}
	for p, x := range c.configs {
		if !x.whole {
			continue // what it does not say may stand in the part that is missing
		}
		if best == "" || cmp.Or(cmp.Compare(rank(p), rank(best)), cmp.Compare(p, best)) < 0 {
			best = p
		}
	}
	if best == "" {
		return Settings{}
	}
	x := c.configs[best]
	s := Settings{ExtendedProtection: x.protection(), Proof: []evidence.Ref{{Path: best}}}
	if x.modules {
		s.TokenCacheModule = Off
		if x.tokenCache {
			s.TokenCacheModule = On
		}
	}
	return s
}

// protection sums up Extended Protection over the virtual directories that
// accept Windows authentication. One that only lets listed addresses in counts
// as protected, as Microsoft's script leaves it for EWS.
func (x *config) protection() Setting {
	good, bad, some := 0, 0, false
	for _, f := range folders {
		_, has := x.windows[f.path]
		if !has && !x.dirs[f.path] || inherited(x.windows, f.path) != "true" {
			continue
		}
		token := inherited(x.token, f.path)
		some = some || token == "require" || token == "allow"
		if token == "require" || token == f.need || inherited(x.unlisted, f.path) == "false" {
			good++
		} else {
			bad++
		}
	}
	switch {
	case good+bad == 0:
		return Unknown
	case bad == 0:
		return On
	case !some:
		return Off
	}
	return Partial
}
