package publish_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"limier/acquire"
	"limier/builtin"
	"limier/casefile"
	"limier/enrich"
	"limier/publish"
	"limier/scan"
	"limier/sigma"
)

var update = flag.Bool("update", false, "rewrite the table in doc/exports.md")

// shared finds data beside the repository, or skips the test.
func shared(t *testing.T, elem ...string) string {
	t.Helper()
	root := cmp.Or(os.Getenv("LIMIER_SHARED"), filepath.Join("..", "..", "shared"))
	name := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(name); err != nil {
		t.Skipf("no data at %s", name)
	}
	return name
}

// TestExportsOfRealSets scans the example and every set of real evidence, and
// validates every export of each.
func TestExportsOfRealSets(t *testing.T) {
	checks := validators(t)
	data := shared(t, "data")
	sets := []string{"../examples/intrusion", "../examples/clean"}
	for _, group := range []string{"exchange-logs", "iis", "evtx-attack", "evtx-benign"} {
		sets = append(sets, setsOf(t, filepath.Join(data, group), group == "exchange-logs")...)
	}
	if testing.Short() {
		sets = sets[:2]
	}
	all, _ := builtin.Rules()
	rules, _ := sigma.Compile(all, sigma.Config{})
	config := scan.Config{Parsers: builtin.Parsers(), Rules: rules, Languages: builtin.Languages(), Detectors: builtin.Detectors()}
	var table strings.Builder
	valid, total := 0, 0
	for _, set := range sets {
		c := scanned(t, set, config)
		name, _ := filepath.Rel(data, set)
		if strings.HasPrefix(set, "..") && strings.Contains(set, "examples") {
			name = strings.TrimPrefix(set, "../")
		}
		fmt.Fprintf(&table, "| %s | %s | %d |", filepath.ToSlash(name), c.End.Verdict, len(c.Findings))
		for _, p := range builtin.Publishers() {
			total++
			var b, again bytes.Buffer
			if err := errors.Join(p.Write(t.Context(), &b, c), p.Write(t.Context(), &again, c)); err != nil {
				t.Fatal(err)
			}
			what, err := checks[p.Name](b.Bytes())
			switch {
			case err == nil && !bytes.Equal(b.Bytes(), again.Bytes()):
				err = errors.New("not the same bytes twice")
				fallthrough
			case err != nil:
				t.Errorf("%s as %s: %v", name, p.Name, err)
				what = "**no**"
			default:
				valid++
			}
			fmt.Fprintf(&table, " %s |", what)
		}
		table.WriteString("\n")
	}
	t.Logf("%d of %d exports of %d sets are valid", valid, total, len(sets))
	if *update {
		writeTable(t, fmt.Sprintf("%d of %d exports of %d sets are valid.\n\n", valid, total, len(sets)), table.String())
	}
}

// writeTable replaces what follows the mark in doc/exports.md.
func writeTable(t *testing.T, sum, rows string) {
	const name, mark = "../doc/exports.md", "<!-- written by the test -->\n"
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(b), mark)
	if !ok {
		t.Fatal("no mark in ", name)
	}
	columns, rule := "| set | verdict | findings |", "|---|---|---|"
	for _, p := range builtin.Publishers() {
		columns += " " + p.Name + " |"
		rule += "---|"
	}
	if err := os.WriteFile(name, []byte(head+mark+sum+columns+"\n"+rule+"\n"+rows), 0o644); err != nil {
		t.Fatal(err)
	}
}

// setsOf lists the files of a group by its manifest, or its folders.
func setsOf(t *testing.T, group string, folders bool) []string {
	f, err := os.Open(filepath.Join(group, "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comma, in.LazyQuotes, in.FieldsPerRecord = '\t', true, -1
	rows, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var sets []string
	for _, row := range rows[1:] {
		name := row[0]
		if folders {
			name = strings.Split(name, "/")[0]
		}
		if name = filepath.Join(group, filepath.FromSlash(name)); !slices.Contains(sets, name) && !strings.HasSuffix(name, ".tar.gz") {
			sets = append(sets, name)
		}
	}
	return sets
}

func scanned(t *testing.T, name string, config scan.Config) *casefile.Case {
	t.Helper()
	src, closer, err := acquire.Open(t.Context(), name, acquire.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	c, err := casefile.Build(scan.Run(context.Background(), src, config))
	if err != nil {
		t.Fatal(err)
	}
	tables, err := enrich.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	c.Enrich(tables)
	return c
}

// validators returns what checks each format; each says how much there was.
func validators(t *testing.T) map[string]func([]byte) (string, error) {
	return map[string]func([]byte) (string, error){
		"stix": stixValidator(t), "misp": mispValidator(t), "ocsf": ocsfValidator(t), "ecs": ecsValidator(t),
		"csv": spreadsheet, "indicators": spreadsheet, "timesketch": timesketch,
		"text": printable, "md": printable, "html": page, "html-fr": page, "sigma": rules,
	}
}

// rules compiles Sigma rules.
func rules(b []byte) (string, error) {
	var c sigma.Collection
	errs := c.Add("export.yml", b)
	engine, more := sigma.Compile(&c, sigma.Config{})
	for _, e := range append(errs, more...) {
		return "", &e
	}
	return fmt.Sprintf("%d rules", len(engine.Rules())), nil
}

// loader reads OASIS's schemas from the folder that holds them.
type loader struct{ root string }

func (l loader) Load(address string) (any, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	_, rel, ok := strings.Cut(u.Path, "/schemas/")
	if !ok {
		return nil, fmt.Errorf("%s is not here", address)
	}
	f, err := os.Open(filepath.Join(l.root, filepath.FromSlash(path.Clean("/"+rel))))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return jsonschema.UnmarshalJSON(f)
}

const oasis = "http://raw.githubusercontent.com/oasis-open/cti-stix2-json-schemas/stix2.1/schemas/"

func stixValidator(t *testing.T) func([]byte) (string, error) {
	root := shared(t, "data", "cti", "stix", "schemas")
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.UseLoader(jsonschema.SchemeURLLoader{"http": loader{root}, "https": loader{root}})
	byType := map[string]*jsonschema.Schema{}
	for _, dir := range []string{"sdos", "sros", "observables", "common"} {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			s, err := compiler.Compile(oasis + dir + "/" + e.Name())
			if err != nil {
				t.Fatal(err)
			}
			byType[strings.TrimSuffix(e.Name(), ".json")] = s
		}
	}
	f, err := os.Open(filepath.Join(root, "..", "validator-tests", "test_schemas", "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tlp, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := compiler.AddResource("http://limier.invalid/schemas/tlp2.0.json", tlp); err != nil {
		t.Fatal(err)
	}
	marking, err := compiler.Compile("http://limier.invalid/schemas/tlp2.0.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(b []byte) (string, error) {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			return "", err
		}
		objects := v.(map[string]any)["objects"].([]any)
		// The list in the bundle's schema lacks some types of 2.1, and markings
		// by extension; each object is checked by its own schema below.
		v.(map[string]any)["objects"] = slices.DeleteFunc(slices.Clone(objects), func(o any) bool {
			return slices.Contains([]string{"marking-definition", "incident", "note", "opinion", "location", "extension-definition"}, o.(map[string]any)["type"].(string))
		})
		if err := byType["bundle"].Validate(v); err != nil {
			return "", err
		}
		ids := map[string]bool{}
		for _, o := range objects {
			id := o.(map[string]any)["id"].(string)
			if ids[id] {
				return "", fmt.Errorf("%s is there twice", id)
			}
			ids[id] = true
		}
		for _, x := range objects {
			o := x.(map[string]any)
			kind := o["type"].(string)
			schema := byType[kind]
			if kind == "marking-definition" {
				schema = marking
			}
			if schema == nil {
				return "", fmt.Errorf("no schema for %q", kind)
			}
			if err := schema.Validate(o); err != nil {
				return "", err
			}
			if err := references(o, ids); err != nil {
				return "", err
			}
			if kind == "relationship" {
				if err := ends(o); err != nil {
					return "", err
				}
			}
		}
		return fmt.Sprintf("%d objects", len(objects)), nil
	}
}

// references checks that what an object points to is in the bundle.
func references(o map[string]any, ids map[string]bool) error {
	for k, v := range o {
		switch v := v.(type) {
		case string:
			if strings.HasSuffix(k, "_ref") && !ids[v] {
				return fmt.Errorf("%s: %s points to %s, which is not there", o["id"], k, v)
			}
		case []any:
			for _, one := range v {
				if id, _ := one.(string); strings.HasSuffix(k, "_refs") && !ids[id] {
					return fmt.Errorf("%s: %s points to %s, which is not there", o["id"], k, id)
				}
			}
		}
	}
	return nil
}

// allowed are those rows of the specification's tables of relationships that
// Limier uses; related-to may join anything (section 3.7).
var allowed = []string{
	"indicator indicates attack-pattern", "indicator indicates malware", "indicator based-on observed-data",
	"infrastructure consists-of ipv4-addr", "infrastructure consists-of ipv6-addr", "infrastructure consists-of observed-data", "infrastructure controls malware",
	"malware targets identity", "malware uses attack-pattern", "attack-pattern targets identity",
	"campaign attributed-to threat-actor", "campaign attributed-to intrusion-set", "campaign originates-from location", "intrusion-set attributed-to threat-actor", "intrusion-set originates-from location", "intrusion-set uses malware", "threat-actor attributed-to identity", "threat-actor located-at location",
}

func ends(o map[string]any) error {
	kind := func(k string) string { s, _, _ := strings.Cut(o[k].(string), "--"); return s }
	row := kind("source_ref") + " " + o["relationship_type"].(string) + " " + kind("target_ref")
	if o["relationship_type"] != "related-to" && !slices.Contains(allowed, row) {
		return fmt.Errorf("no table has %s", row)
	}
	return nil
}

func mispValidator(t *testing.T) func([]byte) (string, error) {
	f, err := os.Open(shared(t, "data", "cti", "misp", "misp-core-schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	top := doc.(map[string]any)
	delete(top, "id") // a web page's address
	// The schema has a "required" where only properties may stand.
	delete(top["defs"].(map[string]any)["sharing_group"].(map[string]any)["properties"].(map[string]any), "required")
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("http://limier.invalid/misp.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("http://limier.invalid/misp.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(b []byte) (string, error) {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			return "", err
		}
		if err := schema.Validate(v); err != nil {
			return "", err
		}
		return fmt.Sprintf("%d attributes", len(v.(map[string]any)["Event"].(map[string]any)["Attribute"].([]any))), nil
	}
}

// documents reads JSON lines.
func documents(b []byte) (all []map[string]any, err error) {
	in := json.NewDecoder(bytes.NewReader(b))
	for {
		var v map[string]any
		if err := in.Decode(&v); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
}

func spreadsheet(b []byte) (string, error) {
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return "", err
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
				return "", fmt.Errorf("a formula: %s", cell)
			}
		}
	}
	return fmt.Sprintf("%d lines", len(rows)-1), nil
}

func timesketch(b []byte) (string, error) {
	all, err := documents(b)
	if err != nil {
		return "", err
	}
	for _, v := range all {
		if v["message"] == nil || v["datetime"] == nil || v["timestamp_desc"] == nil {
			return "", errors.New("lacks a field that Timesketch asks for")
		}
	}
	return fmt.Sprintf("%d events", len(all)), nil
}

// page checks that a page holds no script and allows none.
func page(b []byte) (string, error) {
	lower := bytes.ToLower(b)
	if bytes.Contains(lower, []byte("<script")) || !bytes.Contains(lower, []byte("content-security-policy")) {
		return "", errors.New("a script, or no policy against them")
	}
	return fmt.Sprintf("%d KiB", (len(b)+1023)/1024), nil
}

// printable checks that a text holds nothing that a terminal obeys.
func printable(b []byte) (string, error) {
	for _, line := range strings.Split(string(b), "\n") {
		if publish.Plain(line) != line {
			return "", fmt.Errorf("control characters in %q", line)
		}
	}
	return fmt.Sprintf("%d lines", bytes.Count(b, []byte("\n"))), nil
}
