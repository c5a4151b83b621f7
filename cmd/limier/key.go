package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"limier/store/sqlite"
)

// The first words of key files; what follows is hexadecimal.
const (
	privateMark = "limier-ed25519-private "
	publicMark  = "limier-ed25519-public "
)

// maxCase bounds a case file that is encrypted or decrypted: it is held in
// memory.
const maxCase = 4 << 30

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Make and show the keys that sign case files and statements"}
	cmd.AddCommand(&cobra.Command{
		Use:   "new FILE",
		Short: "Write a new private key to FILE and its public key to FILE.pub",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			public, private, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				return err
			}
			if err := writeNew(args[0], privateMark+hex.EncodeToString(private.Seed())+"\n", 0o600); err != nil {
				return err
			}
			text := publicMark + hex.EncodeToString(public) + "\n"
			if err := writeNew(args[0]+".pub", text, 0o644); err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), text)
			return err
		},
	}, &cobra.Command{
		Use:   "show FILE",
		Short: "Print the public key of a private or public key",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			public, err := readPublic(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s%s\n", publicMark, hex.EncodeToString(public))
			return err
		},
	})
	return cmd
}

// writeNew writes a file that must not be there: a key is never overwritten.
func writeNew(name, text string, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already and is not overwritten: name another file", name)
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}

func readPrivate(name string) (ed25519.PrivateKey, error) {
	b, err := readSmall(name)
	if err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(strings.TrimSpace(b), privateMark)
	seed, err := hex.DecodeString(rest)
	if !ok || err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s: no private key; limier key new makes one", name)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// readPublic reads a public key from a file of either kind, or takes the
// argument for the key itself.
func readPublic(arg string) (ed25519.PublicKey, error) {
	text := arg
	if len(strings.TrimPrefix(arg, publicMark)) != 2*ed25519.PublicKeySize {
		b, err := readSmall(arg)
		if err != nil {
			return nil, fmt.Errorf("%s is neither a public key nor the file of one: %w", arg, err)
		}
		text = b
	}
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, privateMark) {
		private, err := readPrivate(arg)
		if err != nil {
			return nil, err
		}
		return private.Public().(ed25519.PublicKey), nil
	}
	key, err := hex.DecodeString(strings.TrimPrefix(text, publicMark))
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%s: no public key", arg)
	}
	return key, nil
}

func readSmall(name string) (string, error) {
	b, err := readBounded(name, 64<<10)
	return string(b), err
}

func caseSignCommand() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "sign CASE --key FILE",
		Short: "Sign a case file with a private key",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			private, err := signingKey(key)
			if err != nil {
				return err
			}
			return sqlite.Sign(cmd.Context(), args[0], private)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "`FILE` of the private key")
	return cmd
}

func caseEncryptCommand() *cobra.Command {
	var output, passphrase string
	var recipients []string
	cmd := &cobra.Command{
		Use:   "encrypt CASE -o FILE",
		Short: "Encrypt a case with age, for recipients or with a passphrase",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := ageRecipients(recipients, passphrase)
			if err != nil {
				return err
			}
			return transform(args[0], output, func(in io.Reader, out *bytes.Buffer) error {
				w, err := age.Encrypt(out, to...)
				if err != nil {
					return err
				}
				_, err = io.Copy(w, in)
				return errors.Join(err, w.Close())
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE`")
	cmd.Flags().StringArrayVarP(&recipients, "recipient", "r", nil, "age `RECIPIENT` (age1…); may be repeated")
	cmd.Flags().StringVar(&passphrase, "passphrase-file", "", "`FILE` whose first line is the passphrase")
	return cmd
}

func caseDecryptCommand() *cobra.Command {
	var output, passphrase, identity string
	cmd := &cobra.Command{
		Use:   "decrypt FILE -o CASE",
		Short: "Decrypt a case that was encrypted with age",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			with, err := ageIdentities(identity, passphrase)
			if err != nil {
				return err
			}
			return transform(args[0], output, func(in io.Reader, out *bytes.Buffer) error {
				r, err := age.Decrypt(in, with...)
				var wrong *age.NoIdentityMatchError
				switch {
				case errors.As(err, &wrong) && passphrase != "":
					return errors.New("this passphrase does not open it")
				case errors.As(err, &wrong):
					return errors.New("none of these identities opens it")
				case err != nil:
					return fmt.Errorf("it is not encrypted with age, or damaged: %w", err)
				}
				_, err = io.Copy(out, r)
				return err
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE`")
	cmd.Flags().StringVarP(&identity, "identity", "i", "", "`FILE` of age identities")
	cmd.Flags().StringVar(&passphrase, "passphrase-file", "", "`FILE` whose first line is the passphrase")
	return cmd
}

func ageRecipients(names []string, passphrase string) ([]age.Recipient, error) {
	if (len(names) > 0) == (passphrase != "") {
		return nil, errors.New("say for whom: either --recipient age1…, or --passphrase-file FILE")
	}
	if passphrase != "" {
		text, err := firstLine(passphrase)
		if err != nil {
			return nil, err
		}
		r, err := age.NewScryptRecipient(text)
		return []age.Recipient{r}, err
	}
	var all []age.Recipient
	for _, n := range names {
		r, err := age.ParseRecipients(strings.NewReader(n))
		if err != nil {
			return nil, fmt.Errorf("--recipient %s is none of age (age1…): age-keygen makes one", n)
		}
		all = append(all, r...)
	}
	return all, nil
}

func ageIdentities(file, passphrase string) ([]age.Identity, error) {
	if (file != "") == (passphrase != "") {
		return nil, errors.New("say what opens it: either --identity FILE, or --passphrase-file FILE")
	}
	if passphrase != "" {
		text, err := firstLine(passphrase)
		if err != nil {
			return nil, err
		}
		i, err := age.NewScryptIdentity(text)
		return []age.Identity{i}, err
	}
	text, err := readSmall(file)
	if err != nil {
		return nil, err
	}
	return age.ParseIdentities(strings.NewReader(text))
}

func firstLine(name string) (string, error) {
	text, err := readSmall(name)
	if err != nil {
		return "", err
	}
	text, _, _ = strings.Cut(text, "\n")
	if text = strings.TrimRight(text, "\r"); text == "" {
		return "", fmt.Errorf("%s: no passphrase on the first line", name)
	}
	return text, nil
}

// transform reads a file and writes what run makes of it, whole or not at all.
func transform(from, to string, run func(io.Reader, *bytes.Buffer) error) error {
	if to == "" {
		return errors.New("say where to write with -o")
	}
	if err := writable(to); err != nil {
		return err
	}
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > maxCase {
		return errors.Join(err, fmt.Errorf("%s: larger than %d bytes", from, int64(maxCase)))
	}
	var out bytes.Buffer
	if err := run(f, &out); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return writeWhole(to, out.Bytes())
}
