package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"limier/acquire"
	"limier/casefile"
	"limier/finding"
	"limier/publish"
	"limier/store/sqlite"
)

func caseCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "case", Short: "Show, compare, merge, verify, sign and encrypt case files"}
	cmd.AddCommand(caseShowCommand(), caseTimelineCommand(), caseDiffCommand(), caseMergeCommand(), caseVerifyCommand(), caseSignCommand(), caseEncryptCommand(), caseDecryptCommand())
	return cmd
}

func caseShowCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "show CASE",
		Short: "Print a case as text",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := sqlite.Read(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := (&lookups{}).enrich(c, cmd.ErrOrStderr()); err != nil {
				return err
			}
			if err := printCase(cmd.OutOrStdout(), c, all); err != nil {
				return err
			}
			for _, s := range c.Scans {
				fmt.Fprintf(cmd.OutOrStdout(), "merged from %s (%s): %s, %d findings\n", publish.Plain(s.Start.Host), publish.Plain(s.Start.Source), s.End.Verdict, s.End.Counts.Findings)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "show every step, address and gap, not only the first of many")
	return cmd
}

func caseTimelineCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "timeline CASE",
		Short: "Print the timeline of a case, in Timesketch's layout",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := map[string]string{"csv": "csv", "jsonl": "timesketch"}[format]
			if name == "" {
				return fmt.Errorf("--format %s: a timeline is csv or jsonl", format)
			}
			p, err := publisher(name)
			if err != nil {
				return err
			}
			c, err := sqlite.Read(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return p.Write(cmd.Context(), cmd.OutOrStdout(), c)
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "csv", "csv or jsonl")
	return cmd
}

func caseDiffCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Print the findings that appeared (+), disappeared (-) or changed (~)",
		Long: `Diff compares the findings of two cases. Exit codes: 0 the same findings and
verdict, 1 they differ.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			before, err := sqlite.Read(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			after, err := sqlite.Read(cmd.Context(), args[1])
			if err != nil {
				return err
			}
			return printDiff(cmd.OutOrStdout(), before, after)
		},
	}
}

func printDiff(w io.Writer, before, after *casefile.Case) error {
	differ := before.End.Verdict != after.End.Verdict
	if differ {
		fmt.Fprintf(w, "~ verdict: %s, was %s\n", after.End.Verdict, before.End.Verdict)
	}
	for _, ch := range casefile.Diff(before, after) {
		differ = true
		switch {
		case ch.Before == nil:
			fmt.Fprintf(w, "+ %s\n", line(ch.After))
		case ch.After == nil:
			fmt.Fprintf(w, "- %s\n", line(ch.Before))
		default:
			fmt.Fprintf(w, "~ %s, was %s\n", line(ch.After), line(ch.Before))
		}
	}
	if differ {
		return errFindings
	}
	return nil
}

func line(f *finding.Finding) string {
	when := "no time            "
	if !f.Start.IsZero() {
		when = f.Start.UTC().Format("2006-01-02 15:04:05")
	}
	return publish.Plain(fmt.Sprintf("%s %-8s %s (%s, %d events)", when, f.Level, f.Title, f.Host, f.Count))
}

func caseMergeCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "merge CASE CASE... -o FILE",
		Short: "Join cases of several hosts, or rescans of one, into one case file",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				return errors.New("say where to write the merged case with -o")
			}
			if slices.ContainsFunc(args, func(name string) bool { return filepath.Clean(name) == filepath.Clean(output) }) {
				return fmt.Errorf("%s is one of the cases to merge: name another file with -o", output)
			}
			if err := writable(output); err != nil {
				return err
			}
			var cases []*casefile.Case
			for _, name := range args {
				c, err := sqlite.Read(cmd.Context(), name)
				if err != nil {
					return err
				}
				cases = append(cases, c)
			}
			m, err := casefile.Merge(cases...)
			if err != nil {
				return err
			}
			if err := sqlite.Write(cmd.Context(), output, m); err != nil {
				return fmt.Errorf("writing the case: %w", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %d findings of %d scans\n", output, m.End.Verdict, len(m.Findings), len(m.Scans))
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write the merged case to this `FILE`")
	return cmd
}

func caseVerifyCommand() *cobra.Command {
	var dir, key string
	cmd := &cobra.Command{
		Use:   "verify CASE",
		Short: "Check that a case file was not changed, and its evidence neither",
		Long: `Verify computes the hash chain of the case again, checks signatures, and with
--evidence the SHA-256 of each file that is still at hand. Without --key a chain
without fault only shows that nobody changed the file carelessly.

Exit codes: 0 nothing was changed, 1 something was, 2 the job could not be done.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return verify(cmd.Context(), cmd.OutOrStdout(), args[0], dir, key)
		},
	}
	cmd.Flags().StringVar(&dir, "evidence", "", "also check the evidence at this `PATH`")
	cmd.Flags().StringVar(&key, "key", "", "the case must be signed by this public key: a `FILE`, or the key itself")
	return cmd
}

func verify(ctx context.Context, w io.Writer, name, dir, key string) error {
	seal, err := sqlite.Verify(ctx, name)
	if err != nil {
		return err
	}
	changed := len(seal.Broken) > 0
	if changed {
		fmt.Fprintf(w, "CHANGED: the rows are not those that were written, from table %s on\n", seal.Broken[0])
	} else {
		fmt.Fprintf(w, "chain: whole, %d rows, %s\n", seal.Rows, seal.Head)
	}
	for _, s := range seal.Signatures {
		state := "valid"
		if !s.Valid {
			state, changed = "NOT VALID for the case as it is", true
		}
		fmt.Fprintf(w, "signature by %s: %s\n", hex.EncodeToString(s.Key), state)
	}
	if key != "" {
		public, err := readPublic(key)
		if err != nil {
			return err
		}
		signed := false
		for _, s := range seal.Signatures {
			signed = signed || s.Valid && s.Key.Equal(public)
		}
		if !signed {
			fmt.Fprintln(w, "NOT SIGNED by the key that was asked for")
			changed = true
		}
	}
	if dir != "" {
		c, err := sqlite.Read(ctx, name)
		if err != nil {
			return err
		}
		ok, err := verifyEvidence(ctx, w, c, dir)
		if err != nil {
			return err
		}
		changed = changed || !ok
	}
	if changed {
		return errFindings
	}
	return nil
}

// verifyEvidence hashes the files that are still there.
func verifyEvidence(ctx context.Context, w io.Writer, c *casefile.Case, path string) (ok bool, err error) {
	src, closer, err := acquire.Open(ctx, path, acquire.Config{})
	if err != nil {
		return false, err
	}
	defer closer.Close()
	same, gone, changed := 0, 0, 0
	for _, e := range c.Evidence {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if !fs.ValidPath(e.Path) {
			fmt.Fprintf(w, "CHANGED: %s is no path in evidence\n", publish.Plain(e.Path))
			changed++
			continue
		}
		f, err := src.FS.Open(e.Path)
		if errors.Is(err, fs.ErrNotExist) {
			gone++
			continue
		}
		if err != nil {
			return false, fmt.Errorf("reading %s: %w", publish.Plain(e.Path), err)
		}
		sum := sha256.New()
		_, err = io.Copy(sum, f)
		f.Close()
		switch {
		case err != nil:
			return false, fmt.Errorf("reading %s: %w", publish.Plain(e.Path), err)
		case hex.EncodeToString(sum.Sum(nil)) != e.SHA256:
			fmt.Fprintf(w, "CHANGED: %s\n", publish.Plain(e.Path))
			changed++
		default:
			same++
		}
	}
	fmt.Fprintf(w, "evidence: %d files as they were, %d changed, %d no longer at hand\n", same, changed, gone)
	if same+changed == 0 && gone > 0 {
		return false, fmt.Errorf("none of the %d files is under %s: is this the evidence that was scanned?", gone, strings.TrimSpace(path))
	}
	return changed == 0, nil
}
