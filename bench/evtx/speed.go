package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	theirs "www.velocidex.com/golang/evtx"

	"limier/internal/evtx"
)

// grown is the real log that grow makes larger.
func grown(data string) string {
	return filepath.Join(data, "evtx-benign", "omerbenamram", "security.evtx")
}

// grow makes a log of about size bytes out of a real one: its chunks over and
// over, their records numbered on and their checksums put right.
func grow(log []byte, size int) []byte {
	const header, chunk = 4096, evtx.ChunkSize
	le := binary.LittleEndian
	out := append(make([]byte, 0, size+chunk), log[:header]...)
	next := uint64(1)
	chunks := 0
	for len(out) < size {
		for at := header; at+chunk <= len(log) && len(out) < size; at += chunk {
			c := append(out[len(out):len(out):cap(out)], log[at:at+chunk]...)
			end := le.Uint32(c[48:])
			if string(c[:8]) != "ElfChnk\x00" || end > chunk {
				continue
			}
			first := next
			for p := 512; p+24 <= int(end); p += int(le.Uint32(c[p+4:])) {
				le.PutUint64(c[p+8:], next)
				next++
			}
			for i, n := range []uint64{first, next - 1, first, next - 1} {
				le.PutUint64(c[8+8*i:], n)
			}
			le.PutUint32(c[52:], crc32.ChecksumIEEE(c[512:end]))
			le.PutUint32(c[124:], crc32.Update(crc32.ChecksumIEEE(c[:120]), crc32.IEEETable, c[128:512]))
			out = out[:len(out)+chunk]
			chunks++
		}
	}
	le.PutUint64(out[16:], uint64(chunks-1))
	le.PutUint64(out[24:], next)
	le.PutUint16(out[42:], uint16(chunks))
	le.PutUint32(out[124:], crc32.ChecksumIEEE(out[:120]))
	return out
}

// A contender reads a log of memory one way and returns its number of records
// and what it produced in bytes.
type contender struct {
	name string
	read func(log []byte) (records, bytes int)
}

// contenders are ordered by reader; each of ours is compared with the one of
// Velocidex/evtx that does the same work.
var contenders = []contender{
	{"ours: every value pulled", func(log []byte) (records, n int) {
		walk(log, func(r *evtx.Record) {
			records++
			for i := range r.Shape.Fields {
				n += len(r.Value(i).Raw)
			}
		})
		return
	}},
	{"ours: every value as UTF-8", func(log []byte) (records, n int) {
		var buf []byte
		walk(log, func(r *evtx.Record) {
			records++
			for i := range r.Shape.Fields {
				buf = r.Value(i).Append(buf[:0])
				n += len(buf)
			}
		})
		return
	}},
	{"ours: JSON", func(log []byte) (records, n int) {
		var buf []byte
		walk(log, func(r *evtx.Record) { records++; buf = r.AppendJSON(buf[:0]); n += len(buf) })
		return
	}},
	{"ours: XML", func(log []byte) (records, n int) {
		var buf []byte
		walk(log, func(r *evtx.Record) { records++; buf = r.AppendXML(buf[:0]); n += len(buf) })
		return
	}},
	{"Velocidex: parsed", func(log []byte) (records, n int) { return velocidexRead(log, false) }},
	{"Velocidex: JSON", func(log []byte) (records, n int) { return velocidexRead(log, true) }},
}

func walk(log []byte, visit func(*evtx.Record)) {
	f, err := evtx.Open(bytes.NewReader(log), int64(len(log)))
	if err != nil {
		panic(err)
	}
	var d evtx.Decoder
	for rec, err := range f.Records(&d) {
		if err == nil {
			visit(rec)
		}
	}
}

func velocidexRead(log []byte, render bool) (records, n int) {
	chunks, err := theirs.GetChunks(bytes.NewReader(log))
	if err != nil {
		panic(err)
	}
	for _, c := range chunks {
		list, err := c.Parse(0)
		if err != nil {
			panic(err)
		}
		for _, r := range list {
			records++
			if render {
				b, err := json.Marshal(r.Event)
				if err != nil {
					panic(err)
				}
				n += len(b)
			}
		}
	}
	return records, n
}

// cpuSeconds is the CPU time that this process has used: other work on the
// machine does not count.
func cpuSeconds() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
}

// speed reads a grown log in every way, the ways in turn, and prints the median
// of the runs.
func speed(data string, mb, runs int) error {
	small, err := os.ReadFile(grown(data))
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	ours := grow(small, mb<<20)
	peer := ours[:min(len(ours), 4096+mb<<20/8/evtx.ChunkSize*evtx.ChunkSize)] // theirs takes its time
	times := make([][]float64, len(contenders))
	counts := make([]int, len(contenders))
	for range runs {
		for i, c := range contenders {
			log := ours
			if i >= 4 {
				log = peer
			}
			start := cpuSeconds()
			records, _ := c.read(log)
			counts[i] = records
			times[i] = append(times[i], float64(len(log))/1e6/(cpuSeconds()-start))
		}
	}
	fmt.Printf("%d MB grown from security.evtx, MB per CPU second on one core, %d runs; Velocidex on the first eighth\n", len(ours)>>20, runs)
	fmt.Printf("%-28s %10s %9s %9s %12s\n", "", "records", "median", "best", "× Velocidex")
	median := make([]float64, len(contenders))
	for i := range contenders {
		slices.Sort(times[i])
		median[i] = times[i][runs/2]
	}
	for i, c := range contenders {
		against := 4 // parsed
		if i == 2 || i == 3 || i == 5 {
			against = 5 // rendered
		}
		fmt.Printf("%-28s %10d %9.0f %9.0f %11.1f×\n", c.name, counts[i], median[i], times[i][runs-1], median[i]/median[against])
	}
	return kinds(data)
}

// kinds times other kinds of logs: with a decoder that has seen their templates,
// and with a new one.
func kinds(data string) error {
	fmt.Printf("\nother logs, every value pulled, MB per CPU second\n%-52s %8s %8s\n", "", "known", "new")
	for _, name := range []string{
		"omerbenamram/security.evtx", "plaso/System.evtx", "omerbenamram/2-vss_7-System.evtx", "velociraptor/RDPAuth_Security.evtx",
		"omerbenamram/E_ShadowCopy6_windows_system32_winevt_logs_Microsoft-Windows-CAPI2_4Operational.evtx",
		"omerbenamram/2-system-Microsoft-Windows-LiveId_4Operational.evtx",
	} {
		log, err := os.ReadFile(filepath.Join(data, "evtx-benign", filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		f, err := evtx.Open(bytes.NewReader(log), int64(len(log)))
		if err != nil {
			return err
		}
		rate := func(times int, decoder func() *evtx.Decoder) float64 {
			start := cpuSeconds()
			for range times {
				for rec, err := range f.Records(decoder()) {
					for i := range fieldsOf(rec, err) {
						rec.Value(i)
					}
				}
			}
			return float64(times*len(log)) / 1e6 / (cpuSeconds() - start)
		}
		var d evtx.Decoder
		fresh := rate(10, func() *evtx.Decoder { return new(evtx.Decoder) })
		known := rate(60, func() *evtx.Decoder { return &d })
		name = filepath.Base(name)
		fmt.Printf("%-52s %8.0f %8.0f\n", name[max(0, len(name)-52):], known, fresh)
	}
	return nil
}

func fieldsOf(rec *evtx.Record, err error) []evtx.Field {
	if err != nil {
		return nil
	}
	return rec.Shape.Fields
}
