// Fleet simulates a fleet's first night: each server submits one case, as many
// as the hub takes, while somebody looks at the console's pages.
//
//	go run ./bench/fleet -servers 20000
//	go run ./bench/fleet -servers 400000 -store postgres -nodes 3
//
// It calls the hub's handler in this process, with a certificate for each
// server, so that what is measured is the hub's work without TLS; -tls measures
// that apart. All is on this machine: no port but loopback's is used.
//
// The same seed and number of servers make the same cases.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"limier/fleet"
	"limier/fleet/agent"
	"limier/fleet/hub"
	"limier/store"
	"limier/store/postgres"
	"limier/store/sqlite"
	"limier/store/storetest"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(2)
	}
}

// maxServers bounds a run.
const maxServers = 400_000

type options struct {
	servers     int
	compromised float64
	seed        uint64
	store       string
	nodes       int
	senders     int
	tls         int
	dir         string
	pages       float64
	limit       time.Duration
	profile     string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	var o options
	flags := flag.NewFlagSet("fleet", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.servers, "servers", 20_000, "servers, 400000 at most")
	flags.Float64Var(&o.compromised, "compromised", 0.1, "share of them that is")
	flags.Uint64Var(&o.seed, "seed", 1, "what to make up")
	flags.StringVar(&o.store, "store", "sqlite", "sqlite or postgres")
	flags.IntVar(&o.nodes, "nodes", 1, "1: one hub with its own queue; 3: three hubs on a NATS cluster of three, with postgres")
	flags.IntVar(&o.senders, "senders", 8, "servers that submit at one time")
	flags.IntVar(&o.tls, "tls", 500, "full TLS handshakes to measure apart; 0 for none")
	flags.Float64Var(&o.pages, "pages", 8, "pages looked at in a second")
	flags.StringVar(&o.dir, "dir", "", "folder to work in; a temporary one if left out")
	flags.StringVar(&o.profile, "profile", "", "write a CPU profile of the ingest to this file")
	flags.DurationVar(&o.limit, "limit", 30*time.Minute, "give up after this time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case o.servers < 1 || o.servers > maxServers:
		return fmt.Errorf("-servers %d: 1 to %d", o.servers, maxServers)
	case o.nodes != 1 && o.nodes != 3, o.nodes == 3 && o.store != "postgres":
		return errors.New("-nodes is 1, or 3 with -store postgres")
	}
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "limier-fleet"); err != nil {
			return err
		}
		defer os.RemoveAll(o.dir)
	}
	debug.SetGCPercent(300) // as limier serve does
	debug.SetMemoryLimit(800 << 20)
	cases, err := o.generate(ctx, stdout)
	if err != nil {
		return err
	}
	return o.measure(ctx, cases, stdout)
}

// generate writes all cases into a file, so that making them up is not
// measured.
func (o *options) generate(ctx context.Context, stdout io.Writer) (string, error) {
	w, err := newWorld(o.seed)
	if err != nil {
		return "", err
	}
	path := filepath.Join(o.dir, "cases")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	var body []byte
	var plain, packed [2]int64
	var n [2]int
	for i := range o.servers {
		kind := 0
		if float64(i%1000) < o.compromised*1000 {
			kind = 1
		}
		var size int
		if body, size, err = w.write(o.seed, i, kind == 1, body[:0]); err != nil {
			return "", err
		}
		n[kind]++
		plain[kind] += int64(size)
		packed[kind] += int64(len(body))
		out.Write(binary.AppendUvarint(nil, uint64(len(body))))
		out.Write(body)
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
	}
	if err := errors.Join(out.Flush(), f.Close()); err != nil {
		return "", err
	}
	for kind, name := range []string{"others", "compromised"} {
		if n[kind] > 0 {
			fmt.Fprintf(stdout, "%-12s %7d cases, %6d B each, %6d B compressed\n", name, n[kind], plain[kind]/int64(n[kind]), packed[kind]/int64(n[kind]))
		}
	}
	return path, nil
}

func (o *options) measure(ctx context.Context, cases string, stdout io.Writer) (err error) {
	st, size, done, err := o.openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	defer st.Close()
	var list []store.Enrolment
	for i := range o.servers {
		list = append(list, store.Enrolment{Organisation: fmt.Sprintf("org-%05d", i/3), Name: fmt.Sprintf("ex%06d", i), KeyHash: keyHash})
	}
	begin := time.Now()
	if err := st.EnrolMany(ctx, list, time.Now()); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "enrolled     %7d servers in %.1f s\n", o.servers, time.Since(begin).Seconds())
	hubs, stop, err := o.openHubs(ctx, st)
	if err != nil {
		return err
	}
	defer stop()

	look := newLook(hubs[0], st, o.pages)
	if err := look.prepare(ctx); err != nil {
		return err
	}
	looking, enough := context.WithCancel(ctx)
	defer enough()
	var pages sync.WaitGroup
	pages.Go(func() { look.run(looking, "ingesting") })

	stopProfile, err := profile(o.profile)
	if err != nil {
		return err
	}
	before := cpu()
	begin = time.Now()
	refused, err := o.submit(ctx, cases, hubs)
	if err != nil {
		return err
	}
	accepted := time.Since(begin)
	if err := waitFor(ctx, st, o.servers); err != nil {
		return err
	}
	took, used := time.Since(begin), cpu()-before
	stopProfile()
	enough()
	pages.Wait()
	n := float64(o.servers)
	fmt.Fprintf(stdout, "accepted     %7d cases in %.1f s, refused and sent again %d times\n", o.servers, accepted.Seconds(), refused)
	fmt.Fprintf(stdout, "stored       %7d cases in %.1f s: %.0f a second; CPU of hub and sender %.1f s, %.0f µs a case; peak RSS %d MiB; database %d MiB\n",
		o.servers, took.Seconds(), n/took.Seconds(), used.Seconds(), used.Seconds()*1e6/n, peakRSS()>>20, size()>>20)
	if o.servers < maxServers {
		fmt.Fprintf(stdout, "             at this rate 400,000 take %.0f s, %.0f CPU-s\n", took.Seconds()*maxServers/n, used.Seconds()*maxServers/n)
	}
	resting, enough2 := context.WithTimeout(ctx, min(30*time.Second, took))
	look.run(resting, "at rest")
	enough2()
	look.report(stdout)
	return o.handshakes(ctx, hubs[0], stdout)
}

// profile begins a CPU profile, if one is wanted.
func profile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}

func (o *options) openStore(ctx context.Context) (st *store.Hub, size func() int64, done func() error, err error) {
	if o.store == "sqlite" {
		path := filepath.Join(o.dir, "hub.db")
		st, err = sqlite.OpenHub(ctx, path)
		return st, func() int64 { return sizeOf(path) + sizeOf(path+"-wal") }, func() error { return nil }, err
	}
	c, err := storetest.StartPostgres(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	dsn, err := c.Database(ctx)
	if err == nil {
		st, err = postgres.Open(ctx, dsn)
	}
	if err != nil {
		return nil, nil, nil, errors.Join(err, c.Close())
	}
	return st, c.Size, c.Close, nil
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func (o *options) openHubs(ctx context.Context, st *store.Hub) (hubs []*hub.Hub, stop func(), err error) {
	var closers []func()
	stop = func() {
		for i := len(closers) - 1; i >= 0; i-- {
			closers[i]()
		}
	}
	url := ""
	if o.nodes == 3 {
		cluster, err := storetest.StartCluster(o.dir)
		if err != nil {
			return nil, nil, err
		}
		closers = append(closers, cluster.Close)
		url = cluster.URL()
	}
	for i := range o.nodes {
		dir := filepath.Join(o.dir, "hub"+strconv.Itoa(i))
		h, err := hub.Open(ctx, hub.Config{Dir: dir, Store: st, NATS: url, Replicas: o.nodes, PerMinute: 1_000_000, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})), Pages: pages})
		if err != nil {
			stop()
			return nil, nil, err
		}
		closers = append(closers, h.Close)
		hubs = append(hubs, h)
	}
	return hubs, stop, nil
}

// certificate is what a server would have shown; all have the same key.
func certificate(server int) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: "server-" + strconv.Itoa(server)}, RawSubjectPublicKeyInfo: []byte("bench"), NotAfter: time.Now().AddDate(1, 0, 0)}
}

var keyHash = fleet.KeyHash(certificate(0))

// submit sends all cases, and again those that the hub has no room for now.
func (o *options) submit(ctx context.Context, cases string, hubs []*hub.Hub) (refused int64, err error) {
	f, err := os.Open(cases)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	type job struct {
		server int
		body   []byte
	}
	jobs := make(chan job, o.senders)
	var again atomic.Int64
	failed := make(chan error, o.senders)
	var wg sync.WaitGroup
	for range o.senders {
		wg.Go(func() {
			for j := range jobs {
				for {
					status := post(ctx, hubs[j.server%len(hubs)], j.server, j.body)
					if status == http.StatusAccepted {
						break
					}
					if status != http.StatusServiceUnavailable || ctx.Err() != nil {
						select {
						case failed <- fmt.Errorf("server %d: status %d", j.server, status):
						default:
						}
						break
					}
					again.Add(1)
					time.Sleep(100 * time.Millisecond)
				}
			}
		})
	}
	for i := range o.servers {
		n, err := binary.ReadUvarint(in)
		if err != nil {
			return 0, err
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(in, body); err != nil {
			return 0, err
		}
		jobs <- job{i + 1, body}
	}
	close(jobs)
	wg.Wait()
	select {
	case err := <-failed:
		return again.Load(), err
	default:
		return again.Load(), nil
	}
}

func post(ctx context.Context, h *hub.Hub, server int, body []byte) int {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, fleet.PathCases, bytes.NewReader(body))
	if err != nil {
		return 0
	}
	r.RemoteAddr = "127.0.0.1:1"
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate(server)}}
	w := &answer{header: http.Header{}}
	h.Handler().ServeHTTP(w, r)
	return w.status
}

// An answer keeps a status and the size of a page.
type answer struct {
	header http.Header
	status int
	size   int
}

func (a *answer) Header() http.Header { return a.header }
func (a *answer) WriteHeader(s int)   { a.status = s }
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	a.size += len(p)
	return len(p), nil
}

// waitFor waits until so many cases are stored.
func waitFor(ctx context.Context, st *store.Hub, cases int) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var n int
		if err := st.DB().QueryRowContext(ctx, `SELECT COALESCE(SUM(n), 0) FROM counter WHERE kind = 'cases'`).Scan(&n); err != nil {
			return err
		}
		if n >= cases {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d cases stored: %w", n, cases, ctx.Err())
		}
	}
}

// handshakes measures what TLS costs: a full handshake, a visit, and away.
func (o *options) handshakes(ctx context.Context, h *hub.Hub, stdout io.Writer) error {
	if o.tls == 0 {
		return nil
	}
	l, err := listen()
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- h.Serve(serving, l, false) }()
	defer func() {
		stop()
		<-served
	}()
	token, err := h.NewToken(ctx, store.All(), "tls", 1, time.Hour, "bench")
	if err != nil {
		return err
	}
	dir := filepath.Join(o.dir, "agent")
	if _, err := agent.Enroll(ctx, dir, "https://"+l.Addr().String(), token, "tls", nil); err != nil {
		return err
	}
	before, begin := cpu(), time.Now()
	later := 0
	for range o.tls {
		c, err := agent.OpenClient(dir, time.Now)
		if err != nil {
			return err
		}
		if err := c.Ping(ctx); err != nil {
			if !strings.Contains(err.Error(), "429") {
				return err
			}
			later++
		}
		c.Close()
	}
	n := float64(o.tls)
	fmt.Fprintf(stdout, "TLS          %d full handshakes and visits, one after the other: %.0f µs of CPU each, both sides together; %.1f s in all; %d told to come later\n",
		o.tls, (cpu()-before).Seconds()*1e6/n, time.Since(begin).Seconds(), later)
	return nil
}
