package php

import (
	"bytes"
	"math/bits"
	"slices"

	"limier/internal/literal"
)

// A trait is something in a file's text that could matter.
type trait uint64

const (
	hasRequest trait = 1 << iota // reads the request
	hasHeader                    // reads the visitor's browser or referrer
	hasRemote                    // reads the network
	hasDeadly                    // names a call that runs code or commands
	hasWrite                     // names a call that writes, moves or removes files, or sends mail
	hasInclude                   // includes
	hasDecoder                   // names a call that undoes an encoding
	hasDynamic                   // calls a function through a variable
	hasShape                     // looks obfuscated: jumps, escapes, long dense literals
	hasHook                      // names a call that takes a callable
	hasTarget                    // redirects
	hasBuild                     // names a call that puts strings together
	hasList                      // lists a folder
	hasMail                      // sends mail
	hasCards                     // asks for the number of a card
	hasStrong                    // hasDecoder, and the decoder is one that hides code
	hasAction                    // hooks something to WordPress, which is of no interest alone
)

// hasAny are those by which a file may be of interest.
const hasAny = hasAction - 1

// What a text says, in any case: words without which something else is not in it.
const (
	saysInclude trait = 1 << (32 + iota)
	saysGoto
	saysRender
	saysScript
	saysWho
	saysClass
	saysUsers
	saysMoves
)

// said are those words.
var said = []struct {
	word string
	says trait
}{
	{"include", saysInclude}, {"require", saysInclude}, {"goto ", saysGoto}, {"onafterrender", saysRender}, {"<script", saysScript}, {"<iframe", saysScript}, {"_cookie", saysWho}, {"remote_addr", saysWho},
	{"class ", saysClass}, {"namespace ", saysClass}, {"user_save(", saysUsers}, {"query(", saysUsers}, {"set_role(", saysUsers}, {"setquery", saysUsers}, {"getmodel(", saysUsers}, {"wp_redirect(", saysMoves}, {"location: http", saysMoves}, {"location:http", saysMoves}, {"php://input", hasRequest},
}

var saidWords = literal.NewSource(func() (words []string) {
	for _, s := range said {
		words = append(words, s.word)
	}
	return words
}()...)

// saysOf looks for all of them in one pass.
func saysOf(data []byte) (t trait) {
	var held [1]uint64
	saidWords().Contained(held[:], data)
	for h := held[0]; h != 0; h &= h - 1 {
		t |= said[bits.TrailingZeros64(h)].says
	}
	return t
}

// hasHot are the traits for which a function is worth running.
const hasHot = hasRequest | hasHeader | hasDeadly | hasDecoder | hasDynamic | hasShape | hasRemote

// traitWords are the words the scan knows, in lower case.
var traitWords = map[trait]string{
	hasRequest: `_get _post _request _cookie _files http_raw_post_data http_get_vars http_post_vars http_cookie_vars
		http_post_files getallheaders apache_request_headers filter_input extract import_request_variables parse_str
		get_defined_vars filter_input_array exif_read_data session_id query_string authenticate wp_authenticate wp_authenticate_user check_password password_reset after_password_reset wp_mail
		register_rest_route pre_user_query all_plugins`,
	hasCards:  `getccnumber getcccid cc_number cc_cvv2 card_number card_cvc card_cvv cc_cid`,
	hasHeader: `http_user_agent http_referer http_accept_language gethostbyaddr`,
	hasRemote: `curl_exec socket_connect fsockopen pfsockopen stream_socket_client socket_create file_get_contents curl_init dns_get_record
		imap_body imap_fetchbody wp_remote_get wp_remote_post wp_remote_request soapclient drupal_http_request`,
	hasDeadly: `dotnet eval eval_r assert create_function system shell_exec passthru popen proc_open pcntl_exec exec wscript
		preg_filter mb_ereg_replace mb_eregi_replace reflectionfunction callbackfilteriterator perl
		dl ffi register_shutdown_function register_tick_function header_register_callback expect_popen win_shell_execute ssh2_exec
		symlink socket_connect stream_wrapper_register registerphpfunctions fetch_func createfunction sqlite_create_function wp_set_auth_cookie
		wp_create_user wp_insert_user com sqlitecreatefunction cdef imap_open importstylesheet fromshellcommandline`,
	hasWrite: `gzwrite gzputs bzwrite ftp_get ftp_fget ftp_nb_get asxml createcdatasection savehtmlfile openuri sqlite3 splfileinfo splfileobject domdocument simplexmlelement xmlwriter phar phardata imagick stream_copy_to_stream extractto file_put_contents fwrite fputs fputcsv fprintf vfprintf move_uploaded_file copy rename unlink chmod
		preg_replace virtual mysql_connect mysql_pconnect mysqli_connect pg_connect mssql_connect pdo mysqli`,
	hasInclude: `include include_once require require_once`,
	hasTarget:  `header`,
	hasBuild:   `str_replace substr strtr implode join sprintf str_split substr_replace ucfirst getdoccomment range define`,
	hasDecoder: `chr pack`,
	hasDecoder | hasStrong: `base64_decode gzinflate gzuncompress gzdecode str_rot13 strrev hex2bin convert_uudecode bzdecompress
		openssl_decrypt mcrypt_decrypt rawurldecode`,
	hasWrite | hasMail: `mail mb_send_mail`,
	hasList:            `scandir opendir glob readdir recursivedirectoryiterator recursiveiteratoriterator`,
	hasAction:          `add_action add_filter`,
	hasHook: `call_user_func call_user_func_array array_map array_filter array_walk usort uasort uksort array_reduce array_udiff
		array_uintersect preg_replace_callback ob_start filter_var iterator_apply forward_static_call forward_static_call_array
		session_set_save_handler set_exception_handler spl_autoload_register array_walk_recursive array_diff_ukey array_udiff_assoc set_error_handler filter_var_array unserialize`,
}

const maxWord = 28

// wordTable maps a word to its trait; wordSet says which first two letters and
// length a word of the table has, which turns most words away.
var wordTable, wordSet = makeWords()

func wordKey(a, b byte, n int) int { return int(a&31)<<10 | int(b&31)<<5 | n&31 }

func makeWords() (map[string]trait, *[1 << 15]bool) {
	table := map[string]trait{}
	var set [1 << 15]bool
	for t, list := range traitWords {
		for _, w := range bytes.Fields([]byte(list)) {
			table[string(w)] |= t
			set[wordKey(w[0], w[1], len(w))] = true
		}
	}
	return table, &set
}

var identTable, identOne = func() (is [256]bool, one [256]uint8) {
	for i := range is {
		if is[i] = isIdent(byte(i)); is[i] {
			one[i] = 1
		}
	}
	return is, one
}()

// telling are the places at which the scan looks for words, by what stands there
// and behind.
var telling = literal.NewPairs([2]string{"(", ""}, [2]string{"\\", ""}, [2]string{"`", ""}, [2]string{"$", "${_hH"}, [2]string{"'\"", "\\" + starts},
	[2]string{"~^|", "'\"" + above}, [2]string{"}]", ". "})

// above are the bytes above ASCII, starts those with which a name starts.
var above, starts = func() (above, starts string) {
	for c := range 256 {
		if c >= 0x80 {
			above += string([]byte{byte(c)})
		}
		if isIdentStart(byte(c)) {
			starts += string([]byte{byte(c)})
		}
	}
	return above, starts
}()

var loadWords = literal.New([]string{"include", "require"})

// A scan is what traits has seen of a file.
type scan struct {
	data    []byte
	have    trait
	escaped int // letters written by their numbers
	picked  int // elements of lists by number that are put together
	skip    int // what stands before is escaped
}

// traits reads a file once. It looks at words only where they can matter:
// before a parenthesis, after a dollar, in quotes.
func traits(data []byte) trait {
	s := scan{data: data}
	says := saysOf(data)
	if says&saysInclude != 0 && includes(data) {
		s.have |= hasInclude
	}
	var marks [32]uint64
	for from := 0; from < len(data); from += 64 * len(marks) {
		for w, m := range marks[:telling.Mark(marks[:], data[from:])] {
			for ; m != 0; m &= m - 1 {
				s.look(from + 64*w + bits.TrailingZeros64(m))
			}
		}
	}
	have := s.have
	if s.escaped >= 24 || s.picked >= 8 || longWord(data) || have&hasDynamic != 0 && len(data) < 16<<10 && fewWords(data) || have != 0 && says&saysGoto != 0 && manyJumps(data) {
		have |= hasShape
	}
	return have | says
}

// look looks at a place that may be telling.
func (s *scan) look(i int) {
	data := s.data
	c := data[i]
	if i < s.skip && c != '|' && c != '~' && c != '^' {
		return
	}
	switch c {
	case '(':
		s.have |= called(data, i)
	case '$':
		if i+1 < len(data) {
			switch n := data[i+1]; {
			case n == '$' || n == '{':
				s.have |= hasDynamic
				if i+2 < len(data) && data[i+2] == '"' { // ${"name"}
					s.escaped += 4
				}
			case n == '_' || n|0x20 == 'h':
				s.have |= named(data, i+1, true)
			}
		}
	case '\'', '"':
		j := i + 1
		for j < len(data) && data[j] == '\\' {
			j++
		}
		if j < len(data) && isIdentStart(data[j]) {
			s.have |= named(data, j, false)
		}
	case '\\':
		if i+3 < len(data) && (data[i+1] == 'x' && hexDigit(data[i+2]) >= 0 || isDigit(data[i+1]) && isDigit(data[i+2])) {
			s.escaped++
		}
		s.skip = i + 2
	case '}', ']':
		if i > 1 && isDigit(data[i-1]) && i+2 < len(data) && (data[i+1] == '.' || data[i+1] == ' ' && data[i+2] == '.') {
			s.picked++
		}
	case '`':
		s.have |= hasDeadly & backtick(data, i)
	case '~', '^', '|':
		if i+1 < len(data) && (data[i+1] == '\'' || data[i+1] == '"' || data[i+1] >= 0x80 && c != '|') {
			s.have |= hasDecoder | hasStrong
		}
	}
}

// longWord says that a text holds a word of 300 letters, as encoded text does. It
// looks where one could not be missed.
func longWord(data []byte) bool {
	const long = 300
	for i := long - 1; i < len(data); i += long {
		from, to := i, i
		for from > 0 && i-from < long && identTable[data[from]] && identTable[data[from-1]] {
			from--
		}
		for to < len(data) && to-from < long && identTable[data[to]] {
			to++
		}
		if to-from >= long {
			return true
		}
	}
	return false
}

// fewWords says that less than two fifths of a text are words.
func fewWords(data []byte) bool {
	n := 0
	for block := range slices.Chunk(data, 512) {
		for _, c := range block {
			n += int(identOne[c]) // no jump, which would go the wrong way often
		}
		if n*5 >= len(data)*2 {
			return false
		}
	}
	return true
}

func manyJumps(data []byte) bool {
	for n := 0; n < 10; n++ {
		i := bytes.Index(data, []byte("goto "))
		if i < 0 {
			return false
		}
		data = data[i+5:]
	}
	return true
}

// includes says whether a variable, a literal or what is made of them is included
// without a parenthesis.
func includes(data []byte) bool {
	for from, to := range loadWords.Lines(data) {
		for i := from; i+7 <= to; i++ {
			if c := data[i] | 0x20; c != 'i' && c != 'r' || !foldEqual(data[i:i+7], "include") && !foldEqual(data[i:i+7], "require") {
				continue
			}
			i += 7
			if i+5 <= to && foldEqual(data[i:i+5], "_once") {
				i += 5
			}
			word := i
			if i = code(data, i); i < len(data) && (data[i] == '$' || data[i] == '\'' || data[i] == '"' || data[i] == '@' && i+1 < len(data) && data[i+1] == '$' || i > word && made(data[i:])) {
				return true
			}
			i--
		}
	}
	return false
}

// code is where the first code from i on stands, behind white space and up to
// four comments of 4 KiB.
func code(data []byte, i int) int {
	for range 5 {
		for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\n' || data[i] == '\r') {
			i++
		}
		rest := data[i:min(len(data), i+4096)]
		open, end := "#", "\n"
		switch {
		case bytes.HasPrefix(rest, []byte("/*")):
			open, end = "/*", "*/"
		case bytes.HasPrefix(rest, []byte("//")):
			open = "//"
		case !bytes.HasPrefix(rest, []byte("#")):
			return i
		}
		n := bytes.Index(rest[len(open):], []byte(end))
		if n < 0 {
			return i
		}
		i += len(open) + n + len(end)
	}
	return i
}

// made says that a path, which starts with a name, goes on with a variable, or
// that a call decodes it.
func made(path []byte) bool {
	if len(path) == 0 || !isIdentStart(path[0]) {
		return false
	}
	path, _, _ = bytes.Cut(path[:min(len(path), 160)], []byte{';'})
	return bytes.IndexByte(path, '$') >= 0 || bytes.Contains(path, []byte("code(")) || givers().Any(path)
}

// givers are calls that give what the request says.
var givers = literal.NewSource("getallheaders(", "apache_request_headers(", "filter_input", "getenv(\"http_", "getenv('http_", "session_id(")

// blanks is where the white space before i starts.
func blanks(data []byte, i int) int {
	for i > 0 && (data[i-1] == ' ' || data[i-1] == '\t' || data[i-1] == '\n' || data[i-1] == '\r') {
		i--
	}
	return i
}

// commentStart is where the comment starts that ends at e, or at the end of the
// line there if white space up to i goes on to the next; -1 if there is none.
func commentStart(data []byte, e, i int) int {
	const longest, longestLine = 4096, 256
	if e > 3 && data[e-1] == '/' && data[e-2] == '*' {
		for j := e - 4; j >= max(0, e-longest); j-- {
			switch { // "*/" ends another, but for "/*/"
			case data[j] == '/' && data[j+1] == '*':
				return j
			case data[j] == '*' && data[j+1] == '/' && (j == 0 || data[j-1] != '/'):
				return -1
			}
		}
		return -1
	}
	if bytes.IndexByte(data[e:i], '\n') < 0 {
		return -1
	}
	line := data[max(0, e-longestLine):e]
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	s := bytes.Index(line, []byte("//"))
	if h := bytes.IndexByte(line, '#'); s < 0 || h >= 0 && h < s {
		s = h
	}
	if s < 0 {
		return -1
	}
	return e - len(line) + s
}

func declaresClass(data []byte) bool { return declares(data, "class ") || declares(data, "namespace ") }

// declares says whether a line or statement starts with the word and a name.
func declares(data []byte, word string) bool {
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte(word))
		if i < 0 {
			return false
		}
		s := at + i
		at = s + len(word)
		if at < len(data) && isIdentStart(data[at]) && (s == 0 || data[s-1] == '\n' || data[s-1] == ' ' && s > 1 && data[s-2] != '*') && !noted(data, s) {
			return true
		}
	}
}

// noted says that the line in which i stands starts as one of a comment does.
func noted(data []byte, i int) bool {
	line := bytes.TrimLeft(data[bytes.LastIndexByte(data[:i], '\n')+1:i], " \t")
	return bytes.HasPrefix(line, []byte("* ")) || bytes.HasPrefix(line, []byte("//"))
}

// backtick says whether the backtick at i may run a command: in SQL and prose
// a word stands between two of them.
func backtick(data []byte, i int) trait {
	for j := i - 1; j >= 0 && j > i-8; j-- {
		switch c := data[j]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '@':
			continue
		case c == '=' || c == '(' || c == ';' || c == 'o' || c == '.' || c == '{' || c == 'p' || c == 't' || c == 'n' || c == '>' || c == '}' || c == ',' || c == '?':
			if e := bytes.IndexByte(data[i+1:min(len(data), i+200)], '`'); e > 0 && bytes.IndexByte(data[i+1:i+1+e], '$') >= 0 {
				return hasDeadly
			}
			return 0
		default:
			return 0
		}
	}
	return 0
}

// called is the trait of what the parenthesis at paren calls.
func called(data []byte, paren int) trait {
	i := paren
	for range 64 { // comments between name and parenthesis
		e := blanks(data, i)
		if e == 0 {
			return 0
		}
		switch c := data[e-1]; {
		case identTable[c]:
			if t := callee(data, e); t != 0 || e == i {
				if t == hasWrite && evaluates(data, paren) {
					t |= hasDeadly
				}
				return t
			}
		case c == ']' || c == ')' || (c == '}' || c == '"' || c == '\'') && e == i:
			return hasDynamic
		}
		if i = commentStart(data, e, i); i <= 0 {
			return 0
		}
	}
	return 0
}

// evaluates says that the parenthesis at i opens with a pattern that tells
// preg_replace to evaluate.
func evaluates(data []byte, i int) bool {
	s := data[i+1 : min(len(data), i+80)]
	if len(s) < 4 || s[0] != '\'' && s[0] != '"' || s[1] != '/' && s[1] != '#' && s[1] != '~' && s[1] != '|' && s[1] != '@' {
		return false
	}
	e := bytes.IndexByte(s[1:], s[0])
	if e < 0 {
		return false
	}
	flags := s[1 : 1+e]
	flags = flags[bytes.LastIndexByte(flags, s[1])+1:]
	return len(flags) < 8 && bytes.IndexByte(flags, 'e') >= 0 && len(bytes.Trim(flags, "imsxuADSUXJe")) == 0
}

// callee is the trait of the word that ends at e and is called.
func callee(data []byte, e int) trait {
	s := e
	for s > 0 && identTable[data[s-1]] {
		s--
	}
	if s > 0 && data[s-1] == '$' {
		return hasDynamic
	}
	if e-s < 2 || e-s > maxWord || !wordSet[wordKey(data[s], data[s+1], e-s)] {
		return 0
	}
	w, t := wordAt(data[s:e])
	if t == 0 {
		return 0
	}
	// A method or a declaration is another function.
	if s > 1 && (data[s-1] == '>' && data[s-2] == '-' || data[s-1] == ':' && data[s-2] == ':') {
		switch w {
		case "createfunction", "sqlitecreatefunction", "extractto", "asxml", "savehtmlfile", "openuri", "createcdatasection", "cdef", "importstylesheet", "registerphpfunctions", "fromshellcommandline", "getccnumber", "getcccid":
			return t
		}
		return 0
	}
	if s > 8 && data[s-1] == ' ' && foldEqual(data[s-9:s-1], "function") {
		return 0
	}
	return t
}

// named is the trait of the word that starts at s, a variable's name or all
// that stands between two quotes.
func named(data []byte, s int, variable bool) trait {
	e := s
	for e < len(data) && e-s <= maxWord && identTable[data[e]] {
		e++
	}
	if e-s < 2 || e-s > maxWord {
		return 0
	}
	if !variable && (e >= len(data) || data[e] != '\'' && data[e] != '"') {
		return 0
	}
	if variable && e-s == 7 && foldEqual(data[s:e], "_server") && (e >= len(data) || data[e] != '[') {
		return hasRequest
	}
	if wordSet[wordKey(data[s], data[s+1], e-s)] {
		if _, t := wordAt(data[s:e]); t != 0 && (!variable || t&(hasRequest|hasHeader) != 0) {
			return t
		}
	}
	if e-s > 6 && data[s]|0x20 == 'h' && foldEqual(data[s:s+5], "http_") && !foldEqual(data[s:e], "http_host") {
		return hasRequest
	}
	return 0
}

// wordAt looks a word up, in lower case.
func wordAt(b []byte) (string, trait) {
	var buf [maxWord]byte
	w := buf[:len(b)]
	for k, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		w[k] = c
	}
	t := wordTable[string(w)]
	if t == 0 {
		return "", 0
	}
	return string(w), t
}
