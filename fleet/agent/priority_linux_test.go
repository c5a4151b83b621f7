package agent

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestLowPriority looks at the threads of a process that lowered itself.
func TestLowPriority(t *testing.T) {
	if os.Getenv("LIMIER_TEST_LOW") == "" {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestLowPriority$")
		cmd.Env = append(os.Environ(), "LIMIER_TEST_LOW=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	for range 8 { // so that there are several threads
		go func() {
			for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
			}
		}()
	}
	time.Sleep(10 * time.Millisecond)
	if err := LowPriority(); err != nil {
		t.Fatal(err)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		stat, err := os.ReadFile("/proc/self/task/" + thread.Name() + "/stat")
		if err != nil {
			continue // it ended
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if nice := fields[16]; nice != "19" {
			t.Errorf("thread %s of %d has the nice value %s", thread.Name(), len(threads), nice)
		}
	}
}
