-- The tables of a hub. {id}, {text}, {blob} and {compact} are an engine's own words for
-- a whole number that numbers itself, text in the order of bytes, bytes, and a table that
-- is its own index. Times are microseconds since 1970, UTC; 0 is none. A step, once
-- released, never changes: add another.
-- step
CREATE TABLE organisation (
  id {text} PRIMARY KEY,
  name {text} NOT NULL,
  country {text} NOT NULL,                -- ISO 3166-1 alpha-2
  contact {text} NOT NULL,                -- who is to be told: an address
  notes {text} NOT NULL,
  created BIGINT NOT NULL,
  notified BIGINT NOT NULL DEFAULT 0,
  notified_by {text} NOT NULL DEFAULT '',
  servers BIGINT NOT NULL DEFAULT 0,
  compromised BIGINT NOT NULL DEFAULT 0,
  attacked BIGINT NOT NULL DEFAULT 0,
  exposed BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX organisation_rank ON organisation (compromised, attacked, exposed, id);
CREATE TABLE build (                      -- a product's build that a server runs
  id BIGINT NOT NULL PRIMARY KEY,
  product {text} NOT NULL,
  build {text} NOT NULL,
  name {text} NOT NULL,
  servers BIGINT NOT NULL
);
CREATE TABLE exposure (                   -- what a server is open to; many share one
  id BIGINT NOT NULL PRIMARY KEY,
  build BIGINT NOT NULL,
  body {text} NOT NULL,                   -- JSON: a list of wire.Exposure without proof
  servers BIGINT NOT NULL
);
CREATE TABLE exposure_cve (
  exposure BIGINT NOT NULL,
  cve {text} NOT NULL,
  state {text} NOT NULL,
  exploited {text} NOT NULL,              -- since when, yyyy-mm-dd, as CISA says
  PRIMARY KEY (cve, state, exposure)
) {compact};
CREATE TABLE server (
  id {id},
  org {text} NOT NULL,
  name {text} NOT NULL,
  enrolled BIGINT NOT NULL,
  seen BIGINT NOT NULL DEFAULT 0,
  revoked BIGINT NOT NULL DEFAULT 0,
  key_hash {text} NOT NULL DEFAULT '',    -- SHA-256 of its public key (SPKI), lower-case hex
  allow_files BIGINT NOT NULL DEFAULT 0,  -- its administrator lets the hub ask for files
  version {text} NOT NULL DEFAULT '',
  exposure BIGINT NOT NULL DEFAULT 0,
  verdict {text} NOT NULL DEFAULT '',
  confidence {text} NOT NULL DEFAULT '',
  reason {text} NOT NULL DEFAULT '',
  findings BIGINT NOT NULL DEFAULT 0,
  first_hostile BIGINT NOT NULL DEFAULT 0,
  last_hostile BIGINT NOT NULL DEFAULT 0,
  standing BIGINT NOT NULL DEFAULT 0,     -- verdict and last hostile act as one number: the worst is the highest
  latest BIGINT NOT NULL DEFAULT 0,       -- case that the tables below tell of
  cases BIGINT NOT NULL DEFAULT 0,
  acquired BIGINT NOT NULL DEFAULT 0,
  received BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX server_name ON server (name, org);
CREATE INDEX server_standing ON server (standing, id);
CREATE INDEX server_org ON server (org, standing, id);
CREATE INDEX server_exposure ON server (exposure);
CREATE TABLE cases (
  id BIGINT NOT NULL PRIMARY KEY,
  server BIGINT NOT NULL,
  received BIGINT NOT NULL,
  acquired BIGINT NOT NULL,
  verdict {text} NOT NULL,
  findings BIGINT NOT NULL,
  evidence {blob} NOT NULL,               -- SHA-256 of what the scan said of the evidence
  hash {blob} NOT NULL,                   -- SHA-256 of the whole stream
  body {blob} NOT NULL                    -- the stream, zstd
);
CREATE UNIQUE INDEX cases_evidence ON cases (server, evidence);
CREATE INDEX cases_received ON cases (received);
CREATE TABLE counter (
  kind {text} NOT NULL,
  key {text} NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (kind, key)
) {compact};
CREATE TABLE finding (                    -- a kind of finding; server_finding says where
  id BIGINT NOT NULL PRIMARY KEY,
  rule {text} NOT NULL,
  title {text} NOT NULL,
  level {text} NOT NULL,
  phase {text} NOT NULL,
  outcome {text} NOT NULL,
  servers BIGINT NOT NULL
);
CREATE INDEX finding_servers ON finding (servers, id);
CREATE TABLE server_finding (
  server BIGINT NOT NULL,
  finding BIGINT NOT NULL,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (server, finding)
) {compact};
CREATE INDEX server_finding_of ON server_finding (finding, server);
CREATE TABLE indicator (
  id BIGINT NOT NULL PRIMARY KEY,
  type {text} NOT NULL,
  role {text} NOT NULL,
  value {text} NOT NULL,
  base {text} NOT NULL,                   -- last element of a path, in lower case
  ties BIGINT NOT NULL,                   -- 1 if servers that share it belong together
  servers BIGINT NOT NULL,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL
);
CREATE INDEX indicator_value ON indicator (value, id);
CREATE INDEX indicator_base ON indicator (base, id) WHERE base <> '';
CREATE INDEX indicator_ties ON indicator (servers, id) WHERE ties = 1 AND servers > 1;
CREATE TABLE server_indicator (
  server BIGINT NOT NULL,
  indicator BIGINT NOT NULL,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL,
  PRIMARY KEY (server, indicator)
) {compact};
CREATE INDEX server_indicator_of ON server_indicator (indicator, server);
CREATE TABLE file (
  id BIGINT NOT NULL PRIMARY KEY,
  path {text} NOT NULL,
  base {text} NOT NULL,
  sha256 {text} NOT NULL,
  size BIGINT NOT NULL,
  servers BIGINT NOT NULL
);
CREATE INDEX file_path ON file (path, id);
CREATE INDEX file_base ON file (base, id);
CREATE INDEX file_sha256 ON file (sha256, id);
CREATE TABLE file_build (                 -- on how many servers of each build
  file BIGINT NOT NULL,
  build BIGINT NOT NULL,
  servers BIGINT NOT NULL,
  PRIMARY KEY (file, build)
) {compact};
CREATE TABLE server_file (
  server BIGINT NOT NULL,
  file BIGINT NOT NULL,
  PRIMARY KEY (server, file)
) {compact};
CREATE INDEX server_file_of ON server_file (file, server);
CREATE TABLE dead_letter (
  id {id},
  at BIGINT NOT NULL,
  server BIGINT NOT NULL,
  reason {text} NOT NULL,
  body {blob} NOT NULL,
  replayed BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE file_request (
  id {id},
  server BIGINT NOT NULL,
  cases BIGINT NOT NULL,
  path {text} NOT NULL,
  sha256 {text} NOT NULL,
  asked BIGINT NOT NULL,
  asked_by {text} NOT NULL,
  state {text} NOT NULL,
  answered BIGINT NOT NULL DEFAULT 0,
  reason {text} NOT NULL DEFAULT '',
  size BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX file_request_server ON file_request (server, state);
CREATE TABLE token (
  hash {blob} PRIMARY KEY,
  org {text} NOT NULL,
  created BIGINT NOT NULL,
  created_by {text} NOT NULL,
  expires BIGINT NOT NULL,
  uses BIGINT NOT NULL,                   -- how often it may still be used
  last_used BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE account (
  name {text} PRIMARY KEY,
  org {text} NOT NULL,                    -- '' for all organisations
  role {text} NOT NULL,
  password {text} NOT NULL,               -- argon2id, encoded; '' if none
  subject {text} NOT NULL,                -- of OpenID Connect: issuer, a space, subject; '' if none
  created BIGINT NOT NULL,
  disabled BIGINT NOT NULL DEFAULT 0,
  failures BIGINT NOT NULL DEFAULT 0,     -- since the last log-in
  failed BIGINT NOT NULL DEFAULT 0        -- when last
);
CREATE UNIQUE INDEX account_subject ON account (subject) WHERE subject <> '';
CREATE TABLE session (
  hash {blob} PRIMARY KEY,
  account {text} NOT NULL,
  created BIGINT NOT NULL,
  seen BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  address {text} NOT NULL
);
CREATE INDEX session_account ON session (account);
CREATE TABLE audit (
  id {id},
  at BIGINT NOT NULL,
  actor {text} NOT NULL,
  org {text} NOT NULL,                    -- of the actor; '' for all
  action {text} NOT NULL,
  object {text} NOT NULL,
  detail {text} NOT NULL,
  address {text} NOT NULL
);
-- step
CREATE TABLE claim (                      -- what reviewers added to the knowledge that ships
  id {text} NOT NULL,
  version BIGINT NOT NULL,
  body {text} NOT NULL,                   -- JSON: a claim.Claim
  added BIGINT NOT NULL,
  added_by {text} NOT NULL,
  PRIMARY KEY (id, version)
);
CREATE TABLE published (                  -- STIX objects that a publisher let go
  seq {id},
  collection {text} NOT NULL,
  object {text} NOT NULL,
  type {text} NOT NULL,
  spec {text} NOT NULL,
  version {text} NOT NULL,
  added BIGINT NOT NULL,
  body {text} NOT NULL
);
CREATE UNIQUE INDEX published_once ON published (collection, object, spec, version);
CREATE INDEX published_order ON published (collection, seq);
-- step
ALTER TABLE published ADD COLUMN instant {text} NOT NULL DEFAULT '';
UPDATE published SET instant = substr(version, 1, 19) || '.' || substr(replace(replace(substr(version, 20), '.', ''), 'Z', '') || '000000000', 1, 9) || 'Z'
  WHERE version LIKE '____-__-__T__:__:__%Z';
DROP INDEX published_order;
CREATE INDEX published_order ON published (collection, seq, type, object, spec, instant);
CREATE INDEX published_type ON published (collection, type, seq, object, spec, instant);
CREATE INDEX published_version ON published (collection, object, spec, instant, seq);
CREATE INDEX published_added ON published (collection, added)
-- step
ALTER TABLE published ADD COLUMN revoked BIGINT NOT NULL DEFAULT 0;
CREATE TABLE collection (                 -- that publishers made, beside those which are always there
  id {text} PRIMARY KEY,                  -- a UUID
  title {text} NOT NULL,
  tlp {text} NOT NULL,                    -- marking of all that is in it
  everybody BIGINT NOT NULL,              -- 1 if each account reads it
  readers {text} NOT NULL,                -- else: organisations, and @ with names of accounts, a line each
  created BIGINT NOT NULL,
  created_by {text} NOT NULL
)
-- step
CREATE INDEX published_revoked ON published (collection, object) WHERE revoked = 1;
-- step
CREATE TABLE missed (                     -- cases of a server that no hub will get
  server BIGINT NOT NULL PRIMARY KEY,
  cases BIGINT NOT NULL,
  reason {text} NOT NULL,                 -- of the last
  told BIGINT NOT NULL
)
-- step
-- files are numbers of 8 bytes; holders, the servers that have one, are lists as
-- holders.go has them, of which so many bytes are in parts.
ALTER TABLE server ADD COLUMN files {blob} NOT NULL DEFAULT '';
ALTER TABLE file ADD COLUMN holders {blob} NOT NULL DEFAULT '';
ALTER TABLE file ADD COLUMN parted BIGINT NOT NULL DEFAULT 0;
CREATE TABLE holders (
  thing BIGINT NOT NULL,
  part BIGINT NOT NULL,
  body {blob} NOT NULL,
  PRIMARY KEY (thing, part)
) {compact}
-- step
DROP TABLE server_file;
DROP TABLE file_build
-- step
ALTER TABLE server ADD COLUMN kinds {blob} NOT NULL DEFAULT '';
ALTER TABLE server ADD COLUMN indicators {blob} NOT NULL DEFAULT '';
ALTER TABLE finding ADD COLUMN holders {blob} NOT NULL DEFAULT '';
ALTER TABLE finding ADD COLUMN parted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE indicator ADD COLUMN holders {blob} NOT NULL DEFAULT '';
ALTER TABLE indicator ADD COLUMN parted BIGINT NOT NULL DEFAULT 0
-- step
DROP TABLE server_finding;
DROP TABLE server_indicator
-- step
-- of the case that the letter holds; empty if what came was damaged
ALTER TABLE dead_letter ADD COLUMN evidence {blob} NOT NULL DEFAULT '';
CREATE INDEX dead_letter_evidence ON dead_letter (server, evidence)
-- step
-- 1: not in the indexes for searches yet; see holders.go
ALTER TABLE file ADD COLUMN recent BIGINT NOT NULL DEFAULT 0;
DROP INDEX file_path;
DROP INDEX file_base;
DROP INDEX file_sha256;
CREATE INDEX file_path ON file (path, id) WHERE recent = 0;
CREATE INDEX file_base ON file (base, id) WHERE recent = 0;
CREATE INDEX file_sha256 ON file (sha256, id) WHERE recent = 0;
CREATE INDEX file_recent ON file (recent) WHERE recent = 1;
ALTER TABLE indicator ADD COLUMN recent BIGINT NOT NULL DEFAULT 0;
DROP INDEX indicator_value;
DROP INDEX indicator_base;
CREATE INDEX indicator_value ON indicator (value, id) WHERE recent = 0;
CREATE INDEX indicator_base ON indicator (base, id) WHERE base <> '' AND recent = 0;
CREATE INDEX indicator_recent ON indicator (recent) WHERE recent = 1
