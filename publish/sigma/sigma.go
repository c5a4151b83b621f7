// Package sigma writes rules that find the case's indicators on other servers.
package sigma

import (
	"context"
	"io"

	"limier/casefile"
	"limier/enrich"
	"limier/finding"
	"limier/publish"
)

// Publisher writes Sigma rules for the addresses, hashes, names and paths that
// may be blocked without a look.
var Publisher = &publish.Publisher{
	Name:      "sigma",
	Doc:       "Sigma rules that find the case's indicators elsewhere",
	Extension: ".yml",
	MediaType: "application/yaml; charset=utf-8",
	Write:     write,
}

var kinds = map[finding.EntityType]enrich.IndicatorType{
	finding.Address: enrich.IndicatorAddress, finding.Hash: enrich.IndicatorHash,
	finding.Domain: enrich.IndicatorDomain, finding.FilePath: enrich.IndicatorPath,
}

func write(_ context.Context, w io.Writer, c *casefile.Case) error {
	var list enrich.Indicators
	for _, n := range publish.Indicators(c) {
		if kind := kinds[n.Type]; kind != "" && n.Block {
			list.Add(enrich.Indicator{Type: kind, Value: n.Value, Source: "a case of Limier"}) // what is none of its kind is left out
		}
	}
	if len(list.All()) == 0 {
		_, err := io.WriteString(w, "# no indicator of this case may be looked for without a look at it first\n")
		return err
	}
	return list.WriteSigma(w)
}
