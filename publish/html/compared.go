package html

import (
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"limier/attribute"
	"limier/claim"
	"limier/knowledge"
	"limier/publish"
)

// A level of claims: those whose target stands equally high.
type level struct {
	Name   string
	Claims []said
}

// said is a claim, told in words.
type said struct {
	On, Who, What string
	Grade         []string      // how sure they are, in our words
	Wording       template.HTML // and in theirs, in their language
	Repeats       bool          // it repeats others, and is no independent source
	Source        string        // title of the document
	Link          string
}

// mostClaims that the page shows.
const mostClaims = 150

// compare puts the groups of activity beside what is published about actors,
// and lists who claims what. Both are from tables: nothing in the case alters
// what others said.
func (r *report) compare(w *words, b *knowledge.Base) error {
	p, err := attribute.Builtin(b)
	if err != nil {
		return fmt.Errorf("reading the profiles of actors: %w", err)
	}
	r.Compared = p.Of(b, r.Case)
	if len(r.Compared) > mostIntruders {
		r.Compared, r.MoreCompared = r.Compared[:mostIntruders], len(r.Compared)-mostIntruders
	}
	var all []*claim.Claim
	for _, c := range r.Compared {
		all = append(all, c.Claims...)
	}
	all = attribute.Claims(all)
	if len(all) > mostClaims {
		all, r.MoreClaims = all[:mostClaims], len(all)-mostClaims
	}
	for _, c := range all {
		name := w.verb("level " + string(c.Level))
		if n := len(r.Levels); n == 0 || r.Levels[n-1].Name != name {
			r.Levels = append(r.Levels, level{Name: name})
		}
		at := &r.Levels[len(r.Levels)-1]
		at.Claims = append(at.Claims, w.said(c))
	}
	return nil
}

// said tells a claim. The words of its grade stay in their own language: French
// and English grades do not translate into each other.
func (w *words) said(c *claim.Claim) said {
	object, target := publish.Plain(c.Object.Name), publish.Plain(c.Target.Name)
	s := said{On: publish.Plain(c.SaidOn), Repeats: len(c.DerivedFrom) > 0}
	relation := w.verb("relation " + string(c.Relation))
	switch {
	case c.Polarity == claim.Declines:
		relation = w.t("does not say: %s", relation)
	case c.Polarity == claim.Negates && c.Relation != claim.Denies:
		relation = w.t("not: %s", relation)
	}
	s.What = strings.TrimSpace(object + " — " + relation + " " + target)
	s.Who = publish.Speakers(c)
	if c.Modality != "" && c.Modality != claim.Asserted {
		s.Grade = append(s.Grade, w.verb("modality "+string(c.Modality)))
	}
	if c.Likelihood != "" {
		s.Grade = append(s.Grade, w.t("likelihood (ICD 203): %s", strings.ReplaceAll(string(c.Likelihood), "-", " ")))
	}
	if c.Confidence != "" {
		s.Grade = append(s.Grade, w.verb(string(c.Confidence)+" confidence"))
	}
	if c.Wording != "" {
		lang := "en"
		if slices.Contains([]string{"en", "fr", "de", "es", "zh", "ja", "ru"}, c.Lang) {
			lang = c.Lang
		}
		s.Wording = template.HTML(`<span lang="` + lang + `">“` + template.HTMLEscapeString(publish.Plain(c.Wording)) + `”</span>`)
	}
	if len(c.Evidence) > 0 {
		s.Source = publish.Plain(c.Evidence[0].Document)
		if https(c.Evidence[0].URL) {
			s.Link = c.Evidence[0].URL
		}
	}
	return s
}

// sentence is a clause of a comparison as a sentence: its reason, or what would
// change it.
func (w *words) sentence(s string) template.HTML {
	text, ok := s, w.lang == "en"
	if !ok {
		for _, p := range clauses {
			if m := p.re.FindStringSubmatchIndex(s); m != nil {
				text, ok = string(p.re.ExpandString(nil, spaced(p.french), s, m)), true
				break
			}
		}
	}
	if first, size := utf8.DecodeRuneInString(text); size > 0 {
		text = string(unicode.ToUpper(first)) + text[size:] + "."
	}
	return w.mark(text, ok)
}

// hypothesis names an actor, somebody unknown, or several.
func (w *words) hypothesis(name string) string {
	switch name {
	case "somebody not in the table":
		return w.t("somebody not in the table")
	case "several actors":
		return w.t("several actors")
	}
	return publish.Plain(name)
}

// percent writes a share of one.
func (w *words) percent(share float64) string {
	s := strconv.FormatFloat(100*share, 'f', 1, 64)
	if w.lang == "fr" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s + "\u00a0%"
}

// clauses are those of attribute, in French.
var clauses = []pattern{
	{regexp.MustCompile(`^there is nothing to compare$`), "il n'y a rien à comparer"},
	{regexp.MustCompile(`^one piece of evidence decides: without (.*) the answer is another$`), "une seule pièce décide : sans $1, la réponse est autre"},
	{regexp.MustCompile(`^what was seen points to several actors at once: look whether this is one intrusion$`), "ce qui a été vu désigne plusieurs acteurs à la fois : vérifiez qu'il s'agit d'une seule intrusion"},
	{regexp.MustCompile(`^hashes, domains or addresses of (\d+) actors were seen: look whether this is one intrusion$`), "des empreintes, domaines ou adresses de $1 acteurs ont été vus : vérifiez qu'il s'agit d'une seule intrusion"},
	{regexp.MustCompile(`^a hash, domain or address that only it is reported with was seen; what else was seen fits many$`), "une empreinte, un domaine ou une adresse que les rapports n'associent qu'à lui a été vu ; le reste convient à beaucoup"},
	{regexp.MustCompile(`^what was seen speaks for nobody in particular: many do the same$`), "ce qui a été vu ne parle pour personne en particulier : beaucoup font de même"},
	{regexp.MustCompile(`^(\d+) independent kinds of evidence speak for it, and nobody else comes near$`), "$1 sortes indépendantes de pièces parlent pour lui, et nul autre ne s'en approche"},
	{regexp.MustCompile(`^what was seen fits it better than anybody else in the table$`), "ce qui a été vu lui convient mieux qu'à tout autre de la table"},
	{regexp.MustCompile(`^it fits, and so may somebody who is not in the table$`), "cela lui convient, comme peut-être à quelqu'un qui n'est pas dans la table"},
	{regexp.MustCompile(`^these are not told apart by what was seen$`), "ce qui a été vu ne les distingue pas"},
	{regexp.MustCompile(`^(\d+) actors fit as well as the best: what was seen tells none of them apart$`), "$1 acteurs conviennent aussi bien que le meilleur : ce qui a été vu n'en distingue aucun"},
	{regexp.MustCompile(`^only techniques speak for it, and techniques alone never name an actor$`), "seules des techniques parlent pour lui, et des techniques seules ne désignent jamais un acteur"},
	{regexp.MustCompile(`^hashes of the tools that were left behind, looked up in published reports$`), "les empreintes des outils laissés sur place, cherchées dans les rapports publiés"},
	{regexp.MustCompile(`^domains and addresses that the server itself connected to$`), "les domaines et adresses auxquels le serveur lui-même s'est connecté"},
	{regexp.MustCompile(`^which web shell, loader or back door it was$`), "le web shell, le chargeur ou la porte dérobée exacts"},
	{regexp.MustCompile(`^what was done after the break-in: which data, which hours, which mistakes$`), "ce qui a été fait après l'intrusion : quelles données, quelles heures, quelles erreurs"},
}
