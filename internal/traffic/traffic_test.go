package traffic_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"limier/internal/traffic"
)

var server = traffic.Server{Host: "EX01", Domain: "example.org", Realm: "EXAMPLE", IP: "10.0.0.10", Build: [4]int{15, 1, 2106, 2}}

// Every line has as many columns as its header names, whatever the request.
func TestColumns(t *testing.T) {
	g := traffic.New(1, server, time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC), 3000)
	iis, proxy := len(strings.Fields(traffic.IISFields)), strings.Count(traffic.HTTPProxyFields, ",")
	stems := map[string]int{}
	var last time.Time
	for range 20_000 {
		r := g.Next()
		stems[r.Stem]++
		if r.Time.Before(last) {
			t.Fatalf("%v after %v", r.Time, last)
		}
		last = r.Time
		for _, line := range [][]byte{server.AppendFrontEnd(nil, &r), server.AppendBackEnd(nil, &r)} {
			if got := len(strings.Split(strings.TrimSuffix(string(line), "\r\n"), " ")); got != iis {
				t.Fatalf("%d columns, want %d: %s", got, iis, line)
			}
		}
		if line := server.AppendHTTPProxy(nil, &r); bytes.Count(line, []byte(",")) != proxy {
			t.Fatalf("%d commas, want %d: %s", bytes.Count(line, []byte(",")), proxy, line)
		}
	}
	if got := last.Sub(time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC)); got < 5*24*time.Hour || got > 10*24*time.Hour {
		t.Errorf("20,000 requests at 3,000 a day take %v", got)
	}
	for _, want := range []string{"/mapi/emsmdb/", "/EWS/Exchange.asmx", "/Microsoft-Server-ActiveSync/default.eas", "/owa/service.svc", "/Autodiscover/Autodiscover.xml", "/ecp/", "/.env"} {
		if stems[want] == 0 {
			t.Errorf("no request for %s", want)
		}
	}
}

func TestSameSeed(t *testing.T) {
	make := func(seed uint64) []byte {
		g := traffic.New(seed, server, time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC), 3000)
		var b []byte
		for range 1000 {
			r := g.Next()
			b = server.AppendFrontEnd(b, &r)
		}
		return b
	}
	if !bytes.Equal(make(7), make(7)) {
		t.Error("one seed gives two logs")
	}
	if bytes.Equal(make(7), make(8)) {
		t.Error("two seeds give one log")
	}
}
