package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// A peerLine is what peers.py writes for a record.
type peerLine struct {
	File, Reader, XML, Error string
	Offset                   int64
	ID                       uint64
}

func readPeers(name string) (lines []peerLine, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	for {
		b, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		var l peerLine
		if err := json.Unmarshal(b, &l); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
}

// xmlFacts lists the values of an event's XML: the text of elements and the
// attributes, but for namespaces. Data goes by its Name. Layout is the names of
// all elements and attributes in their order, empty or not.
func xmlFacts(text []byte) (facts []fact, layout string, err error) {
	var names strings.Builder
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = false
	type level struct {
		name string
		text strings.Builder
	}
	var stack []*level
	add := func(name, value string) {
		value = strings.TrimSpace(strings.ReplaceAll(value, "\r", ""))
		if value == "" {
			return
		}
		f := fact{name: name, value: value}
		if len(stack) > 1 {
			f.section = stack[1].name
		}
		facts = append(facts, f)
	}
	for {
		t, err := d.RawToken()
		if err == io.EOF {
			return facts, names.String(), nil
		}
		if err != nil {
			return facts, "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			l := &level{name: t.Name.Local}
			names.WriteString("<" + t.Name.Local)
			for _, a := range t.Attr {
				names.WriteString(" " + a.Name.Local)
				if a.Name.Local == "Name" && t.Name.Local == "Data" {
					l.name = a.Value
				}
			}
			stack = append(stack, l)
			for _, a := range t.Attr {
				if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || a.Name.Local == "Name" && t.Name.Local == "Data" {
					continue
				}
				add(t.Name.Local+"_"+a.Name.Local, a.Value)
			}
		case xml.CharData:
			if n := len(stack); n > 0 {
				stack[n-1].text.Write(t)
			}
		case xml.EndElement:
			names.WriteByte('>')
			if n := len(stack); n > 0 {
				add(stack[n-1].name, stack[n-1].text.String())
				stack = stack[:n-1]
			}
		}
	}
}

// alike reports whether two texts are one value in different notations: GUIDs
// in another case, numbers in hexadecimal, times with fewer digits, binary data
// in base64.
func alike(a, b string) bool {
	if strings.EqualFold(a, b) || strings.EqualFold(strings.Trim(a, "{}"), strings.Trim(b, "{}")) {
		return true
	}
	if n, err := strconv.ParseUint(a, 0, 64); err == nil {
		if m, err := strconv.ParseUint(b, 0, 64); err == nil && n == m {
			return true
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, a); err == nil {
		for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", time.RFC3339Nano} {
			if u, err := time.Parse(layout, b); err == nil {
				return t.Sub(u).Abs() <= 5*time.Microsecond // theirs rounds
			}
		}
	}
	if raw, err := hex.DecodeString(a); err == nil {
		b64, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(b, "\n", ""))
		return err == nil && bytes.Equal(raw, b64)
	}
	return false
}
