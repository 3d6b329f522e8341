"""git_server.py: git's own server for HTTP (git http-backend) on loopback, for specs.

    git_server.py ROOT [USER:PASSWORD]

serves the repositories below ROOT and prints its port; with USER:PASSWORD to who sends them only. Each request
is a line of ROOT/log: method, path, the user agent. A path that begins with /hostile/KIND answers as KIND says.
"""
import base64
import hashlib
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = sys.argv[1]
WANTED = len(sys.argv) > 2 and "Basic " + base64.b64encode(sys.argv[2].encode()).decode()
OBJECT = b"1" * 40


def line(text):
    return b"%04x" % (len(text) + 4) + text


def refs(*lines):
    return line(b"# service=git-upload-pack\n") + b"0000" + b"".join(line(one) for one in lines) + b"0000"


EMPTY = b"PACK\0\0\0\2\0\0\0\0"
HEAD = OBJECT + b" HEAD\0shallow allow-reachable-sha1-in-want\n"

# kind -> what it says of itself, what it answers when a pack is wanted
HOSTILE = {
    "no-git": (b"<html>hello</html>", b""),
    "nothing": (b"", b""),
    "cut-line": (b"00ff# service=git-upload-pack\n", b""),
    "endless-refs": (refs(*[b"%040x refs/heads/%d\0 \n" % (i + 1, i) for i in range(100001)]), b""),
    "odd-object": (refs(b"zz HEAD\0 \n"), b""),
    "sha256": (refs(b"2" * 64 + b" HEAD\0 \n"), b""),
    "steering-error": (refs(b"ERR \x1b[31mgo away\n"), b""),
    "no-pack": (refs(HEAD), line(b"NAK\n")),
    "broken-pack": (refs(HEAD), line(b"NAK\n") + b"PACK\0\0\0\2\0\0\0\1garbage and more garbage"),
    "count-bomb": (refs(HEAD), line(b"NAK\n") + b"PACK\0\0\0\2\xff\xff\xff\xff" + b"\0" * 64),
    "other-pack": (refs(HEAD), line(b"NAK\n") + EMPTY + hashlib.sha1(EMPTY).digest()),
    "odd-shallow": (refs(HEAD), line(b"shallow ../../../evil\n") + line(b"NAK\n") + b"PACK"),
    "refuses": (refs(HEAD), line(b"ERR upload-pack: not our ref\n")),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hostile(self, kind):
        wanted = "service=" in self.path
        if kind == "redirect":
            self.answer(301, [("Location", "file:///etc/passwd")], b"")
        elif kind == "redirect-here":
            self.answer(302, [("Location", self.path.replace("/hostile/redirect-here", "/plain.git"))], b"")
        elif kind == "huge" and not wanted:
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"PACK" + b"\0" * 1048576)
            except OSError:
                self.close_connection = True
        else:
            self.answer(200, [], HOSTILE.get(kind, HOSTILE["no-pack"])[0 if wanted else 1])

    def handle_one(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        with open(ROOT + "/log", "a") as log:
            log.write("%s %s %s\n" % (self.command, self.path, self.headers.get("User-Agent")))
        if self.path.startswith("/hostile/"):
            return self.hostile(self.path.split("/")[2])
        if WANTED and self.headers.get("Authorization") != WANTED:
            said = (self.headers.get("Authorization") or "nothing").encode()
            return self.answer(401, [("WWW-Authenticate", 'Basic realm="git"')], b"you said " + said)
        self.git(body)

    def git(self, body):
        path, _, query = self.path.partition("?")
        env = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": ROOT, "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_USER": "test",
            "REMOTE_ADDR": "127.0.0.1", "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(len(body)), "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        out = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=env, check=False).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        status, headers = 200, []
        for one in head.decode().split("\r\n"):
            name, _, value = one.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers.append((name, value))
        self.answer(status, headers, rest)

    do_GET = do_POST = handle_one

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
