package client

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The functions below count letters as the language does, where every letter is
// one of two bytes; those of more are rare and counted once.

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func length(s string) int {
	if ascii(s) {
		return len(s)
	}
	return utf8.RuneCountInString(s)
}

func slice(s string, i, j int) string {
	if ascii(s) {
		i = max(0, min(i, len(s)))
		return s[i:max(i, min(j, len(s)))]
	}
	out := []rune(s)
	i = max(0, min(i, len(out)))
	return string(out[i:max(i, min(j, len(out)))])
}

func units(s string) []string {
	out := make([]string, 0, len(s))
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		out = append(out, s[i:i+n])
		i += n
	}
	return out
}

// latin gives each byte the letter of its number, as atob does.
func latin(b []byte) string {
	if ascii(string(b)) {
		return string(b)
	}
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = rune(c)
	}
	return string(out)
}

// unescape undoes %41 and %u0041.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			from, to := i+1, i+3
			if i+1 < len(s) && s[i+1]|0x20 == 'u' {
				from, to = i+2, i+6
			}
			if to <= len(s) {
				if v, err := strconv.ParseUint(s[from:to], 16, 16); err == nil {
					b = utf8.AppendRune(b, rune(v))
					i = to - 1
					continue
				}
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func (r *runner) textMethod(name string, this value, args []value) (value, bool) {
	s := this.s
	switch name {
	case "charCodeAt", "codePointAt", "charAt", "at":
		i, ok := integer(args, 0, 0)
		if !ok || !this.known() {
			return some(this), true
		}
		c := slice(s, i, i+1)
		if name == "charAt" || name == "at" {
			return value{k: text, s: c, from: this.from}, true
		}
		if c == "" || i < 0 {
			return num(math.NaN()), true
		}
		u, _ := utf8.DecodeRuneInString(c)
		return value{k: number, n: float64(u), from: this.from}, true
	case "split":
		return r.split(this, args), true
	case "replace", "replaceAll":
		return r.replace(name, this, args), true
	case "match", "matchAll":
		return r.match(name, this, arg(args, 0)), true
	case "search", "indexOf", "lastIndexOf", "includes", "startsWith", "endsWith":
		t := arg(args, 0)
		if !this.known() || !t.known() || name == "search" {
			return r.compared(this, t), true
		}
		switch name {
		case "includes":
			return yes(strings.Contains(s, t.string())), true
		case "startsWith":
			return yes(strings.HasPrefix(s, t.string())), true
		case "endsWith":
			return yes(strings.HasSuffix(s, t.string())), true
		case "lastIndexOf":
			return num(float64(strings.LastIndex(s, t.string()))), true
		}
		from, _ := integer(args, 1, 0)
		from = max(0, min(from, len(s)))
		i := strings.Index(s[from:], t.string())
		if i < 0 {
			return num(-1), true
		}
		return num(float64(length(s[:from+i]))), true
	case "substr", "substring", "slice":
		i, ok1 := integer(args, 0, 0)
		j, ok2 := integer(args, 1, 1<<30)
		if !ok1 || !ok2 || !this.known() {
			return value{k: text, s: some(this).string(), from: some(this).from}, true
		}
		n := length(s)
		switch {
		case name == "substring":
			i, j = max(0, min(i, n)), max(0, min(j, n))
			if j < i {
				i, j = j, i
			}
		default:
			if i < 0 {
				i = max(0, n+i)
			}
			if name == "substr" {
				j = i + max(0, min(j, n))
			} else if j < 0 {
				j = n + j
			}
		}
		return r.built(slice(s, i, j), this), true
	case "toLowerCase", "toLocaleLowerCase":
		return r.built(strings.ToLower(s), this), true
	case "toUpperCase", "toLocaleUpperCase":
		return r.built(strings.ToUpper(s), this), true
	case "trim", "trimStart", "trimEnd", "toString", "valueOf", "normalize":
		return r.built(strings.TrimSpace(s), this), true
	case "concat":
		out := this
		for _, a := range args {
			out = r.plus(out, str(a.string()))
		}
		return out, true
	case "repeat", "padStart", "padEnd":
		n, ok := integer(args, 0, 0)
		if name == "repeat" && ok && n >= 0 && n <= maxText/max(1, len(s)) {
			return r.built(strings.Repeat(s, n), this), true
		}
		pad := "0"
		if p := arg(args, 1); p.k == text && len(p.s) == 1 {
			pad = p.s
		}
		if fill := n - length(s); name != "repeat" && ok && fill > 0 && fill < 4096 {
			if name == "padStart" {
				return r.built(strings.Repeat(pad, fill)+s, this), true
			}
			return r.built(s+strings.Repeat(pad, fill), this), true
		}
		return this, true
	case "constructor":
		return r.free("String", args)
	case "italics", "fontcolor":
		if name == "italics" {
			return r.built("<i>"+s+"</i>", this), true
		}
		return r.built(`<font color="`+arg(args, 0).string()+`">`+s+"</font>", append(args, this)...), true
	case "link", "anchor", "bold":
		return this, true
	}
	return value{}, false
}

func (r *runner) split(this value, args []value) value {
	sep := arg(args, 0)
	var parts []string
	switch {
	case len(args) == 0:
		parts = []string{this.s}
	case sep.is("regexp"):
		re := r.pattern(sep.o.name, this.s)
		if re == nil {
			return some(this)
		}
		parts = re.Split(this.s, maxElems)
	case !sep.known():
		return some(this)
	case sep.string() == "":
		parts = units(this.s[:min(len(this.s), maxElems)])
	default:
		parts = strings.SplitN(this.s, sep.string(), maxElems)
	}
	if !r.spend(64 * len(parts)) {
		return some(this)
	}
	elems := make([]value, len(parts))
	for i, p := range parts {
		elems[i] = value{k: text, s: p, from: this.from}
	}
	return array(elems...)
}
