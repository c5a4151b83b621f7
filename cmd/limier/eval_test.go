package main

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"limier/webshell"
)

func TestWilson(t *testing.T) {
	// The classic example of R's binom::binom.wilson(45, 50).
	low, high := wilson(45, 50)
	if math.Abs(low-0.7864) > 1e-3 || math.Abs(high-0.9565) > 1e-3 {
		t.Errorf("wilson(45, 50) = %.4f, %.4f; want 0.7864, 0.9565", low, high)
	}
	if low, high := wilson(0, 10); low != 0 || high < 0.25 || high > 0.31 {
		t.Errorf("wilson(0, 10) = %v, %v", low, high)
	}
}

func TestPartIsByRepository(t *testing.T) {
	seen := map[string]int{}
	for _, repo := range []string{"laravel+framework", "yiisoft+yii", "apache+struts", "mono+xsp", "getgrav+grav", "pkp+ojs"} {
		one, two := sample{repo: repo, sha256: "1"}, sample{repo: repo, sha256: "2", lang: "php"}
		if one.part() != two.part() {
			t.Errorf("%s is in both parts", repo)
		}
		seen[one.part()]++
	}
	if seen["tune"] == 0 || seen["check"] == 0 {
		t.Errorf("one part is empty: %v", seen)
	}
}

func TestHalvesOfCheck(t *testing.T) {
	var samples []sample
	for _, repo := range []string{"laravel+framework", "yiisoft+yii", "apache+struts", "mono+xsp", "getgrav+grav", "pkp+ojs"} {
		for i := range 40 {
			samples = append(samples, sample{repo: repo, sha256: repo + strconv.Itoa(i), cluster: "c" + strconv.Itoa(i)})
		}
		samples = append(samples, sample{repo: repo, sha256: repo + "a", cluster: repo}, sample{repo: repo, sha256: repo + "b", cluster: repo},
			sample{repo: repo, sha256: repo + "c", cluster: "-"})
	}
	part := func(p string) map[string]string {
		m := map[string]string{}
		for _, s := range choose(slices.Clone(samples), p) {
			m[s.sha256] = s.cluster
		}
		return m
	}
	all, tune, check, open, blind := part("all"), part("tune"), part("check"), part("open"), part("blind")
	if len(all) != len(samples) || len(tune)+len(check) != len(all) || len(open) == 0 || len(blind) == 0 {
		t.Fatalf("all %d, tune %d, check %d, open %d, blind %d", len(all), len(tune), len(check), len(open), len(blind))
	}
	seen := map[string]bool{}
	for _, m := range []map[string]string{tune, open} {
		for _, c := range m {
			seen[c] = c != "-"
		}
	}
	for s, c := range blind {
		if seen[c] || check[s] == "" {
			t.Errorf("%s of cluster %s is not blind", s, c)
		}
	}
}

func TestSourcesCountOnce(t *testing.T) {
	var trials []trial
	add := func(repo string, n, hits int) {
		for i := range n {
			x := trial{sample: &sample{lang: "php", repo: repo, sha256: repo + strconv.Itoa(i), hostile: true}}
			if i < hits {
				x.judged.Verdict = webshell.Webshell
			}
			trials = append(trials, x)
		}
	}
	add("large", 90, 0)
	add("small", 10, 10)
	add("tiny", 1, 0)
	var out strings.Builder
	printSources(&out, trials)
	for _, want := range []string{"50.00 %", "large", "90.91 %"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

func TestEvalCountsWhatItReads(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "aa"), []byte("<p>hello</p>"), 0o600); err != nil {
		t.Fatal(err)
	}
	manifest := "sha256\tlang\text\trepo\tpath\tlabel\tstratum\tcluster\n" +
		"aa\taspx\taspx\tx+y\tp/a.aspx\tbenign\t-\tc1\n" +
		"bb\taspx\taspx\tx+y\tp/b.aspx\tmalicious\twild\tc2\n"
	var out bytes.Buffer
	err := evalWebshell(context.Background(), []string{"--manifest", "-", "--root", dir, "--split", "all", "-v"}, strings.NewReader(manifest), &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"legitimate  aspnet    -        1      0", "(1 files missing)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
	err = evalWebshell(context.Background(), []string{"--manifest", "-", "--root", t.TempDir(), "--split", "all"}, strings.NewReader(manifest), &out)
	if err == nil || !strings.Contains(err.Error(), "none of the 2 samples") {
		t.Errorf("a folder without samples: %v", err)
	}
}

func TestHasServerCode(t *testing.T) {
	for _, c := range []struct {
		ext, data string
		want      bool
	}{
		{"aspx", `<%@ Page Inherits="X" %><asp:Label runat="server"/>`, false},
		{"aspx", `<%# Eval("x") %>`, false},
		{"aspx", `<% Response.Write(1) %>`, true},
		{"aspx", `<script language="c#" runat="server">`, true},
		{"ashx", `<%@ WebHandler Class="X" %>`, false},
		{"ashx", `<%@ WebHandler Class="X" %> class X {}`, true},
	} {
		if got := hasServerCode(c.ext, []byte(c.data)); got != c.want {
			t.Errorf("%s %q: %v, want %v", c.ext, c.data, got, c.want)
		}
	}
}
