package client

import (
	"crypto/rc4"
	"encoding/base64"
	"unicode/utf8"

	"limier/internal/script"
)

// A cipher is a function of a script that seems to decode texts by RC4, as those
// do that javascript-obfuscator lists: each takes ten thousand steps, and a list
// that is turned until it fits takes thousands of texts. Once it gave what RC4
// gives several times, it is taken at its word.
type cipher struct {
	letters int // which of alphabets spells the text
	proven  int
}

// maxProven is how often a cipher has to be right.
const maxProven = 3

// alphabets are how such texts are spelt in base 64, nil for not at all.
var alphabets = []*base64.Encoding{
	base64.NewEncoding("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/").WithPadding(base64.NoPadding),
	base64.RawStdEncoding, nil,
}

// cipherOf is the cipher that a call of a function is of, nil for none.
func (r *runner) cipherOf(n *script.Node, args []value) *cipher {
	if len(n.Kids) != 3 || len(args) != 2 || args[0].k != text || args[1].k != text || args[1].s == "" {
		return nil
	}
	c, seen := r.ciphers[n]
	if !seen {
		if enciphers(n) {
			c = &cipher{}
		}
		r.ciphers[n] = c
	}
	return c
}

// enciphers reports whether a function has what RC4 needs: loops, rests of
// divisions, letters by their numbers, and what turns their bits.
func enciphers(n *script.Node) bool {
	var loops, rests, turns, letters int
	todo := []*script.Node{n}
	for i := 0; i < len(todo) && i < maxCipher; i++ {
		switch n := todo[i]; {
		case n == nil:
			continue
		case n.Kind == script.KFor || n.Kind == script.KWhile:
			loops++
		case n.Kind == script.KBin && n.Op == '%':
			rests++
		case n.Kind == script.KBin && n.Op == '^':
			turns++
		case n.Name == "charCodeAt" || n.Name == "fromCharCode":
			letters++
		}
		todo = append(todo, todo[i].Kids...)
	}
	return loops >= 3 && rests >= 3 && turns > 0 && letters >= 2
}

// maxCipher bounds how much of a function is looked at, in nodes.
const maxCipher = 600

// plain is what a text is by RC4.
func (c *cipher) plain(s, key string) (string, bool) {
	if a := alphabets[c.letters]; a != nil {
		b, err := a.DecodeString(s)
		if s = string(b); err != nil || !utf8.ValidString(s) {
			return "", false
		}
	}
	k, err := rc4.NewCipher([]byte(key))
	if err != nil || !ascii(key) {
		return "", false
	}
	var out []byte
	for _, letter := range s {
		var b [1]byte
		k.XORKeyStream(b[:], b[:])
		out = utf8.AppendRune(out, letter^rune(b[0]))
	}
	return string(out), true
}

// learn compares what a call gave with what RC4 gives.
func (c *cipher) learn(args []value, got value) {
	for range alphabets {
		if want, ok := c.plain(args[0].s, args[1].s); ok && len(want) > 2 && got.k == text && got.s == want {
			c.proven++
			return
		}
		c.proven, c.letters = 0, (c.letters+1)%len(alphabets)
	}
}
