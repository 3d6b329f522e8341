"""owner_socket.py: what a hostile process may do to the owner's socket."""
import json, os, socket, stat, sys, time
path = sys.argv[1]
for _ in range(100):
    if os.path.exists(path): break
    time.sleep(0.05)
say = lambda *words: print(*words, flush=True)
mode = lambda p: oct(stat.S_IMODE(os.stat(p).st_mode))
say("mode", mode(path), mode(os.path.dirname(path)), mode(os.path.dirname(path) + "/orket.db"), mode(os.path.dirname(path) + "/lock"))
def dial():
    s = socket.socket(socket.AF_UNIX); s.connect(path); s.settimeout(10); return s
def ask(line):
    s = dial(); s.sendall(line + b"\n")
    got = b""
    while not got.endswith(b"\n"):
        part = s.recv(65536)
        if not part: break
        got += part
    s.close(); return got
for line in [b"", b"null", b"[]", b"7", b'"x"', b"{", b"\xff\xfe\x00", b'{"act":{}}', b'{"act":null}', b'{"act":"__index"}',
             b'{"act":"move","card":{}}', b'{"act":"move","card":"H-1"}', b'{"act":"move","card":"H-1","status":7}',
             b'{"act":"move","card":"H-1","status":"done","who":["x"]}', b'{"act":"move","card":"H-1","status":"done"}',
             b'{"act":"comment","card":"H-1","text":1}', b'{"act":"comment","card":"H-1\\u0000","text":"x"}',
             b'{"act":"retry","card":"H-1","why":false}', b'{"act":"halt","run":{}}', b'{"act":"mcp.changed","reason":{}}',
             b'{"act":"mcp.changed","reason":"x","text":"5"}', b'{"act":"mcp.changed","server":"x","text":"5"}', b'{"act":"mcp.trust","server":"x","text":"{}"}', b'{"act":"put","card":"H-1","files":{"x":1}}',
             b'{"act":"halt","run":"nobody"}',
             b'{"act":"move","card":"H-1","status":"' + b"x" * 900000 + b'"}', b"[" * 100000]:
    got = ask(line)
    reply = json.loads(got)
    assert "error" in reply and "result" not in reply, (line[:80], got)
    assert reply["error"]["code"] != "ERR_BUG", (line[:80], got)
say("refused")
s = dial(); s.sendall(b"x" * (3 << 20)) if False else None
try:
    for _ in range(64): s.sendall(b"x" * 65536)
except OSError: pass
crowd = []
for _ in range(1000): crowd.append(dial())
for c in crowd[-40:]:
    try: c.sendall(b'{"act":"comment","card":')
    except OSError: pass
deaf = dial(); deaf.settimeout(2)
try:
    for _ in range(5000): deaf.sendall(b'{"act":"nonsense ' + b"y" * 9000 + b'"}\n')
except OSError: pass
got = json.loads(ask(b'{"act":"comment","card":"H-1","text":"still here","who":"x"}'))
assert got.get("result"), got
say("alive")
