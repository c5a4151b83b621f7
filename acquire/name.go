package acquire

import (
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
)

const (
	maxPath  = 4096 // bytes of a member's path; Windows allows 32,767 UTF-16 units, no server uses them
	maxParts = 128  // folders inside each other
)

// memberPath turns the name of an archive member into a slash path that is
// valid in an fs.FS, and says what was wrong with it. Names cannot do harm,
// as nothing is extracted under them; so hostile ones are read too, under a
// name that shows what they tried.
func memberPath(name string, velociraptor bool) (p, wrong string, ok bool) {
	if len(name) > maxPath {
		return strings.ToValidUTF8(name[:80], "\uFFFD") + "…", "name of more than 4,096 bytes", false
	}
	if strings.IndexByte(name, 0) >= 0 {
		name, wrong = strings.ReplaceAll(name, "\x00", "%00"), "name holds NUL"
	}
	name = strings.ToValidUTF8(strings.ReplaceAll(name, `\`, "/"), "\uFFFD")
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "" || part == ".":
			continue
		case part == "..":
			part, wrong = "%2E%2E", "name climbs out of the archive"
		case velociraptor:
			part = velociraptorPart(part)
		}
		if len(parts) == 0 && len(part) == 2 && part[1] == ':' && 'A' <= part[0]&^0x20 && part[0]&^0x20 <= 'Z' { // C:\inetpub
			part = part[:1]
		}
		parts = append(parts, part)
	}
	if len(parts) > maxParts {
		return path.Join(parts[:4]...) + "/…", "more than 128 folders inside each other", false
	}
	p = path.Join(parts...)
	return p, wrong, len(parts) > 0 && fs.ValidPath(p)
}

// encodedNames reports whether the member called name is one of a Velociraptor
// collection, whose paths are percent-encoded: uploads/auto/C%3A/Windows.
func encodedNames(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, `\`, "/"))
	return strings.HasPrefix(name, "uploads/") || strings.Contains("/"+name, "%3a/")
}

// drive is how collectors write a volume: C:, \\.\C:, a shadow copy.
var drive = regexp.MustCompile(`(?i)^(?:\\\\[.?]\\)?(?:([a-z]):|GLOBALROOT\\Device\\(HarddiskVolumeShadowCopy\d+))$`)

// velociraptorPart undoes the percent-encoding of one path element, as in
// C%3A and %5C%5C.%5CC%3A (Velociraptor's utils/paths.go, SanitizeString).
func velociraptorPart(part string) string {
	if !strings.Contains(part, "%") {
		return part
	}
	plain, err := url.PathUnescape(part)
	if err != nil {
		return part
	}
	if m := drive.FindStringSubmatch(plain); m != nil {
		return m[1] + m[2]
	}
	if plain == "." || plain == ".." || strings.ContainsAny(plain, "/\\\x00") {
		return part
	}
	return strings.ToValidUTF8(plain, "\uFFFD")
}
