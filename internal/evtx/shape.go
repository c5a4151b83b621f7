package evtx

import "strings"

// A Section is the part of an event that a field stands in.
type Section uint8

// The sections. Rendering is what a forwarding host adds to an event.
const (
	System Section = iota
	EventData
	UserData
	Rendering
)

// A Field is a leaf of the event's XML: the text of an element, or an attribute.
type Field struct {
	// Name is as Sigma has it. In EventData it is the Name attribute, or else
	// the element's name: "Data" for unnamed strings. Elsewhere it is the
	// element's local name. An attribute adds its own: "Provider_Name",
	// "Security_UserID", "Execution_ProcessID".
	Name    string
	Section Section

	// Const says that the template itself holds the value, Text.
	Const bool
	Text  string

	instance uint16
	sub      uint16
	parts    []node // nil: the value sub of the instance, and nothing else
	text     []byte // Text
}

// A Shape lists the fields of all records that are made of the same templates.
// Its exported fields never change, except Plan.
type Shape struct {
	Fields []Field // in the order of the XML; names may repeat

	// The places of well-known fields in Fields; -1 if there is none.
	EventID, Channel, Provider, Computer, RecordID, Time int

	// Plan belongs to the caller that owns the decoder: whatever it worked out
	// for this shape. Shapes live as long as their decoder has room, so do not
	// keep them in a map of your own. Records cloned for others share it.
	Plan any

	instances []instance // how it came about; values are not set
	cost      int
}

// A transition leads from one shape to that with one more template instance.
type transition struct {
	from   *Shape
	parent uint16
	sub    uint16
	to     *Shape
}

const (
	maxFields  = 1 << 14
	maxUses    = 64      // fields that one value may fill; a real template has one
	maxVisited = 1 << 17 // nodes
)

// All returns the indices of the fields that Sigma means by name: what the
// system says of the event (EventID, Channel, Level…), or else the event's own
// data, or else the Version of the event's layout and what a forwarding host
// rendered. Several are repeated elements. Names that differ only in case are
// taken if none is the same.
func (s *Shape) All(name string) []int {
	for _, same := range []func(a, b string) bool{
		func(a, b string) bool { return a == b }, strings.EqualFold,
	} {
		var ranks [3][]int
		for i := range s.Fields {
			f := &s.Fields[i]
			if !same(f.Name, name) {
				continue
			}
			rank := 1
			switch {
			case f.Section == Rendering, f.Section == System && f.Name == "Version":
				rank = 2
			case f.Section == System:
				rank = 0
			}
			ranks[rank] = append(ranks[rank], i)
		}
		for _, indices := range ranks {
			if len(indices) > 0 {
				return indices
			}
		}
	}
	return nil
}

// Index returns the first of [Shape.All], or -1.
func (s *Shape) Index(name string) int {
	if all := s.All(name); len(all) > 0 {
		return all[0]
	}
	return -1
}

// build lists the fields of the shape's instances.
func (s *Shape) build() {
	w := walker{shape: s, uses: map[[2]uint16]int{}}
	if len(s.instances) > 0 {
		w.walk(s.instances[0].tpl.nodes, 0, place{})
	}
	known := map[string]*int{
		"EventID": &s.EventID, "Channel": &s.Channel, "Provider_Name": &s.Provider,
		"Computer": &s.Computer, "EventRecordID": &s.RecordID, "TimeCreated_SystemTime": &s.Time,
	}
	for i := range s.Fields {
		if f := &s.Fields[i]; f.Section == System {
			if at := known[f.Name]; at != nil && *at < 0 {
				*at = i
			}
		}
	}
	s.cost = 256 + 120*len(s.Fields) + 16*w.visited
}

// A place is where in the event's XML a walker is.
type place struct {
	section Section
	inside  bool // within a section
}

type walker struct {
	shape   *Shape
	visited int
	uses    map[[2]uint16]int
}

func (w *walker) walk(nodes []node, instance int, at place) {
	for i := range nodes {
		if w.visited++; w.visited > maxVisited || len(w.shape.Fields) >= maxFields {
			return
		}
		switch n := &nodes[i]; n.kind {
		case nodeElement:
			w.element(n, instance, at)
		case nodeSub:
			w.nested(n.sub, instance, at)
		}
	}
}

// nested walks the instances that stand for a value, and reports whether there
// are any.
func (w *walker) nested(sub uint16, instance int, at place) (found bool) {
	for k := range w.shape.instances {
		in := &w.shape.instances[k]
		if k > instance && int(in.parent) == instance && in.sub == sub {
			w.walk(in.tpl.nodes, k, at)
			found = true
		}
	}
	return found
}

// sections are the children of Event.
var sections = map[string]Section{
	"System": System, "EventData": EventData, "DebugData": EventData, "BinaryEventData": EventData,
	"ProcessingErrorData": EventData, "UserData": UserData, "RenderingInfo": Rendering,
}

func (w *walker) element(n *node, instance int, at place) {
	name := local(n.name)
	if !at.inside {
		section, ok := sections[name]
		if !ok && name == "Event" {
			w.walk(n.kids, instance, at)
			return
		}
		if !ok {
			section = UserData
		}
		w.attributes(n, name, instance, section)
		w.walk(n.kids, instance, place{section: section, inside: true})
		if !ok {
			w.leaf(n, name, instance, section)
		}
		return
	}
	named := false
	if at.section == EventData || at.section == UserData && name == "Data" {
		for i := range n.attrs {
			text, ok := constant(n.attrs[i].kids)
			if ok && n.attrs[i].name == "Name" && text != "" {
				name, named = text, true
			}
		}
	}
	if at.section == Rendering && name != "Message" {
		name = "RenderingInfo_" + name
	}
	w.attributes(n, name, instance, at.section, named)
	w.walk(n.kids, instance, at)
	w.leaf(n, name, instance, at.section)
}

// attributes lists the attributes of n, but for namespaces and the Name that
// became the field's own.
func (w *walker) attributes(n *node, name string, instance int, section Section, named ...bool) {
	for i := range n.attrs {
		a := &n.attrs[i]
		if a.name == "xmlns" || strings.HasPrefix(a.name, "xmlns:") ||
			len(named) > 0 && named[0] && a.name == "Name" {
			continue
		}
		w.add(Field{Name: name + "_" + local(a.name), Section: section}, a.kids, instance)
	}
}

// leaf lists the text of n, if it holds text and no elements. An element that
// is empty and has no attributes is an empty field.
func (w *walker) leaf(n *node, name string, instance int, section Section) {
	for i := range n.kids {
		k := &n.kids[i]
		switch {
		case k.kind == nodeElement:
			return
		case k.kind == nodeSub && w.isNested(k.sub, instance):
			return
		}
	}
	if len(n.kids) > 0 || len(n.attrs) == 0 {
		w.add(Field{Name: name, Section: section}, n.kids, instance)
	}
}

func (w *walker) isNested(sub uint16, instance int) bool {
	for k := range w.shape.instances {
		in := &w.shape.instances[k]
		if k > instance && int(in.parent) == instance && in.sub == sub {
			return true
		}
	}
	return false
}

func (w *walker) add(f Field, parts []node, instance int) {
	f.instance = uint16(instance)
	if text, ok := constant(parts); ok {
		f.Const, f.Text, f.text = true, text, []byte(text)
	} else if len(parts) == 1 && parts[0].kind == nodeSub {
		f.sub = parts[0].sub
	} else {
		f.parts = parts
	}
	for i := range parts {
		if parts[i].kind == nodeSub {
			use := [2]uint16{f.instance, parts[i].sub}
			if w.uses[use]++; w.uses[use] > maxUses {
				return
			}
		}
	}
	if len(w.shape.Fields) < maxFields {
		w.shape.Fields = append(w.shape.Fields, f)
	}
}
