package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"limier/knowledge"
	"limier/publish"
	"limier/store/sqlite"
)

// storePath is the file of what was imported: that of --store, of LIMIER_KB, or
// limier/knowledge.db in the user's folder of settings.
func (j *kbJob) storePath() (string, error) {
	if j.store != "" {
		return j.store, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("%w: say where to keep the knowledge with --store FILE", err)
	}
	return filepath.Join(dir, "limier", "knowledge.db"), nil
}

// stored is base with what was imported of these names, or all without names.
func (j *kbJob) stored(ctx context.Context, names ...string) (*knowledge.Base, error) {
	b, err := j.base()
	if err != nil {
		return nil, err
	}
	path, err := j.storePath()
	if err != nil && j.store == "" {
		return b, nil // no folder of settings: nothing was imported
	}
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, os.ErrNotExist) && j.store == "" {
			return b, nil
		}
		return nil, err
	}
	k, err := sqlite.OpenKnowledge(ctx, path)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	return b, k.Load(ctx, b, names...)
}

func (j *kbJob) imports() *cobra.Command {
	var collection, user, passwordFile, tokenFile string
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Add what others publish: ATT&CK, STIX, MISP, Microsoft's names, TAXII",
		Long: `Import reads what others publish into claims, each with who makes it, and adds
them to a file of yours (--store, LIMIER_KB, or limier/knowledge.db among your
settings), which kb show, claims, aliases and attribute look into too:

  ATT&CK and other STIX 2.1 bundles, TAXII 2.1 envelopes and collections,
  clusters of MISP galaxies, MISP events, Microsoft's mapping of names, and
  reviewed claims in YAML; files may be compressed with gzip.

A file is added whole or not at all, and twice changes nothing. Without FILE it
lists what was imported.`,
		Example: `  limier kb import enterprise-attack.json.gz threat-actor.json
  limier kb import --taxii https://taxii.example/api1/collections/ID/ --user me --password-file pw`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, w := cmd.Context(), cmd.OutOrStdout()
			path, err := j.storePath()
			if err != nil {
				return err
			}
			k, err := sqlite.OpenKnowledge(ctx, path)
			if err != nil {
				return err
			}
			defer k.Close()
			if len(args) == 0 && collection == "" {
				return listImports(ctx, w, k, path)
			}
			for _, name := range args {
				f, err := os.Open(name)
				if err != nil {
					return err
				}
				err = addImport(ctx, w, k, filepath.Base(name), f)
				if err = errors.Join(err, f.Close()); err != nil {
					return fmt.Errorf("nothing of it was added: %w", err)
				}
			}
			if collection == "" {
				return nil
			}
			header, err := taxiiHeader(user, passwordFile, tokenFile)
			if err != nil {
				return err
			}
			in, err := knowledge.FetchTAXII(ctx, &http.Client{Timeout: 2 * time.Minute}, collection, header)
			if err != nil {
				return fmt.Errorf("%s: nothing of it was added: %w", collection, err)
			}
			return addImport(ctx, w, k, collection, in)
		},
	}
	cmd.Flags().StringVar(&collection, "taxii", "", "`URL` of a TAXII 2.1 collection to read too")
	cmd.Flags().StringVar(&user, "user", "", "`NAME` to log in with there")
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "`FILE` whose first line is the password")
	cmd.Flags().StringVar(&tokenFile, "token-file", "", "`FILE` whose first line is a bearer token")
	return cmd
}

func taxiiHeader(user, passwordFile, tokenFile string) (http.Header, error) {
	r := &http.Request{Header: http.Header{}}
	switch {
	case user != "" && tokenFile != "":
		return nil, errors.New("give either --user with --password-file, or --token-file")
	case user != "":
		password, err := firstLine(passwordFile)
		if err != nil {
			return nil, err
		}
		r.SetBasicAuth(user, password)
	case tokenFile != "":
		token, err := firstLine(tokenFile)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r.Header, nil
}

func addImport(ctx context.Context, w io.Writer, k *sqlite.Knowledge, name string, in io.Reader) error {
	sum := sha256.New()
	in = io.TeeReader(in, sum)
	im, err := knowledge.ReadImport(name, in)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(in, 1<<20)); err != nil { // what a reader leaves, for the hash
		return err
	}
	actors, claims, err := k.Add(ctx, im, name, hex.EncodeToString(sum.Sum(nil)), time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %s, %d new actors and %d new claims of %d and %d\n", publish.Plain(name), im.Format, actors, claims, len(im.Actors), len(im.Claims))
	var reasons []string
	for reason, n := range im.Skipped {
		reasons = append(reasons, fmt.Sprintf("  passed over: %s, %d times", publish.Plain(reason), n))
	}
	slices.Sort(reasons)
	if len(reasons) > 12 {
		reasons = append(reasons[:12], fmt.Sprintf("  and %d reasons more", len(reasons)-12))
	}
	if len(reasons) > 0 {
		fmt.Fprintln(w, strings.Join(reasons, "\n"))
	}
	return nil
}

func listImports(ctx context.Context, w io.Writer, k *sqlite.Knowledge, path string) error {
	all, err := k.Imports(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s holds %d imports\n", publish.Plain(path), len(all))
	for _, i := range all {
		fmt.Fprintf(w, "%s  %-18s %6d actors %7d claims  %s  sha256 %.12s\n", i.At, i.Format, i.Actors, i.Claims, publish.Plain(i.Source), i.SHA256)
	}
	return nil
}

// add keeps claims that a person reviewed: the YAML of kb lint.
func (j *kbJob) add() *cobra.Command {
	return &cobra.Command{
		Use:   "add FILE...",
		Short: "Add reviewed claims (YAML) to your file of knowledge",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := j.storePath()
			if err != nil {
				return err
			}
			k, err := sqlite.OpenKnowledge(cmd.Context(), path)
			if err != nil {
				return err
			}
			defer k.Close()
			for _, name := range args {
				text, err := readBounded(name, 16<<20)
				if err != nil {
					return err
				}
				if err := addImport(cmd.Context(), cmd.OutOrStdout(), k, filepath.Base(name), bytes.NewReader(text)); err != nil {
					return fmt.Errorf("nothing of it was added: %w", err)
				}
			}
			return nil
		},
	}
}
