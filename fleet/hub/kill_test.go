package hub_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"limier/fleet/agent"
	"limier/fleet/hub"
	"limier/store"
	"limier/store/sqlite"
	"limier/store/storetest"
)

// TestMain is also the processes that tests kill.
func TestMain(m *testing.M) {
	switch os.Getenv("LIMIER_TEST_PROCESS") {
	case "hub":
		if err := hubProcess(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "broker":
		if err := brokerProcess(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

// hubProcess is a hub in the folder and at the address that the environment
// says, until it is killed.
func hubProcess() error {
	ctx := context.Background()
	dir := os.Getenv("LIMIER_TEST_DIR")
	st, err := sqlite.OpenHub(ctx, filepath.Join(dir, "hub.db"))
	if err != nil {
		return err
	}
	h, err := hub.Open(ctx, hub.Config{Dir: dir, Store: st, PerMinute: 10000, Linger: 50 * time.Millisecond, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", os.Getenv("LIMIER_TEST_LISTEN"))
	if err != nil {
		return err
	}
	fmt.Println("ready")
	return h.Serve(ctx, l, false)
}

// process starts this test program as another process and waits until it is
// ready. What kills it is SIGKILL.
func process(t *testing.T, kind string, env ...string) (kill func()) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(append(os.Environ(), "LIMIER_TEST_PROCESS="+kind), env...)
	cmd.Stderr = os.Stderr
	if testing.Short() || !testing.Verbose() {
		cmd.Stderr = nil
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the %s process does not start: %q %v", kind, line, err)
	}
	return kill
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestKilled: a hub is killed three times in the middle of submissions. Each
// case that has a receipt is stored in the end, and once.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a hub three times")
	}
	dir, addr := t.TempDir(), freePort(t)
	const servers, each = 12, 25
	st, err := sqlite.OpenHub(t.Context(), filepath.Join(dir, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	keys, err := hub.OpenKeys(filepath.Join(dir, "keys"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"LIMIER_TEST_DIR=" + dir, "LIMIER_TEST_LISTEN=" + addr}
	kill := process(t, "hub", env...)
	var clients []*agent.Client
	for n := range servers {
		token, err := hub.NewToken(t.Context(), st, keys, store.All(), "org-a", 1, time.Hour, "test", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		home := filepath.Join(t.TempDir(), "agent")
		if _, err := agent.Enroll(t.Context(), home, "https://"+addr, token, fmt.Sprint("ex", n), nil); err != nil {
			t.Fatal(err)
		}
		c, err := agent.OpenClient(home, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	want := map[int64]map[string]bool{}
	var mu sync.Mutex
	receipts, failures := 0, 0
	half := make(chan struct{}, servers*each)
	var wg sync.WaitGroup
	for n, c := range clients {
		want[int64(n+1)] = map[string]bool{}
		wg.Go(func() {
			for k := range each {
				for t.Context().Err() == nil {
					sum, err := submit(t.Context(), t, c, storetest.Case(k, true))
					mu.Lock()
					if err == nil {
						want[int64(n+1)][sum] = true
						receipts++
						half <- struct{}{}
						mu.Unlock()
						break
					}
					failures++
					mu.Unlock()
					time.Sleep(20 * time.Millisecond) // the hub is being started again
				}
			}
		})
	}
	for range 3 {
		for range servers * each / 5 {
			<-half
		}
		kill()
		kill = process(t, "hub", env...)
	}
	wg.Wait()
	if failures == 0 {
		t.Error("no submission was cut off: the hub was not killed under load")
	}
	t.Logf("%d receipts, %d submissions cut off by 3 kills", receipts, failures)
	settled(t, st, want)
	for id := range want {
		if v, err := st.Server(t.Context(), store.All(), id); err != nil || v.Cases != each {
			t.Errorf("server %d: %d cases, want %d; %v", id, v.Cases, each, err)
		}
	}
}

// brokerProcess is one NATS server of a cluster of three.
func brokerProcess() error {
	var routes []*url.URL
	for _, r := range strings.Split(os.Getenv("LIMIER_TEST_ROUTES"), ",") {
		routes = append(routes, &url.URL{Scheme: "nats", Host: r})
	}
	at := func(name string) (host string, port int) {
		a, err := net.ResolveTCPAddr("tcp", os.Getenv(name))
		if err != nil {
			return "", 0
		}
		return a.IP.String(), a.Port
	}
	host, port := at("LIMIER_TEST_LISTEN")
	chost, cport := at("LIMIER_TEST_ROUTE")
	s, err := server.NewServer(&server.Options{ServerName: os.Getenv("LIMIER_TEST_NAME"), Host: host, Port: port, JetStream: true, StoreDir: os.Getenv("LIMIER_TEST_DIR"), NoLog: true, NoSigs: true, MaxPayload: 16 << 20,
		Cluster: server.ClusterOpts{Name: "limier", Host: chost, Port: cport}, Routes: routes})
	if err != nil {
		return err
	}
	go s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		return errors.New("the broker does not start")
	}
	fmt.Println("ready")
	s.WaitForShutdown()
	return nil
}

// TestBrokerLost: two hubs share a cluster of three brokers. One broker, the
// leader of the queue if need be, is killed under load, and comes back.
func TestBrokerLost(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a cluster of three brokers")
	}
	var listen, route []string
	for range 3 {
		listen, route = append(listen, freePort(t)), append(route, freePort(t))
	}
	dir := t.TempDir()
	env := func(i int) []string {
		return []string{"LIMIER_TEST_NAME=" + fmt.Sprint("n", i), "LIMIER_TEST_LISTEN=" + listen[i], "LIMIER_TEST_ROUTE=" + route[i], "LIMIER_TEST_ROUTES=" + strings.Join(route, ","), "LIMIER_TEST_DIR=" + filepath.Join(dir, fmt.Sprint(i))}
	}
	var kill [3]func()
	for i := range kill {
		kill[i] = process(t, "broker", env(i)...)
	}
	st, err := sqlite.OpenHub(t.Context(), filepath.Join(dir, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	change := func(c *hub.Config) {
		c.Dir, c.Store, c.NATS, c.Replicas, c.QueueBytes = filepath.Join(dir, "hub"), st, "nats://"+strings.Join(listen, ",nats://"), 3, 64<<20
	}
	var sites []*site
	eventually(t, "the cluster has a leader", func() bool {
		c := hub.Config{PerMinute: 10000, Now: (&clock{now: time.Date(2021, 3, 10, 12, 0, 0, 0, time.UTC)}).Now}
		change(&c)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		h, err := hub.Open(ctx, c)
		if err != nil {
			return false
		}
		h.Close()
		return true
	})
	for range 2 {
		sites = append(sites, start(t, change))
	}
	_, c, _ := sites[0].collector(t, "org-a", "ex01", nil)
	want := map[int64]map[string]bool{1: {}}
	cut := 0
	for n := range 150 {
		switch n {
		case 50:
			kill[0]()
		case 120:
			kill[0] = process(t, "broker", env(0)...)
		}
		for {
			sum, err := submit(t.Context(), t, c.Against(sites[n%2].url), storetest.Case(n, true))
			if err == nil {
				want[1][sum] = true
				break
			}
			if cut++; cut > 2000 {
				t.Fatal("the cluster does not recover:", err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	t.Logf("%d cases with a receipt, %d attempts failed while the cluster chose a new leader", len(want[1]), cut)
	settled(t, st, want)
}

// TestDiskFull: the hub's disk fills up at once. With a reserve or without, it
// keeps what it accepted, says that it takes no more, and goes on when there is
// room, by itself.
func TestDiskFull(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("mounts a small disk: root on Linux only, and not with -short")
	}
	for name, reserve := range map[string]int64{"reserve": 4 << 20, "no reserve": -1} {
		t.Run(name, func(t *testing.T) { diskFull(t, reserve) })
	}
}

func diskFull(t *testing.T, reserve int64) {
	disk := t.TempDir()
	if err := mount(disk, "size=32m"); err != nil {
		t.Skip("no small disk can be mounted here:", err)
	}
	t.Cleanup(func() { unmount(disk) })
	dir := filepath.Join(disk, "hub")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	st, err := sqlite.OpenHub(t.Context(), filepath.Join(dir, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s := start(t, func(c *hub.Config) { c.Dir, c.Store, c.QueueBytes, c.Reserve = dir, st, 4<<20, reserve })
	_, c, _ := s.collector(t, "org-a", "ex01", nil)
	want := map[int64]map[string]bool{1: {}}
	accepted, refused := 0, 0
	try := func(n int) {
		t.Helper()
		sum, err := submit(t.Context(), t, c, storetest.Case(n, true))
		var later *agent.Later
		switch {
		case err == nil:
			want[1][sum] = true
			accepted++
		case errors.As(err, &later):
			refused++
		default:
			t.Fatal(err)
		}
	}
	try(0)
	eventually(t, "it is stored", func() bool { return s.server(t, 1).Cases == 1 })
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	for n := 1; n < 5; n++ {
		try(n)
	}
	t.Logf("on a full disk: %d of 5 accepted", accepted)
	if refused == 0 {
		t.Error("nobody was told that the disk is full")
	}
	if reserve > 0 {
		eventually(t, "the hub's health says so", func() bool {
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://hub/healthz", nil))
			return w.Code == http.StatusServiceUnavailable && strings.Contains(w.Body.String(), `"disk":"nearly full"`)
		})
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, "there is room again", func() bool {
		before := accepted
		try(9)
		return accepted > before
	})
	settled(t, st, want)
}

// fill writes until nothing more fits.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size >= 512; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
