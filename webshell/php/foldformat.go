package php

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxRegexes bounds the patterns that are kept compiled; to compile one costs
// as much as to make compiling bytes of text.
const (
	maxRegexes = 64
	compiling  = 64 << 10
)

// regex translates a PHP pattern; flags are what follows the delimiter.
func (m *machine) regex(p string) (re *regexp.Regexp, flags string, ok bool) {
	body, flags, ok := pattern(p)
	if !ok || len(body) > 2000 {
		return nil, flags, false
	}
	if re, ok = m.regexes[p]; !ok {
		if !m.spend(compiling) {
			return nil, flags, false
		}
		goFlags := ""
		for _, f := range flags {
			switch f {
			case 'i', 's', 'm':
				goFlags += string(f)
			}
		}
		if goFlags != "" {
			body = "(?" + goFlags + ")" + body
		}
		re, _ = regexp.Compile(body)
		if m.regexes == nil {
			m.regexes = map[string]*regexp.Regexp{}
		}
		if len(m.regexes) < maxRegexes {
			m.regexes[p] = re
		}
	}
	return re, flags, re != nil
}

// pattern is what stands between the delimiters of a PHP pattern, and what
// follows them.
func pattern(p string) (body, flags string, ok bool) {
	p = strings.TrimLeft(p, " \t\r\n")
	if len(p) < 2 {
		return "", "", false
	}
	stop := p[0]
	switch stop {
	case '(':
		stop = ')'
	case '{':
		stop = '}'
	case '[':
		stop = ']'
	case '<':
		stop = '>'
	}
	i := strings.LastIndexByte(p[1:], stop)
	if i < 0 {
		return "", "", false
	}
	return p[1 : 1+i], p[2+i:], true
}

var phpRef = regexp.MustCompile(`\\([0-9])`)

func foldPregReplace(c *call) (value, bool) {
	if pats, ok := c.arg(0).list(); ok && len(pats) <= 64 { // one after the other
		repls, many := c.arg(1).list()
		v := c.arg(2)
		for i, p := range pats {
			r := c.arg(1)
			if many {
				r = str("")
				if i < len(repls) {
					r = repls[i]
				}
			}
			if v, ok = foldPregReplace(&call{m: c.m, args: []value{p, r, v}}); !ok {
				return value{}, false
			}
		}
		return v, len(pats) > 0
	}
	p, ok := c.text(0)
	r, rok := c.text(1)
	s, sok := c.text(2)
	if !ok || !rok || !sok || c.arg(0).k == vArr || c.arg(2).k == vArr || len(s) > 1<<20 {
		return value{}, false
	}
	re, flags, ok := c.m.regex(p)
	if !ok || strings.Contains(flags, "e") {
		return value{}, false
	}
	r = phpRef.ReplaceAllString(r, `$${$1}`)
	if len(s)*len(r) > maxBytes {
		return value{}, false
	}
	out, ok := replaceSimple(re.String(), s, r)
	if !ok {
		out = re.ReplaceAllString(s, r)
	}
	return str(out), len(out) <= maxString
}

// replaceSimple replaces what the patterns match that obfuscators apply to
// whole files, without the machinery of regular expressions: a set of ASCII
// characters, or two literals on one line with anything between them. ok is
// false for other patterns, and replacements with references.
func replaceSimple(pattern, s, with string) (out string, ok bool) {
	if strings.ContainsAny(with, `\\$`) {
		return "", false
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	if set, ok := asciiSet(re); ok {
		return replaceSet(s, set, with), true
	}
	if re.Op != syntax.OpConcat || len(re.Sub) != 3 || re.Sub[0].Op != syntax.OpLiteral || re.Sub[2].Op != syntax.OpLiteral || (re.Sub[0].Flags|re.Sub[2].Flags)&syntax.FoldCase != 0 {
		return "", false
	}
	if star := re.Sub[1]; star.Op != syntax.OpStar || star.Flags&syntax.NonGreedy != 0 || star.Sub[0].Op != syntax.OpAnyCharNotNL {
		return "", false
	}
	return replaceBetween(s, string(re.Sub[0].Rune), string(re.Sub[2].Rune), with)
}

// asciiSet are the characters of a pattern that matches one of them.
func asciiSet(re *syntax.Regexp) (set [256]bool, ok bool) {
	switch {
	case re.Op == syntax.OpLiteral && len(re.Rune) == 1 && re.Flags&syntax.FoldCase == 0 && re.Rune[0] < utf8.RuneSelf:
		set[re.Rune[0]] = true
		return set, true
	case re.Op == syntax.OpCharClass && len(re.Rune) > 0 && re.Rune[len(re.Rune)-1] < utf8.RuneSelf:
		for i := 0; i < len(re.Rune); i += 2 {
			for c := re.Rune[i]; c <= re.Rune[i+1]; c++ {
				set[c] = true
			}
		}
		return set, true
	}
	return set, false
}

func replaceSet(s string, set [256]bool, with string) string {
	var b strings.Builder
	b.Grow(len(s))
	from := 0
	for i := range len(s) {
		if set[s[i]] {
			b.WriteString(s[from:i])
			b.WriteString(with)
			from = i + 1
		}
	}
	b.WriteString(s[from:])
	return b.String()
}

// replaceBetween replaces, on each line, what reaches from the first left to
// the last right behind it.
func replaceBetween(s, left, right, with string) (string, bool) {
	if strings.Contains(left+right, "\n") || !ascii(left+right) {
		return "", false
	}
	var b strings.Builder
	for {
		i := strings.Index(s, left)
		if i < 0 {
			break
		}
		line := len(s)
		if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
			line = i + n
		}
		end := strings.LastIndex(s[i+len(left):line], right)
		if end < 0 { // nor after a later left of this line
			b.WriteString(s[:line])
			s = s[line:]
			continue
		}
		b.WriteString(s[:i])
		b.WriteString(with)
		s = s[i+len(left)+end+len(right):]
	}
	b.WriteString(s)
	return b.String(), true
}

func foldPregSplit(c *call) (value, bool) {
	p, ok := c.text(0)
	s, sok := c.text(1)
	re, _, rok := c.m.regex(p)
	if !ok || !sok || !rok || len(s) > 1<<18 {
		return value{}, false
	}
	noEmpty := c.int(3, 0)&1 != 0
	a := newArray()
	for _, x := range re.Split(s, maxElements) {
		if x != "" || !noEmpty {
			a.push(str(x))
		}
	}
	return arrOf(a), true
}

func foldSprintf(c *call, args []value) (value, bool) {
	if len(args) == 0 {
		return value{}, false
	}
	f, ok := args[0].text()
	if !ok {
		return value{}, false
	}
	var b strings.Builder
	next := 1
	for i := 0; i < len(f); i++ {
		if b.Len() > maxString {
			return value{}, false
		}
		if f[i] != '%' {
			b.WriteByte(f[i])
			continue
		}
		i++
		if i >= len(f) {
			break
		}
		if f[i] == '%' {
			b.WriteByte('%')
			continue
		}
		spec := i
		for i < len(f) && strings.IndexByte("0123456789$.+-' ", f[i]) >= 0 {
			i++
		}
		if i >= len(f) {
			break
		}
		mod := f[spec:i]
		n := next
		if d := strings.IndexByte(mod, '$'); d > 0 {
			n = int(parseInt(strings.TrimLeft(mod[:d], "0")))
			mod = mod[d+1:]
		} else {
			next++
		}
		if n < 1 || n >= len(args) {
			return value{}, false
		}
		if w, err := strconv.Atoi(strings.Trim(strings.SplitN(mod, ".", 2)[0], "+-' 0")); err == nil && w > 1<<16 {
			return value{}, false
		}
		v := args[n]
		switch f[i] {
		case 's':
			s, ok := v.text()
			if !ok {
				return value{}, false
			}
			if strings.ContainsAny(mod, "'+") {
				mod = ""
			}
			fmt.Fprintf(&b, "%"+mod+"s", s)
		case 'd', 'u', 'x', 'X', 'o', 'b', 'c':
			x, ok := v.integer()
			if !ok || v.k == vUnknown {
				return value{}, false
			}
			switch f[i] {
			case 'c':
				b.WriteByte(byte(x))
			case 'u':
				fmt.Fprintf(&b, "%d", uint64(x))
			default:
				if strings.ContainsAny(mod, "'") {
					mod = ""
				}
				fmt.Fprintf(&b, "%"+mod+string(f[i]), x)
			}
		default:
			return value{}, false
		}
		if b.Len() > maxString {
			return value{}, false
		}
	}
	return str(b.String()), true
}

func foldVsprintf(c *call) (value, bool) {
	l, ok := c.arg(1).list()
	if !ok {
		return value{}, false
	}
	return foldSprintf(c, append([]value{c.arg(0)}, l...))
}

func foldBaseConvert(c *call) (value, bool) {
	s, ok := c.text(0)
	from, to := c.int(1, 10), c.int(2, 10)
	if !ok || from < 2 || from > 36 || to < 2 || to > 36 || !c.arg(1).exact() || !c.arg(2).exact() {
		return value{}, false
	}
	n, err := strconv.ParseUint(strings.ToLower(s), int(from), 64)
	return str(strconv.FormatUint(n, int(to))), err == nil
}

// foldPack knows the codes that obfuscators use: H, h, C, c, A, a, N, n, V, v.
func foldPack(c *call) (value, bool) {
	f, ok := c.text(0)
	if !ok || len(f) > 64 {
		return value{}, false
	}
	var out []byte
	arg := 1
	for i := 0; i < len(f); {
		code := f[i]
		i++
		count, star := 1, false
		if i < len(f) && f[i] == '*' {
			star = true
			i++
		} else {
			d := i
			for i < len(f) && isDigit(f[i]) {
				i++
			}
			if i > d {
				count = int(min(parseInt(strings.TrimLeft(f[d:i], "0")), 1<<20))
			}
		}
		switch code {
		case 'H', 'h', 'a', 'A':
			s, ok := c.text(arg)
			arg++
			if !ok {
				return value{}, false
			}
			if code == 'a' || code == 'A' {
				if !star && count < len(s) {
					s = s[:count]
				}
				out = append(out, s...)
				continue
			}
			if !star && count < len(s) {
				s = s[:count]
			}
			if len(s)%2 == 1 {
				s += "0"
			}
			for j := 0; j+1 < len(s); j += 2 {
				a, b := hexDigit(s[j]), hexDigit(s[j+1])
				if a < 0 || b < 0 {
					return value{}, false
				}
				if code == 'h' {
					a, b = b, a
				}
				out = append(out, byte(a<<4|b))
			}
		case 'C', 'c', 'n', 'N', 'v', 'V':
			if star {
				count = len(c.args) - arg
			}
			for ; count > 0 && arg < len(c.args); count-- {
				x, ok := c.args[arg].integer()
				arg++
				if !ok {
					return value{}, false
				}
				switch code {
				case 'n':
					out = binary.BigEndian.AppendUint16(out, uint16(x))
				case 'N':
					out = binary.BigEndian.AppendUint32(out, uint32(x))
				case 'v':
					out = binary.LittleEndian.AppendUint16(out, uint16(x))
				case 'V':
					out = binary.LittleEndian.AppendUint32(out, uint32(x))
				default:
					out = append(out, byte(x))
				}
			}
		default:
			return value{}, false
		}
	}
	return str(string(out)), true
}

func foldStrcmp(c *call) (value, bool) {
	a, ok := c.text(0)
	b, bok := c.text(1)
	if c.name == "strcasecmp" {
		a, b = strings.ToLower(a), strings.ToLower(b)
	}
	return num(int64(strings.Compare(a, b))), ok && bok
}

// foldDecrypt handles AES in CBC and ECB mode with a key in the file.
func foldDecrypt(c *call) (value, bool) {
	data, ok := c.text(0)
	method, mok := c.text(1)
	k, kok := c.text(2)
	opts := c.int(3, 0)
	iv, ivok := c.text(4)
	if !ok || !mok || !kok || len(data) > decryptable {
		return value{}, false
	}
	if opts&1 == 0 {
		b, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return value{}, false
		}
		data = string(b)
	}
	method = strings.ToLower(method)
	size := 0
	switch {
	case strings.HasPrefix(method, "aes-128") || method == "aes128":
		size = 16
	case strings.HasPrefix(method, "aes-192"):
		size = 24
	case strings.HasPrefix(method, "aes-256") || method == "aes256":
		size = 32
	default:
		return value{}, false
	}
	kb := make([]byte, size)
	copy(kb, k)
	blk, err := aes.NewCipher(kb)
	if err != nil || len(data) == 0 || len(data)%16 != 0 {
		return value{}, false
	}
	out := make([]byte, len(data))
	switch {
	case strings.HasSuffix(method, "ecb"):
		for i := 0; i < len(data); i += 16 {
			blk.Decrypt(out[i:], []byte(data[i:i+16]))
		}
	case strings.HasSuffix(method, "cbc") || !strings.Contains(method[3:], "-") || strings.Count(method, "-") == 1:
		if !ivok && len(c.args) > 4 {
			return value{}, false
		}
		ivb := make([]byte, 16)
		copy(ivb, iv)
		cipher.NewCBCDecrypter(blk, ivb).CryptBlocks(out, []byte(data))
	default:
		return value{}, false
	}
	if pad := int(out[len(out)-1]); opts&2 == 0 && pad >= 1 && pad <= 16 {
		out = out[:len(out)-pad]
	}
	return str(string(out)), true
}
