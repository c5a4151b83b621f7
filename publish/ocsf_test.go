package publish_test

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// table reads the words of each line of a file, without its remarks.
func table(t *testing.T, name string) (rows [][]string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	for in.Scan() {
		if line := in.Text(); line != "" && !strings.HasPrefix(line, "#") {
			rows = append(rows, strings.Fields(line))
		}
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// An attribute of OCSF.
type attribute struct {
	kind     string
	list     bool
	required bool
	enum     []string
}

type ocsfSchema struct {
	attributes map[string]map[string]attribute // by object and name
	oneOf      map[string][]string
}

// ocsfValidator checks detection findings against the attributes, types,
// enumerations and constraints of OCSF 1.5.0.
func ocsfValidator(t *testing.T) func([]byte) (string, error) {
	s := ocsfSchema{map[string]map[string]attribute{}, map[string][]string{}}
	for _, row := range table(t, "testdata/ocsf-1.5.0.txt") {
		if row[1] == "at_least_one" {
			s.oneOf[row[0]] = row[2:]
			continue
		}
		a := attribute{kind: strings.TrimSuffix(row[2], "[]"), list: strings.HasSuffix(row[2], "[]"), required: row[3] == "required"}
		if len(row) > 4 {
			a.enum = strings.Split(row[4], ",")
		}
		if s.attributes[row[0]] == nil {
			s.attributes[row[0]] = map[string]attribute{}
		}
		s.attributes[row[0]][row[1]] = a
	}
	return func(b []byte) (string, error) {
		all, err := documents(b)
		if err != nil {
			return "", err
		}
		for _, v := range all {
			if err := s.object("detection_finding", v); err != nil {
				return "", err
			}
			if v["type_uid"] != v["class_uid"].(float64)*100+v["activity_id"].(float64) {
				return "", errors.New("class, activity and type do not belong together")
			}
			if got := v["metadata"].(map[string]any)["version"]; got != "1.5.0" {
				return "", fmt.Errorf("version %v", got)
			}
		}
		return fmt.Sprintf("%d findings", len(all)), nil
	}
}

func (s ocsfSchema) object(name string, v any) error {
	o, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is %T", name, v)
	}
	attributes := s.attributes[name]
	if attributes == nil {
		return fmt.Errorf("the table lacks the object %s", name)
	}
	for k, a := range attributes {
		if a.required && o[k] == nil {
			return fmt.Errorf("%s lacks %s", name, k)
		}
	}
	if one := s.oneOf[name]; len(one) > 0 && !slices.ContainsFunc(one, func(k string) bool { return o[k] != nil }) {
		return fmt.Errorf("%s has none of %v", name, one)
	}
	for k, x := range o {
		a, ok := attributes[k]
		if !ok {
			return fmt.Errorf("%s has no attribute %s", name, k)
		}
		list := []any{x}
		if a.list {
			if list, ok = x.([]any); !ok {
				return fmt.Errorf("%s.%s is no list", name, k)
			}
		}
		for _, x := range list {
			if err := s.value(a, x); err != nil {
				return fmt.Errorf("%s.%s: %w", name, k, err)
			}
		}
	}
	return nil
}

func (s ocsfSchema) value(a attribute, v any) error {
	switch a.kind {
	case "json_t", "object":
		return nil
	case "boolean_t":
		if _, ok := v.(bool); !ok {
			return fmt.Errorf("%v is no boolean", v)
		}
	case "integer_t", "long_t", "timestamp_t":
		n, ok := v.(float64)
		if !ok || n != float64(int64(n)) || a.kind == "integer_t" && n != float64(int32(n)) {
			return fmt.Errorf("%v is no %s", v, a.kind)
		}
		if a.enum != nil && !slices.Contains(a.enum, strconv.Itoa(int(n))) {
			return fmt.Errorf("%v is none of %v", v, a.enum)
		}
		if a.kind == "timestamp_t" && (n < 0 || n > 4e12) {
			return fmt.Errorf("%v is not in milliseconds since 1970", v)
		}
	default:
		if !strings.HasSuffix(a.kind, "_t") {
			return s.object(a.kind, v)
		}
		if text, ok := v.(string); !ok || text == "" {
			return fmt.Errorf("%v is no text", v)
		}
	}
	return nil
}

// An ecsField is a field of the Elastic Common Schema.
type ecsField struct {
	kind    string
	array   bool
	allowed []string
}

// ecsValidator checks documents against the fields, types, lists and allowed
// values of ECS 8.17.0.
func ecsValidator(t *testing.T) func([]byte) (string, error) {
	fields := map[string]ecsField{}
	for _, row := range table(t, "testdata/ecs-8.17.0.txt") {
		f := ecsField{kind: row[1]}
		for _, word := range row[2:] {
			if word == "array" {
				f.array = true
			} else {
				f.allowed = strings.Split(word, ",")
			}
		}
		fields[row[0]] = f
	}
	return func(b []byte) (string, error) {
		all, err := documents(b)
		if err != nil {
			return "", err
		}
		for _, v := range all {
			for _, k := range []string{"@timestamp", "ecs", "event"} {
				if v[k] == nil {
					return "", fmt.Errorf("no %s", k)
				}
			}
			if err := ecsObject(fields, "", v); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("%d events", len(all)), nil
	}
}

func ecsObject(fields map[string]ecsField, prefix string, v map[string]any) error {
	for k, x := range v {
		name := prefix + k
		f, known := fields[name]
		inner, object := x.(map[string]any)
		switch {
		case name == "labels":
			for k, x := range inner {
				if _, ok := x.(string); !ok || strings.Contains(k, ".") {
					return fmt.Errorf("labels.%s: ECS wants a keyword", k)
				}
			}
			continue
		case object && (!known || f.kind == "object"):
			if err := ecsObject(fields, name+".", inner); err != nil {
				return err
			}
			continue
		case !known:
			return fmt.Errorf("ECS has no field %s", name)
		}
		list, isList := x.([]any)
		if isList && !f.array {
			// A technique is one or several by ECS's own examples; what is
			// not marked as an array holds one value.
			return fmt.Errorf("%s holds one value", name)
		}
		if f.array && !isList {
			return fmt.Errorf("%s is no array", name)
		}
		if !isList {
			list = []any{x}
		}
		for _, x := range list {
			if err := ecsValue(fields, name, f, x); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

func ecsValue(fields map[string]ecsField, name string, f ecsField, v any) error {
	text, isText := v.(string)
	switch f.kind {
	case "nested":
		o, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%v is no object", v)
		}
		return ecsObject(fields, name+".", o)
	case "long":
		if n, ok := v.(float64); !ok || n != float64(int64(n)) {
			return fmt.Errorf("%v is no long", v)
		}
		return nil
	case "date":
		if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
			return err
		}
	case "ip":
		if _, err := netip.ParseAddr(text); err != nil {
			return err
		}
	}
	if !isText {
		return fmt.Errorf("%v is no %s", v, f.kind)
	}
	if f.allowed != nil && !slices.Contains(f.allowed, text) {
		return fmt.Errorf("%q is none of %v", text, f.allowed)
	}
	return nil
}

// What is wrong must be found, or the checks above say nothing.
func TestValidatorsRefuse(t *testing.T) {
	ocsf, ecs := ocsfValidator(t), ecsValidator(t)
	const finding = `{"activity_id":1,"category_uid":2,"class_uid":2004,"type_uid":200401,"severity_id":4,"time":1614746482000,"metadata":{"version":"1.5.0","product":{"name":"x"}},"finding_info":{"uid":"a","title":"t"}`
	if _, err := ocsf([]byte(finding + "}")); err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{`,"severity_id":7`, `,"class_uid":2001`, `,"time":1614746482.5`, `,"time":"2021"`, `,"colour":"red"`, `,"finding_info":{"title":"t"}`, `,"evidences":[{}]`, `,"evidences":{}`,
		`,"is_alert":"yes"`, `,"metadata":{"version":"1.5.0"}`, `,"observables":[{"name":"x"}]`, `,"observables":[{"name":"x","type_id":17}]`, `,"activity_id":2`, `,"message":""`, `,"attacks":[]`} {
		if _, err := ocsf([]byte(finding + more + "}")); err == nil {
			t.Errorf("ocsf: %s passed", more)
		}
	}
	const document = `{"@timestamp":"2021-03-03T04:11:22Z","ecs":{"version":"8.17.0"},"event":{"kind":"alert"}`
	if _, err := ecs([]byte(document + "}")); err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{`,"event":{"kind":"warning"}`, `,"event":{"category":"malware"}`, `,"event":{"category":["hack"]}`, `,"event":{"severity":"high"}`, `,"related":{"ip":["x"]}`, `,"related":{"ip":"192.0.2.1"}`,
		`,"vulnerability":{"id":["a","b"]}`, `,"host":{"colour":"red"}`, `,"@timestamp":"3 March"`, `,"labels":{"a":{"b":"c"}}`, `,"threat":{"enrichments":[{"indicator":{"type":"ip"}}]}`, `,"message":1`} {
		if _, err := ecs([]byte(document + more + "}")); err == nil {
			t.Errorf("ecs: %s passed", more)
		}
	}
}
