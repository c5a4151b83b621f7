#!/bin/bash
# What others' programs make of what Limier publishes: OASIS's TAXII client and
# STIX validator, stix2, PyMISP; at last with a hub that publishes and withdraws. Needs Python 3 and pip. VENV=DIR keeps the
# packages for the next time.
#
#   bench/interop.sh
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'kill "${server:-}" "${hub:-}" 2>/dev/null; rm -rf "$work"' EXIT
venv=${VENV:-$work/venv}
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
"$venv/bin/pip" install -q taxii2-client==2.3.0 stix2==3.0.2 stix2-validator==3.3.2 pymisp==2.5.34.4
go build -o "$work/limier" ./cmd/limier
cd "$work"
./limier scan "$OLDPWD/examples/intrusion" -o ex01.limier >/dev/null || true
./limier kb export --format stix -o claims.json
./limier kb export --format opencti -o opencti.json
./limier export ex01.limier --format stix -o case.json
echo "== stix2-validator (OASIS)"
"$venv/bin/stix2_validator" --version 2.1 claims.json opencti.json case.json | sed 's/\x1b\[[0-9;]*m//g' >validated || true
grep -E '^\[[-+X]\] ?(Results|STIX)' validated
grep -o '{[0-9]*}' validated | sort | uniq -c | sed 's/$/ warnings/'
grep -c 'STIX JSON: Valid' validated | grep -qx 3 || { echo "not all are valid"; exit 1; }

echo "== taxii2-client (OASIS) and stix2"
./limier taxii --listen 127.0.0.1:0 ex01.limier >address &
server=$!
until [[ -s address ]]; do sleep 0.1; done
cat >client.py <<'PY'
import sys
from stix2 import Filter, TAXIICollectionSource
from taxii2client.v21 import Server, as_pages

server = Server(sys.argv[1])
for c in server.api_roots[0].collections:
    objects, manifest = [], []
    for page in as_pages(c.get_objects, per_request=7):
        objects += page.get("objects", [])
    for page in as_pages(c.get_manifest, per_request=7):
        manifest += page.get("objects", [])
    ids = {o["id"] for o in objects}
    print(f"{c.title}: {len(objects)} objects in pages of 7, {len(manifest)} in the manifest")
    assert len(ids) == len(objects) == len(manifest) > 0 and c.can_read and not c.can_write
    one = sorted(ids)[0]
    assert c.get_object(one)["objects"][0]["id"] == one and len(c.object_versions(one)["versions"]) == 1
    assert not c.get_objects(added_after="2100-01-01T00:00:00Z").get("objects")
relationships = TAXIICollectionSource(server.api_roots[0].collections[0]).query([Filter("type", "=", "relationship")])
print(f"stix2 reads {len(relationships)} relationships of claims")
assert relationships
PY
"$venv/bin/python" client.py "$(sed 's/^serving //' address)"

echo "== PyMISP"
./limier feed --claims ex01.limier -o feed
cat >misp.py <<'PY'
import glob, json
from pymisp import MISPEvent

manifest = json.load(open("feed/manifest.json"))
hashes = set(open("feed/hashes.csv").read().split())
for name in glob.glob("feed/*-*.json"):
    event = MISPEvent()
    event.load_file(name)
    mine = set()
    for a in event.attributes + [a for o in event.objects for a in o.attributes]:
        if a.type != "datetime":  # which PyMISP writes in its own way
            mine |= {f"{h},{event.uuid}" for h in a.hash_values("md5")}
    entry = event.manifest[event.uuid]
    for key in ("info", "date", "analysis", "threat_level_id", "timestamp"):
        assert str(entry[key]) == str(manifest[event.uuid][key]), key
    print(f"{event.info}: {len(event.attributes)} attributes, {len(event.objects)} objects, {len(mine)} hashes")
    assert mine <= hashes, mine - hashes
PY
"$venv/bin/python" misp.py
echo "== a hub that withdraws (TAXII, stix2, PyMISP, stix2-validator)"
./limier serve --data hub --listen 127.0.0.1:0 >hub.out 2>hub.err &
hub=$!
until grep -q token hub.out; do sleep 0.1; done
url=$(sed -n 's/^Limier hub on \([^,]*\),.*/\1/p' hub.out)
./limier agent enroll --hub "$url" --token "$(./limier serve token --data hub --org clinic)" --name ex01 --dir agent >/dev/null
./limier agent --once --jitter 0 --dir agent --path "$OLDPWD/examples/intrusion" 2>/dev/null
REQUESTS_CA_BUNDLE=hub/keys/authority.pem "$venv/bin/python" "$OLDPWD/bench/interop-hub.py" "$url" "$(sed -n 's/.*: admin/admin/p' hub.out)"
"$venv/bin/stix2_validator" --version 2.1 withdrawn.json >validated
grep -c 'STIX JSON: .*Valid' validated | grep -qx 1 || { echo "what was withdrawn is not valid"; exit 1; }
echo "all as it should be"
