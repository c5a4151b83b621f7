package main

import (
	"io"

	"limier/builtin"
	"limier/fleet/agent"
	"limier/scan"
	"limier/sigma"
)

// collector is `limier agent`; cmd/limier-agent has it alone.
func collector() agent.Build {
	return agent.Build{
		Open: openEvidence,
		Rules: func(dirs []string, stderr io.Writer) (*sigma.Engine, error) {
			return loadRules(dirs, nil, false, stderr)
		},
		Scan: scan.Config{Version: version(), Parsers: builtin.Parsers(), Languages: builtin.Languages(), Detectors: builtin.Detectors()},
	}
}
