package client

import (
	"slices"
	"strings"

	"limier/webshell"
)

// builtin is what a name means that the script does not declare.
func (r *runner) builtin(name string) value {
	switch name {
	case "window", "self", "top", "parent", "globalThis", "frames":
		return r.global.this
	case "location":
		return dom(name, value{from: fromPlace})
	case "document", "navigator", "screen", "history", "localStorage", "sessionStorage":
		return dom(name, value{})
	case "undefined":
		return none()
	case "NaN":
		return calculated("sqrt", []value{num(-1)})
	case "eval", "execScript", "Function", "String", "Number", "Boolean", "Array", "Object", "Math", "JSON", "RegExp", "Date", "Blob", "URL", "FormData", "Promise",
		"parseInt", "parseFloat", "isNaN", "unescape", "escape", "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "atob", "btoa",
		"setTimeout", "setInterval", "requestAnimationFrame", "MutationObserver", "Worker", "importScripts", "fetch", "XMLHttpRequest", "ActiveXObject", "WebSocket", "EventSource", "Image", "jQuery", "$", "axios", "addEventListener", "open":
		return method(value{}, name)
	}
	return value{}
}

// setGlobal assigns what belongs to the window rather than to the script.
func (r *runner) setGlobal(name string, v value) bool {
	switch {
	case name == "location":
		r.redirect(v)
		return true
	case strings.HasPrefix(name, "on") && v.callable():
		r.hears(v, r.global.this, dom("event", value{}))
		return true
	}
	return false
}

// member is what the browser's object v gives.
func (r *runner) member(v value, key string) value {
	switch v.o.class {
	case "window":
		if g := r.global.own(key); g != nil {
			return *g
		}
		return r.builtin(key)
	}
	switch v.o.name {
	case "promise":
		if key != "then" && key != "catch" && key != "finally" {
			v.o.set(used, yes(true))
		}
	case "event":
		switch key {
		case "key", "code", "keyCode", "charCode", "which":
			return value{from: v.from | fromField | fromKeys}
		case "data": // that a worker was sent
			if r.posted != 0 {
				return value{from: v.from | r.posted}
			}
		case "request": // that a service worker sees
			return dom("request", value{from: fromField | fromAll | fromPlace})
		}
	case "localStorage", "sessionStorage":
		if key != "setItem" && key != "getItem" && key != "removeItem" {
			return dom(key, value{from: r.stored | fromKept})
		}
	case "xhr":
		switch key {
		case "responseText", "response", "status", "responseXML", "addEventListener":
			v.o.set(used, yes(true))
		}
	}
	switch key {
	case "referrer":
		return value{from: fromReferrer}
	case "URL", "documentURI":
		return value{from: v.from | fromPlace}
	case "userAgent":
		return value{from: v.from | fromAgent}
	case "webdriver":
		return value{from: v.from | byRobot}
	case "cookie":
		return value{from: v.from | fromKept | allCookies}
	case "href", "host", "hostname", "search", "hash", "pathname", "protocol", "innerHTML", "length", "status", "readyState", "outerHTML", "title":
		return some(v)
	case "value":
		r.gathered = true
		return value{from: r.fieldMark(v)}
	case "location", "document":
		return r.builtin(key)
	case "responseText", "response":
		return value{from: v.o.props["\x00answer"].from | v.from}
	case "parentWindow", "defaultView", "contentWindow":
		return r.global.this
	case "constructor":
		return method(method(value{}, "Object"), key)
	}
	e := dom(key, v)
	if v.from&fromAll != 0 {
		e.from |= r.named(key)
	}
	return e
}

// assigned is a member of the browser's object base being set.
func (r *runner) assigned(base value, name string, v value) {
	tag := base.o.name
	if tag != "img" && tag != "script" {
		r.shows(v)
	}
	switch {
	case name == "cookie" || tag == "localStorage" || tag == "sessionStorage":
		r.keeps = true
		r.stored |= v.marks()
	case name == "to":
		r.swaps(v)
	case name == "download":
		r.smuggles(v)
	case strings.HasPrefix(name, "on"):
		if v.callable() {
			before := r.under
			if clicks[name[2:]] && wholePage(base) {
				r.under |= byAnyClick
			}
			r.hears(v, base, dom("event", value{from: base.o.props["\x00answer"].from}))
			r.under = before
		} else if v.k == text {
			before := r.under
			r.under |= checkoutMark(base)
			r.code(v, "an event handler")
			r.under = before
		}
	case name == "location":
		r.redirect(v)
	case tag == "location":
		if name == "href" {
			r.redirect(v)
		}
	case name == "cssText" || tag == "style" && (name == "innerHTML" || name == "textContent" || name == "innerText"):
		r.styled(v)
	case tag == "script" && (name == "text" || name == "innerHTML" || name == "textContent" || name == "innerText"):
		r.code(v, "a script element")
	case name == "innerHTML" || name == "outerHTML" || name == "srcdoc":
		r.html(v)
	case name == "value" && (tag == "textarea" || tag == "input"):
		r.copied(v)
	case name == "src" || name == "data" && tag == "object" || name == "href" && (tag == "base" || tag == "link"):
		r.load(tag, v)
	}
}

// act calls what the browser gives.
func (r *runner) act(name string, this value, args []value) value {
	a := arg(args, 0)
	jquery := this.is("native") && (this.o.name == "$" || this.o.name == "jQuery" || this.o.name == "axios")
	switch name {
	case "eval", "execScript":
		return r.code(a, name)
	case "Function":
		return r.compile(args)
	case "setTimeout", "setInterval", "setImmediate", "requestAnimationFrame", "MutationObserver":
		before := r.under
		if name != "setTimeout" && name != "setImmediate" {
			r.under |= timed
		}
		defer func() { r.under = before }()
		if a.callable() {
			r.hears(a, r.global.this)
		} else if len(args) > 0 {
			r.code(a, name)
		}
		if name == "MutationObserver" {
			return dom(name, value{})
		}
		return value{}
	case "Worker":
		r.load("script", a)
		return dom("worker", value{})
	case "postMessage":
		if this.is("element") && this.o.name == "worker" {
			r.posted |= some(args...).from
		}
		return value{}
	case "importScripts":
		r.load("script", a)
	case "createElement":
		if a.known() {
			return dom(strings.ToLower(a.string()), value{})
		}
		return dom("", value{})
	case "createTextNode":
		t := dom("#text", value{})
		t.o.set("data", a)
		return t
	case "set", "add", "unshift", "push":
		r.holds(this, args)
	case "appendChild", "insertBefore", "append", "prepend", "after", "before", "replaceWith", "html", "replaceChild":
		if a.is("element") && a.o.name == "#text" && this.is("element") && this.o.name == "script" {
			r.code(a.o.props["data"], "a script element")
		}
		if a.is("element") && a.o.name == "#text" && this.is("element") && this.o.name == "style" {
			r.styled(a.o.props["data"])
		}
		if a.k == text && name != "appendChild" {
			r.html(a)
		}
		r.placed(this, a)
		r.holds(this, args)
		if this.is("element") && a.known() && len(args) > 1 && r.spend(96) { // to what a form sends
			this.o.set(a.string(), args[1])
		}
		if a.k != undefined {
			return a
		}
	case "write", "writeln":
		v := str("")
		for _, a := range args {
			v = r.plus(v, str(a.string()))
			v.from |= a.from
		}
		r.html(v)
		return value{}
	case "insertRule":
		r.styled(a)
	case "insertAdjacentHTML":
		r.html(arg(args, 1))
		return value{}
	case "createContextualFragment", "parseHTML":
		r.html(a)
	case "setAttribute", "attr", "prop":
		if len(args) > 1 && this.k == ref {
			r.set(this, str(strings.ToLower(r.text(a))), arg(args, 1))
			return this
		}
	case "getElementById", "querySelector", "querySelectorAll", "getElementsByName", "getElementsByTagName", "getElementsByClassName", "$", "jQuery", "find", "closest":
		if a.callable() {
			r.later(a, value{}, method(value{}, "$"))
			return value{}
		}
		if (name == "$" || name == "jQuery") && a.is("element") {
			return a
		}
		e := dom(name, this)
		if a.k == text {
			if ofMembers(a.s) {
				e.from |= byMember
			}
			if strings.Contains(a.s, "<") {
				r.html(a)
			}
			e.o.set("\x00which", a)
		}
		return e
	case "ready":
		r.later(a, this, method(value{}, "$"))
		return this
	case "val":
		if len(args) == 0 {
			r.gathered = true
			return value{from: r.fieldMark(this)}
		}
		r.shows(args...)
	case "serialize", "serializeArray", "serializeObject":
		r.gathered = true
		return value{from: r.formMark(this)}
	case "FormData":
		r.gathered = true
		e := dom(name, value{})
		e.from = r.formMark(a)
		return e
	case "URLSearchParams", "Map", "Set", "WeakMap", "Headers":
		e := dom(name, value{})
		e.from = some(args...).from
		if a.is("object") {
			r.copy(e.o, a.o)
		}
		return e
	case "setItem":
		r.keeps = true
		r.stored |= arg(args, 1).marks()
		return value{}
	case "getItem":
		return value{from: r.stored | fromKept}
	case "digest": // what is left tells nobody what was typed
		return dom("promise", value{from: some(args...).from &^ secrets})
	case "writeText", "setData":
		r.copied(arg(args, len(args)-1))
		r.swaps(arg(args, len(args)-1))
	case "createDataChannel": // whom it leads to stands in no address
		c := dom("channel", value{})
		c.o.set("\x00answer", value{from: fromAnswer | bySearch})
		return c
	case "XMLHttpRequest", "ActiveXObject":
		return dom("xhr", value{})
	case "Image":
		return dom("img", value{})
	case "WebSocket", "EventSource":
		s := dom("socket", value{})
		s.o.set("\x00url", a)
		s.o.set("\x00answer", value{from: r.answer(a)})
		r.send(blind, a, value{}, s.o)
		return s
	case "Blob":
		b := dom("blob", value{})
		if a.is("array") {
			b.o.set("data", r.built(a.string(), a))
		}
		return b
	case "createObjectURL":
		return a
	case "open":
		if this.is("element") && this.o.name == "xhr" {
			this.o.set("\x00url", arg(args, 1))
			this.o.set("\x00answer", value{from: r.answer(arg(args, 1))})
			return value{}
		}
		if len(args) > 0 && (this.k == unknown || this.is("window")) {
			r.redirect(a)
		}
	case "setRequestHeader":
		if this.k == ref {
			this.o.set("\x00headers", some(arg(args, 1), this.o.props["\x00headers"]))
		}
		return value{}
	case "send":
		if this.k == ref {
			a.from |= this.o.props["\x00headers"].from
			r.send(how(this), this.o.props["\x00url"], a, this.o)
		}
		return value{}
	case "sendBeacon":
		r.send(blind, a, arg(args, 1), nil)
		return value{}
	case "fetch":
		p := dom("promise", value{from: r.answer(a)})
		settings := arg(args, 1)
		if settings.is("object") && settings.o.props["mode"].s == "no-cors" {
			r.send(blind, a, settings, nil)
			if r.endless > 0 && a.k == text && !a.known() && r.foreign(hostOf(a.s)) {
				r.tell(webshell.Malicious, "attacks-others", "A script has the visitor's browser ask another host without end.", a)
			}
		} else {
			r.send(waits, a, settings, p.o)
		}
		return p
	case "requestPermission": // https://notifications.spec.whatwg.org/#dom-notification-requestpermission
		before := r.under
		r.under |= byLeave
		r.later(a, value{}, value{})
		r.under = before
		return dom("promise", value{from: byLeave})
	case "click":
		if this.is("element") && this.o.name == "a" && len(args) == 0 {
			r.redirect(this.o.props["href"])
			return value{}
		}
	case "then", "finally":
		return r.then(name, this, args)
	case "catch":
		r.later(a, value{}, value{})
		return this
	case "replace", "assign", "navigate", "replaceAll":
		switch {
		case this.is("element") && this.o.name == "location":
			r.redirect(a)
			return value{}
		case name == "assign" && a.k == ref: // Object.assign
			for _, from := range args[1:] {
				if from.is("object") && r.spend(96*len(from.o.keys)) {
					for _, k := range from.o.keys {
						r.set(a, str(k), from.o.props[k])
					}
				}
			}
			return a
		case a.is("regexp"):
			r.replaces(a, arg(args, 1))
		}
	case "submit", "requestSubmit":
		if this.is("element") {
			r.submitted(this)
		}
	case "getScript":
		r.load("script", a)
	case "get", "post", "ajax", "getJSON":
		if jquery {
			return r.ajax(args)
		}
	case "load":
		if this.is("element") && a.k == text {
			r.load("html", a)
		}
	case "test", "exec", "match", "indexOf", "search", "includes", "lastIndexOf", "startsWith", "contains", "hasClass":
		return r.compared(this, a)
	case "forEach", "each", "map", "filter":
		if jquery && name == "each" && a.is("array") { // its functions are given the number first
			for i, e := range a.o.elems {
				if r.left--; r.left <= 0 {
					break
				}
				r.call(arg(args, 1), e, []value{num(float64(i)), e})
			}
			return a
		}
		e := dom("item", this)
		out := this
		for _, f := range args {
			if f.callable() {
				v := r.call(f, e, []value{e, e})
				if name == "map" && v.marks()&^dated != 0 {
					out = dom(name, this)
					out.from |= v.marks()
				}
			}
		}
		return out
	case "reduce":
		if a.callable() {
			e := dom("item", this)
			return some(r.call(a, value{}, []value{arg(args, 1), e}), this)
		}
	case "Date", "now":
		if len(args) == 0 && (name == "Date" || this.is("native") && this.o.name == "Date") {
			return value{from: dated}
		}
		return value{}
	case "getTime", "random":
		return value{from: this.from & dated}
	case "alert":
		r.shows(args...)
	}
	before := r.under
	if len(args) > 1 && args[1].callable() && a.k == text && clicks[a.s] && wholePage(this) || a.callable() && clicks[name] && wholePage(this) {
		r.under |= byAnyClick
	}
	if name == "addEventListener" {
		r.under |= payingMark(this)
		r.hears(arg(args, 1), target(this, args), dom("event", this), value{})
	} else {
		for _, f := range args {
			if f.callable() {
				r.later(f, target(this, args), dom("event", this), value{})
			}
		}
	}
	r.under = before
	if this.is("element") && this.o.name != "console" {
		r.shows(args...)
	}
	out := dom(name, this)
	out.from = some(append(args, this)...).from
	if !slices.Contains(wholes, name) {
		out.from &^= allCookies
	}
	return out
}

// holds notes what is put into an object that keeps it, under no name that is known.
func (r *runner) holds(in value, args []value) {
	if in.k == ref && in.o.container() && r.spend(96) {
		in.o.set("\x00any", some(append(args, in.o.props["\x00any"])...))
	}
}

// clicks are the events that come when a visitor touches the page.
var clicks = map[string]bool{"click": true, "mousedown": true, "mouseup": true, "pointerdown": true, "touchstart": true, "touchend": true, "auxclick": true}

// wholePage says that what is listened to is all of the page.
func wholePage(v value) bool {
	if v.is("element") {
		switch v.o.name {
		case "document", "body", "documentElement":
			return true
		}
		which := v.o.props["\x00which"].s
		return which == "body" || which == "html"
	}
	return v.k == unknown || v.is("window")
}

// wholes give all of what they are given.
var wholes = []string{"concat", "toString", "trim", "parse", "append", "set", "URLSearchParams"}

// compared is a test of something unknown.
func (r *runner) compared(a, b value) value {
	out := some(a, b)
	out.from &^= allCookies
	if a.is("regexp") {
		a, b = b, a
	}
	if b.is("regexp") && r.ofWallets(b) || b.k == text && b.s == "eth_sendTransaction" {
		out.from |= fromWallet
	}
	if b.is("regexp") && a.from&fromField != 0 && manyDigits.MatchString(b.o.name[:min(len(b.o.name), maxPattern)]) {
		r.cards = true
	}
	if a.from&fromAll != 0 && (b.k == text || b.is("regexp")) && r.named(b.string())&fromCard != 0 {
		out.from |= fromCard
	}
	if out.from&(fromReferrer|fromPlace|fromAgent|fromKept) == 0 {
		if b.k == text && len(b.s) < maxSelector && ofMembers(b.s) {
			out.from |= byMember
		}
		return out
	}
	s := strings.ToLower(r.text(a) + " " + r.text(b))
	r.left -= len(s) / 32
	if out.from&fromReferrer != 0 && (webshell.SearchEngine(s) || strings.Contains(s, "google") || strings.Contains(s, "bing") || strings.Contains(s, "yandex")) {
		out.from |= bySearch
	}
	if out.from&fromPlace != 0 && checkout.MatchString(s) {
		out.from |= atCheckout
	}
	if out.from&fromAgent != 0 && robots.MatchString(s) {
		out.from |= byRobot
	}
	if ofMembers(s) {
		out.from |= byMember
	}
	return out
}
