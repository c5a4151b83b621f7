package webshell

import (
	"bytes"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"limier/finding"
	"limier/internal/literal"
)

// The size of a page that is mended, and of one in which more than the marks of
// its code is looked at, in bytes: what damages pages on their way rarely leaves
// a large one in which nothing is seen, and every harmless page is searched.
const (
	maxMended = 8 << 10
	maxQuoted = 2 << 10
)

// A damage is what happens to code on its way through forums, word processors
// and screens. What it leaves does not run, but shows what it was.
type damage struct {
	how  string
	mend func(page []byte) []byte
}

var damages = []damage{
	{"The marks of its code are written as entities.", entities},
	{"A space splits the marks of its code.", splitMarks},
	{"Words of its code run together.", joinedWords},
	{"The function that evaluates is spelled as none is.", misspelt},
	{"Its quotation marks are those of a word processor.", typographic},
}

var (
	// A damaged page holds one of these.
	unmarked = literal.New([]string{"&lt;%", "< %", "< ?php", "< cf", "<scriptrunat"})
	// Or one of these: a quotation mark stands where an argument or an operand
	// begins or ends.
	misnamed = literal.New(append([]string{"eval_", "execute_", "e_v_", "e_x_", "assert_"}, misquoted()...))
)

// marks are what word processors make of quotation marks, in UTF-8 and in GBK,
// and of spaces.
var marks = []struct{ utf8, gbk, plain string }{
	{"“", "\xa1\xb0", `"`}, {"”", "\xa1\xb1", `"`}, {"″", "\xa1\xe5", `"`}, {"＂", "\xa3\xa2", `"`},
	{"‘", "\xa1\xae", "'"}, {"’", "\xa1\xaf", "'"}, {"′", "\xa1\xe4", "'"}, {"＇", "\xa3\xa7", "'"},
	{"\u3000", "\xa1\xa1", " "}, {"\u00a0", "\xa1\xa1", " "},
}

func misquoted() (out []string) {
	for _, m := range marks[:8] {
		for _, mark := range []string{m.utf8, m.gbk} {
			out = append(out, "("+mark, "="+mark, "+"+mark, "&"+mark, "["+mark, mark+")", mark+"+", mark+"&", mark+"]")
		}
	}
	return out
}

// Mend undoes what damaged a page and says what that was. It returns nil for a
// page that is none.
func Mend(page []byte) (mended []byte, how string) {
	marked := bytes.HasPrefix(page, []byte("<?")) // as most pages are that are searched in vain
	if len(page) > maxMended || (marked || !unmarked.Any(page)) && (len(page) > maxQuoted || !misnamed.Any(page)) {
		return nil, ""
	}
	var all []string
	for _, d := range damages {
		if next := d.mend(page); next != nil && !bytes.Equal(next, page) {
			page, mended, all = next, next, append(all, d.how)
		}
	}
	if mended == nil {
		return nil, ""
	}
	// What broke the lines broke those of comments inside texts, too.
	return comments.ReplaceAll(mended, nil), strings.Join(all, " ")
}

var comments = regexp.MustCompile(`(?s)/\*.*?\*/`)

// entities is a page of which no mark is left.
func entities(page []byte) []byte {
	if bytes.IndexByte(page, '<') >= 0 {
		return nil
	}
	return []byte(html.UnescapeString(string(page)))
}

var (
	splitOpen  = regexp.MustCompile(`<[ \t]+(%[ \t]*[@!=\w]|\?php\b|/?cf(?:execute|set|file|output|if|script|http|query|loop)\b)`)
	splitClose = regexp.MustCompile(`([%?])[ \t]+>`)
	// splitEnd is a directive of which the end alone is split.
	splitEnd = regexp.MustCompile(`(<%@[^<>%]*%)[ \t]+>`)
)

func splitMarks(page []byte) []byte {
	if !splitOpen.Match(page) {
		return splitEnd.ReplaceAll(page, []byte("$1>"))
	}
	return splitClose.ReplaceAll(splitOpen.ReplaceAll(page, []byte("<$1")), []byte("$1>"))
}

// joints are where words meet that a space held apart.
var joints = []*regexp.Regexp{
	regexp.MustCompile(`(<script)(runat)`),
	regexp.MustCompile(`(<%@\s*(?:Page|Import|WebHandler|Assembly))([A-Z])`),
	regexp.MustCompile(`\b(public|private|protected|internal|static)(static|void|string|int|bool|object|byte|[A-Z])`),
	regexp.MustCompile(`\b(void|class)([A-Z])`),
	regexp.MustCompile(`([=(,]\s*new|\breturn)([A-Z])`),
	regexp.MustCompile(`(<asp:[A-Z]\w*?)(ID=)`),
}

// joinedWords mends a page whose words only their colours held apart.
func joinedWords(page []byte) []byte {
	if !bytes.Contains(page, []byte("<scriptrunat")) {
		return nil
	}
	for _, j := range joints {
		page = j.ReplaceAll(page, []byte("$1 $2"))
	}
	return page
}

var (
	evaluates = regexp.MustCompile(`(?i)\b(e_?v_?a_?l|e_?x_?e_?c_?u_?t_?e(?:_?global)?|a_?s_?s_?e_?r_?t)((?:_\w)?)\s*\(?\s*(?:request\b|\$_(?:POST|GET|REQUEST|COOKIE)\b)`)
	includes  = literal.New([]string{"#include", "include(", "require", "<script src"})
)

// maxMisspelt is how many such calls are looked at.
const maxMisspelt = 20

// misspelt mends what no server runs, since it has no such function, nor has the
// page: blogs write eval_r for eval.
func misspelt(page []byte) []byte {
	var out []byte
	done := 0
	if includes.Any(page) {
		return nil
	}
	for _, m := range evaluates.FindAllSubmatchIndex(page, maxMisspelt) {
		name := page[m[2]:m[5]]
		if bytes.IndexByte(name, '_') < 0 || regexp.MustCompile(`(?i)\b(?:function|sub|def)\s+`+string(name)+`\b`).Match(page) {
			continue
		}
		out = append(append(out, page[done:m[2]]...), bytes.ReplaceAll(page[m[2]:m[3]], []byte("_"), nil)...)
		done = m[5]
	}
	if out == nil {
		return nil
	}
	return append(out, page[done:]...)
}

// typographic mends a page that holds the marks and the spaces of a word
// processor, in UTF-8 or in GBK.
func typographic(page []byte) []byte {
	if utf8.Valid(page) {
		return []byte(utf8Marks.Replace(string(page)))
	}
	out := make([]byte, 0, len(page))
	for i := 0; i < len(page); i++ {
		if page[i] < 0x81 || i+1 == len(page) {
			out = append(out, page[i])
			continue
		}
		plain := string(page[i : i+2])
		for _, m := range marks {
			if m.gbk == plain {
				plain = m.plain
			}
		}
		out = append(out, plain...)
		i++
	}
	return out
}

var utf8Marks = func() *strings.Replacer {
	var pairs []string
	for _, m := range marks {
		pairs = append(pairs, m.utf8, m.plain)
	}
	return strings.NewReplacer(pairs...)
}()

// judgeMended says what a page would do if nothing had damaged it: whoever finds
// it has to know of it all the same. Its verdict is empty if that is nothing.
func judgeMended(languages []*Language, path string, data []byte) Judgement {
	page, how := Mend(data)
	if page == nil {
		return Judgement{}
	}
	j := judgeAsIs(languages, path, page, false)
	if j.Verdict.Rank() < Malicious.Rank() || j.Confidence == finding.LowConfidence || j.AgainstVisitors() {
		return Judgement{}
	}
	j.Verdict, j.Confidence, j.Family = Malicious, finding.ModerateConfidence, ""
	j.Reasons = slices.DeleteFunc(j.Reasons, func(r Reason) bool { return r.Verdict.Rank() < Malicious.Rank() })
	for i := range j.Reasons {
		r := &j.Reasons[i]
		r.Verdict, r.Confidence, r.Rule, r.Family = Malicious, finding.ModerateConfidence, "damaged-page", ""
		r.Text = "The page does not run as it stands. " + how + " Mended, it would do this. " + r.Text
	}
	return j
}
