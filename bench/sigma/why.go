package main

import "strings"

// why explains a difference: by what sigma-go says, or by hand for the rules
// where it says nothing.
func why(title string, ours bool, text string) string {
	for part, reason := range map[string]string{
		"must be the last modifier": "sigma-go has no windash, and refuses a modifier after contains",
		"expected scalar field":     "sigma-go cannot compare with null in a map of texts",
		"no placeholder expander":   "sigma-go takes %…% for a placeholder without the expand modifier (Sigma 1.1 asks for it)",
		"keywords unsupported":      "sigma-go has no keywords",
		"unknown modifier":          "sigma-go lacks the modifier: " + text[strings.LastIndexByte(text, ' ')+1:],
	} {
		if strings.Contains(text, part) {
			return reason
		}
	}
	if reason, ok := byHand[title]; ok && ours {
		return reason
	}
	return "**not explained** " + text
}

const (
	wildcards = "sigma-go takes the wildcards of a value for plain characters"
	escapes   = "sigma-go does not read the backslash escapes of a value"
)

var byHand = map[string]string{
	"First Time Seen Remote Named Pipe":         escapes + ": \\\\\\\\\\*\\\\IPC$ is \\\\*\\IPC$",
	"Suspicious PsExec Execution":               escapes + ": \\\\\\\\\\*\\\\IPC$ is \\\\*\\IPC$",
	"Potential NTLM Coercion Via Certutil.EXE":  escapes + ": four backslashes are two",
	"RDP over Reverse SSH Tunnel WFP":           wildcards + ": 127.*",
	"Recon Command Output Piped To Findstr.EXE": wildcards + ": ipconfig*|*find",
}
