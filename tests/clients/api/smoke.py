"""smoke.py URL KEY: what the generated Python client makes of a server, as one JSON line. PYTHONPATH: where it was generated."""
import json
import sys
import time

from orket_client import ApiError, Client
from orket_types import Event, Run

client = Client(sys.argv[1], sys.argv[2])
seen = {}


def failure(act, *arguments, **more):
    try:
        act(*arguments, **more)
    except ApiError as error:
        return {"status": error.problem.status, "code": error.problem.code, **{
            name: error.body[name] for name in ("revision", "sent", "errors") if name in error.body}}
    return None


seen["health"] = client.health()["status"]
made = client.create_card({"id": "py-1", "parent_id": "ep", "name": "From Python", "seat": "dev"}, idempotency_key="py")
again = client.create_card({"id": "py-1", "parent_id": "ep", "name": "From Python", "seat": "dev"}, idempotency_key="py")
seen["made"], seen["once"] = made["revision"], made == again
written = client.change_card("py-1", {"description": "of a client"}, if_match='"%d"' % made["revision"])
seen["stale"] = failure(client.change_card, "py-1", {"description": "late"}, revision=made["revision"])
seen["unfit"] = failure(client.create_card, {"id": "../x", "name": "x"})
seen["missing"] = failure(client.card, "nix/../nix")
seen["done"] = client.act_comment({"card": "py-1", "text": "umlauts: größer"}).message
seen["comment"] = client.card("py-1")["comments"][0]["text"]
run = client.execute("ep", {})["run"]
for _ in range(200):
    if client.run(run)["status"] != "running":
        break
    time.sleep(0.1)
rows = [Run.from_dict(row) for row in client.runs(limit=5)["items"]]
seen["run"] = [rows[0].id, rows[0].status]
page = client.run_events(run, limit=3)
seen["events"] = [Event.from_dict(row).seq for row in page["items"]] == sorted(row["seq"] for row in page["items"])
seen["metrics"] = b"# TYPE" in client.metrics()
print(json.dumps(seen))
