//go:build !windows

package agent

// capped leaves it to systemd to bound memory and processor time: doc/fleet.md
// has a unit.
func capped(int64, int) error { return nil }
