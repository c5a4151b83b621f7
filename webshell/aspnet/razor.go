package aspnet

import (
	"regexp"
	"strings"

	"limier/internal/script"
)

// razor takes the code of a Razor page: @{ … }, @functions { … }, @( … ) and
// the values in between.
func razor(text string) *script.Page {
	p := &script.Page{Text: text, Dialect: script.CSharp}
	var segs []script.Segment
	for i := 0; i < len(text); {
		k := strings.IndexByte(text[i:], '@')
		if k < 0 {
			break
		}
		i += k + 1
		if !startsCode(text, i) {
			i++
			continue
		}
		j := behindValue(text, i)
		word := text[i:j]
		e := j
		for e < len(text) && (text[e] == ' ' || text[e] == '\r' || text[e] == '\n' || text[e] == '\t') {
			e++
		}
		block := strings.HasPrefix(word, "if") || strings.HasPrefix(word, "for") || strings.HasPrefix(word, "while") || strings.HasPrefix(word, "using") || strings.HasPrefix(word, "switch") || word == "functions" || word == "code" || word == "" || word == "try"
		if block && e < len(text) && text[e] == '{' {
			end := closing(text, e)
			if word == "functions" || word == "code" || word == "" {
				segs = append(segs, script.Segment{Start: e + 1, End: max(e+1, end-1)})
			} else {
				segs = append(segs, script.Segment{Start: i, End: end})
			}
			i = end
			continue
		}
		if j > i && !strings.HasPrefix(word, "using") && !strings.HasPrefix(word, "model") && !strings.HasPrefix(word, "page") {
			segs = append(segs, script.Segment{Start: i, End: j, Out: true})
		}
		i = max(j, i)
	}
	if len(segs) > 0 {
		p.Code = true
		p.Blocks = []script.Block{{Dialect: script.CSharp, Segments: segs}}
	}
	return p
}

// startsCode says whether code begins behind an @ at i-1: not in an address of
// mail, a comment or a doubled one.
func startsCode(text string, i int) bool {
	return i < len(text) && text[i] != '@' && text[i] != '*' && (i < 2 || !isWord(text[i-2]))
}

// behindValue returns where a value ends: names, points, arguments and indices.
func behindValue(text string, i int) int {
	for i < len(text) && (isWord(text[i]) || text[i] == '.') {
		i++
	}
	for i < len(text) && (text[i] == '(' || text[i] == '[') {
		for i = closing(text, i); i < len(text) && (isWord(text[i]) || text[i] == '.'); {
			i++
		}
	}
	return i
}

var (
	basicBlock = regexp.MustCompile(`^(?i)(code|functions|if|for|while|do|try|using|select|with)\b`)
	basicEnd   = regexp.MustCompile(`(?im)^[ \t]*(?:end[ \t]+(code|functions|if|while|try|using|select|with)|(next|loop))\b`)
)

// razorBasic takes the code of a Razor page in Visual Basic: @Code … End Code,
// @Functions … End Functions, the outermost other blocks, and the values in
// between. A block without an end reaches to that of the page.
func razorBasic(text string) *script.Page {
	p := &script.Page{Text: text, Dialect: script.VBNet}
	var segs []script.Segment
	for i := 0; i < len(text); {
		k := strings.IndexByte(text[i:], '@')
		if k < 0 {
			break
		}
		if i += k + 1; !startsCode(text, i) {
			i++
			continue
		}
		word := strings.ToLower(basicBlock.FindString(text[i:min(len(text), i+16)]))
		if word == "" {
			if j := behindValue(text, i); j > i {
				segs = append(segs, script.Segment{Start: i, End: j, Out: true})
				i = j
			}
			continue
		}
		start, end, next := i, len(text), len(text)
		if word == "code" || word == "functions" {
			start += len(word)
		}
		if e := endOfBasic(text[i:], word); e != nil {
			end, next = i+e[1], i+e[1]
			if start > i {
				end = i + e[0]
			}
		}
		segs = append(segs, script.Segment{Start: start, End: end})
		i = next
	}
	if len(segs) > 0 {
		p.Code = true
		p.Blocks = []script.Block{{Dialect: script.VBNet, Segments: segs}}
	}
	return p
}

// endOfBasic finds the line that ends a block of a kind.
func endOfBasic(text, kind string) []int {
	switch kind {
	case "for":
		kind = "next"
	case "do":
		kind = "loop"
	}
	for at := 0; ; {
		m := basicEnd.FindStringSubmatchIndex(text[at:])
		if m == nil {
			return nil
		}
		word := ""
		for _, g := range []int{2, 4} {
			if m[g] >= 0 {
				word = text[at+m[g] : at+m[g+1]]
			}
		}
		if strings.EqualFold(word, kind) {
			return []int{at + m[0], at + m[1]}
		}
		at += m[1]
	}
}

func isWord(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_'
}

// closing returns the offset behind the bracket that closes the one at i.
func closing(text string, i int) int {
	open, shut := text[i], byte('}')
	switch open {
	case '(':
		shut = ')'
	case '[':
		shut = ']'
	}
	depth := 0
	for ; i < len(text); i++ {
		switch text[i] {
		case open:
			depth++
		case shut:
			depth--
			if depth == 0 {
				return i + 1
			}
		case '"':
			for i++; i < len(text) && text[i] != '"' && text[i] != '\n'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		}
	}
	return len(text)
}
