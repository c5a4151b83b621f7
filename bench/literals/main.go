// Literals prints the texts that a scan searches IIS logs for before it parses
// a line: what other searchers get, to be compared with.
package main

import (
	"fmt"
	"io"
	"os"

	"limier/builtin"
	"limier/event"
	"limier/sigma"
)

func main() {
	if err := run(os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "literals:", err)
		os.Exit(2)
	}
}

func run(stdout, stderr io.Writer) error {
	rules, errs := builtin.Rules()
	engine, more := sigma.Compile(rules, sigma.Config{})
	for _, e := range append(errs, more...) {
		return &e
	}
	texts, without := engine.Literals(event.IIS)
	for _, r := range without {
		fmt.Fprintln(stderr, "literals: a rule that needs every line parsed:", r.ID)
	}
	if len(texts) == 0 {
		return fmt.Errorf("no rule for IIS logs")
	}
	for _, l := range texts {
		if _, err := fmt.Fprintln(stdout, l); err != nil {
			return err
		}
	}
	return nil
}
