// Package exposure says which vulnerabilities a build of Exchange or
// SharePoint is open to, and what a build cannot tell.
//
// Builds are compared inside one cumulative update: 15.2.792.13 is CU8 with
// the update of April 2021 and mended, 15.2.858.5 is CU9 without it and open,
// though its number is higher. The tables are made by gen from Microsoft's
// documents, CSS-Exchange and CVE records (see NOTICE).
package exposure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"limier/evidence"
	"limier/wire"
)

// The families of products that the tables know.
const (
	Exchange   = "Exchange"
	SharePoint = "SharePoint"
)

// Evidence is one place that names a build.
type Evidence struct {
	Product string // Exchange or SharePoint; "" is told by the numbers
	Build   string // in any spelling that [ParseBuild] reads

	// Exact is true for the version of a program file, and of HttpProxy rows:
	// security updates change it. Setup logs, the registry, Active Directory
	// and the #Version of a log name the cumulative update, and are silent
	// about security updates on top of it.
	Exact bool

	// Time is when the build was in use, for logs; zero for evidence that shows
	// the server as it was acquired, such as a program file.
	Time time.Time

	Ref evidence.Ref
}

// A Setting is the state of one part of a server's configuration.
type Setting string

const (
	Unknown Setting = ""      // the evidence does not show it
	On      Setting = "on"    // as it should be, everywhere
	Off     Setting = "off"   // nowhere
	Partial Setting = "wrong" // not everywhere, or not as it should be
)

// Settings are what decides beside the build. The zero value knows nothing.
type Settings struct {
	ExtendedProtection    Setting        // of the Exchange virtual directories in applicationHost.config
	TokenCacheModule      Setting        // On: the IIS module is installed, as Windows does by default
	SerializedDataSigning Setting        // certificate signing of PowerShell payloads
	Proof                 []evidence.Ref // where they were read
}

// Assess returns an exposure for each product that the evidence names,
// Exchange first, each for the newest build named.
func Assess(found []Evidence, set Settings) []wire.Exposure {
	var list []wire.Exposure
	for _, product := range []string{Exchange, SharePoint} {
		var best candidate
		var all []candidate
		for _, e := range found {
			b, ok := ParseBuild(e.Build)
			if !ok || cmp.Or(e.Product, family(b)) != product || family(b) != product {
				continue
			}
			c := candidate{b, e}
			all = append(all, c)
			if best.Ref.Path == "" || c.better(best) {
				best = c
			}
		}
		if len(all) > 0 {
			list = append(list, best.assess(all, set))
		}
	}
	return list
}

type candidate struct {
	build Build
	Evidence
}

// better prefers the newer build; of equal builds the exact one, then the
// shorter path, so that the order of the evidence does not matter.
func (c candidate) better(d candidate) bool {
	if n := c.build.Compare(d.build); n != 0 {
		return n > 0
	}
	if c.Exact != d.Exact {
		return c.Exact
	}
	return cmp.Or(cmp.Compare(len(c.Ref.Path), len(d.Ref.Path)), cmp.Compare(c.Ref.String(), d.Ref.String())) < 0
}

// family tells Exchange from SharePoint by the numbers: SharePoint 2007, 2010
// and 2013 begin at 12.0.4518, 14.0.4762 and 15.0.4420, far above Exchange.
func family(b Build) string {
	switch {
	case b[0] == 16 || b[0] == 12 || (b[0] == 14 || b[0] == 15) && b[1] == 0 && b[2] >= 4000:
		return SharePoint
	case b[0] == 15 && b[1] <= 2 || b[0] == 14 || b[0] == 8:
		return Exchange
	}
	return ""
}

func (c candidate) assess(all []candidate, set Settings) wire.Exposure {
	t := load()
	x := wire.Exposure{Build: c.build.String()}
	x.Proof = proof(all, c.build)
	if family(c.build) == SharePoint {
		x.Product = sharePoint(c.build)
		x.Notes = append(x.Notes, "SharePoint: the table knows the four ToolShell vulnerabilities of July 2025 only.",
			"An update does not take back machine keys that were stolen before it: rotate them (CVE-2025-53770).")
		x.CVEs = t.sharePoint(c.build, x.Product)
		return x
	}
	at, next := t.nearest(c.build)
	base := t.base(c.build)
	named := cmp.Or(base, at, next)
	x.Product, x.Name, x.Updated = "Exchange Server "+line(c.build, named), t.name(c.build, at, next), ""
	if at != nil && at.build == c.build {
		x.Updated = at.date
	}
	vague := c.build[3] < 0 || !c.Exact && base != nil && base.build == c.build && base.update == ""
	x.CVEs = t.exchange(c.build, vague, set)
	x.Notes = t.notes(c, vague, at, next)
	if day, ok := lastSeen(all, c.build); ok {
		x.Notes = append(x.Notes, "The newest evidence of this build is of "+day+": an update after that day does not show.")
	}
	if slices.ContainsFunc(all, func(o candidate) bool { return o.build != c.build }) {
		x.Notes = append(x.Notes, "The evidence names older builds too: "+others(all, c.build)+".")
	}
	for _, s := range x.CVEs {
		if slices.Contains(configured, s.ID) && len(set.Proof) > 0 {
			x.Proof = append(x.Proof, set.Proof...)
			break
		}
	}
	return x
}

// proof returns up to five places that name the build.
func proof(all []candidate, b Build) (refs []evidence.Ref) {
	same := slices.DeleteFunc(slices.Clone(all), func(c candidate) bool { return c.build != b })
	slices.SortStableFunc(same, func(c, d candidate) int {
		if c.better(d) {
			return -1
		}
		return 1
	})
	for _, c := range same[:min(len(same), 5)] {
		refs = append(refs, c.Ref)
	}
	return refs
}

// lastSeen returns the last day that shows the build in use. It is not ok if a
// program file shows the server as it was acquired, or no evidence has a date.
func lastSeen(all []candidate, b Build) (day string, ok bool) {
	var last time.Time
	for _, c := range all {
		switch {
		case c.build != b:
		case c.Time.IsZero() && c.Exact:
			return "", false
		case c.Time.After(last):
			last = c.Time
		}
	}
	return last.UTC().Format(time.DateOnly), !last.IsZero()
}

func others(all []candidate, b Build) string {
	var list []Build
	for _, c := range all {
		if c.build != b && !slices.Contains(list, c.build) {
			list = append(list, c.build)
		}
	}
	slices.SortFunc(list, func(a, b Build) int { return b.Compare(a) })
	var names []string
	for _, o := range list[:min(len(list), 5)] {
		names = append(names, o.String())
	}
	if len(list) > 5 {
		names = append(names, fmt.Sprintf("and %d more", len(list)-5))
	}
	return strings.Join(names, ", ")
}

// line names the product: SE and 2019 share 15.2.
func line(b Build, r *release) string {
	if r != nil && !(b[0] == 15 && b[1] == 2 && b[2] > 2562) {
		return r.product
	}
	switch {
	case b[0] == 15 && b[1] == 2:
		return "SE"
	case b[0] == 14:
		return "2010"
	}
	return "2007"
}

// name says which update a build is, or between which it lies.
func (t *tables) name(b Build, at, next *release) string {
	base := t.base(b)
	switch {
	case b[3] < 0 && base != nil:
		return "Exchange Server " + base.product + " " + base.cu + ", security update unknown"
	case at != nil && at.build == b:
		return at.name()
	case at == nil && next == nil:
		return ""
	case at == nil:
		return "older than " + next.name()
	case next == nil:
		return "newer than " + at.name()
	}
	return "between " + at.name() + " and " + next.name()
}

// ends says until when Microsoft mended a product: the dates of its lifecycle
// pages (https://learn.microsoft.com/lifecycle/products/).
var ends = map[string]string{
	"2007": "2017-04-11", "2010": "2020-10-13", "2013": "2023-04-11", "2016": "2025-10-14", "2019": "2025-10-14",
}

func (t *tables) notes(c candidate, vague bool, at, next *release) []string {
	var notes []string
	if vague {
		notes = append(notes, "The evidence names the cumulative update, not the security update on top of it: the file version of Bin\\ExSetup.exe would.")
	}
	product := line(c.build, cmp.Or(t.base(c.build), at, next))
	if end, ok := ends[product]; ok {
		notes = append(notes, fmt.Sprintf("Support of Exchange Server %s ended on %s: vulnerabilities found later have no general fix, and the table may not list them.", product, end))
	}
	builds, mends := t.until()
	if next == nil && (at == nil || at.build != c.build) && c.build[3] >= 0 {
		notes = append(notes, "This build is newer than any in the table.")
	}
	notes = append(notes, fmt.Sprintf("The table knows builds until %s and fixes until %s.", builds, mends),
		"A build does not show mitigations (EOMT, the emergency mitigation service, URL rewrite rules), nor what was done to the server before it was updated.")
	return notes
}

func sharePoint(b Build) string {
	switch {
	case b[0] < 16:
		return "SharePoint before 2016"
	case b[2] < 10000:
		return "SharePoint Enterprise Server 2016"
	case b[2] < 14000:
		return "SharePoint Server 2019"
	}
	return "SharePoint Server Subscription Edition"
}
