package lines

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT

// cutBlocks does what [Cut] does, 64 bytes at a time as far as there are so
// many: end is where the line ends or where it got to.
func cutBlocks(b []byte, sep byte, at []int32) (end, seps int) {
	if !hasAVX2 || len(at) < Room {
		return 0, 0
	}
	return cut(unsafe.SliceData(b), len(b), sep, unsafe.SliceData(at), len(at)-Room)
}

//go:noescape
func cut(b *byte, n int, sep byte, at *int32, most int) (end, seps int)
