package traffic

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// IISFields are the columns that Exchange's setup leaves IIS with.
const IISFields = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"

// IISHeader is what IIS writes at the start of a file.
func IISHeader(t time.Time) string {
	return "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: " + t.UTC().Format(time.DateTime) + "\r\n#Fields: " + IISFields + "\r\n"
}

// HTTPProxyFields are the columns of Exchange 2016 and later (as in
// Qazeer/artefacts.help, pages/windows/server_roles/microsoft_exchange.md).
const HTTPProxyFields = "DateTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,ClientRequestId,Protocol,UrlHost,UrlStem,ProtocolAction,AuthenticationType,IsAuthenticated,AuthenticatedUser,Organization,AnchorMailbox,UserAgent,ClientIpAddress,ServerHostName,HttpStatus,BackEndStatus,ErrorCode,Method,ProxyAction,TargetServer,TargetServerVersion,RoutingType,RoutingHint,BackEndCookie,ServerLocatorHost,ServerLocatorLatency,RequestBytes,ResponseBytes,TargetOutstandingRequests,AuthModulePerfContext,HttpPipelineLatency,CalculateTargetBackEndLatency,GlsLatencyBreakup,TotalGlsLatency,AccountForestLatencyBreakup,TotalAccountForestLatency,ResourceForestLatencyBreakup,TotalResourceForestLatency,ADLatency,SharedCacheLatencyBreakup,TotalSharedCacheLatency,ActivityContextLifeTime,ModuleToHandlerSwitchingLatency,ClientReqStreamLatency,BackendReqInitLatency,BackendReqStreamLatency,BackendProcessingLatency,BackendRespInitLatency,BackendRespStreamLatency,ClientRespStreamLatency,KerberosAuthHeaderLatency,HandlerCompletionLatency,RequestHandlerLatency,HandlerToModuleSwitchingLatency,ProxyTime,CoreLatency,RoutingLatency,HttpProxyOverhead,TotalRequestTime,RouteRefresherLatency,UrlQuery,BackEndGenericInfo,GenericInfo,GenericErrors,EdgeTraceId,DatabaseGuid,UserADObjectGuid,PartitionEndpointLookupLatency,RoutingStatus"

// ExchangeTime is how Exchange's own logs write times.
const ExchangeTime = "2006-01-02T15:04:05.000Z"

// ExchangeHeader is what Exchange writes at the start of a log file.
func (s *Server) ExchangeHeader(logType, fields string, t time.Time) string {
	return "#Software: Microsoft Exchange Server\r\n#Version: " + s.Version() + "\r\n#Log-type: " + logType + "\r\n#Date: " +
		t.UTC().Format(ExchangeTime) + "\r\n#Fields: " + fields + "\r\n"
}

// Version is the build as log headers write it: 15.01.2106.002.
func (s *Server) Version() string {
	pad := func(n, width int) string {
		d := strconv.Itoa(n)
		return strings.Repeat("0", max(0, width-len(d))) + d
	}
	return pad(s.Build[0], 2) + "." + pad(s.Build[1], 2) + "." + pad(s.Build[2], 4) + "." + pad(s.Build[3], 3)
}

// AppendFrontEnd appends the request's line of W3SVC1, "Default Web Site".
func (s *Server) AppendFrontEnd(b []byte, r *Request) []byte {
	b = s.startLine(b, r.Time, r.Method, r.Stem)
	b = append(b, ' ')
	if r.Bare && r.Query == "" {
		b = append(b, '-')
	} else {
		b = append(b, r.Query...)
	}
	if !r.Bare {
		b = append(b, "&CorrelationID=<empty>;"...)
		if r.ClientRequest != "" {
			b = append(b, "&ClientRequestInfo="...)
			b = append(b, r.ClientRequest...)
			b = append(b, ';')
		}
		b = append(b, "&cafeReqId="...)
		b = append(appendGUID(b, r.ID), ';')
	}
	b = append(b, " 443 "...)
	return s.endLine(b, r, r.User, r.Client)
}

// AppendBackEnd appends the request's line of W3SVC2, "Exchange Back End".
// Its time is a little before the front end's.
func (s *Server) AppendBackEnd(b []byte, r *Request) []byte {
	stem, user := r.Stem, r.User
	if r.BackStem != "" {
		stem = r.BackStem
	}
	if r.BackUser != "" {
		user = r.BackUser
	}
	b = s.startLine(b, r.Time.Add(-90*time.Millisecond), r.Method, stem)
	b = append(b, ' ')
	switch {
	case r.BackQuery != "":
		b = append(b, r.BackQuery...)
	case r.Query != "":
		b = append(b, r.Query...)
		b = append(b, "&ActID="...)
		b = appendGUID(b, r.ID)
	default:
		b = append(b, "&ActID="...)
		b = appendGUID(b, r.ID)
	}
	b = append(b, " 444 "...)
	return s.endLine(b, r, user, "fe80::5c1f:2c4d:9a51:245e%3")
}

func (s *Server) startLine(b []byte, t time.Time, method, stem string) []byte {
	b = t.AppendFormat(b, time.DateTime)
	b = append(b, ' ')
	b = append(b, s.IP...)
	b = append(b, ' ')
	b = append(b, method...)
	b = append(b, ' ')
	return append(b, stem...)
}

func (s *Server) endLine(b []byte, r *Request, user, client string) []byte {
	if user == "" {
		b = append(b, '-')
	} else {
		b = append(b, s.Realm...)
		b = append(b, '\\')
		b = append(b, user...)
	}
	b = append(b, ' ')
	b = append(b, client...)
	b = append(b, ' ')
	if r.Agent == "" {
		b = append(b, '-')
	}
	for i := range len(r.Agent) {
		if c := r.Agent[i]; c == ' ' {
			b = append(b, '+')
		} else {
			b = append(b, c)
		}
	}
	b = append(b, " - "...)
	for i, n := range [...]int{r.Status, r.Sub, r.Win32, r.Taken} {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return append(b, "\r\n"...)
}

// AppendHTTPProxy appends the request's line of Logging\HttpProxy.
func (s *Server) AppendHTTPProxy(b []byte, r *Request) []byte {
	host := strings.ToLower(s.Host) + "." + s.Domain
	start := r.Time.Add(-time.Duration(r.Taken) * time.Millisecond)
	field := func(v string) {
		b = append(b, v...)
		b = append(b, ',')
	}
	number := func(n int) {
		b = strconv.AppendInt(b, int64(n), 10)
		b = append(b, ',')
	}
	b = r.Time.AppendFormat(b, ExchangeTime)
	b = append(b, ',')
	b = append(appendGUID(b, r.ID), ',')
	for _, n := range s.Build {
		number(n)
	}
	field(r.ClientRequest)
	field(r.Protocol)
	field(r.Host)
	field(strings.ToLower(r.Stem))
	field("")
	field(r.Auth)
	field(strconv.FormatBool(r.User != ""))
	if r.User == "" {
		field("")
	} else {
		field(s.Realm + `\` + r.User)
	}
	field("")
	field(r.Anchor)
	field(strings.ReplaceAll(r.Agent, ",", " "))
	field(r.Client)
	field(s.Host)
	number(r.Status)
	if r.Proxied {
		number(or(r.BackEndStatus, r.Status))
	} else {
		field("")
	}
	field("")
	field(r.Method)
	if r.Proxied {
		field("Proxy")
		field(host)
		field(s.Version()[:10] + "000")
		field("IntraForest")
	} else {
		b = append(b, ",,,,"...)
	}
	field(r.RoutingHint)
	b = append(b, ",,,"...) // BackEndCookie, ServerLocatorHost, ServerLocatorLatency
	number(r.RequestBytes)
	if r.Proxied {
		number(r.ResponseBytes)
	} else {
		field("")
	}
	t := r.Taken
	b = append(b, ",,0,1,,0,,0,,0,0,,0,"...) // up to TotalSharedCacheLatency
	number(t)
	b = append(b, "0,0,1,0,"...)
	number(max(t-4, 0))
	b = append(b, "0,0,0,0,0,"...) // up to HandlerCompletionLatency
	number(t)
	b = append(b, "0,"...)
	number(max(t-3, 0))
	b = append(b, "2,2,2,"...)
	number(t)
	b = append(b, ',') // RouteRefresherLatency
	if r.Query != "" {
		b = append(b, '?')
	}
	field(r.Query)
	b = append(b, ",BeginRequest="...) // BackEndGenericInfo, GenericInfo
	b = start.AppendFormat(b, ExchangeTime)
	b = append(b, ";CorrelationID=<empty>;"...)
	if r.Proxied {
		b = append(b, "ProxyState-Run=None;FEAuth=BEVersion-1942063431;BeginGetResponse="...)
		b = start.AppendFormat(b, ExchangeTime)
		b = append(b, ";OnResponseReady="...)
		b = r.Time.AppendFormat(b, ExchangeTime)
		b = append(b, ";EndGetResponse="...)
		b = r.Time.AppendFormat(b, ExchangeTime)
		b = append(b, ";ProxyState-Complete=ProxyResponseData;"...)
	}
	b = append(b, "SharedCacheGuard=0;EndRequest="...)
	b = r.Time.AppendFormat(b, ExchangeTime)
	b = append(b, ";,"...)
	field(r.GenericErrors)
	b = append(b, ",,,,"...)
	if r.Proxied {
		b = append(b, "CafeV1"...)
	}
	return append(b, "\r\n"...)
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

func appendHex(b []byte, id [16]byte) []byte {
	return append(b, strings.ToUpper(hex.EncodeToString(id[:]))...)
}

func appendGUID(b []byte, id [16]byte) []byte {
	var s [36]byte
	hex.Encode(s[0:8], id[0:4])
	s[8] = '-'
	hex.Encode(s[9:13], id[4:6])
	s[13] = '-'
	hex.Encode(s[14:18], id[6:8])
	s[18] = '-'
	hex.Encode(s[19:23], id[8:10])
	s[23] = '-'
	hex.Encode(s[24:36], id[10:16])
	return append(b, s[:]...)
}

// GUID writes an identifier as Windows does, without braces.
func GUID(id [16]byte) string { return string(appendGUID(nil, id)) }
