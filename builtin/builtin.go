// Package builtin lists what ships: explicit lists, in a fixed order, no
// registry.
package builtin

import (
	"limier/webshell"
)

// Languages returns the web shell analysers. The order decides nothing but
// the order of reasons.
func Languages() []*webshell.Language {
	return []*webshell.Language{}
}
