package storetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ErrNoPostgres says that PostgreSQL is not installed here.
var ErrNoPostgres = errors.New("no initdb here: install PostgreSQL to run this (Debian: apt-get install postgresql)")

// A Cluster is a PostgreSQL server of its own, in a temporary folder, that
// listens on a socket in it and, unless Secure is called, nowhere else.
type Cluster struct {
	dir, bin string
	as       func(*exec.Cmd) // runs a command as the one who may start PostgreSQL
	settings string          // besides those of all
}

// StartPostgres starts a cluster; it needs initdb, and as root the account
// postgres.
func StartPostgres(ctx context.Context) (*Cluster, error) {
	bin := findPostgres()
	if bin == "" {
		return nil, ErrNoPostgres
	}
	dir, err := os.MkdirTemp("", "limier-pg")
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, bin: bin}
	if c.as, err = unprivileged(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.run(ctx, "initdb", "-D", dir+"/data", "-U", "limier", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.Start(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

// Start starts the cluster again after Stop.
func (c *Cluster) Start(ctx context.Context) error {
	return c.run(ctx, "pg_ctl", "-D", c.dir+"/data", "-w", "-s", "-l", c.dir+"/log", "-o", "-c listen_addresses='' -c unix_socket_directories='"+c.dir+"' -c shared_buffers=256MB -c max_wal_size=4GB"+c.settings, "start")
}

// Secure starts the cluster again so that it listens on a port of 127.0.0.1
// too, with the certificate of a folder that Certificates wrote, for the user
// limier with the password. Its databases are made before.
func (c *Cluster) Secure(ctx context.Context, certificates, password string) (port int, err error) {
	if err := c.run(ctx, "psql", "-h", c.dir, "-U", "limier", "-d", "postgres", "-q", "-c", "ALTER USER limier PASSWORD '"+password+"'"); err != nil {
		return 0, err
	}
	for _, name := range []string{"server.pem", "server.key", "pg_hba.conf"} {
		text := []byte("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
		if name != "pg_hba.conf" {
			if text, err = os.ReadFile(filepath.Join(certificates, name)); err != nil {
				return 0, err
			}
		}
		file := filepath.Join(c.dir, "data", name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return 0, err
		}
		if _, err := unprivileged(file); err != nil { // it is PostgreSQL's now
			return 0, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	c.settings = fmt.Sprintf(" -c listen_addresses=127.0.0.1 -c port=%d -c ssl=on -c ssl_cert_file=server.pem -c ssl_key_file=server.key", port)
	return port, errors.Join(c.Stop(ctx), c.Start(ctx))
}

// Stop stops the cluster at once, as a crash would.
func (c *Cluster) Stop(ctx context.Context) error {
	return c.run(ctx, "pg_ctl", "-D", c.dir+"/data", "-w", "-s", "-m", "immediate", "stop")
}

// Database makes an empty database and returns its connection string.
func (c *Cluster) Database(ctx context.Context) (dsn string, err error) {
	name := "hub" + strconv.FormatInt(time.Now().UnixNano(), 36)
	if err := c.run(ctx, "psql", "-h", c.dir, "-U", "limier", "-d", "postgres", "-q", "-c", "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return "host=" + c.dir + " user=limier dbname=" + name, nil
}

// PID is the process that started all others of the cluster; 0 while it is
// stopped.
func (c *Cluster) PID() int {
	text, _ := os.ReadFile(c.dir + "/data/postmaster.pid")
	first, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(first)
	return pid
}

// Size is how many bytes the cluster's folder takes.
func (c *Cluster) Size() (n int64) {
	filepath.Walk(c.dir, func(_ string, i os.FileInfo, err error) error {
		if err == nil && !i.IsDir() {
			n += i.Size()
		}
		return nil
	})
	return n
}

// Close stops the cluster and removes it.
func (c *Cluster) Close() error {
	err := c.Stop(context.Background())
	return errors.Join(err, os.RemoveAll(c.dir))
}

func (c *Cluster) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	c.as(cmd)
	// A file, not a pipe: the server that pg_ctl leaves behind would hold it open.
	out, err := os.Create(filepath.Join(c.dir, "out"))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", name, err, text)
	}
	return nil
}

// findPostgres returns the folder that holds initdb, Debian's among them.
func findPostgres() string {
	if p, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real
		}
		return filepath.Dir(p)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}
