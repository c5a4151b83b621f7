package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"limier/internal/hostile"
)

// A folder of damaged and malicious files gives a verdict with its gaps, twice
// the same: no crash, and nothing left out without a word.
func TestHostileFolder(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 2 GiB")
	}
	dir := filepath.Join(t.TempDir(), "hostile")
	if err := hostile.Write(dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "special", "closed"), 0o700) })
	var first []byte
	for _, workers := range []string{"1", "4"} {
		var out, errs bytes.Buffer
		code := run(context.Background(), []string{"scan", "--json", "--workers", workers, dir}, strings.NewReader(""), &out, &errs)
		if code != exitNothing && code != exitFindings {
			t.Fatalf("exit code %d: %s", code, errs.String())
		}
		if first == nil {
			first = out.Bytes()
		} else if !bytes.Equal(out.Bytes(), first) {
			t.Errorf("%s workers give another stream than one", workers)
		}
	}
	got := string(first)
	for _, want := range []string{
		"archives/cut.zip", "archives/cut.tar", "archives/zero.zip", "archives/noise.zip", "archives/noise.tar.zst", "archives/traversal.zip/%2E%2E", "archives/bomb.zip", "archives/overlap.zip",
		"evtx/zero.evtx", "evtx/random.evtx", "evtx/chunk.evtx", "logs/u_ex210309.log", "config/applicationHost.config",
		"special/u_ex210310.log", "special/dangling",
	} {
		if !strings.Contains(got, `{"gap":{"ref":{"path":"`+want) {
			t.Errorf("no gap for %s", want)
		}
	}
	if strings.Contains(got, "root:x:0") {
		t.Error("a link out of the evidence was followed")
	}
}

// A script of which only the start and the end are judged is told.
func TestLongScript(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.php")
	if err := os.WriteFile(name, []byte("<?php ?>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 18<<20); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code := run(context.Background(), []string{"webshell", name}, strings.NewReader(""), &out, &errs)
	if code != exitNothing || !strings.Contains(errs.String(), "a.php: script too long to be judged whole") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}
