//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cpuBelow is what a process, those that it started and those of them that
// ended have used; 0 where /proc does not say.
func cpuBelow(pid int) (used time.Duration) {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		_, rest, _ := strings.Cut(string(text), ") ") // proc_pid_stat(5): state, ppid … utime, stime, cutime, cstime
		f := strings.Fields(rest)
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if len(f) < 15 || id != pid && f[1] != strconv.Itoa(pid) {
			continue
		}
		for _, ticks := range f[11:15] {
			n, _ := strconv.Atoi(ticks)
			used += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return used
}

// peakRSS is the most memory that this process held, in bytes; 0 where the
// system does not say.
func peakRSS() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	n, _ := strconv.ParseInt(strings.TrimSpace(strings.Split(rest, "kB")[0]), 10, 64)
	return n << 10
}
