package scan

import (
	"os"
	"strings"
	"testing"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/parse"
	"limier/parse/iis"
	"limier/sighting"
)

type lits struct{ l []string }

func (l lits) Len() int                                  { return 1 }
func (l lits) Literals(event.Logsource) ([]string, bool) { return l.l, true }
func (l lits) Match(ev *event.Event) []*sighting.Rule    { return []*sighting.Rule{{Name: "x", ID: "x"}} }

func TestDev(t *testing.T) {
	b, _ := os.ReadFile("/work/shared/prototypes/pat60.txt")
	for _, w := range []int{1, 2} {
		t0 := time.Now()
		for m, err := range Run(t.Context(), evidence.Source{ID: "x", FS: os.DirFS("/work/scratch/lead/ev")}, Config{Workers: w, Parsers: []*parse.Parser{iis.Parser}, Rules: lits{strings.Fields(string(b))}}) {
			if err != nil {
				t.Fatal(err)
			}
			if m.End != nil {
				t.Logf("%d %+v", w, m.End)
			}
		}
		t.Log(w, 512/time.Since(t0).Seconds(), "MB/s")
	}
}
