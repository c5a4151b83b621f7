package sqlite

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"limier/knowledge"
)

func TestKnowledge(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "deep", "knowledge.db")
	k, err := OpenKnowledge(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	const bundle = `{"type":"bundle","objects":[
{"type":"identity","id":"identity--1","name":"Example CERT","modified":"2021-01-01T00:00:00Z"},
{"type":"intrusion-set","id":"intrusion-set--1","name":"Red Heron","aliases":["Grey Crane"],"created_by_ref":"identity--1","modified":"2021-01-01T00:00:00Z"},
{"type":"intrusion-set","id":"intrusion-set--2","name":"Blue Stork","aliases":["Grey Crane"],"created_by_ref":"identity--1","modified":"2021-02-01T00:00:00Z"},
{"type":"intrusion-set","id":"intrusion-set--3","name":"HAFNIUM","external_references":[{"source_name":"mitre-attack","external_id":"G0125"}],"aliases":["Silk Typhoon"],"modified":"2021-02-01T00:00:00Z"}]}`
	add := func(text string) (int, int, error) {
		im, err := knowledge.ReadImport("bundle", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return k.Add(ctx, im, "bundle", "00", time.Unix(0, 0))
	}
	if actors, claims, err := add(bundle); actors != 2 || claims != 3 || err != nil {
		t.Fatalf("%d actors and %d claims, want 2 and 3: %v", actors, claims, err)
	}
	if actors, claims, err := add(bundle); actors != 0 || claims != 0 || err != nil {
		t.Errorf("the same again: %d actors and %d claims: %v", actors, claims, err)
	}
	k.Close()
	if k, err = OpenKnowledge(ctx, path); err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	load := func(names ...string) *knowledge.Base {
		b, err := knowledge.Builtin()
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Load(ctx, b, names...); err != nil {
			t.Fatal(err)
		}
		return b
	}
	if got := load("grey crane").Find("Grey Crane"); len(got) != 2 || got[0].Claim.Attributors[0].Identity != "Example CERT" {
		t.Errorf("Grey Crane may mean %d actors, want the two that Example CERT calls so", len(got))
	}
	// ATT&CK's number joins what ATT&CK says to the actor that bears it here.
	if b := load("HAFNIUM"); len(b.Aliases("actor--hafnium")) != 3 || len(b.Find("HAFNIUM")) != 1 {
		t.Errorf("HAFNIUM has %d other names, want 3", len(b.Aliases("actor--hafnium")))
	}
	all, some := load(), load("HAFNIUM")
	if len(all.Claims) != len(some.Claims)+2 {
		t.Errorf("%d claims in all, %d of HAFNIUM", len(all.Claims), len(some.Claims))
	}
	if list, err := k.Imports(ctx); err != nil || len(list) != 2 || list[0].Claims != 3 {
		t.Errorf("imports: %v, %v", list, err)
	}
}

func TestKnowledgeRefusesOtherFiles(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE mine (a)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := OpenKnowledge(ctx, path); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Errorf("a database of something else: %v", err)
	}
	if err := os.WriteFile(path, []byte("not a database at all, but long enough to be read as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKnowledge(ctx, path); err == nil {
		t.Error("a text file is taken")
	}
}
