//go:build !windows

package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"limier/builtin"
	"limier/console"
	"limier/fleet"
	"limier/fleet/hub"
	"limier/publish"
	"limier/store"
	"limier/store/postgres"
	"limier/store/sqlite"
)

// A serveJob is what the flags of `limier serve` say.
type serveJob struct {
	data     string
	listen   string
	postgres string

	nats              string
	natsCreds         string // files from here on
	natsNkey          string
	natsCA            string
	natsCert, natsKey string
	replicas          int

	plain      bool
	cert, key  string
	hosts      []string
	retain     time.Duration
	queueBytes int64
	logJSON    bool

	oidc       console.OIDC
	oidcSecret string   // file
	oidcGrants []string // GROUP=ROLE@ORG
}

func serveCommand() *cobra.Command {
	var j serveJob
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a hub that collects the cases of many servers",
		Long: `Serve runs a hub: collectors (limier agent) enrol with a token, submit the case
of their server and get a signed receipt. It needs nothing else: the first start
makes the hub's keys and its database in the data folder, and prints the address
and a token for the first administrator.

All is kept in the data folder (SQLite, and a NATS JetStream queue). With
--postgres and --nats the same hub uses a database and a cluster of yours;
several hubs may share them, with the same keys folder.

doc/fleet.md tells how to install, enrol, back up and scale.`,
		Example: `  limier serve
  limier serve token --org ministry-a --uses 50
  limier serve backup hub.tar.zst`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return j.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	p := cmd.PersistentFlags()
	p.StringVar(&j.data, "data", "limier-hub", "`FOLDER` of keys, database, queue and files")
	p.StringVar(&j.postgres, "postgres", "", "connection string of a PostgreSQL `DATABASE` to use instead of SQLite, the password in ~/.pgpass; also LIMIER_POSTGRES")
	f := cmd.Flags()
	f.StringVar(&j.listen, "listen", ":8443", "`ADDRESS` to listen on")
	f.StringVar(&j.nats, "nats", "", "`URL` of a NATS cluster with JetStream to use as the queue, several with commas; also LIMIER_NATS, which no list of processes shows")
	f.StringVar(&j.natsCreds, "nats-creds", "", "`FILE` with a user's JWT and NKey for it (.creds)")
	f.StringVar(&j.natsNkey, "nats-nkey", "", "`FILE` with a user's NKey seed, if it has no JWT")
	f.StringVar(&j.natsCA, "nats-ca", "", "`FILE` with the authority of the cluster's certificates (PEM)")
	f.StringVar(&j.natsCert, "nats-cert", "", "`FILE` with a certificate for a cluster that asks for one (PEM)")
	f.StringVar(&j.natsKey, "nats-key", "", "`FILE` with its key")
	f.IntVar(&j.replicas, "nats-replicas", 3, "copies of the queue in the cluster of --nats")
	f.BoolVar(&j.plain, "plain-http", false, "no TLS: for a proxy on this machine that sends X-Forwarded-Proto; loopback only, and collectors cannot use it")
	f.StringVar(&j.cert, "cert", "", "`FILE` with a certificate for browsers (PEM); collectors do not need it")
	f.StringVar(&j.key, "key", "", "`FILE` with its key")
	f.StringArrayVar(&j.hosts, "host", nil, "`NAME` or address that browsers know the hub by; may be repeated")
	f.DurationVar(&j.retain, "retain", 365*24*time.Hour, "delete cases that are older and not their server's latest, and files that servers sent; 0 keeps all")
	f.Int64Var(&j.queueBytes, "queue-bytes", 8<<30, "what the queue may hold; beyond it collectors are told to come later")
	f.StringVar(&j.oidc.Issuer, "oidc-issuer", "", "`URL` of an OpenID Connect provider to log in with")
	f.StringVar(&j.oidc.ClientID, "oidc-client", "", "`ID` that the hub has there")
	f.StringVar(&j.oidcSecret, "oidc-secret", "", "`FILE` that holds the secret for it")
	f.StringVar(&j.oidc.Redirect, "oidc-redirect", "", "`URL` of this hub as browsers reach it: https://hub.example")
	f.StringArrayVar(&j.oidcGrants, "oidc-grant", nil, "who logs in from a group of the provider has a role in an organisation, or with @* in the whole hub: `GROUP=ROLE@ORG`; may be repeated: the first that fits counts, and limier_role no longer does")
	f.StringVar(&j.oidc.GroupsClaim, "oidc-groups", "groups", "`CLAIM` of the provider's token that lists the groups")
	f.BoolVar(&j.logJSON, "log-json", false, "write the log as JSON lines")
	cmd.AddCommand(serveTokenCommand(&j), serveBackupCommand(&j), serveRestoreCommand(&j), serveDeadCommand(&j))
	return cmd
}

func (j *serveJob) run(ctx context.Context, stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM) // as service managers ask
	defer stop()
	j.nats = cmp.Or(j.nats, os.Getenv("LIMIER_NATS")) // no default of the flag: --help would show a password
	if err := j.check(); err != nil {
		return err
	}
	// Cases are decoded by the thousand: collecting garbage less often costs
	// little memory. The limit is to keep the hub below a GiB: with 400,000 servers
	// the process took some 410 MiB beyond it, SQLite's caches among them.
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(300)
		debug.SetMemoryLimit(544 << 20)
	}
	c, err := j.config(stderr)
	if err != nil {
		return err
	}
	addr, err := net.ResolveTCPAddr("tcp", j.listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", j.listen, err)
	}
	if j.plain { // before anything is made, or told
		if err := hub.CheckPlain(addr); err != nil {
			return err
		}
	}
	st, err := j.open(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	c.Store = st
	c.Hosts = append(j.hosts, hostsOf(addr)...)
	h, err := hub.Open(ctx, c)
	if err != nil {
		return err
	}
	defer h.Close()
	if err := j.checkGrants(ctx, c); err != nil {
		return err
	}
	// Whoever reaches the port finds a whole hub.
	listener, err := net.Listen("tcp", j.listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w; say another address with --listen", j.listen, err)
	}
	defer listener.Close()
	scheme := "https"
	if j.plain {
		scheme = "http"
	}
	fmt.Fprintf(stdout, "Limier hub on %s://%s, data in %s (%s)\n", scheme, hostPort(listener.Addr()), publish.Plain(j.data), st.Engine())
	if err := firstToken(ctx, h, stdout); err != nil {
		return err
	}
	c.Log.Info("serving", "address", listener.Addr().String(), "store", st.Engine(), "external_queue", j.nats != "")
	err = h.Serve(ctx, listener, j.plain)
	c.Log.Info("stopping", "error", err)
	return err
}

// check reports what flags say that cannot be, and reads the grants.
func (j *serveJob) check() error {
	if (j.cert == "") != (j.key == "") {
		return errors.New("--cert and --key go together")
	}
	if (j.natsCert == "") != (j.natsKey == "") {
		return errors.New("--nats-cert and --nats-key go together")
	}
	if j.retain < 0 || j.queueBytes < 2*fleet.MaxBody {
		return fmt.Errorf("--retain is not below 0, and --queue-bytes has room for large cases: %d or more", 2*fleet.MaxBody)
	}
	for _, text := range j.oidcGrants {
		g, err := console.ParseGrant(text)
		if err != nil {
			return fmt.Errorf("--oidc-grant: %w", err)
		}
		j.oidc.Grants = append(j.oidc.Grants, g)
	}
	if len(j.oidcGrants) > 0 && j.oidc.Issuer == "" {
		return errors.New("--oidc-grant needs a provider: --oidc-issuer")
	}
	return nil
}

// config is what flags and files say of the hub.
func (j *serveJob) config(stderr io.Writer) (hub.Config, error) {
	var logs slog.Handler = slog.NewTextHandler(stderr, nil)
	if j.logJSON {
		logs = slog.NewJSONHandler(stderr, nil)
	}
	c := hub.Config{
		Dir: j.data, Log: slog.New(logs), NATS: j.nats, QueueBytes: j.queueBytes, Retain: j.retain, Pages: j.pages,
	}
	if j.nats != "" {
		c.Replicas = j.replicas
		var err error
		if c.NATSOptions, err = j.natsOptions(); err != nil {
			return c, err
		}
	}
	if j.cert != "" {
		pair, err := tls.LoadX509KeyPair(j.cert, j.key)
		if err != nil {
			return c, fmt.Errorf("--cert %s: %w", j.cert, err)
		}
		c.Site = &pair
	}
	return c, nil
}

// checkGrants tells of grants in organisations that are not there.
func (j *serveJob) checkGrants(ctx context.Context, c hub.Config) error {
	for _, g := range j.oidc.Grants {
		if g.Organisation == "" {
			continue
		}
		if _, err := c.Store.Organisation(ctx, store.All(), g.Organisation); errors.Is(err, store.ErrNotFound) {
			c.Log.Warn("--oidc-grant names an organisation that is not there: nobody of the group gets in until an administrator makes it", "group", g.Group, "organisation", g.Organisation)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// natsOptions says to the cluster who the hub is, and to the hub whom to trust.
func (j *serveJob) natsOptions() (opts []nats.Option, err error) {
	if j.natsCreds != "" {
		opts = append(opts, nats.UserCredentials(j.natsCreds))
	}
	if j.natsNkey != "" {
		nkey, err := nats.NkeyOptionFromSeed(j.natsNkey)
		if err != nil {
			return nil, fmt.Errorf("--nats-nkey %s: %w", j.natsNkey, err)
		}
		opts = append(opts, nkey)
	}
	if j.natsCA != "" {
		opts = append(opts, nats.RootCAs(j.natsCA))
	}
	if j.natsCert != "" {
		opts = append(opts, nats.ClientCert(j.natsCert, j.natsKey))
	}
	return opts, nil
}

// pages is the console of a hub.
func (j *serveJob) pages(h *hub.Hub) (http.Handler, error) {
	c := console.Config{
		Store: h.Store(), Publishers: builtin.Publishers(), Version: version(), Log: h.Log(), Now: h.Now,
		NewToken:   h.NewToken,
		DeleteFile: h.DeleteFile,
		Replay: func(ctx context.Context, id int64) error {
			out, err := h.Replay(ctx, store.All(), id)
			if err == nil && out == store.Unknown {
				err = errors.New("its server is still unknown or revoked")
			}
			return err
		},
	}
	if j.oidc.Issuer != "" {
		secret, err := os.ReadFile(j.oidcSecret)
		if err != nil {
			return nil, fmt.Errorf("--oidc-secret: %w", err)
		}
		c.OIDC = &j.oidc
		c.OIDC.ClientSecret = strings.TrimSpace(string(secret))
	}
	return console.New(c)
}

// exists refuses to look after a hub that is not there.
func (j *serveJob) exists() error {
	if _, err := os.Stat(filepath.Join(j.data, "keys")); err != nil {
		return fmt.Errorf("there is no hub in %s: say where with --data", j.data)
	}
	return nil
}

// open opens the database.
func (j *serveJob) open(ctx context.Context) (*store.Hub, error) {
	if err := os.MkdirAll(j.data, 0o700); err != nil {
		return nil, err
	}
	if j.postgres = cmp.Or(j.postgres, os.Getenv("LIMIER_POSTGRES")); j.postgres != "" {
		return postgres.Open(ctx, j.postgres)
	}
	db := filepath.Join(j.data, "hub.db")
	if _, err := os.Stat(db); errors.Is(err, fs.ErrNotExist) && j.exists() == nil { // an empty one would know no server
		return nil, fmt.Errorf("%s has keys and no database: say --postgres if it is there, or restore a backup", j.data)
	}
	return sqlite.OpenHub(ctx, db)
}

// firstToken prints a token for the first administrator until somebody is one.
func firstToken(ctx context.Context, h *hub.Hub, w io.Writer) error {
	accounts, err := h.Store().Accounts(ctx, store.All())
	if err != nil || len(accounts) > 0 {
		return err
	}
	token, err := h.NewAdminToken(ctx, "hub")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "No account yet. Open /setup there with this one-time administrator token, good for a day: %s\n", token)
	return nil
}

// hostsOf are the names that a browser on this machine or network may use.
func hostsOf(a *net.TCPAddr) []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, name)
	}
	if a.IP != nil && !a.IP.IsUnspecified() {
		return append(hosts, a.IP.String())
	}
	addrs, _ := net.InterfaceAddrs()
	for _, one := range addrs {
		if n, ok := one.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			hosts = append(hosts, n.IP.String())
		}
	}
	return hosts
}

func hostPort(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok && t.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(t.Port))
	}
	return a.String()
}

func serveTokenCommand(j *serveJob) *cobra.Command {
	var org string
	var uses int
	var life time.Duration
	var admin bool
	cmd := &cobra.Command{
		Use:   "token --org ORG",
		Short: "Make a token with which servers enrol",
		Long: `Token prints an enrolment token for servers of an organisation. It is shown once;
the hub keeps its hash. It also pins the hub: a collector that enrols with it
talks to no other. The hub may run meanwhile; where none is, a new one is made.`,
		Example: "  limier serve token --org ministry-a\n  limier serve token --org ministry-a --uses 500 --life 72h",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (org == "") != admin {
				return errors.New("say which organisation the servers belong to with --org, or --admin for a new administrator")
			}
			fresh := j.exists() != nil
			ctx := cmd.Context()
			st, err := j.open(ctx)
			if err != nil {
				return err
			}
			defer st.Close()
			keys, err := hub.KeysOf(ctx, st, filepath.Join(j.data, "keys"), time.Now())
			if err != nil {
				return fmt.Errorf("the hub's keys: %w", err)
			}
			var token string
			if admin {
				token, err = hub.NewAdminToken(ctx, st, "command line", time.Now())
			} else {
				token, err = hub.NewToken(ctx, st, keys, store.All(), org, uses, life, "command line", time.Now())
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), token)
			if fresh { // its token is worth nothing at the hub that was perhaps meant
				fmt.Fprintf(cmd.ErrOrStderr(), "limier: there was no hub in %s: one was made, for limier serve --data %[1]s\n", j.data)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&org, "org", "", "id of the `ORGANISATION`: letters, digits, dots, hyphens and underscores")
	f.IntVar(&uses, "uses", 1, "how many servers may enrol with it")
	f.DurationVar(&life, "life", 24*time.Hour, "how long it is good for")
	f.BoolVar(&admin, "admin", false, "a one-time token for a new administrator of the console instead, good for a day")
	return cmd
}

func serveBackupCommand(j *serveJob) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Back a hub up into one file, while it runs",
		Long: `Backup writes the keys, the files that servers sent and the database as of one
moment into FILE (.tar.zst). The queue is left out: collectors keep what is not
stored yet. With --postgres the database is left out too: use pg_dump.

The file holds the hub's private keys: keep it as safe as the hub.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM) // no half of a copy is left behind
			defer stop()
			if err := j.exists(); err != nil {
				return err
			}
			st, err := j.open(ctx)
			if err != nil {
				return err
			}
			defer st.Close()
			snapshot := sqlite.BackupHub
			if j.postgres != "" {
				snapshot = nil
			}
			f, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			err = hub.Backup(ctx, j.data, st, snapshot, f)
			if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
				return errors.Join(err, os.Remove(args[0]))
			}
			info, err := os.Stat(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d bytes\n", args[0], info.Size())
			return nil
		},
	}
}

func serveRestoreCommand(j *serveJob) *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE --data FOLDER",
		Short: "Restore a backup into a new data folder",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			if err := hub.Restore(j.data, f); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "restored into %s; start it with: limier serve --data %s\n", j.data, j.data)
			return nil
		},
	}
}

func serveDeadCommand(j *serveJob) *cobra.Command {
	var replay []int64
	cmd := &cobra.Command{
		Use:   "dead-letters",
		Short: "List the cases that could not be stored, and store them again",
		Example: `  limier serve dead-letters
  limier serve dead-letters --replay 7`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if err := j.exists(); err != nil {
				return err
			}
			st, err := j.open(ctx)
			if err != nil {
				return err
			}
			defer st.Close()
			for _, id := range replay {
				_, body, err := st.DeadLetter(ctx, store.All(), id)
				if err != nil {
					return fmt.Errorf("dead letter %d: %w", id, err)
				}
				out, err := hub.Replay(ctx, st, id, body, time.Now())
				if err != nil {
					return fmt.Errorf("dead letter %d: %w", id, err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d: %s\n", id, out)
			}
			if len(replay) > 0 {
				return nil
			}
			list, next, err := st.DeadLetters(ctx, store.All(), store.Page{Limit: 1000})
			if err != nil {
				return err
			}
			for _, d := range list {
				state := ""
				if !d.Replayed.IsZero() {
					state = ", replayed"
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d: %s, server %d, %d bytes: %s%s\n", d.ID, d.At.Format(time.DateTime), d.Server, d.Size, publish.Plain(d.Reason), state)
			}
			if next != "" {
				fmt.Fprintln(cmd.OutOrStdout(), "and older ones")
			}
			return nil
		},
	}
	cmd.Flags().Int64SliceVar(&replay, "replay", nil, "store the dead letters with these `NUMBERS` again")
	return cmd
}
