package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"limier/fleet/hub"
	"limier/internal/cputime"
	"limier/store/postgres"
	"limier/store/sqlite"
	"limier/store/storetest"
)

// A process is this command in another role. It says its addresses on a first
// line, answers "begin" and "end" with what it used, and ends with its input.
type process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
	says []string
}

// A usage is what a process used since "begin".
type usage struct {
	CPU time.Duration // all of the process
	RSS int64         // bytes: the most since it started
}

func start(ctx context.Context, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self, args...)}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	if !p.out.Scan() {
		return nil, errors.Join(fmt.Errorf("%s %s did not start", args[0], args[1]), p.end())
	}
	p.says = strings.Fields(p.out.Text())
	return p, nil
}

func (p *process) plain() string { return "http://" + p.says[0] }
func (p *process) tls() string   { return "https://" + p.says[1] }

func (p *process) end() error {
	p.in.Close()
	return p.cmd.Wait()
}

// ask adds up what processes answer.
func ask(word string, of ...*process) (sum usage, err error) {
	for _, p := range of {
		if _, err := fmt.Fprintln(p.in, word); err != nil {
			return sum, err
		}
		var u usage
		if !p.out.Scan() {
			return sum, errors.New("a process of the hub's ended early")
		}
		if err := json.Unmarshal(p.out.Bytes(), &u); err != nil {
			return sum, err
		}
		sum.CPU, sum.RSS = sum.CPU+u.CPU, sum.RSS+u.RSS
	}
	return sum, nil
}

// play is one of the roles.
func (o *options) play(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	serve := o.serveHub
	if o.role == "brokers" {
		serve = o.serveBrokers
	}
	says, stop, err := serve(ctx)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintln(stdout, says)
	var before time.Duration
	stopProfile := func() error { return nil }
	for in := bufio.NewScanner(stdin); in.Scan(); {
		switch in.Text() {
		case "begin":
			if stopProfile, err = profile(o.profile); err != nil {
				return err
			}
			o.profile = "" // of the first time only
			before = cputime.Used()
		case "end":
			if err := stopProfile(); err != nil {
				return err
			}
			stopProfile = func() error { return nil }
		}
		if err := json.NewEncoder(stdout).Encode(usage{cputime.Used() - before, peakRSS()}); err != nil {
			return err
		}
	}
	return nil
}

// profile begins a CPU profile, if one is wanted. stop ends it, and writes one
// of the heap.
func profile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(path + ".heap")
		if err != nil {
			return errors.Join(err, f.Close())
		}
		runtime.GC() // the profile is of what the last one found
		return errors.Join(pprof.WriteHeapProfile(heap), heap.Close(), f.Close())
	}, nil
}

func (o *options) serveBrokers(context.Context) (says string, stop func(), err error) {
	cluster, err := storetest.StartCluster(o.dir)
	if err != nil {
		return "", nil, err
	}
	return cluster.URL(), cluster.Close, nil
}

// serverHeader says which server's certificate a request would have shown.
const serverHeader = "Bench-Server"

// serveHub runs a hub as limier serve does, and besides answers without TLS
// whoever says which server it is.
func (o *options) serveHub(ctx context.Context) (says string, stop func(), err error) {
	debug.SetGCPercent(300) // as limier serve does
	debug.SetMemoryLimit(544 << 20)
	open := sqlite.OpenHub
	if o.store == "postgres" {
		open = postgres.Open
	}
	st, err := open(ctx, o.dsn)
	if err != nil {
		return "", nil, err
	}
	h, err := hub.Open(ctx, hub.Config{Dir: o.dir, Store: st, NATS: o.nats, Replicas: o.nodes, PerMinute: 1_000_000, Pages: pages,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		return "", nil, errors.Join(err, st.Close())
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	serving, cancel := context.WithCancel(ctx)
	go h.Serve(serving, secure, false)
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n, err := strconv.Atoi(r.Header.Get(serverHeader)); err == nil {
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate(n)}}
		}
		h.Handler().ServeHTTP(w, r)
	})}
	go s.Serve(plain)
	return plain.Addr().String() + " " + secure.Addr().String(), func() {
		cancel()
		s.Close()
		h.Close()
		st.Close()
	}, nil
}
