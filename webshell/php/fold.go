package php

import (
	"compress/bzip2"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"html"
	"math"
	"mime/quotedprintable"
	"net/url"
	"slices"
	"strings"
)

// maxInflated bounds what one compressed string may become.
const maxInflated = 4 << 20

// one wraps a function of one string.
func one(f func(string) (string, bool)) func(*call) (value, bool) {
	return func(c *call) (value, bool) {
		s, ok := c.text(0)
		if !ok {
			return value{}, false
		}
		out, ok := f(s)
		return str(out), ok
	}
}

func sure(f func(string) string) func(*call) (value, bool) {
	return one(func(s string) (string, bool) { return f(s), true })
}

// decoders are the folds that undo an encoding.
var decoders = map[string]func(*call) (value, bool){
	"base64_decode": undoes("base64", func(_ *machine, s string) (string, bool) { return unbase64(s) }),
	"gzinflate":     undoes("deflate", (*machine).undeflate),
	"gzuncompress":  undoes("zlib", (*machine).unzlib),
	"gzdecode":      undoes("gzip", (*machine).gunzip),
	"zlib_decode":   undoes("any", (*machine).anyInflate),
	"bzdecompress": undoes("bzip2", func(m *machine, s string) (string, bool) {
		return m.inflate(bzip2.NewReader(strings.NewReader(s)))
	}),
	"str_rot13": sure(rot13),
	"strrev":    sure(reverse),
	"hex2bin": one(func(s string) (string, bool) {
		b, err := hex.DecodeString(s)
		return string(b), err == nil
	}),
	"urldecode":               sure(func(s string) string { return unescapeURL(s, true) }),
	"rawurldecode":            sure(func(s string) string { return unescapeURL(s, false) }),
	"convert_uudecode":        one(uudecode),
	"html_entity_decode":      sure(html.UnescapeString),
	"htmlspecialchars_decode": sure(html.UnescapeString),
	"quoted_printable_decode": undoes("qp", func(m *machine, s string) (string, bool) {
		return m.inflate(quotedprintable.NewReader(strings.NewReader(s)))
	}),
	"stripcslashes":       sure(stripcslashes),
	"chr":                 foldChr,
	"mb_chr":              foldChr,
	"pack":                foldPack,
	"strtr":               foldStrtr,
	"str_replace":         func(c *call) (value, bool) { return foldReplace(c, false) },
	"str_ireplace":        func(c *call) (value, bool) { return foldReplace(c, true) },
	"substr_replace":      foldSubstrReplace,
	"preg_replace":        foldPregReplace,
	"preg_filter":         foldPregReplace,
	"implode":             foldImplode,
	"join":                foldImplode,
	"sprintf":             func(c *call) (value, bool) { return foldSprintf(c, c.args) },
	"vsprintf":            func(c *call) (value, bool) { return foldVsprintf(c) },
	"base_convert":        foldBaseConvert,
	"dechex":              func(c *call) (value, bool) { return str(fmt.Sprintf("%x", uint64(c.int(0, 0)))), c.arg(0).exact() },
	"json_decode":         foldJSON,
	"unserialize":         foldUnserialize,
	"iconv":               foldIconv,
	"mb_convert_encoding": foldConvert,
	"mb_convert_case":     sure(strings.ToLower),
	"utf8_decode":         sure(latin1),
	"convert_cyr_string":  func(c *call) (value, bool) { return c.arg(0), c.arg(0).k == vStr && ascii(c.arg(0).s) },
	"mb_substr":           foldSubstr,
	"mb_strrev":           sure(reverse),
	"imap_base64":         one(unbase64),
	"sodium_hex2bin":      one(func(s string) (string, bool) { b, err := hex.DecodeString(s); return string(b), err == nil }),
	"sodium_base642bin":   one(unbase64),
	"array_reverse":       foldArrayReverse,
	"array_flip":          foldArrayFlip,
	"openssl_decrypt":     func(c *call) (value, bool) { return foldDecrypt(c) },
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func latin1(s string) string {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 255 {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return string(out)
}

// unbase64 decodes as PHP does: characters outside the alphabet are passed
// over.
func unbase64(s string) (string, bool) {
	var b strings.Builder
	b.Grow(len(s)/4*3 + 3)
	var buf [3<<8 + 4]byte
	var acc uint32
	n, bits := 0, 0
	for i := 0; i < len(s); i++ {
		if bits == 0 {
			for n < 3<<8 && i+4 <= len(s) { // four at once
				q := s[i : i+4]
				v := base64Words[0][q[0]] | base64Words[1][q[1]] | base64Words[2][q[2]] | base64Words[3][q[3]]
				if v > 0xffffff {
					break
				}
				binary.BigEndian.PutUint32(buf[n:], v<<8)
				n, i = n+3, i+4
			}
			if i == len(s) {
				break
			}
		}
		if n+3 > 3<<8 {
			b.Write(buf[:n])
			n = 0
		}
		v := base64Words[3][s[i]]
		if v > 63 {
			continue
		}
		acc = acc<<6 | v
		if bits += 6; bits >= 8 {
			bits -= 8
			buf[n] = byte(acc >> bits)
			n++
		}
	}
	b.Write(buf[:n])
	return b.String(), true
}

// base64Words are the values of the characters of both alphabets at each of the
// four places of a group; more than three bytes for what is in neither.
var base64Words = func() (t [4][256]uint32) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for place := range t {
		for c := range t[place] {
			t[place][c] = 1 << 24
		}
		set := func(c byte, v int) { t[place][c] = uint32(v) << (18 - 6*place) }
		for i := range len(letters) {
			set(letters[i], i)
		}
		set('-', 62)
		set('_', 63)
	}
	return t
}()

func rot13(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = rotated[c]
	}
	return owned(b)
}

var rotated = func() (t [256]byte) {
	for i := range t {
		c := byte(i)
		switch {
		case c >= 'a' && c <= 'z':
			c = 'a' + (c-'a'+13)%26
		case c >= 'A' && c <= 'Z':
			c = 'A' + (c-'A'+13)%26
		}
		t[i] = c
	}
	return t
}()

func reverse(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return owned(b)
}

func unescapeURL(s string, plus bool) string {
	if strings.IndexByte(s, '%') < 0 && (!plus || strings.IndexByte(s, '+') < 0) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) >= 0 && hexDigit(s[i+2]) >= 0:
			b = append(b, byte(hexDigit(s[i+1])<<4|hexDigit(s[i+2])))
			i += 2
		case s[i] == '+' && plus:
			b = append(b, ' ')
		default:
			b = append(b, s[i])
		}
	}
	return string(b)
}

func uudecode(s string) (string, bool) {
	var out []byte
	for _, line := range strings.Split(s, "\n") {
		if len(line) < 2 {
			continue
		}
		n := int(line[0]-32) & 63
		var got []byte
		for i := 1; i+3 < len(line)+3 && i < len(line); i += 4 {
			var q [4]byte
			for j := range q {
				if i+j < len(line) {
					q[j] = (line[i+j] - 32) & 63
				}
			}
			got = append(got, q[0]<<2|q[1]>>4, q[1]<<4|q[2]>>2, q[2]<<6|q[3])
		}
		out = append(out, got[:min(n, len(got))]...)
	}
	return string(out), len(out) > 0
}

func stripcslashes(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case 'n', 't', 'r', 'v', 'f', 'x', '0', '1', '2', '3', '4', '5', '6', '7':
				i += int(escape(&b, []byte(s[i:min(len(s), i+4)]), '"'))
			default:
				b.WriteByte(s[i+1])
				i += 2
			}
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

func foldChr(c *call) (value, bool) {
	v := c.arg(0)
	if v.t&keyed != 0 && v.t&(fromBlob|fromFile|fromOddFile|fromRemote) == 0 && !v.exact() { // a number made of the request's text, which is text again
		return value{t: v.t | fromRequest, tr: v.tr}, true
	}
	if !v.exact() {
		return value{}, false
	}
	i, _ := v.integer()
	return str(string([]byte{byte(i)})), true
}

func foldConvert(c *call) (value, bool) {
	s, ok := c.text(0)
	from, _ := c.text(2)
	if !ok {
		return value{}, false
	}
	if strings.EqualFold(from, "base64") {
		out, ok := unbase64(s)
		return str(out), ok
	}
	if strings.HasPrefix(strings.ToLower(from), "html") {
		return str(html.UnescapeString(s)), true
	}
	return wide(s, from)
}

func foldIconv(c *call) (value, bool) {
	from, _ := c.text(0)
	s, ok := c.text(2)
	if !ok {
		return value{}, false
	}
	return wide(s, from)
}

// wide is s, in an encoding that gives each letter of ASCII its own or, with
// zeros around it, two or four bytes.
func wide(s, from string) (value, bool) {
	if u := strings.ToUpper(from); strings.HasPrefix(u, "UCS") || strings.HasPrefix(u, "UTF-16") || strings.HasPrefix(u, "UTF-32") {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return str(s), ascii(s)
}

// foldPathinfo is one part of a path that is known.
func foldPathinfo(c *call) (value, bool) {
	s, ok := c.text(0)
	base := s[strings.LastIndexByte(s, '/')+1:]
	dot := strings.LastIndexByte(base, '.')
	switch c.int(1, 0) {
	case 1:
		return str(s[:max(0, len(s)-len(base)-1)]), ok && len(base) < len(s)
	case 2:
		return str(base), ok
	case 4:
		return str(base[dot+1:]), ok && dot >= 0
	case 8:
		return str(base[:max(0, dot)]), ok && dot >= 0
	}
	return value{}, false
}

// foldSum is a function of bcmath on whole numbers.
func foldSum(k kind) func(*call) (value, bool) {
	return func(c *call) (value, bool) {
		x, xok := c.arg(0).number()
		y, yok := c.arg(1).number()
		if !xok || !yok {
			return value{}, false
		}
		s, ok := arithmetic(k, x, y).text()
		return str(s), ok
	}
}

// foldDate is date for a format of which every letter is escaped.
func foldDate(c *call) (value, bool) {
	s, ok := c.text(0)
	var b strings.Builder
	for i := 0; ok && i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		} else if isIdentStart(s[i]) {
			return value{}, false
		}
		b.WriteByte(s[i])
	}
	return str(b.String()), ok && b.Len() > 0
}

func foldJSON(c *call) (value, bool) {
	s, ok := c.text(0)
	if !ok || len(s) > 1<<20 {
		return value{}, false
	}
	var x any
	if json.Unmarshal([]byte(s), &x) != nil {
		return null, true
	}
	return fromJSON(x), true
}

func fromJSON(x any) value {
	switch x := x.(type) {
	case string:
		return str(x)
	case float64:
		if x == float64(int64(x)) {
			return num(int64(x))
		}
		return flt(x)
	case bool:
		return boolean(x)
	case []any:
		a := newArray()
		for _, e := range x {
			a.push(fromJSON(e))
		}
		return arrOf(a)
	case map[string]any:
		a := newArray()
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			key, _ := keyOf(str(k))
			a.set(key, fromJSON(x[k]))
		}
		return arrOf(a)
	}
	return null
}

var slashes = strings.NewReplacer(`\`, `\\`, `'`, `\'`, `"`, `\"`)

// plain are the folds that only look.
var plain = map[string]func(*call) (value, bool){
	"strtolower":    sure(strings.ToLower),
	"strtoupper":    sure(strings.ToUpper),
	"mb_strtolower": sure(strings.ToLower),
	"lcfirst": sure(func(s string) string {
		if s == "" {
			return s
		}
		return strings.ToLower(s[:1]) + s[1:]
	}),
	"ucfirst": sure(func(s string) string {
		if s == "" {
			return s
		}
		return strings.ToUpper(s[:1]) + s[1:]
	}),
	"trim":       func(c *call) (value, bool) { return foldTrim(c, 3) },
	"ltrim":      func(c *call) (value, bool) { return foldTrim(c, 1) },
	"rtrim":      func(c *call) (value, bool) { return foldTrim(c, 2) },
	"chop":       func(c *call) (value, bool) { return foldTrim(c, 2) },
	"strip_tags": sure(stripTags),
	"stripslashes": sure(func(s string) string {
		var b strings.Builder
		for i := 0; i < len(s); i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			}
			b.WriteByte(s[i])
		}
		return b.String()
	}),
	"addslashes":    sure(slashes.Replace),
	"md5":           sure(func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }),
	"sha1":          sure(func(s string) string { h := sha1.Sum([]byte(s)); return hex.EncodeToString(h[:]) }),
	"bin2hex":       sure(func(s string) string { return hex.EncodeToString([]byte(s)) }),
	"base64_encode": sure(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
	"urlencode":     sure(url.QueryEscape),
	"strval":        func(c *call) (value, bool) { s, ok := c.text(0); return str(s), ok && len(c.args) > 0 },
	"strlen":        func(c *call) (value, bool) { s, ok := c.text(0); return num(int64(len(s))), ok },
	"mb_strlen":     func(c *call) (value, bool) { s, ok := c.text(0); return num(int64(len([]rune(s)))), ok },
	"crc32":         func(c *call) (value, bool) { s, ok := c.text(0); return num(int64(crc32.ChecksumIEEE([]byte(s)))), ok },
	"ord": func(c *call) (value, bool) {
		s, ok := c.text(0)
		if s == "" {
			return num(0), ok
		}
		return num(int64(s[0])), ok
	},
	"hexdec":       func(c *call) (value, bool) { return foldDec(c, 16) },
	"octdec":       func(c *call) (value, bool) { return foldDec(c, 8) },
	"bindec":       func(c *call) (value, bool) { return foldDec(c, 2) },
	"intval":       func(c *call) (value, bool) { return foldIntval(c) },
	"floor":        foldFloor,
	"ceil":         foldFloor,
	"round":        foldFloor,
	"abs":          foldAbs,
	"pow":          foldPow,
	"fmod":         foldPow,
	"intdiv":       foldPow,
	"pi":           func(c *call) (value, bool) { return flt(math.Pi), len(c.args) == 0 },
	"sqrt":         foldMath(math.Sqrt),
	"exp":          foldMath(math.Exp),
	"log10":        foldMath(math.Log10),
	"sin":          foldMath(math.Sin),
	"cos":          foldMath(math.Cos),
	"tan":          foldMath(math.Tan),
	"min":          func(c *call) (value, bool) { return foldMinMax(c, -1) },
	"max":          func(c *call) (value, bool) { return foldMinMax(c, 1) },
	"count":        foldCount,
	"array_column": foldArrayColumn,
	"sizeof":       foldCount,
	"substr":       foldSubstr,
	"strstr":       foldStrstr,
	"stristr":      foldStrstr,
	"strrchr":      foldStrrchr,
	"strpos":       func(c *call) (value, bool) { return foldStrpos(c, strings.Index) },
	"stripos": func(c *call) (value, bool) {
		return foldStrpos(c, func(a, b string) int { return strings.Index(strings.ToLower(a), strings.ToLower(b)) })
	},
	"strrpos":      func(c *call) (value, bool) { return foldStrpos(c, strings.LastIndex) },
	"str_repeat":   foldRepeat,
	"str_pad":      foldPad,
	"str_split":    foldStrSplit,
	"mb_str_split": foldStrSplit,
	"explode":      foldExplode,
	"split":        foldExplode,
	"preg_split":   foldPregSplit,
	"range":        foldRange,
	"nl2br":        sure(func(s string) string { return s }),
	"array_merge":  foldArrayMerge,
	"array_values": func(c *call) (value, bool) {
		l, ok := c.arg(0).list()
		return arr(l...), ok
	},
	"array_keys":    foldArrayKeys,
	"array_slice":   foldArraySlice,
	"array_combine": foldArrayCombine,
	"array_fill":    foldArrayFill,
	"array_chunk":   foldArrayChunk,
	"array_sum":     foldArraySum,
	"array_unique":  func(c *call) (value, bool) { return c.arg(0), c.arg(0).k == vArr },
	"in_array":      foldInArray,
	"array_search":  foldInArray,
	"ip2long":       foldIP2Long,
	"long2ip":       foldLong2IP,
	"is_string":     func(c *call) (value, bool) { return boolean(c.arg(0).k == vStr), c.arg(0).known() },
	"is_array": func(c *call) (value, bool) {
		return boolean(c.arg(0).k == vArr), c.arg(0).known() && c.arg(0).k != vNull
	},
	"is_numeric": func(c *call) (value, bool) {
		return boolean(looksNumeric(c.arg(0).s) || c.arg(0).k == vInt), c.arg(0).exact()
	},
	"substr_count": func(c *call) (value, bool) {
		a, ok := c.text(0)
		b, ok2 := c.text(1)
		return num(int64(strings.Count(a, b))), ok && ok2 && b != ""
	},
	"strcmp":     foldStrcmp,
	"strcasecmp": foldStrcmp,
	"array_key_exists": func(c *call) (value, bool) {
		a, ok := c.arg(1).ref.(*array)
		k, kok := keyOf(c.arg(0))
		return boolean(ok && a.find(k) >= 0), ok && kok && !a.open
	},
	"bcadd":   foldSum('+'),
	"bcsub":   foldSum('-'),
	"bcmul":   foldSum('*'),
	"bcmod":   foldSum('%'),
	"date":    foldDate,
	"gmdate":  foldDate,
	"gettype": func(c *call) (value, bool) { return str("string"), c.arg(0).k == vStr },
	"basename": func(c *call) (value, bool) {
		s, ok := c.text(0)
		s = strings.TrimRight(s, "/")
		return str(s[strings.LastIndexByte(s, '/')+1:]), ok
	},
	"pathinfo": foldPathinfo,
	"dirname": func(c *call) (value, bool) {
		s, ok := c.text(0)
		return str(s[:max(0, strings.LastIndexByte(s, '/'))]), ok && strings.Contains(s, "/")
	},
	"rand": func(c *call) (value, bool) {
		return c.arg(0), len(c.args) == 2 && c.arg(0).exact() && c.arg(0).k == c.arg(1).k && c.arg(0).n == c.arg(1).n
	},
}

// folds are all functions that the machine computes.
var folds = merged(decoders, plain, bytefolds)

func merged(maps ...map[string]func(*call) (value, bool)) map[string]func(*call) (value, bool) {
	all := map[string]func(*call) (value, bool){}
	for _, m := range maps {
		for k, f := range m {
			all[k] = f
		}
	}
	return all
}

func stripTags(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		j := strings.IndexByte(s[i:], '>')
		if j < 0 {
			return b.String()
		}
		s = s[i+j+1:]
	}
}

// decryptable is the largest ciphertext the machine decrypts.
const decryptable = 1 << 20
