package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"limier/attribute"
	"limier/claim"
	"limier/publish"
	"limier/store/sqlite"
)

// An attributeJob is what the flags of `limier attribute` say.
type attributeJob struct {
	kb     kbJob
	traits string
}

func attributeCommand() *cobra.Command {
	var j attributeJob
	cmd := &cobra.Command{
		Use:   "attribute CASE | attribute --traits LIST",
		Short: "Compare a case with what is published about actors, and say who claims what",
		Long: `Attribute compares each cluster of activity of a case with every actor in the
table, with somebody unknown, and with several at once. It answers insufficient,
compatible with, closest to, or strong resemblance to, shows what speaks for and
against each hypothesis, and what would change the answer.

Profiles are those of ATT&CK that ship, the actors of the knowledge, and what
limier kb import added. It never says who did it. Who claims what stands beside the comparison, by
level. Techniques alone name nobody, and most evidence is shared by many.`,
		Example: `  limier attribute ex01.limier
  limier attribute --traits 'T1190,T1505.003,China Chopper'
  limier attribute --json ex01.limier`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (j.traits != "") {
				return errors.New("give a case, or traits with --traits T1190,\"China Chopper\"")
			}
			return j.run(cmd.Context(), args, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&j.traits, "traits", "", "compare this `LIST` instead of a case: techniques, software, domains, addresses, hashes, paths, with commas between")
	f.StringArrayVar(&j.kb.more, "kb", nil, "also read the claims of this YAML `FILE`; may be repeated")
	f.StringVar(&j.kb.store, "store", os.Getenv("LIMIER_KB"), "`FILE` of what limier kb import added; also LIMIER_KB")
	f.BoolVar(&j.kb.json, "json", false, "print JSON")
	return cmd
}

func (j *attributeJob) run(ctx context.Context, args []string, stdout io.Writer) error {
	b, err := j.kb.stored(ctx)
	if err != nil {
		return err
	}
	p, err := attribute.Builtin(b)
	if err != nil {
		return err
	}
	var list []*attribute.Comparison
	if j.traits != "" {
		traits, err := p.Parse(b, strings.Split(j.traits, ","))
		if err != nil {
			return err
		}
		c := p.Compare(b, traits)
		c.Named(b)
		list = append(list, c)
	} else {
		c, err := sqlite.Read(ctx, args[0])
		if err != nil {
			return fmt.Errorf("reading the case: %w", err)
		}
		list = p.Of(b, c)
	}
	if j.kb.json {
		if list == nil {
			list = []*attribute.Comparison{}
		}
		return printJSON(stdout, list)
	}
	if len(list) == 0 {
		fmt.Fprintln(stdout, "Nothing to compare: the case holds no activity beyond scans from outside.")
		return nil
	}
	for i, c := range list {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		printComparison(stdout, c)
	}
	return nil
}

func printComparison(w io.Writer, c *attribute.Comparison) {
	title := strings.ToUpper(string(c.Answer))
	if len(c.Actors) > 0 {
		title += " " + publish.Plain(strings.Join(c.Actors, ", "))
	}
	if c.Cluster != "" {
		title = "Group " + c.Cluster + ": " + title
	}
	fmt.Fprintf(w, "%s  (confidence %s)\n%s.\n", title, c.Confidence, upperFirst(c.Reason))
	var names []string
	for _, t := range c.Traits {
		names = append(names, publish.Plain(t.Name))
	}
	fmt.Fprintf(w, "\nCompared: %s; with %s.\n", strings.Join(names, ", "), c.Source)

	fmt.Fprintf(w, "\nHYPOTHESES, the best supported first; rows by how well they tell these apart\n  %-26s", "")
	for i := range c.Hypotheses {
		fmt.Fprintf(w, "%4s", fmt.Sprint("H", i+1))
	}
	fmt.Fprintln(w)
	for k, g := range c.Matrix {
		mark := " "
		if g.Linchpin {
			mark = "*"
		}
		fmt.Fprintf(w, "%s %-26.26s", mark, publish.Plain(g.Name))
		for _, h := range c.Hypotheses {
			fmt.Fprintf(w, "%4s", h.Cells[k])
		}
		if g.Cheap {
			fmt.Fprint(w, "   easy to share or fake")
		}
		fmt.Fprintln(w)
	}
	for i, h := range c.Hypotheses {
		fmt.Fprintf(w, "  H%-2d %-34.34s %5.1f %%\n", i+1, publish.Plain(h.Name), 100*h.Posterior)
	}
	fmt.Fprintln(w, "  Shares start from 60 % that it is nobody in the table. * without it the answer says less.")
	if c.WithoutCheap != "" {
		fmt.Fprintf(w, "  Without what is easy to share or fake, %s leads.\n", publish.Plain(c.WithoutCheap))
	} else {
		fmt.Fprintln(w, "  Without what is easy to share or fake, nobody leads.")
	}
	fmt.Fprintln(w, "\nWHAT WOULD CHANGE THIS")
	for _, s := range c.WouldChange {
		fmt.Fprintln(w, "  -", s)
	}
	if len(c.Claims) > 0 {
		fmt.Fprintln(w, "\nWHO CLAIMS WHAT, by level: their words, not ours")
		last := claim.Level("none before")
		for _, k := range c.Claims {
			if k.Level != last {
				last = k.Level
				fmt.Fprintf(w, "\n  %s\n", levelWords(k.Level))
			}
			printClaim(w, "    ", k)
		}
	}
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
