package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"limier/claim"
	"limier/publish/claims"
)

// export writes claims for other tools.
func (j *kbJob) export() *cobra.Command {
	var format, output, about string
	var o claims.Options
	var doc strings.Builder
	for _, f := range claims.Formats() {
		fmt.Fprintf(&doc, "  %-8s %s\n", f.Name, f.Doc)
	}
	cmd := &cobra.Command{
		Use:   "export --format NAME",
		Short: "Write the claims for other tools: STIX, OpenCTI, MISP",
		Long: `Export writes the claims in one of these formats:
` + doc.String() + `
No export merges claims, raises a level or drops a hedge; doc/exports.md says
how each thing is mapped. The same claims always give the same bytes.`,
		Example: `  limier kb export --format stix -o claims.stix.json
  limier kb export --format misp --about "Exchange 2021" --publisher "CERT Example"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := claims.Formats()
			i := slices.IndexFunc(all, func(f claims.Format) bool { return f.Name == format })
			if i < 0 {
				return fmt.Errorf("say which format with --format: there are stix, opencti and misp, not %q", format)
			}
			b, err := j.stored(cmd.Context())
			if err != nil {
				return err
			}
			list := b.Claims
			if about != "" {
				list = nil
				for _, c := range b.About(about) {
					list = append(list, *c)
				}
				if list = withNamed(b.Claims, list); len(list) == 0 {
					return fmt.Errorf("no claims about %q: limier kb claims lists all", about)
				}
			}
			var out bytes.Buffer
			if err := all[i].Write(&out, list, o); err != nil {
				return err
			}
			if output == "" {
				_, err = out.WriteTo(cmd.OutOrStdout())
				return err
			}
			return writeWhole(output, out.Bytes())
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", "`NAME` of the format")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE` instead of standard output")
	cmd.Flags().StringVar(&about, "about", "", "only claims about this `THING`, and those that they repeat or contradict")
	cmd.Flags().StringVar(&o.Publisher, "publisher", "", "`NAME` of the one who publishes; Limier if empty")
	cmd.Flags().StringVar(&o.TLP, "tlp", "clear", "TLP `MARKING`: clear, green, amber, amber+strict, red")
	return cmd
}

// withNamed adds the claims that others of the list name.
func withNamed(all, list []claim.Claim) []claim.Claim {
	have := map[string]bool{}
	for _, c := range list {
		have[c.ID] = true
	}
	for i := 0; i < len(list); i++ {
		for _, id := range slices.Concat(list[i].DerivedFrom, list[i].Contradicts) {
			if k := slices.IndexFunc(all, func(c claim.Claim) bool { return c.ID == id }); k >= 0 && !have[id] {
				have[id] = true
				list = append(list, all[k])
			}
		}
	}
	return list
}
