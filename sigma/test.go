package sigma

import (
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A test is the question that a rule asks of one field's value, or of the whole
// event if Field is empty (a keyword).
type test struct {
	field string
	kind  testKind

	pattern *pattern       // patternTest; how to compare, for fieldTest
	regex   *regexp.Regexp // regexTest
	sets    [][]string     // of regexTest: see requiredOf
	prefix  netip.Prefix   // cidrTest
	compare comparison     // numberTest, timeTest
	number  float64
	part    string // of timeTest: "minute", "hour"…
	ref     string // of fieldTest: the other field
	want    bool   // of existsTest
}

type testKind uint8

const (
	patternTest testKind = iota
	emptyTest            // the value is absent or empty
	regexTest
	cidrTest
	numberTest
	timeTest
	existsTest
	fieldTest
)

type comparison uint8

const (
	equal comparison = iota
	less
	lessEqual
	greater
	greaterEqual
)

func (c comparison) holds(a, b float64) bool {
	switch c {
	case less:
		return a < b
	case lessEqual:
		return a <= b
	case greater:
		return a > b
	case greaterEqual:
		return a >= b
	}
	return a == b
}

// matches judges a value that is present. fieldTest is the caller's.
func (t *test) matches(v string) bool {
	switch t.kind {
	case patternTest:
		return t.pattern.match(v)
	case emptyTest:
		return v == ""
	case regexTest:
		return t.regex.MatchString(v)
	case cidrTest:
		addr, err := netip.ParseAddr(strings.Trim(v, " []"))
		return err == nil && t.prefix.Contains(addr.WithZone("").Unmap())
	case numberTest:
		n, ok := number(v)
		return ok && t.compare.holds(n, t.number)
	case timeTest:
		n, ok := datePart(v, t.part)
		return ok && t.compare.holds(float64(n), t.number)
	case existsTest:
		return t.want
	}
	return false
}

// absent judges an event that lacks the field.
func (t *test) absent() bool {
	switch t.kind {
	case emptyTest:
		return true
	case existsTest:
		return !t.want
	case patternTest:
		return t.pattern.kind == equalPattern && t.pattern.text == ""
	}
	return false
}

// number reads a decimal number, or a hexadecimal one as Windows writes it.
func number(v string) (float64, bool) {
	v = strings.TrimSpace(v)
	if rest, ok := strings.CutPrefix(strings.ToLower(v), "0x"); ok {
		n, err := strconv.ParseUint(rest, 16, 64)
		return float64(n), err == nil
	}
	n, err := strconv.ParseFloat(v, 64)
	return n, err == nil && !math.IsNaN(n)
}

// layouts are how logs write dates: W3C, Sysmon, Exchange, ISO 8601.
var layouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999",
	"2006-01-02", "15:04:05.999999999", "15:04"}

// datePart takes the date as it is written: the specification rules out time
// zone conversions.
func datePart(v, part string) (int, bool) {
	for i, layout := range layouts {
		t, err := time.Parse(layout, v)
		if err != nil {
			continue
		}
		hasDate, hasTime := i < 4, i != 3
		switch part {
		case "minute":
			return t.Minute(), hasTime
		case "hour":
			return t.Hour(), hasTime
		case "day":
			return t.Day(), hasDate
		case "week":
			_, week := t.ISOWeek()
			return week, hasDate
		case "month":
			return int(t.Month()), hasDate
		case "year":
			return t.Year(), hasDate
		}
	}
	return 0, false
}

// required returns sets of lower-case ASCII literals of which every matching
// value holds, in either case, one of each. The literal highByte stands for
// anything that is not ASCII.
func (t *test) required() [][]string {
	switch t.kind {
	case patternTest:
		if lit := t.pattern.required(); useful(lit) {
			return [][]string{{lit}}
		}
		if t.pattern.high {
			return [][]string{{highByte}}
		}
	case regexTest:
		return t.sets
	}
	return nil
}

const highByte = "\x80"

// useful reports whether looking for a literal first pays: it is seldom seen.
func useful(lit string) bool {
	return len(lit) > 1 || len(lit) == 1 && strings.Contains("`^~<>|&;{}[]$%#@!*=,'", lit)
}

// minRaw is the shortest literal that logs are searched for.
const minRaw = 3
