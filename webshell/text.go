package webshell

import (
	"bytes"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// Sizes to which explanations are cut, in bytes.
const (
	MaxSnippet = 200 // Step.Code
	lead       = 40  // of which before the place itself
	MaxShown   = 500 // Reason.Decoded
)

// Lines finds the line of an offset. The zero value knows only line 1.
type Lines struct {
	data   []byte
	before []int // line ends before each block
}

// lineBlock is how much is counted again for each offset, in bytes.
const lineBlock = 4 << 10

// LinesOf counts the lines of a file, which must not change after that.
func LinesOf(data []byte) *Lines {
	l := &Lines{data: data}
	n := 0
	for block := range slices.Chunk(data, lineBlock) {
		l.before = append(l.before, n)
		n += bytes.Count(block, []byte{'\n'})
	}
	return l
}

// At returns the line that holds an offset; the first line is 1.
func (l *Lines) At(offset int) int {
	offset = max(0, min(offset, len(l.data)))
	n := min(offset/lineBlock, len(l.before)-1)
	if n < 0 {
		return 1
	}
	return 1 + l.before[n] + bytes.Count(l.data[n*lineBlock:offset], []byte{'\n'})
}

// Line returns the line that holds an offset; the first line is 1. It reads
// the data up to there: for many offsets of one file use LinesOf.
func Line(data []byte, offset int) int {
	return 1 + bytes.Count(data[:max(0, min(offset, len(data)))], []byte{'\n'})
}

// Snippet returns the code at an offset for a Step: its line, without the
// white space around it, cut to MaxSnippet bytes from shortly before the offset
// on, for those who see only the start of it.
func Snippet(data []byte, offset int) string {
	offset = max(0, min(offset, len(data)))
	before, after := data[max(0, offset-1024):offset], data[offset:min(len(data), offset+MaxSnippet)]
	before = bytes.TrimLeft(before[bytes.LastIndexByte(before, '\n')+1:], " \t\r\v\f")
	after, _, _ = bytes.Cut(after, []byte{'\n'})
	mark := ""
	if n := len(before) - lead; n > 0 {
		for n < len(before) && !utf8.RuneStart(before[n]) {
			n++
		}
		mark, before = "…", before[n:]
	}
	return Cut(mark+string(bytes.TrimSpace(slices.Concat(before, after))), MaxSnippet)
}

// Cut shortens s to at most n bytes of valid UTF-8 and turns control
// characters into spaces, so that it can be shown.
func Cut(s string, n int) string {
	if len(s) > n {
		n = max(0, n-len("…"))
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n] + "…"
	}
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "."))
	return s
}

// PrintableRatio is the share of bytes of data that text has: tab, line ends,
// printable ASCII, and the bytes of valid UTF-8 sequences. At most 64 KiB are
// read. It is 0 for no data.
func PrintableRatio(data []byte) float64 {
	data = data[:min(len(data), 64<<10)]
	if len(data) == 0 {
		return 0
	}
	good := 0
	for i := 0; i < len(data); {
		c := data[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c < 0x7f || c == '\t' || c == '\n' || c == '\r' {
				good++
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(data[i:])
		if r != utf8.RuneError {
			good += n
		}
		i += n
	}
	return float64(good) / float64(len(data))
}

// Words yields the names in code, with their offsets: letters, digits and
// underscores, and with dots those that join names.
func Words(code []byte, dots bool) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for i := 0; i < len(code); {
			if !wordByte(code[i]) {
				i++
				continue
			}
			from := i
			for i < len(code) && (wordByte(code[i]) || dots && code[i] == '.' && i+1 < len(code) && wordByte(code[i+1])) {
				i++
			}
			if !yield(from, code[from:i]) {
				return
			}
		}
	}
}

func wordByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_'
}

// RunsScript reports whether a command line of PowerShell, in lower case, runs a
// script that the server has, and no code of its own.
func RunsScript(s string) bool {
	if !strings.Contains(s, "powershell") || !strings.Contains(s, " -file ") && !strings.Contains(s, " -f ") {
		return false
	}
	for _, w := range []string{" -e ", " -ec ", " -en", " -c ", " -com", "iex", "invoke-", "http", `\temp\`, "%temp%", "programdata", `\users\`, "net user", "whoami"} {
		if strings.Contains(s, w) {
			return false
		}
	}
	return true
}

// SearchEngine reports whether text names a search engine, as scripts do that
// show it other pages than they show people. Google's robot for telephones alone
// is a telephone.
func SearchEngine(s string) bool {
	s = strings.ReplaceAll(strings.ToLower(s), "googlebot-mobile", "")
	for _, name := range []string{"googlebot", "baiduspider", "bingbot", "sogou", "yisouspider", "slurp", "haosou", "spider", "google.", "baidu.", "bing.", "yahoo.", "so.com", "sm.cn", "soso."} {
		if strings.Contains(s, name) {
			return true
		}
	}
	return false
}

// SearchEngines counts the search engines and robots that a list names.
func SearchEngines(list string) int {
	n, last := 0, ""
	for _, w := range strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return strings.ContainsRune(",|;/ ", r) }) {
		switch w {
		case "google", "yahoo", "bing", "msn", "baidu", "sogou", "soso", "youdao", "yandex", "ask", "aol", "so.com", "naver", "duckduckgo", "altavista", "ia_archiver", "bot", "crawler":
		default:
			if !SearchEngine(w) {
				continue
			}
		}
		if w != last {
			n++
		}
		last = w
	}
	return n
}

// PasswordField reports whether a form's field is named as passwords are.
func PasswordField(name string) bool {
	switch s := strings.ToLower(name); s {
	case "pass", "password", "passwd", "pwd", "userpass", "userpwd", "passwort", "senha", "contrasena", "mot_de_passe", "txtpassword", "txtpass", "pw", "mima", "login_password", "oldpwd", "newpwd", "newpwd1", "oldpassword", "newpassword":
		return true
	}
	return false
}

// ReplaceAll is strings.ReplaceAll; ok is false, and nothing is made, where the
// result would have more than limit bytes: 64 kB in the place of each of 64,000
// letters are 4 GB.
func ReplaceAll(s, from, to string, limit int) (out string, ok bool) {
	if grow := len(to) - len(from); grow > 0 && len(s)+strings.Count(s, from)*grow > limit {
		return "", false
	}
	return strings.ReplaceAll(s, from, to), true
}
