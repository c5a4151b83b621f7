package exposure

import (
	"slices"

	"limier/wire"
)

// configured are the vulnerabilities that a setting decides beside the build.
var configured = []string{"CVE-2023-21709", "CVE-2023-36035", "CVE-2023-36039", "CVE-2023-36050", "CVE-2023-36439", "CVE-2024-21410", "CVE-2025-53786"}

// products returns the names in the table of fixes of b's line. Exchange SE
// continues 2019 in the same numbers.
func products(b Build) []string {
	switch {
	case b[0] == 15:
		return [][]string{{"2013"}, {"2016"}, {"2019", "SE"}}[b[1]]
	case b[0] == 14:
		return []string{"2010"}
	}
	return nil
}

// exchange returns the state of every vulnerability that the table lists for
// b's product: the open ones first, then those that depend.
func (t *tables) exchange(b Build, vague bool, set Settings) []wire.CVEState {
	var list []wire.CVEState
	for i := 0; i < len(t.fixes); {
		x := fix{cve: t.fixes[i].cve}
		affected := false
		for ; i < len(t.fixes) && t.fixes[i].cve == x.cve; i++ {
			if slices.Contains(products(b), t.fixes[i].product) {
				affected = true
				x.rows = append(x.rows, t.fixes[i].rows...)
				x.note = t.fixes[i].note
			}
		}
		if affected {
			s := t.state(x, b, vague)
			t.configure(&s, b, vague, set)
			list = append(list, s)
		}
	}
	return t.order(list)
}

// order puts the open ones first, and of those the ones known to be exploited.
func (t *tables) order(list []wire.CVEState) []wire.CVEState {
	rank := func(s wire.CVEState) int {
		n := map[wire.State]int{wire.Vulnerable: 0, wire.Depends: 2, wire.Fixed: 4}[s.State]
		if s.Exploited == "" {
			n++
		}
		return n
	}
	for i := range list {
		list[i].Exploited = t.exploited[list[i].ID]
	}
	slices.SortStableFunc(list, func(a, b wire.CVEState) int { return rank(a) - rank(b) })
	return list
}

// state compares b with the fixed builds of its own CU.
func (t *tables) state(x fix, b Build, vague bool) wire.CVEState {
	s := wire.CVEState{ID: x.cve, State: wire.Vulnerable, Note: x.note}
	whole := b[0] == 14 // update rollups of Exchange 2010 replace each other
	for _, r := range x.rows {
		if r.build[2] == b[2] || whole {
			s.FixedIn = r.build.String()
			unsure := b[3] < 0 && r.build[3] > t.revision(b) || vague && r.build.Compare(b) > 0
			switch {
			case unsure:
				s.State = wire.Depends
				join(&s.Note, "on a security update that the evidence does not show")
			case r.later != Build{} && b.Compare(r.build) >= 0 && b.Compare(r.later) < 0:
				s.State = wire.Depends
				join(&s.Note, "CSS-Exchange calls this build fixed, Microsoft's documents say "+r.later.String())
			case b[3] < 0 || b.Compare(r.build) >= 0:
				s.State = wire.Fixed
			}
			return s
		}
	}
	var newest Build
	released := ""
	for _, r := range x.rows {
		if r.on && r.build[2] < b[2] {
			s.State, s.FixedIn = wire.Fixed, r.build.String()
			return s
		}
		if r.build.Compare(newest) > 0 {
			newest = r.build
		}
		if at, _ := t.nearest(r.build); at != nil {
			released = max(released, at.since())
		}
	}
	base := t.base(b)
	if b[2] > newest[2] && (base == nil || base.since() > released) {
		s.State = wire.Fixed // a CU holds all fixes that were made before it
		return s
	}
	join(&s.Note, "no update mends this CU: install a newer one")
	return s
}

// revision returns the fourth number of b's CU as it was first released.
func (t *tables) revision(b Build) int {
	if base := t.base(b); base != nil {
		return base.build[3]
	}
	return -1
}

func join(note *string, more string) {
	if *note != "" {
		*note += "; "
	}
	*note += more
}

// configure lets the settings decide where the build alone cannot.
func (t *tables) configure(s *wire.CVEState, b Build, vague bool, set Settings) {
	switch s.ID {
	case "CVE-2024-21410":
		// NTLM relay to Exchange. Extended Protection stops it; the update only
		// made its setup turn it on (CVE-2024-21410 FAQ; CSS-Exchange
		// ExchangeExtendedProtectionManagement.ps1). Aug22SU brought it.
		s.FixedIn = ""
		switch {
		case set.ExtendedProtection == On:
			s.State, s.Note = wire.Fixed, "Extended Protection is on in applicationHost.config"
		case set.ExtendedProtection == Off:
			s.State, s.Note = wire.Vulnerable, "Extended Protection is off in applicationHost.config"
		case set.ExtendedProtection == Partial:
			s.State, s.Note = wire.Vulnerable, "Extended Protection is not on as it should be in every virtual directory of applicationHost.config"
		case !vague && t.before(b, "Aug22SU"):
			s.State, s.Note = wire.Vulnerable, "this build cannot use Extended Protection: it came with the update of August 2022"
		default:
			s.State, s.Note = wire.Depends, "on Extended Protection, which applicationHost.config shows; setup of 2019 CU14 and later turns it on"
		}
	case "CVE-2023-21709":
		// Removing the TokenCacheModule from IIS mends it on any build, and so
		// does Windows' update of October 2023, CVE-2023-36434 (CSS-Exchange
		// CVE-2023-21709.ps1).
		switch {
		case set.TokenCacheModule == Off:
			s.State, s.Note = wire.Fixed, "the TokenCacheModule is not installed in IIS"
		case s.State == wire.Fixed:
			s.State, s.Note = wire.Depends, "fixed by removing IIS's TokenCacheModule or by Windows' update of October 2023 (CVE-2023-36434), not by this build alone"
			if set.TokenCacheModule == On {
				s.Note = "the TokenCacheModule is installed in IIS: fixed only by Windows' update of October 2023 (CVE-2023-36434)"
			}
		}
	case "CVE-2023-36035", "CVE-2023-36039", "CVE-2023-36050", "CVE-2023-36439":
		switch {
		case s.State != wire.Fixed:
		case set.SerializedDataSigning == Off || set.SerializedDataSigning == Partial:
			s.State, s.Note = wire.Vulnerable, "the build is fixed, but serialized data signing is off"
		case set.SerializedDataSigning == On:
			s.Note = "serialized data signing is on"
		default:
			s.State, s.Note = wire.Depends, "on serialized data signing, which is on by default since the update of November 2023"
		}
	case "CVE-2025-53786":
		if s.State == wire.Fixed {
			s.State, s.Note = wire.Depends, "in a hybrid deployment the dedicated hybrid application must be set up too; a server without Exchange Online is fixed"
		}
	}
}

// before reports whether b lacks the named update of its CU, or its CU is older
// than any that got it.
func (t *tables) before(b Build, update string) bool {
	oldest := Build{}
	for i := range t.releases {
		r := &t.releases[i]
		if r.update != update || r.build[0] != b[0] || r.build[1] != b[1] {
			continue
		}
		if r.build[2] == b[2] {
			return b.Compare(r.build) < 0
		}
		if oldest == (Build{}) {
			oldest = r.build
		}
	}
	return oldest != Build{} && b[2] < oldest[2]
}

// sharePoint compares whole builds: SharePoint's updates are cumulative.
func (t *tables) sharePoint(b Build, product string) []wire.CVEState {
	var list []wire.CVEState
	for _, x := range t.fixes {
		if x.product != product {
			continue
		}
		s := wire.CVEState{ID: x.cve, State: wire.Vulnerable, FixedIn: x.rows[0].build.String(), Note: x.note}
		if b.Compare(x.rows[0].build) >= 0 {
			s.State = wire.Fixed
		}
		list = append(list, s)
	}
	return t.order(list)
}
