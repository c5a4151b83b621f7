// Command evtx compares this project's reader of event logs with its peers: the
// same records and values (conformance), and how fast (speed).
//
//	bench/evtx.sh conformance [-peers peers.jsonl] DATA >doc/evtx-conformance.md
//	bench/evtx.sh speed [-mb 256] [-runs 3] DATA
//	bench/evtx.sh grow [-mb 256] DATA >big.evtx
//
// It is a module of its own so that the peers never become dependencies of what
// ships.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "evtx:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: evtx conformance|speed|grow [flags] DATA")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	peersFile := flags.String("peers", "", "what peers.py wrote")
	mb := flags.Int("mb", 256, "size of the log to grow, in MB")
	runs := flags.Int("runs", 3, "times to read it")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "speed":
		return speed(flags.Arg(0), *mb, *runs)
	case "grow":
		small, err := os.ReadFile(grown(flags.Arg(0)))
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(grow(small, *mb<<20))
		return err
	}
	logs, err := corpus(flags.Arg(0))
	if err != nil {
		return err
	}
	var lines []peerLine
	if *peersFile != "" {
		if lines, err = readPeers(*peersFile); err != nil {
			return err
		}
	}
	w := bufio.NewWriter(os.Stdout)
	conformance(logs, lines).write(w)
	return w.Flush()
}
