package php

import "regexp"

var (
	wards    = regexp.MustCompile(`(?:include|require)(?:_once)?[^;]{0,40}["'/](?:anti[-_]?(?:bots?|\d)|[^"'/;]{0,12}(?:bots?_?block|blocker|killbot))[^;"'/]{0,20}\.php`)
	feigning = regexp.MustCompile(`location:[^"';]*[?&]session=\$`)
)

// wards says that the file first includes what turns robots away, under the names
// that kits of phishing pages have for it, and either several of those or words
// for passwords and cards.
func (m *machine) wards() bool {
	if m.includes == 0 || m.framed || !m.mentions("antibot", "anti-bot", "anti_bot", "/anti", "'anti", "\"anti", "blocker", "botblock", "bot_block", "botsblock", "bots_block", "killbot") {
		return false
	}
	n := len(wards.FindAllStringIndex(m.text(), 2))
	return n > 1 || n > 0 && (m.labels() || m.cards())
}

// feigns says that visitors are sent on with a session in the address that was
// made at random.
func (m *machine) feigns() bool {
	return m.mentions("session=$") && m.mentions("rand(") && feigning.MatchString(m.text())
}
