package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"limier/publish/claims"
	"limier/publish/stix"
	"limier/publish/taxii"
	"limier/store/sqlite"
)

func taxiiCommand() *cobra.Command {
	var kb []string
	var listen, users, who, tlp, cert, key string
	cmd := &cobra.Command{
		Use:   "taxii [CASE...]",
		Short: "Serve claims and the indicators of cases over TAXII 2.1",
		Long: `Taxii serves two read-only collections at /taxii2/limier/, until it is stopped:

  claims       who says what of whom: the claims that ship, and those of --kb FILE
  indicators   what to look for elsewhere, of each CASE; nothing of the victim

Without --users everybody may read, and it listens on the loopback only. A file
of users has lines NAME PASSWORD [COLLECTION...]; without collections the user
may read both. Dates of addition are those of the start: a client reads all
again after a restart.`,
		Example: `  limier taxii ex01.limier
  curl -H 'Accept: application/taxii+json;version=2.1' http://127.0.0.1:6100/taxii2/`,
		RunE: func(cmd *cobra.Command, args []string) error {
			store := new(taxii.Memory)
			all := taxii.Collections()
			list, err := (&kbJob{more: kb}).base()
			if err != nil {
				return err
			}
			raws, err := claims.Objects(list.Claims, claims.Options{Publisher: who, TLP: tlp})
			if err != nil {
				return err
			}
			objects, err := taxii.ParseObjects(raws)
			if err != nil {
				return err
			}
			if err := store.Add(cmd.Context(), all[0].ID, objects, time.Now()); err != nil {
				return err
			}
			for _, name := range args {
				c, err := sqlite.Read(cmd.Context(), name)
				if err != nil {
					return err
				}
				var b bytes.Buffer
				if err := stix.Publisher.Write(cmd.Context(), &b, c); err != nil {
					return err
				}
				objects, err := taxii.Indicators(b.Bytes())
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				if err := store.Add(cmd.Context(), all[1].ID, objects, time.Now()); err != nil {
					return err
				}
			}
			s := &taxii.Server{Title: "Limier", Description: "Claims with their authors, and indicators", Store: store, Now: time.Now}
			known, err := readUsers(users)
			if err != nil {
				return err
			}
			if users != "" {
				s.User = known.check
			}
			s.Roots = func(_ context.Context, user string) ([]taxii.Root, error) {
				r := taxii.Root{Path: "limier", Title: "Limier"}
				for _, c := range all {
					if may := known[user].collections; len(may) == 0 || slices.Contains(may, c.Alias) {
						r.Collections = append(r.Collections, c)
					}
				}
				return []taxii.Root{r}, nil
			}
			return serve(cmd, s, taxii.Prefix, listen, cert, key, users != "")
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:6100", "`ADDRESS`:PORT; port 0 is any free one")
	cmd.Flags().StringArrayVar(&kb, "kb", nil, "also the claims of this YAML `FILE`; may be repeated")
	cmd.Flags().StringVar(&users, "users", "", "`FILE` with lines NAME PASSWORD [COLLECTION...]")
	cmd.Flags().StringVar(&who, "publisher", "", "`NAME` of the one who publishes; Limier if empty")
	cmd.Flags().StringVar(&tlp, "tlp", "clear", "TLP `MARKING` of the claims")
	cmd.Flags().StringVar(&cert, "tls-cert", "", "`FILE` of the certificate, PEM")
	cmd.Flags().StringVar(&key, "tls-key", "", "`FILE` of its key, PEM")
	return cmd
}

type taxiiUser struct {
	password    [32]byte // its SHA-256, so that all have the same length
	collections []string
}

type taxiiUsers map[string]taxiiUser

func readUsers(name string) (taxiiUsers, error) {
	if name == "" {
		return nil, nil
	}
	text, err := readBounded(name, 1<<20)
	if err != nil {
		return nil, err
	}
	users := taxiiUsers{}
	in := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; in.Scan(); n++ {
		f := strings.Fields(in.Text())
		if len(f) == 0 || f[0][0] == '#' {
			continue
		}
		if len(f) < 2 || len(f[1]) < 12 {
			return nil, fmt.Errorf("%s: line %d is not NAME PASSWORD [COLLECTION...] with a password of 12 characters or more", name, n)
		}
		users[f[0]] = taxiiUser{sha256.Sum256([]byte(f[1])), f[2:]}
	}
	if len(users) == 0 {
		return nil, fmt.Errorf("%s: no users", name)
	}
	return users, in.Err()
}

// check takes a name and password as in RFC 7617.
func (u taxiiUsers) check(r *http.Request) (string, bool) {
	name, password, ok := r.BasicAuth()
	user, known := u[name]
	given := sha256.Sum256([]byte(password))
	same := subtle.ConstantTimeCompare(given[:], user.password[:]) == 1
	return name, ok && known && same
}

// serve listens until the context ends, and says where.
func serve(cmd *cobra.Command, h http.Handler, path, listen, cert, key string, guarded bool) error {
	ctx := cmd.Context()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w; say another address with --listen", listen, err)
	}
	loopback := l.Addr().(*net.TCPAddr).IP.IsLoopback()
	scheme := "http"
	if cert != "" {
		scheme = "https"
	}
	switch {
	case !loopback && !guarded:
		l.Close()
		return errors.New("without --users it listens on the loopback only")
	case !loopback && cert == "":
		l.Close()
		return errors.New("passwords in clear: give --tls-cert and --tls-key, or listen on the loopback behind a proxy")
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	fmt.Fprintf(cmd.OutOrStdout(), "serving %s://%s%s\n", scheme, l.Addr(), path)
	done := make(chan error, 1)
	go func() {
		if cert != "" {
			done <- server.ServeTLS(l, cert, key)
		} else {
			done <- server.Serve(l)
		}
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return server.Shutdown(stop)
	}
}
