package statement

import (
	"fmt"
	"slices"
	"strings"

	"limier/claim"
	"limier/publish"
)

// Languages are the languages that a statement can be shown in.
func Languages() []string { return []string{"en", "fr"} }

// french translates what Limier says of a statement. Grades keep their own
// words: French and English ones do not translate into each other.
var french = map[string]string{
	"Statement": "Déclaration", "issued on": "publiée le", "The text": "Le texte", "The claims": "Les affirmations",
	"Who says what": "Qui dit quoi", "In their own words": "Dans leurs propres termes", "Signatures": "Signatures", "Problems": "Problèmes",
	"Claim": "Affirmation", "Party": "Partie", "State": "État", "Position taken on": "Position prise le", "Keys": "Clés",
	"states": "affirme", "supports": "soutient", "acknowledges": "prend acte", "territory-only": "territoire seulement", "abstains": "s’abstient", "objects": "conteste",
	"states it itself, with its own grade":      "l’affirme en son nom, avec son propre degré",
	"backs those who state it":                  "soutient ceux qui l’affirment",
	"takes note that others state it":           "prend acte que d’autres l’affirment",
	"says where it came from, not who did it":   "dit d’où cela venait, non qui l’a fait",
	"says nothing of it":                        "n’en dit rien",
	"says that it is not so":                    "dit que ce n’est pas le cas",
	"verified":                                  "vérifiée",
	"missing":                                   "manquante",
	"unknown-key":                               "clé inconnue",
	"invalid":                                   "non valable",
	"duplicate":                                 "en double",
	"withdrawn":                                 "retirée",
	"not invited":                               "non invitée",
	"withdrawn on":                              "retirée le",
	"signed by a pinned key of this party":      "signée par une clé épinglée de cette partie",
	"this party has taken no position":          "cette partie n’a pas pris position",
	"no key of this party is pinned":            "aucune clé de cette partie n’est épinglée",
	"no pinned key of this party made it":       "aucune clé épinglée de cette partie ne l’a faite",
	"two positions that differ: neither counts": "deux positions différentes : aucune ne compte",
	"this party has taken it back":              "cette partie l’a retirée",
	"NOT VERIFIED: no keys were pinned, so anybody may have written this.":                                                                  "NON VÉRIFIÉ : aucune clé n’a été épinglée ; n’importe qui peut avoir écrit ceci.",
	"%d of %d parties: position verified with pinned keys.":                                                                                 "Positions vérifiées avec des clés épinglées : %d, pour %d parties.",
	"A cell says what one party says of one claim. No cell speaks for another: a party that says nothing of a claim is not taken to agree.": "Une case dit ce qu’une partie dit d’une affirmation. Aucune ne parle pour une autre : une partie qui ne dit rien d’une affirmation n’est pas réputée l’approuver.",
	"likelihood": "vraisemblance", "confidence": "confiance", "no grade": "sans degré",
	"with": "avec", "STIX bundle": "paquet STIX", "replaces": "remplace",
	"Check it without a network:": "À vérifier sans réseau :",
	"as quoted by":                "d’après",
	"sources":                     "sources",
	"no role":                     "aucun rôle",

	"withdrawal %d": "retrait n° %d", "withdrawal %d of the list": "retrait n° %d de la liste", "position %d": "position n° %d", "position %d of %s": "position n° %d de %s",
	"%s: %v": "%s\u00a0: %v", "%s is there twice": "%s figure deux fois", "%s is not signed": "%s n’est pas signé(e)",
	"%s, in the name of %s, is signed by no pinned key of theirs: it has no effect": "%s, au nom de %s, n’est signé par aucune clé épinglée de cette partie\u00a0: sans effet",
	"%s: the statement does not list it as a party":                                 "%s\u00a0: la déclaration ne compte pas ce nom parmi ses parties",
	"%s has two signatures by one key":                                              "%s porte deux signatures d’une même clé",
	"%s is signed by the key of %s":                                                 "%s porte une signature de la clé de %s",
	"%s has a signature that no pinned key made":                                    "%s porte une signature qu’aucune clé épinglée n’a faite",
	"%s has taken %d positions that differ: none counts":                            "%s a pris %d positions différentes\u00a0: aucune ne compte",
}

type words struct{ lang string }

// colon is what stands between a word and what it is.
func (w words) colon() string {
	if w.lang == "fr" {
		return "\u00a0: "
	}
	return ": "
}

// say says a problem in the language.
func (w words) say(p Problem) string {
	args := slices.Clone(p.args)
	for i, arg := range args {
		if q, ok := arg.(Problem); ok {
			args[i] = w.say(q)
		}
	}
	return fmt.Sprintf(w.t(p.text), args...)
}

func newWords(lang string) (words, error) {
	switch lang {
	case "", "en":
		return words{"en"}, nil
	case "fr":
		return words{"fr"}, nil
	}
	return words{}, fmt.Errorf("no page in the language %q: there are en and fr", lang)
}

func (w words) t(v any) string {
	s := fmt.Sprint(v)
	if w.lang == "fr" {
		if f, ok := french[s]; ok {
			return f
		}
	}
	return s
}

// grade returns "confidence: high (ICD 203)", in the words of ICD 203.
func (w words) grade(s Stand) string {
	var parts []string
	if s.Confidence != "" {
		parts = append(parts, w.t("confidence")+w.colon()+string(s.Confidence))
	}
	if s.Likelihood != "" {
		parts = append(parts, w.t("likelihood")+w.colon()+strings.ReplaceAll(string(s.Likelihood), "-", " "))
	}
	return strings.Join(parts, ", ")
}

// wording returns a party's words between the quotes of their language.
func wording(s Stand) string {
	if s.Wording == "" {
		return ""
	}
	if strings.HasPrefix(s.Lang, "fr") {
		return "«\u00a0" + publish.Plain(s.Wording) + "\u00a0»"
	}
	return "“" + publish.Plain(s.Wording) + "”"
}

// meaning says what a role or a state is.
func meaning(v any) string {
	switch v {
	case States:
		return "states it itself, with its own grade"
	case Supports:
		return "backs those who state it"
	case Acknowledges:
		return "takes note that others state it"
	case TerritoryOnly:
		return "says where it came from, not who did it"
	case Abstains:
		return "says nothing of it"
	case Objects:
		return "says that it is not so"
	case Verified:
		return "signed by a pinned key of this party"
	case Missing:
		return "this party has taken no position"
	case UnknownKey:
		return "no key of this party is pinned"
	case Forged:
		return "no pinned key of this party made it"
	case Duplicate:
		return "two positions that differ: neither counts"
	case Withdrawn:
		return "this party has taken it back"
	}
	return ""
}

// attributors names who first made a claim.
func attributors(c *claim.Claim) string {
	var names []string
	for _, p := range c.Attributors {
		name := p.Identity
		if p.Organ != "" {
			name += " (" + p.Organ + ")"
		}
		names = append(names, name)
	}
	return publish.Plain(strings.Join(names, ", "))
}

// lines splits a text into its paragraphs, made harmless.
func lines(s string) []string {
	var list []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, publish.Plain(line))
		}
	}
	return list
}
