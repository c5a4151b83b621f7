package winevent

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"

	"limier/event"
)

// A moment is when an event happened, as its exporter wrote it.
type moment struct {
	utc   time.Time
	local bool // it may be local time that is labelled UTC
}

// shape reads an object in whichever shape it has.
func shape(root *node) (*data, moment, bool) {
	d := &data{}
	var when string
	local := false
	switch {
	case root.get("Event", "System") != nil:
		when = d.windows(root.get("Event"))
	case root.get("System", "EventID") != nil:
		when = d.windows(root)
	case root.get("winlog") != nil:
		when = d.winlogbeat(root, root.get("winlog"))
	case root.get("event_id") != nil && (root.get("log_name") != nil || root.get("source_name") != nil || root.get("event_data") != nil):
		when = d.winlogbeat(root, root)
	case root.get("EventId") != nil && root.get("Channel") != nil:
		when = d.evtxecmd(root)
	case root.get("EventID") != nil && (root.get("Channel") != nil || root.get("SourceName") != nil):
		when = d.nxlog(root)
		local = true
	default:
		return nil, moment{}, false
	}
	id, _ := d.Field("EventID")
	channel, _ := d.Field("Channel")
	d.source = event.Windows(channel, id)
	t := parseTime(when)
	d.unzoned = len(when) > 10 && strings.Trim(when, "0123456789-:. T") == "" && strings.Count(when, "-") < 3
	return d, moment{t, local}, true
}

// system adds the fields of an event's header by Sigma's names.
func (d *data) system(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		d.add(pairs[i], pairs[i+1])
	}
}

// windows reads the XML of an event as evtx_dump and Velociraptor turn it into
// JSON: attributes stand in "#attributes" or beside their element's "Value".
func (d *data) windows(e *node) (when string) {
	sys := e.get("System")
	attr := func(element, name string) string {
		v := sys.get(element)
		return cmp.Or(v.string("#attributes", name), v.string(name))
	}
	text := func(element string) string {
		v := sys.get(element)
		if v == nil {
			return ""
		}
		return cmp.Or(v.text, v.string("#text"), v.string("Value"))
	}
	when = attr("TimeCreated", "SystemTime")
	d.system("Provider_Name", attr("Provider", "Name"), "Provider_Guid", attr("Provider", "Guid"),
		"EventID", text("EventID"), "Version", text("Version"), "Level", text("Level"), "Task", text("Task"),
		"Opcode", text("Opcode"), "Keywords", text("Keywords"), "TimeCreated_SystemTime", when,
		"EventRecordID", text("EventRecordID"), "Correlation_ActivityID", attr("Correlation", "ActivityID"),
		"Execution_ProcessID", attr("Execution", "ProcessID"), "Execution_ThreadID", attr("Execution", "ThreadID"),
		"Channel", text("Channel"), "Computer", text("Computer"), "Security_UserID", attr("Security", "UserID"))
	d.flatten("", e.get("EventData"), 0)
	if user := e.get("UserData"); user != nil {
		for _, kid := range user.kids { // one element of the provider's own
			d.flatten("", kid, 0)
		}
	}
	d.add("Message", e.string("Message"))
	return when
}

// flatten adds the values below n by their keys; name is that of n.
func (d *data) flatten(name string, n *node, depth int) {
	switch {
	case n == nil || depth > maxDepth:
	case n.list:
		for _, kid := range n.kids {
			d.flatten(name, kid, depth+1)
		}
	case n.keys == nil:
		d.add(name, n.text)
	default:
		own := cmp.Or(n.string("@Name"), n.string("Name"), n.string("#attributes", "Name"))
		if _, named := n.value(); named && own != "" { // <Data Name="…">
			name = own
		}
		for i, key := range n.keys {
			switch key {
			case "#attributes", "@Name", "@xmlns", "xmlns":
			case "#text", "Value":
				d.flatten(cmp.Or(name, key), n.kids[i], depth+1)
			case "Name":
				if own == "" || name != own {
					d.flatten(key, n.kids[i], depth+1)
				}
			default:
				d.flatten(key, n.kids[i], depth+1)
			}
		}
	}
}

// value returns the text of an element that has attributes.
func (n *node) value() (*node, bool) {
	if v := n.get("#text"); v != nil {
		return v, true
	}
	v := n.get("Value")
	return v, v != nil
}

// winlogbeat reads Elastic's shape; w holds what is Windows' in it.
func (d *data) winlogbeat(root, w *node) (when string) {
	when = cmp.Or(w.string("time_created"), root.string("event", "created_at"), root.string("@timestamp"))
	if t := root.string("@timestamp"); t != "" { // when it happened; created is when it was read
		when = t
	}
	provider := cmp.Or(w.string("provider_name"), w.string("source_name"), root.string("event", "provider"))
	computer := cmp.Or(w.string("computer_name"), root.string("host", "name"))
	d.system("Provider_Name", provider, "Provider_Guid", w.string("provider_guid"),
		"EventID", cmp.Or(w.string("event_id"), root.string("event", "code")), "Version", w.string("version"),
		"Level", cmp.Or(w.string("level"), root.string("log", "level")), "Task", w.string("task"), "Opcode", w.string("opcode"),
		"TimeCreated_SystemTime", when, "EventRecordID", cmp.Or(w.string("record_id"), w.string("record_number")),
		"Execution_ProcessID", w.string("process", "pid"), "Execution_ThreadID", w.string("process", "thread", "id"),
		"Channel", cmp.Or(w.string("channel"), w.string("log_name")), "Computer", computer,
		"Security_UserID", w.string("user", "identifier"))
	for _, part := range []string{"event_data", "user_data"} {
		if data := w.get(part); data != nil {
			for i, key := range data.keys {
				if strings.HasPrefix(key, "param") { // unnamed strings: param1, param2…
					d.flatten("Data", data.kids[i], 0)
					continue
				}
				d.flatten(key, data.kids[i], 0)
			}
		}
	}
	d.add("Message", root.string("message"))
	return when
}

// evtxecmd reads EvtxECmd's shape: the data are JSON in a text.
func (d *data) evtxecmd(root *node) (when string) {
	when = root.string("TimeCreated")
	d.system("Provider_Name", root.string("Provider"), "EventID", root.string("EventId"), "Level", root.string("Level"),
		"Keywords", root.string("Keywords"), "TimeCreated_SystemTime", when,
		"EventRecordID", root.string("EventRecordId"), "Execution_ProcessID", root.string("ProcessId"),
		"Execution_ThreadID", root.string("ThreadId"), "Channel", root.string("Channel"),
		"Computer", root.string("Computer"), "Security_UserID", root.string("UserId"))
	payload, err := parseJSON([]byte(root.string("Payload")))
	if err != nil {
		d.add("Payload", root.string("Payload"))
		return when
	}
	d.flatten("", payload.get("EventData"), 0)
	if user := payload.get("UserData"); user != nil {
		for _, kid := range user.kids {
			d.flatten("", kid, 0)
		}
	}
	return when
}

// nxlogNames gives NXLog's names for what Sigma calls otherwise.
var nxlogNames = map[string]string{
	"SourceName": "Provider_Name", "ProviderGuid": "Provider_Guid", "Hostname": "Computer", "host": "Computer",
	"RecordNumber": "EventRecordID", "ExecutionProcessID": "Execution_ProcessID",
	"ThreadID": "Execution_ThreadID", "UserID": "Security_UserID", "OpcodeValue": "Opcode",
	"ActivityID": "Correlation_ActivityID", "LevelValue": "Level", "log_name": "Channel",
}

// nxlog reads a flat object: the header's fields and the event's own side by side.
func (d *data) nxlog(root *node) (when string) {
	for _, key := range []string{"TimeCreated", "EventTime", "@timestamp", "UtcTime"} {
		if when == "" {
			when = root.string(key)
		}
	}
	d.add("TimeCreated_SystemTime", when)
	sysmon := strings.HasPrefix(root.string("Channel"), "Microsoft-Windows-Sysmon")
	for i, key := range root.keys {
		switch key {
		case "TimeCreated", "EventTime", "@timestamp", "@version", "EventReceivedTime", "SourceModuleName", "SourceModuleType", "port":
			continue
		case "ProcessID": // of the writer; Sysmon's own are spelled ProcessId
			if sysmon || root.get("ProcessId") != nil {
				d.flatten("Execution_ProcessID", root.kids[i], 0)
				continue
			}
		case "Level":
			if root.get("LevelValue") != nil {
				continue
			}
		case "Opcode":
			if root.get("OpcodeValue") != nil {
				continue
			}
		}
		name := key
		if n, ok := nxlogNames[key]; ok {
			name = n
		}
		d.flatten(name, root.kids[i], 0)
	}
	return when
}

var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
	"2006-01-02 15:04:05.999999999 -07:00", "2006-01-02 15:04:05.999999999 -0700"}

// parseTime reads a date or, as Velociraptor writes, seconds since 1970.
func parseTime(s string) time.Time {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	if sec, err := strconv.ParseFloat(s, 64); err == nil && sec > 0 && sec < 1e11 {
		whole, part := math.Modf(sec)
		return time.Unix(int64(whole), int64(part*1e6)*1000).UTC()
	}
	return time.Time{}
}
