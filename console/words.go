package console

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"limier/publish"
)

// words speaks one language. The English text is the key of the catalogue, so
// that the pages read as what they say; a text without a translation stays
// English, and a test refuses any. What a collector says may be such a text.
type words struct {
	lang    string
	missing *sync.Map // string → true; nil but in a test, for nothing bounds what collectors say
}

// t says text in the language, with its values filled in.
func (w *words) t(text any, values ...any) string {
	s := publish.Plain(fmt.Sprint(text))
	if w.lang == "fr" && s != "" {
		said, ok := french[s]
		if !ok {
			said = s
			if w.missing != nil {
				w.missing.Store(s, true)
			}
		}
		s = spaced(said)
	}
	if w.lang != "fr" {
		s = spelled(s)
	}
	if len(values) == 0 {
		return s
	}
	return fmt.Sprintf(s, values...)
}

// spelled is a code of STIX, or of ours, in English words.
func spelled(s string) string {
	switch s {
	case "ipv4-addr", "ipv6-addr":
		return "address"
	case "technique-set":
		return "set of techniques"
	}
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") == "" {
		return strings.ReplaceAll(s, "-", " ")
	}
	return s
}

// n says "1 server" or "3 servers".
func (w *words) n(count any, one, many string) string {
	word := many
	if c := toInt(count); c == 1 || w.lang == "fr" && c == 0 {
		word = one
	}
	return w.number(count) + "\u00a0" + w.t(word)
}

// number writes 12,345 or, in French, 12 345.
func (w *words) number(count any) string {
	s := fmt.Sprint(toInt(count))
	mark := ","
	if w.lang == "fr" {
		mark = "\u202f"
	}
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + mark + s[i:]
	}
	return s
}

func toInt(v any) int64 {
	switch v := v.(type) {
	case int:
		return int64(v)
	case int64:
		return v
	case uint64:
		return int64(v)
	}
	return 0
}

// spaced sets the spaces before French punctuation that must not break.
func spaced(s string) string { return spacer.Replace(s) }

var spacer = strings.NewReplacer(" :", "\u00a0:", " ;", "\u00a0;", " ?", "\u00a0?", " !", "\u00a0!", "« ", "«\u00a0", " »", "\u00a0»")

// when is a time in UTC to the minute, and says so (ISO 8601); "–" for none.
func when(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// day is the day of a time in UTC.
func day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02")
}
