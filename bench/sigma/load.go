package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"strings"

	"limier/sigma"
)

// load writes which rules of a checkout compile, and why others do not.
func load(w io.Writer, root string) error {
	var trees []string
	for _, t := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance", "rules-dfir", "rules-placeholder", "deprecated", "unsupported"} {
		if _, err := os.Stat(path.Join(root, t)); err == nil {
			trees = append(trees, t)
		}
	}
	fmt.Fprint(w, `# SigmaHQ's rules in Limier

Which rules of a checkout of https://github.com/SigmaHQ/sigma compile. Made by
`+"`go run . load RULES`"+` in bench/sigma.

| tree | rules | compile | refused |
|---|---:|---:|---:|
`)
	var refused []sigma.RuleError
	var total, compiled int
	for _, t := range trees {
		c, errs := read(root, t)
		e, more := sigma.Compile(c, sigma.Config{})
		n := 0
		for _, err := range append(errs, more...) {
			if !errors.Is(err.Err, sigma.ErrNotRule) {
				refused = append(refused, err)
				n++
			}
		}
		fmt.Fprintf(w, "| %s | %d | %d | %d |\n", t, e.Len()+n, e.Len(), n)
		total, compiled = total+e.Len()+n, compiled+e.Len()
	}
	fmt.Fprintf(w, "| all | %d | %d | %d |\n\n", total, compiled, total-compiled)

	reasons := map[string][]string{}
	for _, r := range refused {
		text := reason(r.Err)
		reasons[text] = append(reasons[text], r.File)
	}
	var texts []string
	for t := range reasons {
		texts = append(texts, t)
	}
	sort.Slice(texts, func(i, k int) bool {
		if a, b := len(reasons[texts[i]]), len(reasons[texts[k]]); a != b {
			return a > b
		}
		return texts[i] < texts[k]
	})
	fmt.Fprint(w, "## Why rules are refused\n\nPlaceholders get their values from the user (`Config.Placeholders`).\n\n")
	for _, t := range texts {
		files := reasons[t]
		sort.Strings(files)
		fmt.Fprintf(w, "- %s (%d):\n", t, len(files))
		for _, f := range files {
			fmt.Fprintf(w, "  - %s\n", f)
		}
	}
	return nil
}

// reason drops what differs from rule to rule.
func reason(err error) string {
	text := err.Error()
	if i := strings.Index(text, "placeholder %"); i >= 0 {
		return "a placeholder has no values"
	}
	return text
}
