package php

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

func sortStrings(s []string) { sort.Strings(s) }

func foldTrim(c *call, sides int) (value, bool) {
	s, ok := c.text(0)
	cut := " \t\n\r\x00\x0b"
	if len(c.args) > 1 {
		x, xok := c.text(1)
		if !xok {
			return value{}, false
		}
		cut = x
		if i := strings.Index(x, ".."); i > 0 && i+2 < len(x) && x[i-1] < x[i+2] {
			var b strings.Builder
			b.WriteString(x[:i-1] + x[i+3:])
			for k := int(x[i-1]); k <= int(x[i+2]); k++ {
				b.WriteByte(byte(k))
			}
			cut = b.String()
		}
	}
	in := func(b byte) bool { return strings.IndexByte(cut, b) >= 0 }
	for sides&1 != 0 && len(s) > 0 && in(s[0]) {
		s = s[1:]
	}
	for sides&2 != 0 && len(s) > 0 && in(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return str(s), ok
}

func foldDec(c *call, base int) (value, bool) {
	s, ok := c.text(0)
	if !ok {
		return value{}, false
	}
	var n int64
	for i := 0; i < len(s); i++ {
		d := hexDigit(s[i])
		if d < 0 || d >= base {
			continue
		}
		if n > math.MaxInt64/32 {
			return value{}, false
		}
		n = n*int64(base) + int64(d)
	}
	return num(n), true
}

func foldIntval(c *call) (value, bool) {
	v := c.arg(0)
	base := c.int(1, 10)
	if s, ok := v.text(); ok && base != 10 && base >= 2 && base <= 36 {
		s = strings.ToLower(strings.TrimSpace(s))
		if base == 16 {
			s = strings.TrimPrefix(s, "0x")
		}
		e := 0
		for e < len(s) && (isDigit(s[e]) || s[e] >= 'a' && s[e] <= 'z') {
			e++
		}
		n, err := strconv.ParseInt(s[:e], int(base), 64)
		return num(n), err == nil
	}
	n, ok := v.integer()
	return num(n), ok
}

func foldFloor(c *call) (value, bool) {
	v, ok := c.arg(0).number()
	if !ok {
		return value{}, false
	}
	f := toFloat(v)
	switch c.name {
	case "floor":
		f = math.Floor(f)
	case "ceil":
		f = math.Ceil(f)
	default:
		if c.int(1, 0) != 0 {
			return value{}, false
		}
		f = math.Round(f)
	}
	if math.Abs(f) < 1<<53 {
		return num(int64(f)), true
	}
	return flt(f), true
}

func foldAbs(c *call) (value, bool) {
	v, ok := c.arg(0).number()
	if ok && v.k == vInt {
		return num(max(v.n, -v.n)), true
	}
	return flt(math.Abs(toFloat(v))), ok
}

func foldMinMax(c *call, sign float64) (value, bool) {
	list := c.args
	if len(list) == 1 {
		l, ok := list[0].list()
		if !ok {
			return value{}, false
		}
		list = l
	}
	var best value
	for i, v := range list {
		x, ok := v.number()
		if !ok {
			return value{}, false
		}
		if i == 0 || sign*(toFloat(x)-toFloat(best)) > 0 {
			best = x
		}
	}
	return best, len(list) > 0
}

func foldCount(c *call) (value, bool) {
	l, ok := c.arg(0).list()
	return num(int64(len(l))), ok
}

// slice cuts [start, start+length) as substr and array_slice do.
func slice(n int, c *call, at int) (int, int) {
	start := int(max(-1<<30, min(c.int(at, 0), 1<<30)))
	length := int(max(-1<<30, min(c.int(at+1, 1<<30), 1<<30)))
	if start < 0 {
		start = max(0, n+start)
	}
	start = min(start, n)
	end := n
	if length < 0 {
		end = max(start, n+length)
	} else if length < n-start {
		end = start + length
	}
	return start, end
}

func foldSubstr(c *call) (value, bool) {
	s, ok := c.text(0)
	if !ok || !c.arg(1).exact() || !c.arg(2).exact() {
		return value{}, false
	}
	a, b := slice(len(s), c, 1)
	return str(s[a:b]), true
}

func foldSubstrReplace(c *call) (value, bool) {
	s, ok := c.text(0)
	r, rok := c.text(1)
	if !ok || !rok || !c.arg(2).exact() || !c.arg(3).exact() {
		return value{}, false
	}
	a, b := slice(len(s), c, 2)
	return str(s[:a] + r + s[b:]), true
}

func foldStrstr(c *call) (value, bool) {
	s, ok := c.text(0)
	x, xok := c.text(1)
	if !ok || !xok {
		return value{}, false
	}
	i := strings.Index(s, x)
	if c.name == "stristr" {
		i = strings.Index(strings.ToLower(s), strings.ToLower(x))
	}
	if i < 0 || i > len(s) {
		return boolean(false), true
	}
	if yes, _ := c.arg(2).truth(); yes {
		return str(s[:i]), true
	}
	return str(s[i:]), true
}

func foldStrrchr(c *call) (value, bool) {
	s, ok := c.text(0)
	x, xok := c.text(1)
	if !ok || !xok || x == "" {
		return value{}, false
	}
	i := strings.LastIndexByte(s, x[0])
	if i < 0 {
		return boolean(false), true
	}
	return str(s[i:]), true
}

func foldStrpos(c *call, find func(a, b string) int) (value, bool) {
	s, ok := c.text(0)
	x, xok := c.text(1)
	from := int(c.int(2, 0))
	if !ok || !xok || from < 0 || from > len(s) || !c.arg(2).exact() {
		return value{}, false
	}
	i := find(s[from:], x)
	if i < 0 {
		return boolean(false), true
	}
	return num(int64(i + from)), true
}

func foldRepeat(c *call) (value, bool) {
	s, ok := c.text(0)
	n := c.int(1, 0)
	if !ok || !c.arg(1).exact() || n < 0 || n*int64(len(s)) > 1<<20 || n > 1<<20 {
		return value{}, false
	}
	return str(strings.Repeat(s, int(n))), true
}

func foldPad(c *call) (value, bool) {
	s, ok := c.text(0)
	n := c.int(1, 0)
	p := " "
	if len(c.args) > 2 {
		p, _ = c.text(2)
	}
	if !ok || n > 1<<16 || p == "" || !c.arg(1).exact() {
		return value{}, false
	}
	left := c.int(3, 1) == 0
	pad := ""
	if need := int(n) - len(s); need > 0 {
		pad = strings.Repeat(p, need/len(p)+1)[:need]
	}
	if left {
		return str(pad + s), true
	}
	return str(s + pad), true
}

func foldStrSplit(c *call) (value, bool) {
	s, ok := c.text(0)
	n := int(c.int(1, 1))
	if !ok || n < 1 || len(s)/n > maxElements || !c.arg(1).exact() {
		return value{}, false
	}
	a := newArray()
	for i := 0; i < len(s); i += n {
		a.push(str(s[i:min(len(s), i+n)]))
	}
	return arrOf(a), true
}

func foldExplode(c *call) (value, bool) {
	sep, ok := c.text(0)
	s, sok := c.text(1)
	if !ok || !sok || sep == "" {
		return value{}, false
	}
	limit := int(c.int(2, maxElements))
	if limit < 1 {
		limit = maxElements
	}
	a := newArray()
	for _, x := range strings.SplitN(s, sep, min(limit, maxElements)) {
		a.push(str(x))
	}
	return arrOf(a), true
}

func foldRange(c *call) (value, bool) {
	a, b := c.arg(0), c.arg(1)
	if !a.exact() || !b.exact() {
		return value{}, false
	}
	step := c.int(2, 1)
	if step == 0 {
		step = 1
	}
	step = max(step, -step)
	letters := a.k == vStr && b.k == vStr && a.s != "" && b.s != "" && !looksNumeric(a.s)
	var x, y int64
	if letters {
		x, y = int64(a.s[0]), int64(b.s[0])
	} else {
		x, _ = a.integer()
		y, _ = b.integer()
	}
	if y > x && y-x > 1<<16 || x > y && x-y > 1<<16 {
		return value{}, false
	}
	out := newArray()
	add := func(i int64) {
		if letters {
			out.push(str(string([]byte{byte(i)})))
		} else {
			out.push(num(i))
		}
	}
	if x <= y {
		for i := x; i <= y; i += step {
			add(i)
		}
	} else {
		for i := x; i >= y; i -= step {
			add(i)
		}
	}
	return arrOf(out), true
}

func foldImplode(c *call) (value, bool) {
	sep, list := c.arg(0), c.arg(1)
	if len(c.args) == 1 {
		sep, list = str(""), c.arg(0)
	} else if sep.k == vArr {
		sep, list = list, sep
	}
	s, ok := sep.text()
	l, lok := list.list()
	if !ok || !lok {
		return value{}, false
	}
	var b strings.Builder
	for i, v := range l {
		x, ok := v.text()
		if !ok || b.Len() > maxString {
			return value{}, false
		}
		if i > 0 {
			b.WriteString(s)
		}
		b.WriteString(x)
	}
	return str(b.String()), true
}

// strings2 reads a value as a list of exact strings.
func (v value) strings() ([]string, bool) {
	if v.k != vArr {
		s, ok := v.text()
		return []string{s}, ok
	}
	l, ok := v.list()
	if !ok {
		return nil, false
	}
	out := make([]string, len(l))
	for i, x := range l {
		if out[i], ok = x.text(); !ok {
			return nil, false
		}
	}
	return out, true
}

func foldReplace(c *call, fold bool) (value, bool) {
	from, ok1 := c.arg(0).strings()
	to, ok2 := c.arg(1).strings()
	if !ok1 || !ok2 || len(c.args) < 3 {
		return value{}, false
	}
	replace := func(s string) (string, bool) {
		for i, f := range from {
			if f == "" || !fold && !strings.Contains(s, f) {
				continue
			}
			t := ""
			if c.arg(1).k != vArr {
				t = to[0]
			} else if i < len(to) {
				t = to[i]
			}
			if fold {
				s = replaceFold(s, f, t)
			} else {
				s = strings.ReplaceAll(s, f, t)
			}
			if len(s) > maxString/4 {
				return "", false
			}
		}
		return s, true
	}
	if c.arg(2).k == vArr {
		l, ok := c.arg(2).strings()
		a := newArray()
		for _, s := range l {
			s, ok2 := replace(s)
			ok = ok && ok2
			a.push(str(s))
		}
		return arrOf(a), ok
	}
	s, ok := c.text(2)
	if !ok {
		return value{}, false
	}
	s, ok = replace(s)
	return str(s), ok
}

func replaceFold(s, from, to string) string {
	ls, lf := strings.ToLower(s), strings.ToLower(from)
	if len(ls) != len(s) {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(ls, lf)
		if i < 0 || i+len(lf) > len(s) {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i] + to)
		s, ls = s[i+len(lf):], ls[i+len(lf):]
	}
}

func foldStrtr(c *call) (value, bool) {
	s, ok := c.text(0)
	if !ok {
		return value{}, false
	}
	if len(c.args) == 2 {
		a, ok := c.arg(1).ref.(*array)
		if !ok || a.open {
			return value{}, false
		}
		pairs := make([]string, 0, 2*len(a.keys))
		order := make([]int, len(a.keys))
		for i := range order {
			order[i] = i
		}
		text := func(i int) string { k, _ := a.keys[i].value().text(); return k }
		sort.SliceStable(order, func(i, j int) bool { return len(text(order[i])) > len(text(order[j])) })
		for _, i := range order {
			v, ok := a.vals[i].text()
			if !ok {
				return value{}, false
			}
			if k := text(i); k != "" {
				pairs = append(pairs, k, v)
			}
		}
		return str(strings.NewReplacer(pairs...).Replace(s)), true
	}
	from, ok1 := c.text(1)
	to, ok2 := c.text(2)
	if !ok1 || !ok2 {
		return value{}, false
	}
	var table [256]byte
	for i := range table {
		table[i] = byte(i)
	}
	for i := 0; i < min(len(from), len(to)); i++ {
		table[from[i]] = to[i]
	}
	b := []byte(s)
	for i := range b {
		b[i] = table[b[i]]
	}
	return str(string(b)), true
}

// regex translates a PHP pattern; flags are what follows the delimiter.
func regex(p string) (*regexp.Regexp, string, bool) {
	p = strings.TrimLeft(p, " \t\r\n")
	if len(p) < 2 {
		return nil, "", false
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
		return nil, "", false
	}
	body, flags := p[1:1+i], p[2+i:]
	if len(body) > 2000 {
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
	re, err := regexp.Compile(body)
	return re, flags, err == nil
}

var phpRef = regexp.MustCompile(`\\([0-9])`)

func foldPregReplace(c *call) (value, bool) {
	p, ok := c.text(0)
	r, rok := c.text(1)
	s, sok := c.text(2)
	if !ok || !rok || !sok || c.arg(0).k == vArr || c.arg(2).k == vArr || len(s) > 1<<20 {
		return value{}, false
	}
	re, flags, ok := regex(p)
	if !ok || strings.Contains(flags, "e") {
		return value{}, false
	}
	out := re.ReplaceAllString(s, phpRef.ReplaceAllString(r, `$${$1}`))
	return str(out), len(out) <= maxString
}

func foldPregSplit(c *call) (value, bool) {
	p, ok := c.text(0)
	s, sok := c.text(1)
	re, _, rok := regex(p)
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
