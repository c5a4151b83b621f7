package webshell

import (
	"regexp"
	"slices"
	"strings"
)

var (
	passwordInput = regexp.MustCompile(`(?i)<input\b[^>]*\btype\s*=\s*["']?password\b[^>]*>`)
	fieldName     = regexp.MustCompile(`(?i)\s(?:id|name)\s*=\s*["']?([\w:$-]+)`)
)

// PasswordInputs returns the names of a page's fields for passwords, of the
// first four at most.
func PasswordInputs(page string) []string {
	var names []string
	for _, tag := range passwordInput.FindAllString(page, 4) {
		for _, m := range fieldName.FindAllStringSubmatch(tag, 4) {
			names = append(names, m[1])
		}
	}
	return names
}

var scriptElsewhere = regexp.MustCompile(`(?i)<(?:script|iframe)[^>]+src\s*=\s*["']?(?:https?:)?//`)

// ScriptElsewhere reports whether text shows a script or frame of another host.
func ScriptElsewhere(text string) bool { return scriptElsewhere.MatchString(text) }

// maxInjected is the size of what is put into other pages, in bytes.
const maxInjected = 512

var documentTags = []string{"<html", "<head", "<body", "<!doctype"}

// Injected reports whether text is a script or frame of another host and no
// page around it.
func Injected(text string) bool {
	if len(text) >= maxInjected || !strings.Contains(text, "//") || !ScriptElsewhere(text) || !strings.HasPrefix(strings.TrimSpace(text), "<") {
		return false
	}
	low := strings.ToLower(text)
	return !slices.ContainsFunc(documentTags, func(tag string) bool { return strings.Contains(low, tag) })
}
