-- A case file of Limier, version 1. doc/case-format.md explains it.
-- Times are UTC, yyyy-mm-ddThh:mm:ss.ffffffZ, or '' where none is known.
CREATE TABLE scan (format TEXT NOT NULL, version TEXT NOT NULL, source TEXT NOT NULL, host TEXT NOT NULL, acquired TEXT NOT NULL, rules INTEGER NOT NULL,
	complete INTEGER NOT NULL, verdict TEXT NOT NULL, confidence TEXT NOT NULL, reason TEXT NOT NULL,
	files INTEGER NOT NULL, bytes INTEGER NOT NULL, events INTEGER NOT NULL, sightings INTEGER NOT NULL) STRICT;
CREATE TABLE exposure (id INTEGER PRIMARY KEY, product TEXT NOT NULL, build TEXT NOT NULL, name TEXT NOT NULL, updated TEXT NOT NULL, proof TEXT NOT NULL, notes TEXT NOT NULL) STRICT;
CREATE TABLE exposure_cve (exposure INTEGER NOT NULL REFERENCES exposure(id), cve TEXT NOT NULL, state TEXT NOT NULL, fixed_in TEXT NOT NULL, note TEXT NOT NULL) STRICT;
CREATE TABLE finding (id INTEGER PRIMARY KEY, key TEXT NOT NULL, rule TEXT NOT NULL, title TEXT NOT NULL, reason TEXT NOT NULL, phase TEXT NOT NULL, outcome TEXT NOT NULL,
	level TEXT NOT NULL, confidence TEXT NOT NULL, host TEXT NOT NULL, start TEXT NOT NULL, "end" TEXT NOT NULL, count INTEGER NOT NULL,
	techniques TEXT NOT NULL, cves TEXT NOT NULL, refs TEXT NOT NULL) STRICT;
CREATE TABLE step (finding INTEGER NOT NULL REFERENCES finding(id), n INTEGER NOT NULL, time TEXT NOT NULL, rule TEXT NOT NULL, text TEXT NOT NULL, outcome TEXT NOT NULL, key INTEGER NOT NULL,
	path TEXT NOT NULL, line INTEGER NOT NULL, record INTEGER NOT NULL, "offset" INTEGER NOT NULL, raw TEXT NOT NULL, PRIMARY KEY (finding, n)) STRICT;
CREATE TABLE entity (finding INTEGER NOT NULL REFERENCES finding(id), n INTEGER NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL, role TEXT NOT NULL, PRIMARY KEY (finding, n)) STRICT;
CREATE TABLE gap (path TEXT NOT NULL, line INTEGER NOT NULL, record INTEGER NOT NULL, "offset" INTEGER NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL) STRICT;
CREATE TABLE coverage (source TEXT NOT NULL, files INTEGER NOT NULL, events INTEGER NOT NULL, bytes INTEGER NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL) STRICT;
CREATE TABLE next_step (n INTEGER PRIMARY KEY, text TEXT NOT NULL, source TEXT NOT NULL) STRICT;
CREATE INDEX step_time ON step(time);
CREATE INDEX entity_value ON entity(value);
