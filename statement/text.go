package statement

import (
	"fmt"
	"io"
	"strings"

	"limier/publish"
)

// WriteText writes a report for a terminal, in English ("en") or French.
func WriteText(w io.Writer, r *Report, lang string) error {
	words, err := newWords(lang)
	if err != nil {
		return err
	}
	var b strings.Builder
	s := r.Statement
	for _, line := range lines(s.Title.In(words.lang)) {
		fmt.Fprintf(&b, "%s\n", line)
	}
	for _, line := range lines(s.Notice.In(words.lang)) {
		fmt.Fprintf(&b, "%s\n", line)
	}
	fmt.Fprintf(&b, "%s %s · sha256 %s\n", words.t("issued on"), s.Issued, r.Hash)
	if s.Bundle != "" {
		fmt.Fprintf(&b, "%s%ssha256 %s\n", words.t("STIX bundle"), words.colon(), s.Bundle)
	}
	fmt.Fprintf(&b, "%s\n\n", summary(r, words))
	for _, line := range lines(s.Text.In(words.lang)) {
		fmt.Fprintf(&b, "%s\n", line)
	}
	for i := range s.Points {
		p := &s.Points[i]
		fmt.Fprintf(&b, "\n%d. %s [%s]\n", i+1, strings.Join(lines(p.Text.In(words.lang)), " "), p.Claim.ID)
		for _, role := range Roles() {
			textRole(&b, r, words, p.Claim.ID, role)
		}
		textSources(&b, r, words, p.Claim.ID)
	}
	fmt.Fprintf(&b, "\n%s\n", words.t("Signatures"))
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "  %-28s %s%s\n", publish.Plain(row.Signer), words.t(row.State), detail(row, words))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "! %s\n", publish.Plain(words.say(p)))
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// textRole lists who has one role on one claim. Who is not verified is listed
// apart from those who are.
func textRole(b *strings.Builder, r *Report, w words, claim string, role Role) {
	var names, unsure []string
	for _, row := range r.Rows {
		if row.Position == nil {
			continue
		}
		s := row.Position.Stand(claim)
		if s.Role != role {
			continue
		}
		name := publish.Plain(row.Signer)
		var more []string
		if g := w.grade(s); g != "" {
			more = append(more, g)
		}
		if q := wording(s); q != "" {
			more = append(more, q)
		}
		if len(more) > 0 {
			name += " (" + strings.Join(more, "; ") + ")"
		}
		if row.State == Verified {
			names = append(names, name)
		} else {
			unsure = append(unsure, publish.Plain(row.Signer)+" ["+w.t(row.State)+"]")
		}
	}
	sep := "\n" + strings.Repeat(" ", 24)
	if role == Abstains {
		sep = ", "
	}
	if len(names) > 0 {
		fmt.Fprintf(b, "   %-20s %s\n", w.t(role), strings.Join(names, sep))
	}
	if len(unsure) > 0 {
		fmt.Fprintf(b, "   %-20s %s\n", w.t(role)+"?", strings.Join(unsure, ", "))
	}
}

// textSources lists where the parties said what they say of one claim.
func textSources(b *strings.Builder, r *Report, w words, claim string) {
	label := w.t("sources")
	for _, row := range r.Rows {
		if row.Position == nil {
			continue
		}
		if c := row.Position.Stand(claim).Source; c != nil {
			fmt.Fprintf(b, "   %-20s %s: %s\n", label, publish.Plain(row.Signer), c.in(w))
			label = ""
		}
	}
}

// in says a source in one line.
func (c *Source) in(w words) string {
	s := publish.Plain(c.Document) + ", " + c.On
	if c.Place != "" {
		s += ", " + publish.Plain(c.Place)
	}
	if c.Through != "" {
		s += " (" + w.t("as quoted by") + " " + publish.Plain(c.Through) + ")"
	}
	if c.URL != "" {
		s += " " + publish.Plain(c.URL)
	}
	return s
}

func summary(r *Report, w words) string {
	if !r.Pinned {
		return w.t("NOT VERIFIED: no keys were pinned, so anybody may have written this.")
	}
	n := 0
	for _, row := range r.Rows {
		if row.State == Verified && row.Invited {
			n++
		}
	}
	return fmt.Sprintf(w.t("%d of %d parties: position verified with pinned keys."), n, len(r.Statement.Parties))
}

// detail says more of a row: when, by which keys, and that nobody asked.
func detail(row Row, w words) string {
	var b strings.Builder
	if row.Position != nil {
		fmt.Fprintf(&b, " · %s", row.Position.On)
	}
	if len(row.Keys) > 0 {
		fmt.Fprintf(&b, " · %s", strings.Join(row.Keys, " "))
	}
	if row.Withdrawal != nil {
		fmt.Fprintf(&b, " · %s %s", w.t("withdrawn on"), row.Withdrawal.On)
		if reason := row.Withdrawal.Reason.In(w.lang); reason != "" {
			fmt.Fprintf(&b, "%s%s", w.colon(), publish.Plain(reason))
		}
	}
	if !row.Invited {
		fmt.Fprintf(&b, " · %s", w.t("not invited"))
	}
	return b.String()
}

// Line says in one line of English what a party's position is worth.
func Line(row Row) string {
	w, _ := newWords("en")
	return fmt.Sprintf("%-12s %s%s", row.State, publish.Plain(row.Signer), detail(row, w))
}
