package agent

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// LowPriority makes this process, and its reading from disk, give way to all
// others. Linux has both for each thread; a new one takes after its maker.
func LowPriority() error {
	done := map[int]bool{}
	for {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("listing this process's threads: %w", err)
		}
		more := false
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil || done[id] {
				continue
			}
			done[id], more = true, true
			if err := lower(id); err != nil && !errors.Is(err, unix.ESRCH) { // it ended
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

// lower gives a thread the nice value 19 and the idle class of ioprio_set(2).
func lower(thread int) error {
	if err := unix.Setpriority(unix.PRIO_PROCESS, thread, 19); err != nil {
		return fmt.Errorf("lowering the priority: %w", err)
	}
	const process, idle = 1, 3 << 13
	if _, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, process, uintptr(thread), idle); errno != 0 {
		return fmt.Errorf("lowering the priority of reading: %w", errno)
	}
	return nil
}
