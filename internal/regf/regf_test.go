package regf_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"limier/internal/regf"
	"limier/internal/regftest"
)

func open(t testing.TB, b []byte) regf.Key {
	t.Helper()
	h, err := regf.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	root, err := h.Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestRead(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 5000)
	root := open(t, regftest.Hive(map[string]map[string]any{
		`Microsoft\ExchangeServer\v15\Setup`: {"MsiProductMajor": 15, "MsiInstallPath": `C:\Program Files\Exchange Server\V15\`, "Big": big},
		`Microsoft\Empty`:                    nil,
	}))
	k, ok := root.Open(`microsoft\EXCHANGEserver\v15\setup`)
	if !ok || k.Name != "Setup" || !k.Written.Equal(regftest.Written) {
		t.Fatalf("got %+v, %v", k, ok)
	}
	for name, want := range map[string]string{"msiproductmajor": "15", "MsiInstallPath": `C:\Program Files\Exchange Server\V15\`, "Big": ""} {
		if v, ok := k.Value(name); !ok || v.Text() != want {
			t.Errorf("%s: got %q, %v, want %q", name, v.Text(), ok, want)
		}
	}
	v, _ := k.Value("Big")
	if got, err := v.Data(1 << 20); err != nil || !bytes.Equal(got, big) {
		t.Errorf("big value: %d bytes, %v, want %d", len(got), err, len(big))
	}
	if got, _ := v.Data(20000); len(got) != 20000 {
		t.Errorf("big value cut to %d bytes, want 20000", len(got))
	}
	if _, ok := root.Open(`Microsoft\No`); ok {
		t.Error("found a key that is not there")
	}
}

// walk reads everything that the hive gives.
func walk(k regf.Key, depth int) (keys, bad int) {
	for v, err := range k.Values() {
		if err != nil {
			bad++
		} else if _, err := v.Data(1 << 16); err != nil {
			bad++
		}
		_ = v.Text()
	}
	for sub, err := range k.Subkeys() {
		if err != nil {
			bad++
			continue
		}
		keys++
		if depth < 64 {
			n, b := walk(sub, depth+1)
			keys, bad = keys+n, bad+b
		}
	}
	return keys, bad
}

// TestRealHives reads hives of real machines, and damaged ones, to their end.
func TestRealHives(t *testing.T) {
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real evidence here: set LIMIER_SHARED")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "data/hives/*/*"))
	if len(files) < 15 {
		t.Fatalf("%d hives", len(files))
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err == nil && strings.HasSuffix(name, ".xz") {
			b, err = exec.Command("xz", "-dc", name).Output()
		}
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		h, err := regf.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Logf("%s: %v", filepath.Base(name), err)
			continue
		}
		root, err := h.Root()
		if err != nil {
			t.Logf("%s: %v", filepath.Base(name), err)
			continue
		}
		keys, bad := walk(root, 0)
		t.Logf("%s: %d keys, %d damaged cells, dirty %v, written %s, %s", filepath.Base(name), keys, bad, h.Dirty, h.Written.Format(time.DateOnly), time.Since(start))
		if strings.HasPrefix(filepath.Base(name), "SYSTEM_WIN_10") && (keys < 10000 || bad > 0) {
			t.Errorf("%s: %d keys, %d damaged cells", name, keys, bad)
		}
	}
}

func FuzzHive(f *testing.F) {
	f.Add(regftest.Hive(map[string]map[string]any{`a\b`: {"x": 1, "y": "z", "w": []byte("12345")}, `a\c\d`: {"": "default"}}))
	f.Add([]byte("regf"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := regf.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		if root, err := h.Root(); err == nil {
			walk(root, 56)
			root.Open(`a\b`)
		}
	})
}
