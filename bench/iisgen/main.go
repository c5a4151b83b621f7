// Iisgen writes a made-up IIS log of an Exchange server, of any size: everyday
// requests with the attacks of 2021 and later strewn in.
//
//	go run ./bench/iisgen -size 1GiB > u_ex210301.log
//
// The same seed and size give the same bytes.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"limier/internal/traffic"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "iisgen:", err)
		os.Exit(2)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("iisgen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	size := flags.String("size", "10MiB", "bytes to write: a number with KiB, MiB, GiB or nothing")
	seed := flags.Uint64("seed", 1, "what to make up")
	every := flags.Int("attack-every", 100_000, "lines from one attack to the next; 0 means none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	want, err := bytesOf(*size)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(stdout, 1<<20)
	if _, err := generate(w, want, *seed, *every); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	return w.Flush()
}

func bytesOf(s string) (int64, error) {
	unit := int64(1)
	for name, u := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if n, ok := strings.CutSuffix(s, name); ok {
			s, unit = n, u
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n > 1<<50/unit {
		return 0, fmt.Errorf("not a size: %q; write it as 1GiB", s)
	}
	return n * unit, nil
}

// An attack is one request that an exploit or a back door leaves.
type attack struct {
	method, stem, query, agent string
	status                     int
}

var attacks = []attack{
	{"POST", "/ecp/y.js", "", "python-requests/2.25.1", 200},
	{"POST", "/ecp/y.js", "", "ExchangeServicesClient/0.0.0.0", 241},
	{"POST", "/ecp/main.css", "", "python-requests/2.19.1", 200},
	{"GET", "/autodiscover/autodiscover.json", "@example.net/mapi/nspi/?&Email=autodiscover/autodiscover.json%3f@example.net", "Mozilla/5.0", 200},
	{"POST", "/autodiscover/autodiscover.json", "a=x@example.net/powershell/?X-Rps-CAT=VgEAVAdXaW5kb3dz", "Python PSRP Client", 200},
	{"POST", "/autodiscover/autodiscover.json", "@example.net/powershell/?&Email=autodiscover/autodiscover.json%3f@example.net", "Mozilla/5.0", 401},
	{"POST", "/owa/mastermailbox%40example.org/powershell", "", "ClientInfo", 200},
	{"GET", "/owa/auth/errorEE.aspx", "", "Mozilla/5.0", 404},
	{"POST", "/aspnet_client/supp0rt.aspx", "", "Mozilla/5.0", 404},
	{"POST", "/_layouts/15/ToolPane.aspx", "DisplayMode=Edit&a=/ToolPane.aspx", "Mozilla/5.0", 404},
}

// generate writes whole lines until size is reached.
func generate(w io.Writer, size int64, seed uint64, every int) (int64, error) {
	server := traffic.Server{Host: "EX01", Domain: "example.org", Realm: "EXAMPLE", IP: "10.0.0.10", Build: [4]int{15, 1, 2106, 2}, Users: 2000}
	start := time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC)
	g := traffic.New(seed, server, start, 2_000_000)
	rng := rand.New(rand.NewPCG(seed, 1))
	written, err := io.WriteString(w, traffic.IISHeader(start))
	total := int64(written)
	var line []byte
	for n := 1; err == nil && total < size; n++ {
		r := g.Next()
		if every > 0 && n%every == every/2 {
			a := attacks[rng.IntN(len(attacks))]
			r = traffic.Request{Time: r.Time, ID: r.ID, Method: a.method, Stem: a.stem, Query: a.query, Agent: a.agent, Status: a.status,
				Client: "203.0.113." + strconv.Itoa(1+rng.IntN(250)), Taken: 40}
		}
		line = server.AppendFrontEnd(line[:0], &r)
		written, err = w.Write(line)
		total += int64(written)
	}
	return total, err
}
