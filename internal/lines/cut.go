package lines

import "bytes"

// Room is how much longer than what it is wanted for the last argument of [Cut]
// has to be.
const Room = 64

// Cut returns where the first line of b ends, at its line feed or at the end of
// b, and how often sep stands in it. The places of the first len(at)-Room of
// them are put into at, and nothing of use behind those. b is no longer than
// 1<<31-1 bytes, and sep is not the line feed.
func Cut(b []byte, sep byte, at []int32) (end, seps int) {
	end, seps = cutBlocks(b, sep, at)
	rest := b[end:]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	for {
		i := bytes.IndexByte(rest, sep)
		if i < 0 {
			return end + len(rest), seps
		}
		if seps < len(at) {
			at[seps] = int32(end + i)
		}
		seps++
		end, rest = end+i+1, rest[i+1:]
	}
}
