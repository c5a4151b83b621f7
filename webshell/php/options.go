package php

import "slices"

var (
	setsOption = words("update_option add_option update_site_option add_site_option")
	getsOption = words("get_option get_site_option")
)

// kept are the places where options are read in which the file itself keeps a
// lead: what is shown is put there first.
func (m *machine) kept(leads []lead) (all []lead) {
	hosts := map[string]string{} // by variable, with its $, and by option, in quotes
	toks := m.file.tokens
	text := func(i int) string {
		if i < 0 || i >= len(toks) {
			return ""
		}
		return string(m.file.src[toks[i].pos:toks[i].end])
	}
	for i := range toks {
		k := slices.IndexFunc(leads, func(l lead) bool { return l.from == toks[i].pos && !l.sent })
		switch {
		case k < 0:
		case i >= 2 && toks[i-1].kind == '=':
			hosts[text(i-2)] = leads[k].host
		case i >= 4 && toks[i-1].kind == ',' && setsOption[text(i-4)]:
			hosts[unquotes.Replace(text(i-2))] = leads[k].host
		}
	}
	if len(hosts) == 0 {
		return nil
	}
	for i := 0; i+3 < len(toks); i++ {
		if toks[i].kind == tIdent && toks[i+1].kind == '(' && toks[i+3].kind == ',' && setsOption[text(i)] && hosts[text(i+4)] != "" {
			hosts[unquotes.Replace(text(i+2))] = hosts[text(i+4)]
		}
	}
	for i := 0; i+2 < len(toks) && len(all) < maxLeads; i++ {
		if toks[i].kind == tIdent && toks[i+1].kind == '(' && getsOption[text(i)] {
			if host := hosts[unquotes.Replace(text(i+2))]; host != "" {
				all = append(all, lead{from: toks[i].pos, to: toks[i+2].end, host: host, kept: true})
			}
		}
	}
	return all
}

// hooking is the code, in lower case, that hands the function at in to the program
// by its name, to be run when a page is shown.
func (m *machine) hooking(in span, bodies []span, declared map[string]*function) (text string) {
	name := ""
	for i, t := range m.file.tokens {
		if t.pos == in.from && i+1 < len(m.file.tokens) && m.file.tokens[i+1].kind == tIdent {
			name = string(m.file.src[m.file.tokens[i+1].pos:m.file.tokens[i+1].end])
		}
	}
	for _, t := range m.file.tokens {
		if t.kind == tStr && name != "" && len(text) < maxRound && unquotes.Replace(string(m.file.src[t.pos:t.end])) == name {
			text += m.round(lead{from: t.pos, to: t.end}, bodies, declared)
		}
	}
	return text
}
