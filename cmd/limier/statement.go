package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/spf13/cobra"

	"limier/publish"
	"limier/statement"
)

func statementCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "statement",
		Short: "Statements that several parties sign, each with its own role on each claim",
		Long: `A statement lists claims. Each party that signs takes a role on every claim:

  states           says it itself, with its own grade
  supports         backs those who state it
  acknowledges     takes note that others state it
  territory-only   says where it came from, not who did it
  abstains         says nothing of it
  objects          says that it is not so

The role table is inside what the party signs, so nobody can change another's
role, and the order of signing is free. doc/statement.md has the format.`,
		Example: `  limier statement render examples/statement/statement.json --keys examples/statement/keys.txt
  limier statement verify examples/statement/statement.json --keys examples/statement/keys.txt`,
	}
	cmd.AddCommand(statementNewCommand(), statementSignCommand(), statementVerifyCommand(), statementRenderCommand(), statementWithdrawCommand())
	return cmd
}

func statementNewCommand() *cobra.Command {
	var output, bundle string
	var kb []string
	cmd := &cobra.Command{
		Use:   "new DRAFT.yaml -o FILE",
		Short: "Put a draft to its parties",
		Long: `New checks a draft (YAML: title, text, parties, points) and writes the file that
the parties sign. Nothing in it can be changed after that. The claim of a point
is written out, or named by its id in the knowledge base (limier kb claims).`,
		Example: `  limier statement new examples/statement/draft.yaml --bundle claims.stix.json -o statement.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				return errors.New("say where to write with -o")
			}
			text, err := readBounded(args[0], statement.MaxFile)
			if err != nil {
				return err
			}
			b, err := (&kbJob{more: kb}).base()
			if err != nil {
				return err
			}
			s, err := statement.ParseDraft(text, b.Claim)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if bundle != "" {
				b, err := readBounded(bundle, 1<<30)
				if err != nil {
					return err
				}
				s.Bundle = hexSum(b)
			}
			f, err := statement.New(*s)
			if err != nil {
				return err
			}
			if err := writeStatement(output, f, true); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d claims for %d parties to sign, sha256 %s\n", output, len(s.Points), len(s.Parties), f.Hash())
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE`, which must not be there")
	cmd.Flags().StringArrayVar(&kb, "kb", nil, "also take claims by id from this YAML `FILE`; may be repeated")
	cmd.Flags().StringVar(&bundle, "bundle", "", "the STIX bundle that goes with the statement: its hash is signed too (`FILE`)")
	return cmd
}

func statementSignCommand() *cobra.Command {
	var key, roles, as, on, rest string
	var role []string
	cmd := &cobra.Command{
		Use:   "sign FILE --key KEY --roles ROLES.yaml",
		Short: "Take a position on every claim, and sign it",
		Long: `Sign adds a party's position to the file and prints it. The roles come from a
YAML file (signer, on, stands, rest) or from flags. A second key signs the same
position with the same command.`,
		Example: `  limier statement sign statement.json --key us.key --roles examples/statement/positions/us.yaml
  limier statement sign statement.json --key nato.key --as NATO --on 2021-07-19 --role a07=acknowledges --rest abstains`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			private, err := signingKey(key)
			if err != nil {
				return err
			}
			f, err := readStatement(args[0])
			if err != nil {
				return err
			}
			p := &statement.Position{Signer: as, On: on}
			if roles != "" {
				if as != "" || len(role) > 0 {
					return errors.New("give either --roles, or --as and --role")
				}
				text, err := readBounded(roles, 1<<20)
				if err != nil {
					return err
				}
				if p, err = statement.ParsePosition(text, &f.Statement); err != nil {
					return fmt.Errorf("%s: %w", roles, err)
				}
			}
			if p.On == "" {
				p.On = time.Now().UTC().Format(time.DateOnly)
			}
			for _, r := range role {
				claim, word, ok := strings.Cut(r, "=")
				if !ok {
					return fmt.Errorf("--role %s: say CLAIM=ROLE", r)
				}
				p.Stands = append(p.Stands, statement.Stand{Claim: claim, Role: statement.Role(word)})
			}
			if rest != "" {
				if !slices.Contains(statement.Roles(), statement.Role(rest)) {
					return fmt.Errorf("--rest %q is none of %v", rest, statement.Roles())
				}
				p.Fill(&f.Statement, statement.Role(rest))
			}
			if !slices.Contains(f.Statement.Parties, p.Signer) {
				return fmt.Errorf("%s: the statement lists no party of that name: there are %s", publish.Plain(p.Signer), publish.Plain(strings.Join(f.Statement.Parties, ", ")))
			}
			if err := f.Sign(cmd.Context(), *p, private); err != nil {
				return err
			}
			if err := writeStatement(args[0], f, false); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s has signed, on %s:\n", publish.Plain(p.Signer), p.On)
			for _, s := range p.Stands {
				fmt.Fprintf(cmd.OutOrStdout(), "  %-12s %-15s %s\n", s.Claim, s.Role, publish.Plain(strings.TrimSpace(fmt.Sprintf("%s%s %s", s.Confidence, s.Likelihood, s.Wording))))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "`FILE` of the private key (limier key new)")
	cmd.Flags().StringVar(&roles, "roles", "", "YAML `FILE` with the party's roles")
	cmd.Flags().StringVar(&as, "as", "", "`NAME` of the party")
	cmd.Flags().StringVar(&on, "on", "", "`DAY` of the position, yyyy-mm-dd; today if empty")
	cmd.Flags().StringArrayVar(&role, "role", nil, "`CLAIM=ROLE`; may be repeated")
	cmd.Flags().StringVar(&rest, "rest", "", "`ROLE` on all other claims")
	return cmd
}

// trust holds the flags that say whom to believe.
type trust struct {
	pins        []string
	keys        string
	withdrawals []string
}

func (t *trust) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&t.pins, "pin", nil, "trust this key of a party: `NAME=KEY`, the key itself or its file; may be repeated")
	cmd.Flags().StringVar(&t.keys, "keys", "", "`FILE` with lines NAME = KEY")
	cmd.Flags().StringArrayVar(&t.withdrawals, "withdrawals", nil, "`FILE` of withdrawals that a party published; may be repeated")
}

func (t *trust) report(name string) (*statement.Report, error) {
	f, err := readStatement(name)
	if err != nil {
		return nil, err
	}
	pins := statement.Pins{}
	if t.keys != "" {
		text, err := readBounded(t.keys, 1<<20)
		if err != nil {
			return nil, err
		}
		if err := pins.ReadPins(bytes.NewReader(text)); err != nil {
			return nil, fmt.Errorf("%s: %w", t.keys, err)
		}
	}
	for _, p := range t.pins {
		name, key, ok := strings.Cut(p, "=")
		if !ok {
			return nil, fmt.Errorf("--pin %s: say NAME=KEY", p)
		}
		public, err := readPublic(key)
		if err != nil {
			return nil, err
		}
		if err := pins.Add(name, hex.EncodeToString(public)); err != nil {
			return nil, err
		}
	}
	var more []dsse.Envelope
	for _, name := range t.withdrawals {
		text, err := readBounded(name, statement.MaxFile)
		if err != nil {
			return nil, err
		}
		list, err := statement.ReadWithdrawals(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		more = append(more, list...)
	}
	return f.Verify(pins, more...), nil
}

func statementVerifyCommand() *cobra.Command {
	var t trust
	var bundle string
	cmd := &cobra.Command{
		Use:   "verify FILE --keys KEYS",
		Short: "Say what each signature is worth, with pinned keys and without a network",
		Long: `Verify checks every position with the keys that you pin: they must come from
elsewhere than the file. It tells parties that are missing or have withdrawn,
signers who were not invited, positions that are there twice, and signatures
that nobody made who may.

Exit codes: 0 every party's position is verified, 1 something is not as it
should be, 2 the job could not be done.`,
		Example: `  limier statement verify examples/statement/statement.json --keys examples/statement/keys.txt
  limier statement verify statement.json --pin NATO=nato.key.pub --withdrawals nato-withdrawals.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := t.report(args[0])
			if err != nil {
				return err
			}
			if !r.Pinned {
				return errors.New("without keys nothing can be verified: pin them with --keys FILE or --pin NAME=KEY")
			}
			w := cmd.OutOrStdout()
			for _, row := range r.Rows {
				fmt.Fprintln(w, statement.Line(row))
			}
			for _, p := range r.Problems {
				fmt.Fprintln(w, "PROBLEM:", publish.Plain(p.String()))
			}
			ok := r.Whole()
			if bundle != "" {
				b, err := readBounded(bundle, 1<<30)
				if err != nil {
					return err
				}
				if hexSum(b) == r.Statement.Bundle {
					fmt.Fprintln(w, "bundle: the one that was signed")
				} else {
					fmt.Fprintln(w, "PROBLEM: the bundle is not the one that was signed")
					ok = false
				}
			}
			if !ok {
				return errFindings
			}
			return nil
		},
	}
	t.flags(cmd)
	cmd.Flags().StringVar(&bundle, "bundle", "", "also check that this is the STIX bundle that was signed (`FILE`)")
	return cmd
}

func statementRenderCommand() *cobra.Command {
	var t trust
	var format, lang, output string
	cmd := &cobra.Command{
		Use:   "render FILE --keys KEYS",
		Short: "Show a statement as text or as a page, with who says what of each claim",
		Long: `Render writes the statement with the table of parties and claims, as text or as
one HTML page without scripts, in English or French. Only positions verified
with pinned keys count; the others are crossed out.`,
		Example: `  limier statement render examples/statement/statement.json --keys examples/statement/keys.txt
  limier statement render statement.json --keys keys.txt --format html --lang fr -o declaration.html`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := t.report(args[0])
			if err != nil {
				return err
			}
			write := map[string]func(io.Writer, *statement.Report, string) error{"text": statement.WriteText, "html": statement.WriteHTML}[format]
			if write == nil {
				return fmt.Errorf("--format %s: there are text and html", format)
			}
			if output == "" {
				return write(cmd.OutOrStdout(), r, lang)
			}
			var b bytes.Buffer
			if err := write(&b, r, lang); err != nil {
				return err
			}
			return writeWhole(output, b.Bytes())
		},
	}
	t.flags(cmd)
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text or html")
	cmd.Flags().StringVar(&lang, "lang", "en", "en or fr")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE` instead of standard output")
	return cmd
}

func statementWithdrawCommand() *cobra.Command {
	var key, as, on, reason, list string
	cmd := &cobra.Command{
		Use:   "withdraw FILE --as NAME --key KEY",
		Short: "Take a party's position back, signed",
		Long: `Withdraw adds a signed withdrawal of all positions of a party to the file, and
with --list also to a list that the party publishes: whoever has an old copy of
the file verifies it with statement verify --withdrawals LIST.`,
		Example: `  limier statement withdraw statement.json --as NATO --key nato.key --reason "en=superseded by the statement of 3 May" --list nato-withdrawals.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			private, err := signingKey(key)
			if err != nil {
				return err
			}
			f, err := readStatement(args[0])
			if err != nil {
				return err
			}
			var why statement.Text
			if reason != "" {
				lang, text, ok := strings.Cut(reason, "=")
				if !ok {
					return fmt.Errorf("--reason: say LANGUAGE=TEXT, as in %q", "en="+reason)
				}
				why = statement.Text{lang: text}
			}
			if on == "" {
				on = time.Now().UTC().Format(time.DateOnly)
			}
			before := len(f.Withdrawals)
			n, err := f.Withdraw(cmd.Context(), as, on, why, private)
			if err != nil {
				return err
			}
			if list != "" {
				if err := extendList(list, f.Withdrawals[before:]); err != nil {
					return err
				}
			}
			if err := writeStatement(args[0], f, false); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d withdrawn, on %s\n", publish.Plain(as), n, on)
			if !f.SignedBy(as, private.Public().(ed25519.PublicKey)) {
				fmt.Fprintf(cmd.ErrOrStderr(), "note: this key did not sign the position: only who has pinned it for %s sees the withdrawal\n", publish.Plain(as))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "`FILE` of the private key that signed the position, or another of the same party")
	cmd.Flags().StringVar(&as, "as", "", "`NAME` of the party")
	cmd.Flags().StringVar(&on, "on", "", "`DAY`, yyyy-mm-dd; today if empty")
	cmd.Flags().StringVar(&reason, "reason", "", "`LANGUAGE=TEXT`")
	cmd.Flags().StringVar(&list, "list", "", "also add it to this `FILE`, which is made if it is not there")
	return cmd
}

func extendList(name string, more []dsse.Envelope) error {
	var have []dsse.Envelope
	text, err := readBounded(name, statement.MaxFile)
	switch {
	case err == nil:
		if have, err = statement.ReadWithdrawals(text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	text, err = statement.WithdrawalList(append(have, more...))
	if err != nil {
		return err
	}
	return writeWhole(name, text)
}

func signingKey(name string) (ed25519.PrivateKey, error) {
	if name == "" {
		return nil, errors.New("say which key signs with --key FILE; limier key new makes one")
	}
	return readPrivate(name)
}

func readStatement(name string) (*statement.File, error) {
	text, err := readBounded(name, statement.MaxFile)
	if err != nil {
		return nil, err
	}
	f, err := statement.Read(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// writeStatement writes a file whole; a fresh one never over another.
func writeStatement(name string, f *statement.File, fresh bool) error {
	text, err := f.Bytes()
	if err != nil {
		return err
	}
	if fresh {
		return writeNew(name, string(text), 0o644)
	}
	return writeWhole(name, text)
}

// readBounded reads a file of at most so many bytes.
func readBounded(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s: more than %d bytes", name, most)
	}
	return b, err
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
