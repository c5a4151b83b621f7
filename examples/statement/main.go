// Command statement makes the example of a co-signed statement: the nineteenth
// of July 2021. Its keys are made from public words, so that anybody can make
// them: they sign for nobody.
//
//	go run ./examples/statement
package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"limier/knowledge"
	"limier/statement"
)

func main() {
	files, err := build(context.Background(), "examples/statement")
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(name, text, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// exampleKey returns the example key of a party. It is no secret.
func exampleKey(party string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("limier example key, of no party and for no use: " + party))
	return ed25519.NewKeyFromSeed(seed[:])
}

// build returns the files of the example, by name.
func build(ctx context.Context, dir string) (map[string][]byte, error) {
	draft, err := os.ReadFile(filepath.Join(dir, "draft.yaml"))
	if err != nil {
		return nil, err
	}
	known, err := knowledge.Builtin()
	if err != nil {
		return nil, err
	}
	s, err := statement.ParseDraft(draft, known.Claim)
	if err != nil {
		return nil, err
	}
	f, err := statement.New(*s)
	if err != nil {
		return nil, err
	}
	positions, err := filepath.Glob(filepath.Join(dir, "positions", "*.yaml"))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	var pins strings.Builder
	pins.WriteString("# Example keys: anybody can make their private halves. They sign for nobody.\n")
	for _, name := range positions {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		p, err := statement.ParsePosition(text, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		key := exampleKey(p.Signer)
		if err := f.Sign(ctx, *p, key); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(&pins, "%s = limier-ed25519-public %s\n", p.Signer, hex.EncodeToString(key.Public().(ed25519.PublicKey)))
	}
	files[filepath.Join(dir, "keys.txt")] = []byte(pins.String())
	text, err := f.Bytes()
	files[filepath.Join(dir, "statement.json")] = text
	return files, err
}
