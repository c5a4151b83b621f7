// Package baseline knows the files that Microsoft shipped with Exchange.
//
// The table holds every file below ClientAccess and FrontEnd of 131 builds of
// Exchange 2013, 2016 and 2019, from 15.0.516.32 to 15.2.858.5 (March 2021). A
// file is compared with all builds together, because a server carries files of
// several updates at once. Names prove nothing: owa\auth\error.aspx and
// ecp\auth\TimeoutLogout.aspx stand on lists of web shell names and are
// Microsoft's own, so a script is judged by its path and its content.
//
// The table ends in March 2021. A later update changes files and may add some.
// It has no file of IIS, of Exchange 2010, or of Exchange's other folders.
package baseline

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"sort"
	"strings"

	_ "embed" // for known.bin
)

// LastBuild is the newest build in the table, LastDate its release date.
const (
	LastBuild = "15.2.858.5"
	LastDate  = "2021-03-16"
)

// A Verdict says what the table knows of a file.
type Verdict string

const (
	Shipped  Verdict = "shipped"  // Microsoft shipped this content
	Changed  Verdict = "changed"  // a path of the product, content of no build in the table: a later update, a setting, or tampering
	Unlisted Verdict = "unlisted" // a script or program in the product's web folders, or in aspnet_client, at a path of no build
	Outside  Verdict = "outside"  // not in those folders, or of a kind whose paths the table does not hold
)

// An Answer is what the table knows of one file.
type Answer struct {
	Verdict Verdict
	Path    string   // below the install folder, lower case, slashes, version folders as "version"; "" if outside
	Script  bool     // the web server would run it
	Builds  []string // builds whose script at this path has this content, oldest first
	Has     int      // how many of the 131 builds have a script at this path at all
}

// Judge says what the table knows of the file at path in the evidence, however
// it is rooted or escaped there, with that content.
func Judge(path string, sum [32]byte) Answer {
	a := Answer{Verdict: Outside, Script: Script(path)}
	a.Path, _ = Rel(path)
	known := Known(sum)
	if a.Path != "" && Listed(a.Path) {
		if i, ok := find(a.Path); ok {
			a.Builds, a.Has = sets(i, sum)
			a.Verdict = Changed
		} else {
			a.Verdict = Unlisted
		}
	}
	if known {
		a.Verdict = Shipped
	}
	return a
}

// scripts are the extensions that IIS, ASP.NET or an installed interpreter
// runs, or compiles into what it runs.
const scripts = " .asa .asax .ascx .ashx .asmx .asp .aspx .cdx .cer .cfm .cshtml .jsp .jspx .master .phar .php .php5 .phtml .rem .shtml .soap .svc .vbhtml .xamlx "

// programs are the extensions besides scripts whose paths the table holds.
const programs = " .browser .config .dll .exe .skin "

// Script reports whether the name of a file has the extension of a script that
// runs on a web server.
func Script(path string) bool { return extIn(path, scripts) }

// Listed reports whether the table holds the paths of files with this extension.
func Listed(path string) bool { return extIn(path, scripts) || extIn(path, programs) }

func extIn(path, list string) bool {
	i := strings.LastIndexAny(path, "./\\")
	if i < 0 || path[i] != '.' || len(path)-i > 8 {
		return false
	}
	var word [10]byte
	w := append(word[:0], ' ')
	for _, c := range []byte(path[i:]) {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		w = append(w, c)
	}
	return strings.Contains(list, string(append(w, ' ')))
}

// Rel returns the part of path below the Exchange install folder as the table
// spells it, or of aspnet_client in the web root. It is not ok, and "", for a
// path outside those.
func Rel(path string) (rel string, ok bool) {
	path = strings.ToLower(strings.ReplaceAll(unescape(path), `\`, "/"))
	for strings.Contains(path, "//") || strings.Contains(path, "/./") {
		path = strings.ReplaceAll(strings.ReplaceAll(path, "//", "/"), "/./", "/")
	}
	if strings.Contains(path, "exchange server/v14/") || strings.Contains(path, "exchange server/clientaccess/") {
		return "", false // Exchange 2010 and 2007: other files, same names
	}
	// ASP.NET's own folder in the web root holds nothing that runs; 22 of the 104
	// paths in Microsoft's list of March 2021 lie there.
	below, ok := strings.CutPrefix(path, "wwwroot/aspnet_client/")
	if !ok {
		_, below, ok = strings.Cut(path, "/wwwroot/aspnet_client/")
	}
	if ok {
		return "aspnet_client/" + below, true
	}
	for _, root := range []string{"frontend/httpproxy/", "clientaccess/"} {
		i := strings.Index(path, root)
		for i > 0 && path[i-1] != '/' {
			next := strings.Index(path[i+1:], root)
			if next < 0 {
				i = -1
				break
			}
			i += 1 + next
		}
		if i >= 0 {
			return fold(path[i:]), true
		}
	}
	return "", false
}

// fold replaces the folders named after a build, such as owa/auth/15.1.2375,
// and their alias Current by the name they have on the installation medium.
func fold(path string) string {
	elems := strings.Split(path, "/")
	for i, e := range elems[:len(elems)-1] {
		if version(e) || e == "current" && i > 0 && elems[i-1] == "auth" {
			elems[i] = "version"
		}
	}
	return strings.Join(elems, "/")
}

func version(s string) bool {
	if !strings.HasPrefix(s, "15.") {
		return false
	}
	for _, c := range []byte(s) {
		if c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	n := strings.Count(s, ".")
	return n == 2 || n == 3
}

// unescape decodes %XX, as collectors write the colon of a drive.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := hex(s[i+1]), hex(s[i+2])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// The table is searched where it lies, in the program's read-only pages; gen
// writes it. All numbers are little-endian. It is seven sections one after the
// other, their lengths at the front as uint32:
//
//	counts   one byte for each value of a hash's first 16 bits: how many hashes
//	starts   uint32 for every 32nd such value: hashes before it
//	hashes   9 bytes each, sorted: bytes 2 to 10 of a SHA-256
//	builds   text, one build a line
//	names    the paths of scripts and programs, sorted, one after the other
//	paths    12 bytes each: uint32 end in names, uint32 first of its contents,
//	         uint16 their number, uint16 set of builds that have a script here
//	contents 18 bytes each: first 16 of a SHA-256, uint16 set of builds
//
// and the sets of builds, 17 bytes each with a bit for each build, to the end of the table.
//
// 88 bits of a hash are kept: to make a hostile file that passes for one of
// 130,386 known ones takes some 2^71 trials.
//
//go:embed known.bin
var known string

const (
	sections    = 7
	hashSize    = 9
	pathSize    = 12
	contentSize = 18
	setSize     = 17
	pace        = 32
)

// section returns the n-th section of the table; the sets are the eighth.
func section(n int) string {
	at := uint32(4 * sections)
	for i := range n {
		at += u32(known, 4*i)
	}
	if n == sections {
		return known[at:]
	}
	return known[at : at+u32(known, 4*n)]
}

func u32(s string, i int) uint32 {
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}

func u16(s string, i int) int { return int(s[i]) | int(s[i+1])<<8 }

// Known reports whether Microsoft shipped a file with this SHA-256, at any
// path, in any build of the table.
func Known(sum [32]byte) bool {
	counts, starts, hashes := section(0), section(1), section(2)
	bucket := int(binary.BigEndian.Uint16(sum[:]))
	at := int(u32(starts, 4*(bucket/pace)))
	for i := bucket / pace * pace; i < bucket; i++ {
		at += int(counts[i])
	}
	for n := int(counts[bucket]); n > 0; n-- {
		if hashes[at*hashSize:(at+1)*hashSize] == string(sum[2:2+hashSize]) {
			return true
		}
		at++
	}
	return false
}

func name(i int) string {
	paths, start := section(5), uint32(0)
	if i > 0 {
		start = u32(paths, (i-1)*pathSize)
	}
	return section(4)[start:u32(paths, i*pathSize)]
}

func find(rel string) (int, bool) {
	return sort.Find(len(section(5))/pathSize, func(i int) int { return strings.Compare(rel, name(i)) })
}

// sets returns the builds of the i-th path whose content is sum, and how many
// have a script there.
func sets(i int, sum [32]byte) (same []string, all int) {
	p := section(5)[i*pathSize:]
	first, n := int(u32(p, 4)), u16(p, 8)
	contents := section(6)
	for k := first; k < first+n; k++ {
		c := contents[k*contentSize:]
		if bytes.Equal([]byte(c[:16]), sum[:16]) {
			same = builds(u16(c, 16))
		}
	}
	if n > 0 {
		for _, b := range []byte(setOf(u16(p, 10))) {
			all += bits.OnesCount8(b)
		}
	}
	return same, all
}

func setOf(n int) string { return section(7)[n*setSize : (n+1)*setSize] }

func builds(set int) []string {
	names := strings.Split(section(3), "\n")
	var list []string
	for i, b := range []byte(setOf(set)) {
		for ; b != 0; b &= b - 1 {
			list = append(list, names[8*i+bits.TrailingZeros8(b)])
		}
	}
	return list
}
