package php

import (
	"strings"

	"limier/webshell"
)

// A hook is where a built-in function takes a callable and what it hands to
// it.
type hook struct {
	at   int   // argument with the callable; -1: the last one
	data []int // arguments whose elements or values reach it
	all  bool  // the arguments after the callable reach it as they are
	list bool  // one argument holds all values
}

var hooks = func() map[string]hook {
	all := map[string]hook{}
	for _, h := range []struct {
		names string
		hook
	}{
		{"call_user_func forward_static_call register_shutdown_function register_tick_function", hook{at: 0, all: true}},
		{"call_user_func_array forward_static_call_array", hook{at: 0, data: []int{1}, list: true}},
		{"iterator_apply", hook{at: 1, data: []int{2}, list: true}},
		{"array_map", hook{at: 0, data: []int{1, 2, 3}}},
		{"array_filter array_walk array_walk_recursive array_reduce array_find array_any", hook{at: 1, data: []int{0}}},
		{"usort uasort uksort", hook{at: 1, data: []int{0, 0}}},
		{`array_udiff array_uintersect array_diff_ukey array_udiff_assoc array_intersect_ukey array_uintersect_assoc
			array_diff_uassoc array_intersect_uassoc array_udiff_uassoc array_uintersect_uassoc`, hook{at: -1, data: []int{0, 1}}},
		{"preg_replace_callback mb_ereg_replace_callback", hook{at: 1, data: []int{2}}},
		{"ob_start set_error_handler set_exception_handler header_register_callback spl_autoload_register readline_completion_function", hook{at: 0}},
		{`assert_options add_action add_filter xml_set_element_handler xml_set_character_data_handler xml_set_default_handler
			xml_set_processing_instruction_handler ldap_set_rebind_proc`, hook{at: 1}},
		{"session_set_save_handler sqlite_create_function register_rest_route", hook{at: 2}},
	} {
		for name := range words(h.names) {
			all[name] = h.hook
		}
	}
	return all
}()

// elementOf is what a callback gets of an array or value.
func elementOf(v value) value {
	if a, ok := v.ref.(*array); ok && v.k == vArr {
		if len(a.vals) == 1 && !a.open {
			return a.vals[0]
		}
		t, tr := taintOf(v)
		return value{t: t &^ wholeReq, tr: tr}
	}
	if o, ok := v.ref.(*object); ok && o.class == nil && o.props["#args"] != nil {
		return elementOf(elementOf(o.props["#args"].v))
	}
	v.t &^= wholeReq
	if v.k == vUnknown {
		v.ref = nil
	}
	return v
}

// callback runs or judges a callable that a built-in function was given.
func (m *machine) callback(c *call, f value, args []value) value {
	if f.k == vNull {
		return value{}
	}
	return m.callValue(c.n, f, args, nil, false)
}

// hooked answers the calls of hooks.
func (m *machine) hooked(c *call, h hook) value {
	at := h.at
	if at < 0 {
		at = len(c.args) - 1
	}
	if c.name == "array_filter" && len(c.args) == 1 {
		return c.args[0]
	}
	if at < 0 || at >= len(c.args) {
		return value{}
	}
	f := c.args[at]
	var args []value
	if h.all {
		args = append(args, c.args[min(len(c.args), at+1):]...)
	}
	if c.name == "call_user_func" && len(args) == 0 {
		return m.callValue(c.n, f, nil, none, false)
	}
	if h.list {
		v := c.arg(h.data[0])
		if l, ok := v.list(); ok {
			args = append(args, l...)
		} else if v.k != vNull {
			e := elementOf(v)
			args = append(args, e, e)
		}
		return m.callback(c, f, args)
	}
	m.hookedCommand(c, f)
	switch c.name {
	case "assert_options":
		if name, ok := f.text(); !ok || !deadly[strings.ToLower(name)] || !m.isolated() {
			return value{}
		}
		args = append(args, value{t: fromRequest | unsure, tr: m.at(c.n)}) // the code of an assertion that fails
	case "session_set_save_handler":
		args = append(args, value{t: fromRequest, tr: m.at(c.n)}) // the session's id comes from the client
	case "add_action", "add_filter":
		r := m.callback(c, f, m.wordPressArgs(c))
		m.conceals(c.n, r)
		if name := c.arg(0).s; r.t&shady != 0 && r.t&decoded != 0 && (name == "the_content" || name == "the_excerpt" || name == "the_title") {
			m.report("hidden-content", webshell.Malicious, moderate, "Content of another host, whose name is hidden, is shown.", c.n, r)
		}
		return value{t: r.t, tr: r.tr}
	case "register_rest_route":
		return m.restRoute(c)
	case "array_map":
		if v, ok := m.mapped(c, f); ok {
			return v
		}
	case "ob_start", "set_error_handler", "set_exception_handler", "register_shutdown_function", "spl_autoload_register", "header_register_callback":
		if m.postpone(c, f) {
			return value{}
		}
	case "preg_replace_callback", "mb_ereg_replace_callback":
		e := elementOf(c.arg(2))
		if s, ok := c.text(2); ok {
			if v, ok := m.replaceCallback(c, f, s); ok {
				return v
			}
		}
		inner := newArray()
		inner.add(value{t: e.t, tr: e.tr})
		r := m.callback(c, f, []value{arrOf(inner)})
		return value{t: e.t.turned(r.t), tr: firstTrace(r.tr, e.tr)}
	}
	if v, ok := m.calledBack(c, f); ok {
		return v
	}
	if l, ok := c.arg(0).list(); ok && c.name == "array_reduce" && len(l) > 0 && len(l) <= 20000 {
		sum := c.arg(2)
		for _, x := range l {
			if m.steps <= 0 {
				return value{}
			}
			sum = m.callback(c, f, []value{sum, x})
		}
		return sum
	}
	var t taint
	var tr *trace
	for _, i := range h.data {
		if i < len(c.args) && i != at {
			e := elementOf(c.args[i])
			args = append(args, e)
			t |= e.t
			tr = firstTrace(tr, e.tr)
		}
	}
	if c.name == "array_reduce" {
		args = append([]value{c.arg(2)}, args...)
	}
	r := m.callback(c, f, args)
	if h.all {
		return r
	}
	return value{t: t.turned(r.t), tr: firstTrace(r.tr, tr)}
}

func firstTrace(a, b *trace) *trace {
	if a != nil {
		return a
	}
	return b
}

func (m *machine) replaceCallback(c *call, f value, s string) (value, bool) {
	p, ok := c.text(0)
	if !ok || len(s) > 1<<18 {
		return value{}, false
	}
	re, _, ok := m.regex(p)
	if !ok {
		return value{}, false
	}
	var b strings.Builder
	last := 0
	var t taint
	for _, loc := range re.FindAllStringSubmatchIndex(s, 20000) {
		groups := newArray()
		for g := 0; g+1 < len(loc); g += 2 {
			if loc[g] < 0 {
				groups.push(str(""))
			} else {
				groups.push(str(s[loc[g]:loc[g+1]]))
			}
		}
		r := m.callback(c, f, []value{arrOf(groups)})
		x, ok := r.text()
		if !ok || b.Len() > maxString || m.steps <= 0 {
			return value{}, false
		}
		t |= r.t
		b.WriteString(s[last:loc[0]])
		b.WriteString(x)
		last = loc[1]
	}
	b.WriteString(s[last:])
	m.spend(len(s))
	return value{k: vStr, s: b.String(), t: t | c.arg(2).t&fromBlob | hidden}, true
}

// store assigns to the argument i of a call, which PHP passes by reference.
func (m *machine) store(c *call, i int, v value) {
	if i < len(c.nodes) && lvalue(c.nodes[i]) {
		m.assign(c.nodes[i], v)
	}
}

// effect answers calls that change variables, or that call back.
func (m *machine) effect(c *call) (value, bool) {
	if c.native.hook != nil {
		return m.hooked(c, *c.native.hook), true
	}
	a0 := c.arg(0)
	switch c.name {
	case "escapeshellarg":
		return shellArgument(a0), true
	case "define":
		if s, ok := c.text(0); ok {
			m.consts[baseName(s)] = c.arg(1)
		}
		return boolean(true), true
	case "constant":
		if s, ok := c.text(0); ok {
			if cls, name, ok := strings.Cut(s, "::"); ok {
				return m.constantOf(m.classes[lowerName(baseName(cls))], name), true
			}
			return m.constant(&node{op: nConst, s: s}), true
		}
		return value{t: a0.t, tr: a0.tr}, true
	case "extract", "import_request_variables":
		if t, _ := taintOf(a0); c.name != "extract" || t&fromRequest != 0 && t&unsure == 0 {
			if m.f == m.globals && !m.standalone {
				m.extracted = true
			}
		} else if a, ok := a0.ref.(*array); ok && a0.k == vArr {
			for i := range a.vals {
				k := a.keyAt(i)
				if k.str && k.s != "" {
					m.assign(&node{op: nVar, s: k.s}, a.vals[i])
				}
			}
		}
		return value{}, true
	case "parse_str", "mb_parse_str":
		t, tr := taintOf(a0)
		if t&fromURI != 0 { // its fields are those of the request
			t |= fromRequest
		}
		if s, ok := c.text(0); ok {
			a := newArray()
			for _, kv := range strings.Split(s, "&") {
				k, v, _ := strings.Cut(kv, "=")
				if key, ok := keyOf(str(unescapeURL(k, true))); ok && k != "" {
					a.set(key, value{k: vStr, s: unescapeURL(v, true), t: t | hidden})
				}
			}
			if len(c.args) > 1 {
				m.store(c, 1, arrOf(a))
			} else {
				for i := range a.vals {
					k := a.keyAt(i)
					s, _ := k.value().text()
					m.assign(&node{op: nVar, s: s}, a.vals[i])
				}
			}
			return null, true
		}
		if len(c.args) > 1 {
			m.store(c, 1, value{t: t, tr: tr})
		} else if t&fromRequest != 0 && m.f == m.globals {
			m.extracted = true
		}
		return null, true
	case "func_get_args":
		a := newArray()
		for _, v := range m.f.args {
			a.push(v)
		}
		return arrOf(a), true
	case "func_get_arg":
		if i := c.int(0, 0); i >= 0 && i < int64(len(m.f.args)) {
			return m.f.args[i], true
		}
		return value{}, true
	case "func_num_args":
		return num(int64(len(m.f.args))), true
	case "compact":
		a := newArray()
		for _, v := range c.args {
			if s, ok := v.text(); ok && m.f.vars[s] != nil {
				a.set(key{s: s, str: true}, m.f.vars[s].v)
			}
		}
		return arrOf(a), true
	case "preg_match", "preg_match_all", "ereg", "eregi", "mb_ereg", "sscanf":
		if v, ok := foldScan(c); ok && c.name == "sscanf" {
			return v, true
		}
		subject := 1
		if c.name == "sscanf" {
			subject = 0
		}
		t, tr := taintOf(c.arg(subject))
		if len(c.args) > 2 {
			if v, ok := m.matches(c); ok {
				m.store(c, 2, v)
			} else {
				a := newArray()
				a.add(value{t: t &^ wholeReq, tr: tr})
				m.store(c, 2, arrOf(a))
			}
		}
		if c.name == "sscanf" && len(c.args) == 2 {
			a := newArray()
			a.add(value{t: t &^ wholeReq, tr: tr})
			return arrOf(a), true
		}
		return value{t: t&(fromHeader|spotted) | m.spots(c, t)}, true
	case "iterator_to_array":
		if v := m.listed(a0); v.k == vArr {
			return v, true
		}
		return value{}, false
	case "array_unshift", "array_splice":
		if v, ok := m.spliced(c); ok {
			return v, true
		}
		fallthrough
	case "array_push":
		for _, v := range c.args[min(1, len(c.args)):] {
			if len(c.nodes) > 0 {
				m.assignIndexNode(c.nodes[0], v)
			}
		}
		return value{}, true
	case "array_pop", "array_shift", "end", "reset", "current", "pos", "key", "next", "prev", "each":
		return m.pick(c), true
	case "ob_get_clean", "ob_get_contents", "ob_get_flush", "ob_end_clean", "ob_end_flush", "ob_flush":
		return m.buffered(c), true
	case "trigger_error", "user_error":
		m.raise(a0)
		if to, ok := m.facts.setting("ini", "error_log"); ok {
			m.written(c, to, a0)
		}
		for i := len(m.ending) - 1; i >= 0; i-- {
			if m.ending[i].by == "set_error_handler" {
				m.callNow(m.ending[i], value{}, a0)
				break
			}
		}
		return value{}, true
	case "openssl_public_decrypt", "openssl_private_decrypt", "openssl_open":
		m.store(c, 1, value{t: a0.t&^wholeReq | decoded, tr: a0.tr})
		return value{}, true
	case "openssl_public_encrypt", "openssl_private_encrypt", "openssl_seal":
		m.store(c, 1, value{t: a0.t | wrapped, tr: a0.tr})
		return value{}, true
	case "settype":
		return value{}, true
	case "sort", "rsort", "ksort", "krsort", "asort", "arsort", "shuffle", "natsort", "array_multisort":
		return m.sorted(c), true
	case "array_rand": // any of them will do
		if a, ok := a0.ref.(*array); ok && len(a.vals) > 0 && !a.open && c.int(1, 1) == 1 {
			return a.keyAt(0).value(), true
		}
		return value{}, true
	case "get_defined_functions", "get_defined_constants", "get_loaded_extensions", "get_declared_classes":
		return value{t: hidden}, true
	case "get_class", "get_class_methods", "get_object_vars", "get_class_vars":
		return m.described(c), true
	case "strtok":
		return m.token(c), true
	case "str_word_count":
		return value{}, true
	case "is_callable", "function_exists":
		if len(c.nodes) > 0 && c.nodes[0].op == nVar && c.nodes[0].s != "" {
			if m.facts.asked == nil {
				m.facts.asked = map[string]bool{}
			}
			m.facts.asked[c.nodes[0].s] = true
		}
		return value{}, true
	case "array_key_first":
		if a, ok := a0.ref.(*array); ok && len(a.vals) > 0 {
			return a.keyAt(0).value(), true
		}
		t, tr := taintOf(a0)
		return value{t: t &^ wholeReq, tr: tr}, true
	case "session_start", "spl_autoload_functions":
		return value{}, true
	}
	return value{}, false
}

// described is what a function tells of a class of the file.
func (m *machine) described(c *call) value {
	o, _ := c.arg(0).ref.(*object)
	if o == nil {
		name, _ := c.text(0)
		if cls := m.classes[strings.ToLower(baseName(name))]; cls != nil {
			o = m.instance(cls)
		}
	}
	if o != nil && c.name == "get_object_vars" {
		return arrOf(o.array())
	}
	if o == nil || o.class == nil {
		return value{}
	}
	a := newArray()
	switch c.name {
	case "get_class":
		return value{k: vStr, s: o.name, t: hidden}
	case "get_class_methods":
		for _, f := range o.class.order {
			a.push(value{k: vStr, s: f.name, t: hidden})
		}
	default:
		a = o.array()
	}
	return arrOf(a)
}

// token is strtok on known text.
func (m *machine) token(c *call) value {
	rest, cuts := m.facts.tokens, c.arg(0).s
	if len(c.args) > 1 {
		rest, cuts = c.arg(0), c.arg(1).s
	}
	if rest.k != vStr || cuts == "" || !m.spend(len(rest.s)) {
		m.facts.tokens = value{t: rest.t &^ wholeReq, tr: rest.tr}
		return m.facts.tokens
	}
	s := strings.TrimLeft(rest.s, cuts)
	if s == "" {
		return boolean(false)
	}
	i := strings.IndexAny(s, cuts)
	if i < 0 {
		i = len(s)
	}
	m.facts.tokens = value{k: vStr, s: s[i:], t: rest.t}
	return value{k: vStr, s: s[:i], t: rest.t | hidden}
}

// matches computes the groups of preg_match on known text.
func (m *machine) matches(c *call) (value, bool) {
	p, ok := c.text(0)
	s, sok := c.text(1)
	if !ok || !sok || !strings.HasPrefix(c.name, "preg") || len(s) > 1<<20 {
		return value{}, false
	}
	re, _, rok := m.regex(p)
	if !rok {
		return value{}, false
	}
	m.spend(len(s))
	t := c.arg(1).t
	groups := make([]*array, re.NumSubexp()+1)
	for i := range groups {
		groups[i] = newArray()
	}
	limit := 1
	if c.name == "preg_match_all" {
		limit = 20000
	}
	for _, loc := range re.FindAllStringSubmatch(s, limit) {
		for i, g := range loc {
			groups[i].push(value{k: vStr, s: g, t: t})
		}
	}
	out := newArray()
	for _, g := range groups {
		if c.name == "preg_match_all" {
			out.push(arrOf(g))
		} else if len(g.vals) > 0 {
			out.push(g.vals[0])
		}
	}
	return arrOf(out), true
}

func (m *machine) assignIndexNode(n *node, v value) {
	m.assignIndex(&node{op: nIndex, a: n}, v)
}
