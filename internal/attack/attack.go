// Package attack names the techniques of MITRE ATT&CK (Enterprise, 18.1). It
// holds identifiers, names and tactics only; NOTICE has the licence.
//
// ATT&CK is a registered trademark of The MITRE Corporation.
package attack

import (
	_ "embed" // for techniques.tsv
	"strings"
)

//go:generate go run gen.go ../../../shared/data/cti/attack/enterprise-attack-18.1.stix21.json.gz

// Version is the release of ATT&CK that the table was made from.
const Version = "18.1"

//go:embed techniques.tsv
var table string

// A Technique is a technique or a sub-technique.
type Technique struct {
	ID      string   // "T1505.003"
	Name    string   // "Web Shell"; without the name of the parent
	Tactics []string // short names: "persistence"
}

// Tactics are the columns of the matrix, in ATT&CK's order, by short name.
var Tactics = [...]string{
	"reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation", "defense-evasion",
	"credential-access", "discovery", "lateral-movement", "collection", "command-and-control", "exfiltration", "impact",
}

// Lookup finds a technique by its identifier; it is false for one that this
// release does not have, or has withdrawn.
func Lookup(id string) (Technique, bool) {
	if id == "" || strings.ContainsAny(id, "\t\n") {
		return Technique{}, false
	}
	at := 0
	if !strings.HasPrefix(table, id+"\t") {
		if at = strings.Index(table, "\n"+id+"\t") + 1; at == 0 {
			return Technique{}, false
		}
	}
	line, _, _ := strings.Cut(table[at:], "\n")
	fields := strings.Split(line, "\t")
	return Technique{ID: fields[0], Name: fields[1], Tactics: strings.Split(fields[2], ",")}, true
}

// URL is the page of a technique at MITRE.
func (t Technique) URL() string {
	return "https://attack.mitre.org/techniques/" + strings.Replace(t.ID, ".", "/", 1) + "/"
}
