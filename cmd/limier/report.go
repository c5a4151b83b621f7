package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"limier/publish/html"
	"limier/store/sqlite"
)

// A reportJob is what the flags of `limier report` say.
type reportJob struct {
	output string
	lang   string

	kb      kbJob
	lookups lookups
}

func reportCommand() *cobra.Command {
	var j reportJob
	cmd := &cobra.Command{
		Use:   "report CASE",
		Short: "Write the report of a case as one HTML file",
		Long: `Report writes what a case holds for people to read: the verdict, what happened,
what could not be seen, whom it resembles and who claims what, the proof, what
to block and what to do next.

The file is one page without scripts that loads nothing: it can be mailed,
printed and opened anywhere. The same case gives the same bytes.`,
		Example: `  limier scan collection.zip -o case.limier
  limier report case.limier -o report.html
  limier report case.limier -o rapport.html --lang fr`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return j.run(cmd.Context(), args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&j.output, "output", "o", "", "write to this `FILE`; without it, to standard output")
	f.StringVar(&j.lang, "lang", "en", "language of the report: en or fr")
	f.StringArrayVar(&j.kb.more, "kb", nil, "also list the claims of this YAML `FILE`; may be repeated")
	j.lookups.flags(f)
	return cmd
}

func (j *reportJob) run(ctx context.Context, path string, stdout, stderr io.Writer) (err error) {
	if !slices.Contains(html.Languages(), j.lang) {
		return fmt.Errorf("--lang %s: the report can be in %v", j.lang, html.Languages())
	}
	if err := writable(j.output); err != nil {
		return err
	}
	c, err := sqlite.Read(ctx, path)
	if err != nil {
		return fmt.Errorf("reading the case: %w", err)
	}
	if err := j.lookups.enrich(c, stderr); err != nil {
		return err
	}
	b, err := j.kb.base()
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := html.Write(&page, c, html.Options{Lang: j.lang, Knowledge: b}); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if j.output == "" {
		_, err = stdout.Write(page.Bytes())
		return err
	}
	return writeWhole(j.output, page.Bytes())
}

// writeWhole writes a file that appears whole or not at all.
func writeWhole(name string, data []byte) error {
	if err := replaceable(name); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".limier-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Close())
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("writing %s: %w", name, sqlite.ErrFull)
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
