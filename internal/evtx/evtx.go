// Package evtx reads Windows event logs (.evtx), whole or damaged, without
// rendering them.
//
// A log is a header of 4 KiB and chunks of 64 KiB. A chunk stands for itself:
// its records are binary XML whose templates lie in the same chunk, so chunks
// are decoded in parallel, one [Decoder] per goroutine:
//
//	f, err := evtx.Open(r, size)
//	var d evtx.Decoder
//	for i := range f.Chunks() {
//		for rec, err := range f.Chunk(&d, i) {
//			if err != nil { … a *Lost: part of the chunk is unreadable; go on }
//			id, _ := rec.Value(rec.Shape.EventID).Uint()
//		}
//	}
//
// Most records are a few numbers and strings put into a template that the
// decoder has seen before. Records of the same templates share one [Shape],
// which lists the fields and where each is found, so a caller resolves names
// once per shape and then reads values by index: no map, no string, no
// allocation. XML and JSON are rendered only when asked for.
//
// The format is described in [MS-EVEN6] section 2.2.12 (BinXml) and in Joachim
// Metz's "Windows XML Event Log (EVTX) format"
// (https://github.com/libyal/libevtx/tree/main/documentation).
package evtx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

const (
	// ChunkSize is the size of a chunk in bytes.
	ChunkSize = 1 << 16

	headerSize      = 4096 // of the file, up to the first chunk
	chunkHeaderSize = 512  // of a chunk, up to the first record
	recordHeader    = 24   // magic, size, identifier, FILETIME
)

// The reasons of a [Lost].
var (
	ErrHeader    = errors.New("the file header is damaged; the chunks were read all the same")
	ErrTruncated = errors.New("the file is shorter than a header says")
	ErrChecksum  = errors.New("the checksum does not match; the records were read all the same")
	ErrChunk     = errors.New("the chunk header is damaged; records were looked for all the same")
	ErrSize      = errors.New("the record's size is wrong; the record was read all the same")
	ErrRecord    = errors.New("no valid record here")
	ErrBinXML    = errors.New("the record's binary XML is damaged")
	ErrPartial   = errors.New("part of the record's binary XML is damaged; the rest was read")
)

// Lost says what could not be read, or not be trusted. It is an error that
// ends nothing: what follows it is read.
type Lost struct {
	Offset  int64     // in the file
	Size    int64     // bytes from Offset; 0 if nothing is missing
	Record  uint64    // the record's identifier; 0 if unknown
	Written time.Time // the record's time, UTC; zero if unknown
	Err     error     // one of the errors above
}

func (l *Lost) Error() string {
	if l.Record != 0 {
		return fmt.Sprintf("record %d at %d (%d bytes): %v", l.Record, l.Offset, l.Size, l.Err)
	}
	return fmt.Sprintf("at %d (%d bytes): %v", l.Offset, l.Size, l.Err)
}

// Unwrap returns l.Err.
func (l *Lost) Unwrap() error { return l.Err }

// Time returns a FILETIME (100 ns since 1601-01-01 UTC) as a time in UTC, or
// the zero time for 0 and for values beyond the year 9999.
func Time(filetime uint64) time.Time {
	if filetime == 0 || filetime > maxFiletime {
		return time.Time{}
	}
	t := int64(filetime) - epochFiletime
	s, rest := t/1e7, t%1e7
	if rest < 0 {
		s, rest = s-1, rest+1e7
	}
	return time.Unix(s, rest*100).UTC()
}

const (
	epochFiletime = 116444736000000000  // 1970-01-01
	maxFiletime   = 2650467743999999999 // 9999-12-31T23:59:59.9999999
)

func le16(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }
func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
