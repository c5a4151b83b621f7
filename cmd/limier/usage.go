package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// helpful makes the mistakes that every command shares say what to do: a wrong
// number of arguments, a flag or a command that does not exist.
func helpful(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		helpful(c)
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; %s --help lists the flags", err, cmd.CommandPath())
	})
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			cmd.SuggestionsMinimumDistance = 2
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return fmt.Errorf("%s has no command %q: did you mean %s?", cmd.CommandPath(), args[0], strings.Join(near, " or "))
			}
			var names []string
			for _, c := range cmd.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name())
				}
			}
			return fmt.Errorf("%s has no command %q: there are %s", cmd.CommandPath(), args[0], strings.Join(names, ", "))
		}
		return
	}
	if check := cmd.Args; check != nil && cmd.Runnable() {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				what := fmt.Sprintf("%d arguments do not fit", len(args))
				switch len(args) {
				case 0:
					what = "an argument is missing"
				case 1:
					what = "one argument does not fit"
				}
				return fmt.Errorf("%s; usage: %s", what, cmd.UseLine())
			}
			return nil
		}
	}
}

// replaceable refuses a device or pipe: what is written appears whole by taking
// the place of what was there, and /dev/null must stay what it is.
func replaceable(name string) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("cannot write %s: it is no file; name one", name)
	}
	return nil
}

// writable says before the work what would keep a file from being written
// after it: a folder of that name, no folder to put it in, or no right to.
func writable(name string) error {
	if name == "" {
		return nil
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return fmt.Errorf("cannot write %s: it is a folder; name a file in it", name)
	}
	if err := replaceable(name); err != nil {
		return err
	}
	dir := filepath.Dir(name)
	tmp, err := os.CreateTemp(dir, ".limier-*.tmp")
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot write %s: the folder %s is not there; make it first", name, dir)
	}
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("cannot write %s: no permission to write to the folder %s", name, dir)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return errors.Join(tmp.Close(), os.Remove(tmp.Name()))
}
