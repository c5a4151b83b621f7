package reading

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"

	"codeberg.org/readeck/go-readability/v2"
)

// An extraction is the text of a document and what the format says of it.
type extraction struct {
	format, text, title, published string
	gaps                           []string
}

// maxText is how much text of one document is read, in bytes.
const maxText = 4 << 20

func (x *extraction) gap(format string, args ...any) {
	if len(x.gaps) < 20 {
		x.gaps = append(x.gaps, fmt.Sprintf(format, args...))
	}
}

var mailStart = regexp.MustCompile(`(?i)\A(?:(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*|[ \t][^\n]*)\r?\n){2,}`)

// extract turns the bytes of a document into text. The format is what the
// bytes say; the name only helps where they do not.
func extract(name string, data []byte) (*extraction, error) {
	head := bytes.TrimLeft(data[:min(len(data), 2048)], "\xef\xbb\xbf \t\r\n")
	lower := bytes.ToLower(head)
	ext := strings.ToLower(path.Ext(name))
	var x *extraction
	var err error
	switch {
	case bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")):
		x, err = extractPDF(data)
	case bytes.HasPrefix(lower, []byte("<!doctype html")) || bytes.HasPrefix(lower, []byte("<html")) || (ext == ".html" || ext == ".htm" || ext == ".xhtml") && bytes.Contains(lower, []byte("<")):
		x = extractHTML(decode(data, "text/html"))
	case ext == ".eml" || mailStart.Match(head) && bytes.Contains(lower, []byte("from:")) && (bytes.Contains(lower, []byte("date:")) || bytes.Contains(lower, []byte("mime-version:")) || bytes.Contains(lower, []byte("received:"))):
		x, err = extractMail(data)
	default:
		x = &extraction{format: "text", text: decode(data, "")}
		if ext == ".md" || ext == ".markdown" {
			x.format, x.text = "markdown", plainMarkdown(x.text)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(x.text) > maxText {
		x.gap("the text after its first %d MiB", maxText>>20)
		x.text = x.text[:maxText]
		for len(x.text) > 0 && !utf8.RuneStart(x.text[len(x.text)-1]) {
			x.text = x.text[:len(x.text)-1]
		}
	}
	if n := strings.Count(x.text, "\x00"); n > len(x.text)/20 {
		return nil, fmt.Errorf("no text: %d of its %d bytes are zero; a report is text, HTML, PDF, Markdown or a mail", n, len(x.text))
	}
	x.text = strings.ToValidUTF8(x.text, "\ufffd")
	if bad := strings.Count(x.text, "\ufffd"); bad > 0 {
		x.gap("%d characters that are in no encoding we know", bad)
	}
	return x, nil
}

// decode turns bytes into UTF-8: by their byte order mark, as UTF-8 if they
// are that, by what HTML says of itself, else as Windows-1252.
func decode(data []byte, contentType string) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return string(data[3:])
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		if out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data); err == nil {
			return string(out)
		}
	case utf8.Valid(data):
		return string(data)
	}
	// UTF-16 without a mark: every other byte of Latin text is zero.
	if n := min(len(data), 512) &^ 1; n >= 8 {
		even, odd := 0, 0
		for i := 0; i < n; i += 2 {
			if data[i] == 0 {
				even++
			}
			if data[i+1] == 0 {
				odd++
			}
		}
		for zeros, order := range map[int]unicode.Endianness{odd: unicode.LittleEndian, even: unicode.BigEndian} {
			if zeros > n/3 && odd != even {
				if out, err := unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder().Bytes(data); err == nil {
					return string(out)
				}
			}
		}
	}
	// Mixed: mostly UTF-8 with a few bytes of something else stays UTF-8.
	bad, multi := 0, 0
	for i := 0; i < len(data) && i < 1<<20; {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			bad++
		} else if n > 1 {
			multi++
		}
		i += n
	}
	if multi > 10*bad {
		return strings.ToValidUTF8(string(data), "\ufffd")
	}
	enc, _, _ := charset.DetermineEncoding(data[:min(len(data), 1024)], contentType)
	if out, err := enc.NewDecoder().Bytes(data); err == nil {
		return string(out)
	}
	return strings.ToValidUTF8(string(data), "\ufffd")
}

// maxReadable is how much HTML the search for the article looks at; larger
// pages are read whole.
const maxReadable = 4 << 20

// extractHTML takes the article of a page. Where none stands out it takes all
// the text.
func extractHTML(page string) *extraction {
	x := &extraction{format: "html"}
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		// What cannot be parsed as a tree is read as a stream of tags.
		x.gap("the structure of the page (%v): its text was read without it", err)
		x.text = tagless(page)
		return x
	}
	whole := nodeText(root)
	if len(page) <= maxReadable {
		if text, title, published, err := mainArticle(page); err == nil && len(text) > len(whole)/4 && len(text) > 200 {
			x.text, x.title, x.published = text, title, published
			return x
		}
	}
	x.text = whole
	return x
}

// mainArticle finds the article of a page.
func mainArticle(page string) (text, title, published string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("looking for the article: %v", r)
		}
	}()
	a, err := readability.FromReader(strings.NewReader(page), nil)
	if err != nil {
		return "", "", "", err
	}
	if a.Node == nil {
		return "", "", "", errors.New("no article")
	}
	text = nodeText(a.Node)
	title = a.Title()
	if title != "" && !strings.Contains(text, title) {
		text = title + "\n\n" + text
	}
	if t, err := a.PublishedTime(); err == nil {
		published = t.UTC().Format("2006-01-02")
	}
	return text, title, published, nil
}

// nodeText renders the text of a tree: a blank line between blocks.
func nodeText(root *html.Node) string {
	var b strings.Builder
	block := func(n *html.Node) bool {
		switch n.DataAtom {
		case atom.P, atom.Div, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Tr, atom.Table, atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Figcaption, atom.Title, atom.Dd, atom.Dt:
			return true
		}
		return false
	}
	for n, down := root, true; n != nil; { // without recursion: trees are deep at an attacker's will
		if down {
			switch {
			case n.Type == html.TextNode:
				pre := n.Parent != nil && n.Parent.DataAtom == atom.Pre
				t := n.Data
				if !pre {
					t = squeeze(t)
					if strings.HasPrefix(t, " ") && (b.Len() == 0 || strings.HasSuffix(lastBytes(&b), " ") || strings.HasSuffix(lastBytes(&b), "\n")) {
						t = t[1:]
					}
				}
				b.WriteString(t)
			case n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Noscript || n.DataAtom == atom.Template || n.DataAtom == atom.Svg || n.DataAtom == atom.Nav || n.DataAtom == atom.Head && n.Parent != nil:
				down = false
				continue
			case n.DataAtom == atom.Br:
				b.WriteString("\n")
			case n.DataAtom == atom.Td || n.DataAtom == atom.Th:
				b.WriteString(" ")
			case block(n):
				newlineOnce(&b)
			}
			if n.FirstChild != nil {
				n = n.FirstChild
				continue
			}
		}
		if block(n) {
			newlineOnce(&b)
		}
		if n == root {
			break
		}
		if n.NextSibling != nil {
			n, down = n.NextSibling, true
			continue
		}
		n, down = n.Parent, false
	}
	return strings.TrimSpace(b.String())
}

func lastBytes(b *strings.Builder) string {
	s := b.String()
	return s[max(0, len(s)-2):]
}

func newlineOnce(b *strings.Builder) {
	if b.Len() > 0 && lastBytes(b) != "\n\n" {
		b.WriteString("\n\n")
	}
}

var spaces = regexp.MustCompile(`[ \t\r\n\f]+`)

func squeeze(s string) string { return spaces.ReplaceAllString(s, " ") }

// tagless reads HTML as a stream, for pages that are no tree.
func tagless(page string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	z.SetMaxBuf(1 << 20)
	skip := ""
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(b.String())
		case html.StartTagToken:
			name, _ := z.TagName()
			if s := string(name); s == "script" || s == "style" {
				skip = s
			}
			b.WriteByte(' ')
		case html.EndTagToken:
			name, _ := z.TagName()
			if string(name) == skip {
				skip = ""
			}
			if s := string(name); s == "p" || s == "div" || s == "li" || s == "tr" {
				b.WriteString("\n\n")
			}
		case html.TextToken:
			if skip == "" {
				b.WriteString(squeeze(string(z.Text())))
			}
		}
		if b.Len() > maxText {
			return b.String()
		}
	}
}

var (
	mdFence = regexp.MustCompile("(?m)^[ \t]*(?:```|~~~)[^\n]*$")
	mdHead  = regexp.MustCompile(`(?m)^[ \t]{0,3}#{1,6}[ \t]+`)
	mdImage = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`!\[([^\]\n]{0,300})\]\(([^)\s]{0,500})[^)\n]{0,200}\)`)
	})
	mdLink = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\[([^\]\n]{1,300})\]\(([^)\s]{1,500})[^)\n]{0,200}\)`)
	})
	mdEmph = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(\*\*|__|\*|` + "`" + `)([^*_` + "`" + `\n]{1,300})(\*\*|__|\*|` + "`" + `)`)
	})
	mdQuote = regexp.MustCompile(`(?m)^[ \t]{0,3}>[ \t]?`)
)

// plainMarkdown drops the marks and keeps the words, and where links point.
func plainMarkdown(s string) string {
	s = mdFence.ReplaceAllString(s, "")
	s = mdHead.ReplaceAllString(s, "")
	s = mdQuote.ReplaceAllString(s, "")
	s = mdImage().ReplaceAllString(s, "$1")
	s = mdLink().ReplaceAllString(s, "$1 ($2)")
	return mdEmph().ReplaceAllString(s, "$2")
}

// readAtMost reads up to n bytes and says whether there was more.
func readAtMost(r io.Reader, n int64) (data []byte, more bool, err error) {
	data, err = io.ReadAll(io.LimitReader(r, n+1))
	if int64(len(data)) > n {
		return data[:n], true, err
	}
	return data, false, err
}
