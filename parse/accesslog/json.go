package accesslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"limier/event"
	"limier/evidence"
	"limier/internal/objects"
	"limier/parse"
)

// JSON reads access logs of one JSON object for each request. The columns are
// those of Parser, under whichever of the names below the object has.
var JSON = &parse.Parser{
	Name:  "accesslog-json",
	Doc:   "access logs as JSON: ECS (Filebeat), nginx, Caddy, Traefik, Azure and Google load balancers, W3C names",
	Match: matchJSON,
	Parse: func(ctx context.Context, path string, f fs.File) iter.Seq2[*event.Event, error] {
		return func(yield func(*event.Event, error) bool) {
			for o, err := range objects.Each(f) {
				if err == nil {
					err = ctx.Err()
				}
				ref := evidence.Ref{Path: path, Line: o.Line, Offset: o.Offset}
				var damaged *objects.Damage
				switch {
				case errors.As(err, &damaged):
					err = damaged.Err
				case err != nil:
					yield(nil, fmt.Errorf("reading %s: %w", path, err))
					return
				}
				var ev *event.Event
				if err == nil {
					ev, err = request(o.Text)
				}
				if err != nil {
					ev, err = nil, &evidence.GapError{Ref: ref, Err: err}
				} else {
					ev.Ref = ref
				}
				if !yield(ev, err) {
					return
				}
			}
		}
	},
}

// The names of a column, the likeliest first. A dot leads into an object, or
// is part of the name.
var (
	clientNames  = names("source.ip client.ip source.address client.address remote_addr remote_ip request.remote_ip request.client_ip client_ip clientip ClientHost properties.CIp properties.clientIP properties.clientIp httpRequest.remoteIp c-ip")
	proxyNames   = names("http_x_forwarded_for x_forwarded_for http.request.headers.x-forwarded-for http.request.headers.X-Forwarded-For request.headers.X-Forwarded-For request_X-Forwarded-For X-Forwarded-For")
	userNames    = names("user.name remote_user user_id ClientUsername properties.CsUsername cs-username")
	methodNames  = names("http.request.method request_method request.method method verb RequestMethod properties.CsMethod properties.httpMethod httpRequest.requestMethod cs-method")
	targetNames  = names("url.original request_uri request.uri uri RequestPath properties.requestUri httpRequest.requestUrl")
	pathNames    = names("url.path properties.CsUriStem cs-uri-stem path")
	queryNames   = names("url.query args query_string properties.CsUriQuery properties.requestQuery cs-uri-query")
	statusNames  = names("http.response.status_code status status_code response DownstreamStatus properties.ScStatus properties.httpStatus httpRequest.status sc-status")
	sizeNames    = names("http.response.body.bytes http.response.bytes body_bytes_sent bytes_sent size DownstreamContentSize properties.ScBytes httpRequest.responseSize sc-bytes")
	refererNames = names("http.request.referrer http_referer referer request.headers.Referer request_Referer properties.Referer httpRequest.referer cs(Referer)")
	agentNames   = names("user_agent.original http_user_agent user_agent agent request.headers.User-Agent request_User-Agent properties.UserAgent properties.userAgent httpRequest.userAgent cs(User-Agent)")
	timeNames    = names("@timestamp time_iso8601 time_local StartUTC time timestamp timeStamp ts msec")
	iisNames     = names("properties.CsUriStem cs-uri-stem") // nobody else has them
	hostNames    = names("host.name host.hostname properties.ComputerName s-computername")
)

// names splits a list into paths of keys.
func names(list string) [][]string {
	var all [][]string
	for _, name := range strings.Fields(list) {
		all = append(all, strings.Split(name, "."))
	}
	return all
}

// first returns the text of the first of the names that o has.
func first(o *objects.Node, names [][]string) string {
	for _, keys := range names {
		n := o.Get(keys...)
		if n == nil && len(keys) > 1 {
			n = o.Get(strings.Join(keys, "."))
		}
		if n != nil && n.List && len(n.Kids) > 0 {
			n = n.Kids[0]
		}
		if n != nil && n.Text != "" && n.Text != "-" {
			return n.Text
		}
	}
	return ""
}

// matchJSON asks for an object that names a method, a target and a status.
func matchJSON(name string, head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n[")
	if !bytes.HasPrefix(head, []byte("{")) || strings.EqualFold(path.Ext(name), ".har") {
		return false
	}
	for o, err := range objects.Each(bytes.NewReader(head)) {
		if err == nil { // the first fits in
			_, err = request(o.Text)
			return err == nil
		}
		break
	}
	for _, columns := range [][][]string{methodNames, slices.Concat(targetNames, pathNames), statusNames, timeNames} {
		if !named(head, columns) {
			return false
		}
	}
	return true
}

// named reports whether a key that ends one of the names is in head.
func named(head []byte, names [][]string) bool {
	for _, keys := range names {
		last := keys[len(keys)-1] + `"`
		if i := bytes.Index(head, []byte(last)); i > 0 && (head[i-1] == '"' || head[i-1] == '.') {
			return true
		}
	}
	return false
}

var errNoRequest = errors.New("not a request in a shape that is known")

// request reads an object in whichever shape it has.
func request(text []byte) (*event.Event, error) {
	o, err := objects.Parse(text)
	if err != nil && bytes.Contains(text, []byte(`\x`)) { // nginx, unless its format says escape=json
		o, err = objects.Parse(bytes.ReplaceAll(text, []byte(`\x`), []byte(`\u00`)))
	}
	if err != nil {
		return nil, err
	}
	if source := o.Get("_source"); source != nil { // as Elasticsearch answers
		o = source
	}
	method, target, query := first(o, methodNames), first(o, targetNames), first(o, queryNames)
	if line := o.String("request"); line != "" { // "GET /x HTTP/1.1"
		m, rest, _ := strings.Cut(line, " ")
		rest, _, _ = strings.Cut(rest, " HTTP/")
		if strings.HasPrefix(rest, "/") {
			method, target = m, rest
		}
	}
	if i := strings.Index(target, "://"); i >= 0 { // a whole URL
		if j := strings.IndexByte(target[i+3:], '/'); j >= 0 {
			target = target[i+3+j:]
		} else {
			target = "/"
		}
	}
	stem, own, _ := strings.Cut(target, "?")
	if p := first(o, pathNames); strings.HasPrefix(p, "/") && !strings.HasPrefix(stem, "/") {
		stem = p
	}
	if own != "" {
		query = own
	}
	status := first(o, statusNames)
	if method == "" || !strings.HasPrefix(stem, "/") || len(status) != 3 || !digits([]byte(status)) {
		return nil, errNoRequest
	}
	source := event.Web
	if o.String("event", "module") == "iis" || first(o, iisNames) != "" {
		source = event.IIS
	}
	client := string(parse.Forwarded([]byte(first(o, clientNames)), []byte(first(o, proxyNames))))
	values := []string{address(client), first(o, userNames), method, stem, strings.TrimPrefix(query, "?"), "", status, first(o, sizeNames), first(o, refererNames), first(o, agentNames)}
	return &event.Event{Time: parse.Moment(first(o, timeNames), layouts), Host: first(o, hostNames), Data: &event.Table{Source: source, Names: columns, Values: values}}, nil
}

// address drops the port.
func address(s string) string {
	if host, port, ok := strings.Cut(s, ":"); ok && digits([]byte(port)) {
		return host
	}
	return s
}

var layouts = []string{time.RFC3339Nano, "02/Jan/2006:15:04:05 -0700", "2006-01-02T15:04:05.999999999-0700"}
