package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"limier/claim"
	"limier/knowledge"
	"limier/publish"
)

// A kbJob is what the flags of `limier kb` say.
type kbJob struct {
	more  []string // files of claims read besides what ships
	store string   // file of what was imported; "" for the usual place
	json  bool
}

func kbCommand() *cobra.Command {
	j := new(kbJob)
	cmd := &cobra.Command{
		Use:   "kb",
		Short: "Look up what is claimed about actors and campaigns, and by whom",
		Long: `The knowledge base holds claims: who says what of whom, at which level, how sure,
in which words, on which day. It ships with the public statements about the
Exchange campaign of 2021; limier kb import adds ATT&CK, MISP, STIX and TAXII, and
--kb reads files of further claims.

Nothing is merged. Two agencies that agree are two claims; another name of an
actor is a claim of somebody, and is never followed further.`,
		Example: `  limier kb show hafnium
  limier kb claims --about "Exchange 2021"
  limier kb aliases "Silk Typhoon"`,
	}
	cmd.PersistentFlags().StringArrayVar(&j.more, "kb", nil, "also read the claims of this YAML `FILE`; may be repeated")
	cmd.PersistentFlags().StringVar(&j.store, "store", os.Getenv("LIMIER_KB"), "`FILE` of what was imported; also LIMIER_KB")
	cmd.PersistentFlags().BoolVar(&j.json, "json", false, "print JSON")
	cmd.AddCommand(j.show(), j.claims(), j.timeline(), j.aliases(), j.lint(), j.imports(), j.add(), j.export())
	return cmd
}

// base is what ships, and the files named.
func (j *kbJob) base() (*knowledge.Base, error) {
	b, err := knowledge.Builtin()
	if err != nil {
		return nil, err
	}
	for _, name := range j.more {
		if err := readClaimsInto(b, name); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func readClaimsInto(b *knowledge.Base, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := b.ReadClaims(f); err != nil {
		return fmt.Errorf("%s: nothing of it was taken: %w", name, err)
	}
	return nil
}

func (j *kbJob) show() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show an actor: who it is, and who claims what of it, by level",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := j.stored(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			found := b.Find(args[0])
			if len(found) == 0 {
				return fmt.Errorf("no actor goes by %q, and no claim says that one does; limier kb claims --about NAME looks in what claims speak of", args[0])
			}
			w := cmd.OutOrStdout()
			if j.json {
				type shown struct {
					Actor   *knowledge.Actor `json:"actor"`
					Because *claim.Claim     `json:"because,omitempty"` // the claim that it goes by this name
					Claims  []*claim.Claim   `json:"claims"`
				}
				var all []shown
				for _, n := range found {
					all = append(all, shown{n.Actor, n.Claim, b.About(n.Actor.ID)})
				}
				return printJSON(w, all)
			}
			for i, n := range found {
				if i > 0 {
					fmt.Fprintln(w)
				}
				if n.Claim != nil {
					fmt.Fprintf(w, "%s says (%s) that %q is another name of:\n", speakers(n.Claim), n.Claim.SaidOn, n.Claim.Target.Name)
				}
				printActor(w, b, n.Actor)
			}
			if len(found) > 1 {
				fmt.Fprintf(w, "\n%q may mean %d actors. They are not joined: who joins them is said above.\n", args[0], len(found))
			}
			return nil
		},
	}
}

func printActor(w io.Writer, b *knowledge.Base, a *knowledge.Actor) {
	line := func(name string, list []string) {
		if len(list) > 0 {
			fmt.Fprintf(w, "  %-12s %s\n", name, publish.Plain(strings.Join(list, ", ")))
		}
	}
	fmt.Fprintf(w, "%s  (%s)\n", publish.Plain(a.Name), a.Kind)
	line("ids", slices.DeleteFunc([]string{a.ID, a.ATTACK, a.MISP}, func(s string) bool { return s == "" }))
	line("software", a.Software)
	line("only its own", a.Exclusive)
	line("techniques", a.Techniques)
	line("network", a.Network)
	line("sources", a.Sources)
	if a.Note != "" {
		fmt.Fprintf(w, "  note         %s\n", publish.Plain(a.Note))
	}
	for _, id := range a.ApartFrom {
		if o := b.Actor(id); o != nil {
			fmt.Fprintf(w, "  kept apart from %s, which some join with it\n", publish.Plain(o.Name))
		}
	}
	if names := b.Aliases(a.ID); len(names) > 0 {
		fmt.Fprintln(w, "\n  other names, each by whom")
		for _, c := range names {
			fmt.Fprintf(w, "    %-20s %s, %s%s\n", publish.Plain(c.Target.Name), speakers(c), c.SaidOn, remark(c))
		}
	}
	var others []*claim.Claim
	for _, c := range b.About(a.ID) {
		if c.Relation != claim.AliasOf {
			others = append(others, c)
		}
	}
	printByLevel(w, "  ", others)
}

// printByLevel prints claims under the level they are made at.
func printByLevel(w io.Writer, indent string, list []*claim.Claim) {
	last := claim.Level("none before")
	for _, c := range list {
		if c.Level != last {
			last = c.Level
			fmt.Fprintf(w, "\n%s%s\n", indent, levelWords(c.Level))
		}
		printClaim(w, indent+"  ", c)
	}
}

func levelWords(l claim.Level) string {
	if l == "" {
		return "at no level"
	}
	return "level: " + string(l)
}

func printClaim(w io.Writer, indent string, c *claim.Claim) {
	object, target := publish.Plain(c.Object.Name), publish.Plain(c.Target.Name)
	what := strings.TrimSpace(object + " " + string(c.Relation) + " " + target)
	switch {
	case c.Relation == claim.Denies:
		what = "denies: " + object + " by " + target
	case c.Relation == claim.Endorses:
		what = "endorses: " + target + ", on " + object
	case c.Polarity == claim.Declines:
		what = "does not say: " + what
	case c.Polarity == claim.Negates:
		what = object + " NOT " + string(c.Relation) + " " + target
	}
	fmt.Fprintf(w, "%s%s  %s [%s]\n%s            %s\n", indent, c.SaidOn, speakers(c), c.ID, indent, what)
	var grade []string
	if c.Modality != claim.Asserted {
		grade = append(grade, string(c.Modality))
	}
	if c.Likelihood != "" {
		grade = append(grade, "likelihood "+string(c.Likelihood))
	}
	if c.Confidence != "" {
		grade = append(grade, "confidence "+string(c.Confidence))
	}
	if c.Wording != "" {
		grade = append(grade, "“"+publish.Plain(c.Wording)+"”")
	}
	if len(grade) > 0 {
		fmt.Fprintf(w, "%s            %s\n", indent, strings.Join(grade, ", "))
	}
	if len(c.DerivedFrom) > 0 {
		fmt.Fprintf(w, "%s            repeats %s: no independent source\n", indent, strings.Join(c.DerivedFrom, ", "))
	}
	if c.Note != "" {
		fmt.Fprintf(w, "%s            note: %s\n", indent, publish.Plain(c.Note))
	}
}

func remark(c *claim.Claim) string {
	if c.Note == "" {
		return ""
	}
	return "  (" + publish.Plain(c.Note) + ")"
}

// speakers names who makes a claim.
func speakers(c *claim.Claim) string { return cmp.Or(publish.Speakers(c), "somebody unnamed") }

func (j *kbJob) claims() *cobra.Command {
	var about, by string
	cmd := &cobra.Command{
		Use:   "claims",
		Short: "List claims by level and date",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := j.stored(cmd.Context(), slices.DeleteFunc([]string{about}, func(s string) bool { return s == "" })...)
			if err != nil {
				return err
			}
			var list []*claim.Claim
			if about != "" {
				seen := map[string]bool{}
				add := func(more []*claim.Claim) {
					for _, c := range more {
						if !seen[c.ID] {
							seen[c.ID] = true
							list = append(list, c)
						}
					}
				}
				add(b.About(about))
				for _, n := range b.Find(about) {
					if n.Claim == nil { // its own name; another's word for it is a step that the reader takes
						add(b.About(n.Actor.ID))
					}
				}
			} else {
				for i := range b.Claims {
					list = append(list, &b.Claims[i])
				}
			}
			list = slices.DeleteFunc(list, func(c *claim.Claim) bool {
				return by != "" && !slices.ContainsFunc(c.Attributors, func(p claim.Party) bool {
					return knowledge.Fold(p.Identity) == knowledge.Fold(by) || knowledge.Fold(p.Organ) == knowledge.Fold(by)
				})
			})
			slices.SortStableFunc(list, func(x, y *claim.Claim) int {
				return cmp.Or(cmp.Compare(x.Level.Rank(), y.Level.Rank()), cmp.Compare(x.SaidOn, y.SaidOn))
			})
			w := cmd.OutOrStdout()
			if j.json {
				return printJSON(w, list)
			}
			if len(list) == 0 {
				return errors.New("no claim fits; limier kb timeline lists all of them")
			}
			printByLevel(w, "", list)
			fmt.Fprintf(w, "\n%d claims, by %d independent parties. Levels are those of the claims: none raises another.\n", len(list), b.Independent(list))
			return nil
		},
	}
	cmd.Flags().StringVar(&about, "about", "", "only what is claimed about this actor or campaign `NAME`")
	cmd.Flags().StringVar(&by, "by", "", "only what this party or organ `NAME` claims")
	return cmd
}

func (j *kbJob) timeline() *cobra.Command {
	return &cobra.Command{
		Use:   "timeline",
		Short: "List all claims by the day they were made",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := j.stored(cmd.Context())
			if err != nil {
				return err
			}
			list := make([]*claim.Claim, 0, len(b.Claims))
			for i := range b.Claims {
				if b.Claims[i].Relation != claim.AliasOf {
					list = append(list, &b.Claims[i])
				}
			}
			slices.SortStableFunc(list, func(x, y *claim.Claim) int { return cmp.Compare(x.SaidOn, y.SaidOn) })
			if j.json {
				return printJSON(cmd.OutOrStdout(), list)
			}
			for _, c := range list {
				printClaim(cmd.OutOrStdout(), "", c)
			}
			return nil
		},
	}
}

func (j *kbJob) aliases() *cobra.Command {
	return &cobra.Command{
		Use:   "aliases NAME",
		Short: "Show what a name is another name of, and who says so",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := j.stored(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			var edges []*claim.Claim
			seen := map[string]bool{}
			folded := knowledge.Fold(args[0])
			for _, n := range b.Find(args[0]) {
				if n.Claim == nil {
					folded = knowledge.Fold(n.Actor.Name)
				}
			}
			for i := range b.Claims {
				c := &b.Claims[i]
				if c.Relation == claim.AliasOf && !seen[c.ID] && (knowledge.Fold(c.Object.Name) == folded || knowledge.Fold(c.Target.Name) == folded) {
					seen[c.ID] = true
					edges = append(edges, c)
				}
			}
			w := cmd.OutOrStdout()
			if j.json {
				return printJSON(w, edges)
			}
			if len(edges) == 0 {
				return fmt.Errorf("no claim gives %q another name", args[0])
			}
			for _, c := range edges {
				fmt.Fprintf(w, "%-24s also called  %-24s %s, %s%s\n", publish.Plain(c.Object.Name), publish.Plain(c.Target.Name), speakers(c), c.SaidOn, remark(c))
			}
			fmt.Fprintln(w, "\nEach line is one party's word and goes one step. Lines are not joined into one actor.")
			return nil
		},
	}
}

func (j *kbJob) lint() *cobra.Command {
	return &cobra.Command{
		Use:   "lint FILE...",
		Short: "Check files of claims: source, date and attributor of each",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range args {
				b, err := knowledge.Builtin()
				if err != nil {
					return err
				}
				n := len(b.Claims)
				if err := readClaimsInto(b, name); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d claims, nothing wrong\n", name, len(b.Claims)-n)
			}
			return nil
		},
	}
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
