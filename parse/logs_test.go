package parse_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"limier/event"
	"limier/evidence"
	"limier/parse"
	"limier/parse/accesslog"
	"limier/parse/exchange"
	"limier/parse/iis"
)

// shared returns the folder of real evidence, or skips the test.
func shared(t *testing.T) string {
	dir := os.Getenv("LIMIER_SHARED")
	if dir == "" {
		dir = "../../shared"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real evidence beside the checkout; set LIMIER_SHARED")
	}
	return filepath.Join(dir, "data")
}

// TestRealLogs counts the events and gaps of real logs of every dialect.
func TestRealLogs(t *testing.T) {
	data := shared(t)
	for _, want := range []struct {
		path         string
		source       event.Logsource
		events, gaps int
	}{
		{"iis/apache/elastic-apache_logs", event.Web, 10000, 0},
		{"iis/apache/ocatak-w3af.txt", event.Web, 3996, 0},
		{"iis/elastic/iis10-access-mixed-fields.log", event.IIS, 8, 0}, // no #Fields, six dialects
		{"iis/lnav/logfile_access_log.0", event.Web, 3, 0},
		{"iis/lnav/logfile_w3c.2", event.IIS, 14, 0}, // FTP, the day in #Date
		{"iis/lnav/logfile_w3c_big.0", event.IIS, 210, 0},
		{"iis/plaso/iis10.log", event.IIS, 1, 0}, // #Fields before #Software
		{"iis/plaso/iis10_cookies.log", event.IIS, 3, 0},
		{"iis/plaso/iis6.log", event.IIS, 12, 0},
		{"iis/plaso/iis7_owa.log", event.IIS, 3, 0},
		{"iis/sbousseaden/Tunna_rdp_tunnel_IIS.log", event.IIS, 4298, 0},
		{"iis/synthetic/markernan-iis_logs.log", event.IIS, 296, 0},
		{"exchange-logs/helsecert-2021-03/u_ex21030x.excerpt.log", event.IIS, 8, 0},
		{"exchange-logs/helsecert-2021-03/HttpProxy_Ecp.selected-columns.csv", event.HTTPProxy, 11, 0},
		{"exchange-logs/helsecert-2021-03/HttpProxy_Owa.139.162.202.236.csv", event.HTTPProxy, 5, 0},
		{"exchange-logs/helsecert-2021-03/ECPServer20210303-1.selected-columns.txt", event.ECPServer, 17, 3}, // three lines are an analyst's notes
		{"exchange-logs/elastic/HttpProxy_Mapi.one-row.log", event.HTTPProxy, 1, 0},
		{"exchange-logs/artefacts.help/Rps_Cmdlet_2023011116-1.LOG", event.RPSCmdlet, 1, 0},
		{"exchange-logs/artefacts.help/ECPServer20230111-1.LOG", event.ECPServer, 1, 0},
		{"exchange-logs/artefacts.help/ECPActivity_11500_20230111-1.LOG", event.ECPActivity, 2, 0},
		{"exchange-logs/artefacts.help/Mapi__HttpProxy_2023010601-1.LOG", event.HTTPProxy, 3, 0},
		{"exchange-logs/artefacts.help/MSGTRKMS2022091915-1.LOG", event.ExchangeLog, 2, 0},
	} {
		name := filepath.Join(data, filepath.FromSlash(want.path))
		head, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		head = head[:min(len(head), 4<<10)]
		matched := 0
		for _, p := range []*parse.Parser{iis.Parser, exchange.Parser, accesslog.Parser} {
			if !p.Match(want.path, head) {
				continue
			}
			matched++
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			events, gaps := 0, 0
			for ev, err := range p.Events(t.Context(), want.path, f) {
				var gap *evidence.GapError
				switch {
				case errors.As(err, &gap):
					gaps++
				case err != nil:
					t.Error(err)
				default:
					events++
					if got := ev.Data.Logsource(); got != want.source || ev.Time.IsZero() {
						t.Errorf("%v: log source %v, time %v", ev.Ref, got, ev.Time)
					}
				}
			}
			if events != want.events || gaps != want.gaps {
				t.Errorf("%s: %d events, %d gaps; want %d, %d", want.path, events, gaps, want.events, want.gaps)
			}
		}
		if matched != 1 {
			t.Errorf("%s: %d parsers match", want.path, matched)
		}
	}
}
