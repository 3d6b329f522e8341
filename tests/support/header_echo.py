"""header_echo.py: a server that answers every request with the key that it got, or with the text of its argument,
in every place that an error text is taken from. Prints its port; the first part of a request's path says in
which way it fails."""
import http.server
import json
import sys

STATUS = {"stream": 200, "garbage": 200, "plain": 403}


def body_of(way, said):
    if way == "stream":
        return "data: " + json.dumps({"error": {"message": "bad key " + said}}) + "\n\n"
    if way == "garbage":
        return "data: {" + said + "\n\n"
    if way == "plain":
        return "no: " + said + "\xff"
    return json.dumps({"error": {"message": "bad key " + said, "code": said}})


class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        said = sys.argv[1] if len(sys.argv) > 1 else self.headers.get("authorization", "none")
        way = self.path.split("/")[1]
        status, body = STATUS.get(way, 401), body_of(way, said).encode("latin-1")
        try:
            self.send_response(status, "No " + said)
            self.send_header("content-type", "text/event-stream" if status == 200 else "application/json")
            self.send_header("x-echo", said)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
print(server.server_address[1], flush=True)
server.serve_forever()
