package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"limier/publish/claims"
	"limier/publish/feed"
	"limier/publish/misp"
	"limier/store/sqlite"
)

func feedCommand() *cobra.Command {
	var kb []string
	var output, listen, users, who, tlp, cert, key string
	var withClaims bool
	cmd := &cobra.Command{
		Use:   "feed [CASE...] -o DIR | --listen ADDRESS",
		Short: "Make a MISP feed of cases and claims, as a folder or as a server",
		Long: `Feed writes what other MISP instances pull: an event for each CASE, with --claims
an event of claims (those that ship, and --kb FILE), manifest.json and hashes.csv.

The events of cases name the host and are TLP:AMBER+STRICT: give them to those
who may have them. Without --users the server listens on the loopback only.`,
		Example: `  limier feed ex01.limier ex02.limier -o /srv/misp-feed
  limier feed --claims -o feed
  limier feed ex01.limier --listen 127.0.0.1:6101 --users users`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (output == "") == (listen == "") {
				return errors.New("say where the feed goes: -o DIR, or --listen ADDRESS")
			}
			var events [][]byte
			for _, name := range args {
				c, err := sqlite.Read(cmd.Context(), name)
				if err != nil {
					return err
				}
				var b bytes.Buffer
				if err := misp.Publisher.Write(cmd.Context(), &b, c); err != nil {
					return err
				}
				events = append(events, b.Bytes())
			}
			if withClaims || len(kb) > 0 {
				list, err := (&kbJob{more: kb}).base()
				if err != nil {
					return err
				}
				all := claims.Formats()
				i := slices.IndexFunc(all, func(f claims.Format) bool { return f.Name == "misp" })
				var b bytes.Buffer
				if err := all[i].Write(&b, list.Claims, claims.Options{Publisher: who, TLP: tlp}); err != nil {
					return err
				}
				events = append(events, b.Bytes())
			}
			if len(events) == 0 {
				return errors.New("nothing to put into a feed: name cases, or --claims")
			}
			f, err := feed.New(events...)
			if err != nil {
				return err
			}
			if output != "" {
				if err := f.Write(output); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d events\n", output, len(events))
				return err
			}
			known, err := readUsers(users)
			if err != nil {
				return err
			}
			return serve(cmd, guard(f, known), "/", listen, cert, key, users != "")
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write the feed to this `DIR`")
	cmd.Flags().StringVar(&listen, "listen", "", "serve the feed at `ADDRESS`:PORT")
	cmd.Flags().BoolVar(&withClaims, "claims", false, "with an event of claims")
	cmd.Flags().StringArrayVar(&kb, "kb", nil, "also the claims of this YAML `FILE`; may be repeated")
	cmd.Flags().StringVar(&users, "users", "", "`FILE` with lines NAME PASSWORD")
	cmd.Flags().StringVar(&who, "publisher", "", "`NAME` of the one who publishes the claims; Limier if empty")
	cmd.Flags().StringVar(&tlp, "tlp", "clear", "TLP `MARKING` of the claims")
	cmd.Flags().StringVar(&cert, "tls-cert", "", "`FILE` of the certificate, PEM")
	cmd.Flags().StringVar(&key, "tls-key", "", "`FILE` of its key, PEM")
	return cmd
}

// guard lets only users through; without any it lets everybody.
func guard(h http.Handler, users taxiiUsers) http.Handler {
	if users == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := users.check(r); !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="MISP feed", charset="UTF-8"`)
			http.Error(w, "a name of --users and its password are needed", http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	})
}
