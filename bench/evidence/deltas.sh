#!/bin/sh
# deltas.sh: from a fragment that a model sends to the same at a client of `orket serve`, over a WebSocket and as
# text/event-stream. Each fragment is the time at which it was sent. N= fragments. The aim: 20 ms.
dir=$(mktemp -d) || exit 1
trap 'kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
cat > "$dir/measure.py" << 'END'
import asyncio, http.server, json, os, subprocess, sys, threading, time, urllib.request, websockets

DIR, ORKET, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Model(http.server.BaseHTTPRequestHandler):
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for _ in range(COUNT):
            said = {"choices": [{"index": 0, "delta": {"content": "t=%d " % time.monotonic_ns()}}]}
            self.wfile.write(b"data: " + json.dumps(said).encode() + b"\n\n")
            time.sleep(0.02)
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9, "completion_tokens": 9}}
        self.wfile.write(b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]\n\n")


model = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=model.serve_forever, daemon=True).start()
subprocess.run([ORKET, "init", "--demo", DIR + "/p"], check=True, stdout=subprocess.DEVNULL)
env = dict(os.environ, ORKET_API_KEY="evidence-of-deltas", ORKET_MODEL="m", ORKET_MODEL_URL="http://127.0.0.1:%d/v1" % model.server_address[1])
server = subprocess.Popen([ORKET, "serve", "--port", "0", "-C", DIR + "/p"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
port = next(line for line in server.stdout if "http:" in line).rsplit(":", 1)[1].strip()
HEADERS = {"Authorization": "Bearer evidence-of-deltas"}


def late(text):
    return [(time.monotonic_ns() - int(part[2:])) / 1e6 for part in text.split() if part.startswith("t=")]


async def over_socket(times):
    async with websockets.connect("ws://127.0.0.1:%s/ws/events" % port, extra_headers=HEADERS) as s:
        ready.set()
        while len(times) < COUNT:
            message = json.loads(await s.recv())
            if message["event"] == "delta":
                times.extend(late(message["data"].get("text", "")))


def over_stream(times):
    request = urllib.request.Request("http://127.0.0.1:%s/v1/events" % port, headers=dict(HEADERS, Accept="text/event-stream"))
    with urllib.request.urlopen(request) as stream:
        while len(times) < COUNT:
            line = stream.readline()
            if line.startswith(b"data: ") and b'"text"' in line:
                times.extend(late(json.loads(line[6:]).get("text", "")))


def report(name, times):
    first, times = times[0], sorted(times)
    row = {"first": first, "p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)], "worst": times[-1]}
    print("%-18s" % name, "  ".join("%s %.2f ms" % pair for pair in row.items()))
    return row["p99"]


ready, socket, stream = threading.Event(), [], []
threads = [threading.Thread(target=lambda: asyncio.run(over_socket(socket)), daemon=True), threading.Thread(target=over_stream, args=(stream,), daemon=True)]
for thread in threads:
    thread.start()
ready.wait(10)
time.sleep(0.3)
urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:%s/v1/cards/hello/execute" % port, data=b"{}", headers=dict(HEADERS, **{"Content-Type": "application/json"})))
for thread in threads:
    thread.join(COUNT * 0.1 + 20)
server.terminate()
server.wait(15)
worst = max(report("WebSocket", socket), report("text/event-stream", stream))
sys.exit(worst > 20)
END
/usr/bin/python3 "$dir/measure.py" "$dir" "$(readlink -f "${ORKET:-build/orket}")" "${N:-200}"
