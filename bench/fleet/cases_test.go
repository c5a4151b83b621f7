package main

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"limier/fleet"
	"limier/internal/cputime"
	"limier/store"
	"limier/store/sqlite"
)

// BenchmarkCheck is what a hub does with each case before it is queued.
func BenchmarkCheck(b *testing.B) {
	w, err := newWorld(1)
	if err != nil {
		b.Fatal(err)
	}
	for name, compromised := range map[string]bool{"compromised": true, "others": false} {
		var bodies [][]byte
		for n := range 100 {
			body, _, err := w.write(1, n, compromised, nil)
			if err != nil {
				b.Fatal(err)
			}
			bodies = append(bodies, body)
		}
		b.Run(name, func(b *testing.B) {
			c, err := fleet.NewChecker()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			used := cputime.Used()
			for i := 0; b.Loop(); i++ {
				if _, err := c.Check(bodies[i%len(bodies)]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cputime.Used()-used).Nanoseconds())/1e3/float64(b.N), "cpu-µs/case")
		})
	}
}

// BenchmarkIngest is the store alone: first cases of 20,000 servers, in
// transactions as large as a busy hub's.
func BenchmarkIngest(b *testing.B) {
	const servers, batch = 20_000, 2000
	w, err := newWorld(1)
	if err != nil {
		b.Fatal(err)
	}
	c, err := fleet.NewChecker()
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2021, 3, 12, 4, 0, 0, 0, time.UTC)
	var list []store.Enrolment
	var cases []store.Submission
	for n := range servers {
		body, _, err := w.write(1, n, n%10 == 0, nil)
		if err != nil {
			b.Fatal(err)
		}
		s, err := c.Check(body)
		if err != nil {
			b.Fatal(err)
		}
		s.Server, s.Received = int64(n+1), at
		cases = append(cases, s)
		list = append(list, store.Enrolment{Organisation: "org-" + strconv.Itoa(n/3), Name: "ex" + strconv.Itoa(n), KeyHash: keyHash})
	}
	for b.Loop() {
		b.StopTimer()
		st, err := sqlite.OpenHub(b.Context(), filepath.Join(b.TempDir(), strconv.Itoa(b.N)+".db"))
		if err != nil {
			b.Fatal(err)
		}
		if err := st.EnrolMany(b.Context(), list, at); err != nil {
			b.Fatal(err)
		}
		used := cputime.Used()
		b.StartTimer()
		for from := 0; from < servers; from += batch {
			if _, err := st.Ingest(b.Context(), cases[from:from+batch]); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		b.ReportMetric(float64((cputime.Used()-used).Microseconds())/servers, "cpu-µs/case")
		st.Close()
		b.StartTimer()
	}
}
