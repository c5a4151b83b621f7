package main

import (
	"context"
	"errors"
	"flag"
	"io"

	"github.com/spf13/cobra"
)

func evalCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "eval", Short: "Measure Limier on labelled evidence (for its developers)", Hidden: true}
	for _, e := range []struct {
		name, short string
		run         func(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error
	}{
		{"webshell", "Found and false-alarm rates of web shell analysis", evalWebshell},
		{"evidence", "What every set of real evidence yields, expected against got", evalEvidence},
		{"reading", "Entities, claims, names and techniques read from reports, against labelled corpora", evalReading},
		{"attribution", "Leave-one-report-out of the comparison with actors, and its calibration", evalAttribution},
	} {
		cmd.AddCommand(&cobra.Command{
			Use: e.name, Short: e.short, DisableFlagParsing: true,
			RunE: func(cmd *cobra.Command, args []string) error {
				err := e.run(cmd.Context(), args, cmd.InOrStdin(), cmd.OutOrStdout())
				if errors.Is(err, flag.ErrHelp) {
					return nil
				}
				return err
			},
		})
	}
	return cmd
}
