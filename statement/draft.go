package statement

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"limier/claim"
)

const maxDraft = 1 << 20 // bytes of YAML

// ParseDraft reads a statement that a person wrote as YAML. A point's claim is
// either written out or the id of one that find knows; find may be nil.
func ParseDraft(text []byte, find func(id string) *claim.Claim) (*Statement, error) {
	var in struct {
		Statement `yaml:",inline"`
		Points    []struct {
			Text  Text      `yaml:"text"`
			Claim yaml.Node `yaml:"claim"`
		} `yaml:"points"`
	}
	if err := fromYAML(text, &in); err != nil {
		return nil, err
	}
	s := in.Statement
	s.Type = statementType
	for i, p := range in.Points {
		q := Point{Text: p.Text}
		switch {
		case p.Claim.Kind != yaml.ScalarNode:
			written, err := yaml.Marshal(&p.Claim)
			if err == nil {
				err = fromYAML(written, &q.Claim) // refuses unknown fields
			}
			if err != nil {
				return nil, fmt.Errorf("claim of point %d: %w", i+1, err)
			}
		case find == nil || find(p.Claim.Value) == nil:
			return nil, fmt.Errorf("point %d: no claim %q: write it out, or give the file that has it", i+1, p.Claim.Value)
		default:
			q.Claim = *find(p.Claim.Value)
			q.Claim.Note = "" // ours, and not for others to sign
		}
		s.Points = append(s.Points, q)
	}
	return &s, s.Lint()
}

// ParsePosition reads a position that a person wrote as YAML. Beside the fields
// of [Position], rest is the role on all claims that are not listed, and source
// where the others were said that do not name another.
func ParsePosition(text []byte, s *Statement) (*Position, error) {
	var in struct {
		Position `yaml:",inline"`
		Rest     Role    `yaml:"rest"`
		Source   *Source `yaml:"source"`
	}
	if err := fromYAML(text, &in); err != nil {
		return nil, err
	}
	p := in.Position
	for i := range p.Stands {
		if p.Stands[i].Source == nil {
			p.Stands[i].Source = in.Source
		}
	}
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
