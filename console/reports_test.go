package console

import (
	"errors"
	"testing"
)

func TestReportsAreBounded(t *testing.T) {
	var r reports
	made := 0
	get := func(n byte, lang string, size int, err error) ([]byte, error) {
		return r.get(reportKey{[32]byte{n}, lang}, func() ([]byte, error) {
			made++
			return make([]byte, size), err
		})
	}
	for n := range byte(100) {
		for range 2 {
			for _, lang := range []string{"en", "fr"} {
				if page, err := get(n, lang, maxReports/10, nil); err != nil || len(page) != maxReports/10 {
					t.Fatalf("%d bytes: %v", len(page), err)
				}
			}
		}
		held := 0
		for _, page := range r.pages {
			held += len(page)
		}
		if held > maxReports || held != r.size {
			t.Fatalf("%d bytes are kept, %d are counted", held, r.size)
		}
	}
	if made != 200 {
		t.Errorf("%d reports were made of 200", made)
	}
	for range 2 {
		if _, err := get(200, "en", 1, errors.New("damaged")); err == nil {
			t.Error("an error was forgotten")
		}
		if page, err := get(201, "en", maxReports, nil); err != nil || len(page) != maxReports {
			t.Errorf("a large one: %d bytes, %v", len(page), err)
		}
	}
	if made != 204 {
		t.Error("what is damaged or too large was kept")
	}
}
