"""receiver.py DIR BEHAVIOUR...: those who are notified, on loopback ports of their own.

Prints "http PORT" and "smtp PORT". Each request becomes a line of DIR/http.jsonl, each mail one of DIR/smtp.jsonl.
BEHAVIOUR of the HTTP server, one for each request, the last for all that come behind: a status ("200", "503"),
"redirect:URL", "endless" (a body without end), "silent" (no answer); "mail-endless": the mail server greets for ever.
"""
import json
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DIR, BEHAVIOUR = sys.argv[1], sys.argv[2:] or ["200"]
LOCK, COUNT = threading.Lock(), [0]


def note(name, row):
    with LOCK, open(f"{DIR}/{name}.jsonl", "a") as file:
        file.write(json.dumps(row) + "\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with LOCK:
            what = BEHAVIOUR[min(COUNT[0], len(BEHAVIOUR) - 1)]
            COUNT[0] += 1
        note("http", {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()},
                      "body": body.decode()})
        if what == "silent":
            time.sleep(60)
        elif what.startswith("redirect:"):
            self.answer(302, {"Location": what[9:]})
        elif what == "endless":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while True:
                self.wfile.write(b"400\r\n" + b"x" * 0x400 + b"\r\n")
        else:
            self.answer(int(what), {})

    do_GET = do_POST

    def answer(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def mail(client):
    lines, mail = client.makefile("rwb"), {"to": [], "auth": None}

    def say(text):
        lines.write(text.encode() + b"\r\n")
        lines.flush()

    while "mail-endless" in BEHAVIOUR:
        say("220-" + "x" * 100)
    say("220 receiver ESMTP")
    for raw in lines:
        line = raw.decode().rstrip("\r\n")
        word = line.split(" ")[0].split(":")[0].upper()
        if word == "EHLO":
            say("250-receiver")
            say("250 AUTH PLAIN")
        elif word == "AUTH":
            parts = line.split(" ")
            if len(parts) < 3:
                say("334 ")
                parts.append(lines.readline().decode().strip())
            mail["auth"] = parts[2]
            say("235 welcome")
        elif word == "MAIL":
            mail["from"] = line
            say("250 ok")
        elif word == "RCPT":
            if "nobody@" in line:
                say("550 no such user")
                continue
            mail["to"].append(line)
            say("250 ok")
        elif word == "DATA":
            say("354 go on")
            text = []
            for part in lines:
                if part == b".\r\n":
                    break
                text.append(part.decode())
            note("smtp", dict(mail, text="".join(text)))
            say("250 taken")
        elif word == "QUIT":
            say("221 bye")
            break
        else:
            say("250 ok")
    client.close()


def mails(server):
    while True:
        client, _ = server.accept()
        threading.Thread(target=mail, args=(client,), daemon=True).start()


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=mails, args=(server,), daemon=True).start()
http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
http.daemon_threads = True
print("http", http.server_address[1])
print("smtp", server.getsockname()[1], flush=True)
http.serve_forever()
