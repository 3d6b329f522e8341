#!/bin/sh
# attacks.sh: 500 slow-loris, 10,000 idle sockets, WebSockets that never read, header, depth and body bombs, guessed
# keys and passwords, all at once against `orket serve`, beside good clients (tests/support/attacks.py). N= seconds.
# The aims: good clients at least 99 % served, p99 at most 500 ms, at most 512 MB, recovered in 5 s.
dir=$(mktemp -d) || exit 1
trap 'kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
ORKET_API_KEY=evidence-of-attacks ORKET_RATE_LIMIT=0 "${ORKET:-build/orket}" serve --port 0 --seed-cards 1000 -C "$dir/p" \
  > "$dir/out" 2> "$dir/err" &
pid=$!
until port=$(sed -n 's/.*http:.*:\([0-9]*\)$/\1/p' "$dir/out") && [ -n "$port" ]; do
  kill -0 "$pid" || { cat "$dir/err"; exit 1; }
  sleep 0.1
done
/usr/bin/python3 tests/support/attacks.py '{"port":'"$port"',"key":"evidence-of-attacks","pid":'"$pid"',"card":"seed",
  "seconds":'"${N:-30}"',"slow":500,"idle":10000,"stuck":20,"good":4}' > "$dir/result" || exit 1
/usr/bin/python3 - "$dir/result" << 'END'
import json, sys
r = json.load(open(sys.argv[1]))
print(json.dumps(r, indent=1))
good = r["good"]
ok = (good["part"] >= 0.99 and good["p99_ms"] <= 500 and r["rss_mb"]["most"] <= 512
      and r["recovered_s"] is not None and r["recovered_s"] <= 5)
print("the aims are held" if ok else "AN AIM IS MISSED")
sys.exit(not ok)
END
