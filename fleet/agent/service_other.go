//go:build !windows

package agent

import "github.com/spf13/cobra"

// serviceCommands are none: systemd and launchd run `limier agent` as it is
// (doc/fleet.md has a unit).
func serviceCommands(*agentJob) []*cobra.Command { return nil }
