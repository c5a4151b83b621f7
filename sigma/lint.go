package sigma

import (
	"cmp"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A Remark is what [Lint] has to say of a rule.
type Remark struct {
	File    string
	Line    int
	ID      string
	Title   string
	Text    string // one sentence, lower case, no period
	Refused bool   // the rule cannot be used; else it is advice
}

// Lint reads and compiles every rule below the root of fsys and returns what is
// wrong with them, by file and line, and how many rules can be used.
func Lint(fsys fs.FS, cfg Config) (remarks []Remark, usable int) {
	c, errs := Read(fsys)
	l := &linter{ids: map[string]string{}, names: map[string]string{}}
	for _, r := range c.Rules {
		l.rule(r, cfg)
	}
	for _, cor := range c.correlations {
		l.at = Remark{File: cor.file, Line: cor.line, ID: cor.ID, Title: cor.Title}
		l.unique(cor.written.ID, cor.written.Name)
	}
	e, more := Compile(c, cfg)
	for _, err := range append(errs, more...) {
		l.remarks = append(l.remarks, Remark{err.File, err.Line, err.ID, err.Title, err.Err.Error(), true})
	}
	slices.SortStableFunc(l.remarks, func(a, b Remark) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
	return l.remarks, e.Len() + len(e.correlations)
}

type linter struct {
	at         Remark // of the rule being looked at
	remarks    []Remark
	ids, names map[string]string // to the file that has it
}

func (l *linter) say(format string, args ...any) {
	r := l.at
	r.Text = fmt.Sprintf(format, args...)
	l.remarks = append(l.remarks, r)
}

var (
	uuid     = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	tag      = regexp.MustCompile(`^[a-z0-9_-]+\.[a-zA-Z0-9._-]+$`)
	attackID = regexp.MustCompile(`^attack\.t[0-9]{4}(\.[0-9]{3})?$`)
)

func (l *linter) rule(r *Rule, cfg Config) {
	l.at = Remark{File: r.File, Line: r.Line, ID: r.ID, Title: r.Title}
	l.unique(r.written.ID, r.written.Name)
	l.header(r)
	used := map[string]bool{}
	if _, err := r.logic(cfg.Placeholders, used); err != nil {
		return // said when it is compiled
	}
	for _, name := range r.names {
		if !used[name] {
			l.say("selection %q is not in the condition", name)
		}
		l.selection(name, r.identifier[name], 0)
	}
}

func (l *linter) unique(id, name string) {
	for _, k := range []struct {
		what, value string
		seen        map[string]string
	}{{"id", id, l.ids}, {"name", name, l.names}} {
		if k.value == "" {
			continue
		}
		if other, ok := k.seen[k.value]; ok {
			l.say("%s %s is also that of a rule in %s", k.what, k.value, other)
		} else {
			k.seen[k.value] = l.at.File
		}
	}
}

func (l *linter) header(r *Rule) {
	if r.written.ID != "" && !uuid.MatchString(r.ID) {
		l.say("id is no UUID")
	}
	var missing []string
	for _, f := range []struct {
		name  string
		there bool
	}{
		{"id", r.written.ID != ""}, {"status", r.Status != ""}, {"level", r.written.Level != ""},
		{"description", r.Description != ""}, {"author", r.Author != ""}, {"date", r.Date != ""},
		{"references", len(r.References) > 0}, {"tags", len(r.Tags) > 0}, {"falsepositives", len(r.FalsePos) > 0},
	} {
		if !f.there {
			missing = append(missing, f.name)
		}
	}
	if missing != nil {
		l.say("no %s", strings.Join(missing, ", "))
	}
	for _, d := range []string{r.Date, r.Modified} {
		if d != "" && !date(d) {
			l.say("date %q is not YYYY-MM-DD", d)
		}
	}
	if utf8.RuneCountInString(r.Title) > 256 {
		l.say("title has more than 256 characters")
	}
	seen := map[string]bool{}
	for _, t := range r.Tags {
		switch {
		case !tag.MatchString(t):
			l.say("tag %q has no namespace", t)
		case strings.HasPrefix(t, "attack.t1") && !attackID.MatchString(t):
			l.say("tag %q is no technique", t)
		case seen[t]:
			l.say("tag %q stands twice", t)
		}
		seen[t] = true
	}
}

// selection looks for what is legal but hardly meant.
func (l *linter) selection(name string, n *yaml.Node, depth int) {
	if n = resolve(n); depth > maxDepth {
		return
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for _, k := range n.Content {
			l.selection(name, k, depth+1)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			l.item(name, n.Content[i].Value, valuesOf(n.Content[i+1]))
		}
	}
}

func (l *linter) item(name, key string, values []*yaml.Node) {
	field, rest, _ := strings.Cut(key, "|")
	mods := strings.Split(rest, "|")
	has := func(m string) bool { return slices.Contains(mods, m) }
	if strings.TrimSpace(field) != field {
		l.say("%s: field %q has spaces around it", name, field)
	}
	if has("all") && len(values) == 1 {
		l.say("%s: %s: \"all\" with a single value", name, key)
	}
	seen := map[string]bool{}
	for _, v := range values {
		if v.Tag == "!!null" && len(values) > 1 {
			l.say("%s: %s: null in a list", name, key)
		}
		folded := v.Tag + strings.ToLower(v.Value)
		if has("re") || has("cased") || strings.Contains(rest, "base64") {
			folded = v.Tag + v.Value
		}
		if seen[folded] {
			l.say("%s: %s: value %q stands twice", name, key, v.Value)
		}
		seen[folded] = true
		if has("re") {
			continue
		}
		start := strings.HasPrefix(v.Value, "*") && len(v.Value) > 1
		end := strings.HasSuffix(v.Value, "*") && len(v.Value) > 1 && !strings.HasSuffix(v.Value, `\*`)
		if has("contains") && (start || end) || has("endswith") && start || has("startswith") && end {
			l.say("%s: %s: the wildcard of %q is there already", name, key, v.Value)
		}
	}
}
