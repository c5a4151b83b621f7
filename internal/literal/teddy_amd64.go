package literal

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// hasTeddy reports whether this processor can do it.
var hasTeddy = cpu.X86.HasAVX2

// skip returns the first place of b where a gram starts that the table may have, or
// the first where no gram has room; 0 if b is shorter than a gram and 31 bytes.
func (t *teddy) skip(b []byte) int {
	if t.shape == wide {
		return skipWide(unsafe.SliceData(b), len(b), t)
	}
	return skipNarrow(unsafe.SliceData(b), len(b), t)
}

//go:noescape
func skipNarrow(b *byte, n int, t *teddy) int

//go:noescape
func skipWide(b *byte, n int, t *teddy) int
