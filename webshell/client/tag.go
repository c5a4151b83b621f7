package client

import (
	"bytes"
	"iter"
	"regexp"
	"strings"

	"limier/webshell"
)

// A tag is the opening or closing tag of an element.
type tag struct {
	at, end int // from "<" to behind ">"
	name    string
	closing bool
	attrs   string // in lower case, as they stand
}

// Bounds of what is read as markup: of a page, in bytes, of its tags, and of
// one tag, in bytes and in pieces of server code inside.
const (
	maxMarkup = 1 << 20
	maxTags   = 20_000
	maxTag    = 4096
	maxCodes  = 64
)

// markup is the start of the page in lower case, with the same offsets.
func (p *page) markup() string {
	low := p.lower()
	return low[:min(len(low), maxMarkup)]
}

// elements are which of some elements a page has.
type elements uint8

const (
	aFrame elements = 1 << iota // of a host that no service has
	aScript
	aRefresh
	aForm
	aBody  // or a title or heading
	aLink  // with a whole address nearby
	aPlain // a link of any kind
)

// A survey is what one quick pass over a page tells; most files have no markup,
// and are done with it.
type survey struct {
	has    elements
	end    int // of the last document: the offset of </html>, or -1
	body   int // of the last body: the offset of </body>, or -1
	script int // offset of the last script, or -1
	mark   int // offset of the first script right behind a mark, or -1
	frames int
	bodies int // elements whose attributes were looked into for scripts
}

// surveyed are the elements by their first letter.
var surveyed = [256][]struct {
	name string
	has  elements
}{
	'i': {{"iframe", aFrame}, {"input", aForm}},
	'f': {{"frame ", aFrame}, {"form", aForm}},
	'o': {{"object", aFrame}},
	's': {{"script", aScript}},
	'm': {{"meta", aRefresh}},
	't': {{"title", aBody}},
	'b': {{"body", aBody}},
	'c': {{"center", aBody}},
	'h': {{"h1", aBody}},
	'a': {{"a ", aLink}},
}

// How far into a tag its address, or what else it says, is looked for, in bytes.
const (
	maxAddress = 400
	maxMeta    = 100
)

// look passes over a page once: it finds its scripts, and surveys its start, up
// to maxMarkup.
func (p *page) look() {
	v := &p.survey
	v.end, v.body, v.script, v.mark = -1, -1, -1, -1
	data := p.data
	start := data[:min(len(data), maxMarkup)]
	scripts := 0 // where the next may be
	for i := 0; ; {
		k := bytes.IndexByte(data[i:], '<')
		if k < 0 || i+k+2 >= len(data) {
			return
		}
		i += k + 1
		if i >= scripts {
			scripts = p.inline(i)
		}
		if i >= len(start) {
			i = max(i, scripts)
			continue
		}
		if data[i] == '/' {
			switch {
			case foldPrefix(start[i:], "/html"):
				v.end = i - 1
			case foldPrefix(start[i:], "/body"):
				v.body = i - 1
			}
		}
		for _, e := range surveyed[data[i]|0x20] {
			if foldPrefix(start[i:], e.name) {
				v.note(start, i-1, e.has)
			}
		}
	}
}

// note takes up an element of a page.
func (v *survey) note(data []byte, at int, e elements) {
	rest := data[at:]
	switch e {
	case aScript:
		v.script = at
		if v.mark < 0 && marked(data[:at]) != nil {
			v.mark = at
		}
	case aFrame:
		v.frames++
		if v.has&aFrame != 0 || v.frames <= maxFrames && !foreign(lowerASCII(string(rest[:min(len(rest), maxTag)]))) {
			return
		}
	case aRefresh:
		if v.has&aRefresh != 0 || !strings.Contains(lowerASCII(string(rest[:min(len(rest), maxMeta)])), "refresh") {
			return
		}
	case aLink:
		v.has |= aPlain
		if v.has&aLink != 0 || !bytes.Contains(rest[:min(len(rest), maxAddress)], []byte("//")) {
			return
		}
	}
	v.has |= e
}

// foreign says that the tag at the start of a text in lower case shows a page of
// another host.
func foreign(low string) bool {
	for t := range tags(low) {
		h := host(t.shows())
		return h != "" && !webshell.WellKnown(h)
	}
	return false
}

// shows returns the address of what a frame shows.
func (t *tag) shows() string {
	name := "src"
	if t.name == "object" {
		name = "data"
	}
	url, _ := t.attr(name)
	return url
}

// foldPrefix says that data begins with low, in either case.
func foldPrefix(data []byte, low string) bool {
	if len(data) < len(low) {
		return false
	}
	for i := range len(low) {
		if c := data[i]; c != low[i] && (c < 'A' || c > 'Z' || c|0x20 != low[i]) {
			return false
		}
	}
	return true
}

// tags yields the tags of a page in lower case, also those in the strings of
// its server code: what those show is markup as well.
func tags(low string) iter.Seq[*tag] {
	return func(yield func(*tag) bool) {
		var t tag
		for i, n := 0, 0; n < maxTags; {
			k := strings.IndexByte(low[i:], '<')
			if k < 0 {
				return
			}
			t = tag{at: i + k}
			i += k + 1
			if t.closing = strings.HasPrefix(low[i:], "/"); t.closing {
				i++
			}
			from := i
			for i < len(low) && (low[i]|0x20 >= 'a' && low[i]|0x20 <= 'z' || i > from && low[i] >= '0' && low[i] <= '9') {
				i++
			}
			if i == from {
				continue
			}
			t.name = low[from:i]
			n++
			end := tagEnd(low[i:min(len(low), i+maxTag)])
			if end < 0 {
				continue
			}
			t.attrs = low[i : i+end]
			i += end + 1
			t.end = i
			if !yield(&t) {
				return
			}
		}
	}
}

// tagEnd returns the offset of the ">" that closes a tag; one that ends server
// code inside the tag does not.
func tagEnd(s string) int {
	for i, codes := 0, 0; i < len(s); i++ {
		switch s[i] {
		case '>':
			return i
		case '<':
			if codes++; codes > maxCodes || i+1 == len(s) || s[i+1] != '?' && s[i+1] != '%' {
				return -1
			}
			k := strings.Index(s[i:], s[i+1:i+2]+">")
			if k < 0 {
				return -1
			}
			i += k + 1
		}
	}
	return -1
}

// attr returns the value of an attribute, without quotation marks; ok tells
// whether it is there.
func (t *tag) attr(name string) (value string, ok bool) {
	for s := t.attrs; ; {
		k := strings.Index(s, name)
		if k < 0 {
			return "", false
		}
		before, rest := s[:k], strings.TrimLeft(s[k+len(name):], " \t\r\n")
		s = s[k+len(name):]
		if before == "" || !strings.Contains(" \t\r\n\"'/", before[len(before)-1:]) || !strings.HasPrefix(rest, "=") {
			continue
		}
		value = strings.TrimLeft(strings.TrimLeft(rest[1:], " \t\r\n"), `\`)
		if value == "" {
			return "", true
		}
		if q := value[0]; q == '"' || q == '\'' {
			if end := strings.IndexByte(value[1:], q); end >= 0 {
				return strings.TrimRight(strings.TrimSpace(value[1:1+end]), `\`), true
			}
			return value[1:], true
		}
		if end := strings.IndexAny(value, " \t\r\n"); end >= 0 {
			value = value[:end]
		}
		return value, true
	}
}

var (
	pixels   = regexp.MustCompile(`(?:^|;)(?:width|height|max-height):[0-2](?:px|%)?(?:;|!|$)`)
	awayFrom = regexp.MustCompile(`(?:left|right|top|bottom|text-indent|margin):-\d{3,}|(?:left|right|top|text-indent):-\d{2,}em`)
	tinyText = regexp.MustCompile(`font-size:[01](?:px|pt|em|%)?(?:;|!|$)`)
	noShade  = regexp.MustCompile(`opacity:0(?:\.0\d*)?(?:;|!|$)`)
)

// A hiding is how an element is kept out of sight.
type hiding uint8

const (
	shown  hiding = iota
	folded        // as menus are, until a script opens them
	away          // outside the window, or too small to be seen
)

// hides says how a style, in lower case, hides its element.
func hides(style string) hiding {
	style = spaceless.Replace(style)
	switch {
	case awayFrom.MatchString(style), tinyText.MatchString(style), pixels.MatchString(style) && strings.Contains(style, "overflow:hidden"):
		return away
	case strings.Contains(style, "display:none"), strings.Contains(style, "visibility:hidden"), noShade.MatchString(style):
		return folded
	}
	return shown
}

var spaceless = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", "\\", "")

// tiny says that an element is at most two pixels wide or high.
func (t *tag) tiny() bool {
	for _, side := range []string{"width", "height"} {
		if v, ok := t.attr(side); ok && small(v) {
			return true
		}
	}
	style, _ := t.attr("style")
	return pixels.MatchString(spaceless.Replace(style))
}

func small(v string) bool {
	switch strings.TrimSuffix(strings.TrimSuffix(v, "px"), "%") {
	case "0", "1", "2":
		return true
	}
	return false
}

// host returns the host of an absolute address in lower case; "" for others, and
// for what is no name of the internet.
func host(url string) string {
	h := hostOf(url)
	for i := range len(h) {
		if c := h[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_') {
			return ""
		}
	}
	if !strings.Contains(strings.Trim(h, "."), ".") {
		return "" // a machine of the own network
	}
	return h
}
