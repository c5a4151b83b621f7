package statement

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the template and the style sheet
	"encoding/base64"
	"html/template"
	"io"

	"limier/publish"
)

//go:embed page.tmpl
var pageTemplate string

//go:embed page.css
var pageStyle string

// pageData is what the template shows.
type pageData struct {
	*Report
	Lang, Other string
	Summary     string
	Good        bool
	CSP         template.HTMLAttr
}

// WriteHTML writes a report as one page without scripts that loads nothing, in
// English ("en") or French. The same report gives the same bytes.
func WriteHTML(w io.Writer, r *Report, lang string) error {
	words, err := newWords(lang)
	if err != nil {
		return err
	}
	t, err := template.New("page").Funcs(template.FuncMap{
		"T": words.t, "plain": publish.Plain, "in": func(t Text) string { return t.In(words.lang) }, "lines": lines, "grade": words.grade,
		"wording": wording, "meaning": func(v any) string { return words.t(meaning(v)) }, "roles": Roles, "add": func(a, b int) int { return a + b },
		"attributors": attributors, "style": func() template.CSS { return template.CSS(pageStyle) },
		"say": func(p Problem) string { return publish.Plain(words.say(p)) }, "colon": words.colon,
		"stand":  func(row Row, claim string) Stand { return row.Position.Stand(claim) },
		"detail": func(row Row) string { return detail(row, words) },
	}).Parse(pageTemplate)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(pageStyle))
	d := pageData{Report: r, Lang: words.lang, Summary: summary(r, words), Good: r.Pinned && r.Whole()}
	d.CSP = template.HTMLAttr(`content="default-src 'none'; style-src 'sha256-` + base64.StdEncoding.EncodeToString(sum[:]) + `'; base-uri 'none'; form-action 'none'"`)
	var out bytes.Buffer // a page that fails half way must not look like one
	if err := t.Execute(&out, d); err != nil {
		return err
	}
	_, err = out.WriteTo(w)
	return err
}
