package store

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestHolds: lists add up, in any order, and damage is told.
func TestHolds(t *testing.T) {
	all := cmp.AllowUnexported(hold{}, having{})
	came := appendHolds(nil, []hold{{7, 300, 1}, {1<<63 - 1, 2, 1}, {7, 1, 1}, {0, 5, 1}})
	list := appendHolds(appendHolds(nil, []hold{{7, 1, -1}}), []hold{{9, 1, 1}})
	list = append(list, came...)
	var got []hold
	if err := readHolds(list, func(x hold) { got = append(got, x) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]hold{{0, 5, 1}, {7, 300, 1}, {9, 1, 1}, {1<<63 - 1, 2, 1}}, sum(got), all); diff != "" {
		t.Error(diff)
	}
	for _, bad := range [][]byte{came[:len(came)-1], {0}, {0, 0}, {0, 2}, {0, 2, 0x80}, {0, 4, 1}, {0, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, {0, 2, 0xff, 0xff, 0xff, 0xff, 0x0f}} {
		if err := readHolds(bad, func(hold) {}); !errors.Is(err, errHolds) {
			t.Errorf("%x: %v", bad, err)
		}
	}
	had := []having{{1, -5, 4, 2}, {1 << 62, 0, 9, 1}}
	if diff := cmp.Diff(had, unpackHavings(packHavings([]having{had[1], had[0]}, true), true), all); diff != "" {
		t.Error(diff)
	}
}
