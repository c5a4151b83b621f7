package scan

import (
	"bytes"
	"errors"
	"regexp"
)

var errOwn = errors.New("what an earlier scan by Limier wrote, by its first bytes: not judged")

// What Limier writes is told by how it starts: the stream, a case, the
// timelines, the summary. They quote the evidence, indicators and all, and
// would be taken for it. A name that a server runs is never taken for one.
const (
	ownStream = `{"start":{"format":"limier/`
	ownTable  = "message,datetime,timestamp_desc,host,level,confidence,phase,outcome,finding,rule,"
	sqliteTag = "SQLite format 3\x00"
)

var (
	ownLine = regexp.MustCompile(`^\{"message":[^\n]*"timestamp_desc":"[^\n]*"finding":"[^\n]*"source_path":"`)
	ownText = regexp.MustCompile(`^(?:COMPROMISED|ATTACKED|EXPOSED|NO SIGN FOUND|NOT ENOUGH EVIDENCE|NOT FINISHED)(?:  (?:low|moderate|high) confidence)?\r?\n(?:host [^\n]*, )?evidence `)
)

func isOwn(head []byte) bool {
	// A case says so at offset 68, where SQLite keeps the application id
	// (https://www.sqlite.org/fileformat.html#application_id): "LIMR".
	return bytes.HasPrefix(head, []byte(ownStream)) || bytes.HasPrefix(head, []byte(ownTable)) ||
		bytes.HasPrefix(head, []byte(sqliteTag)) && len(head) > 72 && string(head[68:72]) == "LIMR" ||
		ownLine.Match(head) || ownText.Match(head)
}
