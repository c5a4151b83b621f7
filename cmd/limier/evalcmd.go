package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// evalCommand holds the developers' measurements; it is hidden from --help.
func evalCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "eval", Short: "Measure Limier on labelled evidence (for its developers)", Hidden: true}
	cmd.AddCommand(&cobra.Command{
		Use:                "webshell",
		Short:              "Found and false-alarm rates of web shell analysis",
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return evalWebshell(cmd.Context(), args, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	})
	cmd.AddCommand(&cobra.Command{
		Use:                "evidence",
		Short:              "What every set of real evidence yields, expected against got",
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return evalEvidence(cmd.Context(), args, cmd.OutOrStdout())
		},
	})
	cmd.AddCommand(&cobra.Command{
		Use:                "reading",
		Short:              "Entities, claims, names and techniques read from reports, against labelled corpora",
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return evalReading(cmd.Context(), args, cmd.OutOrStdout())
		},
	})
	cmd.AddCommand(&cobra.Command{
		Use:                "attribution",
		Short:              "Leave-one-report-out of the comparison with actors, and its calibration",
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return evalAttribution(cmd.Context(), args, cmd.OutOrStdout())
		},
	})
	cmd.RunE = func(*cobra.Command, []string) error {
		return fmt.Errorf("say what to measure: webshell, evidence, reading or attribution")
	}
	return cmd
}
