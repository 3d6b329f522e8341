"""key_recorder.py: a model server that writes down which key came for which path (a line each in the file of its
argument): it is busy for the first of each path, and refuses the later ones. Prints its port."""
import http.server
import sys


seen = set()


class Recorder(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        with open(sys.argv[1], "a", encoding="utf-8") as file:
            file.write(self.path + " " + self.headers.get("authorization", "none") + "\n")
        busy = self.path not in seen
        seen.add(self.path)
        self.send_response(429 if busy else 401)
        if busy:
            self.send_header("retry-after", "1")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
print(server.server_address[1], flush=True)
server.serve_forever()
