//go:build unix && !linux

package agent

import "syscall"

// LowPriority makes this process give way to all others.
func LowPriority() error { return syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19) }
