package console

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"limier/finding"
	"limier/fleet"
	"limier/internal/sourcetest"
	"limier/store"
)

// Every text that the collector, the hub and the knowledge write down for the
// console to show has French words: those of their code are tried, with values
// filled in.
func TestRecordedInFrench(t *testing.T) {
	fr := &words{lang: "fr"}
	tried := map[string]int{} // by folder
	sourcetest.Each(t, func(dir string, n ast.Node) {
		try := func(e ast.Expr) {
			if call, ok := e.(*ast.CallExpr); ok && sourcetest.Called(call) == "Sprintf" {
				e = call.Args[0]
			}
			if sum, ok := e.(*ast.BinaryExpr); ok { // a text of ours and an error
				e = sum.X
			}
			text := sourcetest.Text(e)
			if strings.Trim(sourcetest.Bare(text), " ,:/.") == "" || strings.HasPrefix(text, "files/") {
				return
			}
			tried[dir]++
			text = sourcetest.Filled(text, "x")
			if strings.HasSuffix(text, " ") {
				text += "7"
			}
			if fr.recorded(text) == text {
				t.Errorf("no French for %q", text)
			}
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			if name := sourcetest.Called(n); name == "refuse" && dir != "." || name == "Reject" || name == "miss" || name == "note" && len(n.Args) == 4 {
				for _, a := range n.Args[max(0, len(n.Args)-2):] {
					try(a)
				}
			}
		case *ast.FuncDecl: // what makes a message of the queue unreadable
			if dir != "../fleet/hub" || n.Name.Name != "unmarshal" && n.Name.Name != "split" {
				return
			}
			ast.Inspect(n, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && sourcetest.Called(call) == "New" {
					tried["queue"]++
					why := sourcetest.Text(call.Args[0])
					if said := fr.recorded("unreadable in the queue: " + why); why == "" || strings.Contains(said, why) {
						t.Errorf("no French for %q: %s", why, said)
					}
				}
				return true
			})
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && dir == "../fleet/hub" {
				switch key.Name {
				case "Detail", "Object", "Actor", "Reason":
					try(n.Value)
				}
			}
		case *ast.CompositeLit:
			if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Contradiction" && len(n.Elts) == 2 {
				try(n.Elts[1])
			}
		}
	}, "*.go", "../fleet/hub/*.go", "../fleet/agent/*.go", "../knowledge/*.go")
	for dir, want := range map[string]int{".": 1, "../fleet/hub": 8, "../fleet/agent": 5, "../knowledge": 1, "queue": 2} {
		if tried[dir] < want {
			t.Errorf("%s: only %d texts", dir, tried[dir])
		}
	}
}

// The pages say so, of cases that could not be stored or never came.
func TestLostInFrench(t *testing.T) {
	e := newEstate(t, nil)
	e.account("root", store.Admin, "")
	if _, err := e.hub.PutMissed(t.Context(), e.mixed, store.Missed{Cases: 3, Reason: "the spool was full", Told: e.now}); err != nil {
		t.Fatal(err)
	}
	if err := e.hub.PutDeadLetter(t.Context(), store.DeadLetter{At: e.now, Server: e.mixed, Reason: "the server is unknown or revoked"}, []byte("x")); err != nil {
		t.Fatal(err)
	}
	token := store.Token{Hash: sha256.Sum256([]byte("t")), Organisation: "town", CreatedBy: "command line", Created: e.now, Expires: e.now.Add(time.Hour), Uses: 1}
	if err := e.hub.NewToken(t.Context(), store.All(), token); err != nil {
		t.Fatal(err)
	}
	if err := e.hub.Log(t.Context(), store.Entry{At: e.now, Actor: "hub", Action: "admin-token-create"}); err != nil {
		t.Fatal(err)
	}
	v := e.as("root")
	for _, x := range [][3]string{
		{"/admin", "the server is unknown or revoked", "le serveur est inconnu ou révoqué"},
		{"/admin", "<td>command line</td>", "<td>ligne de commande</td>"},
		{fmt.Sprint("/servers/", e.mixed+11), "Build</dt><dd>–</dd>", "Version</dt><dd>–</dd>"}, // that sent no case
		{fmt.Sprint("/servers/", e.mixed), "tells: 3. The last, told 2021-03-10 09:00Z: the spool was full", "collecteur : 3. Le dernier, signalé le 2021-03-10 09:00Z : la file d'attente du collecteur était pleine"},
	} {
		for i, lang := range []string{"en", "fr"} {
			v.lang = lang
			if _, body := v.get(x[0]); !strings.Contains(strings.NewReplacer("&#39;", "'", "\u202f", " ", "\u00a0", " ").Replace(body), x[i+1]) {
				t.Errorf("%s: no %q", lang, x[i+1])
			}
		}
	}
}

// TestUnknownWord: a word that only a collector knows, as a level, is shown as
// what it is in each language.
func TestUnknownWord(t *testing.T) {
	for _, lang := range []string{"en", "fr"} {
		if got, want := (&words{lang: lang}).t(finding.Level("hi\u202egh %s")), `hi\u202egh %s`; got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

// TestRefusedInFrench: why a case is none is said in French, also behind what
// of, except in the words of a library.
func TestRefusedInFrench(t *testing.T) {
	const start, end = `{"start":{"format":"limier/1"}}` + "\n", `{"end":{}}` + "\n"
	fr, en := &words{lang: "fr"}, &words{lang: "en"}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for stream, want := range map[string]string{
		"": "il est vide", start: "il est tronqué", start + "{": "il est tronqué", start + end + end: "il continue après sa fin", start + strings.Repeat(`{"gap":{}}`+"\n", 500_000) + end: "plus de 500000 messages",
		strings.Repeat(" ", 5<<20): "un message de plus de 4 Mio", start + `{"finding":{"steps":[` + strings.Repeat("{},", 60_000): "il est tronqué",
		start + `{"finding":{"steps":[` + strings.Repeat("{},", 60_000) + "\n": "le message 2 contient plus de 50000 valeurs", start + `{"gap":{},"end":{}}` + "\n": "le message 2 en est plusieurs à la fois", start + start: "un flux commence par un seul début",
		"x\n": "message 1 illisible (", start + strings.Repeat(`{"finding":{"steps":[`+strings.Repeat("{},", 49_000)+"{}]}}\n", 20): "premiers messages contiennent plus", `{"start":{"format":"a"}}` + "\n": "il a le format \"a\"", strings.Repeat(" ", 33<<20): "le dossier dépasse 32 Mio",
	} {
		_, err := fleet.Check(enc.EncodeAll([]byte(stream), nil))
		if err == nil {
			t.Fatalf("%.60q: not refused", stream)
		}
		reason := "the hub refuses it: " + err.Error()
		got := strings.ReplaceAll(fr.recorded(reason), "\u00a0", " ")
		if !strings.HasPrefix(got, "le concentrateur le refuse : ") || !strings.Contains(got, want) || en.recorded(reason) != reason {
			t.Errorf("%.60q: %s, in French %q, want %q", stream, err, got, want)
		}
	}
}
