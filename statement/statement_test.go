package statement

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"pgregory.net/rapid"

	"limier/claim"
	"limier/internal/jcs"
)

// key returns a key made from a word.
func key(word string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(word))
	return ed25519.NewKeyFromSeed(seed[:])
}

func pins(names ...string) Pins {
	p := Pins{}
	for _, n := range names {
		p[n] = []ed25519.PublicKey{key(n).Public().(ed25519.PublicKey)}
	}
	return p
}

func sample(t testing.TB) *File {
	t.Helper()
	point := func(id string) Point {
		return Point{Text: Text{"en": "claim " + id}, Claim: claim.Claim{ID: id, Attributors: []claim.Party{{Identity: "A"}}, Relation: claim.AttributedTo,
			Object: claim.Thing{Name: "the campaign"}, Target: claim.Thing{Name: "somebody"}, Polarity: claim.Affirms, Modality: claim.Asserted, SaidOn: "2021-07-19",
			Evidence: []claim.Quote{{Document: "a speech"}}}}
	}
	f, err := New(Statement{Title: Text{"en": "title"}, Text: Text{"en": "text", "fr": "texte"}, Issued: "2021-07-19", Parties: []string{"A", "B"}, Points: []Point{point("c1"), point("c2")}})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func position(signer string, one, two Role) Position {
	return Position{Signer: signer, On: "2021-07-19", Stands: []Stand{{Claim: "c1", Role: one}, {Claim: "c2", Role: two}}}
}

func sign(t testing.TB, f *File, p Position, by string) {
	t.Helper()
	if err := f.Sign(t.Context(), p, key(by)); err != nil {
		t.Fatal(err)
	}
}

// states lists what Verify says of each party.
func states(r *Report) []string {
	var list []string
	for _, row := range r.Rows {
		list = append(list, row.Signer+" "+string(row.State))
	}
	return list
}

func TestTwoPartiesWithTheirOwnRoles(t *testing.T) {
	f, g := sample(t), sample(t)
	sign(t, f, position("A", States, States), "A")
	sign(t, f, position("B", Acknowledges, Abstains), "B")
	sign(t, g, position("B", Acknowledges, Abstains), "B")
	sign(t, g, position("A", States, States), "A")
	one, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	two, _ := g.Bytes()
	if !bytes.Equal(one, two) {
		t.Error("the order of signing shows")
	}
	h, err := Read(one)
	if err != nil {
		t.Fatal(err)
	}
	r := h.Verify(pins("A", "B"))
	if diff := cmp.Diff([]string{"A verified", "B verified"}, states(r)); diff != "" || !r.Whole() {
		t.Error(diff, r.Problems)
	}
	if got := r.Rows[1].Position.Stand("c1").Role; got != Acknowledges {
		t.Errorf("B's role is %s", got)
	}
}

// Each case spoils a file that was whole, and says what must be seen.
func TestVerifySees(t *testing.T) {
	forge := func(e *dsse.Envelope, change func(*Position)) {
		_, p, err := readPosition(e)
		if err != nil {
			panic(err)
		}
		change(p)
		b, _ := jcs.Marshal(p)
		e.Payload = base64.StdEncoding.EncodeToString(b)
	}
	for name, c := range map[string]struct {
		spoil   func(t *testing.T, f *File)
		pins    Pins
		states  string
		problem string // a part of one; "" for none
	}{
		"missing":        {func(t *testing.T, f *File) { f.Positions = f.Positions[:1] }, pins("A", "B"), "A verified, B missing", ""},
		"a changed role": {func(t *testing.T, f *File) { forge(&f.Positions[1], func(p *Position) { p.Stands[0].Role = States }) }, pins("A", "B"), "A verified, B invalid", "no pinned key made"},
		"a changed grade": {func(t *testing.T, f *File) {
			forge(&f.Positions[0], func(p *Position) {
				p.Stands[0].Confidence, p.Stands[0].Wording, p.Stands[0].Lang = "high", "sure", "en"
			})
		}, pins("A", "B"), "A invalid, B verified", "no pinned key made"},
		"a changed source": {func(t *testing.T, f *File) {
			forge(&f.Positions[0], func(p *Position) { p.Stands[0].Source = &Source{Document: "x", On: "2021-07-19"} })
		}, pins("A", "B"), "A invalid, B verified", "no pinned key made"},
		"another's name": {func(t *testing.T, f *File) { forge(&f.Positions[1], func(p *Position) { p.Signer = "A" }) }, pins("A", "B"), "A verified, A invalid, B missing", "no pinned key made"},
		"another's key": {func(t *testing.T, f *File) {
			f.Positions = f.Positions[:1]
			sign(t, f, position("B", States, States), "A")
		}, pins("A", "B"), "A verified, B invalid", "signed by the key of A"},
		"no role":   {func(t *testing.T, f *File) { forge(&f.Positions[1], func(p *Position) { p.Stands = p.Stands[:1] }) }, pins("A", "B"), "A verified, B missing", "no role on claim"},
		"two roles": {func(t *testing.T, f *File) { forge(&f.Positions[1], func(p *Position) { p.Stands[1] = p.Stands[0] }) }, pins("A", "B"), "A verified, B missing", "two roles"},
		"another text": {func(t *testing.T, f *File) {
			forge(&f.Positions[1], func(p *Position) { p.Statement = strings.Repeat("0", 64) })
		}, pins("A", "B"), "A verified, B missing", "another statement"},
		"uninvited":        {func(t *testing.T, f *File) { sign(t, f, position("C", States, States), "C") }, pins("A", "B", "C"), "A verified, B verified, C verified", "does not list it"},
		"no pin":           {func(*testing.T, *File) {}, pins("A"), "A verified, B unknown-key", ""},
		"not signed":       {func(t *testing.T, f *File) { f.Positions[1].Signatures = nil }, pins("A", "B"), "A verified, B invalid", "not signed"},
		"twice":            {func(t *testing.T, f *File) { f.Positions = append(f.Positions, f.Positions[1]) }, pins("A", "B"), "A verified, B verified", "there twice"},
		"one key twice":    {func(t *testing.T, f *File) { s := &f.Positions[1].Signatures; *s = append(*s, (*s)[0]) }, pins("A", "B"), "A verified, B verified", "two signatures by one key"},
		"a stranger's too": {func(t *testing.T, f *File) { sign(t, f, position("B", Acknowledges, Abstains), "stranger") }, pins("A", "B"), "A verified, B verified", "no pinned key made"},
		"two positions": {func(t *testing.T, f *File) {
			g := sample(t)
			sign(t, g, position("B", Objects, Abstains), "B")
			f.Positions = append(f.Positions, g.Positions...)
		}, pins("A", "B"), "A verified, B duplicate, B duplicate", "positions that differ"},
		"withdrawn": {func(t *testing.T, f *File) {
			if n, err := f.Withdraw(t.Context(), "B", "2021-08-01", nil, key("B")); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}, pins("A", "B"), "A verified, B withdrawn", ""},
		"withdrawn by another": {func(t *testing.T, f *File) {
			if _, err := f.Withdraw(t.Context(), "B", "2021-08-01", nil, key("A")); err != nil {
				t.Fatal(err)
			}
		}, pins("A", "B"), "A verified, B verified", "it has no effect"},
		"a withdrawal as a position": {func(t *testing.T, f *File) {
			f.Withdraw(t.Context(), "B", "2021-08-01", nil, key("B"))
			f.Withdrawals[0].PayloadType = positionPayload
			f.Positions, f.Withdrawals = append(f.Positions, f.Withdrawals...), nil
		}, pins("A", "B"), "A verified, B verified", "unknown field"},
		"another encoding": {func(t *testing.T, f *File) {
			b, _ := f.Positions[1].DecodeB64Payload()
			f.Positions[1].Payload = base64.StdEncoding.EncodeToString(append([]byte(" "), b...))
		}, pins("A", "B"), "A verified, B missing", "canonical"},
	} {
		t.Run(name, func(t *testing.T) {
			f := sample(t)
			sign(t, f, position("A", States, States), "A")
			sign(t, f, position("B", Acknowledges, Abstains), "B")
			c.spoil(t, f)
			text, err := f.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if f, err = Read(text); err != nil {
				t.Fatal(err)
			}
			r := f.Verify(c.pins)
			if got := strings.Join(states(r), ", "); got != c.states || r.Whole() {
				t.Errorf("got %s, want %s; whole: %v", got, c.states, r.Whole())
			}
			all := fmt.Sprint(r.Problems)
			if c.problem == "" && all != "[]" || !strings.Contains(all, c.problem) {
				t.Errorf("got %q, want a problem with %q", all, c.problem)
			}
			for _, lang := range Languages() {
				var page bytes.Buffer
				if err := WriteHTML(&page, r, lang); err != nil {
					t.Error(err)
				}
			}
			for _, p := range r.Problems {
				if french[p.text] == "" {
					t.Errorf("no French for %q", p.text)
				}
			}
		})
	}
}

func TestComeBackAfterWithdrawal(t *testing.T) {
	f := sample(t)
	sign(t, f, position("A", States, States), "A")
	sign(t, f, position("B", States, States), "B")
	if err := f.Sign(t.Context(), position("B", Objects, States), key("B")); err == nil {
		t.Error("B contradicts itself")
	}
	old, _ := f.Bytes()
	if _, err := f.Withdraw(t.Context(), "B", "2021-08-01", Text{"en": "new facts"}, key("B")); err != nil {
		t.Fatal(err)
	}
	if err := f.Sign(t.Context(), position("B", States, States), key("B")); err == nil {
		t.Error("what was withdrawn is signed again")
	}
	sign(t, f, position("B", Objects, States), "B")
	r := f.Verify(pins("A", "B"))
	if diff := cmp.Diff([]string{"A verified", "B verified", "B withdrawn"}, states(r)); diff != "" || !r.Whole() {
		t.Error(diff, r.Problems)
	}
	var page bytes.Buffer
	if err := WriteHTML(&page, r, "fr"); err != nil || !strings.Contains(page.String(), "retirée\u00a0: cette partie l’a retirée</span>") {
		t.Error("the page does not say why a position that was withdrawn does not count", err)
	}
	if !f.SignedBy("B", key("B").Public().(ed25519.PublicKey)) || f.SignedBy("B", key("A").Public().(ed25519.PublicKey)) {
		t.Error("who signed for B is not told")
	}
	// An old copy, and the list that B published.
	text, err := WithdrawalList(f.Withdrawals)
	if err != nil {
		t.Fatal(err)
	}
	list, err := ReadWithdrawals(text)
	if err != nil {
		t.Fatal(err)
	}
	g, err := Read(old)
	if err != nil {
		t.Fatal(err)
	}
	if got := states(g.Verify(pins("A", "B"), list...)); !slices.Contains(got, "B withdrawn") {
		t.Error(got)
	}
}

func TestSeveralKeysOfOneParty(t *testing.T) {
	f := sample(t)
	p := pins("A", "B")
	p["A"] = append(p["A"], key("A's deputy").Public().(ed25519.PublicKey))
	sign(t, f, position("A", States, States), "A")
	other := position("A", States, States)
	slices.Reverse(other.Stands) // the same roles
	sign(t, f, other, "A's deputy")
	if err := f.Sign(t.Context(), position("A", States, States), key("A")); err == nil {
		t.Error("a key signs twice")
	}
	sign(t, f, position("B", States, States), "B")
	r := f.Verify(p)
	if len(f.Positions) != 2 || len(r.Rows[0].Keys) != 2 || !r.Whole() {
		t.Error(len(f.Positions), r.Rows[0].Keys, r.Problems)
	}
}

func TestNamesThatLookLikeOthers(t *testing.T) {
	for _, name := range []string{"", " A", "A ", "A  B", "United\u200bStates", "Unit\u0435d States", "NATO\u202e", "A\tB", "E\u0301tat", "A<b>", "\u0410\u0410A", strings.Repeat("a", 300)} {
		f := sample(t)
		f.Statement.Parties = append(f.Statement.Parties, name)
		if err := f.Statement.Lint(); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
	for _, name := range []string{"Côte d’Ivoire", "Україна", "日本", "Ελλάδα", "Bosnia and Herzegovina (BA)", "U.S.A."} {
		f := sample(t)
		f.Statement.Parties = append(f.Statement.Parties, name)
		if err := f.Statement.Lint(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestWhoHasNoGrade(t *testing.T) {
	f := sample(t)
	for want, s := range map[string]Stand{
		"no grade of its own":      {Claim: "c1", Role: Acknowledges, Confidence: claim.High, Wording: "sure", Lang: "en"},
		"without its wording":      {Claim: "c1", Role: States, Confidence: claim.High},
		"without its language":     {Claim: "c1", Role: States, Wording: "sure"},
		"without a document":       {Claim: "c1", Role: States, Source: &Source{On: "2021-07-19"}},
		"is no day":                {Claim: "c1", Role: States, Source: &Source{Document: "x", On: "then"}},
		"no https://":              {Claim: "c1", Role: States, Source: &Source{Document: "x", On: "2021-07-19", URL: "javascript:alert(1)"}},
		"source on c1: the hidden": {Claim: "c1", Role: States, Source: &Source{Document: "x\u202e", On: "2021-07-19"}},
		"is none of":               {Claim: "c1", Role: "endorses"},
		"likelihood":               {Claim: "c1", Role: States, Likelihood: "sure", Wording: "sure", Lang: "en"},
		"hidden character":         {Claim: "c1", Role: States, Wording: "su\u202ere", Lang: "en"},
	} {
		p := position("A", States, States)
		p.Stands[0] = s
		if err := f.Sign(t.Context(), p, key("A")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestPins(t *testing.T) {
	hexKey := hex.EncodeToString(key("A").Public().(ed25519.PublicKey))
	p := Pins{}
	if err := p.ReadPins(strings.NewReader("# keys\n\nA = limier-ed25519-public " + hexKey + "\n")); err != nil || len(p["A"]) != 1 {
		t.Fatal(err, p)
	}
	for _, line := range []string{"A", "A = abc", "B = " + hexKey, "\u202eB = " + hexKey} {
		q := Pins{"A": p["A"]}
		if err := q.ReadPins(strings.NewReader(line)); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}

// No byte of a payload or signature may change without being seen.
func TestAnyChangeIsSeen(t *testing.T) {
	f := sample(t)
	sign(t, f, position("A", States, States), "A")
	sign(t, f, position("B", Acknowledges, Abstains), "B")
	text, _ := f.Bytes()
	rapid.Check(t, func(r *rapid.T) {
		b := slices.Clone(text)
		i := rapid.IntRange(0, len(b)-1).Draw(r, "i")
		c := rapid.Byte().Draw(r, "c")
		if b[i] == c {
			return
		}
		b[i] = c
		g, err := Read(b)
		if err != nil {
			return
		}
		if g.Hash() == f.Hash() && g.Verify(pins("A", "B")).Whole() {
			was, _ := jcs.Canonical(text)
			is, _ := jcs.Canonical(b)
			var x, y map[string]any // key ids are hints: nothing is decided by them
			json.Unmarshal(was, &x)
			json.Unmarshal(is, &y)
			for _, m := range []map[string]any{x, y} {
				for _, p := range m["positions"].([]any) {
					for _, s := range p.(map[string]any)["signatures"].([]any) {
						delete(s.(map[string]any), "keyid")
					}
				}
			}
			if diff := cmp.Diff(x, y); diff != "" {
				r.Fatalf("not seen: %s", diff)
			}
		}
	})
}

func TestPage(t *testing.T) {
	text, err := os.ReadFile("../examples/statement/statement.json")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(text)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := os.Open("../examples/statement/keys.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	p := Pins{}
	if err := p.ReadPins(keys); err != nil {
		t.Fatal(err)
	}
	r := f.Verify(p)
	if !r.Whole() {
		t.Error(r.Problems)
	}
	for lang, want := range map[string]string{"en": "territory only|takes note that others state it|In their own words", "fr": "territoire seulement|prend acte que d’autres l’affirment|Dans leurs propres termes"} {
		var page, again bytes.Buffer
		if err := WriteHTML(&page, r, lang); err != nil {
			t.Fatal(err)
		}
		if err := WriteHTML(&again, r, lang); err != nil || !bytes.Equal(page.Bytes(), again.Bytes()) {
			t.Error("not the same bytes twice", err)
		}
		for _, w := range append(strings.Split(want, "|"), "Content-Security-Policy", `lang="`+lang+`"`) {
			if lang == "en" && w == "territory only" {
				w = "territory-only"
			}
			if !strings.Contains(page.String(), w) {
				t.Errorf("%s: no %q", lang, w)
			}
		}
		if strings.Contains(page.String(), "<script") || strings.Contains(page.String(), "ZgotmplZ") {
			t.Error("a script, or something that the template refused")
		}
	}
	// The positions of the EU and of NATO are those of that day.
	for _, row := range r.Rows {
		for _, s := range row.Position.Stands {
			if row.Signer == "NATO" && s.Role != Acknowledges && s.Role != Abstains {
				t.Errorf("NATO %s %s", s.Role, s.Claim)
			}
			if row.Signer == "European Union" && s.Role == States && s.Claim != "a14" && s.Claim != "a15" && s.Claim != "a15-apt31" {
				t.Errorf("the EU states %s", s.Claim)
			}
		}
	}
}

func TestMarkupHasNoEffect(t *testing.T) {
	f := sample(t)
	f.Statement.Title["en"] = `<script>alert(1)</script>`
	f.Statement.Points[0].Text["en"] = `"><img src=x onerror=alert(1)>`
	g, err := New(f.Statement)
	if err != nil {
		t.Fatal(err)
	}
	p := position("A", States, States)
	p.Stands[0].Wording, p.Stands[0].Lang = `</style><b>`, "en"
	sign(t, g, p, "A")
	var page bytes.Buffer
	if err := WriteHTML(&page, g.Verify(pins("A")), "en"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "</style><b>"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("%s is in the page", bad)
		}
	}
}

// What a person's program must not take in two ways, or choke on.
func TestHostileFiles(t *testing.T) {
	f := sample(t)
	sign(t, f, position("A", States, States), "A")
	b, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	good := string(b)
	for name, text := range map[string]string{
		"a key twice":      strings.Replace(good, `"issued"`, `"issued": "2020-01-01", "issued"`, 1),
		"another case":     strings.Replace(good, `"issued"`, `"Issued"`, 1),
		"an unknown field": strings.Replace(good, `"issued"`, `"urgent": true, "issued"`, 1),
		"a huge number":    strings.Replace(good, `"polarity"`, `"version": 1e400, "polarity"`, 1),
		"a large number":   strings.Replace(good, `"polarity"`, `"version": 9007199254740993, "polarity"`, 1),
		"a fraction":       strings.Replace(good, `"polarity"`, `"version": 1.5, "polarity"`, 1),
		"deep nesting":     strings.Replace(good, `"statement": {`, `"statement": {"x": `+strings.Repeat("[", 1_000_000)+`, `, 1),
		"a hidden letter":  strings.Replace(good, `"A"`, `"A\u200b"`, 1),
		"another alphabet": strings.Replace(good, `"A",`, `"NATO\u0410",`, 1),
		"half a pair":      strings.Replace(good, `"title"`, `"x": "\ud800", "title"`, 1),
		"broken UTF-8":     strings.Replace(good, `"title": {`, "\"title\": {\"fr\": \"\xff\",", 1),
		"no parties":       strings.Replace(good, `"A",`, ``, 1) + "x",
		"many envelopes":   strings.Replace(good, `"positions": [`, `"positions": [`+strings.Repeat(`{"payloadType":"x","payload":"","signatures":null},`, 1001), 1),
		"many signatures":  strings.Replace(good, `"signatures": [`, `"signatures": [`+strings.Repeat(`{"keyid":"","sig":""},`, 17), 1),
		"too long":         good + strings.Repeat(" ", MaxFile),
		"two documents":    good + good,
	} {
		if text == good {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := Read([]byte(text)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// The envelopes are those of the standard: the library's own verifier takes
// them.
func TestAnotherVerifier(t *testing.T) {
	f := sample(t)
	sign(t, f, position("A", States, States), "A")
	v, err := dsse.NewEnvelopeVerifier(foreign{key("A").Public().(ed25519.PublicKey)})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.Verify(t.Context(), &f.Positions[0]); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
	f.Positions[0].PayloadType = withdrawalPayload
	if _, err := v.Verify(t.Context(), &f.Positions[0]); err == nil {
		t.Error("the type is not signed")
	}
}

// foreign verifies for the library.
type foreign struct{ key ed25519.PublicKey }

func (f foreign) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(f.key, data, sig) {
		return errors.New("not signed")
	}
	return nil
}
func (f foreign) KeyID() (string, error)   { return keyID(f.key), nil }
func (f foreign) Public() crypto.PublicKey { return f.key }

func FuzzRead(f *testing.F) {
	if b, err := os.ReadFile("../examples/statement/statement.json"); err == nil {
		f.Add(b)
	}
	s := sample(f)
	sign(f, s, position("A", States, States), "A")
	b, _ := s.Bytes()
	f.Add(b)
	f.Add([]byte(`{"type":"limier/withdrawals/1","withdrawals":[{"payloadType":"","payload":"e30=","signatures":[{"keyid":"","sig":""}]}]}`))
	f.Add([]byte(`{"type":"limier/cosigned/1","type":"limier/cosigned/1"}`))
	f.Add([]byte(strings.Repeat(`{"a":`, 100)))
	f.Fuzz(func(t *testing.T, text []byte) {
		if list, err := ReadWithdrawals(text); err == nil {
			s.Verify(pins("A"), list...)
		}
		g, err := Read(text)
		if err != nil {
			return
		}
		r := g.Verify(pins("A"))
		var out bytes.Buffer
		if err := WriteText(&out, r, "fr"); err != nil {
			t.Fatal(err)
		}
		if err := WriteHTML(&out, r, "en"); err != nil {
			t.Fatal(err)
		}
		b, err := g.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if h, err := Read(b); err != nil || h.Hash() != g.Hash() {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}
