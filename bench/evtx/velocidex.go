package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/Velocidex/ordereddict"
	theirs "www.velocidex.com/golang/evtx"

	"limier/internal/evtx"
)

// A fact is one value of a record: the section of the event, the names of the
// elements and the attribute that lead to it, and its text.
type fact struct {
	section string
	name    string
	value   string
	typ     evtx.Type // of ours
}

// A key names a record: its chunk's offset and its identifier.
type key struct {
	chunk int64
	id    uint64
}

// velocidex reads a log with Velocidex/evtx. A panic there ends a chunk, and is
// told as an error. Again lists records that it yields again and again.
func velocidex(data []byte) (records map[key][]fact, again []key, errs []string) {
	records = map[key][]fact{}
	chunks, err := theirs.GetChunks(bytes.NewReader(data))
	if err != nil {
		return records, nil, []string{err.Error()}
	}
	for _, c := range chunks {
		list, err := parseChunk(c)
		if err != nil {
			errs = append(errs, fmt.Sprintf("chunk at %d: %v", c.Offset, err))
		}
		for _, r := range list {
			k := key{c.Offset, r.Header.RecordID}
			if _, ok := records[k]; ok {
				again = append(again, k)
				continue
			}
			records[k] = flatten(nil, r.Event, nil)
		}
	}
	return records, again, errs
}

func parseChunk(c *theirs.Chunk) (list []*theirs.EventRecord, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return c.Parse(0)
}

// flatten lists the values of an event as Velocidex/evtx nests them.
func flatten(facts []fact, v any, path []string) []fact {
	switch v := v.(type) {
	case *ordereddict.Dict:
		if n := len(path); n > 0 && path[n-1] == "Data" {
			if name, ok := v.GetString("Name"); ok && name != "" {
				value, _ := v.Get("Value")
				return flatten(facts, value, append(path[:n-1:n-1], name))
			}
		}
		for _, k := range v.Keys() {
			child, _ := v.Get(k)
			if k == "Value" && len(path) > 1 {
				facts = flatten(facts, child, path)
			} else {
				facts = flatten(facts, child, append(path[:len(path):len(path)], k))
			}
		}
		return facts
	case []any:
		for _, e := range v {
			facts = flatten(facts, e, path)
		}
		return facts
	case []string:
		for _, e := range v {
			facts = flatten(facts, e, path)
		}
		return facts
	case []uint16:
		for _, e := range v {
			facts = flatten(facts, e, path)
		}
		return facts
	case []uint64:
		for _, e := range v {
			facts = flatten(facts, e, path)
		}
		return facts
	case nil:
		return facts
	}
	f := fact{value: plain(v)}
	if len(path) > 0 && path[0] == "Event" {
		path = path[1:]
	}
	if len(path) > 0 {
		f.section, path = path[0], path[1:]
	}
	f.name = strings.Join(path, "/")
	if f.value == "" {
		return facts
	}
	return append(facts, f)
}

func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return strings.ToUpper(hex.EncodeToString(v))
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(v), 'g', -1, 32)
	}
	return fmt.Sprint(v)
}

// ours reads a log with this project's reader.
func ours(data []byte) (records map[key][]fact, lost []*evtx.Lost) {
	records = map[key][]fact{}
	err := each(data, func(rec *evtx.Record, chunk int64) {
		k := key{chunk, rec.ID}
		records[k] = append(records[k], facts(rec)...)
	}, func(l *evtx.Lost) { lost = append(lost, l) })
	if err != nil {
		panic(err) // reading memory cannot fail
	}
	return records, lost
}

// each calls visit with every record and the offset of its chunk.
func each(data []byte, visit func(rec *evtx.Record, chunk int64), miss func(*evtx.Lost)) error {
	f, err := evtx.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	for _, l := range f.Lost {
		miss(l)
	}
	var d evtx.Decoder
	for i := range f.Chunks() {
		for rec, err := range f.Chunk(&d, i) {
			if l, ok := err.(*evtx.Lost); ok {
				miss(l)
			} else if err != nil {
				return err
			} else {
				visit(rec, 4096+int64(i)*evtx.ChunkSize)
			}
		}
	}
	return nil
}

var sectionNames = map[evtx.Section]string{
	evtx.System: "System", evtx.EventData: "EventData", evtx.UserData: "UserData", evtx.Rendering: "RenderingInfo",
}

// facts lists the values of a record in the representation of Velocidex/evtx:
// times as seconds since 1970 in floating point, hexadecimal numbers as
// decimal, GUIDs without braces.
func facts(rec *evtx.Record) (list []fact) {
	for i, f := range rec.Shape.Fields {
		v := rec.Value(i)
		if v.Empty() {
			continue
		}
		for e := range v.Elems() {
			if s := number(e); s != "" {
				list = append(list, fact{sectionNames[f.Section], f.Name, s, e.Type})
			}
		}
	}
	return list
}

func number(v evtx.Value) string {
	switch v.Type {
	case evtx.TypeHex32, evtx.TypeHex64:
		n, _ := v.Uint()
		return strconv.FormatUint(n, 10)
	case evtx.TypeFiletime:
		n, _ := v.Uint()
		return strconv.FormatFloat((float64(n)-11644473600000*10000)/10000000, 'g', -1, 64)
	case evtx.TypeGUID:
		return strings.Trim(v.String(), "{}")
	}
	return v.String()
}
