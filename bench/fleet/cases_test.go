package main

import (
	"testing"

	"limier/fleet"
	"limier/store"
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
			for i := 0; b.Loop(); i++ {
				checked, err := c.Check(bodies[i%len(bodies)])
				if err != nil {
					b.Fatal(err)
				}
				store.Summarize(checked.Case)
			}
		})
	}
}
