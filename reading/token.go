package reading

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token is a word, a number or a mark of punctuation. Elided articles stand
// alone ("l'", "Union"), as do "'s" and "n't".
type token struct {
	start, end int // bytes in the text
	lower      string
	word       bool // letters or digits
	upper      bool // starts with a capital
	number     bool // digits only, perhaps with separators
}

// A sentence is a run of tokens. Sentences of one paragraph share its number.
type sentence struct {
	lo, hi    int // tokens
	paragraph int
}

// maxSentence is how many tokens are read as one sentence: what is longer is
// no sentence, and is cut so that the work stays linear.
const maxSentence = 300

var elisions = map[string]bool{"l": true, "d": true, "n": true, "s": true, "j": true, "m": true, "t": true, "c": true, "qu": true, "jusqu": true, "lorsqu": true, "puisqu": true}

// maxTokens is how many tokens of one text are read: more than prose of
// maxText holds.
const maxTokens = 1 << 20

// tokenize cuts text, which is valid UTF-8, into tokens.
func tokenize(text string) []token {
	tokens := make([]token, 0, min(len(text)/5, maxTokens)+1)
	for i := 0; i < len(text) && len(tokens) < maxTokens; {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' || r == '\u00ad' || unicode.IsControl(r):
			i += n
		case wordRune(r):
			j := wordEnd(text, i)
			tokens = appendWord(tokens, text, i, j)
			i = j
		default:
			tokens = append(tokens, token{start: i, end: i + n, lower: plainQuote(text[i : i+n])})
			i += n
		}
	}
	return tokens
}

func plainQuote(s string) string {
	switch s {
	case "’", "‘", "ʼ":
		return "'"
	case "“", "”", "«", "»", "„":
		return `"`
	case "–", "—":
		return "-"
	}
	return s
}

func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_'
}

// wordEnd returns the end of the word that starts at i: letters and digits,
// with single marks inside ("state-sponsored", "net.exe", "400,000", "AT&T").
func wordEnd(text string, i int) int {
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		if !wordRune(r) {
			inner := r == '-' || r == '\'' || r == '’' || r == '&' || r == '.' || r == ',' || r == '‑'
			next, _ := utf8.DecodeRuneInString(text[min(i+n, len(text)):])
			if !inner || !wordRune(next) {
				return i
			}
			prev, _ := utf8.DecodeLastRuneInString(text[:i])
			if (r == ',') && !(unicode.IsDigit(prev) && unicode.IsDigit(next)) {
				return i
			}
			if r == '.' && unicode.IsUpper(next) && !unicode.IsUpper(prev) {
				return i // "end.Next"
			}
		}
		i += n
	}
	return i
}

// appendWord adds text[i:j], cut at elisions and English endings.
func appendWord(tokens []token, text string, i, j int) []token {
	w := text[i:j]
	if at := strings.IndexAny(w, "'’"); at > 0 {
		_, n := utf8.DecodeRuneInString(w[at:])
		head, tail := w[:at], w[at+n:]
		low := strings.ToLower(tail)
		switch {
		case elisions[strings.ToLower(head)]:
			tokens = append(tokens, word(text, i, i+at+n))
			return appendWord(tokens, text, i+at+n, j)
		case low == "s" || low == "re" || low == "ve" || low == "ll" || low == "d":
			return append(tokens, word(text, i, i+at), word(text, i+at, j))
		case low == "t" && strings.HasSuffix(strings.ToLower(head), "n") && len(head) > 1:
			return append(tokens, word(text, i, i+at-1), word(text, i+at-1, j))
		}
	}
	return append(tokens, word(text, i, j))
}

func word(text string, i, j int) token {
	w := text[i:j]
	r, _ := utf8.DecodeRuneInString(w)
	t := token{start: i, end: j, word: true, upper: unicode.IsUpper(r), number: unicode.IsDigit(r)}
	lower := strings.ToLower(w)
	if strings.ContainsAny(lower, "’‑") {
		lower = strings.NewReplacer("’", "'", "‑", "-").Replace(lower)
	}
	t.lower = lower
	for _, r := range w {
		if !unicode.IsDigit(r) && r != '.' && r != ',' {
			t.number = false
			break
		}
	}
	return t
}

// abbreviations end with a full stop that ends no sentence.
var abbreviations = map[string]bool{"m": true, "mm": true, "mr": true, "mrs": true, "ms": true, "dr": true, "st": true, "no": true, "inc": true, "corp": true, "ltd": true,
	"co": true, "vs": true, "etc": true, "e.g": true, "i.e": true, "u.s": true, "u.k": true, "u.n": true, "e.u": true, "gen": true, "sen": true, "rep": true, "gov": true, "lt": true, "col": true,
	"jan": true, "feb": true, "mar": true, "apr": true, "jun": true, "jul": true, "aug": true, "sep": true, "sept": true, "oct": true, "nov": true, "dec": true,
	"janv": true, "févr": true, "juil": true, "déc": true, "cf": true, "p": true, "fig": true, "art": true, "d.c": true, "approx": true, "env": true}

// sentences cuts tokens into sentences and paragraphs.
func sentences(text string, tokens []token) []sentence {
	var list []sentence
	paragraph, from := 0, 0
	cut := func(to int) {
		if to > from {
			list = append(list, sentence{from, to, paragraph})
			from = to
		}
	}
	for i := range tokens {
		if i > from {
			switch gap := text[tokens[i-1].end:tokens[i].start]; breaks(text, tokens, i, gap) {
			case 2:
				cut(i)
				paragraph++
			case 1:
				cut(i)
			}
		}
		if i-from >= maxSentence {
			cut(i)
		}
	}
	cut(len(tokens))
	return list
}

// breaks says whether a sentence (1) or a paragraph (2) ends before token i.
func breaks(text string, tokens []token, i int, gap string) int {
	if gap == "" {
		return 0
	}
	prev, next := tokens[i-1], tokens[i]
	if n := strings.Count(gap, "\n"); n >= 2 {
		return 2
	} else if n == 1 {
		line := text[strings.LastIndexByte(text[:prev.end], '\n')+1 : prev.end]
		// A short line that is followed by a capital is a title or an item; a long one was wrapped.
		if len(line) < 50 && (next.upper || next.number || !next.word) || next.lower == "•" || next.lower == "*" || len(line) > 200 {
			return 2
		}
	}
	switch prev.lower {
	case ".", "!", "?", "…":
	case `"`, "'", ")", "]":
		// A quotation that holds the full stop: "… espionage." He added.
		if i < 2 || !strings.Contains(".!?", tokens[i-2].lower) || text[prev.start:prev.end] == "«" || text[prev.start:prev.end] == "“" {
			return 0
		}
		if next.upper {
			return 1
		}
		return 0
	default:
		return 0
	}
	if i >= 2 && prev.lower == "." {
		before := tokens[i-2]
		if before.end == prev.start && (abbreviations[before.lower] || len(before.lower) == 1 && before.upper) && !strings.Contains(gap, "\n") {
			return 0
		}
	}
	if next.upper || next.number || !next.word || strings.Contains(gap, "\n") {
		if !next.word && (next.lower == `"` || next.lower == "'" || next.lower == ")") && !opensQuote(text, tokens, i) {
			return 0
		}
		return 1
	}
	return 0
}

// opensQuote reports whether the quotation mark of token i starts a quotation
// rather than ends one.
func opensQuote(text string, tokens []token, i int) bool {
	switch text[tokens[i].start:tokens[i].end] {
	case "«", "“", "„", "‘":
		return true
	case "»", "”", ")", "’":
		return false
	}
	// A straight mark: the count in the paragraph so far tells.
	from := strings.LastIndex(text[:tokens[i].start], "\n") + 1
	return strings.Count(text[from:tokens[i].start], text[tokens[i].start:tokens[i].end])%2 == 0
}

// folder maps letters with accents to those without, for names.
var folder = strings.NewReplacer("à", "a", "â", "a", "ä", "a", "á", "a", "ã", "a", "å", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e", "î", "i", "ï", "i", "í", "i",
	"ô", "o", "ö", "o", "ó", "o", "õ", "o", "ø", "o", "ù", "u", "û", "u", "ü", "u", "ú", "u", "ñ", "n", "œ", "oe", "æ", "ae", "-", " ", "'", "'", "’", "'")

// fold is the form in which names are looked up.
func fold(lower string) string {
	for i := 0; i < len(lower); i++ {
		if c := lower[i]; c >= utf8.RuneSelf || c == '-' {
			return folder.Replace(lower)
		}
	}
	return lower
}
