package php

import (
	"strings"

	"limier/internal/literal"
)

// maxStarter bounds the files that only start a program.
const maxStarter = 16 << 10

var starterWords = literal.NewSource("template-loader.php", "wp-blog-header.php", "_JEXEC', 1", "ABSPATH . 'wp-config.php'")

// mayStart says that a file may be one that only starts a program.
func mayStart(data []byte) bool { return len(data) < maxStarter && starterWords().Any(data) }

// starts says that the file is one of those that only start a well-known program,
// which show nothing themselves.
func (m *machine) starts() bool {
	src := m.text()
	return len(src) < maxStarter && (strings.Contains(src, "wp_did_header") && strings.Contains(src, "/template-loader.php") ||
		strings.Contains(src, "/wp-blog-header.php") && strings.Contains(src, "wp_use_themes") ||
		strings.Contains(src, "define( 'abspath'") && strings.Contains(src, "abspath . 'wp-config.php'") ||
		strings.Contains(src, "'_jexec', 1") && strings.Contains(src, "->execute("))
}
