package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A row of the gazetteer is one entry of one source with all its names: no
// names of two sources are joined, because aliases are claims of their source.
type row struct {
	typ   string // a actor, m malware, t tool, c campaign, v vendor, x technique
	id    string
	names []string
}

// gazetteer writes names.tsv.gz from ATT&CK, the MISP galaxies and Microsoft's
// list under dir, with the words that are common in the corpora marked.
func gazetteer(dir, out string) error {
	var rows []row
	for _, add := range []func(string) ([]row, error){attackRows, actorRows, microsoftRows, softwareRows, vendorRows} {
		r, err := add(dir)
		if err != nil {
			return err
		}
		rows = append(rows, r...)
	}
	common, err := commonWords(filepath.Join(dir, "corpora"))
	if err != nil {
		return err
	}
	var text bytes.Buffer
	seen := map[string]bool{}
	for _, r := range rows {
		var names []string
		for _, n := range r.names {
			n = strings.Join(strings.Fields(n), " ")
			if key := r.typ + r.id + "\t" + strings.ToLower(n); usable(n) && !seen[key] {
				seen[key] = true
				if common[strings.ToLower(n)] || short(n) {
					n = "!" + n
				}
				names = append(names, n)
			}
		}
		if len(names) > 0 {
			fmt.Fprintf(&text, "%s\t%s\t%s\n", r.typ, r.id, strings.Join(names, "|"))
		}
	}
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if _, err := w.Write(text.Bytes()); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	fmt.Printf("%d entries, %d bytes, %d compressed\n", bytes.Count(text.Bytes(), []byte("\n")), text.Len(), z.Len())
	return os.WriteFile(out, z.Bytes(), 0o644)
}

// usable reports whether a name can be looked for in prose.
func usable(n string) bool {
	return utf8.RuneCountInString(n) >= 2 && len(n) <= 60 && !strings.ContainsAny(n, "|\t\n") && strings.ContainsFunc(n, unicode.IsLetter)
}

func short(n string) bool {
	return utf8.RuneCountInString(n) <= 3
}

type stix struct {
	Objects []struct {
		Type            string
		Name            string
		Aliases         []string
		SoftwareAliases []string `json:"x_mitre_aliases"`
		Revoked         bool
		Deprecated      bool `json:"x_mitre_deprecated"`
		References      []struct {
			Source string `json:"source_name"`
			ID     string `json:"external_id"`
		} `json:"external_references"`
	}
}

func attackRows(dir string) ([]row, error) {
	f, err := os.Open(filepath.Join(dir, "attack/enterprise-attack-18.1.stix21.json.gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var bundle stix
	if err := json.NewDecoder(z).Decode(&bundle); err != nil {
		return nil, err
	}
	types := map[string]string{"intrusion-set": "a", "malware": "m", "tool": "t", "campaign": "c", "attack-pattern": "x"}
	var rows []row
	for _, o := range bundle.Objects {
		typ := types[o.Type]
		if typ == "" || o.Revoked || o.Deprecated || len(o.References) == 0 {
			continue
		}
		if typ == "x" && !strings.Contains(o.Name, " ") {
			continue // "Rootkit" in a text is no technique yet
		}
		rows = append(rows, row{typ, o.References[0].ID, append(append([]string{o.Name}, o.Aliases...), o.SoftwareAliases...)})
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.id, b.id) })
	return rows, nil
}

type galaxy struct {
	Values []struct {
		Value    string
		UUID     string
		Synonyms []string
		Meta     struct {
			Synonyms []string
			Country  string
		}
	}
}

func readGalaxy(dir, name string) (g galaxy, err error) {
	data, err := os.ReadFile(filepath.Join(dir, "galaxy", name))
	if err != nil {
		return g, err
	}
	return g, json.Unmarshal(data, &g)
}

// organisation matches names in MISP's synonyms that are of an organ of a
// state and not of a group.
var organisation = regexp.MustCompile(`(?i)\b(unit \d|bureau|ministry|department|corps|directorate|army|operation|gru|svr|fsb|pla)\b`)

func actorRows(dir string) ([]row, error) {
	g, err := readGalaxy(dir, "threat-actor.json")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, v := range g.Values {
		names := []string{v.Value}
		for _, s := range v.Meta.Synonyms {
			if !organisation.MatchString(s) && !regexp.MustCompile(`^[GTCS]\d{4}$`).MatchString(s) {
				names = append(names, s)
			}
		}
		rows = append(rows, row{"a", v.UUID, names})
	}
	return rows, nil
}

func microsoftRows(dir string) ([]row, error) {
	data, err := os.ReadFile(filepath.Join(dir, "galaxy/MicrosoftMapping.json"))
	if err != nil {
		return nil, err
	}
	var list []map[string]string
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	var rows []row
	for _, m := range list {
		names := []string{m["Threat actor name"]}
		for _, s := range strings.Split(m["Other names"], ",") {
			names = append(names, strings.TrimSpace(s))
		}
		rows = append(rows, row{"a", "", names})
	}
	return rows, nil
}

func softwareRows(dir string) ([]row, error) {
	var rows []row
	for _, f := range []string{"malpedia-names.json", "rat.json", "backdoor.json", "tool.json", "cryptominers.json", "ransomware.json"} {
		g, err := readGalaxy(dir, f)
		if err != nil {
			return nil, err
		}
		for _, v := range g.Values {
			names := append(append([]string{v.Value}, v.Synonyms...), v.Meta.Synonyms...)
			for i, n := range names {
				n = regexp.MustCompile(`\s*\(.*\)$`).ReplaceAllString(n, "")
				if f == "ransomware.json" {
					n = regexp.MustCompile(`(?i)[ -]*(ransomware|ransomeware)$`).ReplaceAllString(n, "")
				}
				names[i] = n
			}
			rows = append(rows, row{"m", "", names})
		}
	}
	return rows, nil
}

func vendorRows(dir string) ([]row, error) {
	g, err := readGalaxy(dir, "producer.json")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, v := range g.Values {
		names := append([]string{v.Value}, v.Meta.Synonyms...)
		rows = append(rows, row{"v", "", names})
	}
	return rows, nil
}

// commonWords are the words that the corpora also write in lower case, and are
// therefore no names where nothing says so.
func commonWords(dir string) (map[string]bool, error) {
	count := map[string]int{}
	for _, name := range []string{"tram2/tram2.jsonl", "annoctr/ner_bio/train.bio", "cyner/train.txt"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(f)
		f.Close()
		if err != nil {
			return nil, err
		}
		bio := !strings.HasSuffix(name, ".jsonl")
		for _, line := range strings.Split(string(data), "\n") {
			if bio {
				w, rest, _ := strings.Cut(line, "\t")
				if strings.HasSuffix(rest, "O") && w != "" && unicode.IsLower([]rune(w)[0]) {
					count[w]++
				}
				continue
			}
			var doc struct{ Text string }
			if json.Unmarshal([]byte(line), &doc) != nil {
				continue
			}
			for _, w := range strings.FieldsFunc(doc.Text, func(r rune) bool { return !unicode.IsLetter(r) }) {
				if unicode.IsLower([]rune(w)[0]) {
					count[w]++
				}
			}
		}
	}
	common := map[string]bool{}
	for w, n := range count {
		common[w] = n >= 2
	}
	for _, w := range strings.Fields(moreCommon) {
		common[w] = true
	}
	return common, nil
}

// moreCommon are words of both languages that are names of malware or actors
// somewhere and that the corpora happen not to hold.
const moreCommon = `one two three red blue green black white gold silver orange apple amazon google facebook microsoft windows linux android chrome
defender office exchange payload reg at will victim group team unit locker cobalt carbon turtle dragon phoenix viking spider hunter eagle hawk
pirate pirates chine russie ange atlas corona covid may mars avril march april june july bit coin lock crypt cyber hack hacker hackers anonymous
monde temps libre france paris elite alpha beta delta gamma omega sigma zero ransom wiper loader stealer miner banker proxy tor vpn police
energy army navy ministry president america europe asia china russia iran israel india ukraine syria korea japan global state world
thanos matrix prism shadow ghost phantom storm thunder lightning winter summer blizzard typhoon operation campaign
info alert update security service system server client agent master slave ping pong core kit box bot net web mail cloud data code
sauron spy eye dark light night day sun moon star fire ice water earth wind stone iron steel lead tin zinc copper chrome nickel mercury neptunium
sodium lithium calcium barium osmium thallium radium holmium gallium rubidium tellurium krypton xenon argon helium hydrogen oxygen nitrogen
poison ivy aurora nitro leviathan venom viper cobra python java ruby perl lucky mouse cat dog bear panda kitten tiger lion wolf fox
infection sofia boris vladimir jack john lee mac mike charlie rover pioneer patriot pegasus predator candiru circles chrysaor
tick calypso tonto turla`
