// Package php judges PHP files, of every era from PHP 3 to PHP 8, by what
// their code does.
//
// A file that holds nothing of interest costs one pass over its bytes. Any
// other is read by a tolerant lexer and parser, and run by a machine that has
// no effects: it computes what is known, decodes what is hidden, and follows
// the data that a request controls to the calls that matter.
package php

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"

	"limier/internal/literal"
	"limier/webshell"
)

// Language is the PHP analyser.
var Language = &webshell.Language{
	Name:    "php",
	Doc:     "PHP pages, in any file that opens a PHP tag",
	Match:   match,
	Analyse: Analyse,
	Briefly: func(name string, data []byte) []webshell.Reason { return analyse(name, data, true) },
}

func match(name string, head []byte) bool {
	switch path.Ext(strings.ToLower(name)) {
	case ".php", ".phtml", ".php3", ".php4", ".php5", ".php7", ".php8", ".phps", ".pht", ".phar", ".inc", ".module":
		return true
	}
	return openings().Any(head)
}

var openings = literal.NewSource("<?php", "<?=")

// Analyse returns every argument against a PHP file, the strongest first.
func Analyse(name string, data []byte) []webshell.Reason { return analyse(name, data, false) }

// analyse ends with the first certain web shell if it is to be brief.
func analyse(name string, data []byte, brief bool) []webshell.Reason {
	have := traits(data)
	takes, pours := mayTake(data, have), mayPour(data, have)
	if !takes && !pours && !interesting(data, have) && !misspells(data, have) {
		parts, shows, hides := holdsParts(data, have), have&(saysScript|saysWho|saysMoves) != 0 && showsForeign(data, have), mayHide(data, have)
		attacks, poses := mayAttack(data, have), mayPose(data, have)
		if !parts && !shows && !hides && !poses && !attacks {
			return nil
		}
		m := newMachine(name, data, have)
		defer m.release()
		m.list = newParser(m.file, 0, len(m.file.tokens)-1).statements()
		if parts {
			m.parts()
		}
		if shows {
			m.shown()
		}
		m.hiding()
		if attacks {
			m.attacking()
		}
		if poses {
			m.poses()
		}
		return webshell.Strongest(m.reasons)
	}
	m := newMachine(name, data, have)
	defer m.release()
	m.takes, m.pours, m.brief = takes, pours, brief
	m.analyse()
	if m.settled() {
		return m.reasons
	}
	m.parts()
	if !m.alarmed() && (showsForeign(data, have) || have&hasShape != 0) {
		m.shown()
	}
	if !m.alarmed() && mayPose(data, have) {
		m.poses()
	}
	if !m.alarmed() {
		m.hiding()
	}
	if !m.alarmed() {
		if mayAttack(data, have) {
			m.attacking()
		}
		m.unfinished()
	}
	return webshell.Strongest(m.reasons)
}

// unfinished says why the file was not read or followed to its end, where that
// may hide something.
func (m *machine) unfinished() {
	last := m.file.tokens[max(0, len(m.file.tokens)-2)].end
	switch {
	case m.file.cut && traits(m.file.src[last:])&hasHot != 0:
		m.reason(webshell.Unread(webshell.TooLong))
	case m.file.stock.lost:
		m.reason(webshell.Unread(webshell.TooDeep))
	case !m.unread:
	case m.nodes <= 0:
		m.reason(webshell.Unread(webshell.TooLong))
	default:
		m.reason(webshell.Unread(webshell.TooMuch))
	}
}

func (m *machine) analyse() []webshell.Reason {
	m.program(m.file)
	m.spent = m.spent || m.steps <= 0
	m.finish()
	if !m.alarmed() && (m.spent || m.bytes < 0 || m.nodes <= 0 || m.file.cut || m.file.stock.skipped) {
		m.unread = !m.rescue()
	}
	m.judge()
	webshell.Strongest(m.reasons)
	if m.alarmed() && m.evals == 0 {
		m.reasons[0].Family = m.family()
	}
	return m.reasons
}

// finish runs what a request would run later, and what nobody called.
func (m *machine) finish() {
	if m.settled() {
		return
	}
	m.atEnd()
	for _, o := range m.facts.objects {
		for _, name := range []string{"__destruct", "__tostring", "__invoke"} {
			if f := m.method(o.class, name); f != nil && f.runs == 0 {
				m.invoke(f, nil, nil, o, nil)
			}
		}
	}
	m.standalone = true
	left := m.steps
	share := func(f *function, this *object, vars map[string]*slot) {
		m.steps = min(left, m.limit/10)
		if len(m.reasons)+len(m.facts.seen)+m.facts.layers == 0 { // whatever the file looks like
			m.steps = min(m.steps, quietSteps/2)
		}
		before := m.steps
		m.invoke(f, nil, nil, this, vars)
		m.spent = m.spent || m.steps <= 0
		left -= before - max(0, m.steps)
		if m.settled() {
			left = 0
		}
	}
	run := func(f *function, this *object) {
		if f.runs == 0 && left > 0 && m.worthRunning(f) {
			share(f, this, nil)
		}
	}
	known := 0
	functions := func() {
		for known < len(m.funcs) { // grows: functions declare others
			known = len(m.funcs)
			for _, f := range sorted(m.funcs) {
				run(f, nil)
			}
		}
	}
	functions()
	for _, c := range sorted(m.classes) {
		hot := false
		for _, f := range c.order {
			hot = hot || f.runs == 0 && m.worthRunning(f)
		}
		if !hot {
			continue
		}
		if c.self == nil {
			c.self = m.instance(c)
		}
		for _, f := range c.order {
			run(f, c.self)
		}
	}
	for i := 0; i < len(m.facts.closures); i++ {
		c := m.facts.closures[i]
		if c.fn.runs == 0 && left > 0 && m.worthRunning(c.fn) {
			share(c.fn, c.this, c.vars)
		}
	}
	functions() // of methods and closures
	m.steps = left
	if !m.alarmed() {
		m.sweep()
	}
}

// worthRunning says whether a function that nobody called can do harm. In a
// part of a program, most functions only look as if they could.
func (m *machine) worthRunning(f *function) bool {
	have, _ := bodyTraits(f)
	if m.trades(f) {
		return true
	}
	if !m.framed || m.have&hasShape != 0 {
		return have&hasHot != 0
	}
	body := f.unit.src[f.toks[f.lo].pos:f.toks[f.hi].pos]
	return have&(hasDeadly|hasShape) != 0 || have&hasInclude != 0 && oddInclude(body) || have&hasWrite != 0 && writesHidden(body) || have&hasDynamic != 0 && have&hasBuild != 0 && unpads(body) || have&(hasMail|hasRemote) != 0 && tellsPassword(body) || have&hasCards != 0 && have&(hasWrite|hasRemote) != 0 ||
		have&(hasDynamic|hasHook|hasInclude|hasWrite) != 0 && have&(hasRequest|hasHeader|hasRemote|hasStrong) != 0 ||
		have&hasHeader != 0 && have&hasRemote != 0 || have&hasRemote != 0 && m.logsIn()
}

// trades says that a function may take what visitors type, or pour into their
// pages what the site keeps.
func (m *machine) trades(f *function) bool {
	have, size := bodyTraits(f)
	if !f.asked && size > 0 && (m.takes || m.pours) {
		body := f.unit.src[f.toks[f.lo].pos:f.toks[f.hi].pos]
		f.trades = m.takes && have&(hasRequest|hasWrite|hasRemote) != 0 && askWords().Any(body) && takeWords().Any(body) || m.pours && (storeWords().Any(body) || have&hasBuild != 0 && bytes.Contains(body, []byte("<script")))
	}
	f.asked = true
	return f.trades
}

// sorted are the values of a map, by their names.
func sorted[T any](all map[string]T) (list []T) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[name])
	}
	return list
}
