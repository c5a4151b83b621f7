package sigma

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"limier/event"
)

// agrees checks what a glance at a file told against reading it.
func agrees(t testing.TB, file string, data []byte) (told bool) {
	t.Helper()
	lazy, eager := Collection{Lazy: true}, Collection{}
	late := lazy.Add(file, data)
	if len(lazy.unread) == 0 {
		return false
	}
	u := lazy.unread[0]
	errs := eager.Add(file, data)
	if len(lazy.unread) != 1 || len(lazy.Rules)+len(late) > 0 {
		t.Errorf("%s: %d put off, and %d read", file, len(lazy.unread), len(lazy.Rules)+len(late))
	}
	if len(eager.correlations)+len(eager.filters) > 0 || len(eager.Rules)+len(errs) > 1 {
		t.Errorf("%s holds more than a rule: %d rules, %d correlations, %d filters, %v", file, len(eager.Rules), len(eager.correlations), len(eager.filters), errs)
	}
	for _, r := range eager.Rules {
		if r.Logsource != u.logsource || !slices.Contains(u.names, r.ID) || !slices.Contains(u.names, r.Name) {
			t.Errorf("%s: got %+v %q, want %+v, %q and %q", file, u.logsource, u.names, r.Logsource, r.ID, r.Name)
		}
	}
	return true
}

const plainRule = `# A comment.
title: A rule
id: 5f1b7f3e-6f5e-4b6c-9d0c-0a6d0e7a1c11
tags:
    - attack.t1059

logsource:
    category: Process_Creation # in any case
# of Windows
    product: windows
detection:
    s:
        Image|endswith: \a.exe
    condition: s
`

func TestGlance(t *testing.T) {
	with := func(old, new string) string {
		if !strings.Contains(plainRule, old) {
			t.Fatalf("no %q in the rule", old)
		}
		return strings.Replace(plainRule, old, new, 1)
	}
	for _, tt := range []struct {
		name, text string
		want       bool
	}{
		{"as rules are written", plainRule, true},
		{"line ends of Windows", strings.ReplaceAll(plainRule, "\n", "\r\n"), true},
		{"a byte order mark", "\ufeff" + plainRule, true},
		{"a name", with("tags:", "name: a-rule\ntags:"), true},
		{"log source in a line", with("logsource:", "logsource: {category: a, product: b}\nother:"), true},
		{"line ends of old", strings.ReplaceAll(plainRule, "\n", "\r"), false},
		{"a line end within a line", with("attack.t1059", "a\rname: b"), false},
		{"a line end beyond ASCII", with("attack.t1059", "a\u2028name: b"), false},
		{"several documents", plainRule + "---\n" + plainRule, false},
		{"a directive", "%YAML 1.1\n---\n" + plainRule, false},
		{"indented", " " + with("# A comment.\n", ""), false},
		{"a global part", with("tags:", "action: global\ntags:"), false},
		{"a correlation", with("tags:", "correlation: {}\ntags:"), false},
		{"two log sources", with("tags:", "logsource: {category: a}\ntags:"), false},
		{"no log source", with("logsource:", "source:"), false},
		{"a log source of elsewhere", with("logsource:", "a: &x {category: b}\nlogsource: *x\nother:"), false},
		{"a merged log source", with("logsource:", "<<: {logsource: {category: a}}\nother:"), false},
		{"a quoted key", with("logsource:", "\"log\\x73ource\": {category: a}\nlogsource:"), false},
		{"a quoted id", with("5f1b7f3e-6f5e-4b6c-9d0c-0a6d0e7a1c11", `"\x41"`), false},
		{"an id of two lines", with("tags:", "  b\ntags:"), false},
		{"a log source in a text", with("logsource:", "description: \"\nlogsource: {category: a}\n\"\n\"log\\x73ource\":"), false},
		{"a name in a text, which may be one", with("tags:", "description: \"\nname: b\n\"\ntags:"), false},
	} {
		if got := agrees(t, "dir/some_rule.yml", []byte(tt.text)); got != tt.want {
			t.Errorf("%s: put off is %v, want %v", tt.name, got, tt.want)
		}
	}
}

// FuzzGlance: whatever a file holds, a glance tells of it what reading does, or
// nothing.
func FuzzGlance(f *testing.F) {
	f.Add(plainRule)
	for _, name := range []string{"testdata/lint.txtar", "testdata/match/modifiers.txtar"} {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			f.Add(string(file.Data))
		}
	}
	f.Add("title: a\nd: \"\nlogsource: {category: x}\nname: b\"\ne: [a,\nid: c]\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 4<<10 {
			agrees(t, "fuzz.yml", []byte(text))
		}
	})
}

// Nearly all of SigmaHQ's rules are plain.
func TestGlanceAtSigmaHQ(t *testing.T) {
	sigmaHQ(t)
	all, plain := 0, 0
	err := fs.WalkDir(os.DirFS(os.Getenv("LIMIER_SIGMAHQ")), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".yml" || !strings.HasPrefix(name, "rules") {
			return err
		}
		data, err := os.ReadFile(path.Join(os.Getenv("LIMIER_SIGMAHQ"), name))
		all++
		if agrees(t, name, data) {
			plain++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d rules", plain, all)
	if plain < all*9/10 {
		t.Errorf("only %d of %d rules are put off", plain, all)
	}
}

// What events do not ask for is not read; what they ask for is used as if it had
// been read at once, and named if it cannot be.
func TestLate(t *testing.T) {
	c := Collection{Lazy: true}
	add := func(name, text string) {
		for _, err := range c.Add(name, []byte(text)) {
			t.Error(err.Error())
		}
	}
	rule := func(logsource, detection string) string {
		return "title: A rule\nlogsource:\n  " + logsource + "\ndetection:\n  s:\n    " + detection + "\n  condition: s\n"
	}
	add("late.yml", rule("category: process_creation", "Image: a.exe"))
	add("any.yml", rule("product: windows", "Image: a.exe"))
	add("logon.yml", rule("service: security", "EventID: 4625"))
	add("bad.yml", rule("category: process_creation", "Image|nonsense: a"))
	add("worse.yml", rule("category: process_creation", "Image: [a"))
	add("other.yml", rule("category: webserver", "cs-uri-stem|nonsense: a"))
	add("asked_for.yml", rule("category: proxy", "c-uri: a"))
	add("both.yml", "title: Both\nid: both\ncorrelation:\n  type: temporal\n  rules: [asked-for]\n  timespan: 1m\n")
	add("narrow.yml", "title: Narrow\nlogsource:\n  category: process_creation\nfilter:\n  rules: [late]\n  s:\n    Image: b.exe\n  condition: not s\n")

	e, errs := Compile(&c, Config{})
	for _, err := range errs {
		t.Error(err.Error())
	}
	late := func(want string, unread int) {
		t.Helper()
		errs, n := e.Late()
		var files []string
		for _, err := range errs {
			files = append(files, err.File)
		}
		if got := strings.Join(files, " "); got != want || n != unread {
			t.Errorf("got %d unread and these refused: %q, want %d, %q", n, got, unread, want)
		}
	}
	match := func(channel, id, image, want string) {
		t.Helper()
		r := &record{source: event.Windows(channel, id), names: []string{"EventID", "Image", "NewProcessName"}, values: []string{id, image, image}}
		if got := names(e.Match(&event.Event{Data: r}, nil)); got != want {
			t.Errorf("%s %s: got %q, want %q", channel, id, got, want)
		}
	}
	late("", 6)
	match("System", "7045", "a.exe", "any")
	late("", 5)
	match("Security", "4625", "b.exe", "logon")
	late("", 4)
	match("Microsoft-Windows-Sysmon/Operational", "1", "a.exe", "late any")
	late("worse.yml bad.yml", 1)
	match("Security", "4688", "a.exe", "late any")
	late("worse.yml bad.yml", 1)
	if got := e.Len(); got != 5 {
		t.Errorf("got %d rules of use or unread, want 5", got)
	}
	if got := len(e.Rules()); got != 4 {
		t.Errorf("got %d rules of use, want 4", got)
	}
	late("worse.yml bad.yml other.yml", 0)
}
