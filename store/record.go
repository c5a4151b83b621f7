package store

import (
	"time"

	"limier/finding"
	"limier/wire"
)

// A Server is one that enrolled, and what its latest case says.
type Server struct {
	ID           int64     `json:"id"`
	Organisation string    `json:"organisation"` // its id
	Name         string    `json:"name"`
	Enrolled     time.Time `json:"enrolled,omitzero"`
	Seen         time.Time `json:"seen,omitzero"`    // last contact
	Revoked      time.Time `json:"revoked,omitzero"` // zero: it may submit
	AllowFiles   bool      `json:"allow_files"`      // its administrator lets the hub ask for files
	Version      string    `json:"version"`          // of Limier there

	Product      string             `json:"product"`
	Build        string             `json:"build"`
	BuildName    string             `json:"build_name"`
	Verdict      wire.Verdict       `json:"verdict"` // "" before the first case
	Confidence   finding.Confidence `json:"confidence"`
	Reason       string             `json:"reason"`
	Findings     int                `json:"findings"`
	FirstHostile time.Time          `json:"first_hostile,omitzero"` // earliest hostile act, scanning aside
	LastHostile  time.Time          `json:"last_hostile,omitzero"`
	Latest       int64              `json:"latest"` // id of the latest case, 0 if none
	Cases        int                `json:"cases"`
	Acquired     time.Time          `json:"acquired,omitzero"` // when the server says that the evidence was taken
	Received     time.Time          `json:"received,omitzero"` // when the hub got it
}

// Skew is how far ahead the server's clock must be: evidence cannot be taken
// after it was received. Zero within five minutes.
func (s Server) Skew() time.Duration {
	if d := s.Acquired.Sub(s.Received); !s.Acquired.IsZero() && d > 5*time.Minute {
		return d
	}
	return 0
}

// A CaseInfo is one case of a server, without its content.
type CaseInfo struct {
	ID       int64        `json:"id"`
	Server   int64        `json:"server"`
	Received time.Time    `json:"received,omitzero"`
	Acquired time.Time    `json:"acquired,omitzero"`
	Verdict  wire.Verdict `json:"verdict"`
	Findings int          `json:"findings"`
	Evidence [32]byte     `json:"-"`
	Hash     [32]byte     `json:"-"`    // SHA-256
	Size     int          `json:"size"` // bytes as kept, compressed
}

// An Organisation owns servers, and is to be told of what was found on them.
type Organisation struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Country    string    `json:"country"`
	Contact    string    `json:"contact"`
	Notes      string    `json:"notes"`
	Created    time.Time `json:"created,omitzero"`
	Notified   time.Time `json:"notified,omitzero"` // zero if not, or if something was found since
	NotifiedBy string    `json:"notified_by"`

	Servers     int `json:"servers"`
	Compromised int `json:"compromised"`
	Attacked    int `json:"attacked"`
	Exposed     int `json:"exposed"`
}

// A Build is one that servers run, and how many do.
type Build struct {
	Product string `json:"product"`
	Build   string `json:"build"`
	Name    string `json:"name"`
	Servers int    `json:"servers"`
}

// A Count is how many servers have something in common.
type Count struct {
	Key     string `json:"key"`
	Servers int    `json:"servers"`
}

// A CVE is how many servers are open to one vulnerability.
type CVE struct {
	ID         string `json:"id"`
	Exploited  string `json:"exploited"` // since when, yyyy-mm-dd, as CISA says; "" if it does not
	Vulnerable int    `json:"vulnerable"`
	Depends    int    `json:"depends"` // on configuration that the evidence did not show
}

// A CVEBuild is how many servers of one build are open to a vulnerability.
// Servers are both kinds together.
type CVEBuild struct {
	Build
	Vulnerable int `json:"vulnerable"`
	Depends    int `json:"depends"` // on configuration that the evidence did not show
}

// A Day counts the servers whose first hostile act was on it.
type Day struct {
	Day         string `json:"day"` // yyyy-mm-dd, UTC
	Compromised int    `json:"compromised"`
	Attacked    int    `json:"attacked"`
}

// An Overview is the estate at a glance.
type Overview struct {
	Servers       int     `json:"servers"`
	Organisations int     `json:"organisations"`
	Cases         int64   `json:"cases"`
	Verdicts      []Count `json:"verdicts"` // in the order of gravity; "" for servers without a case
	CVEs          []CVE   `json:"cves"`     // most servers first
	Builds        []Build `json:"builds"`   // most servers first
	Curve         []Day   `json:"curve"`    // by day
}

// A FindingKind is findings of one rule with one title, on any servers.
type FindingKind struct {
	ID      int64           `json:"id,string"`
	Rule    string          `json:"rule"`
	Title   string          `json:"title"`
	Level   finding.Level   `json:"level"`
	Phase   finding.Phase   `json:"phase"`
	Outcome finding.Outcome `json:"outcome"`
	Servers int             `json:"servers"`
}

// An Indicator is something that findings are about, on any servers.
type Indicator struct {
	ID      int64     `json:"id,string"` // as text in JSON: numbers of 64 bits lose digits in JavaScript and jq
	Type    string    `json:"type"`      // STIX's word; or "shell-parameter", "technique-set"
	Role    string    `json:"role"`      // "attacker", "scanner", "shell"; "" for others
	Value   string    `json:"value"`
	Servers int       `json:"servers"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
}

// A File is one that no baseline knows, at one path with one content.
type File struct {
	ID      int64  `json:"id,string"`
	Path    string `json:"path"` // as in the baseline where it is inside the product, in lower case
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	Servers int    `json:"servers"`
}

// A Prevalence is on how many of the servers of one build a file is.
type Prevalence struct {
	Build
	With     int `json:"with"`      // servers that have this content at this path; Build.Servers is of how many
	SamePath int `json:"same_path"` // servers that have any unknown content at this path
}

// A Sighted is a server on which something was found.
type Sighted struct {
	Server      Server
	First, Last time.Time // zero for files
	Count       int
}

// A Campaign is servers that one thing ties together.
type Campaign struct {
	Indicator
	Organisations int         // of the first Counted of its servers
	Counted       int         // 5,000 at most
	Compared      int         // servers that Related looks at, the first 500 at most
	Related       []Indicator // that some of these servers share too, most first; counts are of these servers
}

// A DeadLetter is a case that could not be kept.
type DeadLetter struct {
	ID       int64
	At       time.Time
	Server   int64  // 0 if unknown
	Evidence []byte // hash of the case, which its server then need not send again; nil if what came was damaged. Not read
	Reason   string
	Size     int
	Replayed time.Time // zero if not
}

// Missed is cases of a server that no hub will get, as its collector tells.
type Missed struct {
	Cases  int
	Reason string    // of the last
	Told   time.Time // when there were last more
}

// A Role is what an account may do.
type Role string

const (
	Viewer    Role = "viewer"    // reads
	Analyst   Role = "analyst"   // reads reports, asks for files, notes
	Publisher Role = "publisher" // publishes too
	Admin     Role = "admin"     // accounts, tokens, dead letters too
)

// Rank orders roles: each may do what those before it may. 0 is no role.
func (r Role) Rank() int {
	switch r {
	case Viewer:
		return 1
	case Analyst:
		return 2
	case Publisher:
		return 3
	case Admin:
		return 4
	}
	return 0
}

// An Account is somebody who may log in.
type Account struct {
	Name         string
	Organisation string // "" sees all
	Role         Role
	Password     string // argon2id in its usual encoding; "" if none
	Subject      string // of OpenID Connect: issuer, a space, subject; "" if none
	Created      time.Time
	Disabled     bool
	Failures     int       // log-ins that failed since the last that did not
	Failed       time.Time // the last of them
}

// Scope is what the account may see.
func (a Account) Scope() Scope {
	if a.Organisation == "" {
		return All()
	}
	return Org(a.Organisation)
}

// A Session is an account that is logged in. Its secret is kept by the browser
// alone: the hub knows its hash.
type Session struct {
	Account                Account
	Created, Seen, Expires time.Time
	Address                string
}

// An Entry is one line of the audit log.
type Entry struct {
	ID           int64     `json:"id"`
	At           time.Time `json:"at,omitzero"`
	Actor        string    `json:"actor"`        // account, "server 7", "hub", or "token" with the first digits of its hash
	Organisation string    `json:"organisation"` // of the actor; "" for all
	Action       string    `json:"action"`
	Object       string    `json:"object"`
	Detail       string    `json:"detail"`
	Address      string    `json:"address"` // that the request came from
}

// A Token lets servers enrol. Its text is shown once; the hub knows its hash.
type Token struct {
	Hash         [32]byte
	Organisation string
	Created      time.Time
	CreatedBy    string
	Expires      time.Time
	Uses         int // how often it may still be used
	LastUsed     time.Time
}

// A FileState is how far a request for a file is.
type FileState string

const (
	FileAsked    FileState = "asked"
	FileReceived FileState = "received"
	FileDeleted  FileState = "deleted" // it was received
	FileRefused  FileState = "refused" // by the server's administrator, or it is gone or changed
)

// A FileRequest asks a server for a file that one of its cases names.
type FileRequest struct {
	ID, Server, Case int64
	Path, SHA256     string
	Asked            time.Time
	AskedBy          string
	State            FileState
	Answered         time.Time
	Reason           string // why it was refused
	Size             int64  // bytes received
}

// Roles lists the roles from the lowest to the highest.
func Roles() []Role { return []Role{Viewer, Analyst, Publisher, Admin} }
