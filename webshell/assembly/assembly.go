// Package assembly analyses compiled .NET assemblies by their metadata: which
// types and members of the framework they name. It does not read the code: an
// assembly that could be a shell is told from one that is by how little else
// it does.
package assembly

import (
	"bytes"
	"encoding/binary"
	"path"
	"strings"

	"limier/finding"
	"limier/webshell"
)

// Language is the analyser.
var Language = &webshell.Language{
	Name:    "assembly",
	Doc:     "compiled .NET pages, handlers and modules, by their metadata",
	Match:   match,
	Analyse: analyse,
}

func match(name string, head []byte) bool {
	return bytes.HasPrefix(head, []byte("MZ")) && (path.Ext(name) == ".dll" || path.Ext(name) == ".exe" || path.Ext(name) == ".compiled" || path.Ext(name) == ".bin")
}

// small is the size of the heap of names, in bytes, below which an assembly
// holds a few types only. An application's has hundreds of kilobytes; that of
// one compiled page has two to eight.
const small = 12 << 10

// maxRoots is how many places of a file are taken for the start of metadata:
// assemblies hold others, and the mark may stand anywhere before.
const maxRoots = 50

func analyse(_ string, data []byte) (out []webshell.Reason) {
	for range maxRoots {
		root := bytes.Index(data, mark)
		if root < 0 {
			break
		}
		data = data[root:]
		if names, literals := heaps(data); len(names) > 0 {
			out = append(out, judge(names, literals)...)
		}
		data = data[len(mark):]
	}
	return webshell.Strongest(out)
}

// mark begins metadata.
var mark = []byte("BSJB")

func judge(names, literals []byte) []webshell.Reason {
	has := func(words ...string) bool {
		for _, w := range words {
			if !bytes.Contains(names, []byte("\x00"+w+"\x00")) {
				return false
			}
		}
		return true
	}
	any := func(words ...string) string {
		for _, w := range words {
			if has(w) {
				return w
			}
		}
		return ""
	}
	web := any("IHttpHandler", "IHttpModule", "HttpApplication", "IHttpHandlerFactory", "VirtualPathProvider", "HttpListener")
	if web == "" && has("System.Web.UI", "Page") {
		web = "Page"
	}
	reads := any("get_Form", "get_QueryString", "get_Params", "get_InputStream", "BinaryRead", "get_Cookies", "get_Headers", "get_Files")
	if reads == "" && has("HttpRequest", "get_Item") {
		reads = "get_Item"
	}
	if web == "" || reads == "" {
		return nil
	}
	act, what := "", ""
	switch {
	case has("ProcessStartInfo", "Start"), has("Process", "Start"):
		act, what = "starts processes", "Process.Start"
	case has("Assembly", "Load") && any("CreateInstance", "Invoke", "GetType", "EntryPoint", "get_EntryPoint") != "":
		act, what = "loads assemblies from memory", "Assembly.Load"
	case any("CSharpCodeProvider", "CompileAssemblyFromSource", "VBCodeProvider") != "":
		act, what = "compiles source", "CodeDomProvider"
	case has("VirtualAlloc"), has("CreateRemoteThread"), has("GetDelegateForFunctionPointer") && has("Marshal"):
		act, what = "runs machine code", "VirtualAlloc"
	case has("BinaryFormatter", "Deserialize"), has("LosFormatter", "Deserialize"), has("ObjectStateFormatter", "Deserialize"):
		act, what = "rebuilds objects", "Deserialize"
	case has("PowerShell", "AddScript"), has("Microsoft.JScript"), has("JScriptEvaluate"):
		act, what = "evaluates scripts", "AddScript"
	default:
		return nil
	}
	r := webshell.Reason{Verdict: webshell.Suspicious, Confidence: finding.LowConfidence, Rule: "assembly-acts",
		Text: "The assembly is a web " + web + " that reads " + strings.TrimPrefix(reads, "get_") + " of the request and " + act + " (" + what + ")."}
	if len(names) < small {
		r.Confidence = finding.ModerateConfidence
		r.Text += " It does little else."
		shell := bytes.Contains(literals, utf16le("cmd.exe")) || bytes.Contains(literals, utf16le("powershell")) || bytes.Contains(literals, utf16le("/c "))
		cipher := any("RijndaelManaged", "AesManaged", "Aes", "ICryptoTransform") != "" && what == "Assembly.Load"
		if shell || cipher || what == "VirtualAlloc" {
			r.Verdict = webshell.Webshell
		}
	}
	return []webshell.Reason{r}
}

func utf16le(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
}

// heaps finds the heaps of names and of string literals of metadata (ECMA-335,
// II.24.2). Offsets are checked: the file may be cut or hostile.
func heaps(meta []byte) (names, literals []byte) {
	if len(meta) < 20 {
		return nil, nil
	}
	version := int(binary.LittleEndian.Uint32(meta[12:]))
	at := 16 + version
	if version < 0 || version > 255 || at+4 > len(meta) {
		return nil, nil
	}
	streams := int(binary.LittleEndian.Uint16(meta[at+2:]))
	at += 4
	for range min(streams, 16) {
		if at+8 > len(meta) {
			break
		}
		offset, size := int(binary.LittleEndian.Uint32(meta[at:])), int(binary.LittleEndian.Uint32(meta[at+4:]))
		label, _, found := bytes.Cut(meta[at+8:min(len(meta), at+40)], []byte{0})
		if !found {
			break
		}
		at += 8 + (len(label)+4)/4*4
		if offset < 0 || size < 0 || offset > len(meta) {
			continue
		}
		heap := meta[offset:min(len(meta), offset+size)]
		switch string(label) {
		case "#Strings":
			names = heap
		case "#US":
			literals = heap
		}
	}
	return names, literals
}
