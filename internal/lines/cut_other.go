//go:build !amd64

package lines

func cutBlocks([]byte, byte, []int32) (end, seps int) { return 0, 0 }
