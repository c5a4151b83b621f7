package builtin

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"limier/internal/cputime"
	"limier/webshell"
)

// names are one file name for each way into the languages.
var names = []string{"a.asp", "a.aspx", "a.ashx", "a.jsp", "a.jspx", "a.php", "a.cfm", "a.pl", "a.py", "a.sh", "web.config", ".htaccess", ".user.ini", "a.jpg", "a.dll", "a.bin"}

// TestPathologicalPages judges 256 KB of what parsers like least, under
// every name. The limit, of the processor's time, finds what is worse than
// linear.
func TestPathologicalPages(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 20 s")
	}
	const size = 256 << 10
	for _, name := range names {
		for _, atom := range []string{"(", "((a", "{", "[", `"a"+`, `"a"&`, `'a'.`, "a(b(", "eval(", "<%", "<?php ", "$a=$a.", "x=x&", "a.b(", "/*", "\"", `\x41`, "A", "Chr(65)&", "if(1){", "a,", "$$", "\n", "<x ", "a=a\n", "`", "new A(){"} {
			open := "<?php @eval($_POST[1]);"
			switch {
			case strings.Contains(name, "sp") || strings.Contains(name, "ashx"):
				open = "<% execute(request(\"a\")); Runtime.getRuntime().exec(x);"
			case name == "a.jpg":
				open = "\xff\xd8\xff<?php "
			case name == "a.dll":
				open = "MZBSJB"
			}
			data := []byte(open + strings.Repeat(atom, size/len(atom)))
			before := cputime.Used()
			webshell.Judge(Languages(), name, data)
			if took := cputime.Used() - before; took > 3*time.Second {
				t.Errorf("%s: 256 KB of %q take %v", name, atom, took.Round(time.Millisecond))
			}
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if m.HeapInuse > 1<<30 {
			t.Errorf("%s: %d MB of heap in use", name, m.HeapInuse>>20)
		}
	}
}

// TestOrderAndParallelism judges the same pages in several orders at once.
func TestOrderAndParallelism(t *testing.T) {
	pages := map[string][]byte{}
	for _, n := range names {
		pages[n] = []byte(`<% x = request("a") : execute x %><?php echo $_GET[1]; system($_GET["c"]); ?><% Runtime.getRuntime().exec(request.getParameter("c")); %>`)
		pages["other"+n] = []byte("<html><body>nothing here</body></html>")
	}
	want := map[string]webshell.Judgement{}
	for n, data := range pages {
		want[n] = webshell.Judge(Languages(), n, data)
	}
	var wg sync.WaitGroup
	for seed := range uint64(4) {
		wg.Go(func() {
			order := make([]string, 0, len(pages))
			for n := range pages {
				order = append(order, n)
			}
			rand.New(rand.NewPCG(seed, 1)).Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
			languages := Languages()
			for _, n := range order {
				if got := webshell.Judge(languages, n, bytes.Clone(pages[n])); !reflect.DeepEqual(got, want[n]) {
					t.Errorf("%s: %+v, want %+v", n, got, want[n])
				}
			}
		})
	}
	wg.Wait()
}

// FuzzJudge looks for input that makes a language panic, which Judge turns into
// a reason of its own, and for verdicts that differ when they are all that is
// asked for.
func FuzzJudge(f *testing.F) {
	for _, s := range []string{"<% a %>", "<?php $a='b'; $a($_GET[1]);", "<jsp:scriptlet>a()</jsp:scriptlet>", "GIF89a<?php a();", "<cfset a = form.b>", "#!/bin/sh\n$(a)", "<add path=\"*.jpg\"/>", "MZBSJB", "AddType a .jpg", "ExternalUrl <%"} {
		for i := range names {
			f.Add(uint8(i), s)
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, s string) {
		j := webshell.Judge(Languages(), names[int(i)%len(names)], []byte(s))
		if b := webshell.JudgeBriefly(Languages(), names[int(i)%len(names)], []byte(s)); b.Verdict != j.Verdict || b.Confidence != j.Confidence {
			t.Errorf("%s: %q: briefly %s %s, in full %s %s", names[int(i)%len(names)], s, b.Verdict, b.Confidence, j.Verdict, j.Confidence)
		}
		for _, r := range j.Reasons {
			if r.Rule == "analyser-failed" {
				t.Errorf("%s: %q: %s", names[int(i)%len(names)], s, r.Text)
			}
			for _, step := range r.Steps {
				if step.Line < 0 || step.Line > 1+strings.Count(s, "\n") {
					t.Errorf("%s: %s: line %d of %d", r.Rule, step.Code, step.Line, 1+strings.Count(s, "\n"))
				}
			}
		}
	})
}
