package php

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// An array gives back what a plain list of pairs would, whichever way it keeps its keys.
func TestArray(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type pair struct {
			k key
			v int64
		}
		var want []pair
		a := newArray()
		find := func(k key) int {
			for i, p := range want {
				if p.k == k {
					return i
				}
			}
			return -1
		}
		keys := rapid.Custom(func(t *rapid.T) key {
			if rapid.Bool().Draw(t, "text") {
				return key{s: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "s"), str: true}
			}
			return key{n: rapid.Int64Range(-1, 20).Draw(t, "n")}
		})
		var next int64
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			v := rapid.Int64().Draw(t, "v")
			k := key{n: next}
			switch rapid.IntRange(0, 5).Draw(t, "do") {
			case 0:
				k = keys.Draw(t, "key")
				if i := find(k); i >= 0 {
					want = append(want[:i:i], want[i+1:]...)
				}
				a.remove(k)
				continue
			case 1:
				a = a.clone()
				continue
			case 2:
				k = keys.Draw(t, "key")
				a.set(k, num(v))
			default:
				a.push(num(v))
			}
			if i := find(k); i >= 0 {
				want[i].v = v
			} else {
				want = append(want, pair{k, v})
			}
			if !k.str && k.n >= next {
				next = k.n + 1
			}
		}
		var got []pair
		for i := range a.vals {
			got = append(got, pair{a.keyAt(i), a.vals[i].n})
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v, want %v", got, want)
		}
		for _, p := range want {
			if v, ok := a.get(p.k); !ok || v.n != p.v {
				t.Fatalf("%v is %v, want %d", p.k, v.n, p.v)
			}
		}
	})
}
