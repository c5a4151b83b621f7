package exposure

import "testing"

// CUs returns the first build of every CU in the table, for property tests.
func CUs() (list []Build) {
	for _, r := range load().releases {
		if r.build[0] == 15 && (len(list) == 0 || list[len(list)-1][1] != r.build[1] || list[len(list)-1][2] != r.build[2]) {
			list = append(list, r.build)
		}
	}
	return list
}

func TestTablesAreSound(t *testing.T) {
	tab := load()
	if len(tab.releases) != 399 {
		t.Errorf("%d builds, want 399", len(tab.releases))
	}
	cves := map[string]bool{}
	for _, x := range tab.fixes {
		cves[x.cve] = true
		if len(x.rows) == 0 && x.cve != "CVE-2024-21410" {
			t.Errorf("%s %s has no fixed build", x.cve, x.product)
		}
		for _, r := range x.rows {
			if family(r.build) == Exchange && tab.base(r.build) == nil {
				t.Errorf("%s: the CU of %s is not in the table of builds", x.cve, r.build)
			}
		}
	}
	if len(cves) != 125 {
		t.Errorf("%d CVEs, want 125", len(cves))
	}
	for _, r := range tab.releases {
		if r.build[2] == 0 || r.product == "" {
			t.Errorf("bad row %+v", r)
		}
		if base := tab.base(r.build); r.build[0] == 15 && base.update != "" {
			t.Errorf("%s: no row says when its CU came out", r.build)
		}
	}
}
