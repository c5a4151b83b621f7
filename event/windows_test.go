package event

import "testing"

func TestWindows(t *testing.T) {
	for _, c := range []struct {
		channel, id string
		want        Logsource
	}{
		{"Microsoft-Windows-Sysmon/Operational", "1", Logsource{"process_creation", "windows", "sysmon"}},
		{"security", "4688", Logsource{"process_creation", "windows", "security"}},
		{"Security", "4624", Logsource{"", "windows", "security"}},
		{"PowerShellCore/Operational", "4104", Logsource{"ps_script", "windows", "powershell"}},
		{"MSExchange Management", "1", Logsource{"", "windows", "msexchange-management"}},
		{"Vendor-App/Debug", "1", Logsource{"", "windows", "vendor-app/debug"}},
	} {
		if got := Windows(c.channel, c.id); got != c.want {
			t.Errorf("Windows(%q, %q) = %v, want %v", c.channel, c.id, got, c.want)
		}
	}
}
