package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"limier/casefile"
	"limier/enrich"
)

// lookups are the user's own tables about addresses and other indicators.
type lookups struct {
	mmdb         []string
	warninglists []string
}

func (l *lookups) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&l.mmdb, "mmdb", nil, "also look addresses up in this MaxMind DB `FILE`; may be repeated")
	f.StringArrayVar(&l.warninglists, "warninglists", nil, "mark what is on the MISP warninglists in this `DIR`, and keep it off block lists; may be repeated")
}

// enrich adds what the tables know to the case: those that ship and the user's.
func (l *lookups) enrich(c *casefile.Case, stderr io.Writer) error {
	tables, err := enrich.Builtin()
	if err != nil {
		return err
	}
	defer tables.Close()
	for _, file := range l.mmdb {
		if err := tables.AddMMDB(file); err != nil {
			return fmt.Errorf("--mmdb: %w; is it a .mmdb file, whole and unpacked?", err)
		}
	}
	for _, dir := range l.warninglists {
		root := dir
		if info, err := os.Stat(filepath.Join(dir, "lists")); err == nil && info.IsDir() {
			root = filepath.Join(dir, "lists") // the repository, whose other files are no lists
		}
		info, err := os.Stat(root)
		if err != nil {
			return fmt.Errorf("--warninglists: %w", err)
		}
		if !info.IsDir() {
			return fmt.Errorf("--warninglists %s: not a folder; give the one that holds the lists", dir)
		}
		added, bad := tables.AddWarninglists(os.DirFS(root))
		for _, name := range slices.Sorted(maps.Keys(bad)) {
			fmt.Fprintf(stderr, "limier: warninglist %s passed over: %v\n", filepath.Join(root, name), bad[name])
		}
		if added == 0 {
			return fmt.Errorf("--warninglists %s: no warninglist there; give a copy of https://github.com/MISP/misp-warninglists or its folder lists", dir)
		}
	}
	c.Enrich(tables)
	return nil
}
