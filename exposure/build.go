package exposure

import (
	"cmp"
	_ "embed" // for the tables
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Build is the four numbers of a product's version: major, minor, build and
// revision. A revision of -1 is unknown. In Exchange 2013 and later the third
// number is the cumulative update; the fourth counts security updates in it.
type Build [4]int

// String writes b as files do: 15.2.1118.36.
func (b Build) String() string {
	s := fmt.Sprintf("%d.%d.%d", b[0], b[1], b[2])
	if b[3] >= 0 {
		s += "." + strconv.Itoa(b[3])
	}
	return s
}

// Compare orders builds by their numbers.
func (b Build) Compare(c Build) int { return slices.Compare(b[:], c[:]) }

var spellings = regexp.MustCompile(`(?i)(?:^|[^0-9.])([0-9]{1,2})\.([0-9]{1,2})(?:\.([0-9]{1,5})(?:\.([0-9]{1,5}))?| ?\(build ([0-9]{1,5})\.([0-9]{1,5})\))(?:[^0-9.]|\.?$)`)

// ParseBuild finds a build in text, however it is spelled: 15.2.1118.36,
// 15.02.1118.036, "Version 15.2 (Build 1118.36)", the same with 30000 added to
// the third number as Active Directory has it, or 15.2.1118 as in a path.
func ParseBuild(s string) (Build, bool) {
	m := spellings.FindStringSubmatch(s[:min(len(s), 1000)])
	if m == nil {
		return Build{}, false
	}
	third, fourth := m[3]+m[5], m[4]+m[6]
	b := Build{3: -1}
	for i, part := range []string{m[1], m[2], third, fourth} {
		if part != "" {
			b[i], _ = strconv.Atoi(part) // at most five digits
		}
	}
	if b[2] > 30000 && b[2] < 36000 && b[0] < 16 {
		b[2] -= 30000
	}
	return b, b[2] > 0 // 15.0.0.0 is the version of an assembly, of any build
}

// A release is one row of the table of builds.
type release struct {
	build   Build
	product string // "2019", "SE"
	cu      string // "CU8", "SP3", "RTM"; "" if none
	update  string // "Mar21SU"; "" for the CU itself
	date    string // yyyy-mm-dd; "" if no source tells
}

// since returns the date, or the month in an update's name: "2021-02".
func (r *release) since() string {
	if r.date == "" {
		if m := monthly.FindStringSubmatch(r.update); m != nil {
			return fmt.Sprintf("20%s-%02d", m[2], 1+strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", m[1])/3)
		}
	}
	return r.date
}

var monthly = regexp.MustCompile(`^(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)([0-9]{2})[SH]U`)

// name returns "Exchange Server 2019 CU8 Mar21SU".
func (r *release) name() string {
	return strings.TrimRight("Exchange Server "+r.product+" "+strings.TrimSpace(r.cu+" "+r.update), " ")
}

// A fix is one row of the table of fixes.
type fix struct {
	cve, product, note string
	rows               []fixed
}

// A fixed is a build that mends a vulnerability in its own CU.
type fixed struct {
	build Build
	later Build // where sources disagree: the later of the two builds
	on    bool  // every later CU is fixed too
}

//go:embed builds.tsv
var buildsTSV string

//go:embed fixed.tsv
var fixedTSV string

//go:embed exploited.tsv
var exploitedTSV string

type tables struct {
	releases []release // by build
	fixes    []fix     // by CVE

	exploited map[string]string   // by CVE: since when CISA lists it
	bases     map[[3]int]*release // by major, minor and CU: its first build
}

// load reads the embedded tables. A test makes sure that they are sound.
var load = sync.OnceValue(func() *tables {
	t := &tables{exploited: map[string]string{}, bases: map[[3]int]*release{}}
	rows(buildsTSV, func(f []string) {
		b, _ := ParseBuild(f[0])
		t.releases = append(t.releases, release{build: b, product: f[1], cu: empty(f[2]), update: empty(f[3]), date: empty(f[4])})
	})
	slices.SortStableFunc(t.releases, func(a, b release) int { return a.build.Compare(b.build) })
	for i := range t.releases {
		r := &t.releases[i]
		if cu := [3]int(r.build[:3]); t.bases[cu] == nil {
			t.bases[cu] = r
		}
	}
	rows(fixedTSV, func(f []string) {
		x := fix{cve: f[0], product: f[1], note: empty(f[3])}
		for _, word := range strings.Fields(f[2]) {
			row := fixed{}
			first, second, two := strings.Cut(word, "~")
			row.build, _ = ParseBuild(strings.TrimSuffix(first, "+"))
			row.on = strings.HasSuffix(first, "+")
			if two {
				row.later, _ = ParseBuild(second)
			}
			if first != "none" {
				x.rows = append(x.rows, row)
			}
		}
		t.fixes = append(t.fixes, x)
	})
	rows(exploitedTSV, func(f []string) { t.exploited[f[0]] = f[1] })
	slices.SortStableFunc(t.fixes, func(a, b fix) int { return cmp.Compare(a.cve, b.cve) })
	return t
})

func rows(tsv string, visit func(columns []string)) {
	for line := range strings.Lines(tsv) {
		if line[0] != '#' {
			visit(strings.Split(strings.TrimRight(line, "\n"), "\t"))
		}
	}
}

func empty(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// base returns the release of the CU that b belongs to, nil if unknown.
func (t *tables) base(b Build) *release { return t.bases[[3]int(b[:3])] }

// nearest returns the newest release of b's line that is not newer than b, and
// the oldest that is newer; either may be nil. A line shares major and minor.
func (t *tables) nearest(b Build) (at, next *release) {
	i, _ := slices.BinarySearchFunc(t.releases, b, func(r release, b Build) int {
		if r.build.Compare(b) <= 0 {
			return -1
		}
		return 1
	})
	if i > 0 && t.releases[i-1].build[0] == b[0] && t.releases[i-1].build[1] == b[1] {
		at = &t.releases[i-1]
	}
	if i < len(t.releases) && t.releases[i].build[0] == b[0] && t.releases[i].build[1] == b[1] {
		next = &t.releases[i]
	}
	return at, next
}

// until returns the dates of the newest build and of the newest fix known.
func (t *tables) until() (build, mend string) {
	dates := map[Build]string{}
	for i := range t.releases {
		d := t.releases[i].since()
		dates[t.releases[i].build] = d
		build = max(build, d)
	}
	for _, x := range t.fixes {
		for _, r := range x.rows {
			mend = max(mend, dates[r.build])
		}
	}
	return build, mend
}
