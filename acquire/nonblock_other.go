//go:build !unix

package acquire

const nonblock = 0
