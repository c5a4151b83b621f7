// Package hub receives the cases of a fleet: it enrols collectors, queues what
// they submit in NATS JetStream, stores it, and gives signed receipts.
//
// What has a receipt outlives the hub: it is in the queue's files, or in the
// store. A case is known by its server and the hash of its evidence, so that
// nothing is stored twice, however often it is sent.
package hub

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"limier/fleet"
	"limier/store"
)

// A Config says how a hub runs. Dir and Store are needed; the zero value of
// all else works.
type Config struct {
	Dir   string     // keys, queue and files that servers sent
	Store *store.Hub // closed by whoever opened it
	Log   *slog.Logger
	Now   func() time.Time

	// NATS is the address of an external cluster; "" means a queue of its own.
	NATS        string
	NATSOptions []nats.Option
	Replicas    int // of the queue in an external cluster

	QueueMessages int64         // the queue takes no more, of one case or of several that came at once; 0 means 1,000,000
	QueueBytes    int64         // 0 means 8 GiB
	Reserve       int64         // bytes of Dir's disk below which no case is accepted; 0 means 256 MiB
	Linger        time.Duration // how long a few cases wait for more, and five times as long in a storm; 0 means 2 s
	Retain        time.Duration // age at which cases that are not a server's latest, and files, are deleted; 0 means never
	PerMinute     int           // requests of one server; 0 means 60
	Enrolments    int           // attempts of one address in a minute; 0 means 30

	Hosts []string         // names and addresses for the certificate
	Site  *tls.Certificate // for browsers; nil: one of the hub's own authority

	// Pages answers whatever is not the collectors' API: the console.
	// Its description at /api/console.json becomes part of /api/openapi.json.
	Pages func(*Hub) (http.Handler, error)
}

func (c *Config) defaults() {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.QueueMessages == 0 {
		c.QueueMessages = 1_000_000
	}
	if c.QueueBytes == 0 {
		c.QueueBytes = 8 << 30
	}
	if c.Reserve == 0 {
		c.Reserve = 256 << 20
	}
	if c.Linger == 0 {
		c.Linger = 2 * time.Second
	}
	if c.PerMinute == 0 {
		c.PerMinute = 60
	}
	if c.Enrolments == 0 {
		c.Enrolments = 30
	}
}

// bodyTime is how long a collector may take to send a case.
const bodyTime = time.Minute

// A Hub is one running hub.
type Hub struct {
	config   Config
	log      *slog.Logger
	store    *store.Hub
	keys     *Keys
	queue    *queue
	metrics  metrics
	handler  http.Handler
	checker  *fleet.Checker
	checking chan struct{}    // one for each case that is being checked
	servers  *limiter[string] // by the hash of its key
	peers    *limiter[string]
	known    *identities
	sending  sending
	room     atomic.Bool // on the disk

	stop context.CancelFunc
	done sync.WaitGroup
}

// Open starts a hub: from now on what is in the queue is stored. Close ends it.
func Open(ctx context.Context, c Config) (*Hub, error) {
	c.defaults()
	keys, err := KeysOf(ctx, c.Store, filepath.Join(c.Dir, "keys"), c.Now())
	if err != nil {
		return nil, fmt.Errorf("the hub's keys: %w", err)
	}
	h := &Hub{config: c, log: c.Log, store: c.Store, keys: keys, checking: make(chan struct{}, runtime.GOMAXPROCS(0)),
		servers: newLimiter[string](c.PerMinute), peers: newLimiter[string](c.Enrolments), known: newIdentities(c.Store)}
	if h.checker, err = fleet.NewChecker(); err != nil {
		return nil, err
	}
	if h.handler, err = h.routes(); err != nil {
		return nil, err
	}
	if h.queue, err = openQueue(ctx, c, keys.Receipt, filepath.Join(c.Dir, "queue")); err != nil {
		return nil, err
	}
	h.room.Store(true)
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stop = stop
	h.done.Go(func() { h.drain(run) })
	h.done.Go(func() { h.housekeeping(run) })
	h.done.Go(func() { h.watch(run) })
	return h, nil
}

// Close stops the hub. What is in the queue stays there.
func (h *Hub) Close() {
	h.stop()
	h.done.Wait()
	h.queue.close()
}

// Handler is all that the hub serves.
func (h *Hub) Handler() http.Handler { return h.handler }

// Store is where the hub keeps cases.
func (h *Hub) Store() *store.Hub { return h.store }

// Log is where the hub logs.
func (h *Hub) Log() *slog.Logger { return h.log }

// Now is the hub's clock.
func (h *Hub) Now() time.Time { return h.config.Now() }

// Keys are the hub's keys.
func (h *Hub) Keys() *Keys { return h.keys }

// Serve serves on a listener until ctx ends, then finishes what it is
// answering. plain is for a loopback listener behind something that speaks TLS:
// collectors cannot use it.
func (h *Hub) Serve(ctx context.Context, l net.Listener, plain bool) error {
	s := &http.Server{
		Handler:           h.handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute, // files have their own
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelDebug), // handshakes that strangers break off
	}
	if plain {
		if err := CheckPlain(l.Addr()); err != nil {
			return err
		}
	} else {
		conf, err := h.keys.TLS(h.config.Hosts, h.config.Site, h.config.Now)
		if err != nil {
			return err
		}
		s.TLSConfig = conf
	}
	ended := make(chan error, 1)
	go func() {
		if plain {
			ended <- s.Serve(l)
		} else {
			ended <- s.ServeTLS(l, "", "")
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	err := s.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		return s.Close()
	}
	return err
}

// CheckPlain refuses an address where others would reach a hub without TLS.
func CheckPlain(a net.Addr) error {
	if t, ok := a.(*net.TCPAddr); !ok || !t.IP.IsLoopback() {
		return errors.New("without TLS a hub listens on a loopback address only: --listen 127.0.0.1:8080")
	}
	return nil
}

// NewToken makes an enrolment token for servers of an organisation, and
// returns its text, which nothing keeps.
func (h *Hub) NewToken(ctx context.Context, scope store.Scope, org string, uses int, life time.Duration, by string) (string, error) {
	return NewToken(ctx, h.store, h.keys, scope, org, uses, life, by, h.config.Now())
}

// NewToken is Hub.NewToken without a hub that runs.
func NewToken(ctx context.Context, to *store.Hub, keys *Keys, scope store.Scope, org string, uses int, life time.Duration, by string, now time.Time) (string, error) {
	if err := checkName(org); err != nil {
		return "", fmt.Errorf("the organisation's id: %w", err)
	}
	if uses < 1 || life <= 0 {
		return "", errors.New("a token is good for one use at least, and for some time")
	}
	var secret [20]byte
	rand.Read(secret[:])
	text := fleet.NewToken(secret, keys.Authority)
	t := store.Token{Hash: sha256.Sum256([]byte(text)), Organisation: org, Created: now, CreatedBy: by, Expires: now.Add(life), Uses: uses}
	if err := to.NewToken(ctx, scope, t); err != nil {
		return "", err
	}
	return text, to.Log(ctx, store.Entry{At: now, Actor: by, Organisation: scope.Organisation(), Action: "token-create", Object: org, Detail: fmt.Sprintf("%d uses, until %s", uses, t.Expires.UTC().Format(time.RFC3339))})
}

// checkName refuses names that could mean something to whatever reads them:
// letters, digits, dot, hyphen and underscore of ASCII, as in host names.
func checkName(name string) error {
	if name == "" || len(name) > 200 || name[0] == '.' || name[0] == '-' {
		return fmt.Errorf("%.40q: a name has 1 to 200 characters and begins with a letter or a digit", name)
	}
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_':
		default:
			return fmt.Errorf("%.40q: a name has letters, digits, dots, hyphens and underscores, of ASCII alone", name)
		}
	}
	return nil
}

// watch looks each second whether there is room on the disk, and brings the
// queue back after there was none.
func (h *Hub) watch(ctx context.Context) {
	for ctx.Err() == nil {
		room := free(h.config.Dir) >= h.config.Reserve
		if was := h.room.Swap(room); was && !room {
			h.log.Error("the disk is nearly full: no case is accepted until there is room", "folder", h.config.Dir, "reserve", h.config.Reserve)
		} else if room && !was {
			h.log.Info("there is room on the disk again")
		}
		if revived, err := h.queue.revive(room); err != nil {
			h.log.Error("the queue does not come back", "error", err)
		} else if revived {
			h.log.Warn("the queue was started again, after it had taken no case")
		}
		pause(ctx, time.Second)
	}
}

// housekeeping deletes what is too old, and helps searches, once an hour.
func (h *Hub) housekeeping(ctx context.Context) {
	for ctx.Err() == nil {
		if err := h.store.Index(ctx); err != nil && ctx.Err() == nil {
			h.log.Error("what is new is not in the indexes", "error", err)
		}
		if h.config.Retain > 0 {
			n, err := h.store.Expire(ctx, h.config.Now().Add(-h.config.Retain))
			if err != nil && ctx.Err() == nil {
				h.log.Error("old cases were not deleted", "error", err)
			} else if n > 0 {
				h.log.Info("old cases were deleted", "cases", n)
			}
			files, err := h.expireFiles(ctx, h.config.Now().Add(-h.config.Retain))
			if err != nil && ctx.Err() == nil {
				h.log.Error("old files were not deleted", "error", err)
			} else if files > 0 {
				h.log.Info("old files were deleted", "files", files)
			}
		}
		pause(ctx, time.Hour)
	}
}

// NewAdminToken makes a one-time token for the first administrator, or one who
// lost all access. The console takes it for an account.
func (h *Hub) NewAdminToken(ctx context.Context, by string) (string, error) {
	return NewAdminToken(ctx, h.store, by, h.config.Now())
}

// NewAdminToken is Hub.NewAdminToken without a hub that runs.
func NewAdminToken(ctx context.Context, to *store.Hub, by string, now time.Time) (string, error) {
	text := "admin." + rand.Text()
	if err := to.NewToken(ctx, store.All(), store.Token{Hash: sha256.Sum256([]byte(text)), Created: now, CreatedBy: by, Expires: now.Add(24 * time.Hour), Uses: 1}); err != nil {
		return "", err
	}
	return text, to.Log(ctx, store.Entry{At: now, Actor: by, Action: "admin-token-create"})
}
