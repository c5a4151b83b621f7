package script

import "strings"

// Table gives each name in a key its own place; spaces stand between them. It
// panics where a name stands twice.
func Table[T any](rows map[string]T) map[string]T {
	out := make(map[string]T, 2*len(rows))
	for names, v := range rows {
		for _, name := range strings.Fields(names) {
			if _, ok := out[name]; ok {
				panic("twice in a table: " + name)
			}
			out[name] = v
		}
	}
	return out
}
