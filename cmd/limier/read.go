package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"limier/knowledge"
	"limier/reading"
)

// maxReport is the largest report that is read, in bytes.
const maxReport = 64 << 20

// A readJob is what the flags of `limier read` say.
type readJob struct {
	json      bool
	html      bool
	output    string
	kb        string
	accept    []string
	acceptAll bool
	by        string
	modelURL  string
	model     string
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
  limier read --html report.pdf -o report.html
  limier read article.txt --kb ours.yaml --accept 9c3c4a19 --by "A. Analyst"
  limier read --json article.txt | jq '.claims[].evidence[0].quote'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return j.run(cmd.Context(), args, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&j.json, "json", false, "print JSON, one document a line")
	f.BoolVar(&j.html, "html", false, "write one HTML page: the text with what was found marked")
	f.StringVarP(&j.output, "output", "o", "", "with --html: write to this `FILE`; without it, to standard output")
	f.StringVar(&j.kb, "kb", "", "YAML `FILE` of claims: what is known beside what ships, and where --accept adds")
	f.StringSliceVar(&j.accept, "accept", nil, "add the claim of this `ID` (its first 8 letters do) to --kb; may be repeated")
	f.BoolVar(&j.acceptAll, "accept-all", false, "add every claim to --kb: say so only if you have read every quote")
	f.StringVar(&j.by, "by", "", "`NAME` of who has read and accepts the claims")
	f.StringVar(&j.modelURL, "model-url", "", "also ask the model behind this OpenAI-compatible `URL`; off by default. The text is sent there")
	f.StringVar(&j.model, "model", "local", "`NAME` of the model at --model-url")
	return cmd
}

func (j *readJob) run(ctx context.Context, files []string, stdin io.Reader, stdout io.Writer) error {
	switch {
	case j.html && len(files) != 1:
		return errors.New("--html writes the page of one file: give one")
	case (len(j.accept) > 0 || j.acceptAll) && (j.kb == "" || j.by == ""):
		return errors.New("--accept needs --kb FILE, where the claims go, and --by NAME, who has read them")
	case j.output != "" && !j.html:
		return errors.New("-o goes with --html")
	}
	if err := writable(j.output); err != nil {
		return err
	}
	r, err := reading.New()
	if err != nil {
		return err
	}
	base, err := knowledge.Builtin()
	if err != nil {
		return err
	}
	if j.kb != "" {
		if err := readClaimsInto(base, j.kb); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
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
		if j.modelURL != "" {
			if err := reading.AskModel(ctx, r, doc, j.modelURL, j.model); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", name, err))
			}
		}
		reading.Check(doc, base)
		if len(j.accept) > 0 || j.acceptAll {
			if err := j.acceptClaims(base, doc, stdout); err != nil {
				failed = append(failed, err)
			}
			continue
		}
		if j.html {
			err = j.page(doc, stdout)
		} else if j.json {
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

func (j *readJob) page(doc *reading.Document, stdout io.Writer) error {
	var page bytes.Buffer
	if err := reading.WritePage(&page, doc); err != nil {
		return err
	}
	if j.output == "" {
		_, err := stdout.Write(page.Bytes())
		return err
	}
	return writeWhole(j.output, page.Bytes())
}

// acceptClaims adds chosen claims to the file of claims: all of them or none.
func (j *readJob) acceptClaims(base *knowledge.Base, doc *reading.Document, stdout io.Writer) error {
	chosen, err := doc.Choose(j.accept)
	if err != nil {
		return err
	}
	if j.acceptAll {
		chosen = slices.Clone(doc.Claims)
	}
	for i := range chosen {
		chosen[i].RecordedAt = time.Now().UTC().Truncate(time.Second)
		chosen[i].ExtractedBy += ", accepted by " + j.by
	}
	if err := base.Add(chosen...); err != nil {
		return fmt.Errorf("%s: nothing was added: %w", doc.Name, err)
	}
	if len(chosen) == 0 {
		return fmt.Errorf("%s: it makes no claim that could be added", doc.Name)
	}
	old, err := os.ReadFile(j.kb)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text, err := yaml.Marshal(chosen)
	if err != nil {
		return err
	}
	if err := writeWhole(j.kb, append(old, text...)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d claims added to %s, accepted by %s\n", len(chosen), j.kb, j.by)
	return err
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
