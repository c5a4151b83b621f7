//go:build unix

package acquire

import "syscall"

// nonblock keeps a pipe that replaced a file meanwhile from blocking the scan.
const nonblock = syscall.O_NONBLOCK
