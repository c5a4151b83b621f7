package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"strings"

	"limier/event"
	"limier/evidence"
	"limier/internal/peversion"
	"limier/parse"
)

// Program reads the version resource of programs that updates replace. The
// highest of them tells the security update. Files of an unpacked installer
// are left out: they were perhaps never installed.
var Program = &parse.Parser{
	Name: "program-version",
	Doc:  "version resources of Exchange and SharePoint program files",
	Match: func(name string, head []byte) bool {
		if len(head) < 2 || string(head[:2]) != "MZ" || installer(name) {
			return false
		}
		b := base(name)
		if ok, _ := path.Match("microsoft.exchange.*.dll", b); ok {
			return true
		}
		return b == "exsetup.exe" || b == "microsoft.sharepoint.dll"
	},
	Parse: parseProgram,
}

// installer reports whether a path lies in installation media or in what an
// update set aside.
func installer(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, `\`, "/"))
	for _, part := range []string{"setup/serverroles/", "updatebackups/", "/exchangesetup/", "/windows/installer/", "$recycle.bin/"} {
		if strings.Contains("/"+name, part) {
			return true
		}
	}
	return false
}

func parseProgram(_ context.Context, name string, f fs.File) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		info, err := peversion.Read(f)
		if errors.Is(err, peversion.ErrNone) {
			return
		}
		if err != nil {
			yield(nil, &evidence.GapError{Ref: evidence.Ref{Path: name}, Err: err})
			return
		}
		product := ""
		for _, p := range []string{"Exchange", "SharePoint"} {
			if strings.Contains(info.Strings["ProductName"], p) || strings.Contains(info.Strings["FileDescription"], p) {
				product = p
				break
			}
		}
		// A file that only bears such a name says nothing about the product.
		if product == "" || !strings.Contains(info.Strings["CompanyName"], "Microsoft") {
			return
		}
		version := fmt.Sprintf("%d.%d.%d.%d", info.File[0], info.File[1], info.File[2], info.File[3])
		e := &event.Event{Ref: evidence.Ref{Path: name}, Data: table(map[string]string{
			"Product": product, "Version": version, "Mode": "file", "Exact": "true", "Path": info.Strings["OriginalFilename"]})}
		yield(e, nil)
	}
}
