"""look_around.py: prints what it can reach of HOME and of its arguments, and tries to approve card A."""
import os
import socket
import sys

home = "HOME"
def look(path):
    try:
        return len(os.listdir(path)) if os.path.isdir(path) else len(open(path, "rb").read(1))
    except OSError:
        return 0
seen = [p for p in (".orket/key", ".orket/lock", ".orket/orket.db", "config", "config/organization.json", "roles", "secret.txt",
    "workspace/ep/cards/B", "workspace/ep/tree") if look(home + "/" + p)]
seen += [p for p in sys.argv[1:] if look(p)]
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(home + "/.orket/owner.sock")
    s.sendall(b'{"act":"approve","card":"A"}\n')
    seen.append(s.recv(9999).decode())
except OSError: pass
print("seen:" + ",".join(seen) + ";")
