package jcs

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// The example of RFC 8785, sections 3.2.2 to 3.2.4.
const rfcText = `{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}`

const rfcHex = "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e333333333333332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d"

func TestExampleOfTheRFC(t *testing.T) {
	got, err := Canonical([]byte(rfcText))
	if err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(rfcHex)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %s, want %s, %v", got, want, err)
	}
}

func TestKeysAreSortedByUTF16(t *testing.T) { // section 3.2.3
	got, err := Canonical([]byte(`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`))
	want := "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001f600\":5,\"\ufb33\":3}"
	if err != nil || string(got) != want {
		t.Errorf("got %s, want %s, %v", got, want, err)
	}
}

func TestNumbersOfTheRFC(t *testing.T) { // appendix B
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0", 0x8000000000000000: "0", 0x0000000000000001: "5e-324", 0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308", 0x4340000000000000: "9007199254740992", 0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22", 0x44b52d02c7e14af6: "1e+23", 0x44b52d02c7e14af7: "1.0000000000000001e+23",
		0x444b1ae4d6e2ef4e: "999999999999999700000", 0x444b1ae4d6e2ef50: "1e+21", 0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7", 0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332", 0x41b3de4355555557: "333333333.33333343", 0xbecbf647612f3696: "-0.0000033333333333333333",
	} {
		text := strconv.FormatFloat(math.Float64frombits(bits), 'e', -1, 64)
		if got, err := Canonical([]byte(text)); err != nil || string(got) != want {
			t.Errorf("%x: got %s, want %s, %v", bits, got, want, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"a":2}`:                 "twice",
		`{"a":1,"\u0061":2}`:            "twice",
		`"\ud800"`:                      "surrogate",
		`"\udc00\ud800"`:                "surrogate",
		"\"\xff\"":                      "UTF-8",
		"1e400":                         "too large",
		"9007199254740993":              "exactly",
		"01":                            "no number",
		"1 2":                           "after the end",
		`{"a":1,}`:                      "unexpected",
		"[1,]":                          "unexpected",
		"{,}":                           "unexpected",
		"":                              "unexpected",
		"\"a\nb\"":                      "control",
		strings.Repeat("[", 100000):     "deep",
		"1" + strings.Repeat("0", 1000): "no number",
	} {
		if got, err := Canonical([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %s, %v, want an error about %q", text, got, err, want)
		}
	}
}

func TestUnmarshalIsExact(t *testing.T) {
	type one struct {
		Name string `json:"name"`
		Note string `json:"note,omitempty"`
	}
	var v one
	if err := Unmarshal([]byte(`{ "note":"x", "name":"a" }`), &v); err != nil || v != (one{"a", "x"}) {
		t.Errorf("got %v, %v", v, err)
	}
	for _, text := range []string{`{"Name":"a"}`, `{"name":"a","NAME":"b"}`, `{"name":"a","note":""}`, `{"name":"a","more":1}`, `{}`, `null`} {
		if err := Unmarshal([]byte(text), new(one)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	f.Add([]byte(rfcText))
	f.Add([]byte(`{"a":[1,{"b":"\ud83d\ude00"}],"\u0000":-0.0}`))
	f.Add([]byte(`[10000000e9]`))
	f.Add([]byte(`[[[{"a":1e-7}]],"é"]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Canonical(text)
		if err != nil {
			return
		}
		again, err := Canonical(got)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q becomes %q, then %q, %v", text, got, again, err)
		}
		var a, b any
		if err := json.Unmarshal(text, &a); err != nil {
			t.Fatalf("%q is no JSON to Go's reader: %v", text, err)
		}
		if err := json.Unmarshal(got, &b); err != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("%q means something else than %q, %v", got, text, err)
		}
	})
}
