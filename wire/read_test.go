package wire

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// lines are messages of each kind as a scan writes them: with all fields set,
// with none, and with text that is escaped.
func lines(t testing.TB) (all []string) {
	for _, text := range []string{"", "plain text", "a \"quote\", <tag> & \\path\\, \t tab, é, 😀, \u2028", strings.Repeat("long ", 100)} {
		kinds := reflect.TypeFor[Message]().NumField()
		for i := range kinds {
			var m Message
			field := reflect.ValueOf(&m).Elem().Field(i)
			field.Set(reflect.New(field.Type().Elem()))
			if text != "" {
				fill(t, field.Elem(), text)
			}
			line, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(line)+"\n")
		}
	}
	return all
}

// fill sets all that v holds.
func fill(t testing.TB, v reflect.Value, text string) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2021, 3, 2, 4, 11, 22, 123456789, time.UTC)))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), text)
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 2 { // the third stays empty
			fill(t, v.Index(i), text)
		}
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(1_234_567)
	case v.CanUint():
		v.SetUint(1_234_567)
	default:
		t.Fatalf("nothing to set a %s to", v.Type())
	}
}

// TestRead: all that a scan writes is read by hand, and as json reads it.
func TestRead(t *testing.T) {
	for _, line := range lines(t) {
		var got, want Message
		if !read([]byte(line), &got) {
			t.Errorf("left to json: %s", line)
		}
		if err := jsonv2.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s(-want +got):\n%s", line, diff)
		}
	}
}

// TestReadOdd: what is not as expected is read, or refused, as json does.
func TestReadOdd(t *testing.T) {
	for line, want := range map[string]bool{
		`{"gap":{"ref":{"path":"a"},"reason":"b","later":[1]}}`:                 true,
		`{"gap":{"reason":"b","ref":{"line":2,"path":"a"}}}`:                    true,
		` { "gap" : { "reason" : "b" } } `:                                      true,
		`{"gap":{"count":-3}}`:                                                  true,
		`{"gap":null}`:                                                          true,
		`{}`:                                                                    true,
		`{"finding":{"start":"2021-03-02T04:11:22+02:00"}}`:                     true,
		`{"finding":{"start":"2021-03-02T24:11:22Z"}}`:                          false,
		`{"finding":{"steps":[{"ref":{"path":"a"}}{"ref":{"path":"a"}}]}}`:      false,
		`{"finding":{"steps":[{"ref":{"path":"a"}},]}}`:                         false,
		`{"finding":{"steps":{}}}`:                                              false,
		`{"gap":{"reason":"b""count":1}}`:                                       false,
		`{"gap":{"reason":"b"`:                                                  false,
		`{"gap":{"count":1.5}}`:                                                 false,
		`{"gap":{"count":01}}`:                                                  false,
		`{"gap":{"count":99999999999999999999}}`:                                false,
		`{"gap":{"count":"1"}}`:                                                 false,
		`{"gap":{"reason":"b","reason":"c"}}`:                                   false,
		`{"gap":{"reason":7}}`:                                                  false,
		`{"gap":{"reason":"\ud800"}}`:                                           false,
		`{"gap":{"reason":"\q"}}`:                                               false,
		"{\"gap\":{\"reason\":\"\xff\"}}":                                       false,
		"{\"gap\":{\"reason\":\"a\x00b\"}}":                                     false,
		`{"gap":{"ref":{"path":"a"},"reason":"b"}} {"gap":{}}`:                  false,
		`{"gap":{"ref":{"path":"a"},"reason":"b"},"gap":{"reason":"c"}}`:        false,
		`{"exposure":{"product":"","build":"","proof":[],"cves":[7]}}`:          false,
		`{"exposure":{"product":"","build":"","proof":[],"cves":[{"id":"a",}]}`: false,
		``: false,
	} {
		var m Message
		if err := Read([]byte(line+"\n"), &m); (err == nil) != want {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, line := range lines(f) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var got, want Message
		if !read([]byte(line), &got) {
			return
		}
		if err := jsonv2.Unmarshal([]byte(line), &want); err != nil {
			t.Fatalf("json: %v", err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Error(cmp.Diff(want, got), fmt.Sprintf("%#v %#v", got, want))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	all := lines(b)
	size := 0
	for _, l := range all {
		size += len(l)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		for _, l := range all {
			var m Message
			if err := Read([]byte(l), &m); err != nil {
				b.Fatal(err)
			}
		}
	}
}
