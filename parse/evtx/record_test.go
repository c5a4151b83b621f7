package evtx

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limier/event"
	"limier/evidence"
)

func TestFields(t *testing.T) {
	for _, tt := range []struct {
		name   string
		event  elem
		source event.Logsource
		want   map[string]string
	}{
		{"process creation of the Security log",
			logged("Security", "4688", data("SubjectUserSid", "S-1-5-18", "SubjectUserName", "EX01$", "SubjectDomainName", "CORP",
				"SubjectLogonId", "0x3e7", "NewProcessId", "0x1234", "NewProcessName", `C:\Windows\System32\cmd.exe`,
				"ProcessId", "0xabc", "CommandLine", "cmd /c whoami", "ParentProcessName", `C:\Windows\System32\inetsrv\w3wp.exe`,
				"MandatoryLabel", "S-1-16-16384")),
			event.Logsource{Category: "process_creation", Product: "windows", Service: "security"},
			map[string]string{
				"Image": `C:\Windows\System32\cmd.exe`, "ParentImage": `C:\Windows\System32\inetsrv\w3wp.exe`,
				"NewProcessName": `C:\Windows\System32\cmd.exe`, "ProcessId": "0xabc", "ParentProcessId": "0xabc", "LogonId": "0x3e7",
				"User": `NT AUTHORITY\SYSTEM`, "IntegrityLevel": "System", "commandline": "cmd /c whoami", "TargetObject": "",
			}},
		{"registry value of the Security log",
			logged("Security", "4657", data("SubjectUserSid", "S-1-5-21-1", "SubjectUserName", "bob", "SubjectDomainName", "CORP",
				"ObjectName", `\REGISTRY\MACHINE\SOFTWARE\Run`, "ObjectValueName", "x", "OperationType", "%%1904", "NewValue", "evil.exe",
				"ProcessName", `C:\reg.exe`)),
			event.Logsource{Category: "registry_event", Product: "windows", Service: "security"},
			map[string]string{"TargetObject": `HKLM\SOFTWARE\Run\x`, "Details": "evil.exe", "Image": `C:\reg.exe`, "User": `CORP\bob`}},
		{"Exchange's unnamed strings",
			logged("MSExchange Management", "1", data("", "Set-OabVirtualDirectory", "", "-ExternalUrl x", "", "CORP/admin")),
			event.Logsource{Product: "windows", Service: "msexchange-management"},
			map[string]string{"Data": "Set-OabVirtualDirectory\n-ExternalUrl x\nCORP/admin", "Image": "", "User": ""}},
		{"classic PowerShell",
			logged("Windows PowerShell", "400", data("", "Available", "", "None",
				"", "\tNewEngineState=Available\r\n\tHostVersion=5.1\r\n\tHostApplication=powershell -enc AAAA=\r\n\tEngineVersion=2.0\r\n")),
			event.Logsource{Category: "ps_classic_start", Product: "windows", Service: "powershell-classic"},
			map[string]string{"HostApplication": "powershell -enc AAAA=", "EngineVersion": "2.0", "HostVersion": "5.1", "NewEngineState": ""}},
		{"UserData, and what the system says of itself",
			logged("Security", "1102", elem{name: "UserData", kids: []elem{{name: "LogFileCleared", attrs: []string{"xmlns", "urn:x"}, kids: []elem{
				{name: "SubjectUserName", text: "bob"}, {name: "Channel", text: "not this"}}}}}),
			event.Logsource{Product: "windows", Service: "security"},
			map[string]string{"SubjectUserName": "bob", "EventID": "1102", "Provider_Name": "Test", "Channel": "Security",
				"Computer": "ex01.corp.example", "Security_UserID": "S-1-5-18", "UserID": "S-1-5-18"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, gaps := parseFile(t, "Logs/x.evtx", asFile(t, write(tt.event)))
			if len(events) != 1 || len(gaps) > 0 {
				t.Fatalf("%d events, gaps %v", len(events), gaps)
			}
			ev := events[0]
			if diff := cmp.Diff(ev.Data.Logsource(), tt.source); diff != "" {
				t.Error(diff)
			}
			for name, want := range tt.want {
				if got, ok := ev.Data.Field(name); got != want || ok != (want != "") {
					t.Errorf("%s = %q, %v, want %q", name, got, ok, want)
				}
			}
			if want := time.Date(2021, 3, 3, 4, 11, 22, 5e8, time.UTC); !ev.Time.Equal(want) || ev.Host != "ex01.corp.example" {
				t.Errorf("at %v on %q", ev.Time, ev.Host)
			}
			if want := (evidence.Ref{Path: "Logs/x.evtx", Record: 42, Offset: 4608}); ev.Ref != want {
				t.Errorf("ref %v, want %v", ev.Ref, want)
			}
		})
	}
}

func TestFieldsInOrder(t *testing.T) {
	events, _ := parseFile(t, "x", asFile(t, write(logged("Security", "4688", data("A", "1", "", "two", "B", "", "", "three", "SubjectUserSid", "S-1-5-19")))))
	want := []string{"Provider_Name=Test", "EventID=4688", "TimeCreated_SystemTime=2021-03-03T04:11:22.5Z", "EventRecordID=42",
		"Channel=Security", "Computer=ex01.corp.example", "Security_UserID=S-1-5-18",
		"A=1", "Data=two", "Data=three", "SubjectUserSid=S-1-5-19", `User=NT AUTHORITY\LOCAL SERVICE`}
	if diff := cmp.Diff(fields(events[0].Data), want); diff != "" {
		t.Error(diff)
	}
}

// Damage and things that are no logs are gaps, never silence.
func TestGaps(t *testing.T) {
	whole := write(logged("Security", "1", data("A", "1")), logged("Security", "2", data("A", "1")))
	for name, tt := range map[string]struct {
		data   []byte
		events int
	}{
		"empty":           {nil, 0},
		"text":            {[]byte("this is no event log"), 0},
		"header only":     {whole[:4096], 0},
		"cut in a record": {whole[:4096+512+300], 0},
		"a wrong byte":    {append(append(append([]byte{}, whole[:4700]...), 'x'), whole[4701:]...), 2},
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range []func() ([]*event.Event, []*evidence.GapError){
				func() ([]*event.Event, []*evidence.GapError) { return parseFile(t, "x", asFile(t, tt.data)) },
				func() ([]*event.Event, []*evidence.GapError) { return parseFile(t, "x", stream{asFile(t, tt.data)}) },
			} {
				events, gaps := f()
				if len(events) != tt.events || len(gaps) == 0 && name != "header only" {
					t.Errorf("%d events, want %d; gaps %v", len(events), tt.events, gaps)
				}
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for ev, err := range Parser.Parse(ctx, "x", asFile(t, write(logged("Security", "1", data("A", "1"))))) {
		if ev != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("event %v, error %v", ev, err)
		}
	}
}

// The fast path allocates nothing for a record.
func TestAllocations(t *testing.T) {
	f := asFile(t, write(logged("Security", "4624", data("A", "1", "B", "2"))))
	log, err := Open(f.(interface {
		ReadAt(b []byte, off int64) (int, error)
	}), 4096+65536)
	if err != nil {
		t.Fatal(err)
	}
	s := Scanner{Path: "x"}
	var buf []byte
	n := testing.AllocsPerRun(100, func() {
		for rec, err := range s.Chunk(log, 0) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range rec.Shape.Fields {
				buf = rec.Value(i).Append(buf[:0])
			}
			_ = rec.Logsource()
		}
	})
	if n > 8 { // a few closures for the chunk, none for the record
		t.Errorf("%v allocations", n)
	}
}
