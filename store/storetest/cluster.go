package storetest

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// A Brokers is a NATS cluster of three servers with JetStream, on loopback, in
// this process.
type Brokers struct {
	Servers [3]*server.Server
	options [3]*server.Options
}

// StartCluster starts a cluster that keeps its files below dir.
func StartCluster(dir string) (*Brokers, error) {
	c := &Brokers{}
	var ports [6]int
	for i := range ports { // all are taken at once, so that no two are the same
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
		l.Close()
	}
	var routes []*url.URL
	for i := range c.Servers {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", ports[3+i])})
	}
	for i := range c.Servers {
		c.options[i] = &server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: ports[i], JetStream: true, StoreDir: filepath.Join(dir, fmt.Sprint("broker", i)), NoLog: true, NoSigs: true, MaxPayload: 16 << 20,
			Cluster: server.ClusterOpts{Name: "limier", Host: "127.0.0.1", Port: ports[3+i]}, Routes: routes,
		}
		if err := c.Start(i); err != nil {
			c.Close()
			return nil, err
		}
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		for _, s := range c.Servers {
			if s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == 3 {
				return c, nil
			}
		}
		if time.Now().After(end) {
			c.Close()
			return nil, errors.New("the cluster finds no leader")
		}
	}
}

// Start starts server i.
func (c *Brokers) Start(i int) error {
	s, err := server.NewServer(c.options[i])
	if err != nil {
		return err
	}
	c.Servers[i] = s
	go s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		return fmt.Errorf("broker %d does not start", i)
	}
	return nil
}

// URL lists all servers.
func (c *Brokers) URL() string {
	var all []string
	for _, o := range c.options {
		all = append(all, fmt.Sprintf("nats://%s:%d", o.Host, o.Port))
	}
	return strings.Join(all, ",")
}

// Close stops all servers.
func (c *Brokers) Close() {
	for _, s := range c.Servers {
		if s != nil {
			s.Shutdown()
			s.WaitForShutdown()
		}
	}
}
