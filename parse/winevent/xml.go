package winevent

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"strings"
)

// fromXML reads the events of a text. Data elements go by their Name, and
// other leaves by their own; attributes of the System part are named after
// their element: Provider_Name.
func fromXML(text []byte) iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		dec := xml.NewDecoder(bytes.NewReader(text))
		dec.Strict = false
		dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
		var r *record
		var name string
		var value strings.Builder
		depth, leaf := 0, false
		for {
			tok, err := dec.Token()
			if errors.Is(err, io.EOF) {
				if r != nil {
					yield(nil, errors.New("XML event cut short"))
				}
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			switch t := tok.(type) {
			case xml.StartElement:
				depth++
				if t.Name.Local == "Event" {
					r, depth = &record{}, 0
				}
				if r == nil {
					continue
				}
				name, leaf = t.Name.Local, true
				value.Reset()
				for _, a := range t.Attr {
					switch {
					case t.Name.Local == "Data" && a.Name.Local == "Name":
						name = a.Value
					case a.Name.Local == "xmlns" || a.Name.Space == "xmlns":
					case t.Name.Local != "Data":
						r.add(t.Name.Local+"_"+a.Name.Local, a.Value)
					}
				}
			case xml.CharData:
				value.Write(t)
			case xml.EndElement:
				depth--
				if r == nil {
					continue
				}
				if t.Name.Local == "Event" {
					if r.get("EventID") == "" {
						if !yield(nil, errors.New("XML event without an EventID")) {
							return
						}
					} else if !yield(r, nil) {
						return
					}
					r = nil
					continue
				}
				if leaf {
					r.add(name, strings.TrimSpace(value.String()))
				}
				leaf = false
			}
			if depth > maxDepth {
				yield(nil, errors.New("XML nested too deeply"))
				return
			}
		}
	}
}
