package main

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"limier": main,
	})
}

// TestScript runs the command as a user does.
func TestScript(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			return unpackBase64(env.WorkDir)
		},
	})
}

// unpackBase64 writes a.7z for every a.7z.base64 of a script.
func unpackBase64(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name, ok := strings.CutSuffix(path, ".base64")
		if err != nil || !ok {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		data, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil {
			return err
		}
		os.Remove(path)
		return os.WriteFile(name, data, 0o644)
	})
}
