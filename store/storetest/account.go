package storetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/store"
)

func testScope(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	a, b := enrol(t, h, "a", "ex01"), enrol(t, h, "b", "ex02")
	ingest(t, h, Submission(t, a, Case(1, true), now), Submission(t, b, Case(2, true), now))
	latest := must(h.Server(ctx, store.All(), a))(t).Latest
	files, _, err := h.SearchFiles(ctx, store.Org("a"), "supp", store.Page{})
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	for _, scope := range []store.Scope{store.Org("b"), store.Org(""), {}} {
		for name, err := range map[string]error{
			"server": second(h.Server(ctx, scope, a)), "cases": second(h.Cases(ctx, scope, a)), "files": second(h.FilesOf(ctx, scope, a, 5)), "revoke": h.Revoke(ctx, scope, a, now),
			"organisation": second(h.Organisation(ctx, scope, "a")), "notified": h.Notified(ctx, scope, "a", "x", now), "ask": second(h.AskFile(ctx, scope, store.FileRequest{Server: a})),
			"requests": second(h.FileRequests(ctx, scope, a, "")), "body": third(h.CaseBody(ctx, scope, latest)), "case": third(h.Case(ctx, scope, latest)),
		} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%+v sees %s of another organisation: %v", scope, name, err)
			}
		}
		if on, _, err := h.FileServers(ctx, scope, files[0].ID, store.Page{}); err != nil || len(on) != 0 {
			t.Error(on, err)
		}
		for name, err := range map[string]error{
			"dead letters": third(h.DeadLetters(ctx, scope, store.Page{})), "dead letter": third(h.DeadLetter(ctx, scope, 1)), "put organisation": h.PutOrganisation(ctx, scope, store.Organisation{ID: "x"}),
			"token": h.NewToken(ctx, scope, store.Token{Organisation: "a"}), "account": h.AddAccount(ctx, scope, store.Account{Name: "x", Role: store.Admin}),
			"account of another": h.AddAccount(ctx, scope, store.Account{Name: "x", Role: store.Admin, Organisation: "a"}),
		} {
			if !errors.Is(err, store.ErrScope) {
				t.Errorf("%+v may: %s: %v", scope, name, err)
			}
		}
	}
	o := must(h.Overview(ctx, store.Org("a")))(t)
	if o.Servers != 1 || o.Cases != 1 || len(o.CVEs) != 2 || len(o.Builds) != 1 || len(o.Curve) != 1 {
		t.Errorf("overview of one organisation: %+v", o)
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

func testNotify(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	a := enrol(t, h, "a", "ex01")
	enrol(t, h, "quiet", "ex02")
	ingest(t, h, Submission(t, a, Case(1, true), now))
	if err := h.PutOrganisation(ctx, store.All(), store.Organisation{ID: "a", Name: "Société A", Country: "FR", Contact: "cert@a.example"}); err != nil {
		t.Fatal(err)
	}
	list, _, err := h.Organisations(ctx, store.All(), true, store.Page{})
	if err != nil || len(list) != 1 || list[0].Name != "Société A" || list[0].Compromised != 1 || list[0].Servers != 1 {
		t.Fatal(list, err)
	}
	if err := h.Notified(ctx, store.All(), "a", "ana", now); err != nil {
		t.Fatal(err)
	}
	if list, _, err := h.Organisations(ctx, store.All(), true, store.Page{}); err != nil || len(list) != 0 {
		t.Error("told, and still to be told:", list, err)
	}
	b := enrol(t, h, "a", "ex03")
	ingest(t, h, Submission(t, b, Case(3, true), now))
	if list, _, err := h.Organisations(ctx, store.All(), true, store.Page{}); err != nil || len(list) != 1 || list[0].Compromised != 2 {
		t.Error("something new to tell:", list, err)
	}
	for n := range 5 {
		enrol(t, h, fmt.Sprint("org", n), "x")
	}
	seen := 0
	for page := (store.Page{Limit: 2}); ; {
		list, next, err := h.Organisations(ctx, store.All(), false, page)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(list)
		if page.After = next; next == "" {
			break
		}
	}
	if seen != 7 {
		t.Errorf("%d organisations, want 7", seen)
	}
}

func testTokens(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	put := func(text string, uses int) {
		t.Helper()
		if err := h.NewToken(ctx, store.Org("a"), store.Token{Hash: sha256.Sum256([]byte(text)), Organisation: "a", Created: now, CreatedBy: "ana", Expires: now.Add(time.Hour), Uses: uses}); err != nil {
			t.Fatal(err)
		}
	}
	if noted, err := h.NoteKeys(ctx, ""); !errors.Is(err, store.ErrNotFound) {
		t.Error("keys that nobody noted:", noted, err)
	}
	for _, k := range []string{"k", "other", ""} {
		if noted, err := h.NoteKeys(ctx, k); err != nil || noted != "k" {
			t.Errorf("keys %q: %q %v", k, noted, err)
		}
	}
	put("one", 1)
	use := func(token, server, key string, at time.Time) error {
		_, _, err := h.UseToken(ctx, token, server, key, at)
		return err
	}
	if err := use("one", "ex01", "k1", now.Add(time.Hour)); !errors.Is(err, store.ErrNotFound) {
		t.Error("expired:", err)
	}
	_, id, err := h.UseToken(ctx, "one", "ex01", "k1", now)
	if err != nil {
		t.Fatal(err)
	}
	if s := must(h.Server(ctx, store.Org("a"), id))(t); s.Name != "ex01" {
		t.Errorf("%+v", s)
	}
	if err := use("one", "ex01", "k1", now); err != nil {
		t.Error("the same server with the same key, as after a lost answer:", err)
	}
	for name, err := range map[string]error{"used up": use("one", "ex02", "k2", now), "stolen": use("one", "ex01", "k2", now), "unknown": use("two", "ex03", "k3", now)} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	put("many", 5)
	if err := use("many", "ex01", "stolen key", now); !errors.Is(err, store.ErrEnrolled) {
		t.Error("a stolen token took a server's name over:", err)
	}
	if all := must(h.Tokens(ctx, store.All()))(t); len(all) != 2 || all[0].Uses+all[1].Uses != 5 {
		t.Errorf("a failed enrolment costs no use: %+v", all)
	}
	if err := h.RevokeToken(ctx, store.Org("b"), sha256.Sum256([]byte("many"))); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if err := h.RevokeToken(ctx, store.Org("a"), sha256.Sum256([]byte("many"))); err != nil {
		t.Error(err)
	}
	if err := use("many", "ex09", "k", now); !errors.Is(err, store.ErrNotFound) {
		t.Error("revoked:", err)
	}
}

func testAccounts(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	ana := store.Account{Name: "ana", Organisation: "a", Role: store.Analyst, Password: "hash", Subject: "https://idp 7", Created: now}
	if err := h.AddAccount(ctx, store.All(), ana); err != nil {
		t.Fatal(err)
	}
	// Who comes second takes nothing over.
	for what, a := range map[string]store.Account{
		"name": {Name: "ana", Role: store.Admin, Subject: "https://idp 9"}, "subject": {Name: "anna", Role: store.Admin, Subject: "https://idp 7"},
	} {
		if err := h.AddAccount(ctx, store.All(), a); !errors.Is(err, store.ErrTaken) {
			t.Errorf("a second account of one %s: %v", what, err)
		}
	}
	got := must(h.Account(ctx, "ana"))(t)
	if diff := cmp.Diff(ana, got); diff != "" {
		t.Error(diff)
	}
	if a := must(h.AccountBySubject(ctx, "https://idp 7"))(t); a.Name != "ana" {
		t.Error(a)
	}
	if _, err := h.AccountBySubject(ctx, ""); !errors.Is(err, store.ErrNotFound) {
		t.Error("no subject is nobody:", err)
	}
	for range 3 {
		if err := h.LogIn(ctx, "ana", false, now); err != nil {
			t.Fatal(err)
		}
	}
	if a := must(h.Account(ctx, "ana"))(t); a.Failures != 3 || !a.Failed.Equal(now) {
		t.Errorf("%+v", a)
	}
	if err := h.LogIn(ctx, "ana", true, now); err != nil {
		t.Fatal(err)
	}
	if a := must(h.Account(ctx, "ana"))(t); a.Failures != 0 {
		t.Errorf("%+v", a)
	}
	if err := h.AddAccount(ctx, store.All(), store.Account{Name: "x", Role: "king"}); err == nil {
		t.Error("a role that is none")
	}
	session := store.Session{Account: ana, Created: now, Expires: now.Add(time.Hour), Address: "192.0.2.1"}
	if err := h.NewSession(ctx, "secret", session); err != nil {
		t.Fatal(err)
	}
	if s := must(h.Session(ctx, "secret", now))(t); s.Account.Name != "ana" || s.Account.Scope() != store.Org("a") || s.Address != "192.0.2.1" {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct {
		secret string
		at     time.Time
	}{{"secret", now.Add(time.Hour)}, {"wrong", now}, {"", now}} {
		if _, err := h.Session(ctx, c.secret, c.at); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q at %v: %v", c.secret, c.at, err)
		}
	}
	// One change leaves alone what an administrator changed meanwhile.
	for what, c := range map[string]struct {
		change func(name string) error
		want   func(*store.Account)
	}{
		"rights":   {func(name string) error { return h.Grant(ctx, name, store.Publisher, "b") }, func(a *store.Account) { a.Role, a.Organisation = store.Publisher, "b" }},
		"password": {func(name string) error { return h.SetPassword(ctx, name, "other") }, func(a *store.Account) { a.Password = "other" }},
		"none":     {func(name string) error { return h.EndSessions(ctx, name) }, func(*store.Account) {}},
	} {
		for _, disabled := range []bool{false, true} {
			ben := store.Account{Name: fmt.Sprint(what, disabled), Organisation: "a", Role: store.Viewer, Password: "hash", Created: now}
			ben.Subject = "https://idp " + ben.Name
			session.Account.Name = ben.Name
			if err := errors.Join(h.AddAccount(ctx, store.All(), ben), h.Disable(ctx, store.All(), ben.Name, disabled), h.NewSession(ctx, ben.Name, session), c.change(ben.Name)); err != nil {
				t.Fatal(err)
			}
			ben.Disabled = disabled
			c.want(&ben)
			if diff := cmp.Diff(ben, must(h.Account(ctx, ben.Name))(t)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
			if _, err := h.Session(ctx, ben.Name, now); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: a session is still there: %v", what, err)
			}
		}
	}
	if err := h.Grant(ctx, "ana", "king", "a"); err == nil {
		t.Error("a role that is none")
	}
	for _, scope := range []store.Scope{store.Org("b"), store.Org(""), {}} {
		if err := h.Disable(ctx, scope, "ana", true); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%+v may disable an account of another organisation: %v", scope, err)
		}
	}
	if _, err := h.Session(ctx, "secret", now); err != nil {
		t.Error("a session of another:", err)
	}
	if err := h.Disable(ctx, store.Org("a"), "ana", true); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Session(ctx, "secret", now); !errors.Is(err, store.ErrNotFound) {
		t.Error("a session outlived its account:", err)
	}
	if all := must(h.Accounts(ctx, store.Org("c")))(t); len(all) != 0 {
		t.Error(all)
	}
}

func testTrail(t *testing.T, h *store.Hub) {
	ctx := t.Context()
	for n := range 5 {
		if err := h.Log(ctx, store.Entry{At: now, Actor: "ana", Organisation: fmt.Sprint(n % 2), Action: "look", Object: fmt.Sprint(n), Detail: "nul \x00 and \xff"}); err != nil {
			t.Fatal(err)
		}
	}
	all, next, err := h.Audit(ctx, store.All(), store.Page{Limit: 3})
	if err != nil || len(all) != 3 || all[0].Object != "4" || next == "" {
		t.Fatal(all, next, err)
	}
	if own, _, err := h.Audit(ctx, store.Org("1"), store.Page{}); err != nil || len(own) != 2 {
		t.Error(own, err)
	}
	evidence := [32]byte{7}
	for _, body := range [][]byte{nil, []byte("broken \x00")} {
		if held, err := h.Held(ctx, 7, [][32]byte{evidence}); err != nil || len(held) != 0 {
			t.Error("a damaged letter is no case:", held, err)
		}
		d := store.DeadLetter{At: now, Server: 7, Reason: "no case"}
		if body != nil {
			d.Evidence = evidence[:]
		}
		if err := h.PutDeadLetter(ctx, d, body); err != nil {
			t.Fatal(err)
		}
	}
	for server, want := range map[int64]int{7: 1, 8: 0} {
		if held, err := h.Held(ctx, server, [][32]byte{evidence, {8}}); err != nil || len(held) != want {
			t.Errorf("of server %d, %d letters are held, want %d: %v", server, len(held), want, err)
		}
	}
	dead, _, err := h.DeadLetters(ctx, store.All(), store.Page{})
	if err != nil || len(dead) != 2 || dead[0].Size != 8 || dead[0].Server != 7 {
		t.Fatal(dead, err)
	}
	if _, body, err := h.DeadLetter(ctx, store.All(), dead[0].ID); err != nil || string(body) != "broken \x00" {
		t.Error(body, err)
	}
	if err := h.Replayed(ctx, dead[0].ID, now); err != nil {
		t.Error(err)
	}
	a := enrol(t, h, "a", "ex01")
	x := Case(1, true)
	ingest(t, h, Submission(t, a, x, now))
	latest := must(h.Server(ctx, store.All(), a))(t).Latest
	ask := store.FileRequest{Case: latest, Path: store.FilePath(x.Evidence[2].Path), SHA256: x.Evidence[2].SHA256, Asked: now, AskedBy: "ana"}
	if _, err := h.AskFile(ctx, store.Org("a"), ask); !errors.Is(err, store.ErrNotAllowed) {
		t.Error("asked although the administrator does not allow it:", err)
	}
	if err := h.Contact(ctx, a, true, now); err != nil {
		t.Fatal(err)
	}
	other := ask
	other.SHA256 = x.Evidence[0].SHA256
	if _, err := h.AskFile(ctx, store.Org("a"), other); !errors.Is(err, store.ErrNotNamed) {
		t.Error("asked for what the case does not name:", err)
	}
	id := must(h.AskFile(ctx, store.Org("a"), ask))(t)
	if err := h.AnswerFile(ctx, a+1, store.FileRequest{ID: id, State: store.FileReceived}); !errors.Is(err, store.ErrNotFound) {
		t.Error("another server answered:", err)
	}
	if open := must(h.FileRequests(ctx, store.All(), a, store.FileAsked))(t); len(open) != 1 || open[0].Path != x.Evidence[2].Path || open[0].Server != a {
		t.Error(open)
	}
	if err := h.AnswerFile(ctx, a, store.FileRequest{ID: id, State: store.FileRefused, Reason: "not allowed", Answered: now}); err != nil {
		t.Error(err)
	}
	if err := h.AnswerFile(ctx, a, store.FileRequest{ID: id, State: store.FileReceived}); !errors.Is(err, store.ErrNotFound) {
		t.Error("answered twice:", err)
	}
	if err := h.DropFile(ctx, store.All(), a, id, time.Time{}); !errors.Is(err, store.ErrNotFound) {
		t.Error("a file that never came was deleted:", err)
	}
	id = must(h.AskFile(ctx, store.Org("a"), ask))(t)
	if err := h.AnswerFile(ctx, a, store.FileRequest{ID: id, State: store.FileReceived, Answered: now}); err != nil {
		t.Error(err)
	}
	b := enrol(t, h, "a", "ex02")
	for what, err := range map[string]error{
		"of another organisation": h.DropFile(ctx, store.Org("b"), a, id, time.Time{}), "of another server": h.DropFile(ctx, store.Org("a"), b, id, time.Time{}), "that is younger": h.DropFile(ctx, store.All(), a, id, now),
		"as another organisation sees it": second(h.FileRequest(ctx, store.Org("b"), id)), "that nobody asked for": second(h.FileRequest(ctx, store.All(), id+1)),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a file %s: %v", what, err)
		}
	}
	if err := h.DropFile(ctx, store.Org("a"), a, id, now.Add(time.Second)); err != nil {
		t.Error(err)
	}
	if r := must(h.FileRequest(ctx, store.Org("a"), id))(t); r.State != store.FileDeleted || r.Path != x.Evidence[2].Path {
		t.Errorf("%+v", r)
	}
	if err := h.Contact(ctx, a, true, now); err != nil {
		t.Fatal(err)
	}
	if s := must(h.Server(ctx, store.All(), a))(t); !s.AllowFiles || !s.Seen.Equal(now) {
		t.Errorf("%+v", s)
	}
}
