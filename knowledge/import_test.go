package knowledge

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"limier/claim"
)

func shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("../../shared/data/cti", name)
	if root := os.Getenv("LIMIER_SHARED"); root != "" {
		path = filepath.Join(root, "data/cti", name)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared data are not here: %v", err)
	}
	return path
}

func importFile(t testing.TB, b *Base, name string) *Import {
	t.Helper()
	f, err := os.Open(shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	im, err := ReadImport(filepath.Base(name), f)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AddImport(im); err != nil {
		t.Fatal(err)
	}
	return im
}

// TestAllSources: with everything loaded HAFNIUM and APT27 stay apart, and each
// name has its author.
func TestAllSources(t *testing.T) {
	b := builtin(t)
	for _, name := range []string{"attack/enterprise-attack-18.1.stix21.json.gz", "galaxy/threat-actor.json", "galaxy/microsoft-activity-group.json", "galaxy/MicrosoftMapping.json", "misp/eset-winnti-gaming.misp_event.json"} {
		im := importFile(t, b, name)
		if len(im.Claims) == 0 {
			t.Errorf("%s: no claims", name)
		}
	}
	hafnium, apt27 := b.Find("HAFNIUM"), b.Find("APT27")
	for _, n := range hafnium {
		for _, o := range apt27 {
			if n.Actor.ID == o.Actor.ID {
				t.Errorf("%s goes by both names", n.Actor.ID)
			}
		}
	}
	authors := map[string]bool{}
	for _, n := range b.Find("Silk Typhoon") {
		if n.Claim != nil {
			authors[n.Claim.Attributors[0].Identity+" "+n.Actor.Name] = true
		}
	}
	for _, want := range []string{"United States APT27", "Microsoft HAFNIUM", "MITRE HAFNIUM", "MISP project HAFNIUM"} {
		if !authors[want] {
			t.Errorf("who calls whom Silk Typhoon lacks %q: %v", want, authors)
		}
	}
	if a := b.Actor("actor--hafnium"); a == nil || len(b.About(a.ID)) < 40 {
		t.Error("what ATT&CK says of G0125 is not with HAFNIUM")
	}
	if a := b.Actor("attack--G0016"); a == nil || len(a.Techniques) < 40 || len(a.Software) < 20 {
		t.Error("APT29 lacks its techniques and software")
	}
}

// TestImportTwice: the same file again adds nothing.
func TestImportTwice(t *testing.T) {
	b := builtin(t)
	importFile(t, b, "galaxy/threat-actor.json")
	claims, actors := len(b.Claims), len(b.Actors)
	importFile(t, b, "galaxy/threat-actor.json")
	if len(b.Claims) != claims || len(b.Actors) != actors {
		t.Errorf("%d claims and %d actors became %d and %d", claims, actors, len(b.Claims), len(b.Actors))
	}
}

func TestHostileImports(t *testing.T) {
	const actor = `{"type":"intrusion-set","id":"intrusion-set--1","name":"A","modified":"2021-01-01T00:00:00Z"}`
	for name, tt := range map[string]struct{ text, want string }{
		"empty":             {"", "empty"},
		"no JSON":           {"{", "near byte"},
		"another JSON":      {`{"a":1}`, "neither"},
		"cut short":         {`{"type":"bundle","objects":[` + actor, "near byte"},
		"wrong type":        {`{"objects":[{"type":"intrusion-set","id":7}]}`, "object 1"},
		"objects no list":   {`{"objects":{"a":1}}`, "a list was expected"},
		"no type":           {`{"objects":[` + actor + `,{"id":"x--1"}]}`, "object 2: an object without a type"},
		"id of another":     {`{"objects":[{"type":"malware","id":"tool--1"}]}`, `object 1: the id "tool--1" is not of the type "malware"`},
		"two of one":        {`{"objects":[` + actor + `,` + strings.Replace(actor, `"A"`, `"B"`, 1) + `]}`, "object 2: intrusion-set--1 is there twice"},
		"event of nobody":   {`{"Event":{"uuid":"u","info":"i"}}`, "no organisation"},
		"event with a date": {`{"Event":{"uuid":"u","info":"i","date":"soon","Orgc":{"name":"O"},"Attribute":[{"type":"sha1","value":"aa"}]}}`, "said_on"},
		"mapping":           {`[{"Threat actor name":""}]`, "row 1 has no name"},
		"deep":              {strings.Repeat(`{"objects":[`, 20000), "object"},
		"galaxy":            {`{"values":[{"value":"x"}]}`, "value 1 has no name or no UUID"},
		"broken gzip":       {"\x1f\x8b\x08\x00garbage", "unexpected EOF"},
	} {
		_, err := ReadImport("f", strings.NewReader(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	// A cycle of relationships is two claims, and ends.
	cycle := `{"type":"bundle","objects":[` + actor + `,{"type":"intrusion-set","id":"intrusion-set--2","name":"B","modified":"2021-01-01T00:00:00Z"},
{"type":"relationship","id":"relationship--1","relationship_type":"related-to","source_ref":"intrusion-set--1","target_ref":"intrusion-set--2","modified":"2021-01-01T00:00:00Z"},
{"type":"relationship","id":"relationship--2","relationship_type":"related-to","source_ref":"intrusion-set--2","target_ref":"intrusion-set--1","modified":"2021-01-01T00:00:00Z"},
{"type":"relationship","id":"relationship--3","relationship_type":"attributed-to","source_ref":"intrusion-set--9","target_ref":"intrusion-set--1","modified":"2021-01-01T00:00:00Z"}]}`
	im, err := ReadImport("f", strings.NewReader(cycle))
	if err != nil || len(im.Claims) != 2 || im.Skipped["relationship with an end that is not in the file"] != 1 {
		t.Errorf("a cycle: %v, %+v", err, im)
	}
	b := builtin(t)
	n := len(b.Claims)
	im.Claims = append(im.Claims, claim.Claim{ID: "broken"})
	if err := b.AddImport(im); err == nil || len(b.Claims) != n || b.Actor("intrusion-set--1") != nil {
		t.Errorf("half of an import was kept: %v", err)
	}
}

func FuzzReadImport(f *testing.F) {
	f.Add([]byte(`{"type":"bundle","objects":[{"type":"intrusion-set","id":"intrusion-set--1","name":"A","aliases":["B"],"modified":"2021-01-01T00:00:00Z"}]}`))
	f.Add([]byte(`{"name":"Threat Actor","values":[{"value":"A","uuid":"u","meta":{"synonyms":["B",1],"country":"CN","attribution-confidence":50}}]}`))
	f.Add([]byte(`{"response":[{"Event":{"uuid":"u","info":"i","date":"2021-01-01","Orgc":{"name":"O"},"Tag":[{"name":"misp-galaxy:threat-actor=\"A\""}],"Attribute":[{"type":"sha1","value":"aa"}]}}]}`))
	f.Add([]byte(`[{"Threat actor name":"A","Origin/Threat":"China","Other names":"B, C"}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		im, err := ReadImport("f", bytes.NewReader(data))
		if err != nil {
			return
		}
		b := new(Base)
		if err := b.AddImport(im); err == nil {
			for _, a := range b.Actors {
				b.Find(a.Name)
				b.Aliases(a.ID)
			}
		}
	})
}

func BenchmarkImportATTACK(b *testing.B) {
	for b.Loop() {
		importFile(b, new(Base), "attack/enterprise-attack-18.1.stix21.json.gz")
	}
}
