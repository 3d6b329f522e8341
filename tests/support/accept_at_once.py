"""accept_at_once.py: eight people who accept a generation at the same time, each on a connection that
stands already."""
import json, socket, sys
people = [socket.socket(socket.AF_UNIX) for _ in range(8)]
for one in people:
    one.connect(sys.argv[1])
for one in people:
    one.sendall(json.dumps({"act": "accept", "generation": sys.argv[2], "who": "ann"}).encode() + b"\n")
for one in people:
    print(one.makefile().readline())
