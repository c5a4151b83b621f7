package sigma

import (
	"io/fs"
	"os"
	"path"
	"testing"

	"limier/event"
	"limier/parse/evtx"
)

// A record read in place and the event that is made of it match the same rules.
func TestMatchRecord(t *testing.T) {
	e := sigmaHQ(t)
	records, matched := 0, 0
	for _, group := range []string{"sigma", "evtx-attack", "evtx-benign"} {
		root := os.DirFS(shared(t, "data", group))
		err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || path.Ext(name) != ".evtx" {
				return err
			}
			f, err := root.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			stat, err := f.Stat()
			if err != nil {
				return err
			}
			log, err := evtx.Open(f.(*os.File), stat.Size())
			if err != nil {
				return nil // not our subject
			}
			s := evtx.Scanner{Path: name}
			if records%2 == 1 {
				s.Memory = newMemory(4) // forgets all the time
			}
			for i := range min(log.Chunks(), 20) {
				for r, err := range s.Chunk(log, i) {
					if err != nil {
						continue
					}
					records++
					got, want := names(e.MatchRecord(r, nil)), names(e.Match(r.Keep(), nil))
					if got != want {
						t.Errorf("%s record %d: got %q, want %q", name, r.RecordID(), got, want)
					}
					if plain := names(e.Match(&event.Event{Data: plainData{r}}, nil)); plain != want {
						t.Errorf("%s record %d: %q by its fields, want %q", name, r.RecordID(), plain, want)
					}
					if want != "" {
						matched++
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of %d records match", matched, records)
	if matched < 300 {
		t.Errorf("only %d of %d records match", matched, records)
	}
}

// plainData hides that data is a record.
type plainData struct{ event.Data }
