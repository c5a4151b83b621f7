package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"limier/internal/linear"
)

// readSources reads the source and cluster of each sample of a manifest.
func readSources(name string) (map[string][2]string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(data), "\n")
	column := strings.Split(lines[0], "\t")
	hash, repo, cluster := slices.Index(column, "sha256"), slices.Index(column, "repo"), slices.Index(column, "cluster")
	if hash < 0 || repo < 0 || cluster < 0 {
		return nil, fmt.Errorf("%s: no columns sha256, repo and cluster", name)
	}
	out := map[string][2]string{}
	for _, l := range lines[1:] {
		if f := strings.Split(l, "\t"); len(f) == len(column) {
			out[f[hash]] = [2]string{f[repo], f[cluster]}
		}
	}
	return out, nil
}

// readFiles reads what `limier eval webshell --alarms` lists.
func readFiles(list, root string, sources map[string][2]string) ([]*file, error) {
	data, err := os.ReadFile(list)
	if err != nil {
		return nil, err
	}
	var out []*file
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) < 4 {
			continue
		}
		page, err := os.ReadFile(filepath.Join(root, f[0]))
		if err != nil {
			return nil, err
		}
		s := sources[f[0]]
		out = append(out, &file{source: s[0], cluster: s[1], hostile: f[2] == "malicious",
			found: f[3] == "webshell" || f[3] == "malicious", words: words(page)})
	}
	return out, nil
}

// readPages reads the hostile pages of wild-*.txtar, which the rules missed
// when they were written, and the harmless ones of alike*.txtar.
func readPages(dir string) ([]*file, error) {
	var out []*file
	for _, hostile := range []bool{true, false} {
		glob := "alike*.txtar"
		if hostile {
			glob = "wild-*.txtar"
		}
		names, err := filepath.Glob(filepath.Join(dir, glob))
		if err != nil || len(names) == 0 {
			return nil, fmt.Errorf("no %s in %s: run this in the module's folder", glob, dir)
		}
		for _, name := range names {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				return nil, err
			}
			want := "\n" + string(archive.Files[len(archive.Files)-1].Data)
			for _, f := range archive.Files {
				base, encoded := strings.CutSuffix(f.Name, ".b64")
				if f.Name == "want" || hostile && strings.Contains(want, "\n"+base+" nothing") {
					continue
				}
				if encoded {
					if f.Data, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(f.Data)), "")); err != nil {
						return nil, fmt.Errorf("%s: %w", name, err)
					}
				}
				out = append(out, &file{source: filepath.Base(name), hostile: hostile, words: words(f.Data)})
			}
		}
	}
	return out, nil
}

var (
	code  = regexp.MustCompile(`(?s)<\?(?:php\b|=)?(.*?)(?:\?>|\z)`)
	token = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*|#[^\n]*|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[$\w]+|.`)
	tag   = regexp.MustCompile(`<(?:form|input|iframe|script|html|div|table|meta)\b`)
	mark  = regexp.MustCompile(`@(?:license|package|param|return|author|since)|copyright`)
	plain = regexp.MustCompile(`^['"][\w.:/-]{2,40}['"]$`)
	word  = regexp.MustCompile(`^[a-z_]\w*$`)
)

// keyword tells what a program is made of.
var keyword = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields("namespace class interface trait extends implements use function return goto exit die eval include include_once require require_once throw try static abstract private protected public const global foreach switch echo print declare new fn") {
		out[w] = true
	}
	return out
}()

// words are the signs of a file: what it calls, with a first argument that is
// spelt out; which field of the request it reads; keywords, tags, marks of
// documentation; and its shape. No name that a file gives to its own variables is one.
func words(data []byte) []uint32 {
	data = bytes.ToLower(data[:min(len(data), 1<<20)])
	seen := map[string]bool{}
	comments, longest, dense := 0, 0, 0
	for _, t := range tag.FindAll(data, -1) {
		seen[string(t)] = true
	}
	for _, block := range code.FindAllSubmatch(data, -1) {
		before, head := "", ""
		for _, b := range token.FindAll(block[1], -1) {
			t := string(b)
			switch c := t[0]; {
			case c == ' ' || c == '\t' || c == '\n' || c == '\r':
				continue
			case c == '#' || len(t) > 1 && c == '/':
				comments += len(t)
				for _, m := range mark.FindAllString(t, -1) {
					seen["/* "+m] = true
				}
				if strings.HasPrefix(t, "/**") {
					seen["/**"] = true
				}
				continue
			case c == '\'' || c == '"':
				if head != "" && plain.MatchString(t) {
					seen[head+t[1:len(t)-1]] = true
				}
				longest = max(longest, len(t))
				if len(t) > 100 && !strings.Contains(t, " ") {
					dense++
				}
				if strings.HasPrefix(t[1:], "http") {
					seen["address"] = true
				}
			case c == '(' && word.MatchString(before):
				head = before + "("
				seen[head] = true
				before = t
				continue
			case c == '(' && strings.HasPrefix(before, "$"):
				seen["$v("] = true
			case c == '[' && strings.HasPrefix(before, "$_"):
				head = before + "["
				before = t
				continue
			case c == '>' && before == "-" || c == ':' && before == ":":
				t = "->" // the name that follows is a method
			case c == '$':
				switch {
				case strings.HasPrefix(t, "$$"), t == "$":
					seen["$$"] = true
				case strings.HasPrefix(t, "$_"), t == "$globals":
					seen[t] = true
				}
			case c == '@' || c == '^' || c == '`' || c == '?':
				seen[t] = true
			case keyword[t]:
				seen[t] = true
			}
			if before == "->" && t != "->" {
				t = "method"
				if c := b[0]; c == '$' {
					t = "$method"
				}
			}
			before, head = t, ""
		}
	}
	line := 0
	for l := range bytes.Lines(data) {
		line = max(line, len(l))
	}
	for name, n := range map[string]int{"bytes": len(data), "longest line": line, "longest text": longest, "dense texts": dense, "lines": bytes.Count(data, []byte("\n")),
		"per cent of comments": 100 * comments / max(1, len(data))} {
		for at := 1; at <= n; at *= 4 {
			seen[fmt.Sprint(name, at)] = true
		}
	}
	var out []uint32
	for w := range seen {
		out = append(out, linear.Hash(w))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
