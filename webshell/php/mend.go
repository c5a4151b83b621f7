package php

import (
	"bytes"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"limier/internal/literal"
	"limier/webshell"
)

// maxMended bounds the files that are mended: damaged web shells are small, or
// as large as the largest of their kind.
const maxMended = 512 << 10

// A damage is something by which a page does not run as it was meant to.
type damage struct {
	what  string
	mend  func(m *machine) []byte // nil if the page has none of it
	words string                  // without one of which it has none; of any case
}

var damages = []damage{
	{"It is written backwards.", (*machine).unreversed, "php?< [tsop_$ [teg_$ [tseuqer_$"},
	{"Its quotes or brackets are those of a word processor.", (*machine).straightened, "(\u201c =\u201c =~\u201c (\u201d =\u201d =~\u201d ,~\u201c [\u201c (\u2018 =\u2018 =~\u2018 ,~\u2018 [\u2018 [\u2019 (\u2019 =\u2019 =~\u2019 (\u2033 =\u2033 (\u2032 =\u2032 \uff08$ \uff08' \uff08\" ]\uff09 )\uff1b \uff09\uff1b \uff09; )\uff1b"},
	{"A closing tag comes too early.", (*machine).reopened, ""},
	{"Its escapes have lost their backslashes.", (*machine).slashed, `"x6 "x7 "x5`},
	{"Quotes are lost or doubled.", (*machine).requoted, `''| ''/. ''/^ ''~^ ''#^ /e'' |e'' #e'' ''assert ''eval ''system ''exec ''base64 "eval( "assert( =~';`},
	{"The names of what it reads are misspelt.", (*machine).respelt, "(_post[ (_get[ (_request[ (_cookie[ eval($post[ eval($get[ eval($request[ assert($post[ system($get[ system($post[ exec($get[ base64_decode($post[ $~_post $~_get $-post $-get"},
	{"The text that it writes ends too early.", (*machine).cutOut, `'<?php "<?php`},
	{"A function does not see what is set outside of it.", (*machine).shared, ""},
}

// unshared is the last damage, which only shows when the page is run.
const unshared = 1 << 7

// A hint says which damages and which attacks a file may have, by words.
type hint struct{ damages, attacks uint64 }

// hintWords are the words of damages and of attacks, and to which of them each
// belongs: attacks stand behind damages, and behind those the ways to send.
var hintWords, hintOf = wordsOf(len(damages)+len(attacks)+1, func(i int) string {
	switch {
	case i < len(damages):
		return damages[i].words
	case i < len(damages)+len(attacks):
		return attacks[i-len(damages)].keys
	}
	return "curl_exec fsockopen( socket_create stream_context_create curl_init http_request"
})

// hints looks for the words in one pass.
func hints(data []byte, have trait) (h hint) {
	if len(data) > maxMended {
		return hint{}
	}
	if len(data) >= 2048 && have&(hasRemote|hasDeadly|hasWrite|hasList|hasRequest) == 0 && bytes.Contains(data[:2048], []byte("<?")) {
		return hint{}
	}
	said := saidBy(data, hintWords(), hintOf)
	if said != 0 && have&saysClass != 0 && (len(data) >= 8192 || have&hasRemote == 0) && partOfProgram(data) {
		return hint{}
	}
	h.attacks = mayAttack(data, have, said>>len(damages))
	if !bytes.Contains(data, []byte("<?")) {
		h.damages = said & 1
		return h
	}
	if have&(hasRequest|hasDeadly|hasDecoder|hasDynamic) != 0 {
		h.damages = mayMend(data, have, said&(1<<len(damages)-1))
	}
	return h
}

// mayBeWordless says that a page starts as those without words do.
func mayBeWordless(data []byte) bool {
	head := data[:min(len(data), 32)]
	return len(data) < 4096 && (bytes.Contains(head, []byte("$_=")) || bytes.Contains(head, []byte("@$_")))
}

// mayMend says which damages a file with a tag may have, by those of which it has
// a word.
func mayMend(data []byte, have trait, may uint64) uint64 {
	const early, tooEarly = 1 << 2, 1 << 6
	if have&hasWrite == 0 {
		may &^= tooEarly
	}
	if len(data) < 64<<10 && bytes.Count(data, []byte("?>")) > bytes.Count(data, []byte("<?")) {
		may |= early
	}
	return may | unshared
}

// wordsOf is a set of the words of several lists, and for each word the lists
// that have it. In a word, ~ is a space.
func wordsOf(n int, list func(int) string) (func() *literal.Set, []uint64) {
	var words []string
	var by []uint64
	at := map[string]int{}
	for i := range n {
		for w := range strings.FieldsSeq(list(i)) {
			w = strings.ReplaceAll(w, "~", " ")
			if _, ok := at[w]; !ok {
				at[w] = len(words)
				words, by = append(words, w), append(by, 0)
			}
			by[at[w]] |= 1 << i
		}
	}
	return literal.NewSource(words...), by
}

// saidBy says of which lists a text has a word.
func saidBy(data []byte, set *literal.Set, by []uint64) (lists uint64) {
	var held [4]uint64
	set.Contained(held[:set.Words()], data)
	for i, h := range held {
		for ; h != 0; h &= h - 1 {
			lists |= by[64*i+bits.TrailingZeros64(h)]
		}
	}
	return lists
}

// mend judges the page as it was meant to be.
func (m *machine) mend() {
	if m.alarmed() || m.framed {
		return
	}
	may := m.hint.damages
	for i, d := range damages {
		if may&(1<<i) == 0 {
			continue
		}
		src := d.mend(m)
		if src == nil || bytes.Equal(src, m.file.src) {
			continue
		}
		sub := newMachine(m.path, src, traits(src))
		reasons := strongestFirst(sub.analyse())
		sub.release()
		if len(reasons) == 0 || reasons[0].Verdict.Rank() < webshell.Malicious.Rank() {
			continue
		}
		r := reasons[0]
		r.Verdict, r.Confidence, r.Rule = webshell.Malicious, moderate, "damaged-page"
		r.Text = "The page does not run as it stands. " + d.what + " Mended, it would do this. " + r.Text
		m.reason(r)
		return
	}
	if len(m.file.src) < 4096 && m.wordless() {
		m.report("hidden-names", webshell.Malicious, moderate, "The script works on texts without a single word of PHP in it, so that nobody sees what it does.", &node{}, value{})
		return
	}
	if may&(1<<3) != 0 && m.lostNames() >= 2 {
		m.report("damaged-page", webshell.Malicious, moderate, "Names of functions are written in escapes, turned round or not, which have lost their backslashes"+asItStands, &node{}, value{})
	}
}

// wordless says that the code has no name of a function, no keyword and no
// variable with a letter, and makes texts by their bits.
func (m *machine) wordless() bool {
	worked, vars := 0, 0
	for i, t := range m.file.tokens {
		switch t.kind {
		case tIdent, tNum:
			return false
		case tHTML:
			if len(bytes.Trim(m.file.src[t.pos:t.end], "\xef\xbb\xbf \r\n")) > 0 {
				return false
			}
		case tVar:
			if vars++; bytes.ContainsFunc(m.file.src[t.pos:t.end], unicode.IsLetter) {
				return false
			}
		case '^', '|', '~':
			if i > 0 {
				worked++
			}
		}
	}
	return vars >= 3 && worked >= 2
}

// lostNames counts the names of functions in escapes that have lost their
// backslashes.
func (m *machine) lostNames() (n int) {
	for _, b := range unslashedText.FindAll(m.file.src, 100) {
		word := strings.ToLower(string(plainEscapes(b)))
		for _, w := range []string{word, reverse(word)} {
			if len(w) <= maxWord && wordTable[w] != 0 || nativeOf(w) != unknownNative {
				n++
				break
			}
		}
	}
	return n
}

// unreversed is the page whose text is written backwards.
func (m *machine) unreversed() []byte {
	if src := m.file.src; bytes.Contains(src, []byte("<?php")) || !bytes.HasSuffix(bytes.TrimSpace(src), []byte("php?<")) && !bytes.Contains(src, []byte(" noitcnuf")) {
		return nil
	}
	text := reverse(string(m.file.src))
	if !strings.Contains(text, "<?") {
		text = "<?php " + text
	}
	return []byte(text)
}

// straight are the signs of a word processor, and what PHP has instead.
var straight = strings.NewReplacer("\u201c", `"`, "\u201d", `"`, "\u2033", `"`, "\u2018", "'", "\u2019", "'", "\u2032", "'",
	"\uff08", "(", "\uff09", ")", "\uff1b", ";", "\uff0c", ",", "\uff1d", "=", "\uff04", "$", "\uff02", `"`, "\uff07", "'", "\uff3b", "[", "\uff3d", "]")

// straightened is the page with plain quotes and brackets, where it has others
// outside texts: there they are read as letters of names.
func (m *machine) straightened() []byte {
	var out bytes.Buffer
	at, n, open := uint32(0), 0, 0
	for _, t := range m.file.tokens {
		text := t.kind == tStr || t.kind == tTpl // one that ends too late, as its own quote is no plain one
		if t.pos < at || !text && t.kind != tIdent && t.kind != tVar || text && bytes.IndexByte(m.file.src[t.pos:t.end], '\n') < 0 {
			continue
		}
		old := string(m.file.src[t.pos:t.end])
		plain := straight.Replace(old)
		if plain == old {
			continue
		}
		if (plain == `"` || plain == "'") && open%2 == 0 { // one sign for both
			plain += plain
		}
		if !text {
			open += strings.Count(plain, `"`) + strings.Count(plain, "'")
		}
		n++
		out.Write(m.file.src[at:t.pos])
		out.WriteString(plain)
		at = t.end
	}
	if n == 0 {
		return nil
	}
	out.Write(m.file.src[at:])
	return out.Bytes()
}

// reopened is the page with an opening tag behind each closing tag that code
// follows.
func (m *machine) reopened() []byte {
	var out bytes.Buffer
	at := uint32(0)
	for _, t := range m.file.tokens {
		if t.kind != tHTML || !bytes.Contains(m.file.src[t.pos:t.end], []byte("?>")) || bytes.IndexByte(m.file.src[t.pos:t.end], '$') < 0 {
			continue
		}
		out.Write(m.file.src[at:t.pos])
		out.WriteString("<?php ")
		at = t.pos
	}
	if at == 0 {
		return nil
	}
	out.Write(m.file.src[at:])
	return out.Bytes()
}

var escapeUnit = regexp.MustCompile(`x[0-9a-fA-F]{2}|[0-7]{2,3}`)

var unslashedText = regexp.MustCompile(`"x[0-9a-fA-F]{2}(?:x[0-9a-fA-F]{2}|[0-7]{2,3}){3,}[. ]*"`)

// slashed is the page with the backslashes that its escapes have lost.
func (m *machine) slashed() []byte {
	if !unslashedText.Match(m.file.src) {
		return nil
	}
	return unslashedText.ReplaceAllFunc(m.file.src, func(b []byte) []byte {
		out := plainEscapes(b)
		if bytes.ContainsAny(out, "\"\\$") {
			return b
		}
		return []byte(`"` + string(out) + `"`)
	})
}

// plainEscapes is what a text of escapes without backslashes says.
func plainEscapes(b []byte) (out []byte) {
	for _, e := range escapeUnit.FindAll(b, -1) {
		base := 8
		if e[0] == 'x' {
			e, base = e[1:], 16
		}
		c, _ := strconv.ParseUint(string(e), base, 8)
		out = append(out, byte(c))
	}
	return out
}

var (
	doubled  = regexp.MustCompile(`([=(,]\s*)''([\w|/#~@][^'\n]{0,60})''(\s*[;,)])`)
	inner    = regexp.MustCompile(`"((?:eval|assert)\s*\((?:\w+\s*\()+)"([A-Za-z0-9+/=]{20,})"(\)+;?)"`)
	lost     = regexp.MustCompile(`([=,(]\s*)(['"])(\s*[;,)])`)
	lostLine = regexp.MustCompile(`(?m)[=]\s*['"];[ \t]*\r?$`)
)

// requoted is the page with the quotes that it has lost, and without those that
// it has too many.
func (m *machine) requoted() []byte {
	src := inner.ReplaceAll(doubled.ReplaceAll(m.file.src, []byte("$1'$2'$3")), []byte(`'$1"$2"$3'`))
	if !lostLine.Match(src) {
		return src
	}
	lines := bytes.SplitAfter(src, []byte("\n"))
	for i, line := range lines {
		if (bytes.Count(line, []byte("'"))%2 == 1 || bytes.Count(line, []byte(`"`))%2 == 1) && len(line) < 400 {
			if at := lost.FindSubmatchIndex(line); at != nil {
				q := line[at[4]:at[5]]
				lines[i] = bytes.Join([][]byte{line[:at[3]], q, q, line[at[6]:]}, nil)
			}
		}
	}
	return bytes.Join(lines, nil)
}

var bareField = regexp.MustCompile(`(?i)\b(eval|assert|system|exec|passthru|shell_exec)(\s*\(\s*(?:\w+\s*\(\s*)*)(?:\$\s+_?|\$_\s+|\$-|\$|_)(post|get|request|cookie)(\s*\[)`)

// respelt is the page with the names of the request put right.
func (m *machine) respelt() []byte {
	return bareField.ReplaceAllFunc(m.file.src, func(b []byte) []byte {
		p := bareField.FindSubmatch(b)
		return bytes.Join([][]byte{p[1], p[2], []byte("$_"), bytes.ToUpper(p[3]), p[4]}, nil)
	})
}

// cutOut is the script within a text that it ends by its own quotes.
func (m *machine) cutOut() []byte {
	for i, t := range m.file.tokens[:len(m.file.tokens)-1] {
		if t.kind != tStr && t.kind != tTpl {
			continue
		}
		b := m.file.src[t.pos:t.end]
		at := bytes.Index(b, []byte("<?"))
		next := m.file.tokens[i+1]
		if at < 0 || next.kind != tIdent && next.kind != tVar || next.pos > t.end {
			continue
		}
		rest := m.file.src[int(t.pos)+at:]
		if e := bytes.Index(rest, []byte("\n"+string(b[:1])+")")); e > 0 {
			rest = rest[:e]
		}
		return rest
	}
	return nil
}

// shared is the page whose functions see the variables that the code outside of
// them sets from the request, where they have none of that name.
func (m *machine) shared() []byte {
	if !m.small() {
		return nil
	}
	var out bytes.Buffer
	at := uint32(0)
	for _, n := range m.list {
		if n.op != nFunc || n.fn == nil || int(n.fn.lo) >= len(n.fn.toks) || n.fn.lo == 0 {
			continue
		}
		lo, hi := int(n.fn.lo), min(int(n.fn.hi), len(n.fn.toks)-1)
		names := m.unseen(n.fn, string(m.file.src[n.fn.toks[lo].pos:n.fn.toks[hi].pos]))
		if len(names) == 0 || bytes.Contains(m.file.src[n.pos:n.end], []byte("global")) {
			continue
		}
		from := n.fn.toks[lo].pos
		if from < at {
			continue
		}
		out.Write(m.file.src[at:from])
		out.WriteString("global " + strings.Join(names, ",") + ";")
		at = from
	}
	if at == 0 {
		return nil
	}
	out.Write(m.file.src[at:])
	return out.Bytes()
}

// unseen are the variables in a function's body that are set from the request, but
// outside of it.
func (m *machine) unseen(f *function, body string) (names []string) {
	for name, s := range m.globals.vars {
		if s.v.t&fromRequest == 0 || slices.ContainsFunc(f.params, func(q param) bool { return q.name == name }) {
			continue
		}
		_, rest, ok := strings.Cut(body, "$"+name)
		if rest = strings.TrimLeft(rest, " "); ok && rest != "" && !isIdent(rest[0]) && (rest[0] != '=' || strings.HasPrefix(rest, "==")) {
			names = append(names, "$"+name)
		}
	}
	slices.Sort(names)
	return names
}
