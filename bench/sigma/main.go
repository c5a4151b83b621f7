// Command sigma reports on this project's rule engine: which of SigmaHQ's rules
// load, whether SigmaHQ's regression cases match, how its matches compare with
// those of bradleyjkemp/sigma-go, and how fast it is beside Velocidex/evtx.
//
//	go run . load RULES >../../doc/sigma-load.md
//	go run . regression RULES DATA >../../doc/sigma-regression.md
//	go run . compare RULES DATA >../../doc/sigma-compare.md
//	go run . speed [-mb 64] [-runs 3] RULES DATA
//	go run . logs [-runs 3] RULES LOG
//
// RULES is a checkout of https://github.com/SigmaHQ/sigma, DATA the folder of
// real evidence. It is a module of its own so that the peers never become
// dependencies of what ships.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"limier/sigma"
)

func main() {
	w := bufio.NewWriter(os.Stdout)
	err := run(os.Args[1:], w)
	if flushed := w.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sigma:", err)
		os.Exit(2)
	}
}

func run(args []string, w io.Writer) error {
	if len(args) < 2 {
		return errors.New("usage: sigma load|regression|compare|speed|logs [flags] RULES [DATA]")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	mb := flags.Int("mb", 64, "size of the logs to grow, in MB")
	runs := flags.Int("runs", 3, "times to read them")
	profile := flags.String("profile", "", "write a CPU profile of our matching to this file")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	rules, data := flags.Arg(0), flags.Arg(1)
	if data == "" && args[0] != "load" {
		return errors.New("no folder of evidence")
	}
	switch args[0] {
	case "load":
		return load(w, rules)
	case "regression":
		return regression(w, rules, data)
	case "compare":
		return compare(w, rules, data)
	case "logs":
		return logs(w, rules, data, *runs)
	case "speed":
		return speed(w, rules, data, *mb, *runs, *profile)
	}
	return fmt.Errorf("unknown report %q", args[0])
}

// shipped are the trees of SigmaHQ that hold rules in use.
var shipped = []string{"rules", "rules-emerging-threats", "rules-threat-hunting"}

// read reads trees of a checkout. The rules know their files by tree.
func read(root string, trees ...string) (*sigma.Collection, []sigma.RuleError) {
	all := &sigma.Collection{}
	var errs []sigma.RuleError
	for _, tree := range trees {
		err := filepath.WalkDir(filepath.Join(root, tree), func(name string, d os.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".yml" {
				return err
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			errs = append(errs, all.Add(filepath.ToSlash(rel), data)...)
			return nil
		})
		if err != nil {
			errs = append(errs, sigma.RuleError{File: tree, Err: err})
		}
	}
	return all, errs
}
