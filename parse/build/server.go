package build

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"regexp"
	"strings"

	"limier/event"
	"limier/evidence"
	"limier/parse"
)

// Server reads what Get-ExchangeServer says of a server, saved with
// Export-Clixml as HealthChecker does. Active Directory holds the CU only.
var Server = &parse.Parser{
	Name: "exchange-server-object",
	Doc:  "Get-ExchangeServer output saved with Export-Clixml",
	Match: func(name string, head []byte) bool {
		return strings.HasSuffix(base(name), ".xml") && bytes.Contains(head, []byte("Microsoft.Exchange.Data.Directory.Management.ExchangeServer"))
	},
	Parse: parseServer,
}

const maxXML = 64 << 20

var displayVersion = regexp.MustCompile(`^Version [0-9]+\.[0-9]+ \(Build [0-9]+\.[0-9]+\)$`)

func parseServer(ctx context.Context, name string, f fs.File) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		limited := &io.LimitedReader{R: f, N: maxXML}
		dec := xml.NewDecoder(limited)
		var server, element string
		for n := 0; ; n++ {
			if n%1000 == 0 && ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			tok, err := dec.Token()
			if errors.Is(err, io.EOF) && limited.N > 0 {
				return
			}
			if err != nil {
				line, _ := dec.InputPos()
				yield(nil, &evidence.GapError{Ref: evidence.Ref{Path: name, Line: line}, Err: fmt.Errorf("broken XML: %w", err)})
				return
			}
			switch tok := tok.(type) {
			case xml.StartElement:
				element = tok.Name.Local
				for _, a := range tok.Attr {
					if a.Name.Local == "N" {
						element = a.Value
					}
				}
				if tok.Name.Local == "ToString" {
					element = "ToString"
				}
			case xml.CharData:
				text := strings.TrimSpace(string(tok[:min(len(tok), 300)]))
				if element == "Name" && server == "" {
					server = text
				}
				if element != "ToString" || !displayVersion.MatchString(text) {
					continue
				}
				line, _ := dec.InputPos()
				e := &event.Event{Host: server, Ref: evidence.Ref{Path: name, Line: line}, Data: table(map[string]string{
					"Product": "Exchange", "Version": text, "Mode": "server-object"})}
				if !yield(e, nil) {
					return
				}
				server = ""
			case xml.EndElement:
				element = ""
			}
		}
	}
}
