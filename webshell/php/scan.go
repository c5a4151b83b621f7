package php

import "bytes"

// A trait is something in a file's text that could matter.
type trait uint32

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
	hasClass                     // declares a class or a namespace
)

// hasHot are the traits for which a function is worth running.
const hasHot = hasRequest | hasHeader | hasDeadly | hasDecoder | hasDynamic | hasShape | hasRemote

// traitWords are the words the scan knows, in lower case.
var traitWords = map[trait]string{
	hasRequest: `_get _post _request _cookie _files http_raw_post_data http_get_vars http_post_vars http_cookie_vars
		http_post_files getallheaders apache_request_headers filter_input extract import_request_variables parse_str
		get_defined_vars exif_read_data session_id query_string`,
	hasHeader: `http_user_agent http_referer http_accept_language`,
	hasRemote: `curl_exec socket_connect fsockopen pfsockopen stream_socket_client socket_create file_get_contents curl_init`,
	hasDeadly: `eval assert create_function system shell_exec passthru popen proc_open pcntl_exec exec wscript
		preg_filter mb_ereg_replace mb_eregi_replace reflectionfunction callbackfilteriterator perl
		dl ffi register_shutdown_function register_tick_function header_register_callback expect_popen win_shell_execute
		symlink socket_connect stream_wrapper_register registerphpfunctions fetch_func createfunction sqlite_create_function wp_set_auth_cookie
		wp_create_user wp_insert_user com sqlitecreatefunction`,
	hasWrite: `file_put_contents fwrite fputs move_uploaded_file copy rename unlink mail mb_send_mail chmod
		preg_replace virtual mysql_connect mysql_pconnect mysqli_connect pg_connect mssql_connect pdo mysqli`,
	hasInclude: `include include_once require require_once`,
	hasTarget:  `header`,
	hasBuild:   `str_replace substr strtr implode join sprintf str_split substr_replace ucfirst getdoccomment range`,
	hasClass:   `namespace class`,
	hasDecoder: `base64_decode gzinflate gzuncompress gzdecode str_rot13 strrev hex2bin convert_uudecode bzdecompress
		openssl_decrypt mcrypt_decrypt rawurldecode chr pack`,
	hasHook: `call_user_func call_user_func_array array_map array_filter array_walk usort uasort uksort array_reduce array_udiff
		array_uintersect preg_replace_callback ob_start filter_var iterator_apply forward_static_call forward_static_call_array
		array_walk_recursive array_diff_ukey array_udiff_assoc set_error_handler filter_var_array unserialize`,
}

const maxWord = 28

// wordTable maps a word to its trait; lengths says which first letters start a
// word of a given length, which turns most words away without a look-up.
var wordTable, lengths = makeWords()

func makeWords() (map[string]trait, [256]uint32) {
	table := map[string]trait{}
	var lengths [256]uint32
	for t, list := range traitWords {
		for _, w := range bytes.Fields([]byte(list)) {
			table[string(w)] |= t
			lengths[w[0]] |= 1 << len(w)
			if w[0] >= 'a' && w[0] <= 'z' {
				lengths[w[0]-'a'+'A'] |= 1 << len(w)
			}
		}
	}
	return table, lengths
}

var identTable = func() (t [256]bool) {
	for i := range t {
		t[i] = isIdent(byte(i))
	}
	return t
}()

// traits reads a file once.
func traits(data []byte) trait {
	var have trait
	gotos, escaped, picked, named := 0, 0, 0, 0
	for i := 0; i < len(data); {
		c := data[i]
		if identTable[c] {
			s := i
			for i++; i < len(data) && identTable[data[i]]; i++ {
			}
			n := i - s
			named += n
			if n <= maxWord {
				if lengths[c]&(1<<n) != 0 {
					have |= wordTrait(data, s, i)
				} else if n > 6 && c|0x20 == 'h' && foldEqual(data[s:s+5], "http_") && !foldEqual(data[s:i], "http_host") {
					have |= hasRequest
				} else if n == 4 && c|0x20 == 'g' && foldEqual(data[s:i], "goto") {
					gotos++
				}
			} else if n >= 300 {
				have |= hasShape
			}
			if s > 0 && data[s-1] == '$' && i < len(data) && data[i] == '(' {
				have |= hasDynamic
			}
			continue
		}
		switch c {
		case '\\':
			if i+3 < len(data) && (data[i+1] == 'x' && hexDigit(data[i+2]) >= 0 || isDigit(data[i+1]) && isDigit(data[i+2])) {
				escaped++
			}
			i += 2
			continue
		case '}', ']':
			if i > 1 && isDigit(data[i-1]) && i+2 < len(data) && (data[i+1] == '.' || data[i+1] == ' ' && data[i+2] == '.') {
				picked++
			}
		case '(':
			if i > 0 && (data[i-1] == ']' || data[i-1] == ')' || data[i-1] == '}' || data[i-1] == '"' || data[i-1] == '\'') {
				have |= hasDynamic
			}
		case '$':
			if i+1 < len(data) && (data[i+1] == '$' || data[i+1] == '{') {
				have |= hasDynamic
			}
		case '`':
			have |= hasDeadly & backtick(data, i)
		case '~', '^', '|':
			if i+1 < len(data) && (data[i+1] == '"' || data[i+1] == '\'' || data[i+1] >= 0x80) {
				have |= hasDecoder
			}
		}
		i++
	}
	if gotos >= 10 || escaped >= 24 || picked >= 8 || len(data) < 16<<10 && named*5 < len(data)*2 && have&hasDynamic != 0 {
		have |= hasShape
	}
	return have
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

// wordTrait is the trait of the word in [s, e).
func wordTrait(data []byte, s, e int) trait {
	var buf [maxWord]byte
	w := buf[:e-s]
	for k, c := range data[s:e] {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		w[k] = c
	}
	t := wordTable[string(w)]
	if t == 0 {
		return 0
	}
	if t&(hasRequest|hasHeader) != 0 {
		return t
	}
	// A call, not a method or a declaration; a quoted name may become one.
	p := s - 1
	if p >= 1 && data[p] == '>' && data[p-1] == '-' || p >= 1 && data[p] == ':' && data[p-1] == ':' || p >= 0 && data[p] == '$' {
		if string(w) == "createfunction" || string(w) == "sqlitecreatefunction" {
			return t
		}
		return 0
	}
	if t&hasInclude != 0 {
		return t
	}
	if t&hasClass != 0 {
		if e+1 < len(data) && data[e] == ' ' && isIdentStart(data[e+1]) && (s == 0 || data[s-1] == '\n' || data[s-1] == ' ' && s > 1 && data[s-2] != '*') {
			return t
		}
		return 0
	}
	q := e
	for q < len(data) && (data[q] == ' ' || data[q] == '\t' || data[q] == '\n' || data[q] == '\r') {
		q++
	}
	if q < len(data) && data[q] == '(' {
		if p >= 8 && foldEqual(data[p-8:p], "function") {
			return 0
		}
		return t
	}
	if p >= 0 && (data[p] == '\'' || data[p] == '"') && e < len(data) && data[e] == data[p] {
		return t
	}
	if q+1 < len(data) && data[q] == '/' && data[q+1] == '*' { // a comment between name and parenthesis
		return t
	}
	return 0
}

// interesting says whether a file holds anything that the machine should look
// at.
func interesting(data []byte) bool {
	if len(data) == 0 {
		return false
	}
	t := traits(data)
	has := func(x trait) bool { return t&x != 0 }
	switch {
	case has(hasDeadly), has(hasShape):
		return true
	case has(hasRequest) && (has(hasWrite) || has(hasInclude) || has(hasHook) || has(hasDynamic)):
		return true
	case has(hasRemote) && (has(hasWrite) || has(hasDynamic) || has(hasRequest)):
		return true
	case has(hasHeader) && (has(hasRemote) || has(hasTarget) || has(hasDynamic)):
		return true
	case has(hasDecoder) && (has(hasDynamic) || has(hasHook) || has(hasWrite) || has(hasInclude) || has(hasTarget)):
		return true
	}
	if has(hasDynamic) && (!has(hasClass) || has(hasBuild) && len(data) < 4096) {
		return true
	}
	if has(hasWrite) && len(data) < 4096 && bytes.Contains(data, []byte("://")) {
		return true
	}
	return has(hasInclude) && oddInclude(data)
}

// oddInclude looks for an include whose path is hidden or leads elsewhere.
func oddInclude(data []byte) bool {
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("clude"))
		j := bytes.Index(data[at:], []byte("quire"))
		if i < 0 && j < 0 {
			return false
		}
		if i < 0 || j >= 0 && j < i {
			i = j
		}
		at += i + 5
		rest := data[at:min(len(data), at+160)]
		if e := bytes.IndexByte(rest, ';'); e >= 0 {
			rest = rest[:e]
		}
		for _, w := range []string{`\x`, `\0`, `\1`, "://", "data:", ".jp", ".gif", ".png", ".ico", ".txt", ".zip", ".pdf"} {
			if bytes.Contains(rest, []byte(w)) {
				return true
			}
		}
	}
}
