package claim

import (
	"strings"
	"testing"
)

func whole() Claim {
	return Claim{ID: "a14", Attributors: []Party{{Identity: "European Union"}}, Relation: OriginatesFrom, Object: Thing{Name: "Exchange 2021"},
		Target: Thing{Name: "China"}, Level: Territory, Polarity: Affirms, Modality: Asserted, SaidOn: "2021-07-19", Evidence: []Quote{{Document: "declaration"}}}
}

func TestLintRefuses(t *testing.T) {
	c := whole()
	if err := c.Lint(); err != nil {
		t.Fatalf("a whole claim is refused: %v", err)
	}
	for want, spoil := range map[string]func(*Claim){
		"no attributor":     func(c *Claim) { c.Attributors = nil },
		"no source":         func(c *Claim) { c.Evidence = nil },
		"said_on":           func(c *Claim) { c.SaidOn = "19 July" },
		"relation":          func(c *Claim) { c.Relation = "did" },
		"level":             func(c *Claim) { c.Level = "country" },
		"likelihood":        func(c *Claim) { c.Likelihood = "probably" },
		"neither document":  func(c *Claim) { c.Evidence[0] = Quote{Quote: "it is said"} },
		"no object":         func(c *Claim) { c.Object = Thing{} },
		"modality":          func(c *Claim) { c.Modality = "" },
		"has no identity":   func(c *Claim) { c.Attributors[0].Identity = "" },
		"polarity":          func(c *Claim) { c.Polarity = "yes" },
		"confidence \"very": func(c *Claim) { c.Confidence = "very high" },
	} {
		c := whole()
		spoil(&c)
		if err := c.Lint(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error about %s", err, want)
		}
	}
}

func TestLevelsAreOrdered(t *testing.T) {
	for i, l := range Levels() {
		if l.Rank() != i+1 {
			t.Errorf("%s has rank %d, want %d", l, l.Rank(), i+1)
		}
	}
	if Level("country").Rank() != 0 {
		t.Error("a word that is no level has a rank")
	}
}
