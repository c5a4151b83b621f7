//go:build !amd64

package literal

const hasTeddy = false

func (t *teddy) skip(b []byte) int { return 0 }

func (p *Pairs) markMost([]uint64, []byte) int { return 0 }
