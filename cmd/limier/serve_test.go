package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"limier/store/storetest"
)

// output is what a process said until now.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// serving starts a hub in the folder and waits until it answers. What ends it is
// SIGKILL.
func serving(t *testing.T, data string, env []string, args ...string) (addr string, said *output, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	l.Close()
	hub := exec.Command("limier", append([]string{"serve", "--data", data, "--listen", addr}, args...)...)
	said = &output{}
	hub.Env, hub.Stdout, hub.Stderr = append(os.Environ(), env...), said, said
	if err := hub.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		hub.Wait()
		close(ended)
	}()
	stop = sync.OnceFunc(func() {
		hub.Process.Kill()
		<-ended
	})
	t.Cleanup(stop)
	for {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return addr, said, stop
		}
		select {
		case <-ended:
			t.Fatalf("the hub does not start: %s", said)
		case <-t.Context().Done():
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// enroll makes a collector in the folder home that knows the hub.
func enroll(t *testing.T, data, addr, home, name string) {
	t.Helper()
	token, err := exec.Command("limier", "serve", "token", "--data", data, "--org", "ministry-a").Output()
	if err != nil {
		t.Fatal(err)
	}
	enroll := exec.Command("limier", "agent", "enroll", "--dir", home, "--hub", "https://"+addr, "--name", name)
	enroll.Env = append(os.Environ(), "LIMIER_TOKEN="+string(bytes.TrimSpace(token)))
	if out, err := enroll.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// user makes a user of NATS and returns it with its seed.
func user(t *testing.T) (public string, seed []byte) {
	t.Helper()
	k, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, _ = k.PublicKey()
	seed, _ = k.Seed()
	return public, seed
}

// operated makes a cluster's options of an operator who signs accounts, one
// account with JetStream, and in it a user who may do what doc/fleet.md asks for
// and nothing else. It returns that user's .creds.
func operated(t *testing.T, o *server.Options) (creds []byte) {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	operator, err := nkeys.CreateOperator()
	ok(err)
	public, err := operator.PublicKey()
	ok(err)
	o.TrustedOperators = []*jwt.OperatorClaims{jwt.NewOperatorClaims(public)}
	resolver := &server.MemAccResolver{}
	var account nkeys.KeyPair
	for _, name := range []string{"system", "limier"} {
		account, err = nkeys.CreateAccount()
		ok(err)
		public, err := account.PublicKey()
		ok(err)
		claims := jwt.NewAccountClaims(public)
		claims.Name = name
		if name == "limier" {
			claims.Limits.JetStreamLimits = jwt.JetStreamLimits{DiskStorage: -1, MemoryStorage: -1, Streams: 1, Consumer: 1}
		} else {
			o.SystemAccount = public
		}
		signed, err := claims.Encode(operator)
		ok(err)
		ok(resolver.Store(public, signed))
	}
	o.AccountResolver = resolver
	name, seed := user(t)
	claims := jwt.NewUserClaims(name)
	claims.Pub.Allow.Add("limier.>", "$JS.API.>", "$JS.ACK.LIMIER_CASES.>")
	claims.Sub.Allow.Add("_INBOX.>")
	signed, err := claims.Encode(account)
	ok(err)
	creds, err = jwt.FormatUserConfig(signed, seed)
	ok(err)
	return creds
}

// TestServeNATS: a hub works on a cluster that wants TLS and knows its users, in
// each of the ways of such clusters; what proves who it is, it tells nobody.
func TestServeNATS(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no hub on Windows")
	}
	dir := t.TempDir()
	if err := storetest.Certificates(dir); err != nil {
		t.Fatal(err)
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	pair, err := tls.LoadX509KeyPair(file("server.pem"), file("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(file("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	authority := x509.NewCertPool()
	authority.AppendCertsFromPEM(ca)
	evidence := file("evidence")
	write(t, filepath.Join(evidence, "inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"), []byte("#Fields: date time cs-method cs-uri-stem sc-status\n2021-03-03 04:11:22 GET / 200\n"))

	for _, x := range []struct {
		name    string
		prepare func(*server.Options) (secret []byte)
		user    string // of the URL
		args    []string
	}{
		{"a password and a client's certificate", func(o *server.Options) []byte {
			o.Username, o.Password = "hub", "hidden-word"
			o.TLSVerify, o.TLSConfig.ClientAuth, o.TLSConfig.ClientCAs = true, tls.RequireAndVerifyClientCert, authority
			return []byte("hidden-word")
		}, "hub:hidden-word@", []string{"--nats-cert", file("client.pem"), "--nats-key", file("client.key")}},
		{"a JWT", func(o *server.Options) []byte { return operated(t, o) }, "", []string{"--nats-creds", file("secret")}},
		{"TLS first", func(o *server.Options) []byte {
			o.TLSHandshakeFirst = true
			return operated(t, o)
		}, "", []string{"--nats-creds", file("secret")}},
		{"an NKey", func(o *server.Options) []byte {
			public, seed := user(t)
			o.Nkeys = []*server.NkeyUser{{Nkey: public}}
			return seed
		}, "", []string{"--nats-nkey", file("secret")}},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := &server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true, MaxPayload: 9 << 20, TLS: true, TLSTimeout: 5, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}}}
			secret := x.prepare(o)
			if err := os.WriteFile(file("secret"), secret, 0o600); err != nil {
				t.Fatal(err)
			}
			broker, err := server.NewServer(o)
			if err != nil {
				t.Fatal(err)
			}
			go broker.Start()
			defer broker.Shutdown()
			if !broker.ReadyForConnections(10 * time.Second) {
				t.Fatal("no broker")
			}
			port := broker.Addr().(*net.TCPAddr).Port
			address := fmt.Sprintf("LIMIER_NATS=tls://%s127.0.0.1:%d", x.user, port)
			home := t.TempDir()
			args := append(x.args, "--nats-replicas", "1", "--queue-bytes", "20000000", "--log-json")

			for what, wrong := range map[string][]string{ // a stranger, and another authority
				"authorization": append([]string{"--nats-ca", file("ca.pem"), "--nats-cert", file("client.pem"), "--nats-key", file("client.key")}, args[len(x.args):]...),
				"certificate":   args,
			} {
				cmd := exec.Command("limier", append([]string{"serve", "--data", filepath.Join(home, "refused"), "--listen", "127.0.0.1:0"}, wrong...)...)
				cmd.Env = append(os.Environ(), address)
				if what == "authorization" {
					cmd.Env = append(os.Environ(), fmt.Sprintf("LIMIER_NATS=tls://hub:hidden-wort@127.0.0.1:%d", port))
				}
				out, err := cmd.CombinedOutput()
				if err == nil || !strings.Contains(strings.ToLower(string(out)), what) || leaks(out, secret) || strings.Contains(string(out), "hidden-") {
					t.Errorf("want an error of %s: %v: %s", what, err, out)
				}
			}

			data := filepath.Join(home, "hub")
			addr, said, stop := serving(t, data, []string{address}, append(args, "--nats-ca", file("ca.pem"))...)
			enroll(t, data, addr, filepath.Join(home, "ex"), "ex")
			if out, err := exec.Command("limier", "agent", "--once", "--jitter", "0", "--cpu", "100", "--dir", filepath.Join(home, "ex"), "--path", evidence).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			token, err := os.ReadFile(filepath.Join(data, "keys", "metrics.token"))
			if err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
			ask := func(path string) string {
				t.Helper()
				r, _ := http.NewRequest(http.MethodGet, "https://"+addr+path, nil)
				r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
				resp, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				text, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			}
			for end := time.Now().Add(20 * time.Second); !strings.Contains(ask("/metrics"), "\nlimier_cases_stored_total 1\n"); time.Sleep(50 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("the case is not stored: %s", said)
				}
			}
			if got := ask("/healthz"); !strings.Contains(got, `"queue":"ok"`) {
				t.Error(got)
			}
			stop()
			if got := said.String(); leaks([]byte(got), secret) || !strings.Contains(got, `"external_queue":true`) {
				t.Errorf("the hub said: %s", got)
			}
		})
	}
	// Neither does a list of what the flags mean, nor an address that nothing can read.
	cmd := exec.Command("limier", "serve", "--help")
	cmd.Env = append(os.Environ(), "LIMIER_NATS=tls://hub:hidden-word@h", "LIMIER_POSTGRES=postgres://hub:hidden-word@h/d")
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "hidden") {
		t.Errorf("%v: %s", err, out)
	}
	for _, url := range []string{"tls://hub:hidden/word@h", "tls://hub:hidden%word@h", "tls://hub:hidden-word@h:x"} {
		cmd := exec.Command("limier", "serve", "--data", file("none"), "--listen", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), "LIMIER_NATS="+url)
		var exit *exec.ExitError
		if out, err := cmd.CombinedOutput(); !errors.As(err, &exit) || strings.Contains(string(out), "hidden") || !strings.Contains(string(out), "cannot be read") {
			t.Errorf("%v: %s", err, out)
		}
	}
}

// TestServeGrants: a hub tells its operator of organisations that are not there.
func TestServeGrants(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no hub on Windows")
	}
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, []byte("a secret of the provider's"))
	_, said, _ := serving(t, filepath.Join(t.TempDir(), "hub"), nil, "--oidc-issuer", "https://id.example", "--oidc-secret", secret, "--oidc-grant", "cert=admin@*", "--oidc-grant", "it=viewer@village")
	if got := said.String(); strings.Count(got, "not there") != 1 || !strings.Contains(got, "organisation=village") {
		t.Error(got)
	}
}

// leaks reports whether a text has a line of what is secret.
func leaks(text, secret []byte) bool {
	for line := range bytes.Lines(secret) {
		if line = bytes.TrimSpace(line); len(line) > 10 && !bytes.HasPrefix(line, []byte("-")) && !bytes.HasPrefix(line, []byte("*")) && bytes.Contains(text, line) {
			return true
		}
	}
	return false
}
