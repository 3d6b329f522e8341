"""A server that does what no server should, and what each of its ways costs whoever asks it.

wild.py BINARY LONG SECONDS [NAME ...] asks it in every way with `orket try llm`, for LONG seconds or, where a NAME says so, for
SECONDS, and prints one JSON line each:
{name, answer, exit, wall (ms), rss (KB), leaked (the key stands in the answer), requests, keys (of them with the key), head (of the
last one)}; at last how many connections came to a port that no request was meant for: of a redirect, or a proxy."""
import concurrent.futures, gzip, json, os, socket, subprocess, sys, tempfile, threading, time, zlib

KEY = "sk-wild-0123456789-abcdef"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TEXT = "Gr\u00fc\u00dfe"
EVENT = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
STREAM = ('data: {"choices":[{"delta":{"content":"Gr\u00fc"}}]}\n\n: ping\n\n'
          'data: {"choices":[{"delta":{"content":"\u00dfe"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n').encode()
WHOLE = json.dumps({"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}).encode()
MB = 1 << 20


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def say(*pieces):
    def way(peer):
        for piece in pieces:
            peer.sendall(piece)
    return way


def stay(*pieces):
    def way(peer):
        say(*pieces)(peer)
        peer.settimeout(60)
        peer.recv(1)
    return way


def drip(data, size=1, gap=0.0, head=OK + b"\r\n"):
    def way(peer):
        peer.sendall(head)
        for i in range(0, len(data), size):
            peer.sendall(data[i:i + size])
            time.sleep(gap)
    return way


def forever(head, piece, gap=0.0):
    def way(peer):
        peer.sendall(head)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            peer.sendall(piece)
            if gap:
                time.sleep(gap)
    return way


def compressed(name, data, status=b"200 OK"):
    return forever(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Encoding: %s\r\n\r\n" % (status, name), data)


def redirect(status, where):
    return say(b"HTTP/1.1 %d Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, where))


def busy(status, header):
    return say(b"HTTP/1.1 %d No\r\n%s\r\nContent-Length: 4\r\n\r\nbusy" % (status, header))


def data(value):
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def call(index):
    return {"choices": [{"delta": {"tool_calls": [{"index": index, "function": {"name": "f", "arguments": "{}"}}]}}]}


def reset(peer):
    peer.sendall(OK + b"\r\n" + EVENT)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def all_ways():
    zeros = bytes(10 * MB)
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    ZSTD = bytes.fromhex("28b52ffd04584d000010000001005ba0020000") * 1000

    ways = {
        "ok": say(OK + b"\r\n" + STREAM),
        "ok whole": say(JSON + b"Content-Length: %d\r\n\r\n" % len(WHOLE), WHOLE),
        "byte by byte": drip(STREAM),
        "crlf byte by byte": drip(STREAM.replace(b"\n", b"\r\n")),
        "cr byte by byte": drip(STREAM.replace(b"\n", b"\r")),
        "chunks of a byte": say(OK + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk(STREAM[i:i + 1]) for i in range(len(STREAM))], b"0\r\n\r\n"),
        "chunks byte by byte": drip(b"".join(chunk(STREAM.replace(b"\n", b"\r\n")[i:i + 7]) for i in range(0, 200, 7)) + b"0\r\n\r\n",
                                    head=OK + b"Transfer-Encoding: chunked\r\n\r\n"),
        "head byte by byte": drip(OK + b"\r\n" + STREAM, head=b""),
        "slow drip": drip(EVENT * 1000, gap=0.02),
        "slow head": drip(b"X-Header: y\r\n" * 1000, gap=0.02, head=OK),
        "cut chunked": say(OK + b"Transfer-Encoding: chunked\r\n\r\n", chunk(EVENT), b"ffff\r\ndata"),
        "cut length": say(JSON + b"Content-Length: 9999\r\n\r\n", WHOLE),
        "cut event": say(OK + b"\r\n" + STREAM[:40]),
        "reset": reset,
        "closed": say(),
        "line of 10 MB": say(OK + b"\r\ndata: ", b"x" * (10 * MB), b"\n\n"),
        "event of many lines": forever(OK + b"\r\n", b"data: " + b"x" * 1000 + b"\n"),
        "html": say(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>"),
        "png": forever(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n", b"\x89PNG" * 1000),
        "invalid utf-8": say(OK + b"\r\n" + b'data: {"choices":[{"delta":{"content":"a\xff\xc0\x80\xed\xa0\x80b"}}]}\n\ndata: [DONE]\n\n'),
        "utf-8 cut in two": drip(STREAM, size=STREAM.index(b"\xc3") + 1),
        "nul bytes": forever(OK + b"\r\n", bytes(4096)),
        "not JSON": say(JSON + b"\r\n" + b'{"choices":[{'),
        "null": say(JSON + b"\r\nnull"),
        "empty": say(JSON + b"Content-Length: 0\r\n\r\n"),
        "deep": say(JSON + b"\r\n" + b'{"choices":' + b"[" * (5 * MB)),
        "wide": say(JSON + b"\r\n" + b'{"choices":[' + b"1," * (15 * MB) + b"1]}"),
        "wide within limits": say(JSON + b"\r\n" + b'{"choices":[' + b"1," * (7 * MB) + b"1]}"),
        "keys within limits": say(JSON + b"\r\n{" + b",".join(b'"%d":1' % i for i in range(1300000)) + b"}"),
        "events within limits": forever(OK + b"\r\n", b'data: {"choices":[' + b"1," * (400 << 10) + b"1]}\n\n"),
        "keys": say(JSON + b"\r\n{" + b",".join(b'"%d":1' % i for i in range(2000000)) + b"}"),
        "wide event": say(OK + b"\r\ndata: [" + b"1," * (500 << 10) + b"1]\n\n"),
        "index of a call": say(OK + b"\r\n" + data(call(10 ** 9)) + data(call(-1)) + data(call(2 ** 63)) + data(call(1e300)) + b"data: [DONE]\n\n"),
        "calls without end": forever(OK + b"\r\n", b"".join(data(call(i)) for i in range(1000))),
        "gzip": compressed(b"gzip", gzip.compress(zeros)),
        "deflate": compressed(b"deflate", zlib.compress(zeros)),
        "br": compressed(b"br", b"\x5b\xff\xff\xff\x00" * 1000),
        "zstd": compressed(b"zstd", ZSTD),
        "gzip twice": compressed(b"gzip, gzip", gzip.compress(gzip.compress(zeros))),
        "gzip in an error": compressed(b"gzip", gzip.compress(zeros), b"500 No"),
        "gzip as transfer": forever(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", chunk(gzip.compress(zeros))),
        "headers without end": forever(OK, b"X-Header: " + b"y" * 100 + b"\r\n"),
        "header without end": forever(OK + b"X-Header: ", b"y" * 65536),
        "status without end": forever(b"HTTP/1.1 200 ", b"y" * 65536),
        "100 for ever": forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        "103 for ever, slowly": forever(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 0.05),
        "101": say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + STREAM),
        "HTTP 0.9": say(b"<html>hello</html>\r\n"),
        "HTTP 2": stay(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00\x03\x00\x00\x00\x64" * 3),
        "HTTP 3.0": say(b"HTTP/3.0 200 OK\r\n\r\n" + STREAM),
        "HTTP 9.9": say(b"HTTP/9.9 200 OK\r\n\r\n" + STREAM),
        "status 99999": say(b"HTTP/1.1 99999 Huge\r\n\r\n"),
        "status -1": say(b"HTTP/1.1 -1 Small\r\n\r\n"),
        "status 999": say(b"HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n"),
        "chunk overflow": say(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + STREAM),
        "chunk of 2^63": stay(OK + b"Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n" + EVENT),
        "chunk negative": say(OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n" + STREAM),
        "chunk size without end": forever(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 4096),
        "chunk extension without end": forever(OK + b"Transfer-Encoding: chunked\r\n\r\n5;", b"x" * 4096),
        "trailers without end": forever(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(EVENT) + b"0\r\n", b"X-Trailer: " + b"y" * 200 + b"\r\n"),
        "trailers that hang": stay(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(EVENT) + b"0\r\nX-Trailer: y"),
        "length negative": say(OK + b"Content-Length: -5\r\n\r\n" + STREAM),
        "length overflow": stay(OK + b"Content-Length: 99999999999999999999999\r\n\r\n" + EVENT),
        "length garbage": say(OK + b"Content-Length: 5 6\r\n\r\n" + STREAM),
        "lengths that differ": say(OK + b"Content-Length: 9999\r\nContent-Length: %d\r\n\r\n" % len(STREAM) + STREAM),
        "length twice": say(OK + (b"Content-Length: %d\r\n" % len(STREAM)) * 2 + b"\r\n" + STREAM),
        "length and chunks": say(OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(STREAM) + b"0\r\n\r\n"),
        "header without colon": say(OK + b"garbage\r\n\r\n" + STREAM),
        "header with NUL": say(OK + b"X: a\0b\r\n\r\n" + STREAM),
        "header folded": say(OK + b"X: a\r\n b\r\n c\r\n\r\n" + STREAM),
        "hang after the request": stay(),
        "hang in the status": stay(b"HTTP/1.1 2"),
        "hang in the headers": stay(OK + b"X-Hea"),
        "hang after the headers": stay(OK + b"\r\n"),
        "hang in an event": stay(OK + b"\r\n" + STREAM[:30]),
        "hang between events": stay(OK + b"\r\n" + EVENT),
        "hang after [DONE]": stay(OK + b"\r\n" + STREAM),
        "hang in an error": stay(b"HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nx"),
        "error without end": forever(b"HTTP/1.1 500 No\r\n\r\n", b"x" * 65536),
        "comments without end": forever(OK + b"\r\n", b": ping\n\n" * 1000),
        "comments for ever, slowly": forever(OK + b"\r\n", b": ping\n\n", 0.02),
        "tokens without end": forever(OK + b"\r\n", EVENT * 100),
        "tokens for ever, slowly": forever(OK + b"\r\n", EVENT, 0.02),
        "says the key": say(OK + b"\r\n" + data({"choices": [{"delta": {"content": "your key is " + KEY}}]}) + b"data: [DONE]\n\n"),
        "says the key in an error": say(b"HTTP/1.1 401 No\r\nX-Key: " + KEY.encode() + b"\r\n\r\n" + KEY.encode()),
        "429 date": busy(429, b"Retry-After: Wed, 21 Oct 2099 07:28:00 GMT"),
        "429 past": busy(429, b"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"),
        "429 seconds": busy(429, b"Retry-After: 7"),
        "429 huge": busy(429, b"Retry-After: 99999999999999999999999999"),
        "429 negative": busy(429, b"Retry-After: -1"),
        "429 garbage": busy(429, b"Retry-After: soon, really"),
        "429 ms": busy(429, b"retry-after-ms: 1500"),
        "429 ms huge": busy(429, b"retry-after-ms: 9999999999999999999999"),
        "503 date": busy(503, b"Retry-After: Wed, 21 Oct 2099 07:28:00 GMT"),
    }
    for status in (301, 302, 303, 307, 308):
        for name, where in (("to itself", b"/elsewhere/v1"), ("across", b"http://127.0.0.1:%(port)d/v1"), ("to a file", b"file:///etc/passwd"),
                            ("to a socket", b"unix:///run/docker.sock"), ("to a key", b"http://user:pw@127.0.0.1:%(port)d/")):
            ways["%d %s" % (status, name)] = (status, where)
    return ways


WHOLE_ASKED = {"ok whole", "cut length", "not JSON", "null", "empty", "deep", "wide", "keys", "wide within limits", "keys within limits"}


class Server:
    """In a process of its own: what it has in memory would count as that of whoever is started beside it."""

    def __init__(self):
        self.ways, self.lock, self.seen, self.elsewhere = all_ways(), threading.Lock(), {}, 0
        self.main, self.other = self.listen(self.serve), self.listen(self.count)
        self.full = socket.socket()  # a queue that is full: the next one never gets connected
        self.full.bind(("127.0.0.1", 0))
        self.full.listen(0)
        self.fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.full.getsockname())
            self.fillers.append(filler)

    def listen(self, each):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)

        def accept():
            while True:
                peer, _ = listener.accept()
                threading.Thread(target=each, args=(peer,), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    def count(self, peer):
        with self.lock:
            self.elsewhere += 1
        peer.close()

    def note(self, name, head):
        with self.lock:
            seen = self.seen.setdefault(name, {"requests": 0, "keys": 0, "head": ""})
            seen["requests"] += 1
            seen["keys"] += KEY.encode() in head
            seen["head"] = head.decode("latin-1")

    def serve(self, peer):
        with peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.settimeout(30)
            try:
                head = peer.recv(1)
                while head[:1] != b"\x16" and b"\r\n\r\n" not in head:
                    got = peer.recv(65536)
                    if not got:
                        return
                    head += got
                if head[:1] == b"\x16":  # a TLS hello, which nobody answers
                    peer.recv(1 << 16), peer.recv(1)
                    return
                name = head.split(b" ", 2)[1].split(b"/")[1].decode().replace("_", " ")
                self.note(name, head)
                way = self.ways[name]
                if isinstance(way, tuple):
                    way = redirect(way[0], way[1].replace(b"%(port)d", b"%d" % self.other))
                way(peer)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):
                    pass
            except OSError:
                pass


def serve_beside():
    """Its ports and ways; then it answers lines with what it has seen."""
    (from_server, to_us), (from_us, to_server) = os.pipe(), os.pipe()
    if os.fork() == 0:
        os.close(to_server)
        server = Server()
        with os.fdopen(from_us) as questions, os.fdopen(to_us, "w") as answers:
            print(json.dumps([server.main, server.full.getsockname()[1], server.other, list(server.ways)]), file=answers, flush=True)
            questions.read(1)
            print(json.dumps([server.seen, server.elsewhere]), file=answers, flush=True)
        os._exit(0)
    os.close(to_us), os.close(from_us)
    return os.fdopen(from_server), os.fdopen(to_server, "w")


def ask(binary, ports, name, home, seconds):
    main, full, other = ports
    url = "http%s://127.0.0.1:%d/%s" % ("s" if name == "hang in TLS" else "", full if name == "hang in connect" else main, name.replace(" ", "_"))
    proxy = "http://127.0.0.1:%d" % other
    env = dict(os.environ, WILD_KEY=KEY, HOME=home, http_proxy=proxy, https_proxy=proxy, all_proxy=proxy, ALL_PROXY=proxy, HTTPS_PROXY=proxy)
    env.pop("no_proxy", None), env.pop("NO_PROXY", None)
    argv = [binary, "try", "llm", "--base-url", url, "--key", "WILD_KEY", "--timeout", seconds] + (["--whole"] if name in WHOLE_ASKED else [])
    began = time.monotonic()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
        wall = (time.monotonic() - began) * 1000
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {"outcome": "none", "text": text[:2000]}
    return {"name": name, "answer": answer, "exit": os.waitstatus_to_exitcode(status), "wall": int(wall), "rss": usage.ru_maxrss,
            "leaked": KEY in text}


def main():
    binary, long, seconds, timed = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    answers, questions = serve_beside()
    main, full, other, ways = json.loads(answers.readline())
    names = ["hang in connect", "hang in TLS"] + ways
    with tempfile.TemporaryDirectory() as home, concurrent.futures.ThreadPoolExecutor(4) as pool:
        with open(os.path.join(home, ".netrc"), "w") as file:
            file.write("default login somebody password netrc-secret\nmachine 127.0.0.1 login somebody password netrc-secret\n")
        os.chmod(os.path.join(home, ".netrc"), 0o600)
        rows = list(pool.map(lambda name: ask(binary, (main, full, other), name, home, seconds if name in timed else long), names))
    questions.write("?")
    questions.close()
    seen, elsewhere = json.loads(answers.readline())
    for row in rows:
        print(json.dumps(dict(row, **seen.get(row["name"], {"requests": 0, "keys": 0, "head": ""}))))
    print(json.dumps({"name": "elsewhere", "requests": elsewhere}))


main()
