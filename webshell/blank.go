package webshell

import (
	"fmt"
	"strings"

	"limier/finding"
	"limier/internal/script"
)

// blankRun is a stretch of spaces that nobody types.
const blankRun = 1000

// A stretch as short as that stands for code only in a small page, and where
// nothing else stands between the marks of code.
const (
	smallRun  = 200
	smallPage = 4 << 10
)

// HasBlank reports whether data holds a stretch of spaces that nobody types.
func HasBlank(data []byte) bool {
	return blankAt(data, blankRun) >= 0 || len(data) <= smallPage && blankAt(data, smallRun) >= 0
}

// blankAt returns where the first stretch of so many spaces begins, or -1. It
// looks where one could not be missed.
func blankAt[T []byte | string](text T, run int) int {
	for i := run - 1; i < len(text); i += run {
		from, to := i, i
		for from > 0 && text[from] == ' ' && text[from-1] == ' ' {
			from--
		}
		for to < len(text) && text[to] == ' ' {
			to++
		}
		if to-from >= run {
			return from
		}
	}
	return -1
}

// Blank notes code that was overwritten with spaces, which is what antivirus
// software leaves of a shell, and code that was pushed out of sight by them.
func (l *Sights) Blank(p *script.Page) {
	for _, b := range p.Blocks {
		for _, s := range b.Segments {
			code := p.Text[s.Start:s.End]
			at := blankAt(code, blankRun)
			if at < 0 && len(p.Text) <= smallPage && strings.TrimSpace(code) == "" {
				at = blankAt(code, smallRun)
			}
			if at < 0 {
				continue
			}
			n := len(code[at:]) - len(strings.TrimLeft(code[at:], " "))
			sight := Sight{Rule: "code-out-of-sight", Text: fmt.Sprintf("Code is pushed out of sight by %d spaces.", n)}
			if len(strings.TrimSpace(code)) < len(code)/10 {
				sight = Sight{Rule: "blanked-code", Verdict: Malicious, Sure: finding.ModerateConfidence,
					Text: fmt.Sprintf("%d spaces stand where the code of the page was: what antivirus software leaves when it blanks out a shell.", n)}
			}
			l.See(&script.Node{Pos: int32(s.Start + at)}, script.Value{}, sight)
			return
		}
	}
}
