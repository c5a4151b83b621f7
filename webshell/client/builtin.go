package client

import (
	"encoding/base64"
	"math"
	"net/url"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func arg(args []value, i int) value {
	if i < len(args) {
		return args[i]
	}
	return none()
}

func (r *runner) built(s string, from ...value) value {
	r.spend(len(s))
	return value{k: text, s: s[:min(len(s), maxText)], from: some(from...).from}
}

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

// native calls a function of the language or the browser; this is what it is a
// method of, unknown without. One may call another, and so itself.
func (r *runner) native(name string, this value, args []value) value {
	if r.left--; r.left <= 0 || r.nest > maxNest {
		return value{}
	}
	r.nest++
	defer func() { r.nest-- }()
	if this.callable() {
		if v, ok := r.functional(name, this, args); ok {
			return v
		}
	}
	switch {
	case this.k == text:
		if v, ok := r.textMethod(name, this, args); ok {
			return v
		}
	case this.is("array"):
		if v, ok := r.arrayMethod(name, this, args); ok {
			return v
		}
	case this.k == number && name == "toString":
		base := 10
		if f, ok := arg(args, 0).number(); ok && f >= 2 && f <= 36 {
			base = int(f)
		}
		if base == 10 {
			return str(format(this.n))
		}
		return value{k: text, s: strconv.FormatInt(int64(this.n), base), from: this.from}
	case this.is("regexp"):
		switch name {
		case "test", "exec":
			return r.match(name, arg(args, 0), this)
		case "toString":
			return str(this.o.name)
		}
	case this.is("object"):
		switch name {
		case "hasOwnProperty":
			_, ok := this.o.props[r.text(arg(args, 0))]
			return yes(ok)
		case "toString":
			return str("[object Object]")
		}
	}
	if v, ok := r.free(name, args); ok {
		return v
	}
	return r.act(name, this, args)
}

// functional calls what functions have.
func (r *runner) functional(name string, fn value, args []value) (value, bool) {
	switch name {
	case "call":
		if fn.is("native") && len(args) > 0 { // [].slice.call(x)
			return r.native(fn.o.name, pick(args[0], fn.o.this), args[1:]), true
		}
		return r.call(fn, arg(args, 0), args[min(1, len(args)):]), true
	case "apply":
		list := arg(args, 1)
		in := list.o
		if !list.is("array") {
			if list.k == unknown {
				return r.call(fn, arg(args, 0), []value{list}), true
			}
			in = &object{}
		}
		r.left -= len(in.elems)
		if fn.is("native") {
			return r.native(fn.o.name, pick(arg(args, 0), fn.o.this), in.elems), true
		}
		return r.call(fn, arg(args, 0), in.elems), true
	case "bind":
		return fn, true
	case "toString":
		return value{}, true
	case "constructor":
		return r.compile(args), true
	}
	return value{}, false
}

// pick is the receiver that call and apply name, unless that is none.
func pick(named, own value) value {
	if named.k == undefined || named.is("window") || named.is("native") {
		return own
	}
	return named
}

// free calls what needs no receiver.
func (r *runner) free(name string, args []value) (value, bool) {
	a := arg(args, 0)
	r.left -= len(a.s) / 64
	switch name {
	case "fromCharCode", "fromCodePoint":
		var b []byte
		for _, v := range args {
			f, ok := v.number()
			if !ok {
				b = append(b, hole...)
				continue
			}
			b = utf8.AppendRune(b, rune(uint16(whole(f))))
		}
		return r.built(string(b), args...), true
	case "unescape", "decodeURIComponent", "decodeURI":
		if a.k == unknown {
			return some(a), true
		}
		s := r.text(a)
		if name != "unescape" {
			out, err := url.PathUnescape(s)
			if err != nil || !utf8.ValidString(out) {
				r.raised = a.known()
				return some(a), true
			}
			return r.built(out, a), true
		}
		return r.built(unescape(s), a), true
	case "escape", "encodeURIComponent", "encodeURI":
		if !a.known() {
			return r.built(a.string(), a), true
		}
		if name == "encodeURI" {
			return a, true
		}
		return r.built(strings.ReplaceAll(url.QueryEscape(a.string()), "+", "%20"), a), true
	case "atob":
		if !a.known() {
			return some(a), true
		}
		s := strings.Join(strings.Fields(a.string()), "")
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
		if err != nil {
			r.raised = true
			return value{}, true
		}
		return r.built(latin(b), a), true
	case "btoa":
		if !a.known() {
			return r.built(hole, a), true
		}
		return r.built(base64.StdEncoding.EncodeToString([]byte(a.string())), a), true
	case "parseInt":
		if !a.known() {
			return some(a), true
		}
		base := 10
		if f, ok := arg(args, 1).number(); ok && f >= 2 && f <= 36 {
			base = int(f)
		}
		f, ok := parseInt(a.string(), base)
		if !ok {
			f = math.NaN()
		}
		return num(f), true
	case "Number", "parseFloat":
		if f, ok := a.number(); ok {
			return num(f), true
		}
		return some(a), true
	case "isNaN":
		if f, ok := a.number(); ok {
			return yes(math.IsNaN(f)), true
		}
		return some(a), true
	case "String":
		if len(args) == 0 {
			return str(""), true
		}
		return r.built(a.string(), a), true
	case "Boolean":
		if t, ok := a.truth(); ok {
			return yes(t), true
		}
		return some(a), true
	case "floor", "ceil", "round", "abs", "pow", "sqrt", "max", "min":
		return calculated(name, args), true
	case "Array":
		if f, ok := a.number(); ok && len(args) == 1 && a.k == number && f >= 0 && f < 4096 {
			r.spend(64 * int(f))
			return array(make([]value, int(f))...), true
		}
		return array(args...), true
	case "from", "of":
		if name == "of" {
			return array(args...), true
		}
		list := a
		if a.k == text && a.known() && r.spend(64*len(a.s)) {
			list = array()
			for _, c := range units(a.s) {
				list.o.elems = append(list.o.elems, str(c))
			}
		}
		if list.is("array") && len(args) > 1 {
			v, _ := r.arrayMethod("map", list, args[1:])
			return v, true
		}
		return list, true
	case "RegExp":
		if a.is("regexp") {
			return a, true
		}
		flags := ""
		if f := arg(args, 1); f.k == text {
			flags = f.s
		}
		return obj(&object{class: "regexp", name: r.built("/"+a.string()+"/"+flags, a).s}), true
	case "keys":
		if a.is("object") {
			out := array()
			r.spend(64 * len(a.o.keys))
			for _, k := range a.o.keys {
				out.o.elems = append(out.o.elems, str(k))
			}
			return out, true
		}
	case "stringify":
		return value{k: text, s: hole, from: a.marks()}, true
	}
	return value{}, false
}

func calculated(name string, args []value) value {
	x, ok1 := arg(args, 0).number()
	y, ok2 := arg(args, 1).number()
	if !ok1 || len(args) > 1 && !ok2 || len(args) > 2 {
		return some(args...)
	}
	switch name {
	case "floor":
		x = math.Floor(x)
	case "ceil":
		x = math.Ceil(x)
	case "round":
		x = math.Floor(x + 0.5)
	case "abs":
		x = math.Abs(x)
	case "pow":
		x = math.Pow(x, y)
	case "sqrt":
		x = math.Sqrt(x)
	case "max":
		x = math.Max(x, y)
	case "min":
		x = math.Min(x, y)
	}
	return num(x)
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

// integer is an argument as a count of letters or elements, and whether it is known.
func integer(args []value, i, otherwise int) (int, bool) {
	if i >= len(args) || args[i].k == undefined {
		return otherwise, true
	}
	f, ok := args[i].number()
	if !ok {
		return otherwise, false
	}
	if math.IsNaN(f) {
		f = 0
	}
	return int(max(-1<<30, min(f, 1<<30))), true
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
			return value{k: text, s: hole, from: some(this).from}, true
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

func (r *runner) replace(name string, this value, args []value) value {
	what, with := arg(args, 0), arg(args, 1)
	if !what.is("regexp") {
		if !what.known() {
			return some(this, with)
		}
		at := strings.Index(this.s, what.string())
		if at < 0 {
			return this
		}
		out := with.string()
		if with.callable() {
			out = r.call(with, value{}, []value{str(what.string())}).string()
		}
		n := 1
		if name == "replaceAll" {
			n = -1
		}
		if strings.Count(this.s, what.string())*len(out)+len(this.s) > maxText {
			return some(this)
		}
		return r.built(strings.Replace(this.s, what.string(), out, n), this, with)
	}
	re := r.pattern(what.o.name, this.s)
	if re == nil {
		return some(this, with)
	}
	_, flags := cutRegexp(what.o.name)
	n := 1
	if strings.Contains(flags, "g") {
		n = maxGroups / (1 + re.NumSubexp())
	}
	var b strings.Builder
	from, pattern := 0, r.text(with)
	for _, m := range re.FindAllStringSubmatchIndex(this.s, n) {
		b.WriteString(this.s[from:m[0]])
		from = m[1]
		if with.callable() {
			b.WriteString(r.call(with, value{}, groups(this.s, m)).string())
		} else {
			expand(&b, pattern, this.s, m)
		}
		if r.left--; r.left <= 0 || b.Len() > maxText {
			break
		}
	}
	b.WriteString(this.s[from:])
	return r.built(b.String(), this, with)
}

// maxGroups bounds the groups that one replacement finds.
const maxGroups = 1 << 18

// expand writes what stands for a match: $& is all of it, $1 its first group.
func expand(b *strings.Builder, with, s string, m []int) {
	for b.Len() <= maxText {
		before, rest, ok := strings.Cut(with, "$")
		b.WriteString(before)
		if !ok {
			return
		}
		group, n := 0, 0
		for n < len(rest) && n < 2 && rest[n] >= '0' && rest[n] <= '9' {
			group = 10*group + int(rest[n]-'0')
			n++
		}
		switch {
		case n > 0:
		case strings.HasPrefix(rest, "&"):
			n = 1
		default:
			b.WriteByte('$')
			with = strings.TrimPrefix(rest, "$")
			continue
		}
		if 2*group < len(m) && m[2*group] >= 0 {
			b.WriteString(s[m[2*group]:m[2*group+1]])
		}
		with = rest[n:]
	}
}

func groups(s string, m []int) []value {
	var out []value
	for i := 0; i+1 < len(m); i += 2 {
		if m[i] < 0 {
			out = append(out, none())
			continue
		}
		out = append(out, str(s[m[i]:m[i+1]]))
	}
	return append(out, num(float64(m[0])), str(s))
}

func cutRegexp(s string) (body, flags string) {
	i := strings.LastIndexByte(s, '/')
	if i < 1 {
		return strings.TrimPrefix(s, "/"), ""
	}
	return s[1:i], s[i+1:]
}

// Bounds of a regular expression: in bytes, and in instructions of its program,
// since .{1000} is short.
const (
	maxPattern = 300
	maxProgram = 2000
)

// A pattern is a regular expression in Go's engine, which knows less.
type pattern struct {
	re   *regexp.Regexp // nil where it fails
	size int            // of its program
}

// pattern is a regular expression for a text; nil where that fails or takes too
// long.
func (r *runner) pattern(rx, s string) *regexp.Regexp {
	if len(rx) > maxPattern {
		return nil
	}
	p, ok := r.patterns[rx]
	if !ok {
		p = compiled(rx)
		r.patterns[rx] = p
		r.spend(512 * (8 + p.size))
	}
	work := len(s) / 128 * (16 + p.size)
	if work > r.left {
		return nil
	}
	r.left -= work
	return p.re
}

func compiled(rx string) (p pattern) {
	body, flags := cutRegexp(rx)
	if strings.Contains(flags, "i") {
		body = "(?i)" + body
	}
	if strings.Contains(flags, "m") {
		body = "(?m)" + body
	}
	body = strings.ReplaceAll(body, `\/`, "/")
	tree, err := syntax.Parse(body, syntax.Perl)
	if err != nil {
		return p
	}
	if program, err := syntax.Compile(tree.Simplify()); err == nil && len(program.Inst) <= maxProgram {
		p.size = len(program.Inst)
		p.re, _ = regexp.Compile(body)
	}
	return p
}

// match is match, test and exec.
func (r *runner) match(name string, s, rx value) value {
	if !s.known() || !rx.is("regexp") && !rx.known() {
		return r.compared(s, rx)
	}
	in, pattern := s.string(), rx.string()
	if !rx.is("regexp") {
		pattern = "/" + pattern + "/"
	}
	re := r.pattern(pattern, in)
	if re == nil {
		return some(s)
	}
	_, flags := cutRegexp(pattern)
	switch {
	case name == "test":
		return yes(re.MatchString(in))
	case name == "match" && strings.Contains(flags, "g"):
		out := array()
		for _, m := range re.FindAllString(in, maxElems) {
			out.o.elems = append(out.o.elems, str(m))
		}
		r.spend(64 * len(out.o.elems))
		if len(out.o.elems) == 0 {
			return none()
		}
		return out
	case name == "matchAll" || name == "exec" && strings.Contains(flags, "g"):
		return some(s)
	}
	m := re.FindStringSubmatchIndex(in)
	if m == nil {
		return none()
	}
	g := groups(in, m)
	return array(g[:len(g)-2]...)
}

func (r *runner) arrayMethod(name string, this value, args []value) (value, bool) {
	o := this.o
	a := arg(args, 0)
	room := func() bool { return len(o.elems) < maxElems && r.spend(64*len(o.elems)) }
	switch name {
	case "push":
		if len(o.elems)+len(args) < maxElems && r.spend(64*len(args)) {
			o.elems = append(o.elems, args...)
		}
		return num(float64(len(o.elems))), true
	case "unshift":
		if room() {
			o.elems = append(slices.Clone(args), o.elems...)
		}
		return num(float64(len(o.elems))), true
	case "pop":
		if n := len(o.elems); n > 0 {
			v := o.elems[n-1]
			o.elems = o.elems[:n-1]
			return v, true
		}
		return none(), true
	case "shift":
		if len(o.elems) > 0 {
			v := o.elems[0]
			o.elems = o.elems[1:]
			return v, true
		}
		return none(), true
	case "join", "toString":
		sep := ","
		if a.k == text {
			sep = a.s
		}
		var b strings.Builder
		for i, e := range o.elems {
			if i > 0 {
				b.WriteString(sep)
			}
			if e.k != undefined {
				b.WriteString(e.string())
			}
			if r.left--; b.Len() > maxText || r.left <= 0 {
				break
			}
		}
		return r.built(b.String(), this), true
	case "reverse":
		slices.Reverse(o.elems)
		r.left -= len(o.elems) / 16
		return this, true
	case "slice":
		i, ok1 := integer(args, 0, 0)
		j, ok2 := integer(args, 1, len(o.elems))
		if !ok1 || !ok2 || !room() {
			return some(this), true
		}
		n := len(o.elems)
		if i < 0 {
			i += n
		}
		if j < 0 {
			j += n
		}
		i = max(0, min(i, n))
		return array(slices.Clone(o.elems[i:max(i, min(j, n))])...), true
	case "splice":
		i, _ := integer(args, 0, 0)
		n, _ := integer(args, 1, 1<<30)
		if i < 0 {
			i += len(o.elems)
		}
		i = max(0, min(i, len(o.elems)))
		n = max(0, min(n, len(o.elems)-i))
		if !room() {
			return some(this), true
		}
		cut := slices.Clone(o.elems[i : i+n])
		o.elems = slices.Concat(o.elems[:i], args[min(2, len(args)):], o.elems[i+n:])
		return array(cut...), true
	case "concat":
		out := slices.Clone(o.elems)
		for _, a := range args {
			if a.is("array") && len(out)+len(a.o.elems) < maxElems {
				out = append(out, a.o.elems...)
			} else {
				out = append(out, a)
			}
		}
		r.spend(64 * len(out))
		return array(out...), true
	case "indexOf", "includes":
		for i, e := range o.elems {
			if r.left--; r.left <= 0 {
				break
			}
			if same, ok := r.equal(e, a); ok && same {
				if name == "includes" {
					return yes(true), true
				}
				return num(float64(i)), true
			}
		}
		if !a.known() {
			return some(this, a), true
		}
		if name == "includes" {
			return yes(false), true
		}
		return num(-1), true
	case "forEach", "map", "filter", "some", "every", "find", "reduce", "reduceRight", "sort":
		return r.callEach(name, this, args), true
	}
	return value{}, false
}

// callEach calls a function for each element.
func (r *runner) callEach(name string, this value, args []value) value {
	fn, out := arg(args, 0), array()
	acc := arg(args, 1)
	if name == "sort" {
		return this
	}
	for i, e := range this.o.elems {
		if r.left -= 1 + len(e.s)/perStep; r.left <= 0 || r.raised {
			break
		}
		at := num(float64(i))
		if name == "reduce" || name == "reduceRight" {
			if i == 0 && len(args) < 2 {
				acc = e
				continue
			}
			acc = r.call(fn, value{}, []value{acc, e, at, this})
			continue
		}
		v := r.call(fn, arg(args, 1), []value{e, at, this})
		t, _ := v.truth()
		switch {
		case name == "map":
			out.o.elems = append(out.o.elems, v)
			r.spend(64)
		case name == "filter" && t:
			out.o.elems = append(out.o.elems, e)
			r.spend(64)
		case name == "find" && t:
			return e
		}
	}
	switch name {
	case "map", "filter":
		return out
	case "reduce", "reduceRight":
		return acc
	case "forEach":
		return none()
	}
	return value{}
}
