package reading

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// ReadTRAM reads reports of TRAM's second release, one JSON object a line, in
// the order of their names.
func ReadTRAM(path string) ([]TechniqueReport, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []TechniqueReport
	s := bufio.NewScanner(f)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		var r TechniqueReport
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, len(list)+1, err)
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b TechniqueReport) int { return strings.Compare(a.Name, b.Name) })
	return list, s.Err()
}

// ReadSingle reads TRAM's sentences that describe one technique each.
func ReadSingle(path string) (list []SingleExample, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(data, &list)
}

// A SingleExample is a sentence of a report with its one technique.
type SingleExample struct {
	Text   string `json:"text"`
	Label  string `json:"label"`
	Report string `json:"doc_title"`
}

// ReadProcedures takes from a STIX bundle of ATT&CK what it says of the use of
// techniques.
func ReadProcedures(r io.Reader) ([]TechniqueExample, error) {
	var b struct {
		Objects []struct {
			Type, ID, Description string
			Relation              string `json:"relationship_type"`
			Target                string `json:"target_ref"`
			References            []struct {
				ID string `json:"external_id"`
			} `json:"external_references"`
		}
	}
	if err := json.NewDecoder(r).Decode(&b); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, o := range b.Objects {
		if o.Type == "attack-pattern" && len(o.References) > 0 {
			ids[o.ID] = o.References[0].ID
		}
	}
	var list []TechniqueExample
	for _, o := range b.Objects {
		if o.Type == "relationship" && o.Relation == "uses" && ids[o.Target] != "" {
			list = append(list, TechniqueExample{ids[o.Target], o.Description})
		}
	}
	return list, nil
}

// ReadBIO reads documents of tagged sentences; the tag is the last column.
func ReadBIO(path string) ([][]TagSentence, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var docs [][]TagSentence
	var at TagSentence
	end := func() {
		if len(at.Words) > 0 {
			if at.Words[0] == "<DOCSTART>" || len(docs) == 0 {
				docs = append(docs, nil)
			}
			docs[len(docs)-1] = append(docs[len(docs)-1], at)
		}
		at = TagSentence{}
	}
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		col := strings.Split(s.Text(), "\t")
		if len(col) < 2 {
			end()
			continue
		}
		at.Words, at.Tags = append(at.Words, col[0]), append(at.Tags, col[len(col)-1])
	}
	end()
	return docs, s.Err()
}
