"""ask.py: asks the owner's socket for a comment as soon as it is there, and prints what came."""
import socket
import sys
import time

s = socket.socket(socket.AF_UNIX)
for _ in range(200):
    try: s.connect(sys.argv[1]); break
    except OSError: time.sleep(0.05)
s.settimeout(10)
try:
    s.sendall(b'{"act":"comment","card":"H-1","text":"from elsewhere"}\n')
    print("said", s.recv(9999))
except OSError: print("hung up")
