package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"limier/claim"
	"limier/reading"
)

// evalReading measures the reading of reports on the labelled corpora. It is a
// developers' command.
func evalReading(ctx context.Context, args []string, _ io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("eval reading", flag.ContinueOnError)
	data := flags.String("data", "../shared/data/cti", "`folder` that holds story and corpora")
	verbose := flags.Bool("v", false, "list what was missed and what was too much")
	if err := flags.Parse(args); err != nil {
		return err
	}
	what := flags.Args()
	if len(what) == 0 {
		what = []string{"story", "claims", "names", "techniques"}
	}
	r, err := reading.New()
	if err != nil {
		return err
	}
	for _, w := range what {
		e := readingEval{r: r, dir: *data, verbose: *verbose, w: stdout}
		switch w {
		case "story":
			err = e.story(ctx)
		case "claims":
			err = e.sentences(ctx)
		case "names":
			err = e.names(ctx)
		case "techniques":
			err = e.techniques(ctx)
		default:
			err = fmt.Errorf("%q is none of story, claims, names, techniques", w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type readingEval struct {
	r       *reading.Reader
	dir     string
	verbose bool
	w       io.Writer
}

func (e *readingEval) say(format string, args ...any) {
	if e.verbose {
		fmt.Fprintf(e.w, format, args...)
	}
}

// f1 prints precision, recall and their mean.
func (e *readingEval) f1(what string, hit, got, want int) {
	p, r := float64(hit)/float64(max(got, 1)), float64(hit)/float64(max(want, 1))
	fmt.Fprintf(e.w, "| %s | %d | %d | %d | %.3f | %.3f | %.3f |\n", what, want, got, hit, p, r, 2*p*r/max(p+r, 1e-9))
}

const f1Head = "| what | gold | found | right | precision | recall | F1 |\n|---|---|---|---|---|---|---|\n"

// A goldEntity is an entity of seed-gold.json.
type goldEntity struct {
	ID, Type, Quote string
	ByteStart       int `json:"byte_start"`
	ByteEnd         int `json:"byte_end"`
	Norm            struct {
		Canonical, ISO2, Affiliation string
		KB                           []string
	}
}

// A goldClaim is a claim of seed-gold.json.
type goldClaim struct {
	ID          string
	Attributors []string
	Relation    string
	Accused     []string
	Level       string `json:"accused_level"`
	Modality    string
	Polarity    string
	Confidence  *struct{ Level string }
	Evidence    struct {
		ByteStart int `json:"byte_start"`
		ByteEnd   int `json:"byte_end"`
	}
}

func (e *readingEval) story(ctx context.Context) error {
	data, err := os.ReadFile(filepath.Join(e.dir, "story/seed-gold.json"))
	if err != nil {
		return err
	}
	var gold struct {
		Document struct{ Path, SHA256 string }
		Entities []goldEntity
		Claims   []goldClaim
	}
	if err := json.Unmarshal(data, &gold); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(e.dir, "story", gold.Document.Path))
	if err != nil {
		return err
	}
	d, err := e.r.Read(ctx, gold.Document.Path, text)
	if err != nil {
		return err
	}
	if d.SHA256 != gold.Document.SHA256 {
		return fmt.Errorf("the text read has SHA-256 %s, the gold %s", d.SHA256, gold.Document.SHA256)
	}
	fmt.Fprintf(e.w, "The story's article\n\n%s", f1Head)
	e.storyEntities(d, gold.Entities)
	attrs, right := e.storyClaims(d, gold.Claims, gold.Entities)
	bad := e.storyTooMuch(d)
	fmt.Fprintf(e.w, "\nModality, confidence and polarity: %d of %d right. Claims that must not be made: %d.\n\n", right, attrs, bad)
	return nil
}

// storyEntities counts entities that cover the labelled ones by half, then whole.
func (e *readingEval) storyEntities(d *reading.Document, gold []goldEntity) {
	for _, exact := range []bool{false, true} {
		used := map[int]bool{}
		hit := 0
		for _, g := range gold {
			best, iou := -1, 0.5
			for i, x := range d.Entities {
				if !used[i] && x.Type == g.Type {
					if o := overlap(x, g); o >= iou {
						best, iou = i, o
					}
				}
			}
			if best >= 0 && (!exact || iou > 0.999) {
				used[best] = true
				hit++
			} else if !exact {
				e.say("missed %s %s %q\n", g.ID, g.Type, g.Quote)
			}
		}
		for i, x := range d.Entities {
			if !used[i] && !exact {
				e.say("too much: %s %q\n", x.Type, x.Quote)
			}
		}
		e.f1(map[bool]string{false: "entities, overlap", true: "entities, exact"}[exact], hit, len(d.Entities), len(gold))
	}
}

// storyClaims counts claims, and how many attributes of those found are right.
func (e *readingEval) storyClaims(d *reading.Document, gold []goldClaim, entities []goldEntity) (attrs, right int) {
	byID := map[string]goldEntity{}
	for _, g := range entities {
		byID[g.ID] = g
	}
	used := map[int]bool{}
	hit := 0
	for _, g := range gold {
		found := -1
		for i := range d.Claims {
			if !used[i] && storyMatch(&d.Claims[i], g, byID) {
				found = i
				break
			}
		}
		if found < 0 {
			e.say("missed claim %s %s\n", g.ID, g.Relation)
			continue
		}
		used[found] = true
		hit++
		c := &d.Claims[found]
		level := ""
		if g.Confidence != nil {
			level = g.Confidence.Level
		}
		for _, a := range [][3]string{{"modality", string(c.Modality), strings.Fields(g.Modality)[0]}, {"confidence", string(c.Confidence), level}, {"polarity", string(c.Polarity), g.Polarity}} {
			attrs++
			if a[1] == a[2] {
				right++
			} else {
				e.say("claim %s: %s is %q, want %q\n", g.ID, a[0], a[1], a[2])
			}
		}
	}
	for i := range d.Claims {
		if !used[i] {
			e.say("too much: %s\n", reading.Sentence(&d.Claims[i]))
		}
	}
	e.f1("claims", hit, len(d.Claims), len(gold))
	return attrs, right
}

// storyTooMuch counts what must not be read of the article.
func (e *readingEval) storyTooMuch(d *reading.Document) int {
	bad := 0
	for _, n := range storyMustNot {
		for i := range d.Claims {
			if n.hit(&d.Claims[i]) {
				bad++
				e.say("must not: %s: %s\n", n.what, reading.Sentence(&d.Claims[i]))
			}
		}
	}
	for _, x := range d.Entities {
		if slices.Contains([]string{"ipv4-addr", "domain-name", "url", "file-hash", "vulnerability"}, x.Type) || x.Type == "date" && x.Norm.Precision == "day" {
			bad++
			e.say("must not: %s %q\n", x.Type, x.Quote)
		}
	}
	return bad
}

// overlap is intersection over union, articles at the start aside.
func overlap(x reading.Entity, g goldEntity) float64 {
	start := func(quote string, at int) int {
		lower := strings.ToLower(quote)
		for _, a := range []string{"les ", "le ", "la ", "l'", "une ", "un ", "the ", "d'"} {
			if strings.HasPrefix(lower, a) {
				return at + len(a)
			}
		}
		return at
	}
	a, b := start(x.Quote, x.ByteStart), start(g.Quote, g.ByteStart)
	in := min(x.ByteEnd, g.ByteEnd) - max(a, b)
	if in <= 0 {
		return 0
	}
	return float64(in) / float64(max(x.ByteEnd, g.ByteEnd)-min(a, b))
}

// family joins relations that the gold's scoring holds for one.
func family(relation string) string {
	switch relation {
	case "attributed-to", "conducted-by", "accuses", "linked-to", "associated-with":
		return "attribution"
	case "originates-from", "located-in":
		return "origin"
	case "member-of", "indicts":
		return "legal"
	case "accuses-of-inaction":
		return "tolerates"
	}
	return relation
}

// goldLevel is our word for a level of the gold, "" for one that we do not have.
func goldLevel(s string) claim.Level {
	switch {
	case strings.HasPrefix(s, "persons"):
		return claim.Persons
	case strings.Contains(s, "affiliated"), s == "state-backed":
		return claim.Affiliated
	case s == "location":
		return claim.Territory
	case s == "event" || s == "-":
		return ""
	}
	return claim.Level(s)
}

func storyMatch(c *claim.Claim, g goldClaim, byID map[string]goldEntity) bool {
	if family(string(c.Relation)) != family(g.Relation) {
		return false
	}
	q := c.Evidence[0]
	in := min(q.ByteEnd, g.Evidence.ByteEnd) - max(q.ByteStart, g.Evidence.ByteStart)
	if in*2 < min(q.ByteEnd-q.ByteStart, g.Evidence.ByteEnd-g.Evidence.ByteStart) {
		return false
	}
	who := len(g.Attributors) == 0 && len(c.Attributors) == 0
	for _, id := range g.Attributors {
		for _, p := range c.Attributors {
			e := byID[id]
			who = who || e.Norm.Canonical != "" && (p.Identity == e.Norm.Canonical || p.Organ == e.Norm.Canonical) || e.Norm.ISO2 != "" && p.Identity == isoName[e.Norm.ISO2]
		}
	}
	if !who {
		return false
	}
	if len(g.Accused) == 0 {
		return true
	}
	if l := goldLevel(g.Level); l != "" && c.Level != l {
		return false
	}
	a := byID[g.Accused[0]]
	return strings.Contains(a.Quote, c.Target.Name) || strings.Contains(c.Target.Name, a.Quote) || c.Target.Name == isoName[a.Norm.ISO2]
}

var isoName = map[string]string{"US": "United States", "GB": "United Kingdom", "CN": "China", "RU": "Russia"}

// storyMustNot are the negative claims of seed-gold.json, as far as claims can
// say them.
var storyMustNot = []struct {
	what string
	hit  func(c *claim.Claim) bool
}{
	{"n1: the EU attributed to the state or the ministry", func(c *claim.Claim) bool {
		return said(c, "European Union") && c.Relation != claim.Accuses && c.Level.Rank() >= claim.Affiliated.Rank() && c.Polarity == claim.Affirms
	}},
	{"n2: APT40 or APT31 did Exchange", func(c *claim.Claim) bool {
		return (c.Target.Name == "APT40" || c.Target.Name == "APT31") && strings.Contains(c.Object.Name, "Exchange")
	}},
	{"n3: Hafnium an alias", func(c *claim.Claim) bool { return c.Relation == claim.AliasOf }},
	{"n4: Microsoft attributed to the state", func(c *claim.Claim) bool { return said(c, "Microsoft") && c.Level == claim.TheState }},
	{"n5: the ministry ordered crime", func(c *claim.Claim) bool {
		return strings.HasPrefix(c.Target.Name, "Ministry") && c.Level == claim.Organisation
	}},
	{"n6: UK or NATO named APT40, APT31", func(c *claim.Claim) bool {
		return (said(c, "United Kingdom") || said(c, "NATO")) && strings.HasPrefix(c.Target.Name, "APT")
	}},
	{"n7: Russia did Exchange", func(c *claim.Claim) bool {
		return c.Target.Name == "Russia" && (c.Relation != claim.Tolerates || strings.Contains(c.Object.Name, "Exchange"))
	}},
	{"n8: China denied", func(c *claim.Claim) bool { return c.Relation == claim.Denies && c.Modality != claim.Predicted }},
	{"n9: the four did Exchange", func(c *claim.Claim) bool {
		return strings.HasPrefix(c.Target.Name, "quatre") && strings.Contains(c.Object.Name, "Exchange")
	}},
	{"n10: it came from the United States", func(c *claim.Claim) bool {
		return c.Target.Name == "United States" && (c.Relation == claim.OriginatesFrom || c.Relation == claim.LocatedIn)
	}},
	{"n11: a day", func(c *claim.Claim) bool { return len(c.SaidOn) > 7 }},
}

func said(c *claim.Claim, who string) bool {
	return slices.ContainsFunc(c.Attributors, func(p claim.Party) bool { return p.Identity == who })
}

// A goldSentence is a line of claims-fr-en.jsonl.
type goldSentence struct {
	ID, Lang, Split, Tag, Text string
	Claims                     []struct {
		Attributor, Relation, Object, Accused string
		Level                                 string `json:"accused_level"`
		Modality, Polarity                    string
		Confidence, Likelihood                string
	}
	MustNot []string `json:"must_not"`
}

func (e *readingEval) sentences(ctx context.Context) error {
	f, err := os.Open(filepath.Join(e.dir, "corpora/claims-fr-en.jsonl"))
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Fprintf(e.w, "claims-fr-en, dev\n\n%s", f1Head)
	hit, got, want, attrs, right, bad := 0, 0, 0, 0, 0, 0
	s := bufio.NewScanner(f)
	for s.Scan() {
		var g goldSentence
		if err := json.Unmarshal(s.Bytes(), &g); err != nil {
			return err
		}
		if g.Split != "dev" {
			continue
		}
		d, err := e.r.Read(ctx, g.ID, []byte(g.Text))
		if err != nil {
			return err
		}
		used := map[int]bool{}
		want += len(g.Claims)
		got += len(d.Claims)
		for _, x := range g.Claims {
			found := -1
			for i := range d.Claims {
				c := &d.Claims[i]
				if !used[i] && family(string(c.Relation)) == family(x.Relation) && sameParty(c, x.Attributor) && sameAccused(c, x.Accused) && string(c.Polarity) == x.Polarity &&
					(goldLevel(x.Level) == "" || goldLevel(x.Level) == c.Level) {
					found = i
					break
				}
			}
			if found < 0 {
				e.say("%s missed: %s %s -> %s (%s)\n   %s\n", g.ID, x.Attributor, x.Relation, x.Accused, x.Level, g.Text)
				continue
			}
			used[found] = true
			hit++
			c := &d.Claims[found]
			modality := map[string]string{"acknowledges": "acknowledged", "asserted-unsourced": "asserted", "withdrawn": "asserted"}[x.Modality]
			for _, a := range [][3]string{{"modality", string(c.Modality), cmp.Or(modality, x.Modality)}, {"confidence", string(c.Confidence), x.Confidence}, {"likelihood", string(c.Likelihood), x.Likelihood}} {
				attrs++
				if a[1] == a[2] {
					right++
				} else {
					e.say("%s: %s is %q, want %q\n", g.ID, a[0], a[1], a[2])
				}
			}
		}
		for i := range d.Claims {
			if !used[i] {
				e.say("%s too much: %s\n", g.ID, reading.Sentence(&d.Claims[i]))
			}
			if n := sentenceMustNot[g.ID]; n != nil && n(&d.Claims[i]) {
				bad++
				e.say("%s must not: %s\n", g.ID, reading.Sentence(&d.Claims[i]))
			}
		}
	}
	e.f1("claims", hit, got, want)
	fmt.Fprintf(e.w, "\nModality, confidence and likelihood: %d of %d right. Claims that must not be made: %d.\n\n", right, attrs, bad)
	return s.Err()
}

var sentenceMustNot = map[string]func(c *claim.Claim) bool{
	"en003": func(c *claim.Claim) bool { return c.Level == claim.TheState },
	"en004": func(c *claim.Claim) bool { return c.Relation != claim.Endorses },
	"en007": func(c *claim.Claim) bool { return c.Polarity == claim.Affirms },
	"en010": func(c *claim.Claim) bool { return !said(c, "Microsoft") },
	"fr025": func(c *claim.Claim) bool { return c.Level == claim.TheState },
	"fr026": func(c *claim.Claim) bool { return c.Target.Name == "United States" },
	"fr027": func(c *claim.Claim) bool { return c.Polarity == claim.Affirms },
	"fr029": func(c *claim.Claim) bool { return c.Modality != claim.Predicted },
	"fr033": func(c *claim.Claim) bool { return !said(c, "Microsoft") },
}

var goldNames = map[string]string{"US": "United States", "EU": "European Union", "Conseil UE": "Council of the European Union", "Chine": "China", "Pékin": "China", "US DoJ": "United States Department of Justice", "MSS": "Ministry of State Security"}

func sameParty(c *claim.Claim, gold string) bool {
	if gold == "-" {
		return len(c.Attributors) == 0
	}
	want := strings.ToLower(cmp.Or(goldNames[gold], gold))
	return slices.ContainsFunc(c.Attributors, func(p claim.Party) bool {
		id, organ := strings.ToLower(p.Identity), strings.ToLower(p.Organ)
		return id == want || organ == want || strings.HasSuffix(id, want) || gold == "Conseil UE" && strings.HasSuffix(id, "conseil")
	})
}

func sameAccused(c *claim.Claim, gold string) bool {
	if gold == "-" {
		return true
	}
	got := strings.ToLower(c.Target.Name)
	replace := strings.NewReplacer("ministry of state security", "mss", "ministère de la sécurité de l'état", "mss", "-", " ", "affiliated with the mss", "mss affiliated", "affiliés au ", "affiliés au ")
	got = replace.Replace(got)
	hit, n := 0, 0
	for _, w := range strings.Fields(replace.Replace(strings.ToLower(cmp.Or(goldNames[gold], gold)))) {
		n++
		if strings.Contains(got, strings.TrimSuffix(w, "s")) {
			hit++
		}
	}
	return hit*2 >= n && n > 0 && hit > 0
}
