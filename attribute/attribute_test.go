package attribute

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"limier/knowledge"
)

func tables(t testing.TB) (*knowledge.Base, *Profiles) {
	t.Helper()
	b, err := knowledge.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Builtin(b)
	if err != nil {
		t.Fatal(err)
	}
	return b, p
}

func compare(t *testing.T, b *knowledge.Base, p *Profiles, list ...string) *Comparison {
	t.Helper()
	traits, err := p.Parse(b, list)
	if err != nil {
		t.Fatal(err)
	}
	return p.Compare(b, traits)
}

// TestGenericIsInsufficient: what dozens of actors did in March 2021 names
// nobody.
func TestGenericIsInsufficient(t *testing.T) {
	b, p := tables(t)
	for _, list := range [][]string{
		{"T1190", "T1505.003", "China Chopper"},
		{"T1190", "T1505.003"},
		{"T1190", "T1505.003", "T1003.001", "T1059.001"},
		{"T1190", "T1505.003", "China Chopper", "Cobalt Strike", "Mimikatz"},
		{"T1190"},
		{"T1190", "T1505.003", "ShadowPad"},
		{"T1190", "T1505.003", "PlugX", "Mimikatz"},
	} {
		c := compare(t, b, p, list...)
		if c.Answer == Closest || c.Answer == Strong || list[len(list)-1] == "China Chopper" && c.Answer != Insufficient {
			t.Errorf("%v: %s %v (%s)", list, c.Answer, c.Actors, c.Reason)
		}
	}
}

// TestClustersOfESET: each of the eleven is named when a hash or a domain of
// its own is in evidence, and none by what all of them did.
func TestClustersOfESET(t *testing.T) {
	b, p := tables(t)
	n := 0
	for _, a := range b.Actors {
		if !slices.Contains(a.Sources, "ESET") {
			continue
		}
		n++
		for _, own := range slices.Concat(a.Network, a.SHA1, a.SHA256) {
			c := compare(t, b, p, "T1190", "T1505.003", "China Chopper", own)
			if c.Answer == Insufficient || len(c.Actors) != 1 || c.Actors[0] != a.Name {
				t.Errorf("%s with %s: %s %v (%s)", a.Name, own, c.Answer, c.Actors, c.Reason)
			}
		}
		for _, s := range a.Exclusive {
			c := compare(t, b, p, "T1190", "T1505.003", s)
			if len(c.Actors) > 0 && !slices.Contains(c.Actors, a.Name) {
				t.Errorf("%s with its own %s: %s %v", a.Name, s, c.Answer, c.Actors)
			}
		}
	}
	if n != 11 {
		t.Errorf("%d clusters of ESET, want 11", n)
	}
}

// TestFalseFlag: a path that anybody can use makes nobody the closest.
func TestFalseFlag(t *testing.T) {
	b, p := tables(t)
	c := compare(t, b, p, "T1190", "T1505.003", `C:\inetpub\wwwroot\aspnet_client\dukybySSSS.aspx`)
	if c.Answer == Closest || c.Answer == Strong {
		t.Errorf("a file name alone: %s %v", c.Answer, c.Actors)
	}
	if c.WithoutCheap != "" {
		t.Errorf("without what is cheap %s leads", c.WithoutCheap)
	}
}

func TestComparisonIsWhole(t *testing.T) {
	b, p := tables(t)
	c := compare(t, b, p, "T1190", "T1505.003", "China Chopper", "SysUpdate", "34.90.207[.]23")
	if c.Answer != Closest && c.Answer != Strong || c.Actors[0] != "APT27" {
		t.Fatalf("SysUpdate and its address: %s %v (%s)", c.Answer, c.Actors, c.Reason)
	}
	names := map[string]bool{}
	sum := 0.0
	for _, h := range c.Hypotheses {
		names[h.Actor] = true
		sum += h.Posterior
		if len(h.Cells) != len(c.Matrix) {
			t.Errorf("%s has %d cells for %d rows", h.Name, len(h.Cells), len(c.Matrix))
		}
	}
	if !names["unknown"] || !names["several"] || sum > 1.01 {
		t.Errorf("hypotheses %v, posteriors sum to %.3f", names, sum)
	}
	linchpin := false
	for i, g := range c.Matrix {
		linchpin = linchpin || g.Linchpin
		if i > 0 && g.Diagnosticity > c.Matrix[i-1].Diagnosticity {
			t.Error("the rows are not by diagnosticity")
		}
	}
	if !linchpin {
		t.Error("nothing is a linchpin")
	}
	// Two intruders at once are said to be two.
	two := compare(t, b, p, "yolkish.com", "www.averyspace.net", "ns.rtechs.org")
	if two.Answer == Closest || two.Answer == Strong {
		t.Errorf("three parties' domains: %s %v", two.Answer, two.Actors)
	}
	if again := compare(t, b, p, "34.90.207.23", "China Chopper", "SysUpdate", "T1505.003", "T1190"); !reflect.DeepEqual(again, c) {
		t.Error("another order of the same traits gives another comparison")
	}
	if _, err := p.Parse(b, []string{"Chopper of China"}); err == nil || !strings.Contains(err.Error(), "Chopper of China") {
		t.Errorf("a name that nobody knows: %v", err)
	}
}

// TestNeverAttributed: no words of the package say that somebody did it.
func TestNeverAttributed(t *testing.T) {
	for _, a := range []Answer{Insufficient, Compatible, Closest, Strong} {
		if strings.Contains(string(a), "attribut") {
			t.Error(a)
		}
	}
}

func TestIsotonic(t *testing.T) {
	f := Isotonic([]float64{1, 2, 3, 4, 5, 6}, []bool{false, true, false, true, true, true})
	last := -1.0
	for m := 0.0; m < 8; m += 0.5 {
		if f(m) < last {
			t.Errorf("the chance falls at %.1f", m)
		}
		last = f(m)
	}
}

func FuzzParse(f *testing.F) {
	b, p := tables(f)
	f.Add("T1190,China Chopper,yolkish[.]com")
	f.Fuzz(func(t *testing.T, s string) {
		if traits, err := p.Parse(b, strings.Split(s, ",")); err == nil {
			p.Compare(b, traits)
		}
	})
}
