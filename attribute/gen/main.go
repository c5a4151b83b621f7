// Command gen writes attribute/profiles.json.gz from an ATT&CK bundle:
//
//	go run ./attribute/gen "ATT&CK v18.1" enterprise-attack-18.1.stix21.json.gz attribute/profiles.json.gz
package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"limier/attribute"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("gen SOURCE BUNDLE.json.gz OUT.json.gz")
	}
	in, err := os.Open(args[1])
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	p, err := attribute.FromSTIX(args[0], z)
	if err != nil {
		return err
	}
	out, err := os.Create(args[2])
	if err != nil {
		return err
	}
	w, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(w).Encode(p), w.Close(), out.Close())
}
