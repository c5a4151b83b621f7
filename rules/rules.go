// Package rules holds the Sigma rules that ship with Limier, one file each,
// beside it the examples that it must and must not recognise.
//
// The binary carries them packed: they quote hostile code, and antivirus
// programs would take the words for the deed. After a change run
//
//	go generate ./rules
//
// A rule that a detector reads names it by a tag: "limier.proxylogon".
package rules

//go:generate go run pack.go

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"iter"

	"limier/sigma"
)

//go:embed pack.gz
var pack []byte

// Files yields the name and content of every rule that ships, by name.
func Files() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		unzip, err := gzip.NewReader(bytes.NewReader(pack))
		if err != nil {
			panic(fmt.Sprintf("rules: damaged pack: %v", err)) // of our own making; a test reads it
		}
		archive := tar.NewReader(unzip)
		for {
			head, err := archive.Next()
			if err != nil {
				return
			}
			data, err := io.ReadAll(archive)
			if err != nil || !yield(head.Name, data) {
				return
			}
		}
	}
}

// Add adds the rules that ship to a collection. There are no errors in what
// ships, a test says.
func Add(c *sigma.Collection) []sigma.RuleError {
	var errs []sigma.RuleError
	for name, data := range Files() {
		errs = append(errs, c.Add(name, data)...)
	}
	return errs
}
