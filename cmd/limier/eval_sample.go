package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A sample is one row of a manifest.
type sample struct {
	sha256, lang, rawLang, ext, repo, path, stratum, cluster string
	hostile                                                  bool
}

func (s *sample) label() string {
	if s.hostile {
		return "malicious"
	}
	return "benign"
}

// splitSalt was chosen once, before any tuning, so that each language has
// hostile and legitimate repositories of the dev manifest on both sides.
const splitSalt = "12939/"

// part says which part of an evaluation the sample belongs to. All files of a
// repository are in the same part, so that what was tuned on one sample is
// not checked on its twin.
func (s *sample) part() string {
	h := fnv.New64a()
	io.WriteString(h, splitSalt+s.repo)
	if sum := h.Sum64(); (sum^sum>>32)&1 == 1 {
		return "tune"
	}
	return "check"
}

// half cuts the check part in two by near-duplicate cluster. The open half may
// be read since 28 November 2026; nobody reads the blind one, so that its rates
// are of code that was never seen, even where one collection makes up most of
// the check part.
func (s *sample) half() string {
	h := fnv.New64a()
	io.WriteString(h, splitSalt+"half/"+cmp.Or(strings.Trim(s.cluster, "-"), s.sha256))
	if sum := h.Sum64(); (sum^sum>>32)&1 == 1 {
		return "open"
	}
	return "blind"
}

// choose keeps the samples of one part: tune, check, all, or open and blind,
// the halves of check. What has a near duplicate in tune is in neither half.
func choose(samples []sample, part string) []sample {
	tuned := map[string]bool{}
	for _, s := range samples {
		if s.cluster != "" && s.cluster != "-" && s.part() == "tune" {
			tuned[s.cluster] = true
		}
	}
	return slices.DeleteFunc(samples, func(s sample) bool {
		switch part {
		case "all":
			return false
		case "open", "blind":
			return s.part() != "check" || s.half() != part || tuned[s.cluster]
		}
		return s.part() != part
	})
}

// languageOf names the language by which rates are told.
func languageOf(lang string) string {
	switch lang = strings.ToLower(lang); lang {
	case "aspx", "ascx", "ashx", "asmx", "asax", "master", "svc":
		return "aspnet"
	case "asa":
		return "asp"
	case "jspx", "jspf":
		return "jsp"
	case "cfm", "cfc":
		return "cfml"
	case "pl", "py", "cgi", "sh":
		return "script"
	}
	return lang
}

// readManifest reads a tab-separated list of samples whose first line names
// the columns. A name that ends in .gz is decompressed; "-" is stdin.
func readManifest(name string, stdin io.Reader) ([]sample, error) {
	if name == "" {
		return nil, errors.New("eval webshell: --manifest FILE says which samples to judge")
	}
	r := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	switch path.Ext(name) {
	case ".gz":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		r = z
	case ".xz":
		return nil, fmt.Errorf("%s: run xz -dc on it and pass --manifest -", name)
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	var (
		column  map[string]int
		samples []sample
	)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if column == nil {
			column = map[string]int{}
			for i, f := range fields {
				column[f] = i
			}
			for _, need := range []string{"sha256", "label"} {
				if _, ok := column[need]; !ok {
					return nil, fmt.Errorf("%s: no column %q", name, need)
				}
			}
			continue
		}
		get := func(c string) string {
			if i, ok := column[c]; ok && i < len(fields) {
				return fields[i]
			}
			return ""
		}
		s := sample{sha256: get("sha256"), rawLang: get("lang"), ext: get("ext"), repo: get("repo"),
			path: get("path"), stratum: get("stratum"), cluster: get("cluster")}
		if s.rawLang == "" {
			s.rawLang = s.ext
		}
		s.lang = languageOf(s.rawLang)
		switch strings.ToLower(get("label")) {
		case "benign", "legitimate", "good", "clean":
		default:
			s.hostile = true
		}
		samples = append(samples, s)
	}
	return samples, lines.Err()
}

var (
	serverBlock  = regexp.MustCompile(`<%[^@#$:=\-]`)
	serverOutput = regexp.MustCompile(`<%[=:]`)
	serverScript = regexp.MustCompile(`(?i)<script[^>]{0,200}runat\s*=\s*["']?server`)
	directive    = regexp.MustCompile(`(?s)<%@.*?%>`)
)

// hasServerCode reports whether an ASP.NET file carries code of its own rather
// than markup whose code lies in an assembly.
func hasServerCode(ext string, data []byte) bool {
	if serverBlock.Match(data) || serverOutput.Match(data) || serverScript.Match(data) {
		return true
	}
	switch ext {
	case "ashx", "asmx", "svc":
		return len(bytes.TrimSpace(directive.ReplaceAll(data, nil))) > 3
	}
	return false
}
