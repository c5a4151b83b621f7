package winevent

import (
	"cmp"
	"strings"
	"time"

	"limier/event"
	"limier/internal/objects"
	"limier/parse"
)

// A moment is when an event happened, as its exporter wrote it.
type moment struct {
	utc   time.Time
	local bool // it may be local time that is labelled UTC
}

// shape reads an object in whichever shape it has.
func shape(root *objects.Node) (*data, moment, bool) {
	if source := root.Get("_source"); source != nil { // as Elasticsearch answers
		root = source
	}
	d := &data{}
	var when string
	local := false
	switch {
	case root.Get("Event", "System") != nil:
		when = d.windows(root.Get("Event"))
	case root.Get("System", "EventID") != nil:
		when = d.windows(root)
	case root.Get("winlog") != nil:
		when = d.winlogbeat(root, root.Get("winlog"))
	case root.Get("event_id") != nil && (root.Get("log_name") != nil || root.Get("source_name") != nil || root.Get("event_data") != nil):
		when = d.winlogbeat(root, root)
	case root.Get("EventId") != nil && root.Get("Channel") != nil:
		when = d.evtxecmd(root)
	case root.Get("EventID") != nil && (root.Get("Channel") != nil || root.Get("SourceName") != nil):
		when = d.nxlog(root)
		local = true
	default:
		return nil, moment{}, false
	}
	id, _ := d.Field("EventID")
	channel, _ := d.Field("Channel")
	d.source = event.Windows(channel, id)
	t := parse.Moment(when, layouts)
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
func (d *data) windows(e *objects.Node) (when string) {
	sys := e.Get("System")
	attr := func(element, name string) string {
		v := sys.Get(element)
		return cmp.Or(v.String("#attributes", name), v.String(name))
	}
	text := func(element string) string {
		v := sys.Get(element)
		if v == nil {
			return ""
		}
		return cmp.Or(v.Text, v.String("#text"), v.String("Value"))
	}
	when = attr("TimeCreated", "SystemTime")
	d.system("Provider_Name", attr("Provider", "Name"), "Provider_Guid", attr("Provider", "Guid"),
		"EventID", text("EventID"), "Version", text("Version"), "Level", text("Level"), "Task", text("Task"),
		"Opcode", text("Opcode"), "Keywords", text("Keywords"), "TimeCreated_SystemTime", when,
		"EventRecordID", text("EventRecordID"), "Correlation_ActivityID", attr("Correlation", "ActivityID"),
		"Execution_ProcessID", attr("Execution", "ProcessID"), "Execution_ThreadID", attr("Execution", "ThreadID"),
		"Channel", text("Channel"), "Computer", text("Computer"), "Security_UserID", attr("Security", "UserID"))
	d.flatten("", e.Get("EventData"), 0)
	if user := e.Get("UserData"); user != nil {
		for _, kid := range user.Kids { // one element of the provider's own
			d.flatten("", kid, 0)
		}
	}
	d.add("Message", e.String("Message"))
	return when
}

// flatten adds the values below n by their keys; name is that of n.
func (d *data) flatten(name string, n *objects.Node, depth int) {
	switch {
	case n == nil || depth > objects.MaxDepth:
	case n.List:
		for _, kid := range n.Kids {
			d.flatten(name, kid, depth+1)
		}
	case n.Keys == nil:
		d.add(name, n.Text)
	default:
		own := cmp.Or(n.String("@Name"), n.String("Name"), n.String("#attributes", "Name"))
		if _, named := value(n); named && own != "" { // <Data Name="…">
			name = own
		}
		for i, key := range n.Keys {
			switch key {
			case "#attributes", "@Name", "@xmlns", "xmlns":
			case "#text", "Value":
				d.flatten(cmp.Or(name, key), n.Kids[i], depth+1)
			case "Name":
				if own == "" || name != own {
					d.flatten(key, n.Kids[i], depth+1)
				}
			default:
				d.flatten(key, n.Kids[i], depth+1)
			}
		}
	}
}

// value returns the text of an element that has attributes.
func value(n *objects.Node) (*objects.Node, bool) {
	if v := n.Get("#text"); v != nil {
		return v, true
	}
	v := n.Get("Value")
	return v, v != nil
}

// winlogbeat reads Elastic's shape; w holds what is Windows' in it.
func (d *data) winlogbeat(root, w *objects.Node) (when string) {
	when = cmp.Or(w.String("time_created"), root.String("event", "created_at"), root.String("@timestamp"))
	if t := root.String("@timestamp"); t != "" { // when it happened; created is when it was read
		when = t
	}
	provider := cmp.Or(w.String("provider_name"), w.String("source_name"), root.String("event", "provider"))
	computer := cmp.Or(w.String("computer_name"), root.String("host", "name"))
	d.system("Provider_Name", provider, "Provider_Guid", w.String("provider_guid"),
		"EventID", cmp.Or(w.String("event_id"), root.String("event", "code")), "Version", w.String("version"),
		"Level", cmp.Or(w.String("level"), root.String("log", "level")), "Task", w.String("task"), "Opcode", w.String("opcode"),
		"TimeCreated_SystemTime", when, "EventRecordID", cmp.Or(w.String("record_id"), w.String("record_number")),
		"Execution_ProcessID", w.String("process", "pid"), "Execution_ThreadID", w.String("process", "thread", "id"),
		"Channel", cmp.Or(w.String("channel"), w.String("log_name")), "Computer", computer,
		"Security_UserID", w.String("user", "identifier"))
	for _, part := range []string{"event_data", "user_data"} {
		if data := w.Get(part); data != nil {
			for i, key := range data.Keys {
				if strings.HasPrefix(key, "param") { // unnamed strings: param1, param2…
					d.flatten("Data", data.Kids[i], 0)
					continue
				}
				d.flatten(key, data.Kids[i], 0)
			}
		}
	}
	d.add("Message", root.String("message"))
	return when
}

// evtxecmd reads EvtxECmd's shape: the data are JSON in a text.
func (d *data) evtxecmd(root *objects.Node) (when string) {
	when = root.String("TimeCreated")
	d.system("Provider_Name", root.String("Provider"), "EventID", root.String("EventId"), "Level", root.String("Level"),
		"Keywords", root.String("Keywords"), "TimeCreated_SystemTime", when,
		"EventRecordID", root.String("EventRecordId"), "Execution_ProcessID", root.String("ProcessId"),
		"Execution_ThreadID", root.String("ThreadId"), "Channel", root.String("Channel"),
		"Computer", root.String("Computer"), "Security_UserID", root.String("UserId"))
	payload, err := objects.Parse([]byte(root.String("Payload")))
	if err != nil {
		d.add("Payload", root.String("Payload"))
		return when
	}
	d.flatten("", payload.Get("EventData"), 0)
	if user := payload.Get("UserData"); user != nil {
		for _, kid := range user.Kids {
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
func (d *data) nxlog(root *objects.Node) (when string) {
	for _, key := range []string{"TimeCreated", "EventTime", "@timestamp", "UtcTime"} {
		if when == "" {
			when = root.String(key)
		}
	}
	d.add("TimeCreated_SystemTime", when)
	sysmon := strings.HasPrefix(root.String("Channel"), "Microsoft-Windows-Sysmon")
	for i, key := range root.Keys {
		switch key {
		case "TimeCreated", "EventTime", "@timestamp", "@version", "EventReceivedTime", "SourceModuleName", "SourceModuleType", "port":
			continue
		case "ProcessID": // of the writer; Sysmon's own are spelled ProcessId
			if sysmon || root.Get("ProcessId") != nil {
				d.flatten("Execution_ProcessID", root.Kids[i], 0)
				continue
			}
		case "Level":
			if root.Get("LevelValue") != nil {
				continue
			}
		case "Opcode":
			if root.Get("OpcodeValue") != nil {
				continue
			}
		}
		name := key
		if n, ok := nxlogNames[key]; ok {
			name = n
		}
		d.flatten(name, root.Kids[i], 0)
	}
	return when
}

var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
	"2006-01-02 15:04:05.999999999 -07:00", "2006-01-02 15:04:05.999999999 -0700"}
