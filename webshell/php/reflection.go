package php

import (
	"regexp"
	"strings"
)

// reflected answers the methods of ReflectionClass and of what it leads to, for
// classes of the file; ok is false for others.
func (m *machine) reflected(o *object, name string, args []value) (v value, ok bool) {
	var made []value
	if s := o.props["#args"]; s != nil {
		made, _ = s.v.list()
	}
	if len(made) == 0 {
		return value{}, false
	}
	c := m.classOf(made[0])
	arg := func(l []value, i int) string {
		if i < len(l) {
			s, _ := l[i].text()
			return s
		}
		return ""
	}
	member := o.name == "reflectionproperty" || o.name == "reflectionmethod" || o.name == "reflectionclassconstant"
	switch name {
	case "getdoccomment":
		switch o.name {
		case "reflectionfunction":
			return m.docComment(`function\s+&?\s*`, arg(made, 0)), true
		case "reflectionproperty":
			return m.docComment(`\$`, arg(made, 1)), true
		case "reflectionmethod":
			return m.docComment(`function\s+&?\s*`, arg(made, 1)), true
		case "reflectionclassconstant":
			return m.docComment(`const\s+`, arg(made, 1)), true
		}
		return m.docComment(`class\s+`, arg(made, 0)), true
	case "getfilename":
		return value{t: selfPath}, true
	case "getname", "getshortname":
		if member {
			return str(arg(made, 1)), true
		}
		if of, ok := made[0].ref.(*object); ok {
			return str(of.name), true
		}
		return made[0], true
	}
	if c == nil {
		return value{}, false
	}
	switch name {
	case "getconstant":
		return m.constantOf(c, arg(args, 0)), true
	case "getconstants":
		a := newArray()
		for _, k := range c.named {
			a.set(key{s: k, str: true}, m.constantOf(c, k))
		}
		return arrOf(a), true
	case "getstaticpropertyvalue":
		m.initClass(c)
		if s := c.statics[arg(args, 0)]; s != nil {
			return s.v, true
		}
	case "getdefaultproperties":
		return arrOf(m.instance(c).array()), true
	case "getvalue":
		if o.name == "reflectionclassconstant" {
			return m.constantOf(c, arg(made, 1)), true
		}
		if len(args) > 0 {
			if of, _ := args[0].ref.(*object); of != nil && of.props[arg(made, 1)] != nil {
				return of.props[arg(made, 1)].v, true
			}
		}
		m.initClass(c)
		if s := c.statics[arg(made, 1)]; s != nil {
			return s.v, true
		}
	}
	return value{}, false
}

// classOf is the class of the file that a value names, or whose object it is.
func (m *machine) classOf(v value) *class {
	if o, ok := v.ref.(*object); ok && v.k == vObj {
		return o.class
	}
	s, _ := v.text()
	return m.classes[lowerName(baseName(s))]
}

// docComment is the comment before what a pattern and a name declare.
func (m *machine) docComment(what, name string) value {
	src := string(m.file.src)
	declared, err := regexp.Compile("(?i)" + what + regexp.QuoteMeta(name) + `\b`)
	if err != nil || name == "" || !m.spend(len(src)) {
		return value{}
	}
	at := declared.FindStringIndex(src)
	if at == nil {
		return value{}
	}
	e := strings.LastIndex(src[:at[0]], "*/")
	s := strings.LastIndex(src[:at[0]], "/**")
	if s < 0 || e < s {
		return value{}
	}
	return value{k: vStr, s: src[s : e+2], t: hidden | decoded}
}
