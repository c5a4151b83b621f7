package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"limier/reading"
)

// maxReport is the largest report that is read, in bytes.
const maxReport = 64 << 20

// A readJob is what the flags of `limier read` say.
type readJob struct {
	json bool
}

func readCommand() *cobra.Command {
	var j readJob
	cmd := &cobra.Command{
		Use:   "read FILE...",
		Short: "Read reports into entities and claims: who says what, how sure",
		Long: `Read takes public reports in French or English (text, Markdown, HTML, PDF, a
mail) and finds what they name and what they claim: who says what about whom,
how sure, in which words. It works offline by rules that can be read. What it
prints are claims of the text, never facts; each has its exact quote.

- reads standard input. Exit codes: 0 read, 2 a file could not be read.`,
		Example: `  limier read report.html
  limier read --json article.txt | jq '.claims[].evidence[0].quote'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return j.run(cmd.Context(), args, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&j.json, "json", false, "print JSON, one document a line")
	return cmd
}

func (j *readJob) run(ctx context.Context, files []string, stdin io.Reader, stdout io.Writer) error {
	r, err := reading.New()
	if err != nil {
		return err
	}
	var failed []error
	for _, name := range files {
		data, err := readReport(name, stdin)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		doc, err := r.Read(ctx, name, data)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if j.json {
			enc := json.NewEncoder(stdout)
			enc.SetEscapeHTML(false)
			err = enc.Encode(doc)
		} else {
			err = reading.WriteText(stdout, doc)
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

// readReport reads a file, or standard input for "-", up to maxReport.
func readReport(name string, stdin io.Reader) ([]byte, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		stdin = f
	}
	data, err := io.ReadAll(io.LimitReader(stdin, maxReport+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(data) > maxReport {
		return nil, fmt.Errorf("%s is larger than %d MiB: cut it into parts", name, maxReport>>20)
	}
	return data, nil
}
