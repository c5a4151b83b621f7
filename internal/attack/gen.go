//go:build ignore

// gen writes techniques.tsv from a STIX 2.1 bundle of Enterprise ATT&CK:
//
//	go run gen.go ../../../shared/data/cti/attack/enterprise-attack-18.1.stix21.json.gz
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
)

func main() {
	f, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		log.Fatal(err)
	}
	var bundle struct {
		Objects []struct {
			Type       string
			Name       string
			Revoked    bool
			Deprecated bool `json:"x_mitre_deprecated"`
			Phases     []struct {
				Chain string `json:"kill_chain_name"`
				Name  string `json:"phase_name"`
			} `json:"kill_chain_phases"`
			References []struct {
				Source string `json:"source_name"`
				ID     string `json:"external_id"`
			} `json:"external_references"`
		}
	}
	if err := json.NewDecoder(z).Decode(&bundle); err != nil {
		log.Fatal(err)
	}
	var lines []string
	for _, o := range bundle.Objects {
		if o.Type != "attack-pattern" || o.Revoked || o.Deprecated || len(o.References) == 0 {
			continue
		}
		var tactics []string
		for _, p := range o.Phases {
			if p.Chain == "mitre-attack" {
				tactics = append(tactics, p.Name)
			}
		}
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\n", o.References[0].ID, o.Name, strings.Join(tactics, ",")))
	}
	slices.Sort(lines)
	var out bytes.Buffer
	for _, l := range lines {
		out.WriteString(l)
	}
	if err := os.WriteFile("techniques.tsv", out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
