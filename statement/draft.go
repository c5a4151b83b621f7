package statement

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"
)

const maxDraft = 1 << 20 // bytes of YAML

// ParseDraft reads a statement that a person wrote as YAML.
func ParseDraft(text []byte) (*Statement, error) {
	var s Statement
	if err := fromYAML(text, &s); err != nil {
		return nil, err
	}
	s.Type = statementType
	return &s, s.Lint()
}

// ParsePosition reads a position that a person wrote as YAML. Beside the fields
// of [Position], rest is the role on all claims that are not listed.
func ParsePosition(text []byte, s *Statement) (*Position, error) {
	var in struct {
		Position `yaml:",inline"`
		Rest     Role `yaml:"rest"`
	}
	if err := fromYAML(text, &in); err != nil {
		return nil, err
	}
	p := in.Position
	if in.Rest != "" {
		p.Fill(s, in.Rest)
	}
	return &p, nil
}

// Fill takes a role on every claim of s on which the position has none.
func (p *Position) Fill(s *Statement, role Role) {
	for _, q := range s.Points {
		if !slices.ContainsFunc(p.Stands, func(t Stand) bool { return t.Claim == q.Claim.ID }) {
			p.Stands = append(p.Stands, Stand{Claim: q.Claim.ID, Role: role})
		}
	}
	place := func(t Stand) int {
		return slices.IndexFunc(s.Points, func(q Point) bool { return q.Claim.ID == t.Claim })
	}
	slices.SortStableFunc(p.Stands, func(a, b Stand) int { return place(a) - place(b) })
}

func fromYAML(text []byte, v any) error {
	if len(text) > maxDraft {
		return fmt.Errorf("more than %d bytes", maxDraft)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		return err
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errors.New("more than one YAML document")
	}
	return nil
}
