package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"limier/builtin"
	"limier/casefile"
	"limier/publish"
	"limier/store/sqlite"
)

func exportCommand() *cobra.Command {
	var format, output string
	var tables lookups
	var formats strings.Builder
	for _, p := range builtin.Publishers() {
		fmt.Fprintf(&formats, "  %-11s %s\n", p.Name, p.Doc)
	}
	cmd := &cobra.Command{
		Use:   "export CASE --format NAME",
		Short: "Write a case in a format that other tools read",
		Long: `Export writes a case file (limier scan -o) in one of these formats:
` + formats.String() + `
The same case always gives the same bytes. Text from the evidence is made
harmless: no markup, no formula, no control character of it takes effect.`,
		Example: `  limier export ex01.limier --format stix -o ex01.stix.json
  limier export ex01.limier --format indicators`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := publisher(format)
			if err != nil {
				return err
			}
			if err := writable(output); err != nil {
				return err
			}
			c, err := sqlite.Read(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := tables.enrich(c, cmd.ErrOrStderr()); err != nil {
				return err
			}
			if output == "" {
				return p.Write(cmd.Context(), cmd.OutOrStdout(), c)
			}
			return writeExport(cmd.Context(), output, p, c)
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", "`NAME` of the format")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE` instead of standard output")
	tables.flags(cmd.Flags())
	return cmd
}

func publisher(name string) (*publish.Publisher, error) {
	all := builtin.Publishers()
	if i := slices.IndexFunc(all, func(p *publish.Publisher) bool { return p.Name == name }); i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
	}
	if name == "" {
		return nil, fmt.Errorf("say which format with --format: %s", strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("no format %q: there are %s", name, strings.Join(names, ", "))
}

// writeExport writes a file that is there whole or not at all.
func writeExport(ctx context.Context, name string, p *publish.Publisher, c *casefile.Case) error {
	var b bytes.Buffer
	if err := p.Write(ctx, &b, c); err != nil {
		return err
	}
	return writeWhole(name, b.Bytes())
}
