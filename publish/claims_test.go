package publish_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"limier/builtin"
	"limier/claim"
	"limier/knowledge"
	"limier/publish/claims"
	"limier/publish/feed"
	"limier/publish/misp"
	"limier/scan"
	"limier/sigma"
)

func story(t testing.TB) []claim.Claim {
	t.Helper()
	f, err := os.Open("claims/testdata/claims.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b knowledge.Base
	if err := b.ReadClaims(f); err != nil {
		t.Fatal(err)
	}
	return b.Claims
}

// shipped are the claims that ship.
func shipped(t testing.TB) []claim.Claim {
	t.Helper()
	b, err := knowledge.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return b.Claims
}

func written(t testing.TB, format string, list []claim.Claim) []byte {
	t.Helper()
	all := claims.Formats()
	f := all[slices.IndexFunc(all, func(f claims.Format) bool { return f.Name == format })]
	var b, again bytes.Buffer
	if err := f.Write(&b, list, claims.Options{Publisher: "Example CERT"}); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(list)
	if err := f.Write(&again, list, claims.Options{Publisher: "Example CERT"}); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("%s: the order of the claims shows (%v)", format, err)
	}
	return b.Bytes()
}

func TestClaimsAreValidSTIX(t *testing.T) {
	check := stixValidator(t)
	for _, format := range []string{"stix", "opencti"} {
		for _, list := range [][]claim.Claim{story(t), shipped(t)} {
			what, err := check(written(t, format, list))
			if err != nil {
				t.Errorf("%s: %v", format, err)
			}
			t.Logf("%s of %d claims: %s", format, len(list), what)
		}
	}
}

// objects returns the objects of a bundle by type.
func objects(t testing.TB, text []byte) map[string][]map[string]any {
	t.Helper()
	var b struct {
		Objects []map[string]any `json:"objects"`
	}
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	by := map[string][]map[string]any{}
	for _, o := range b.Objects {
		by[o["type"].(string)] = append(by[o["type"].(string)], o)
	}
	return by
}

// details returns what the extension of an object says.
func details(o map[string]any) map[string]any {
	for _, v := range o["extensions"].(map[string]any) {
		return v.(map[string]any)
	}
	return nil
}

func TestNothingIsFlattened(t *testing.T) {
	by := objects(t, written(t, "stix", story(t)))
	rows := map[string]map[string]any{}
	for _, o := range append(by["relationship"], by["note"]...) {
		d := details(o)
		rows[d["claim_id"].(string)] = o
	}
	kind := func(id string) string { return rows[id]["type"].(string) + " " + str(rows[id]["relationship_type"]) }
	for id, want := range map[string]string{
		"a07": "relationship attributed-to", "a21": "relationship attributed-to", "a14": "relationship originates-from", "a22": "relationship attributed-to",
		"a31": "note ", "count": "note ", "alias": "relationship related-to", "uses": "relationship uses", "charge": "relationship attributed-to",
	} {
		if got := kind(id); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	if rows["a07"]["id"] == rows["a21"]["id"] {
		t.Error("two who say the same share a relationship")
	}
	if rows["a07"]["target_ref"] == rows["a21"]["target_ref"] {
		t.Error("who is affiliated with an organ became the organ")
	}
	if got := rows["a07"]["confidence"]; got != 85.0 {
		t.Errorf("high confidence is %v", got)
	}
	if rows["a22"]["confidence"] != nil || details(rows["a22"])["likelihood"] != "likely" {
		t.Error("a likelihood became a confidence")
	}
	if !strings.HasPrefix(str(rows["a14"]["target_ref"]), "location--") || details(rows["a14"])["responsibility_level"] != "territory" {
		t.Error("the territory became something else")
	}
	if rows["a32"]["revoked"] != true {
		t.Error("what was withdrawn stands")
	}
	for _, o := range append(by["identity"], by["opinion"]...) {
		if by := str(o["created_by_ref"]); o["name"] != "Example CERT" && by != str(by0(t, objects(t, written(t, "stix", story(t))))) {
			t.Errorf("%v is created by %s", o["name"], by)
		}
	}
	opinions := map[string]string{}
	for _, o := range by["opinion"] {
		opinions[str(o["authors"].([]any)[0])] = str(o["opinion"])
	}
	if opinions["NATO (North Atlantic Council)"] != "neutral" || opinions["China (Ministry of Foreign Affairs)"] != "strongly-disagree" {
		t.Errorf("%v", opinions)
	}
}

// What the EU and NATO said on 19 July 2021 stays what they said, with all the
// claims that ship around it.
func TestThe19thOfJuly(t *testing.T) {
	by := objects(t, written(t, "stix", shipped(t)))
	name := map[string]string{}
	for _, list := range by {
		for _, o := range list {
			name[str(o["id"])] = str(o["name"])
		}
	}
	n := map[string]int{}
	for _, o := range by["relationship"] {
		d := details(o)
		refs, _ := d["attributor_refs"].([]any)
		for _, ref := range refs {
			who := name[str(ref)]
			if str(d["statement_date"]) != "2021-07-19" {
				continue
			}
			switch {
			case strings.HasPrefix(who, "European Union"):
				n["EU"]++
				if level := claim.Level(str(d["responsibility_level"])); level.Rank() > claim.Group.Rank() || o["relationship_type"] == "attributed-to" {
					t.Errorf("the EU says %s of %s, level %s", o["relationship_type"], name[str(o["target_ref"])], level)
				}
			case strings.HasPrefix(who, "NATO"):
				t.Errorf("NATO says %v itself", o["description"])
			case strings.HasPrefix(who, "Canada"):
				n["Canada"]++
			}
		}
	}
	if n["EU"] < 3 || n["Canada"] < 2 {
		t.Errorf("claims are lost: %v", n)
	}
	for _, o := range by["relationship"] {
		a, b := name[str(o["source_ref"])], name[str(o["target_ref"])]
		if a > b {
			a, b = b, a
		}
		if a == "APT27" && b == "HAFNIUM" && o["relationship_type"] != "related-to" {
			t.Errorf("%s %s %s", a, o["relationship_type"], b)
		}
	}
	for _, o := range append(by["intrusion-set"], by["campaign"]...) {
		if o["aliases"] != nil {
			t.Errorf("%s has aliases that nobody signs", o["name"])
		}
	}
	versions := shipped(t)
	again := versions[0]
	again.Version = 2
	later := objects(t, written(t, "stix", append(versions, again)))
	for _, o := range later["relationship"] {
		if details(o)["claim_id"] != again.ID {
			continue
		}
		for _, p := range by["relationship"] {
			if p["id"] == o["id"] && str(o["modified"]) <= str(p["modified"]) {
				t.Error("a new version of a claim is no new version of its object")
			}
		}
	}
}

func str(v any) string { s, _ := v.(string); return s }

// by0 returns the id of the publisher.
func by0(t testing.TB, by map[string][]map[string]any) string {
	for _, o := range by["identity"] {
		if o["name"] == "Example CERT" {
			return str(o["id"])
		}
	}
	t.Fatal("no publisher")
	return ""
}

// OpenCTI merges relationships of the same type and ends: there must be one.
func TestOneRelationshipForOpenCTI(t *testing.T) {
	by := objects(t, written(t, "opencti", story(t)))
	seen := map[string]bool{}
	for _, o := range by["relationship"] {
		k := str(o["relationship_type"]) + str(o["source_ref"]) + str(o["target_ref"])
		if seen[k] || o["confidence"] != nil || o["extensions"] != nil {
			t.Errorf("%v", o)
		}
		seen[k] = true
	}
	for _, who := range []string{"United States (White House)", "Canada"} {
		if !slices.ContainsFunc(by["opinion"], func(o map[string]any) bool { return str(o["authors"].([]any)[0]) == who }) {
			t.Errorf("no opinion of %s", who)
		}
	}
	if !slices.ContainsFunc(by["note"], func(o map[string]any) bool { return strings.Contains(str(o["content"]), "aucun lien") }) {
		t.Error("the negative claim is lost")
	}
}

func TestClaimsAreValidMISP(t *testing.T) {
	for _, list := range [][]claim.Claim{story(t), shipped(t)} {
		validMISP(t, list)
	}
}

func validMISP(t *testing.T, list []claim.Claim) {
	text := written(t, "misp", list)
	dir := shared(t, "data", "cti", "misp")
	read := func(elem ...string) any {
		f, err := os.Open(filepath.Join(append([]string{dir}, elem...)...))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		v, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	schema := read("misp-core-schema-lax.json")
	delete(schema.(map[string]any), "id") // a web page's address
	delete(schema.(map[string]any)["defs"].(map[string]any)["sharing_group"].(map[string]any)["properties"].(map[string]any), "required")
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("http://limier.invalid/misp-lax.json", schema); err != nil {
		t.Fatal(err)
	}
	lax, err := compiler.Compile("http://limier.invalid/misp-lax.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := lax.Validate(v); err != nil {
		t.Error(err)
	}
	// Objects by their template, tags by their taxonomies.
	template := read("objects", "annotation", "definition.json").(map[string]any)
	fields := template["attributes"].(map[string]any)
	words := map[string]bool{}
	for _, name := range []string{"estimative-language", "vocabulaire-des-probabilites-estimatives", "admiralty-scale", "state-responsibility", "tlp"} {
		taxonomy := read("taxonomies", name, "machinetag.json").(map[string]any)
		for _, p := range taxonomy["predicates"].([]any) {
			words[name+":"+str(p.(map[string]any)["value"])] = true
		}
		list, _ := taxonomy["values"].([]any)
		for _, values := range list {
			m := values.(map[string]any)
			for _, e := range m["entry"].([]any) {
				words[name+":"+str(m["predicate"])+`="`+str(e.(map[string]any)["value"])+`"`] = true
			}
		}
	}
	event := v.(map[string]any)["Event"].(map[string]any)
	tagged := event["Tag"].([]any)
	for _, x := range event["Object"].([]any) {
		o := x.(map[string]any)
		if o["template_uuid"] != template["uuid"] || o["name"] != template["name"] || o["meta-category"] != template["meta-category"] {
			t.Errorf("%v is of another template", o["name"])
		}
		for _, x := range o["Attribute"].([]any) {
			a := x.(map[string]any)
			f, ok := fields[str(a["object_relation"])].(map[string]any)
			if !ok || f["misp-attribute"] != a["type"] {
				t.Errorf("the template has no %v of type %v", a["object_relation"], a["type"])
			}
			list, _ := a["Tag"].([]any)
			tagged = append(tagged, list...)
		}
	}
	for _, x := range tagged {
		tag := str(x.(map[string]any)["name"])
		if !words[tag] && !strings.HasPrefix(tag, "misp-galaxy:threat-actor=") {
			t.Errorf("no taxonomy has %s", tag)
		}
	}
	if len(event["Object"].([]any)) != len(list) || len(event["Tag"].([]any)) != 1 {
		t.Error("claims are lost, or the event itself is graded")
	}
}

func TestFrenchDegreesAreNotTranslated(t *testing.T) {
	text := written(t, "misp", story(t))
	if !bytes.Contains(text, []byte(`degré-de-probabilité=\"quasi-certaine\"`)) || !bytes.Contains(text, []byte("très probable")) {
		t.Error("très probable is lost")
	}
}

func TestWithdrawnClaimsTagNobody(t *testing.T) {
	list := slices.DeleteFunc(story(t), func(c claim.Claim) bool { return c.ID == "degree" }) // which names APT31 too
	if text := written(t, "misp", list); bytes.Contains(text, []byte(`misp-galaxy:threat-actor=\"APT31\"`)) || !bytes.Contains(text, []byte(`misp-galaxy:threat-actor=\"APT40\"`)) {
		t.Error("a withdrawn claim tags an actor, or one that stands does not")
	}
}

func TestClaimsThatNobodyCanCheck(t *testing.T) {
	for _, f := range claims.Formats() {
		for _, list := range [][]claim.Claim{nil, {{ID: "a"}}, append(story(t), story(t)...)} {
			if err := f.Write(new(bytes.Buffer), list, claims.Options{}); err == nil {
				t.Errorf("%s writes %d claims", f.Name, len(list))
			}
		}
	}
	for _, f := range claims.Formats() {
		if err := f.Write(new(bytes.Buffer), story(t), claims.Options{TLP: "purple"}); err == nil {
			t.Errorf("%s takes TLP:PURPLE", f.Name)
		}
	}
}

// The files of a feed are the events, and each is valid.
func TestFeedIsValid(t *testing.T) {
	check := mispValidator(t)
	all, _ := builtin.Rules()
	rules, _ := sigma.Compile(all, sigma.Config{})
	c := scanned(t, "../examples/intrusion", scan.Config{Parsers: builtin.Parsers(), Rules: rules, Languages: builtin.Languages(), Detectors: builtin.Detectors()})
	var b bytes.Buffer
	if err := misp.Publisher.Write(t.Context(), &b, c); err != nil {
		t.Fatal(err)
	}
	f, err := feed.New(b.Bytes(), written(t, "misp", shipped(t)))
	if err != nil {
		t.Fatal(err)
	}
	var manifest map[string]map[string]any
	if err := json.Unmarshal(f["manifest.json"], &manifest); err != nil || len(manifest) != 2 {
		t.Fatal(err, len(manifest))
	}
	n := 0
	for id, entry := range manifest {
		text := f[id+".json"]
		if _, err := check(text); err == nil {
			n++ // the event of claims has objects, which the strict schema does not know
		} else if !bytes.Contains(text, []byte("who says what")) {
			t.Error(id, err)
		}
		for _, key := range []string{"Orgc", "Tag", "info", "date", "analysis", "threat_level_id", "timestamp"} {
			if entry[key] == nil {
				t.Errorf("the manifest has no %s of %s", key, id)
			}
		}
	}
	if n != 1 || bytes.Count(f["hashes.csv"], []byte("\n")) < 100 {
		t.Errorf("%d valid, %d hashes", n, bytes.Count(f["hashes.csv"], []byte("\n")))
	}
}
