# A model server whose replies are too large in one way: big.py KIND N prints its port. Counts nothing, says usage.
import http.server
import json
import sys

kind, n = sys.argv[1], int(sys.argv[2])
MIB = 1024 * 1024


def call(i, name, arguments, id=None):
    return {"tool_calls": [{"index": i, "id": id or "c%d" % i, "function": {"name": name, "arguments": arguments}}]}


def more(arguments):
    return {"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]}


def deltas():
    pieces = ["x" * 500000] * (n * MIB // 500000)
    if kind == "content":
        return [{"content": piece} for piece in pieces]
    elif kind == "arguments":
        begin = call(0, "write_file", '{"path":"a.txt","content":"')
        return [begin] + [more(piece) for piece in pieces] + [more('"}')]
    elif kind == "name":
        return [call(0, "n" * n, "{}")]
    elif kind == "id":
        return [call(0, "write_file", '{"path":"a.txt","content":"x"}', "i" * n)]
    elif kind == "depth":
        return [call(0, "write_file", '{"path":' + "[" * n + "]" * n + "}")]
    elif kind == "event":
        return [{"content": "x" * (n * MIB)}]
    return [call(i, "write_file", json.dumps({"path": "f%d.txt" % i, "content": "x"})) for i in range(n)]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def event(self, value):
        self.wfile.write(b"data: " + json.dumps(value).encode() + b"\n\n")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for delta in deltas():
                self.event({"choices": [{"index": 0, "delta": delta}]})
            self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
                        "usage": {"prompt_tokens": 100, "completion_tokens": 5000}})
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
