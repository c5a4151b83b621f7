package hub

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	neturl "net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"limier/fleet"
	"limier/store"
)

// The names in JetStream. All hubs of a cluster use the same.
const (
	streamName   = "LIMIER_CASES"
	subject      = "limier.cases." // with the number of cases in the message
	single       = "limier.case"   // of earlier versions: one case, sometimes with a server's number
	consumerName = "store"
)

// What comes while a message is on its way goes into the next: so many cases,
// and so many bytes unless it is one alone.
const (
	messageCases = 64
	messageBytes = 1 << 20
	messageWait  = 2 * time.Millisecond // for cases that are being checked
)

// ackWait is when a case that a hub took and did not store, because it was
// killed, is given out again. Storing takes less than a second; a hub that
// waits for its database says so meanwhile.
const ackWait = 15 * time.Second

// queueTime is how long the queue may take to say that it has a case.
const queueTime = 5 * time.Second

// A queue is a JetStream work queue: what was acknowledged outlives the hub.
type queue struct {
	server   *server.Server // nil if external
	lock     *os.File       // of its folder; nil if external
	conn     *nats.Conn
	js       jetstream.JetStream
	stream   jetstream.Stream
	consumer jetstream.Consumer
	maxBody  int
	config   server.JetStreamConfig // of server
	failures atomic.Int32           // of cases, one after the other, without an answer
	in       chan waiting
	key      ed25519.PrivateKey // of receipts
	coming   atomic.Int32       // cases that were read and are not answered yet
	kept     summaries          // if it is the hub's own
	stop     func()             // ends the goroutine that publishes
}

// A waiting is a submission on its way into the queue.
type waiting struct {
	head, body []byte
	receipt    *fleet.Receipt // to sign; may be nil
	done       chan<- error   // has room for one
}

var errFull = errors.New("the queue is full")

// openQueue connects to the cluster at url, or starts a server of its own that
// keeps its files in dir and listens nowhere.
func openQueue(ctx context.Context, c Config, key ed25519.PrivateKey, dir string) (*queue, error) {
	q := &queue{in: make(chan waiting), key: key}
	opts := []nats.Option{nats.Name("limier hub"), nats.MaxReconnects(-1), nats.ReconnectWait(500 * time.Millisecond)}
	url := c.NATS
	if url == "" {
		var err error
		if err = os.MkdirAll(dir, 0o700); err == nil {
			q.lock, err = fleet.Lock(dir)
		}
		if errors.Is(err, fleet.ErrLocked) {
			return nil, fmt.Errorf("another hub uses %s: a second one has a folder of its own, and shares --postgres and --nats", filepath.Dir(dir))
		} else if err != nil {
			return nil, err
		}
		q.server, err = server.NewServer(&server.Options{
			ServerName: "limier", DontListen: true, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true,
			MaxPayload: 2 * fleet.MaxBody, SyncInterval: 2 * time.Second, JetStreamMaxMemory: 16 << 20, JetStreamMaxStore: 2 * c.QueueBytes,
		})
		if err != nil {
			q.close()
			return nil, fmt.Errorf("starting the queue in %s: %w", dir, err)
		}
		go q.server.Start() // ends with Shutdown
		if !q.server.ReadyForConnections(30 * time.Second) {
			q.close()
			return nil, fmt.Errorf("the queue in %s does not start: is its disk full?", dir)
		}
		if c := q.server.JetStreamConfig(); c != nil {
			q.config = *c
			// EnableJetStream adds this folder to the one it is given.
			q.config.StoreDir = dir
		}
		opts = append(opts, nats.InProcessServer(q.server))
	} else {
		opts = append(opts, c.NATSOptions...)
		opts = append(opts,
			nats.IgnoreAuthErrorAbort(), // credentials are renewed, and read again, while the hub runs
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.Log.Warn("NATS", "error", err) }),
			nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
				if err != nil { // else the hub left
					c.Log.Warn("NATS is away", "error", err)
				}
			}),
			nats.ReconnectHandler(func(*nats.Conn) { c.Log.Info("NATS is back") }))
	}
	var err error
	q.conn, err = nats.Connect(url, opts...)
	if timeout(err) && strings.HasPrefix(url, "tls://") { // with handshake_first, a cluster says nothing before that
		var plain tls.RecordHeaderError
		conn, second := nats.Connect(url, append(opts, nats.TLSHandshakeFirst())...)
		if !errors.As(second, &plain) { // else it is slow, and does not want it first
			q.conn, err = conn, second
		}
	}
	if err != nil {
		q.close()
		var bad *neturl.Error
		if errors.As(err, &bad) { // it would show the password
			return nil, errors.New("the address of NATS cannot be read; write tls://HOST:4222, several with commas, and what a password has besides letters and digits as %XX")
		}
		if timeout(err) {
			return nil, fmt.Errorf("connecting to NATS at %s: it does not answer: check the address, and write tls:// if the cluster wants TLS: %w", redacted(url), err)
		}
		return nil, fmt.Errorf("connecting to NATS at %s: %w", redacted(url), err)
	}
	if q.js, err = jetstream.New(q.conn); err == nil {
		q.stream, err = q.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: streamName, Description: "cases on their way into the store", Subjects: []string{subject + "*", single, single + ".>"},
			Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage, Replicas: max(c.Replicas, 1),
			Discard: jetstream.DiscardNew, MaxMsgs: c.QueueMessages, MaxBytes: c.QueueBytes,
		})
	}
	if err == nil {
		q.consumer, err = q.stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
			Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxAckPending: 6 * parcelSize, MaxDeliver: -1,
		})
	}
	if err != nil {
		q.close()
		if noRoom(err) {
			return nil, fmt.Errorf("preparing the queue: there is no room for its %d bytes: give it more, or fewer with --queue-bytes: %w", c.QueueBytes, err)
		}
		return nil, fmt.Errorf("preparing the queue: %w", err)
	}
	q.maxBody = min(fleet.MaxBody, int(q.conn.MaxPayload())-256<<10)
	publishing, stop := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() { q.publish(publishing) })
	q.stop = func() {
		stop()
		done.Wait()
	}
	return q, nil
}

// revive starts JetStream again if it stopped taking cases, which it does for
// good after its disk was full. room says whether there is some now.
func (q *queue) revive(room bool) (revived bool, err error) {
	if q.server == nil || !room || q.server.JetStreamEnabled() && q.failures.Load() < 2 {
		return false, nil
	}
	if err := q.server.DisableJetStream(); err != nil {
		return true, err
	}
	q.failures.Store(0)
	return true, q.server.EnableJetStream(&q.config)
}

func (q *queue) close() {
	if q.stop != nil {
		q.stop()
	}
	if q.conn != nil {
		q.conn.Close()
	}
	if q.server != nil {
		q.server.Shutdown()
		q.server.WaitForShutdown()
	}
	if q.lock != nil {
		q.lock.Close()
	}
}

// put queues a submission; it is safe in the queue when put returns, and the
// receipt signed if there is one. The store
// knows a case that is queued twice: a table of them here took 300 bytes of
// memory a case.
func (q *queue) put(ctx context.Context, s *store.Submission, receipt *fleet.Receipt) error {
	summary := &s.Summary
	if q.server != nil && q.kept.keep(s) {
		summary = nil
	}
	err := q.enqueue(ctx, s, summary, receipt)
	if err != nil && summary == nil {
		q.kept.take(caseKey{s.Server, s.Hash}) // should the queue have it after all, the case is read again
	}
	return err
}

func (q *queue) enqueue(ctx context.Context, s *store.Submission, summary *store.Summary, receipt *fleet.Receipt) error {
	head, err := marshal(s, summary)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	select {
	case q.in <- waiting{head, s.Body, receipt, done}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// publish sends what is put until ctx ends, one message after the other: the
// more come at once, the more share one. It waits a moment for those that are
// being checked, for a message costs as much as a case.
func (q *queue) publish(ctx context.Context) {
	var next *waiting // that the last message had no room for
	var list []waiting
	var receipts []*fleet.Receipt
	var data []byte // written over, for NATS has its copy when send returns
	for {
		list, data = list[:0], data[:0]
		take := func(w waiting) {
			list = append(list, w)
			data = append(append(binary.AppendUvarint(data, uint64(len(w.head)+len(w.body))), w.head...), w.body...)
		}
		if next != nil {
			take(*next)
			next = nil
		} else {
			select {
			case w := <-q.in:
				take(w)
			case <-ctx.Done():
				return
			}
		}
		late := time.After(messageWait)
		for len(list) < messageCases {
			w, ok := q.more(len(list), late)
			if ok && len(data)+len(w.head)+len(w.body) > messageBytes {
				next, ok = &w, false
			}
			if !ok {
				break
			}
			take(w)
		}
		err := q.send(ctx, data, len(list))
		if err == nil {
			receipts = receipts[:0]
			for _, w := range list {
				if w.receipt != nil {
					receipts = append(receipts, w.receipt)
				}
			}
			fleet.Sign(q.key, receipts...)
		}
		for _, w := range list {
			w.done <- err
		}
	}
}

// more is what is put, or will be before it is late, if more come than a
// message has.
func (q *queue) more(has int, late <-chan time.Time) (waiting, bool) {
	select {
	case w := <-q.in:
		return w, true
	default:
	}
	if has >= int(q.coming.Load()) {
		return waiting{}, false
	}
	select {
	case w := <-q.in:
		return w, true
	case <-late:
		return waiting{}, false
	}
}

// send publishes one message of so many cases.
func (q *queue) send(ctx context.Context, data []byte, cases int) error {
	ctx, cancel := context.WithTimeout(ctx, queueTime)
	defer cancel()
	_, err := q.js.Publish(ctx, subject+strconv.Itoa(cases), data)
	if errors.Is(err, context.DeadlineExceeded) {
		q.failures.Add(int32(cases))
	} else {
		q.failures.Store(0)
	}
	if noRoom(err) {
		return fmt.Errorf("%w (%w)", errFull, err)
	}
	return err
}

// timeout reports whether an error is that nobody answered in time.
func timeout(err error) bool {
	var slow net.Error
	return errors.Is(err, nats.ErrTimeout) || errors.As(err, &slow) && slow.Timeout()
}

// noRoom reports whether JetStream says: maximum reached, no storage, no resources.
func noRoom(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == 10077 || api.ErrorCode == 10047 || api.ErrorCode == 10023)
}

// pending is how many cases wait, and their bytes.
func (q *queue) pending(ctx context.Context) (cases, bytes uint64, err error) {
	info, err := q.stream.Info(ctx, jetstream.WithSubjectFilter(subject+"*"))
	if err != nil {
		return 0, 0, err
	}
	cases = info.State.Msgs
	for s, messages := range info.State.Subjects {
		n, _ := strconv.ParseUint(strings.TrimPrefix(s, subject), 10, 64)
		cases += messages * (max(n, 1) - 1)
	}
	return cases, info.State.Bytes, nil
}

// A letter is what of a submission is written beside its body.
type letter struct {
	Server         int64          `json:"server"`
	Received       time.Time      `json:"received"`
	Evidence, Hash []byte         // SHA-256
	Summary        *store.Summary `json:"summary,omitempty"` // if nil it is in memory, or made from the body again
}

// quickLetter reads what marshal writes; json, letters of other versions.
var quickLetter = fleet.Quickly[letter]()

// marshal writes what comes before a submission's body: the length of a letter,
// and the letter.
func marshal(s *store.Submission, summary *store.Summary) ([]byte, error) {
	text, err := json.Marshal(letter{s.Server, s.Received, s.Evidence[:], s.Hash[:], summary})
	if err != nil {
		return nil, err
	}
	return append(binary.AppendUvarint(make([]byte, 0, len(text)+5), uint64(len(text))), text...), nil
}

// A summarize finds the summary of a case that was queued without.
type summarize func(*store.Submission) (store.Summary, error)

// unmarshal reads what marshal wrote, and the body, which shares data's memory.
// If it fails, it may still know the server.
func unmarshal(data []byte, find summarize) (_ store.Submission, err error) {
	n, used := binary.Uvarint(data)
	if used <= 0 || n > uint64(len(data)-used) {
		return store.Submission{}, errors.New("no submission")
	}
	head, body := data[used:used+int(n)], data[used+int(n):]
	var l letter
	if !quickLetter(head, &l) {
		l = letter{}
		if err := json.Unmarshal(head, &l); err != nil {
			return store.Submission{}, err
		}
	}
	s := store.Submission{Server: l.Server, Received: l.Received, Body: body}
	if copy(s.Evidence[:], l.Evidence) != 32 || copy(s.Hash[:], l.Hash) != 32 {
		return store.Submission{}, errors.New("a submission without hashes")
	}
	if l.Summary != nil {
		s.Summary = *l.Summary
		return s, nil
	}
	s.Summary, err = find(&s)
	return s, err
}

// split cuts the message that send published into its submissions. What is no
// such message, or one of an earlier version, is one. They share data's memory.
func split(subject string, data []byte) (parts [][]byte) {
	whole := [][]byte{data}
	if subject == single || strings.HasPrefix(subject, single+".") {
		return whole
	}
	for len(data) > 0 {
		n, used := binary.Uvarint(data)
		if used <= 0 || n > uint64(len(data)-used) {
			return whole
		}
		parts = append(parts, data[used:used+int(n)])
		data = data[used+int(n):]
	}
	if parts == nil {
		return whole
	}
	return parts
}

// redacted leaves the password out of an address.
func redacted(url string) string {
	if i := strings.LastIndexByte(url, '@'); i >= 0 {
		return url[i+1:]
	}
	return url
}
