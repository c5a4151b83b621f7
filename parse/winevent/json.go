package winevent

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
)

const maxDepth = 12

// fromJSON reads one object. Objects inside it are read through: an event's
// data lies in "EventData", "UserData" or "event_data" of most exports. The
// elements of an array become fields of one name.
func fromJSON(text []byte) (*record, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	r := &record{}
	var names []string // of the objects that we are in
	if err := r.value(dec, &names); err != nil {
		return nil, err
	}
	if r.get("EventID") == "" {
		return nil, errors.New("JSON object without an EventID")
	}
	return r, nil
}

// value reads the next value; names[last] is what it is called.
func (r *record) value(dec *json.Decoder, names *[]string) error {
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	switch t := tok.(type) {
	case json.Delim:
		if len(*names) > maxDepth {
			return errors.New("JSON nested too deeply")
		}
		for dec.More() {
			if t == '[' {
				if err := r.value(dec, names); err != nil {
					return err
				}
				continue
			}
			key, err := dec.Token()
			if err != nil {
				return err
			}
			name, _ := key.(string)
			*names = append(*names, name)
			if err := r.value(dec, names); err != nil {
				return err
			}
			*names = (*names)[:len(*names)-1]
		}
		_, err := dec.Token()
		return err
	case string:
		r.add(nameOf(*names), t)
	case json.Number:
		r.add(nameOf(*names), t.String())
	case bool:
		text := "false"
		if t {
			text = "true"
		}
		r.add(nameOf(*names), text)
	}
	return nil
}

// nameOf gives the field its name: the innermost one that is not an export's
// own wrapping. Attributes are named after their element: Provider_Name.
func nameOf(names []string) string {
	own := slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return n == "#text" || n == "#attributes" || n == "Event" || n == "System" || n == "winlog"
	})
	if len(own) == 0 {
		return ""
	}
	last := own[len(own)-1]
	if len(own) > 1 && slices.Contains(names, "#attributes") {
		return own[len(own)-2] + "_" + last
	}
	return last
}
