package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// serveCommand says where the hub is: the Windows build is the collector, and
// stays small (doc/adr/0022-fleet-enrolment.md).
func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "serve",
		Hidden: true,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("the hub runs on Linux or macOS; this build has the collector: limier agent")
		},
	}
}
