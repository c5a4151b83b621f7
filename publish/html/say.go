package html

import (
	"html/template"
	"slices"
	"strings"
)

// Say puts a text of a case into a language: the title of a finding, a reason,
// a next step. What has no translation stays English and is marked as such.
func Say(lang, text string) template.HTML { return (&words{lang: lang}).prose(text) }

// Titles lists, in English as cases hold them, the titles whose translation
// holds a text of three letters or more, in any case: for a search in that
// language.
func Titles(lang, part string) (all []string) {
	if lang != "fr" || len(part) < 3 {
		return nil
	}
	part = strings.ToLower(part)
	for english, said := range titles {
		if strings.Contains(strings.ToLower(said), part) {
			all = append(all, english)
		}
	}
	slices.Sort(all)
	return all
}
