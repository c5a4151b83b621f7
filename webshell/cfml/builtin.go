package cfml

import (
	"regexp"
	"strconv"
	"strings"

	"limier/finding"
	"limier/webshell"
)

func set(names string) map[string]bool {
	all := map[string]bool{}
	for n := range strings.FieldsSeq(names) {
		all[n] = true
	}
	return all
}

// Functions by what becomes of the text that they are given, after
// https://cfdocs.org/functions, which lists those of ColdFusion and Lucee.
var (
	// same hand it on as it is.
	same = set("trim ltrim rtrim tostring preservesinglequotes duplicate structcopy lcase ucase ucfirst expandpath de stripcr charsetencode charsetdecode " +
		"getcanonicalpath contractpath serializejson tobinary")
	// cuts decode it, or hand on pieces of it or what they are put together to.
	cuts = set("cjustify insert left ljustify mid rematch rematchnocase removechars repeatstring replace replacelist replacelistnocase replacenocase rereplace rereplacenocase reverse right rjustify " +
		"spanexcluding spanincluding stringeach stringevery stringfilter stringmap stringreduce stringreduceright stringsome stringsort wrap gettoken jsstringformat " +
		"listappend listchangedelims listcompact listdeleteat listeach listfilter listfirst listgetat listinsertat listitemtrim listlast listmap listprepend listqualify listreduce listreduceright " +
		"listremoveduplicates listrest listsetat listsort listtoarray listtrim arrayfilter arrayfirst arraylast arraymap arraymerge arraymid arraypop arrayreduce arrayreduceright arrayreverse " +
		"arrayshift arrayslice arraysplice arraytolist arraytostruct structfilter structfind structfindkey structfindvalue structmap structreduce structsort structtosorted structvaluearray " +
		"collectionfilter collectionmap collectionreduce valuelist quotedvaluelist valuearray tobase64 binarydecode binaryencode urldecode urlencode urlencodedformat decodefromurl decodeforhtml canonicalize esapidecode " +
		"decrypt decryptbinary cfusion_decrypt encrypt encryptbinary cfusion_encrypt deserialize deserializejson deserializexml unserializejava htmlparse xmlparse xmlsearch xmltransform xmlformat wddx compress extract chr " +
		"getbytes tochararray substring concat split replaceall replacefirst tolowercase touppercase strip intern subsequence readallbytes decode gettext getvalue get")
	// numbers make a number of it.
	numbers = set("abs asc bitand bitmaskclear bitmaskread bitmaskset bitnot bitor bitshln bitshrn bitxor ceiling decrementvalue fix floor formatbasen incrementvalue inputbasen int lsparsenumber max min parsenumber round sgn sqr tonumeric val charat codepointat intvalue parseint")
	// others give what is not its text.
	apart = set("len listlen arraylen structcount structkeylist structkeyarray listfind listfindnocase listcontains listcontainsnocase arrayfind arrayfindnocase arraycontains arraycontainsnocase find findnocase findoneof refind refindnocase " +
		"compare comparenocase hash hash40 hmac createuuid createguid dateformat timeformat datetimeformat dateadd datediff datepart year month day hour minute second lsdateformat lstimeformat numberformat lsnumberformat decimalformat dollarformat " +
		"yesnoformat booleanformat structkeyexists soundex metaphone gettickcount now rand randrange listvaluecount listvaluecountnocase fileexists directoryexists csrfverifytoken verifybcrypthash generatebcrypthash sizeof length size indexof equals equalsignorecase startswith endswith isempty")
	// changes put what they are given into their first argument.
	changes = set("structappend structinsert structupdate arrayappend arrayprepend arrayinsertat arrayset arraypush arrayunshift querysetcell queryaddrow")
	adds    = set("append push add addall put putall insert prepend unshift set update insertat")
)

// call is what a function gives, whose parenthesis is taken.
func (r *reader) call(name string, at int) *value {
	args := r.arguments()
	if v := r.lookup(name); v != nil && v.fn != nil {
		return r.invoke(v.fn, args)
	}
	if fn := r.functions[name]; fn != nil {
		return r.invoke(fn, args)
	}
	if changes[name] && len(args) > 1 {
		r.change(args[0].source, args[0].value, args[1:])
	}
	if strings.HasPrefix(name, "cf") && len(args) > 0 && args[0].name != "" {
		r.do(name, named(args), at)
		return unknown
	}
	return r.builtin(name, args, at)
}

// arg is an argument of a function, by its place or name.
func arg(args []argument, n int, names ...string) argument {
	for _, a := range args {
		for _, name := range names {
			if a.name == name {
				return a
			}
		}
	}
	if n < len(args) && args[n].name == "" {
		return args[n]
	}
	return argument{value: unknown}
}

func (r *reader) builtin(name string, args []argument, at int) *value {
	first, second := arg(args, 0), arg(args, 1)
	if r.guards(name, args) {
		return unknown
	}
	switch name {
	case "evaluate", "precisionevaluate":
		return r.evaluate(first, at)
	case "iif":
		for _, a := range []argument{second, arg(args, 2)} {
			if !strings.HasPrefix(a.source, "de(") && !strings.HasPrefix(a.source, `"`) && !strings.HasPrefix(a.source, `'`) {
				r.evaluate(a, at)
			}
		}
		return either(second.value, arg(args, 2).value)
	case "render":
		if v := arg(args, 0, "code", "cfml").flat(); v.sent() {
			r.Add(webshell.Webshell, finding.ModerateConfidence, "request-to-eval", "The page evaluates an expression from the request.", v.at, at)
		}
	case "objectload", "unserializejava":
		r.deserialises(first.value, name, at)
	case "createobject":
		return r.created(arg(args, 0, "type"), arg(args, 1, "class", "component"), at)
	case "javacast":
		switch second := second.flat(); strings.ToLower(first.head) {
		case "int", "long", "float", "double", "byte", "short", "bigdecimal":
			return number(second)
		case "char":
			return decoded(&value{req: second.req, at: second.at})
		default:
			return second
		}
	case "gethttprequestdata":
		return request(at)
	case "getpagecontext":
		return &value{open: true, class: "pagecontext", at: at}
	case "structget", "getvariable":
		if first.known() {
			return r.evaluated(first.head, at)
		}
	case "setvariable":
		if first.known() && first.head != "" {
			r.set(strings.ToLower(first.head[strings.LastIndexByte(first.head, '.')+1:]), nil, second.value)
		}
		return second.value
	case "structnew", "arraynew":
		return &value{open: true, fields: map[string]*value{}}
	case "writeoutput", "echo":
		r.emit(first.value)
		return unknown
	case "invoke":
		if fn := r.functions[strings.ToLower(second.head)]; fn != nil && second.known() {
			return r.invoke(fn, []argument{{value: arg(args, 2).value, name: "argumentcollection"}})
		}
	case "queryexecute":
		r.do("cfquery", attributes{values: map[string]*value{"*": first.value, "datasource": arg(args, 2, "options").member("datasource")}}, at)
		return unknown
	}
	if v := r.fileCall(name, args, at); v != nil {
		return v
	}
	return r.derived(name, args)
}

// derived is what a function makes of a text.
func (r *reader) derived(name string, args []argument) *value {
	v := argument{value: unknown}
	for i, a := range args { // of the collection, and what is made of its elements
		if a.fn != nil && i > 0 {
			v = args[0]
			elem := v.element()
			out := r.invoke(a.fn, []argument{{value: r.each(v.value)}, {value: elem}, {value: elem}})
			if !v.scope {
				out = r.invoke(a.fn, []argument{{value: elem}, {value: elem}, {value: elem}})
			}
			return either(out, decoded(v.value))
		}
	}
	if len(args) > 0 {
		v = args[0]
	}
	if name == "chr" {
		return either(decoded(&value{req: v.req, at: v.at}), r.constant(name, args))
	}
	switch {
	case v.known() && len(args) < 5:
		if out := r.constant(name, args); out != unknown {
			return out
		}
	case same[name]:
		return v.value
	}
	switch {
	case numbers[name]:
		return number(values(args)...)
	case apart[name] || strings.HasPrefix(name, "is") || strings.HasPrefix(name, "date"):
		return unknown
	case cuts[name]:
		if v.scope || v.fields != nil {
			return v.element()
		}
		if rest := mixed(values(args[min(1, len(args)):])...); rest.sent() && !v.flat().sent() {
			return rest
		}
		return decoded(v.value)
	case same[name]:
		return v.value
	}
	return mixed(values(args)...)
}

// constant is what a function gives for constants.
func (r *reader) constant(name string, args []argument) *value {
	var texts [3]string
	for i, a := range args {
		if !a.known() || i >= len(texts) {
			return unknown
		}
		texts[i] = a.head
	}
	switch name {
	case "chr":
		if n, err := strconv.Atoi(texts[0]); err == nil && n > 0 && n < 128 {
			return constant(string(rune(n)))
		}
		return unknown
	case "expandpath", "de", "preservesinglequotes", "ltrim", "rtrim", "duplicate":
		return args[0].value
	}
	if s, ok := apply(name, texts[0], texts[1], texts[2], maxKnown); ok {
		return constant(s)
	}
	return unknown
}

// change puts values into the variable that an argument is.
func (r *reader) change(source string, old *value, args []argument) {
	keys := strings.Split(source, ".")
	if own[keys[0]] && len(keys) > 1 {
		keys = keys[1:]
	}
	if plainName.MatchString(source) {
		r.add(keys[0], keys[1:], old, args)
	}
}

var plainName = regexp.MustCompile(`^[a-z_$][\w$]*(?:\.[a-z_$][\w$]*)*$`)

func (r *reader) add(root string, keys []string, old *value, args []argument) {
	v := mixed(values(args)...)
	if len(args) > 0 {
		if last := args[len(args)-1]; last.sent() && last.fields == nil {
			v = last.value
		}
	}
	switch {
	case old.fields != nil:
		for _, a := range args {
			for k, f := range a.fields {
				old.put(k, f)
			}
		}
		if v.sent() {
			old.put("*", v)
		}
	case v.sent() && !old.sent() && root != "":
		if old.class != "" {
			v = &value{open: true, req: true, at: v.at, first: v.first, pure: v.pure, class: old.class, file: old.file}
		}
		r.set(root, keys, v)
	}
}

// guards reports whether a function says that a text of the request is harmless,
// and notes of which variable, while a condition is read.
func (r *reader) guards(name string, args []argument) bool {
	if r.holds == nil || len(args) == 0 {
		return false
	}
	subject := args[0].source
	switch name {
	case "isnumeric", "isdate", "isboolean", "lsisnumeric", "isnumericdate":
	case "isvalid":
		subject = arg(args, 1).source
		if kind := strings.ToLower(args[0].head); kind == "" || kind == "string" || kind == "any" || strings.HasPrefix(kind, "regex") && !harmless.MatchString(arg(args, 2).head) {
			return false
		}
	case "listfind", "listfindnocase", "arrayfind", "arrayfindnocase", "arraycontains", "arraycontainsnocase", "structkeyexists":
		subject = arg(args, 1).source
		if l := args[0].value; l.sent() || l.scope {
			return false
		}
	case "refind", "refindnocase":
		subject = arg(args, 1).source
		if !harmless.MatchString(args[0].head) {
			return false
		}
	default:
		return false
	}
	if subject = bracketed.Replace(subject); plainName.MatchString(subject) {
		*r.holds = append(*r.holds, variable(subject))
	}
	return true
}

// bracketed writes form["a"] as form.a.
var bracketed = strings.NewReplacer(`["`, ".", "['", ".", `"]`, "", "']", "")

// harmless are patterns of which the whole text is digits and dots.
var harmless = regexp.MustCompile(`^\^(?:\[[0-9.\-]+\]|\\[d.]|[{}0-9,+*?])+\$$`)

func variable(name string) string {
	if scope, rest, ok := strings.Cut(name, "."); ok && own[scope] {
		return rest
	}
	return name
}

// condition reads a condition: the variables that are harmless if it is true, or,
// negated, if it is not.
func (r *reader) condition(read func()) (names []string, negated bool) {
	holds, not, or := r.holds, r.negated, r.either
	r.holds, r.negated, r.either = &names, false, false
	read()
	negated = r.negated
	if r.either && !negated {
		names = nil
	}
	r.holds, r.negated, r.either = holds, not, or
	return names, negated
}

func (p *page) checked(names []string, by int) {
	for _, n := range names {
		p.guarded[n] += by
	}
}

// guard is a variable's value, or nothing where it was found harmless.
func (p *page) guard(root string, keys []string, v *value) *value {
	if len(p.guarded) == 0 || root == "" || !v.req || p.guarded[strings.Join(append([]string{root}, keys...), ".")] <= 0 {
		return v
	}
	return unknown
}

// method is what a method of a value gives, whose parenthesis is taken.
func (r *reader) method(root string, keys []string, v *value, name string, at int) *value {
	args := r.arguments()
	if f := v.fields[name]; f != nil && f.fn != nil {
		return r.invoke(f.fn, args)
	}
	if adds[name] && v.file == nil {
		r.add(root, keys, v, args)
		if v.fields == nil && (v.class == "" || strings.HasPrefix(v.class, "java.lang.string")) && len(args) > 0 {
			out := concat(v, args[0].value)
			out.class = v.class
			return out
		}
	}
	if v.class != "" || v.file != nil || classes[name] {
		out := r.java(v, name, args, at)
		if root != "" && out.class == v.class && out.sent() && !v.sent() && r.lookup(root) != nil {
			r.set(root, keys, out)
		}
		return out
	}
	all := append([]argument{{value: v}}, args...)
	for _, kind := range []string{"", "list", "array", "struct", "string"} {
		if n := kind + name; same[n] || cuts[n] || numbers[n] || apart[n] {
			return r.derived(n, all)
		}
	}
	return r.derived(name, all)
}
