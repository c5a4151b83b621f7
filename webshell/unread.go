package webshell

import "limier/finding"

// Why code was not read or followed to its end.
const (
	TooDeep = "Code is nested deeper than any that people write: some of it was read out of its place."
	TooLong = "The file holds more code than can be read."
	TooMuch = "The code does more than can be followed."
)

// Unread is the reason to look at a file of which code was left out.
func Unread(why string) Reason {
	return Reason{Verdict: Suspicious, Confidence: finding.LowConfidence, Rule: "unread-code", Text: why}
}
