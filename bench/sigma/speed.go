package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	theirs "www.velocidex.com/golang/evtx"

	"limier/parse/evtx"
	"limier/sigma"
)

// chunkSize and headSize are those of .evtx files.
const (
	chunkSize = 64 << 10
	headSize  = 4 << 10
)

// A workload is a log grown from chunks of real ones.
type workload struct {
	name string
	data []byte
}

// speed prints, on one core, how fast records are read and matched.
func speed(w io.Writer, root, data string, mb, runs int, profile string) error {
	runtime.GOMAXPROCS(1)
	all, errs := read(root, shipped...)
	if len(errs) > 0 {
		return &errs[0]
	}
	windows := &sigma.Collection{}
	for _, r := range all.Rules {
		if r.Logsource.Product == "windows" || r.Logsource.Category == "antivirus" {
			windows.Rules = append(windows.Rules, r)
		}
	}
	start := time.Now()
	e, _ := sigma.Compile(windows, sigma.Config{})
	fmt.Fprintf(w, "%d Windows rules compiled in %v\n\n", e.Len(), time.Since(start).Round(time.Millisecond))
	few := &sigma.Collection{}
	for i := 0; i < len(windows.Rules); i += 10 {
		few.Rules = append(few.Rules, windows.Rules[i])
	}
	tenth, _ := sigma.Compile(few, sigma.Config{})

	loads, err := workloads(data, mb)
	if err != nil {
		return err
	}
	before := heap()
	fmt.Fprintf(w, "| log | records | sightings | %d rules MB/s | %d rules MB/s | cost of 10 times the rules | read only MB/s | Velocidex MB/s | ours, matching / theirs, reading |\n", e.Len(), tenth.Len())
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, l := range loads {
		match(l.data, e) // builds the index
		match(l.data, tenth)
		var ours, less, walk, velo []float64
		var records, sightings int
		if profile != "" {
			f, err := os.Create(profile + "." + l.name)
			if err != nil {
				return err
			}
			if err := pprof.StartCPUProfile(f); err != nil {
				return err
			}
			for range runs {
				match(l.data, e)
			}
			pprof.StopCPUProfile()
			if err := f.Close(); err != nil {
				return err
			}
		}
		small := l.data[:min(len(l.data), headSize+128*chunkSize)]
		for range runs {
			ours = append(ours, rate(l.data, func() { records, sightings = match(l.data, e) }))
			less = append(less, rate(l.data, func() { match(l.data, tenth) }))
			walk = append(walk, rate(l.data, func() { match(l.data, nil) }))
			velo = append(velo, rate(small, func() { velocidex(small) }))
		}
		m := func(v []float64) float64 { slices.Sort(v); return v[len(v)/2] }
		fmt.Fprintf(w, "| %s | %d | %d | %.0f | %.0f | ×%.2f | %.0f | %.0f | ×%.1f |\n",
			l.name, records, sightings, m(ours), m(less), m(less)/m(ours), m(walk), m(velo), m(ours)/m(velo))
	}
	fmt.Fprintf(w, "\nThe indexes of both sets of rules for these logs take %d MB.\n", (heap()-before)>>20)
	runtime.KeepAlive(e)
	runtime.KeepAlive(tenth)
	runtime.KeepAlive(loads)
	return nil
}

// heap returns the bytes in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// rate is in MB per second of processor time: other programs on the machine do
// not count.
func rate(data []byte, f func()) float64 {
	runtime.GC()
	start := processorTime()
	f()
	return float64(len(data)) / 1e6 / (processorTime() - start).Seconds()
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// match reads a log on one core; e may be nil.
func match(data []byte, e *sigma.Engine) (records, sightings int) {
	log, err := evtx.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return 0, 0
	}
	s := evtx.Scanner{}
	for i := range log.Chunks() {
		for r, err := range s.Chunk(log, i) {
			if err != nil {
				continue
			}
			records++
			if e != nil {
				sightings += len(e.MatchRecord(r, nil))
			}
		}
	}
	return records, sightings
}

func velocidex(data []byte) (records int) {
	chunks, err := theirs.GetChunks(bytes.NewReader(data))
	if err != nil {
		return 0
	}
	for _, c := range chunks {
		list, err := c.Parse(0)
		if err == nil {
			records += len(list)
		}
	}
	return records
}

// workloads grows logs from those of the evidence: a busy server's Security
// log, Sysmon's, and all logs of one host.
func workloads(data string, mb int) ([]workload, error) {
	security, err := os.ReadFile(filepath.Join(data, "evtx-benign", "omerbenamram", "security.evtx"))
	if err != nil {
		return nil, err
	}
	zips, err := filepath.Glob(filepath.Join(data, "evtx-attack", "full-host", "*.zip"))
	if err != nil || len(zips) == 0 {
		return nil, fmt.Errorf("no zip of a whole host below %s", data)
	}
	z, err := zip.OpenReader(zips[0])
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var sysmon, host [][]byte
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".evtx") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		c := chunksOf(b)
		host = append(host, c...)
		if strings.Contains(f.Name, "Sysmon") {
			sysmon = append(sysmon, c...)
		}
	}
	return []workload{
		{"Security", grow(chunksOf(security), mb)},
		{"Sysmon", grow(sysmon, mb)},
		{"host", grow(host, mb)},
	}, nil
}

// chunksOf returns the chunks of a log that hold records.
func chunksOf(data []byte) (chunks [][]byte) {
	for off := headSize; off+chunkSize <= len(data); off += chunkSize {
		if c := data[off : off+chunkSize]; string(c[:8]) == "ElfChnk\x00" && binary.LittleEndian.Uint32(c[48:]) > 512 {
			chunks = append(chunks, c)
		}
	}
	return chunks
}

// grow makes a log of about mb megabytes by repeating chunks.
func grow(chunks [][]byte, mb int) []byte {
	n := min(max(mb*1_000_000/chunkSize, len(chunks)), 65_000)
	head := make([]byte, headSize)
	copy(head, "ElfFile\x00")
	le := binary.LittleEndian
	le.PutUint64(head[16:], uint64(n-1)) // last chunk
	le.PutUint32(head[32:], 128)         // size of the header
	le.PutUint16(head[36:], 1)           // version 3.1
	le.PutUint16(head[38:], 3)
	le.PutUint16(head[40:], headSize)
	le.PutUint16(head[42:], uint16(n))
	le.PutUint32(head[124:], crc32.ChecksumIEEE(head[:120]))
	out := head
	for i := range n {
		out = append(out, chunks[i%len(chunks)]...)
	}
	return out
}
