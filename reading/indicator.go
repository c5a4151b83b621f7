package reading

import (
	"cmp"
	"encoding/hex"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// An indicator is a thing that can be looked for in evidence, as the text
// writes it and as it was before somebody made it safe to click.
type indicator struct {
	typ        string // ipv4-addr, ipv6-addr, domain-name, url, email-addr, file-hash, vulnerability, file-path, registry-key
	value      string
	start, end int // bytes
}

// One pass finds candidates by the marks that all of them hold; the parts are
// judged one by one.
var (
	refangDot  = `(?:\.|\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|\[\.|\.\]|\[point\]|\\\.)`
	labelPart  = `[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?`
	hostPart   = `(?:` + labelPart + refangDot + `)+[A-Za-z][A-Za-z0-9-]{1,23}`
	ipPart     = `\d{1,3}` + refangDot + `\d{1,3}` + refangDot + `\d{1,3}` + refangDot + `\d{1,3}`
	urlFind    = regexp.MustCompile(`(?i)\b(?:h(?:tt|xx|XX|\*\*|tx)ps?|ftp|fxp)(?:\[:\]//|://|:\\\\|\[://\]|:\]//|\[:\]\\\\)(?:` + ipPart + `|` + hostPart + `|\[[0-9a-f:]{2,45}\])(?:\[?:\]?\d{1,5})?(?:/[^\s<>"'“”«»\x60|]*)?`)
	mailFind   = regexp.MustCompile(`(?i)\b[A-Za-z0-9._%+-]{1,64}(?:@|\[@\]|\(@\)|\[at\]|\(at\))` + hostPart)
	hostFind   = regexp.MustCompile(`(?i)\b` + hostPart + `\b`)
	ipFind     = regexp.MustCompile(`\b` + ipPart + `(?:/\d{1,2})?\b`)
	ip6Find    = regexp.MustCompile(`(?i)(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{0,4}(?::[0-9a-f]{1,4})*`)
	cveFind    = regexp.MustCompile(`(?i)\bCVE[-‑– ]?(?:19|20)\d\d[-‑– ]\d{4,7}\b`)
	attackFind = regexp.MustCompile(`\bT1\d{3}(?:\.\d{3})?\b`)
	pathFind   = regexp.MustCompile(`(?i)(?:\b[A-Z]:\\|%[A-Z]{3,20}%\\|\\\\[A-Z0-9._-]{2,40}\\)(?:[^\s\\/:*?"<>|,;]+(?: [^\s\\/:*?"<>|,;]+){0,3}\\)*[^\s\\/:*?"<>|,;()]+|/(?:etc|var|tmp|usr|opt|home|dev|bin|root)/[A-Za-z0-9._/-]{2,120}`)
	regFind    = regexp.MustCompile(`(?i)\b(?:HKEY_(?:LOCAL_MACHINE|CURRENT_USER|CLASSES_ROOT|USERS|CURRENT_CONFIG)|HK(?:LM|CU|CR|U))\\(?:[^\s\\"<>|,;]+(?: [^\s\\"<>|,;]+){0,3}\\)*[^\s\\"<>|,;()]+`)
	mutexFind  = regexp.MustCompile(`(?i)\b(?:Global|Local)\\[A-Za-z0-9_{}.-]{4,64}`)
)

// fileEndings are also top-level domains; what ends in one is a file unless it
// was written as a URL or made safe.
var fileEndings = map[string]bool{"zip": true, "mov": true, "py": true, "sh": true, "pl": true, "rs": true, "md": true, "so": true, "cc": false, "ps": true, "app": false, "com": false, "net": false, "id": false, "do": true, "as": true, "pub": true, "cab": true, "bz": true, "ai": false, "aspx": true, "asia": false, "br": false, "ms": true, "inc": true, "java": true, "dev": false, "cpl": true, "data": true, "bat": true, "js": true, "vb": true, "doc": true, "dll": true, "exe": true, "lnk": true, "tf": true, "ws": true, "ps1": true, "cs": true, "in": false, "py3": true, "run": true, "shell": true, "target": true, "name": true, "read": true, "ax": true}

// libraries end like domains and are names of software.
var notDomains = map[string]bool{"asp.net": true, "vb.net": true, "ado.net": true, "node.js": true, "system.net": true, "m.e.doc": true, "e.g": true, "i.e": true, "readme.md": true, "u.s": true, "socket.io": true, "booking.com": false}

func findIndicators(text string) []indicator {
	var list []indicator
	add := func(typ, value string, start, end int) {
		list = append(list, indicator{typ, value, start, end})
	}
	each := func(re *regexp.Regexp, typ string, accept func(raw string) (string, int)) {
		for _, at := range re.FindAllStringIndex(text, -1) {
			raw := text[at[0]:at[1]]
			if value, n := accept(raw); value != "" {
				add(typ, value, at[0], at[0]+n)
			}
		}
	}
	// Each expression runs only where the text has what it cannot do without.
	if strings.Contains(text, "://") || strings.Contains(text, "[:]") || strings.Contains(text, ":\\\\") || strings.Contains(text, "[://]") {
		each(urlFind, "url", acceptURL)
	}
	if strings.ContainsAny(text, "@") || strings.Contains(text, "[at]") || strings.Contains(text, "(at)") {
		each(mailFind, "email-addr", func(raw string) (string, int) {
			v := refang(raw)
			_, host, _ := strings.Cut(v, "@")
			if !domain(host, true) {
				return "", 0
			}
			return v, len(raw)
		})
	}
	if strings.Contains(text, ".") {
		each(ipFind, "ipv4-addr", acceptIP)
		list = append(list, findHosts(text)...)
	}
	if strings.Count(text, ":") > 2 {
		each(ip6Find, "ipv6-addr", func(raw string) (string, int) {
			a, err := netip.ParseAddr(raw)
			if err != nil || !a.Is6() || len(raw) < 8 || strings.Count(raw, ":") < 3 || !a.IsGlobalUnicast() {
				return "", 0
			}
			return a.String(), len(raw)
		})
	}
	list = append(list, findHashes(text)...)
	if strings.Contains(text, "CVE") || strings.Contains(text, "cve") {
		each(cveFind, "vulnerability", func(raw string) (string, int) {
			digits := strings.FieldsFunc(raw, func(r rune) bool { return r < '0' || r > '9' })
			if len(digits) != 2 {
				return "", 0
			}
			return "CVE-" + digits[0] + "-" + digits[1], len(raw)
		})
	}
	if strings.Contains(text, "T1") {
		each(attackFind, "attack-pattern", func(raw string) (string, int) { return raw, len(raw) })
	}
	if strings.Contains(text, `\`) {
		each(regFind, "registry-key", trimmed)
		each(pathFind, "file-path", trimmed)
		for _, at := range mutexFind.FindAllStringIndex(text, -1) {
			if at[0] == 0 || text[at[0]-1] != '\\' { // "AppData\Local\Temp" is a path
				value, n := trimmed(text[at[0]:at[1]])
				add("mutex", value, at[0], at[0]+n)
			}
		}
	} else if strings.Contains(text, "/") {
		each(pathFind, "file-path", trimmed)
	}
	return outermost(list)
}

func trimmed(raw string) (string, int) {
	v := strings.TrimRight(raw, ".,;:)]}'\"”’»\u00a0")
	return v, len(v)
}

func acceptIP(raw string) (string, int) {
	v := refang(raw)
	addr, bits, cidr := strings.Cut(v, "/")
	a, err := netip.ParseAddr(addr)
	if err != nil || a.IsUnspecified() {
		return "", 0
	}
	if cidr {
		if p, err := netip.ParsePrefix(v); err == nil && len(bits) > 0 {
			return p.String(), len(raw)
		}
		return "", 0
	}
	// A version such as 1.2.3.4 or 15.1.2044.4 is no address of the open net.
	if b := a.As4(); b[0] < 2 && !strings.ContainsAny(raw, "[(") || b[0] >= 240 {
		return "", 0
	}
	return a.String(), len(raw)
}

func acceptURL(raw string) (string, int) {
	n := len(strings.TrimRight(raw, ".,;:!?)]}'\"*"))
	if strings.Count(raw[:n], "(") > strings.Count(raw[:n], ")") && n < len(raw) && raw[n] == ')' {
		n++
	}
	for strings.Count(raw[:n], "[") > strings.Count(raw[:n], "]") && n < len(raw) && raw[n] == ']' {
		n++
	}
	v := refang(raw[:n])
	scheme, rest, _ := strings.Cut(v, "://")
	host := strings.FieldsFunc(rest+"/", func(r rune) bool { return r == '/' || r == '?' || r == '#' })
	if len(host) == 0 {
		return "", 0
	}
	name, _, _ := strings.Cut(host[0], ":")
	if _, err := netip.ParseAddr(name); err != nil && !domain(name, true) && !strings.HasPrefix(name, "[") {
		return "", 0
	}
	return strings.ToLower(scheme) + "://" + rest, n
}

// findHosts finds domain names: with a top-level domain that exists, and not
// the name of a file, of a class or the end of a sentence.
func findHosts(text string) []indicator {
	var list []indicator
	for _, at := range hostFind.FindAllStringIndex(text, -1) {
		raw := text[at[0]:at[1]]
		if at[0] > 0 && strings.ContainsRune(`\/@-_.$%`, rune(text[at[0]-1])) || at[1] < len(text) && strings.ContainsRune(`\(@_=`, rune(text[at[1]])) {
			continue
		}
		v := strings.ToLower(refang(raw))
		safe := v != strings.ToLower(raw)
		if !domain(v, safe) {
			continue
		}
		if !safe && raw != v && strings.ToUpper(raw) != raw && mixedCase(raw) {
			continue // "System.Net", "end.The"
		}
		list = append(list, indicator{"domain-name", v, at[0], at[1]})
	}
	return list
}

func mixedCase(s string) bool {
	for _, part := range strings.Split(s, ".") {
		if part != strings.ToLower(part) {
			return true
		}
	}
	return false
}

// domain reports whether host ends in a public suffix. Where nothing marks it
// as a host, endings that files have are refused.
func domain(host string, marked bool) bool {
	host = strings.ToLower(host)
	suffix, icann := publicsuffix.PublicSuffix(host)
	if !icann && !strings.Contains(suffix, ".") || suffix == host || notDomains[host] {
		return false
	}
	tld := host[strings.LastIndexByte(host, '.')+1:]
	label := host[:len(host)-len(suffix)-1]
	if marked {
		return true
	}
	if fileEndings[tld] || len(label) < 2 {
		return false
	}
	return strings.ContainsAny(label, "abcdefghijklmnopqrstuvwxyz")
}

// findHashes scans for runs of 32, 40, 64 or 128 hexadecimal digits.
func findHashes(text string) []indicator {
	var list []indicator
	isHex := func(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
	isWord := func(c byte) bool { return isHex(c) || c >= 'g' && c <= 'z' || c >= 'G' && c <= 'Z' || c == '_' }
	for i := 0; i < len(text); {
		if !isHex(text[i]) {
			for i < len(text) && isWord(text[i]) {
				i++
			}
			i++
			continue
		}
		j := i
		for j < len(text) && isHex(text[j]) {
			j++
		}
		n, whole := j-i, j == len(text) || !isWord(text[j])
		if whole && (n == 32 || n == 40 || n == 64 || n == 128) {
			digits := 0
			for _, c := range []byte(text[i:j]) {
				if c <= '9' {
					digits++
				}
			}
			raw := strings.ToLower(text[i:j])
			if _, err := hex.DecodeString(raw); err == nil && digits > 0 && digits < n && strings.Trim(raw, raw[:1]) != "" {
				list = append(list, indicator{"file-hash", raw, i, j})
			}
		}
		for j < len(text) && isWord(text[j]) {
			j++
		}
		i = j
	}
	return list
}

var refanger = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "(dot)", ".", "[point]", ".", "[.", ".", ".]", ".", `\.`, ".",
	"[@]", "@", "(@)", "@", "[at]", "@", "(at)", "@", "[://]", "://", "[:]//", "://", ":]//", "://", `:\\`, "://", `[:]\\`, "://", "[:]", ":",
	"hxxp", "http", "hXXp", "http", "HXXP", "http", "Hxxp", "http", "h**p", "http", "htxp", "http", "fxp", "ftp", "[/]", "/")

func refang(s string) string { return refanger.Replace(s) }

// outermost sorts indicators and drops those within another.
func outermost(list []indicator) []indicator {
	slices.SortStableFunc(list, func(a, b indicator) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
	out := list[:0]
	end := -1
	for _, x := range list {
		if x.start >= end {
			out = append(out, x)
			end = x.end
		}
	}
	return out
}
