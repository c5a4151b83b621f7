package asp

import (
	"strings"

	"limier/finding"
	"limier/internal/script"
	"limier/webshell"
)

// powers are what a shell of the large kind can do, each with the words that
// show it. Damaged or half decoded code still has the words.
var powers = []struct {
	name  string
	words []string
}{
	{"run commands", []string{".exec(", ".exec (", ".run(", ".run (", ".run ", "shellexecute"}},
	{"reach the shell", []string{"wscript.shell", "shell.application", "72c24dd5-d70a", "13709620-c279", "cmd.exe", "comspec"}},
	{"list folders", []string{".subfolders", ".getfolder("}},
	{"delete", []string{"deletefile", "deletefolder", ".delete"}},
	{"write files", []string{"createtextfile", "savetofile", "opentextfile"}},
	{"take input", []string{"request(", "request.form", "request.querystring"}},
	{"see drives", []string{".drives", "getdrive("}},
	{"read the registry", []string{"regread"}},
	{"copy and move", []string{"copyfile", "movefile", "copyfolder", "movefolder"}},
	{"open databases", []string{"adodb.connection"}},
	{"fetch", []string{"xmlhttp"}},
	{"take over accounts", []string{"xp_cmdshell", "net user", "serv-u", "site maintenance"}},
}

// structure finds shells whose flow is hidden or broken by what they bring
// together: no page needs commands, folders, deletion and registry at once.
func (h *host) structure() {
	texts := append([]string{h.page.Text}, h.Machine.Units()...)
	var low strings.Builder
	for _, t := range texts {
		if low.Len()+len(t) > 4<<20 {
			break
		}
		low.Write(lower([]byte(t)))
	}
	text := low.String()
	for _, w := range []string{"(tseuqer", "tseuqer lave", "tseuqer etucexe"} {
		if !strings.Contains(text, "tseuqer") {
			break
		}
		if i := strings.Index(text, w); i >= 0 && (strings.Contains(text, "execute") || strings.Contains(text, "eval")) {
			h.See(nil, script.Value{}, webshell.Sight{Rule: "reversed-code", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
				Text: "Code that reads the request is written backwards.", Decoded: webshell.Reverse(text[max(0, i-40):min(len(text), i+40)])})
			break
		}
	}
	var found []string
	for i, p := range powers {
		has := false
		for _, w := range p.words {
			has = has || strings.Contains(text, w)
		}
		if has {
			found = append(found, p.name)
		} else if i < 6 {
			return // the first are all needed
		}
	}
	if len(found) < 10 {
		return
	}
	h.See(nil, script.Value{}, webshell.Sight{Rule: "many-powers", Verdict: webshell.Webshell, Sure: finding.ModerateConfidence,
		Text: "One page brings together means to " + strings.Join(found, ", ") + "."})
}
