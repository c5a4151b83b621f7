"""A hub as its people and programs use it: a publisher lets claims and the
indicators of a case go, a partner's platform polls over TAXII and as a MISP feed,
the publisher withdraws one of each, the platform polls again. bench/interop.sh
runs it: URL of the hub, its first token. Leaves withdrawn.json, what is served
then."""
import datetime, html, json, re, sys, time

import requests
from pymisp import MISPEvent
from stix2 import parse
from taxii2client.v21 import Server, as_pages

url, first = sys.argv[1:3]
password = "correct horse battery"


class Browser:
    def __init__(self, path, **form):
        self.s = requests.Session()
        self.post(path, path, **form)

    def post(self, page, action, **form):
        csrf = re.search(r'name="csrf" value="(\w+)"', self.s.get(url + page).text)[1]
        r = self.s.post(url + action, data=form | {"csrf": csrf})
        assert r.ok, (action, r.status_code, re.findall(r'role="alert">([^<]*)', r.text))
        return r.text

    def token(self):
        return re.search(r'class="secret">([^<]+)', self.post("/account", "/account/token"))[1]


root = Browser("/setup", token=first, name="root", password=password)
root.post("/admin", "/admin/accounts", name="partner", role="viewer", organisation="clinic", password=password)
partner = Browser("/login", name="partner", password=password).token()
page = root.post("/publication", "/publication/collections", title="Partners", tlp="amber", readers="clinic")
root.post("/publication", "/publication/claims", collection="")
own = re.search(r'value="([^"]+)">Partners', page)[1]
case = "0"
while case == "0":  # the case is being stored
    case = re.search(r'"latest":(\d+)', root.s.get(url + "/api/v1/servers").text)[1]
root.post("/publication", "/publication/indicators", collection=own, case=case)

collections = {c.title: c for c in Server(url + "/taxii2/", user="partner", password=partner).api_roots[0].collections}


def poll(title, since=None):
    out = []
    for p in as_pages(collections[title].get_objects, per_request=50, **({"added_after": since} if since else {})):
        out += p.get("objects", [])
    return out


def feed():
    get = lambda name: requests.get(url + "/misp-feed/" + name, headers={"Authorization": "Bearer " + partner}).json()
    out = {}
    for uuid, entry in get("manifest.json").items():
        e = MISPEvent()
        e.load(get(uuid + ".json"))
        assert str(int(e.timestamp.timestamp())) == entry["timestamp"]
        out[uuid] = e
    return out


before, seen = feed(), datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
have = {o["id"]: o for t in ("Claims", "Partners") for o in poll(t)}
for o in have.values():
    parse(o, allow_custom=True)
print(f"a partner has {len(have)} objects, {len(before)} events")
time.sleep(1.1)  # MISP counts seconds


def withdraw(text, reason):
    row = next(r for r in root.s.get(url + "/publication", params={"q": text}).text.split("<li>") if 'name="item"' in r)
    root.post("/publication", "/publication/withdraw", item=html.unescape(re.search(r'name="item" value="([^"]+)"', row)[1]), reason=reason)


withdraw("Exchange 2021 indicts Xu Zewei", "a wrong copy")
withdraw("203.0.113.45", "our own scanner")
new = {t: poll(t, seen) for t in ("Claims", "Partners")}
gone = [o for t in new for o in new[t]]
for o in gone:
    x = parse(o, allow_custom=True)
    assert x.revoked and x.modified > parse(have[o["id"]], allow_custom=True).modified and o["created"] == have[o["id"]]["created"], o
print("polled after two were withdrawn:", sorted(o["type"] + (" " + o["name"] if "name" in o else "") for o in gone))
assert any(o["type"] == "indicator" and o["name"] == "203.0.113.45" for o in gone) and any("wrong copy" in o.get("description", "") for o in gone)
after = feed()
dead = 0
for uuid, e in after.items():
    changed = e.timestamp > before[uuid].timestamp
    parts = [a for a in e.attributes if getattr(a, "deleted", False)] + [o for o in e.objects if getattr(o, "deleted", False)]
    dead += len(parts)
    assert changed == bool(parts), uuid
    for p in parts:
        was = next(w for w in before[uuid].attributes + before[uuid].objects if w.uuid == p.uuid)
        assert p.timestamp > was.timestamp and not getattr(p, "to_ids", False)
    print(f"{e.info}: {len(parts)} deleted, newer: {changed}")
assert dead == 2
versions = []
for _ in range(2):
    root.post("/publication", "/publication/claims", collection="")
    root.post("/publication", "/publication/indicators", collection=own, case=case)
    time.sleep(1.1)
    versions.append({u: e.to_json() for u, e in feed().items()})
assert versions[0] == versions[1] and sum(v.count('"deleted": true') for v in versions[1].values()) > 1
again = {o["id"]: o for t in ("Claims", "Partners") for o in poll(t)}
assert all(again[o["id"]]["revoked"] for o in gone)
print("published twice again: what was withdrawn stays so, and nothing else is new")
objects = list({o["id"]: o for o in again.values()}.values())
json.dump({"type": "bundle", "id": "bundle--5b3f1c0e-6a52-4d0b-9e5d-1e7c6c696d72", "objects": objects}, open("withdrawn.json", "w"))
