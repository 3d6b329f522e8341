"""network.py: servers on loopback that stand for the network: prints their ports and its own number, then
serves until it is ended. What reaches it is written to the file that it is given, a line for a request.

    /usr/bin/python3 network.py LOG [FILES [CERTIFICATE KEY]]   ->   {"http": 8001, "tls": 8002, "pid": 17}

/file, /chunked, /empty: answers; /big: 1 MB without end in sight; /drip: a byte now and then; /hang: none;
/redirect?URL; /seen: the request as it came; /upgrade: another protocol; /two: two lengths; /break: half of
what was promised; /junk: no HTTP; anything else: a file beneath FILES."""
import http.server, json, os, socketserver, ssl, sys, threading, time, urllib.parse

LOG, FILES = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None


def note(line):
    with open(LOG, "a") as log:
        log.write(line + "\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, body, status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def raw(self, *pieces):
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
        self.close_connection = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        note("POST %s %r" % (self.path, body))
        self.answer(b"took %d" % len(body))

    def do_GET(self):
        note("%s %s" % (self.command, self.path))
        path, _, query = self.path.partition("?")
        act = getattr(self, "on_" + path[1:], None)
        if act:
            return act(urllib.parse.unquote(query))
        self.on_any(path)

    do_HEAD = do_GET

    def on_file(self, _):
        self.answer(b"hello from outside\n")

    def on_empty(self, _):
        self.send_response(204)
        self.end_headers()

    def on_chunked(self, _):
        self.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n",
                 b"6\r\nhello \r\n", b"5\r\nagain\r\n", b"0\r\n\r\n")

    def on_big(self, _):
        self.raw(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            for _ in range(10000):
                self.wfile.write(b"x" * 1000000)
        except OSError:
            note("big: cut")

    def on_drip(self, _):
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        try:
            for _ in range(100000):
                self.raw(b"x")
                time.sleep(0.02)
        except OSError:
            note("drip: cut")

    def on_hang(self, _):
        self.rfile.read(1)

    def on_redirect(self, to):
        self.answer(b"", 302, [("Location", to)])

    def on_seen(self, _):
        self.answer(json.dumps([self.path, self.headers.items()]).encode())

    def on_upgrade(self, _):
        self.raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nsecret")

    def on_two(self, _):
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 9\r\n\r\nabcdefghi")

    def on_break(self, _):
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    def on_junk(self, _):
        self.raw(b"\x00\x01 this is no HTTP\r\n\r\n")

    def on_any(self, path):
        file = os.path.join(FILES or "/nowhere", path.lstrip("/"))
        if os.path.isdir(file):
            file = os.path.join(file, "index.html")
        if not os.path.isfile(file):
            return self.answer(b"no such file\n", 404)
        with open(file, "rb") as f:
            body = f.read()
        kind = "text/html" if file.endswith(".html") else "application/octet-stream"
        self.answer(body, 200, [("Content-Type", "application/json" if b"{" == body[:1] else kind)])


plain = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=plain.serve_forever, daemon=True).start()
ports = {"http": plain.server_address[1], "pid": os.getpid()}
if len(sys.argv) > 4:
    secure = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=secure.serve_forever, daemon=True).start()
    ports["tls"] = secure.server_address[1]
print(json.dumps(ports), flush=True)
os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
threading.Event().wait()
