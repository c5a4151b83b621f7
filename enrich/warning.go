package enrich

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"regexp"
	"strings"
)

// warnlist is a warninglist of names or hashes: values that many use and that
// a block list had better not hold.
type warnlist struct {
	List
	types map[IndicatorType]bool
	exact map[string]bool
	hosts bool // a value stands for the names below it too
	parts []string
	forms []*regexp.Regexp
}

// of tells from MISP's types of attributes what a list of values is about.
func (l *warnlist) of(attributes []string) {
	for _, a := range attributes {
		for half := range strings.SplitSeq(a, "|") {
			switch t := types[half]; t {
			case IndicatorDomain, IndicatorURL, IndicatorHash:
				l.types[t] = true
			}
		}
	}
}

// most bounds what is compared one by one.
const most = 20_000

// values takes the entries in, by the way that MISP compares a list.
func (l *warnlist) values(way string, list []string) error {
	for _, v := range list {
		v = strings.ToLower(strings.TrimSpace(v))
		switch {
		case v == "" || len(v) > maxValue:
		case way == "substring" && len(l.parts) < most:
			l.parts = append(l.parts, v)
		case way == "regex" && len(l.forms) < most/100:
			// MISP writes /form/flags as PHP does.
			form := strings.TrimPrefix(v, "/")
			if i := strings.LastIndexByte(form, '/'); i > 0 && len(form) < len(v) {
				form = form[:i]
			}
			re, err := regexp.Compile("(?i)" + form)
			if err != nil {
				return fmt.Errorf("the expression %q: %w", v, err)
			}
			l.forms = append(l.forms, re)
		default:
			l.exact[strings.TrimPrefix(v, ".")] = true
		}
	}
	l.hosts = way == "hostname"
	return nil
}

func (l *warnlist) holds(kind IndicatorType, value string) bool {
	value = strings.ToLower(strings.TrimSuffix(value, "."))
	if !l.types[kind] || len(value) > maxValue {
		return false
	}
	if l.exact[value] {
		return true
	}
	if l.hosts && kind != IndicatorHash {
		_, rest, isURL := strings.Cut(value, "://")
		if isURL {
			value = rest
		}
		host, _, _ := strings.Cut(value, "/")
		for host = bare(host); host != ""; _, host, _ = strings.Cut(host, ".") {
			if l.exact[host] {
				return true
			}
		}
	}
	for _, p := range l.parts {
		if strings.Contains(value, p) {
			return true
		}
	}
	for _, re := range l.forms {
		if re.MatchString(value) {
			return true
		}
	}
	return false
}

// shared reports whether an address on a list may be that of many others who
// did nothing: blocking it would block them. Rented servers, VPN exits and
// scanners are what intruders come from; that they are listed tells whose
// they are, and is no reason to let them in.
func (l List) shared() bool {
	switch l.Kind {
	case Relay, Sinkhole:
		return true
	case Listed:
		return !l.known
	}
	return false
}

// About says what the tables know of a value of any kind. A value that is no
// address is looked for in warninglists only.
func (t *Tables) About(kind IndicatorType, value string) []Fact {
	if kind == IndicatorAddress {
		a, err := netip.ParseAddr(value)
		if err != nil {
			return nil
		}
		return t.Lookup(a)
	}
	var facts []Fact
	for _, l := range t.warnings {
		if l.holds(kind, value) {
			facts = append(facts, Fact{Kind: Listed, Source: l.Source, Date: l.Date, Shared: !l.known, Text: (&listed{List: l.List}).words()})
		}
	}
	return facts
}

const maxList = 64 << 20 // bytes of one warninglist

// Warninglist reads the networks of a MISP warninglist
// (https://github.com/MISP/misp-warninglists). Its version is a date, as a rule.
func Warninglist(data []byte) (List, error) {
	l, _, err := warninglist(data)
	return l, err
}

// warninglist reads a list of either kind; names is nil if it is of networks.
func warninglist(data []byte) (l List, names *warnlist, err error) {
	var w struct {
		Name       string          `json:"name"`
		Version    json.RawMessage `json:"version"`
		Type       string          `json:"type"`
		Category   string          `json:"category"`
		Attributes []string        `json:"matching_attributes"`
		List       []string        `json:"list"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return List{}, nil, fmt.Errorf("reading a warninglist: %w", err)
	}
	l = List{Kind: Listed, Source: "MISP warninglist: " + strings.TrimSpace(w.Name), Date: day(strings.Trim(string(w.Version), `"`)), known: strings.HasPrefix(strings.ToLower(w.Category), "known")}
	names = &warnlist{List: l, types: map[IndicatorType]bool{}, exact: map[string]bool{}}
	if names.of(w.Attributes); len(names.types) > 0 && w.Type != "cidr" {
		return l, names, names.values(w.Type, w.List)
	}
	for _, s := range w.List {
		if p, ok := ParsePrefix(strings.TrimSpace(s)); ok {
			l.Prefixes = append(l.Prefixes, p)
		}
	}
	return l, nil, nil
}

// AddWarninglists adds the lists below a folder of warninglists: those of
// networks, names, URLs and hashes. It returns how many it added and those
// that it could not read, by path; other lists are passed over.
func (t *Tables) AddWarninglists(fsys fs.FS) (added int, bad map[string]error) {
	bad = map[string]error{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			bad[name] = err
			return nil
		}
		if d.IsDir() || path.Ext(name) != ".json" {
			return nil
		}
		info, err := d.Info()
		if err == nil && info.Size() > maxList {
			err = fmt.Errorf("larger than %d MiB", maxList>>20)
		}
		var data []byte
		if err == nil {
			data, err = fs.ReadFile(fsys, name)
		}
		var l List
		var names *warnlist
		if err == nil {
			l, names, err = warninglist(data)
		}
		switch {
		case err != nil:
			bad[name] = err
		case names != nil:
			t.warnings = append(t.warnings, names)
			added++
		case len(l.Prefixes) > 0:
			l.Kind = KindOf(strings.TrimSuffix(path.Base(name), ".json"))
			if path.Base(name) == "list.json" { // in MISP's repository each list has its folder
				l.Kind = KindOf(path.Base(path.Dir(name)))
			}
			t.Add(l)
			added++
		}
		return nil
	})
	if err != nil {
		bad["."] = err
	}
	return added, bad
}
