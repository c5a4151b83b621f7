package script

import (
	"bytes"
	"path"
	"regexp"
	"slices"

	"limier/webshell"
)

// A tongue is the language of a script, as far as it matters for where its
// variables live and what its strings run.
type tongue byte

const (
	other tongue = iota // shell, or unknown: all variables are global
	perl
	python
	ruby
)

// tongueOf goes by the interpreter that the first line names, then by the name.
func tongueOf(name string, data []byte) tongue {
	line, _, _ := bytes.Cut(data[:min(len(data), 200)], []byte("\n"))
	for t, word := range []string{perl: "perl", python: "python", ruby: "ruby"} {
		if word != "" && bytes.HasPrefix(line, []byte("#!")) && bytes.Contains(line, []byte(word)) {
			return tongue(t)
		}
	}
	switch path.Ext(name) {
	case ".pl", ".pm":
		return perl
	case ".py", ".wsgi":
		return python
	case ".rb":
		return ruby
	}
	return other
}

// A function is one with a name, with variables of its own.
type function struct {
	lo, hi  int
	params  [][]byte
	called  bool // with something that the request sent,
	from    int  // which came in here
	tainted map[string]int
}

// maxFunctions bounds how many functions of a script are told apart.
const maxFunctions = 20_000

var heads = []*regexp.Regexp{
	perl:   regexp.MustCompile(`^(\s*)sub\s+(\w+)()`),
	python: regexp.MustCompile(`^(\s*)(?:async\s+)?def\s+(\w+)\s*\(([^)]*)`),
	ruby:   regexp.MustCompile(`^(\s*)def\s+(?:self\.)?(\w+)[\s(]*([^)]*)`),
}

// functions finds where functions begin, and where they end: by indentation,
// in Perl by braces too. What is not understood is taken as outside all of them.
func (s *scan) functions() {
	if s.tongue == other {
		return
	}
	s.subs = map[string][]int{}
	depth, open, braces, ragged, quoted := 0, -1, 0, false, false
	for i := 0; i < len(s.Data); {
		if s.Data[i] == '\n' {
			i++
			continue
		}
		end := bytes.IndexByte(s.Data[i:], '\n')
		if end < 0 {
			end = len(s.Data) - i
		}
		line := s.Data[i : i+min(end, 400)]
		text := bytes.TrimLeft(line, " \t")
		indent := len(line) - len(text)
		def := defines(text)
		if open >= 0 && len(text) > 0 && indent <= depth {
			ends := def
			switch s.tongue {
			case perl:
				ends = ends || text[0] == '}' && braces <= 1
			case python:
				ends = ends || !quoted // which text over several lines is not
			case ruby:
				last := bytes.HasPrefix(text, []byte("end"))
				ends = ends || last && !ragged
				ragged = ragged || !last // the body is not indented
			}
			if ends {
				s.funcs[open].hi, open = i, -1
			}
		}
		var m [][]byte
		if def && len(s.funcs) < maxFunctions {
			head := line
			if s.tongue == python {
				head = s.Data[i:min(len(s.Data), i+400)]
			}
			m = heads[s.tongue].FindSubmatch(head)
		}
		if m != nil {
			if open >= 0 {
				s.funcs[open].hi = i
			}
			f := function{lo: i, hi: len(s.Data), tainted: map[string]int{}}
			f.params = parameters(m[3])
			s.routed(&f)
			open, depth, braces, ragged = len(s.funcs), indent, 0, false
			s.subs[string(m[2])] = append(s.subs[string(m[2])], open)
			s.funcs = append(s.funcs, f)
		}
		count := func(mark string) int { return bytes.Count(s.Data[i:i+end], []byte(mark)) }
		switch s.tongue {
		case perl:
			braces += count("{") - count("}")
		case python:
			quoted = quoted != ((count(`"""`)+count("'''"))%2 == 1)
		}
		i += end + 1
	}
}

// parameters are the names of what a function is given, without their kinds and
// what they are else.
func parameters(list []byte) (names [][]byte) {
	depth, wanted := 0, true
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			wanted = true
		case wanted && letter(c):
			from := i
			for i < len(list) && (letter(list[i]) || digit(list[i])) {
				i++
			}
			names, wanted = append(names, list[from:i]), false
			i--
		}
	}
	return names
}

// defines reports whether a line or statement may begin a function.
func defines(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return bytes.HasPrefix(text, []byte("sub ")) || bytes.HasPrefix(text, []byte("def ")) || bytes.HasPrefix(text, []byte("async "))
}

// within returns the function around an offset, or nil.
func (s *scan) within(at int) *function {
	i, found := slices.BinarySearchFunc(s.funcs, at, func(f function, at int) int { return f.lo - at })
	if !found {
		i--
	}
	if i < 0 || s.funcs[i].hi <= at {
		return nil
	}
	return &s.funcs[i]
}

// pass hands what the request sent to the functions that a statement calls
// with it, and reports whether one of them did not have it.
func (s *scan) pass(from, to int) bool {
	to = min(to, from+maxArguments)
	text := s.Data[from:to]
	if len(s.funcs) == 0 || defines(text) {
		return false
	}
	waiting, changed := s.waiting[:0], false
	defer func() { s.waiting = waiting }()
	hand := func(source int) {
		for _, i := range waiting {
			f := &s.funcs[i]
			if f.called {
				continue
			}
			f.called, f.from, changed = true, source, true
			for _, w := range f.params {
				if !plain[string(w)] {
					f.tainted[string(w)] = source
				}
			}
		}
		waiting = waiting[:0]
	}
	source, _ := slices.BinarySearch(s.from, from)
	f := s.within(from)
	for at, w := range webshell.Words(text, false) {
		for source < len(s.from) && s.from[source] <= from+at {
			if s.from[source] >= from {
				hand(s.from[source])
			}
			source++
		}
		if came, ok := s.holds(f, from+at, w); ok {
			hand(came)
		}
		if next := at + len(w); next < len(text) && text[next] == '(' && len(waiting) < 100 {
			of := s.subs[string(w)]
			waiting = append(waiting, of[:min(len(of), 100-len(waiting))]...)
		}
	}
	if source < len(s.from) && s.from[source] < to {
		hand(s.from[source])
	}
	return changed
}

// holds reports whether a word, which stands in a function or outside all, is a
// variable or the name of an element that holds what the request sent, and
// where that came in.
func (s *scan) holds(f *function, at int, w []byte) (int, bool) {
	if s.names(at, len(w)) {
		came, ok := s.elements[string(w)]
		return came, ok
	}
	if s.tongue == perl && !s.bare[string(w)] && !s.sigil(at) && string(w) != "shift" {
		return 0, false // a part of a path, a pattern or JavaScript that is sent: variables have sigils
	}
	if f != nil {
		if came, ok := f.tainted[string(w)]; ok {
			return came, true
		}
		if s.tongue == perl && f.called && (string(w) == "_" && at > 0 && (s.Data[at-1] == '@' || s.Data[at-1] == '$' && at+1 < len(s.Data) && s.Data[at+1] == '[') || string(w) == "shift") {
			return f.from, true
		}
	}
	came, ok := s.Tainted[string(w)]
	return came, ok
}

// sigil reports whether what stands before an offset makes the word there a
// variable of Perl: $x, ${x}, $#x, $main::x, and with spaces between.
func (s *scan) sigil(at int) bool {
	before := bytes.TrimRight(s.Data[max(0, at-16):at], " \t\r\n")
	return len(before) > 0 && bytes.IndexByte([]byte("$@%&*#:{"), before[len(before)-1]) >= 0
}

// names reports whether the word of n bytes at an offset is the fixed name of
// an element: $h{name}, $h->{'name'}, d["name"].
func (s *scan) names(at, n int) bool {
	i, end := at-1, at+n
	if i >= 0 && end < len(s.Data) && (s.Data[i] == '"' || s.Data[i] == '\'') && s.Data[end] == s.Data[i] {
		i, end = i-1, end+1
	} else if s.tongue != perl {
		return false
	}
	if i < 1 || end >= len(s.Data) {
		return false
	}
	if s.tongue == perl {
		return s.Data[i] == '{' && s.Data[end] == '}' && (letter(s.Data[i-1]) || digit(s.Data[i-1]) || s.Data[i-1] == '>' || s.Data[i-1] == '}')
	}
	return s.tongue != other && s.Data[i] == '[' && s.Data[end] == ']'
}

// assign notes that the variable at an offset, left of an assignment, holds
// what came in at another, and reports whether that is new.
func (s *scan) assign(f *function, at int, w []byte, local bool, came int) bool {
	vars := s.Tainted
	switch {
	case s.names(at, len(w)):
		vars = s.elements
	case f != nil && local:
		vars = f.tainted
	}
	news := s.tongue == perl && !s.bare[string(w)] && bytes.HasPrefix(bytes.TrimLeft(s.Data[at+len(w):min(len(s.Data), at+len(w)+16)], " \t"), []byte("=>"))
	if news {
		s.bare[string(w)] = true
	}
	if _, old := vars[string(w)]; old {
		return news
	}
	vars[string(w)] = came
	return true
}

// local reports whether what is left of an assignment is a variable of the
// function alone.
func (s *scan) local(left []byte) bool {
	switch s.tongue {
	case perl:
		return bytes.Contains(left, []byte("my ")) || bytes.Contains(left, []byte("my("))
	case python:
		return bytes.IndexByte(left, '.') < 0
	case ruby:
		return !bytes.ContainsAny(left, "@$.")
	}
	return false
}

// quotes follows which quotation mark is open, line by line, for offsets that
// rise.
type quotes struct {
	data []byte
	at   int
	open int // where the string that is open begins, or -1
}

func (q *quotes) move(to int) {
	for ; q.at < to; q.at++ {
		switch c := q.data[q.at]; {
		case c == '\n':
			q.open = -1
		case c == '\\':
			q.at++
		case q.open >= 0 && c == q.data[q.open]:
			q.open = -1
		case q.open < 0 && (c == '"' || c == '\''):
			q.open = q.at
		}
	}
}

// quoted reports whether what stands at an offset, to end, is text inside a
// string of the line and no code.
func (s *scan) quoted(at, end int) bool {
	if s.tongue == other {
		return false
	}
	s.quotes.move(at)
	escaped := at > 0 && s.quotes.at == at+1 && s.Data[at-1] == '\\'
	if s.quotes.open < 0 || s.quotes.at > at && !escaped {
		return false
	}
	open := s.quotes.open
	mark := s.Data[open]
	rest := s.Data[end:min(len(s.Data), end+400)]
	if line := bytes.IndexByte(rest, '\n'); line >= 0 {
		rest = rest[:line]
	}
	if bytes.IndexByte(rest, mark) < 0 {
		return false // a mark of another kind: an apostrophe, a pattern
	}
	if open == at-1 && len(rest) > 2 && rest[0] == mark && (rest[1] == ')' || rest[1] == ']') && rest[2] == '(' { // getattr(os, "system")(x)
		return false
	}
	before := s.Data[max(open, at-400):at]
	if bytes.HasSuffix(bytes.TrimRight(before, " \t"), []byte(";")) {
		return false // a statement: the mark belongs to a pattern, or ends what an earlier line began
	}
	switch s.tongue {
	case perl:
		return !bytes.Contains(before, []byte("@{[")) && !bytes.Contains(before, []byte(`${\`))
	case ruby:
		return !bytes.Contains(before, []byte("#{"))
	}
	return open == 0 || s.Data[open-1]|0x20 != 'f' || bytes.IndexByte(before, '{') < 0
}

// calls reports whether what follows a function's name can be its arguments.
func (s *scan) callsAt(next int) bool {
	if s.tongue == other || next >= len(s.Data) {
		return true
	}
	c := s.Data[next]
	if !letter(c) {
		return bytes.IndexByte([]byte("(\"'`$@{[<%\\/-:*"), c) >= 0
	}
	for next < len(s.Data) && (letter(s.Data[next]) || digit(s.Data[next])) {
		next++
	}
	for next < len(s.Data) && s.Data[next] == ' ' {
		next++
	}
	return next >= len(s.Data) || bytes.IndexByte([]byte("({[\"'$/|!~;)@.:\r\n"), s.Data[next]) >= 0
}
