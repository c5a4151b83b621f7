package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"limier/reading"
)

// techniques trains the model of ATT&CK techniques on TRAM's reports and on
// the procedures that ATT&CK itself describes.
func techniques(dir, out string) error {
	reports, err := reading.ReadTRAM(filepath.Join(dir, "corpora/tram2/tram2.jsonl"))
	if err != nil {
		return err
	}
	more, err := procedures(dir)
	if err != nil {
		return err
	}
	m := reading.TrainTechniques(reading.TechniqueClasses(reports), reports, more)
	return write(out, m)
}

// procedures are ATT&CK's sentences on who uses which technique how.
func procedures(dir string) ([]reading.TechniqueExample, error) {
	f, err := os.Open(filepath.Join(dir, "attack/enterprise-attack-18.1.stix21.json.gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return reading.ReadProcedures(z)
}

// tagger trains the tagger of names on AnnoCTR.
func tagger(dir, out string) error {
	docs, err := reading.ReadBIO(filepath.Join(dir, "corpora/annoctr/ner_bio/train.bio"))
	if err != nil {
		return err
	}
	r, err := reading.New()
	if err != nil {
		return err
	}
	var all []reading.TagSentence
	for _, d := range docs {
		all = append(all, d...)
	}
	return write(out, r.TrainNames(all, 8))
}

func write(out string, m interface{ Write(w io.Writer) error }) error {
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", out, b.Len())
	return os.WriteFile(out, b.Bytes(), 0o644)
}
