# forge.py: a journal changed by hand and made to fit again, as far as who has no key can: names of blobs and
# messages, hashes, numbers, chains and heads all follow from what was changed. Only the signature cannot.
#   python3 forge.py DATABASE CODE      CODE works on `events`, `messages`, `blobs` with the functions below
import hashlib, json, os, sqlite3, sys


def digest(*parts):
    return hashlib.blake2b(b"".join(len(p).to_bytes(8, "little") + p for p in parts), digest_size=32).digest()


def name_of(data):
    return hashlib.blake2b(data, digest_size=32).digest()


db = sqlite3.connect(sys.argv[1])
db.row_factory = sqlite3.Row


def whole(row):
    data, more = bytes(row["bytes"]), row["more"]
    while more:
        piece = db.execute("SELECT id, more, bytes FROM piece WHERE id = ?", (more,)).fetchone()
        data, more = data + bytes(piece["bytes"]), piece["id"] + 1 if piece["more"] else None
    return data


def rows(sql):
    return [dict(row) for row in db.execute(sql)]


events = rows("SELECT e.*, s.run, s.turn, entry.at AS ms_at FROM event e JOIN stream s ON s.id = e.stream "
              "JOIN entry ON entry.seq = e.seq ORDER BY e.seq")
blobs = [dict(id=r["id"], hash=bytes(r["hash"]), bytes=whole(r)) for r in db.execute("SELECT * FROM blob ORDER BY id")]
messages = [dict(id=r["id"], hash=bytes(r["hash"]), parent=r["parent"], bytes=whole(r))
            for r in db.execute("SELECT * FROM message ORDER BY id")]
seen = {}

# ---- what a change is made of ----


def find(kind, has="", which=0):
    return [e for e in events if e["kind"] == kind and has in e["body"] + str(e["card"]) + e["actor"]][which]


def edit(event, **fields):
    body = json.loads(event["body"])
    body.update(fields)
    event["body"] = json.dumps({k: v for k, v in body.items() if v is not None}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def change(event, old, new):
    assert old in event["body"], event["body"]
    event["body"] = event["body"].replace(old, new, 1)


def text(items, has, old, new):
    for item in items:
        if has.encode() in item["bytes"] and old.encode() in item["bytes"]:
            item["bytes"] = item["bytes"].replace(old.encode(), new.encode(), 1)
            return
    raise SystemExit("nothing has " + has + " and " + old)


def drop(event):
    events.remove(event)


def after(event, distance=1):
    return [e for e in events if e["stream"] == event["stream"]][event["n"] - 1 + distance]


# What is where in commit order stays; who is there is the other one.
def swap(a, b):
    i, j = events.index(a), events.index(b)
    events[i], events[j] = b, a
    a["seq"], b["seq"] = b["seq"], a["seq"]


def repeat(event):
    copy = dict(event)
    events.insert(events.index(event) + 1, copy)
    for later in events[events.index(event) + 1:]:
        later["seq"] += 1


exec(sys.argv[2])

# ---- made to fit ----

renamed = {}


def rename(item, new):
    if new != item["hash"]:
        renamed[item["hash"].hex()] = new.hex()
        item["hash"] = new


for blob in blobs:
    rename(blob, name_of(blob["bytes"]))
by_id = {}
for message in messages:
    parent = by_id[message["parent"]]["hash"] if message["parent"] else b""
    rename(message, digest(parent, message["bytes"]))
    by_id[message["id"]] = message

by_hash = {blob["hash"].hex(): blob["bytes"] for blob in blobs}
for event in events:
    for old, new in renamed.items():
        event["body"] = event["body"].replace(old, new)
for event in events:
    if event["kind"] == "scripts.loaded":
        body = json.loads(event["body"])
        parts = [part for path in sorted(body["files"]) for part in (path.encode(), by_hash[body["files"][path]])]
        new = digest(*parts).hex()[:16]
        db.execute("UPDATE generation SET id = ?, files = ? WHERE id = ?", (new, json.dumps(body["files"]), body["generation"]))
        for other in events:
            other["body"] = other["body"].replace('"' + body["generation"] + '"', '"' + new + '"')

db.execute("DELETE FROM entry")
lasts = {}
for event in events:
    n, prev, before = lasts.get(event["stream"], (0, 0, bytes(32)))
    event["n"] = n + 1
    fields = [event["run"], event["turn"], event["step"], event["n"], event["kind"], event["card"] or "", event["actor"],
              event["role"] or "", event["body"], event["at"]]
    event["hash"] = digest(before, *[str(field).encode() for field in fields])
    db.execute("INSERT OR IGNORE INTO kind (name) VALUES (?)", (event["kind"],))
    db.execute("INSERT INTO entry SELECT ?, ?, ?, ?, ?, id, ?, ?, ?, ?, ?, NULL, ? FROM kind WHERE name = ?",
               (event["seq"], event["stream"], prev, event["n"], event["step"], event["ms_at"], event["card"], event["actor"],
                event["role"], event["hash"], event["body"], event["kind"]))
    lasts[event["stream"]] = (event["n"], event["seq"], event["hash"])
for stream, (n, seq, last) in lasts.items():
    db.execute("UPDATE stream SET n = ?, seq = ? WHERE id = ?", (n, seq, stream))
for table, items, sign in (("blob", blobs, 1), ("message", messages, -1)):
    for item in items:
        db.execute("UPDATE " + table + " SET hash = ?, bytes = ?, more = NULL WHERE id = ?", (item["hash"], item["bytes"], item["id"]))
        key = int.from_bytes(item["hash"][:4], sys.byteorder, signed=True)
        db.execute("INSERT OR IGNORE INTO name VALUES (?, ?)", (key, sign * item["id"]))
for head in rows("SELECT * FROM head"):
    so_far, count, covered = bytes(32), 0, [e for e in events if e["run"] == head["run"] and e["seq"] <= head["seq"]]
    for turn in sorted({e["turn"] for e in covered}):
        of = [e for e in covered if e["turn"] == turn]
        so_far, count = digest(so_far, str(turn).encode(), of[-1]["hash"]), count + len(of)
    db.execute("UPDATE head SET hash = ?, events = ? WHERE run = ? AND seq = ?", (so_far, count, head["run"], head["seq"]))
db.commit()

mark = os.path.join(os.path.dirname(sys.argv[1]), "highwater")  # it would not follow from them
if os.path.exists(mark):
    os.remove(mark)
