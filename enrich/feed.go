package enrich

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// A Feed says what was read of one list.
type Feed struct {
	Added   int
	Skipped map[string]int // by type or reason: what the matcher has no use for
}

const maxFeed = 256 << 20

// Read adds the indicators of a list: a MISP event, a STIX 2 bundle or its
// objects line by line, a CSV file with a header, or a plain list of values,
// one a line, "#" and what follows ";" or a tab being remarks. The form is
// told by the content. What cannot be used is counted, never dropped in silence.
func (x *Indicators) Read(name string, r io.Reader) (Feed, error) {
	f := &feed{x: x, name: name, Feed: Feed{Skipped: map[string]int{}}}
	data, err := io.ReadAll(io.LimitReader(r, maxFeed+1))
	if err != nil {
		return f.Feed, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(data) > maxFeed {
		return f.Feed, fmt.Errorf("reading %s: larger than %d MiB", name, maxFeed>>20)
	}
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	switch {
	case len(data) == 0:
		return f.Feed, fmt.Errorf("reading %s: empty", name)
	case bytes.IndexByte(data, 0) >= 0:
		return f.Feed, fmt.Errorf("reading %s: no text; a list in UTF-16 must be saved as UTF-8 first", name)
	case data[0] == '{' || data[0] == '[' && json.Valid(data):
		err = f.json(data)
	case header(data) != nil:
		err = f.csv(data)
	default:
		f.plain(data)
	}
	if err != nil {
		return f.Feed, fmt.Errorf("reading %s: %w", name, err)
	}
	return f.Feed, nil
}

type feed struct {
	Feed
	x    *Indicators
	name string
}

// types maps what lists call a type to ours. A MISP type with "|" has a value
// on each side; they are taken apart.
var types = map[string]IndicatorType{
	"ip": IndicatorAddress, "ip-src": IndicatorAddress, "ip-dst": IndicatorAddress, "ipv4": IndicatorAddress, "ipv6": IndicatorAddress,
	"ipaddress": IndicatorAddress, "ip_address": IndicatorAddress, "address": IndicatorAddress, "ipv4-addr": IndicatorAddress, "ipv6-addr": IndicatorAddress, "ip-dst|port": IndicatorAddress, "ip-src|port": IndicatorAddress,
	"domain": IndicatorDomain, "hostname": IndicatorDomain, "domainname": IndicatorDomain, "domain-name": IndicatorDomain, "fqdn": IndicatorDomain, "host": IndicatorDomain,
	"url": IndicatorURL, "uri": IndicatorURL, "link": IndicatorURL,
	"md5": IndicatorHash, "sha1": IndicatorHash, "sha256": IndicatorHash, "sha512": IndicatorHash, "hash": IndicatorHash, "sha-1": IndicatorHash, "sha-256": IndicatorHash, "sha-512": IndicatorHash,
	"filepath": IndicatorPath, "fullpath": IndicatorPath, "path": IndicatorPath, "file_path": IndicatorPath, "file_path_name": IndicatorPath,
	"filename": IndicatorName, "file_name": IndicatorName, "name": IndicatorName,
}

func (f *feed) add(kind, value string) {
	kind = strings.ToLower(strings.TrimSpace(kind))
	if left, right, ok := strings.Cut(value, "|"); ok && strings.Contains(kind, "|") {
		a, b, _ := strings.Cut(kind, "|")
		f.add(a, left)
		if b != "port" {
			f.add(b, right)
		}
		return
	}
	t, known := types[kind]
	if !known && kind != "" {
		f.Skipped[kind[:min(len(kind), 50)]]++
		return
	}
	if t == IndicatorName && strings.ContainsAny(value, `\/`) {
		t = IndicatorPath
	}
	if f.x.Add(Indicator{Type: t, Value: value, Source: f.name}) {
		f.Added++
	} else {
		f.Skipped["not a "+strings.TrimSpace(string(t)+" value")]++
	}
}

// columns of a CSV list, by what they mean; the first that is there counts.
var columns = map[string][]string{
	"pattern": {"pattern"},
	"value":   {"value", "indicator", "data", "ioc", "observable", "indicator_value", "signature_component.value"},
	"type":    {"type", "indicatortype", "indicator_type", "ioc_type", "signature_component.type"},
}

// header returns where the columns stand, nil if the first line is no header.
func header(data []byte) map[string]int {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(line))
	r.LazyQuotes = true
	row, err := r.Read()
	if err != nil || len(row) < 2 {
		return nil
	}
	at := map[string]int{}
	for what, names := range columns {
	next:
		for _, n := range names {
			for i, cell := range row {
				if strings.EqualFold(strings.TrimSpace(cell), n) {
					at[what] = i
					break next
				}
			}
		}
	}
	if _, ok := at["value"]; !ok {
		if _, ok := at["pattern"]; !ok {
			return nil
		}
	}
	return at
}

func (f *feed) csv(data []byte) error {
	at := header(data)
	r := csv.NewReader(bytes.NewReader(data))
	r.LazyQuotes, r.FieldsPerRecord, r.ReuseRecord = true, -1, true
	for n := 0; ; n++ {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			f.Skipped["broken line"]++
			continue
		}
		if err != nil {
			return err
		}
		cell := func(what string) string {
			if i, ok := at[what]; ok && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		if n == 0 {
			continue
		}
		if p := cell("pattern"); p != "" {
			f.pattern(p)
			continue
		}
		f.add(cell("type"), cell("value"))
	}
}

func (f *feed) plain(data []byte) {
	in := bufio.NewScanner(bytes.NewReader(data))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		line, _, _ := strings.Cut(in.Text(), "#")
		value, _, _ := strings.Cut(strings.ReplaceAll(line, "\t", ";"), ";")
		if value = strings.TrimSpace(value); value != "" {
			f.add("", value)
		}
	}
	if in.Err() != nil {
		f.Skipped["line longer than 1 MiB, and all after it"]++
	}
}

// An object is what MISP events, STIX objects and simple JSON feeds have in
// common: fields that are there or not.
type object struct {
	// MISP
	Response  objects         `json:"response"`
	Event     *object         `json:"Event"`
	Attribute objects         `json:"Attribute"`
	Object    objects         `json:"Object"`
	Value     json.RawMessage `json:"value"`
	Deleted   bool            `json:"deleted"`
	ToIDs     *bool           `json:"to_ids"`
	// STIX
	Type        string  `json:"type"`
	Objects     objects `json:"objects"`
	Pattern     string  `json:"pattern"`
	PatternType string  `json:"pattern_type"`
	Revoked     bool    `json:"revoked"`
	// Microsoft's feeds
	Indicator     string `json:"Indicator"`
	IndicatorType string `json:"IndicatorType"`
}

// objects reads a list, or one alone as some servers answer.
type objects []object

// UnmarshalJSON reads either form.
func (l *objects) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		*l = make(objects, 1)
		return json.Unmarshal(data, &(*l)[0])
	}
	return json.Unmarshal(data, (*[]object)(l))
}

func (f *feed) json(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if data[0] == '[' {
		var list objects
		if err := dec.Decode(&list); f.fatal(err) {
			return err
		}
		for i := range list {
			f.object(&list[i])
		}
		return nil
	}
	for { // one object, or one a line
		var o object
		err := dec.Decode(&o)
		if err == io.EOF {
			return nil
		}
		if f.fatal(err) {
			return err
		}
		f.object(&o)
	}
}

// fatal passes over a field that is not of the form it should be.
func (f *feed) fatal(err error) bool {
	var other *json.UnmarshalTypeError
	if errors.As(err, &other) {
		f.Skipped["field "+other.Field+" of another form"]++
		return false
	}
	return err != nil
}

func (f *feed) object(o *object) {
	if o.Deleted || o.Revoked {
		f.Skipped["withdrawn"]++
		return
	}
	if o.Event != nil {
		f.object(o.Event)
	}
	for _, list := range []objects{o.Response, o.Objects, o.Object, o.Attribute} {
		for i := range list {
			f.object(&list[i])
		}
	}
	var value string
	switch {
	case o.Indicator != "":
		f.add(o.IndicatorType, o.Indicator)
	case o.Type == "indicator":
		if o.PatternType != "" && o.PatternType != "stix" {
			f.Skipped["pattern of "+o.PatternType]++
			return
		}
		f.pattern(o.Pattern)
	case len(o.Value) > 0 && json.Unmarshal(o.Value, &value) == nil && o.Type != "":
		// MISP marks with to_ids what is fit for detection.
		if o.ToIDs != nil && !*o.ToIDs {
			f.Skipped["not for detection"]++
			return
		}
		f.add(o.Type, value)
	}
}

// comparisons finds what a STIX pattern compares
// (STIX 2.1, section 9: https://docs.oasis-open.org/cti/stix/v2.1/).
var comparisons = regexp.MustCompile(`([a-z0-9-]+):([A-Za-z0-9_.'-]+?)\s*(=|!=|<|>|<=|>=|IN|LIKE|MATCHES|ISSUBSET|ISSUPERSET)\s*'((?:[^'\\]|\\.)*)'`)

// pattern adds each alternative of a STIX pattern that says "this or that". A
// pattern that asks for several things at once is left out, as each alone
// would say too much.
func (f *feed) pattern(p string) {
	found := comparisons.FindAllStringSubmatch(p, -1)
	quoted := regexpQuoted.ReplaceAllString(p, "''")
	if len(found) == 0 || !strings.HasPrefix(p, "[") || strings.Contains(quoted, " AND ") || strings.Contains(quoted, "FOLLOWEDBY") || strings.Contains(quoted, "NOT ") {
		f.Skipped["pattern"]++
		return
	}
	for _, m := range found {
		value := strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(m[4])
		kind := m[1]
		switch {
		case m[3] != "=":
			f.Skipped["pattern with "+m[3]]++
			continue
		case kind == "file" && strings.HasPrefix(m[2], "hashes."):
			kind = "hash"
		case kind == "file" && m[2] == "name":
			kind = "filename"
		case m[2] != "value":
			kind += ":" + m[2]
		}
		f.add(kind, value)
	}
}

var regexpQuoted = regexp.MustCompile(`'(?:[^'\\]|\\.)*'`)
