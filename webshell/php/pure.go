package php

import (
	"regexp"
	"slices"
	"strings"
)

// pure computes what it can and passes taint on.
func (m *machine) pure(c *call) value {
	for i := range c.args {
		if c.args[i].k == vObj {
			c.args[i] = m.converted(c, c.args[i])
		}
	}
	switch n := len(c.args); c.name { // the last one only takes the count
	case "str_replace", "str_ireplace":
		c.args = c.args[:min(n, 3)]
	case "preg_replace", "preg_filter":
		c.args = c.args[:min(n, 4)]
	}
	t, tr := c.taint()
	if c.name == "dirname" || c.name == "pathinfo" || c.name == "is_file" {
		t &^= selfPath
	}
	if (c.name == "str_replace" || c.name == "str_ireplace") && !c.arg(2).exact() {
		m.grafted(c)
	}
	if r := c.arg(1); quotes(r) && strings.HasSuffix(c.name, "replace") && c.arg(2).k == vUnknown && c.arg(2).t&fromFile != 0 {
		return value{k: vPart, s: r.s, ref: r.ref, t: t, tr: tr} // what is new in a file's text
	}
	if s, ok := c.text(0); ok && c.name == "str_replace" && (s == "'" || s == `"`) && t != 0 {
		t |= requoted
	}
	if t&checked != 0 && c.renews() {
		t &^= checked
	}
	if f := c.native.fold; f != nil {
		work := 16
		for _, a := range c.args {
			work += len(a.s)
			if x, ok := a.ref.(*array); ok {
				work += 16 * len(x.vals)
			}
		}
		if c.name == "strlen" || c.name == "count" || c.name == "sizeof" { // the length is at hand
			work = 16
		}
		dec := c.native.decodes
		if c.arg(0).k == vStr && work > 16 {
			m.facts.apart++
		}
		if a, ok := c.arg(0).ref.(*array); ok && len(c.args) > 2 {
			s, _ := c.text(2)
			work += len(s) * len(a.vals) / 4
		}
		if m.spend(work) {
			if v, ok := f(c); ok {
				if !m.spend(len(v.s)) {
					return value{t: t, tr: tr}
				}
				t &^= wholeReq
				switch v.k {
				case vInt, vFloat, vBool, vNull:
					t = 0
				case vArr:
					if x, ok := v.ref.(*array); ok && !m.spend(elementSize*len(x.vals)) {
						return value{t: t, tr: tr}
					}
					return v
				}
				if x, ok := c.arg(1).ref.(*array); ok && t&hidden != 0 && len(v.s) >= 8 && len(x.vals) == len(v.s) { // of single letters
					t |= decoded
				}
				if dec && v.s != c.arg(0).s && v.s != c.arg(2).s { // what changes nothing hides nothing
					if len(v.s) >= 200 {
						m.kindle()
					}
					t |= hidden
					if c.native.strong {
						t |= decoded
					}
				}
				v.t |= t
				if v.tr == nil {
					v.tr = tr
				}
				return v
			}
		}
		if dec {
			if c.native.strong {
				t |= decoded
			}
			if c.arg(2).t&fromDB == 0 || c.arg(1).exact() && c.arg(1).s == "" || !strings.HasSuffix(c.name, "str_replace") { // a placeholder in the database's text
				t |= hidden & -min(1, t)
			}
			if format, ok := c.text(0); ok && c.name == "sprintf" {
				t |= formatted(format, c.args)
				if i := strings.IndexByte(format, '%'); i > 0 && !strings.Contains(format, "<?") {
					return value{k: vPart, s: format[:i], ref: tail(""), t: t &^ wholeReq, tr: tr}
				}
			}
			return value{t: t &^ wholeReq, tr: tr}
		}
	}
	if c.native.keys {
		k := t & (dated | fromBlob | fromFile | fromOddFile | fromRemote | decoded | keyed | fromHeader | ownPage)
		if t&fromRequest != 0 {
			k |= keyed
		}
		return value{t: k &^ fromHeader}
	}
	if c.name == "date" || c.name == "gmdate" {
		return value{t: dated}
	}
	if c.native.cleaning || strings.HasPrefix(c.name, "is_") || strings.HasPrefix(c.name, "ctype_") || strings.HasPrefix(c.name, "image") {
		return value{t: t&(fromHeader|spotted) | m.spots(c, t)}
	}
	if c.native.encodes {
		if t != 0 {
			t |= wrapped
		}
		return value{t: t, tr: tr}
	}
	if c.native.passing || c.native.fold != nil || strings.HasPrefix(c.name, "array_") || strings.HasPrefix(c.name, "str") || strings.HasPrefix(c.name, "mb_") {
		if c.name == "serialize" || c.name == "json_encode" || c.name == "print_r" || c.name == "var_export" || c.name == "http_build_query" || c.name == "implode" || strings.HasPrefix(c.name, "array") {
			return value{t: t, tr: tr}
		}
		return value{t: t &^ wholeReq, tr: tr}
	}
	if c.nodes != nil && c.name[0] < 'z' && strings.Contains(c.name, "ip") && tellsAddress.MatchString(c.name) {
		return value{t: address}
	}
	if quotesForShell(c.name) {
		return shellArgument(c.arg(0))
	}
	if t != 0 {
		if t&fromRequest != 0 {
			m.handed(c)
			m.consults(c.args...)
		}
		t |= unsure
		if strings.Contains(c.name, "decode") || strings.Contains(c.name, "decrypt") || strings.Contains(c.name, "inflate") || strings.Contains(c.name, "uncompress") {
			t = t&^checked | decoded
		}
	}
	return value{t: t, tr: tr}
}

// tellsAddress are names of functions that give the visitor's address.
var tellsAddress = regexp.MustCompile(`^get_?(?:the_?)?(?:user|client|real|visitor|remote)?_?ip(?:_?addr(?:ess)?)?$|^(?:user|client|real|visitor)_?ip(?:_?addr(?:ess)?)?$`)

// strong are the decoders that programs do not use on their own literals.
var strong = words("base64_decode gzinflate gzuncompress gzdecode zlib_decode bzdecompress str_rot13 strrev hex2bin convert_uudecode mcrypt_decrypt openssl_decrypt mdecrypt_generic sodium_crypto_secretbox_open pack urldecode rawurldecode")

// renewing are further functions whose result has letters that the argument need
// not have: what was said of the one does not hold of the other.
var renewing = words(`html_entity_decode htmlspecialchars_decode quoted_printable_decode stripcslashes chr mb_chr json_decode unserialize
	imap_base64 mb_strrev sodium_hex2bin sodium_base642bin gzread lzw_decompress ascii85_decode`)

// renews says that a call may make letters that none of its arguments has: by
// what it is, the alphabet it reads, or the replacements it is given.
func (c *call) renews() bool {
	switch c.name {
	case "iconv", "mb_convert_encoding":
		for i := range c.args {
			s, _ := c.text(i)
			if s = strings.ToLower(s); strings.HasPrefix(s, "utf-7") || strings.HasPrefix(s, "base64") || strings.HasPrefix(s, "html") || strings.HasPrefix(s, "q") || strings.HasPrefix(s, "uu") {
				return true
			}
		}
	case "str_replace", "str_ireplace", "preg_replace", "preg_filter":
		return forcible(c.arg(1))
	case "strtr":
		return forcible(c.arg(1)) && len(c.args) == 2 || forcible(c.arg(2))
	}
	return c.native.renews
}

// forcible says that a text, or one of a list, has letters that end an argument
// of a command or a text in code.
func forcible(v value) bool {
	if l, ok := v.list(); ok {
		return slices.ContainsFunc(l, forcible)
	}
	s, ok := v.text()
	return ok && strings.ContainsAny(s, ";|&$`<>(){}\n")
}

// encoders make text that cannot be read as it is.
var encoders = words("base64_encode bin2hex gzcompress gzdeflate gzencode convert_uuencode openssl_encrypt mcrypt_encrypt")

// keys are the functions that turn text into numbers or keys for a decoder.
var keys = words("ord md5 sha1 crc32 hash hexdec octdec bindec hash_hmac strlen")

// cleaning functions give nothing that an attacker can shape.
var cleaning = words(`intval floatval doubleval boolval count sizeof strlen mb_strlen md5 sha1 md5_file sha1_file crc32 hash hash_hmac
	in_array preg_match strpos stripos strrpos strripos substr_count strcmp strcasecmp strncmp strncasecmp strnatcmp
	time microtime date gmdate mktime strtotime rand mt_rand random_int uniqid filesize filemtime filectime fileatime
	fileperms fileowner filegroup fileinode file_exists number_format round floor ceil abs version_compare function_exists class_exists
	method_exists extension_loaded ini_get ini_set getcwd phpversion php_uname php_sapi_name disk_free_space disk_total_space
	similar_text levenshtein checkdate password_verify password_hash ip2long headers_sent usleep sleep
	hash_equals getimagesize exif_imagetype finfo_file mime_content_type gethostname getmypid getmyuid get_current_user posix_getpwuid
	posix_getgrgid posix_getuid posix_geteuid set_time_limit error_reporting ini_restore ignore_user_abort header setcookie
	fclose flock feof ftell rewind fflush ftruncate closedir connection_status sys_get_temp_dir checkdnsrr
	preg_quote gettype spl_object_hash array_sum max min bindec hexdec octdec ctype_alnum mysql_num_rows mysql_affected_rows
	memory_get_usage clearstatcache touch is_uploaded_file preg_last_error ord soundex metaphone filter_has_var crypt`)

// passing functions hand their argument on.
var passing = words(`trim ltrim rtrim chop nl2br addslashes stripslashes htmlspecialchars htmlentities strip_tags ucwords lcfirst ucfirst
	wordwrap sprintf vsprintf printf serialize json_encode json_decode print_r var_export http_build_query urlencode rawurlencode
	implode join explode split preg_split preg_grep preg_filter utf8_encode utf8_decode iconv basename dirname pathinfo realpath
	parse_url quotemeta addcslashes stripcslashes substr_replace similar nl_langinfo mysql_escape_string mysql_real_escape_string
	mysqli_real_escape_string escapeshellcmd fix_magic_quotes get_magic_quotes_gpc array strval constant
	range list each current iterator_to_array filter_var stream_context_create convert_cyr_string hebrev money_format chunk_split var_dump
	get_object_vars ctype sanitize call_user_method unserialize fscanf readline shuffle ucwords count_chars array_change_key_case`)

func words(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// converted is an object as a function of PHP's own sees it: the text or the array
// where it wants one.
func (m *machine) converted(c *call, v value) value {
	o, ok := v.ref.(*object)
	switch {
	case !ok:
	case o.class != nil && (c.native.fold != nil || c.native.passing) && m.method(o.class, "__tostring") != nil:
		return m.toString(v)
	case len(o.names) > 0 && (c.name == "json_encode" || c.name == "serialize" || c.name == "http_build_query" || c.name == "print_r" || c.name == "var_export"):
		return arrOf(o.array())
	}
	return v
}

// quotes says that a text puts what is not known of it between quotes: a
// setting in a script, which stays a constant.
func quotes(v value) bool {
	after := v.tail()
	if v.k != vPart || v.s == "" || after == "" || strings.Contains(v.s, "<") {
		return false
	}
	q := v.s[len(v.s)-1]
	return q == after[0] && (q == '\'' || q == '"') && strings.Count(v.s, string(q))%2 == 1
}
