package detect

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"limier/event"
	"limier/sighting"
)

// A Request is a web request, whichever log tells of it.
type Request struct {
	Client  string // address; the first of a chain of proxies
	Method  string // "" if the log does not say
	Path    string
	Query   string
	Status  int // 0 if the log does not say
	User    string
	Agent   string
	BackEnd bool   // Exchange's back-end site; the client is then the front end
	Log     string // "IIS log", "HttpProxy log"…
}

// OK reports whether the server did as asked: 2xx. Exchange answers 241 where
// proxyLogon.ecp succeeded.
func (r Request) OK() bool { return r.Status >= 200 && r.Status < 300 }

// String is the request in a line's worth of words.
func (r Request) String() string {
	text := r.Path
	if r.Method != "" {
		text = r.Method + " " + text
	}
	if q := trim(r.Query); q != "" {
		text += "?" + cut(q, 120)
	}
	if r.Status != 0 {
		text += " answered " + strconv.Itoa(r.Status)
	}
	return text
}

// Unanswered is a reason for requests of which no log tells the status: they
// may have been refused, or not.
const Unanswered = "The client sent requests of this exploit; the logs do not say what the server answered."

// Told reports whether a log tells what was answered to one of the requests.
func Told(requests []sighting.Sighting) bool {
	return slices.ContainsFunc(requests, func(s sighting.Sighting) bool {
		r, _ := RequestOf(s.Event)
		return r.Status != 0
	})
}

// RequestOf reads a request from an event of an access log, HttpProxy or
// Rps_Http log; ok is false for other events.
func RequestOf(e *event.Event) (r Request, ok bool) {
	switch ls := e.Data.Logsource(); {
	case ls.Category == "webserver":
		r = Request{
			Client: e.Field("c-ip"), Method: e.Field("cs-method"), Path: e.Field("cs-uri-stem"), Query: e.Field("cs-uri-query"),
			User: e.Field("cs-username"), Agent: strings.ReplaceAll(e.Field("cs(User-Agent)"), "+", " "), Log: "access log",
		}
		r.Status, _ = strconv.Atoi(e.Field("sc-status"))
		switch e.Field("s-port") {
		case "444", "445", "81":
			r.BackEnd = true
			r.Log = "back-end IIS log"
		}
	case ls == event.HTTPProxy, ls == event.RPSHTTP:
		r = Request{
			Client: e.Field("ClientIpAddress"), Method: e.Field("Method"), Path: e.Field("UrlStem"), Query: e.Field("UrlQuery"),
			User: e.Field("AuthenticatedUser"), Agent: e.Field("UserAgent"), Log: "HttpProxy log",
		}
		if ls == event.RPSHTTP {
			r.Agent, r.Log = e.Field("ClientInfo"), "remote PowerShell log"
		}
		r.Status, _ = strconv.Atoi(e.Field("HttpStatus"))
	default:
		return r, false
	}
	r.Client, _, _ = strings.Cut(r.Client, ",")
	r.Client, _, _ = strings.Cut(strings.TrimSpace(r.Client), " ")
	r.Client = Address(r.Client)
	return r, true
}

// Address is a client without its port, which proxies and load balancers write
// with it and which changes with each connection, and without the form of IPv6
// that wraps IPv4: one client has one name. Other text stays as it is.
func Address(client string) string {
	if strings.IndexByte(client, ':') < 0 {
		return client
	}
	if a, err := netip.ParseAddrPort(client); err == nil {
		return a.Addr().Unmap().String()
	}
	if a, err := netip.ParseAddr(strings.Trim(client, "[]")); err == nil {
		return a.Unmap().String()
	}
	return client
}

// trim leaves out of a query what Exchange's front end itself appends to it.
func trim(query string) string {
	var kept []string
	for part := range strings.SplitSeq(strings.TrimPrefix(query, "?"), "&") {
		name, _, _ := strings.Cut(part, "=")
		switch strings.ToLower(name) {
		case "correlationid", "cafereqid", "encoding", "requestid", "clientid", "clientrequestid", "prfltncy", "":
		default:
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}

// cut shortens a text for a reader.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
