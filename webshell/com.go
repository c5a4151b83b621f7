package webshell

import "strings"

// classIDs names the COM classes that shells create by number.
var classIDs = map[string]string{
	"72c24dd5-d70a-438b-8a42-98424b88afb8": "wscript.shell",
	"f935dc22-1cf0-11d0-adb9-00c04fd58a0b": "wscript.shell",
	"13709620-c279-11ce-a49e-444553540000": "shell.application",
	"c08afd90-f2a1-11d1-8455-00a0c91f3880": "shell.application", // ShellBrowserWindow
	"9ba05972-f6a8-11cf-a442-00a0c90a8f39": "shell.application", // ShellWindows
	"0d43fe01-f093-11cf-8940-00a0c9054228": "scripting.filesystemobject",
	"00000566-0000-0010-8000-00aa006d2ea4": "adodb.stream",
	"0e59f1d5-1fbe-11d0-8ff2-00a0d10038bc": "msscriptcontrol.scriptcontrol",
	"00000514-0000-0010-8000-00aa006d2ea4": "adodb.connection",
	"093ff999-1ea0-4079-9525-9614c3504b74": "wscript.network",
}

// ClassID returns the class of a COM class identifier in any of its forms.
func ClassID(s string) string {
	s = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "clsid:")
	return classIDs[strings.Trim(s, "{} ")]
}

// ProgID brings the names of one COM class to one form: its versions and the
// classes that do the same.
func ProgID(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if class := ClassID(strings.TrimPrefix(s, "new:")); class != "" {
		return class
	}
	for i := len(s) - 1; i > 0 && (s[i] >= '0' && s[i] <= '9' || s[i] == '.'); i-- {
		if s[i] == '.' {
			s = s[:i]
		}
	}
	switch {
	case strings.HasSuffix(s, "xmlhttp") || strings.HasPrefix(s, "winhttp"):
		return "xmlhttp"
	case strings.HasSuffix(s, "xmldom") || strings.Contains(s, "domdocument"):
		return "xmldom"
	case s == "scriptcontrol" || strings.HasSuffix(s, ".scriptcontrol"):
		return "msscriptcontrol.scriptcontrol"
	}
	return s
}
