package webshell

import (
	"bytes"
	"regexp"
	"strings"
)

// A Content is what data turns out to be once decoded.
type Content string

const (
	ContentPHP    Content = "php"    // <?php, <?= or statements of PHP
	ContentPage   Content = "page"   // <% … %> or <script runat=server>: ASP, ASP.NET or JSP
	ContentClass  Content = "class"  // a compiled Java class
	ContentPE     Content = "pe"     // a Windows program or .NET assembly
	ContentELF    Content = "elf"    // a Linux program
	ContentScript Content = "script" // starts with #!
	ContentZip    Content = "zip"    // a ZIP or JAR
	ContentJava   Content = "java"   // a serialized Java object
	ContentDotnet Content = "dotnet" // a BinaryFormatter stream
)

// Sniff says what decoded data is, or "" if it is nothing that runs.
func Sniff(data []byte) Content {
	for _, m := range magics {
		if bytes.HasPrefix(data, m.magic) {
			if m.content == ContentPE && !isPE(data) {
				continue
			}
			return m.content
		}
	}
	head := data[:min(len(data), 64<<10)]
	if PrintableRatio(head) < 0.9 {
		return ""
	}
	lower := bytes.ToLower(head)
	switch {
	case bytes.Contains(lower, []byte("<?php")) || bytes.Contains(lower, []byte("<?=")):
		return ContentPHP
	case bytes.Contains(lower, []byte("<%")) && bytes.Contains(lower, []byte("%>")),
		bytes.Contains(lower, []byte("<script")) && bytes.Contains(lower, []byte("runat")),
		bytes.Contains(lower, []byte("<jsp:scriptlet")):
		return ContentPage
	case looksPHP(lower):
		return ContentPHP
	}
	return ""
}

var interpreter = regexp.MustCompile(`^#![ \t]*\S*[/\\](?:env[ \t]+(?:-S[ \t]+)?)?([a-zA-Z]+)`)

// Interpreter is the program that a file's first line, #!, has it run by, in
// lower case and without a version: "perl".
func Interpreter(head []byte) string {
	if !bytes.HasPrefix(head, []byte("#!")) {
		return ""
	}
	if m := interpreter.FindSubmatch(head); m != nil {
		switch name := strings.ToLower(string(m[1])); name {
		case "nodejs", "deno", "bun":
			return "node"
		default:
			return name
		}
	}
	return ""
}

var magics = []struct {
	magic   []byte
	content Content
}{
	{[]byte{0xca, 0xfe, 0xba, 0xbe, 0, 0}, ContentClass},
	{[]byte("MZ"), ContentPE},
	{[]byte("\x7fELF"), ContentELF},
	{[]byte("#!/"), ContentScript},
	{[]byte("PK\x03\x04"), ContentZip},
	{[]byte{0xac, 0xed, 0, 5}, ContentJava},
	{[]byte{0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, ContentDotnet},
}

// isPE follows the offset at 0x3c to the signature (Microsoft, PE Format,
// "Signature"); data that is cut before it counts.
func isPE(data []byte) bool {
	if len(data) < 0x40 {
		return false
	}
	at := int(data[0x3c]) | int(data[0x3d])<<8 | int(data[0x3e])<<16 | int(data[0x3f])<<24
	return at >= 0x40 && at < 1<<20 && (at+4 > len(data) || bytes.HasPrefix(data[at:], []byte("PE\x00\x00")))
}

// looksPHP reports whether text without an opening tag reads as PHP, which is
// what eval takes: two or more of PHP's own marks.
func looksPHP(lower []byte) bool {
	n := 0
	for _, mark := range phpMarks {
		if bytes.Contains(lower, mark) {
			if n++; n == 2 {
				return true
			}
		}
	}
	return false
}

var phpMarks = [][]byte{
	[]byte("$_post"), []byte("$_get"), []byte("$_request"), []byte("$_cookie"), []byte("$_server"), []byte("$_files"), []byte("$globals"),
	[]byte("eval("), []byte("base64_decode("), []byte("error_reporting("), []byte("set_time_limit("), []byte("ini_set("), []byte("function_exists("),
	[]byte("gzinflate("), []byte("isset($"), []byte("echo "), []byte("@ini_"), []byte("file_put_contents("), []byte("str_rot13("), []byte("chr("), []byte("exit;"),
}
