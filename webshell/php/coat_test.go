package php

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
)

// A change gives code other clothes: what it does stays. It returns "" where
// it cannot be made.
type change struct {
	name string
	make func(c *coat, src string) string
}

// A coat is what a change draws its choices and its new names from.
type coat struct {
	*rand.Rand
	names int
}

// newCoat draws the same for the same page and change.
func newCoat(seed uint64, page, change string) *coat {
	h := fnv.New64a()
	h.Write([]byte(page + "\x00" + change))
	return &coat{Rand: rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// name is one that no page has.
func (c *coat) name() string {
	c.names++
	b := []byte{"bdfghklmnprtvz"[c.IntN(14)], "aeiou"[c.IntN(5)], "bdfghklmnprtvz"[c.IntN(14)], "aeiou"[c.IntN(5)]}
	return string(b) + fmt.Sprint("q", c.names)
}

// fill puts a new name for each of the letters $A, $B, … and @F, @G, … of a
// template, and the text for HERE.
func (c *coat) fill(template, here string) string {
	for _, mark := range []string{"$A", "$B", "$C", "$D", "@F", "@G", "@L"} {
		if strings.Contains(template, mark) {
			n := c.name()
			if mark[0] == '$' {
				n = "$" + n
			}
			template = strings.ReplaceAll(template, mark, n)
		}
	}
	return strings.ReplaceAll(template, "HERE", here)
}

func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func escaped(s, verb string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, verb, s[i])
	}
	return `"` + b.String() + `"`
}

func each(s, verb, between string) string {
	list := make([]string, len(s))
	for i := range len(s) {
		list[i] = fmt.Sprintf(verb, s[i])
	}
	return strings.Join(list, between)
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

func deflated(s string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 9)
	w.Write([]byte(s))
	w.Close()
	return b64(b.String())
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func (c *coat) pieces(s string) []string {
	var out []string
	for len(s) > 0 {
		n := min(len(s), 1+c.IntN(max(1, min(6, len(s)/2))))
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

func (c *coat) between(s, junk string) string {
	return strings.Join(c.pieces(s), junk)
}

// listed are the pieces of a text, quoted.
func (c *coat) listed(s string) string {
	p := c.pieces(s)
	for i := range p {
		p[i] = quote(p[i])
	}
	return strings.Join(p, ",")
}
