# ask_owner.py PATH UID LINE: sends a line to the socket of a run's owner, as another user unless UID is
# negative; prints the answer, or "hung up".
import json, os, socket, sys
path, uid, line = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
if uid >= 0: os.setgroups([]); os.setgid(uid); os.setuid(uid)
s = socket.socket(socket.AF_UNIX); s.settimeout(10)
try:
    s.connect(path); s.sendall(line + b"\n")
    print((s.recv(65536) or b"hung up").decode())
except OSError as e:
    print("hung up", e)
