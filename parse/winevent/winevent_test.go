package winevent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/event"
	"limier/evidence"
	"limier/internal/objects"
)

func read(t testing.TB, text string) (got []*event.Event, gaps int) {
	fsys := fstest.MapFS{"e.json": {Data: []byte(text)}}
	f, err := fsys.Open("e.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for e, err := range Parser.Parse(context.Background(), "e.json", f) {
		var gap *evidence.GapError
		switch {
		case errors.As(err, &gap):
			gaps++
		case err != nil && !errors.Is(err, fs.ErrClosed):
			t.Fatal(err)
		default:
			got = append(got, e)
		}
	}
	return got, gaps
}

// Every kind of export tells the same event; flat, nested and as XML.
func TestKinds(t *testing.T) {
	for name, text := range map[string]string{
		"NXLog":      `{"SourceName":"Microsoft-Windows-Sysmon","Hostname":"EX01","Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"TimeCreated":"2020-10-18 07:50:05.917","UtcTime":"2020-10-18 23:50:05.917","Image":"C:\\Windows\\System32\\cmd.exe"}`,
		"evtx_dump":  `{"Event":{"#attributes":{"xmlns":"x"},"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":{"#attributes":{"Qualifiers":0},"#text":1},"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"EX01"},"EventData":{"UtcTime":"2020-10-18 23:50:05.917","Image":"C:\\Windows\\System32\\cmd.exe"}}}`,
		"Winlogbeat": `{"@timestamp":"2020-10-18T23:50:06Z","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","computer_name":"EX01","event_id":"1","event_data":{"UtcTime":"2020-10-18 23:50:05.917","Image":"C:\\Windows\\System32\\cmd.exe"}}}`,
		"XML":        `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Sysmon' Guid='{5}'/><EventID>1</EventID><Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>EX01</Computer></System><EventData><Data Name='UtcTime'>2020-10-18 23:50:05.917</Data><Data Name='Image'>C:\Windows\System32\cmd.exe</Data></EventData></Event>`,
	} {
		t.Run(name, func(t *testing.T) {
			if !Parser.Match("a", []byte(text)) {
				t.Error("not recognised")
			}
			got, gaps := read(t, text+"\n")
			if len(got) != 1 || gaps != 0 {
				t.Fatalf("got %d events and %d gaps, want 1 and 0", len(got), gaps)
			}
			e := got[0]
			want := []string{"process_creation sysmon", "2020-10-18T23:50:05.917Z", "EX01", `C:\Windows\System32\cmd.exe`, "1", "Microsoft-Windows-Sysmon"}
			ls := e.Data.Logsource()
			if diff := cmp.Diff([]string{ls.Category + " " + ls.Service, e.Time.Format("2006-01-02T15:04:05.000Z"), e.Host, e.Field("Image"), e.Field("EventID"), e.Field("Provider_Name")}, want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Events spread over lines, with damage between them; where they stand is told.
func TestXMLLines(t *testing.T) {
	one := func(id string) string {
		return "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>\n<System><EventID>" + id + "</EventID>\n<TimeCreated SystemTime='2021-03-03T04:11:22.5Z'/></System></Event>"
	}
	text := "<?xml version='1.0'?>\n<Events>\n" + one("1") + one("2") + "\njunk\n<Event><System><EventID>3</EventID>\n" + one("4") + "\n<Eventual/>\n</Events>\n<Event>"
	var got []string
	yield := func(ev *event.Event, err error) bool {
		var gap *evidence.GapError
		if errors.As(err, &gap) {
			got = append(got, fmt.Sprintf("%d: %v", gap.Ref.Line, gap.Err))
		} else if err == nil {
			got = append(got, fmt.Sprintf("%d: event %s at %s", ev.Ref.Line, ev.Field("EventID"), ev.Time.Format(time.RFC3339)))
			if !strings.HasPrefix(text[ev.Ref.Offset:], "<Event ") {
				t.Errorf("no event at %d", ev.Ref.Offset)
			}
		}
		return true
	}
	(&xmlReader{reader: reader{ctx: t.Context(), path: "e.xml", yield: yield}}).read(iotest.OneByteReader(strings.NewReader(text)))
	want := []string{"3: event 1 at 2021-03-03T04:11:22Z", "5: event 2 at 2021-03-03T04:11:22Z", "8: neither a JSON object nor an XML event",
		"9: XML event cut short", "10: event 4 at 2021-03-03T04:11:22Z", "15: XML event cut short"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

// A time without a zone is no time, and unnamed strings keep their order.
func TestManagement(t *testing.T) {
	got, _ := read(t, `{"Channel":"MSExchange Management","SourceName":"MSExchange CmdletLogs","EventID":6,"TimeCreated":"2021-06-04 08:41:47","Hostname":"EX01","Data":["Install-TransportAgent","-Name \"Evil\""]}`)
	if len(got) != 1 || !got[0].Time.IsZero() || got[0].Data.Logsource().Service != "msexchange-management" {
		t.Fatalf("got %+v", got)
	}
	var data []string
	for n, v := range got[0].Data.Fields() {
		if n == "Data" {
			data = append(data, v)
		}
	}
	if diff := cmp.Diff(data, []string{"Install-TransportAgent", `-Name "Evil"`}); diff != "" {
		t.Error(diff)
	}
}

func TestSecurityNames(t *testing.T) {
	got, _ := read(t, `{"Channel":"Security","EventID":4688,"NewProcessName":"C:\\a.exe","ParentProcessName":"C:\\b.exe"}`)
	if got[0].Field("Image") != `C:\a.exe` || got[0].Field("ParentImage") != `C:\b.exe` {
		t.Errorf("got %v", got[0].Data)
	}
}

func TestDamage(t *testing.T) {
	long := append([]byte(`{"EventID":1,"a":"`), bytes.Repeat([]byte("x"), objects.MaxObject)...)
	for _, c := range []struct {
		text   string
		events int
		gaps   int
	}{
		{"", 0, 0},
		{"{\"EventID\":1", 0, 1},
		{"garbage\n{\"EventID\":1,\"Channel\":\"System\"}\n", 1, 1},
		{"<Event><System><EventID>1</EventID>", 0, 1},
		{string(long) + "\"}\n{\"EventID\":2,\"Channel\":\"System\"}\n", 1, 1},
		{`{"EventID":1,"a":` + string(bytes.Repeat([]byte("["), 100_000)), 0, 1},
	} {
		got, gaps := read(t, c.text)
		if len(got) != c.events || gaps != c.gaps {
			t.Errorf("%.40q: got %d events and %d gaps, want %d and %d", c.text, len(got), gaps, c.events, c.gaps)
		}
	}
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(`<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>1</EventID></System><EventData><Data Name='a'>b</Data></EventData></Event>`))
	f.Add([]byte("<Events>\n<Event><System>\n<EventID>1</EventID></System>\n</Event> <Event ><x/>\n<Event>\n</Events>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = append([]byte("<"), text...)
		n := 0
		for e, err := range Parser.Parse(context.Background(), "e.xml", open(t, "e.xml", text)) {
			if err == nil && e.Field("EventID") == "" {
				t.Fatal("an event without an ID")
			}
			if n++; n > len(text) {
				t.Fatal("more events than bytes")
			}
		}
	})
}
