// Fleet simulates a fleet's first night: each server submits one case, as many
// as the hub takes, while somebody looks at the console's pages.
//
//	go run ./bench/fleet -servers 20000
//	go run ./bench/fleet -servers 400000 -store postgres -nodes 3
//
// Each hub is a process of its own, and so are the brokers, so that what they
// spend is not mixed up with what it takes to make up cases, send them and read
// pages. Cases come over loopback without TLS, each with a header that says whose
// certificate it would have shown; -tls measures TLS apart. No port but
// loopback's is used.
//
// The same seed and number of servers make the same cases.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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
	role        string // "" measures; what else there is runs in processes of their own
	dsn, nats   string // of hubs
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
	flags.StringVar(&o.profile, "profile", "", "write a CPU profile of the first hub's ingest to this file, and one of its heap beside it")
	flags.DurationVar(&o.limit, "limit", 30*time.Minute, "give up after this time")
	flags.StringVar(&o.role, "role", "", "hub or brokers: used by the command itself")
	flags.StringVar(&o.dsn, "dsn", "", "used by the command itself")
	flags.StringVar(&o.nats, "nats", "", "used by the command itself")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.role != "" {
		return o.play(ctx, os.Stdin, stdout)
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
	for _, i := range o.order() {
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

// order is that in which servers come: any.
func (o *options) order() []int { return rand.New(rand.NewPCG(o.seed, 1<<40)).Perm(o.servers) }

func (o *options) measure(ctx context.Context, cases string, stdout io.Writer) (err error) {
	db, err := o.openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	st := db.store
	var list []store.Enrolment
	for i := range o.servers {
		list = append(list, store.Enrolment{Organisation: fmt.Sprintf("org-%05d", i/3), Name: fmt.Sprintf("ex%06d", i), KeyHash: keyHash})
	}
	begin := time.Now()
	for part := range slices.Chunk(list, 5_000) { // in one transaction PostgreSQL would walk all versions of the rows that count
		if err := st.EnrolMany(ctx, part, time.Now()); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "enrolled     %7d servers in %.1f s\n", o.servers, time.Since(begin).Seconds())
	brokers, hubs, err := o.openHubs(ctx, db.dsn)
	defer func() {
		for _, p := range append(hubs, brokers...) {
			err = errors.Join(err, p.end())
		}
	}()
	if err != nil {
		return err
	}

	look := newLook(hubs[0], st, o.pages)
	if err := look.prepare(ctx); err != nil {
		return err
	}
	looking, enough := context.WithCancel(ctx)
	defer enough()
	var pages sync.WaitGroup
	if o.pages > 0 {
		pages.Go(func() { look.run(looking, "ingesting") })
	}

	before := db.cpu()
	if _, err := ask("begin", append(hubs, brokers...)...); err != nil {
		return err
	}
	begin = time.Now()
	refused, err := o.submit(ctx, cases, hubs)
	if err != nil {
		return err
	}
	accepted := time.Since(begin)
	if err := waitFor(ctx, st, o.servers); err != nil {
		return err
	}
	took := time.Since(begin)
	used, err := ask("end", hubs...)
	if err != nil {
		return err
	}
	broking, err := ask("end", brokers...)
	if err != nil {
		return err
	}
	database := db.cpu() - before
	enough()
	pages.Wait()
	n := float64(o.servers)
	each := func(name string, cpu time.Duration, rss int64) {
		fmt.Fprintf(stdout, "%-12s %7.1f s of CPU, %.0f µs a case", name, cpu.Seconds(), cpu.Seconds()*1e6/n)
		if o.servers < maxServers {
			fmt.Fprintf(stdout, ", 400,000 at this rate %.0f s", cpu.Seconds()*maxServers/n)
		}
		if rss > 0 {
			fmt.Fprintf(stdout, "; peak RSS %d MiB", rss>>20)
		}
		fmt.Fprintln(stdout)
	}
	fmt.Fprintf(stdout, "accepted     %7d cases in %.1f s, refused and sent again %d times\n", o.servers, accepted.Seconds(), refused)
	fmt.Fprintf(stdout, "stored       %7d cases in %.1f s: %.0f a second; database %d MiB\n", o.servers, took.Seconds(), n/took.Seconds(), db.size()>>20)
	each(map[bool]string{true: "hub", false: "hubs"}[len(hubs) == 1], used.CPU, used.RSS)
	if len(brokers) > 0 {
		each("brokers", broking.CPU, broking.RSS)
	}
	if database > 0 {
		each("database", database, 0)
	}
	if o.pages > 0 {
		resting, enough2 := context.WithTimeout(ctx, min(30*time.Second, took))
		look.run(resting, "at rest")
		enough2()
		look.report(stdout)
	}
	return o.handshakes(ctx, st, hubs[0], stdout)
}

// A database is where the hubs keep cases; this process enrols there, and looks
// on.
type database struct {
	store *store.Hub
	dsn   string               // a path, for SQLite
	size  func() int64         // bytes
	cpu   func() time.Duration // of its own processes
	close func() error
}

func (o *options) openStore(ctx context.Context) (*database, error) {
	if o.store == "sqlite" {
		path := filepath.Join(o.dir, "hub.db")
		st, err := sqlite.OpenHub(ctx, path)
		if err != nil {
			return nil, err
		}
		return &database{st, path, func() int64 { return sizeOf(path) + sizeOf(path+"-wal") }, func() time.Duration { return 0 }, st.Close}, nil
	}
	c, err := storetest.StartPostgres(ctx)
	if err != nil {
		return nil, err
	}
	d := &database{size: c.Size, cpu: func() time.Duration { return cpuBelow(c.PID()) }, close: c.Close}
	if d.dsn, err = c.Database(ctx); err == nil {
		d.store, err = postgres.Open(ctx, d.dsn)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	d.close = func() error { return errors.Join(d.store.Close(), c.Close()) }
	return d, nil
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// openHubs starts the hubs, and the brokers if there are several.
func (o *options) openHubs(ctx context.Context, dsn string) (brokers, hubs []*process, err error) {
	nats := ""
	if o.nodes > 1 {
		p, err := start(ctx, "-role", "brokers", "-dir", o.dir)
		if err != nil {
			return nil, nil, err
		}
		brokers, nats = append(brokers, p), p.says[0]
	}
	for i := range o.nodes {
		dir := filepath.Join(o.dir, "hub"+strconv.Itoa(i))
		if i > 0 { // hubs of one database share their keys
			if err := os.CopyFS(filepath.Join(dir, "keys"), os.DirFS(filepath.Join(o.dir, "hub0", "keys"))); err != nil {
				return brokers, hubs, err
			}
		}
		args := []string{"-role", "hub", "-dir", dir, "-store", o.store, "-dsn", dsn, "-nats", nats, "-nodes", strconv.Itoa(o.nodes)}
		if i == 0 {
			args = append(args, "-profile", o.profile)
		}
		p, err := start(ctx, args...)
		if err != nil {
			return brokers, hubs, err
		}
		hubs = append(hubs, p)
	}
	return brokers, hubs, nil
}

// certificate is what a server would have shown; all have the same key.
func certificate(server int) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: "server-" + strconv.Itoa(server)}, RawSubjectPublicKeyInfo: []byte("bench"), NotAfter: time.Now().AddDate(1, 0, 0)}
}

var keyHash = fleet.KeyHash(certificate(0))

// submit sends all cases, and again those that the hub has no room for now.
func (o *options) submit(ctx context.Context, cases string, hubs []*process) (refused int64, err error) {
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
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: o.senders}}
	defer client.CloseIdleConnections()
	var again atomic.Int64
	failed := make(chan error, o.senders)
	var wg sync.WaitGroup
	for range o.senders {
		wg.Go(func() {
			for j := range jobs {
				for {
					status := post(ctx, client, hubs[j.server%len(hubs)].plain(), j.server, j.body)
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
	for _, i := range o.order() {
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

func post(ctx context.Context, client *http.Client, hub string, server int, body []byte) (status int) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, hub+fleet.PathCases, bytes.NewReader(body))
	if err != nil {
		return 0
	}
	r.Header.Set(serverHeader, strconv.Itoa(server))
	r.Header.Set(fleet.HeaderReceipt, fleet.ReceiptBatch)
	resp, err := client.Do(r)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body) // so that the connection is used again
	return resp.StatusCode
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
func (o *options) handshakes(ctx context.Context, st *store.Hub, h *process, stdout io.Writer) error {
	if o.tls == 0 {
		return nil
	}
	keys, err := hub.OpenKeys(filepath.Join(o.dir, "hub0", "keys"), time.Now())
	if err != nil {
		return err
	}
	token, err := hub.NewToken(ctx, st, keys, store.All(), "tls", 1, time.Hour, "bench", time.Now())
	if err != nil {
		return err
	}
	dir := filepath.Join(o.dir, "agent")
	if _, err := agent.Enroll(ctx, dir, h.tls(), token, "tls", nil); err != nil {
		return err
	}
	if _, err := ask("begin", h); err != nil {
		return err
	}
	begin := time.Now()
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
	took := time.Since(begin)
	used, err := ask("end", h)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "TLS          %d full handshakes and visits, one after the other: %.0f µs of the hub's CPU each; %.1f s in all; %d told to come later\n",
		o.tls, used.CPU.Seconds()*1e6/float64(o.tls), took.Seconds(), later)
	return nil
}
