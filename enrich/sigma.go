package enrich

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// All returns every indicator, by type and value.
func (x *Indicators) All() []Indicator {
	return slices.SortedFunc(maps.Keys(x.set), func(a, b Indicator) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Source, b.Source))
	})
}

// A look is where a type of indicator is looked for.
type look struct {
	kind      IndicatorType
	title     string
	level     string
	logsource string
	fields    []string // with their modifiers; any of them
	value     func(string) string
}

func same(v string) string { return v }

var looks = []look{
	{IndicatorAddress, "Address on a list of indicators, in an access log", "medium", "category: webserver", []string{"c-ip"}, same},
	{IndicatorAddress, "Address on a list of indicators, at Exchange's front end", "medium", "product: exchange, service: httpproxy", []string{"ClientIpAddress"}, same},
	{IndicatorAddress, "Address on a list of indicators, at a logon", "medium", "product: windows, service: security", []string{"IpAddress"}, same},
	{IndicatorAddress, "Connection to or from an address on a list of indicators", "high", "product: windows, category: network_connection", []string{"DestinationIp", "SourceIp"}, same},
	{IndicatorDomain, "Name on a list of indicators asked for", "high", "product: windows, category: dns_query", []string{"QueryName|endswith"}, same},
	{IndicatorHash, "File on a list of indicators", "high", "product: windows, category: file", []string{"Hashes|endswith"}, func(v string) string { return "=" + v }},
	{IndicatorHash, "Program on a list of indicators started", "high", "product: windows, category: process_creation", []string{"Hashes|contains"}, func(v string) string { return "=" + v }},
	{IndicatorPath, "File at a path on a list of indicators", "medium", "product: windows, category: file", []string{"TargetFilename|endswith"}, same},
}

// perRule bounds the values of one rule, so that a finding stays readable.
const perRule = 5000

// WriteSigma writes Sigma rules that find the indicators: addresses, names,
// SHA-256 hashes and paths. Names of files alone prove too little and are left
// out. The same indicators give the same bytes.
func (x *Indicators) WriteSigma(w io.Writer) error {
	all := x.All()
	for _, l := range looks {
		bySource := map[string][]string{}
		var sources []string
		for _, in := range all {
			if in.Type != l.kind || in.Type == IndicatorHash && len(in.Value) != 64 {
				continue
			}
			if bySource[in.Source] == nil {
				sources = append(sources, in.Source)
			}
			bySource[in.Source] = append(bySource[in.Source], in.Value)
		}
		slices.Sort(sources)
		for _, source := range sources {
			for values := range slices.Chunk(bySource[source], perRule) {
				if _, err := io.WriteString(w, l.rule(source, values)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (l look) rule(source string, values []string) string {
	var b strings.Builder
	var plain, nets []string
	for _, v := range values {
		v = quote(l.value(v))
		if strings.Contains(v, "/") && l.kind == IndicatorAddress {
			nets = append(nets, v)
		} else {
			plain = append(plain, v)
		}
	}
	fmt.Fprintf(&b, "title: %s\nstatus: experimental\ndescription: %s\nauthor: Limier\nlevel: %s\nlogsource: {%s}\ndetection:\n",
		quote(l.title), quote("The list is "+source+"."), l.level, l.logsource)
	for i, f := range l.fields {
		if len(plain) > 0 {
			fmt.Fprintf(&b, "    one_%d:\n        %s: [%s]\n", i, f, strings.Join(plain, ", "))
		}
		if len(nets) > 0 {
			fmt.Fprintf(&b, "    one_net_%d:\n        %s|cidr: [%s]\n", i, f, strings.Join(nets, ", "))
		}
	}
	b.WriteString("    condition: 1 of one_*\n")
	sum := sha256.Sum256([]byte(b.String()))
	return fmt.Sprintf("---\nid: %x-%x-8%s-8%s-%x\nname: indicator-%s-%x\n%s", sum[:4], sum[4:6], fmt.Sprintf("%x", sum[6:8])[1:], fmt.Sprintf("%x", sum[8:10])[1:], sum[10:16], l.kind, sum[:4], b.String())
}

// quote writes a YAML string whose Sigma wildcards are plain characters.
func quote(v string) string {
	v = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`).Replace(strings.ToValidUTF8(v, ""))
	return "'" + strings.ReplaceAll(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return -1 // what hides or reorders text is in no indicator
		}
		return r
	}, v), "'", "''") + "'"
}
