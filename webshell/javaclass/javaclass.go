// Package javaclass analyses compiled Java classes by their table of constants:
// whom they extend, which methods they call, which texts they hold. It does not
// read the code: a class that could be a shell is told from one that is by how
// little else it does.
package javaclass

import (
	"bytes"
	"encoding/binary"

	"limier/finding"
	"limier/webshell"
)

// Language is the analyser.
var Language = &webshell.Language{
	Name:    "javaclass",
	Doc:     "compiled Java servlets, filters and pages, by their constants",
	Match:   match,
	Analyse: analyse,
}

var magic = []byte{0xca, 0xfe, 0xba, 0xbe}

// match takes a class under any name; fat programs of macOS begin alike, with a
// small number where a class has its version, 45 or more.
func match(_ string, head []byte) bool {
	return len(head) > 10 && bytes.HasPrefix(head, magic) && binary.BigEndian.Uint32(head[4:])&0xffff >= 45
}

// small is the size of the constants, in bytes, below which a class does little:
// that of a page with a form and a command has two to six kilobytes.
const small = 12 << 10

func analyse(name string, data []byte) []webshell.Reason {
	if !match(name, data) {
		return nil
	}
	c := read(data)
	reads, act := c.reads(), c.acts()
	if act.what == "" {
		return nil
	}
	r := webshell.Reason{Verdict: webshell.Suspicious, Confidence: finding.LowConfidence, Rule: "class-acts"}
	if by := c.implants(); by != "" {
		r.Verdict, r.Confidence, r.Rule = webshell.Webshell, finding.ModerateConfidence, "class-implants"
		r.Text = "The class puts itself or another into the running server (" + by + ") and " + act.what + " (" + act.by + ")."
		return []webshell.Reason{r}
	}
	if reads == "" {
		return nil
	}
	r.Text = "The class reads the request (" + reads + ") and " + act.what + " (" + act.by + ")."
	if c.size < small {
		r.Confidence = finding.ModerateConfidence
		r.Text += " It does little else."
		if act.sure {
			r.Verdict = webshell.Webshell
		}
	}
	return []webshell.Reason{r}
}

// A class is what the constants of one say.
type class struct {
	size     int             // of the constants, in bytes
	calls    map[string]bool // names of methods, with the class that has them: "java/lang/Runtime.exec"
	names    map[string]bool // of methods alone
	literals map[string]bool
}

// An act is what a class can do for whoever asks it.
type act struct {
	what, by string
	sure     bool // an honest class has no use for it
}

func (c *class) acts() act {
	switch {
	case c.call("java/lang/Runtime.exec", "java/lang/ProcessBuilder.start", "java/lang/ProcessBuilder.<init>") != "":
		return act{"starts processes", "Runtime.exec", c.literal("cmd.exe", "cmd", "/bin/sh", "/bin/bash", "sh", "bash", "/c", "-c", "powershell", "powershell.exe") != ""}
	case c.reflects() && c.literal("java.lang.Runtime", "java.lang.ProcessBuilder", "java.lang.ProcessImpl", "java.lang.UNIXProcess") != "":
		return act{"starts processes by a name that it keeps as text", "Method.invoke", true}
	case c.names["defineClass"] || c.names["defineAnonymousClass"] || c.reflects() && c.literal("defineClass", "defineAnonymousClass") != "":
		return act{"loads classes from bytes", "defineClass", c.decodes()}
	case c.call("javax/script/ScriptEngine.eval") != "":
		return act{"evaluates scripts", "ScriptEngine.eval", false}
	}
	return act{}
}

// decodes says whether the class unpacks or deciphers what it has got.
func (c *class) decodes() bool {
	return c.call("javax/crypto/Cipher.doFinal", "java/util/Base64$Decoder.decode", "sun/misc/BASE64Decoder.decodeBuffer", "javax/xml/bind/DatatypeConverter.parseBase64Binary") != "" ||
		c.reflects() && c.literal("java.util.Base64", "sun.misc.BASE64Decoder", "decodeBuffer") != ""
}

func (c *class) reflects() bool { return c.calls["java/lang/reflect/Method.invoke"] }

// reads is the method by which the class reads the request, if it does.
func (c *class) reads() string {
	methods := []string{"getParameter", "getParameterValues", "getParameterMap", "getHeader", "getQueryString", "getCookies", "getInputStream", "getReader", "getPart", "getParts"}
	for _, m := range methods {
		for _, owner := range []string{"javax/servlet/http/HttpServletRequest", "jakarta/servlet/http/HttpServletRequest", "javax/servlet/ServletRequest", "jakarta/servlet/ServletRequest", "org/apache/catalina/connector/Request"} {
			if c.calls[owner+"."+m] {
				return m
			}
		}
	}
	if c.reflects() {
		return c.literal(methods[:6]...)
	}
	return ""
}

// implants is the means by which the class adds to the filters, servlets, valves,
// listeners or interceptors of a server that runs: by parts of it that are closed to
// programs, opened by reflection.
func (c *class) implants() string {
	if !c.calls["java/lang/reflect/AccessibleObject.setAccessible"] && !c.calls["java/lang/reflect/Field.setAccessible"] && !c.calls["java/lang/reflect/Method.setAccessible"] {
		return ""
	}
	return c.literal("filterConfigs", "filterMaps", "addFilterMapBefore", "addServletMappingDecoded", "applicationEventListenersList", "addApplicationEventListener", "adaptedInterceptors", "registerHandlerMethod", "registerMapping", "getPipeline", "addValve")
}

// call is the first of the methods that the class calls.
func (c *class) call(methods ...string) string { return first(c.calls, methods) }

// literal is the first of the texts that stand in the code.
func (c *class) literal(texts ...string) string { return first(c.literals, texts) }

func first(set map[string]bool, keys []string) string {
	for _, k := range keys {
		if set[k] {
			return k
		}
	}
	return ""
}

// maxLiteral is the longest text that is kept, in bytes.
const maxLiteral = 256

// read takes the constants of a class (The Java Virtual Machine Specification, 4.4).
// Of one that is cut it takes what is there.
func read(data []byte) *class {
	count := int(binary.BigEndian.Uint16(data[8:]))
	at := 10
	where := make([]int, count) // of each constant, by number; 0 for none
	for i := 1; i < count && at < len(data); i++ {
		size, n := 0, i
		switch data[at] {
		case 1:
			if at+3 <= len(data) {
				size = 3 + int(binary.BigEndian.Uint16(data[at+1:]))
			}
		case 7, 8, 16, 19, 20:
			size = 3
		case 15:
			size = 4
		case 3, 4, 9, 10, 11, 12, 17, 18:
			size = 5
		case 5, 6:
			size, i = 9, i+1 // takes two numbers
		}
		if size == 0 || at+size > len(data) {
			break
		}
		where[n] = at
		at += size
	}
	c := &class{size: at, calls: map[string]bool{}, names: map[string]bool{}, literals: map[string]bool{}}
	number := func(at int) int { // the constant that another names
		if at+2 > len(data) {
			return 0
		}
		if n := int(binary.BigEndian.Uint16(data[at:])); n < count {
			return where[n]
		}
		return 0
	}
	text := func(at int) string {
		if at == 0 || data[at] != 1 {
			return ""
		}
		size := int(binary.BigEndian.Uint16(data[at+1:]))
		return string(data[at+3 : at+3+min(size, maxLiteral)])
	}
	for _, k := range where {
		if k == 0 {
			continue
		}
		switch data[k] {
		case 8:
			c.literals[text(number(k+1))] = true
		case 10, 11:
			owner, signature := number(k+1), number(k+3)
			if owner == 0 || signature == 0 || data[owner] != 7 || data[signature] != 12 {
				continue
			}
			name := text(number(signature + 1))
			c.names[name] = true
			c.calls[text(number(owner+1))+"."+name] = true
		}
	}
	return c
}
