package knowledge

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"limier/claim"
)

func builtin(t *testing.T) *Base {
	t.Helper()
	b, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestStory: all 43 statements and 18 actors are there, each with its source.
func TestStory(t *testing.T) {
	b := builtin(t)
	statements := map[string]bool{}
	for i := range b.Claims {
		c := &b.Claims[i]
		if err := c.Lint(); err != nil {
			t.Errorf("%s: %v", c.ID, err)
		}
		if id := regexp.MustCompile(`^a\d\d`).FindString(c.ID); id != "" {
			statements[id] = true
		}
		for _, x := range []claim.Thing{c.Object, c.Target} {
			if strings.HasPrefix(x.ID, "actor--") && b.Actor(x.ID) == nil {
				t.Errorf("%s speaks of %s, which is no actor here", c.ID, x.ID)
			}
		}
	}
	if len(statements) != 43 || len(b.Actors) != 18 {
		t.Errorf("%d statements and %d actors, want 43 and 18", len(statements), len(b.Actors))
	}
	for _, a := range b.Actors {
		for _, s := range a.Exclusive {
			if !slices.Contains(a.Software, s) {
				t.Errorf("%s: %s is exclusive and not among its software", a.ID, s)
			}
			for _, o := range b.Actors {
				if o.ID != a.ID && slices.Contains(o.Software, s) {
					t.Errorf("%s is exclusive to %s, and %s has it too", s, a.ID, o.ID)
				}
			}
		}
	}
}

// TestNamesAreNotClosedOver: the United States say that APT27 is Silk Typhoon,
// Microsoft that HAFNIUM is. The two stay two, and both claims show.
func TestNamesAreNotClosedOver(t *testing.T) {
	b := builtin(t)
	found := b.Find("silk typhoon")
	if len(found) != 2 {
		t.Fatalf("Silk Typhoon may mean %d actors, want 2", len(found))
	}
	authors := map[string]string{}
	for _, n := range found {
		authors[n.Actor.ID] = n.Claim.Attributors[0].Identity
	}
	if authors["actor--hafnium"] != "Microsoft" || authors["actor--apt27"] != "United States" {
		t.Errorf("who says so: %v", authors)
	}
	for _, name := range []string{"HAFNIUM", "G0125", "hafnium", "actor--hafnium"} {
		if got := b.Find(name); len(got) != 1 || got[0].Actor.ID != "actor--hafnium" {
			t.Errorf("%s finds %d actors, the first %v", name, len(got), got)
		}
	}
	for _, c := range b.Aliases("actor--hafnium") {
		if Fold(c.Target.Name) == "luckymouse" || Fold(c.Target.Name) == "apt27" {
			t.Errorf("a name of APT27 reached HAFNIUM through another: %s", c.ID)
		}
	}
}

func TestLevelsStayAsSaid(t *testing.T) {
	b := builtin(t)
	want := map[string]claim.Level{"a14": claim.Territory, "a27": claim.Territory, "a16": claim.Affiliated, "a07": claim.Affiliated, "a21": claim.Organisation, "a23": claim.Organisation}
	for i := range b.Claims {
		if level, ok := want[b.Claims[i].ID]; ok && b.Claims[i].Level != level {
			t.Errorf("%s is at the level %s, want %s", b.Claims[i].ID, b.Claims[i].Level, level)
		}
	}
	last := 0
	for _, c := range b.About("Exchange 2021") {
		if c.Level.Rank() < last {
			t.Errorf("%s stands after a higher level", c.ID)
		}
		last = c.Level.Rank()
	}
}

func TestIndependent(t *testing.T) {
	b := builtin(t)
	byID := func(ids ...string) (list []*claim.Claim) {
		for i := range b.Claims {
			if slices.Contains(ids, b.Claims[i].ID) {
				list = append(list, &b.Claims[i])
			}
		}
		return list
	}
	for _, tt := range []struct {
		ids  []string
		want int
	}{
		{[]string{"a15-apt31", "a32", "a33-apt31"}, 1}, // two papers repeat the Union
		{[]string{"a06", "a07", "a09"}, 1},             // one government
		{[]string{"a07", "a16", "a21"}, 3},
		{[]string{"a07", "a16", "a21", "a20"}, 3}, // an endorsement adds nobody
	} {
		if got := b.Independent(byID(tt.ids...)); got != tt.want {
			t.Errorf("%v: %d independent parties, want %d", tt.ids, got, tt.want)
		}
	}
}

func TestContradictions(t *testing.T) {
	b := builtin(t)
	exchange := claim.Thing{ID: "campaign--exchange-2021"}
	says := func(identity string, relation claim.Relation, target claim.Thing, level claim.Level) *claim.Claim {
		return &claim.Claim{ID: "x", Attributors: []claim.Party{{Identity: identity}}, Relation: relation, Object: exchange, Target: target, Level: level, Polarity: claim.Affirms, Modality: claim.Asserted}
	}
	china := claim.Thing{ID: "org--prc", Name: "Government of China"}
	for _, tt := range []struct {
		c    *claim.Claim
		want string // in a reason; "" for none besides China's denial
	}{
		{says("European Union", claim.Accuses, china, claim.TheState), "stronger than the primary source: European Union"},
		{says("NATO", claim.Accuses, china, claim.TheState), "stronger than the primary source: NATO"},
		{says("Canada", claim.AttributedTo, claim.Thing{ID: "org--mss"}, claim.Organisation), ""},
		{says("somebody", claim.ConductedBy, claim.Thing{ID: "actor--apt31"}, claim.Group), "France (ANSSI) says the opposite"},
		{says("somebody", claim.ConductedBy, claim.Thing{ID: "actor--apt40"}, claim.Group), ""},
	} {
		var why []string
		for _, x := range b.Contradictions(tt.c) {
			if x.Claim.Relation != claim.Denies {
				why = append(why, x.Why)
			}
		}
		if text := strings.Join(why, "; "); tt.want == "" && text != "" || !strings.Contains(text, tt.want) {
			t.Errorf("%s %s %s: %q, want %q", tt.c.Attributors[0].Identity, tt.c.Relation, tt.c.Target.ID, text, tt.want)
		}
	}
}

func TestAddIsAllOrNothing(t *testing.T) {
	b := builtin(t)
	n := len(b.Claims)
	good := b.Claims[0]
	if err := b.Add(good); err != nil || len(b.Claims) != n {
		t.Errorf("the same claim again: %v, %d claims", err, len(b.Claims))
	}
	changed := good
	changed.Level = claim.TheState
	fresh := good
	fresh.ID = "new"
	if err := b.Add(fresh, changed); err == nil || len(b.Claims) != n {
		t.Errorf("a changed claim: %v, %d claims", err, len(b.Claims))
	}
	changed.Version = 2
	if err := b.Add(fresh, changed); err != nil || len(b.Claims) != n+2 {
		t.Errorf("its next version: %v, %d claims", err, len(b.Claims))
	}
	if err := b.ReadClaims(strings.NewReader("- id: x\n  relation: did\n")); err == nil {
		t.Error("a claim of nobody about nothing is taken")
	}
	if err := b.ReadClaims(strings.NewReader("- id: x\n  colour: red\n")); err == nil {
		t.Error("a field that claims do not have is taken")
	}
}

func FuzzReadClaims(f *testing.F) {
	text, err := story.ReadFile("story/claims.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text[:4000])
	f.Add([]byte("- id: &a [*a]"))
	f.Add([]byte("a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := new(Base)
		if err := b.ReadClaims(strings.NewReader(string(data))); err != nil && len(b.Claims) > 0 {
			t.Error("half of a refused file was kept")
		}
	})
}
