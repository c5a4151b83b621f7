package feed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// Withdraw deletes parts of an event: the objects whose comment, and the
// attributes outside objects whose value, gone says yes to. They stay in the
// event, marked as deleted and newer than before, since this is how a platform
// that pulled them learns to delete its own: what is merely missing it keeps.
// With nothing left, the event's title says that it was withdrawn. Without such
// a part the event comes back as it was.
func Withdraw(text []byte, gone func(comment, value string) bool, reason string, at time.Time) ([]byte, error) {
	doc, e, err := open(text)
	if err != nil {
		return nil, err
	}
	stamp, note := later(e, at), fmt.Sprintf("Withdrawn by its publisher, %s: %s", at.UTC().Format(time.DateOnly), reason)
	changed := false
	for _, o := range parts(e, "Object") {
		if comment, _ := o["comment"].(string); isDeleted(o) || !gone(comment, "") {
			continue
		}
		changed, o["deleted"], o["timestamp"] = true, true, stamp
		for _, a := range parts(o, "Attribute") {
			a["deleted"], a["timestamp"] = true, stamp
			delete(a, "Tag")
			if a["type"] == "text" && a["object_relation"] == "text" {
				a["value"] = note
			}
		}
	}
	for _, a := range parts(e, "Attribute") {
		if value, _ := a["value"].(string); isDeleted(a) || !gone("", value) {
			continue
		}
		changed, a["deleted"], a["timestamp"], a["to_ids"], a["comment"] = true, true, stamp, false, note
	}
	if !changed {
		return text, nil
	}
	if settle(e, nil) == 0 {
		e["info"] = note
	}
	e["timestamp"] = stamp
	return json.Marshal(doc)
}

// Keep is a new version of an event that was published: what was deleted from it
// stays so. If nothing else differs, it is the old version itself.
func Keep(old, fresh []byte, at time.Time) ([]byte, error) {
	_, was, err := open(old)
	if err != nil {
		return nil, err
	}
	doc, e, err := open(fresh)
	if err != nil {
		return nil, err
	}
	settle(e, was)
	same := maps.Clone(e)
	same["timestamp"] = was["timestamp"]
	if reflect.DeepEqual(same, was) {
		return old, nil
	}
	e["timestamp"] = later(was, at)
	return json.Marshal(doc)
}

// Join is an event with its new objects, and with those that the version before
// has besides, as they were; title names it by how many there are.
func Join(old, fresh []byte, title func(objects int) string) ([]byte, error) {
	_, was, err := open(old)
	if err != nil {
		return nil, err
	}
	doc, e, err := open(fresh)
	if err != nil {
		return nil, err
	}
	added := parts(e, "Object")
	all := []any{}
	for _, o := range parts(was, "Object") {
		i := slices.IndexFunc(added, func(a map[string]any) bool { return a["uuid"] == o["uuid"] })
		switch {
		case i >= 0:
			o = added[i]
			added = slices.Delete(added, i, i+1)
		case isDeleted(o):
			continue
		}
		all = append(all, o)
	}
	for _, o := range added {
		all = append(all, o)
	}
	e["Object"], e["info"] = all, title(len(all))
	return json.Marshal(doc)
}

// settle puts what is deleted, and what was in the version before, behind the
// rest, counts the attributes that are not, and returns how many parts are left.
func settle(e, was map[string]any) (left int) {
	attributes := 0
	for _, kind := range []string{"Object", "Attribute"} {
		dead := map[any]bool{}
		live, end := []any{}, []any{}
		for _, p := range append(parts(was, kind), parts(e, kind)...) {
			if isDeleted(p) && !dead[p["uuid"]] {
				dead[p["uuid"]] = true
				end = append(end, p)
			}
		}
		for _, p := range parts(e, kind) {
			if dead[p["uuid"]] {
				continue
			}
			left++
			live = append(live, p)
			if attributes++; kind == "Object" {
				attributes += len(parts(p, "Attribute")) - 1
			}
		}
		if e[kind] != nil || len(end) > 0 {
			e[kind] = append(live, end...)
		}
	}
	e["attribute_count"] = strconv.Itoa(attributes)
	return left
}

// later is the time as events write it, and after that of a version before.
func later(was map[string]any, at time.Time) string {
	before, _ := was["timestamp"].(string)
	n, _ := strconv.ParseInt(before, 10, 64)
	return strconv.FormatInt(max(at.Unix(), n+1), 10)
}

// parts are the objects or attributes of an event or object.
func parts(of map[string]any, kind string) (all []map[string]any) {
	list, _ := of[kind].([]any)
	for _, p := range list {
		if p, ok := p.(map[string]any); ok {
			all = append(all, p)
		}
	}
	return all
}

func isDeleted(part map[string]any) bool { return part["deleted"] == true }

// open decodes an event, and keeps what this package does not know of it.
func open(text []byte) (doc, event map[string]any, err error) {
	if _, err := parse(text); err != nil {
		return nil, nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return nil, nil, err
	}
	event, ok := doc["Event"].(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("no event")
	}
	return doc, event, nil
}
