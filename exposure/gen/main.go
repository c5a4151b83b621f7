// Command gen rebuilds the two tables that package exposure embeds:
//
//	go run ./exposure/gen ../shared/data/builds exposure
//
// It reads exchange-builds.tsv and fixed-builds.tsv, and writes builds.tsv and
// fixed.tsv, which say the same in fewer words.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "gen: want two folders: go run ./exposure/gen FROM TO")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	for _, table := range []struct {
		in, out string
		shorten func(rows [][]string) ([]string, error)
		columns int
	}{
		{"exchange-builds.tsv", "builds.tsv", builds, 8},
		{"fixed-builds.tsv", "fixed.tsv", fixes, 10},
	} {
		f, err := os.Open(filepath.Join(from, table.in))
		if err != nil {
			return err
		}
		rows, err := read(f, table.columns)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", table.in, err)
		}
		lines, err := table.shorten(rows)
		if err != nil {
			return fmt.Errorf("%s: %w", table.in, err)
		}
		if err := os.WriteFile(filepath.Join(to, table.out), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func read(r io.Reader, columns int) (rows [][]string, err error) {
	lines := bufio.NewScanner(r)
	for n := 0; lines.Scan(); n++ {
		f := strings.Split(lines.Text(), "\t")
		for len(f) < columns {
			f = append(f, "")
		}
		if len(f) != columns {
			return nil, fmt.Errorf("row %d has %d columns", n, len(f))
		}
		if n > 0 {
			rows = append(rows, f)
		}
	}
	return rows, lines.Err()
}

// dash makes "-" of an empty column, so that columns stay countable by eye.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// builds keeps build, product, update level, update and date.
func builds(rows [][]string) ([]string, error) {
	lines := []string{"# build, product, CU or SP, update, released"}
	for _, r := range rows {
		lines = append(lines, strings.Join([]string{r[3], strings.TrimPrefix(r[0], "Exchange "), dash(r[1]), dash(r[2]), dash(r[5])}, "\t"))
	}
	return lines, nil
}

// fixes makes one line of each CVE and product.
func fixes(rows [][]string) ([]string, error) {
	type key struct{ cve, product string }
	var keys []key
	list := map[key][]string{}
	note := map[key]string{}
	for _, r := range rows {
		k := key{r[0], strings.TrimPrefix(r[1], "Exchange ")}
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
		build := r[4]
		if r[7] == "CU (cumulative)" {
			build += "+"
		}
		if _, other, ok := strings.Cut(r[9], "Microsoft docs give "); ok {
			build += "~" + other
		}
		// The same CU twice: the first of the two builds that sources name.
		cu := build[:strings.LastIndex(build, ".")+1]
		if !slices.ContainsFunc(list[k], func(b string) bool { return cu != "" && strings.HasPrefix(b, cu) }) {
			list[k] = append(list[k], build)
		}
		words, _, _ := strings.Cut(r[9], "Microsoft docs give ")
		words = strings.TrimSuffix(words, "; ")
		if words != "" && note[k] != "" && note[k] != words {
			return nil, fmt.Errorf("%s %s has two notes: %q, %q", k.cve, k.product, note[k], words)
		}
		if words != "" {
			note[k] = words
		}
	}
	lines := []string{"# CVE, product, first fixed builds (+ and every later CU; ~ sources disagree), note"}
	for _, k := range keys {
		lines = append(lines, strings.Join([]string{k.cve, k.product, strings.Join(list[k], " "), dash(note[k])}, "\t"))
	}
	return lines, nil
}
