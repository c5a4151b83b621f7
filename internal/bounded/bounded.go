// Package bounded replaces text that an attacker chose, by text that an
// attacker chose, without making more of it than the caller can hold: 64 kB
// put in the place of each of 64,000 letters are 4 GB.
package bounded

import (
	"regexp"
	"strings"
)

// ReplaceAll is strings.ReplaceAll; ok is false, and nothing is made, where the
// result would have more than limit bytes.
func ReplaceAll(s, from, to string, limit int) (out string, ok bool) {
	if grow := len(to) - len(from); grow > 0 && len(s)+strings.Count(s, from)*grow > limit {
		return "", false
	}
	return strings.ReplaceAll(s, from, to), true
}

// ReplaceRegexp is re.ReplaceAllString; ok is false, and nothing is made, where
// the result could have more than limit bytes.
func ReplaceRegexp(re *regexp.Regexp, s, to string, limit int) (out string, ok bool) {
	// A match is at each place at most, and a reference such as $1 is longer than
	// one byte and brings in no more than s.
	if len(s)+(len(s)+1)*len(to) > limit {
		return "", false
	}
	return re.ReplaceAllString(s, to), true
}
