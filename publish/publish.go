// Package publish defines what a publisher is, and how text from evidence is
// made harmless. Publishers live below.
package publish

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"limier/casefile"
	"limier/claim"
)

// A Publisher writes a case in one format.
type Publisher struct {
	Name      string // "stix"
	Doc       string // one line, lower case, no period
	Extension string // ".json"
	MediaType string

	// Write writes c to w. The same case always gives the same bytes.
	Write func(ctx context.Context, w io.Writer, c *casefile.Case) error
}

// Plain makes text from evidence safe to print: control characters, those
// that reorder or hide text, and broken UTF-8 become visible escapes.
func Plain(s string) string {
	clean := true
	for _, r := range s {
		if r == utf8.RuneError || hidden(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\t':
			b.WriteByte(' ')
		case r == '\n':
			b.WriteString(`\n`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden reports whether a rune would change how its neighbours look.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// Cell makes text from evidence safe in a cell of a spreadsheet, which takes
// what begins with one of =+-@ for a formula: such text gets an apostrophe
// (https://owasp.org/www-community/attacks/CSV_Injection).
func Cell(s string) string {
	s = Plain(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

// Speakers names who makes a claim, "" if it names nobody.
func Speakers(c *claim.Claim) string {
	var names []string
	for _, p := range c.Attributors {
		name := p.Name()
		if p.Speaker != "" {
			name += ", " + p.Speaker
		}
		names = append(names, Plain(name))
	}
	return strings.Join(names, "; ")
}
