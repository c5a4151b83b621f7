package peversion_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"limier/internal/petest"
	"limier/internal/peversion"
)

func TestRead(t *testing.T) {
	b := petest.Program([4]uint16{15, 2, 1118, 36}, map[string]string{"ProductName": "Microsoft Exchange", "FileVersion": "15.02.1118.036"})
	info, err := peversion.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if info.File != [4]uint16{15, 2, 1118, 36} || info.Strings["ProductName"] != "Microsoft Exchange" || info.Strings["FileVersion"] != "15.02.1118.036" {
		t.Errorf("got %+v", info)
	}
	for n := range len(b) {
		if info, err := peversion.Read(bytes.NewReader(b[:n])); err == nil && n < 0x2100 {
			t.Errorf("cut to %d bytes: got %+v", n, info)
		}
	}
}

func TestRealPrograms(t *testing.T) {
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real evidence here: set LIMIER_SHARED")
	}
	f, err := os.Open(filepath.Join(dir, "data/misc/pe/putty.exe"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := peversion.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	if info.Strings["ProductName"] != "PuTTY suite" || info.File[1] == 0 {
		t.Errorf("got %+v", info)
	}
	g, err := os.Open(filepath.Join(dir, "data/misc/pe/3DBuilder.ResourceResolver.exe"))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if info, err := peversion.Read(g); err != nil && !errors.Is(err, peversion.ErrNone) {
		t.Errorf("got %+v, %v", info, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(petest.Program([4]uint16{15, 1, 2507, 6}, map[string]string{"a": "b"}))
	f.Add([]byte("MZ"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if info, err := peversion.Read(bytes.NewReader(b)); (info == nil) == (err == nil) {
			t.Errorf("info %v, error %v", info, err)
		}
	})
}
