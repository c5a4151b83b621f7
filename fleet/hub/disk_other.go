//go:build !unix

package hub

func free(string) int64 { return 1 << 62 }
