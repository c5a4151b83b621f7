package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestRebuild makes the embedded table again from the published list.
func TestRebuild(t *testing.T) {
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	list, err := exec.Command("xz", "-dc", dir+"/data/builds/exchange-known-good-hashes.tsv.xz").Output()
	if err != nil {
		t.Skipf("no list, or no xz to unpack it with: set LIMIER_SHARED: %v", err)
	}
	var got bytes.Buffer
	if err := run(bytes.NewReader(list), &got); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../known.bin")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("known.bin differs from what gen makes")
	}
}

func TestBadList(t *testing.T) {
	for _, list := range []string{
		"",
		"# builds: 1=15.0.1.1\n",
		"# builds: 0=15.0.1.1\nnohash\tpath\t0\n",
		"# builds: 0=15.0.1.1\n" + strings.Repeat("00", 32) + "\tClientAccess\\x.aspx\t1-0\n",
		"# builds: 0=15.0.1.1\n" + strings.Repeat("00", 32) + "\tClientAccess\\x.aspx\t7\n",
	} {
		if err := run(strings.NewReader(list), &bytes.Buffer{}); err == nil {
			t.Errorf("%q: no error", list)
		}
	}
}
