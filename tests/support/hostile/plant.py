"""plant.py: plants a socket of another user in the place of the owner's, and answers there."""
import os
import socket
import sys

s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777); os.setuid(65534); s.listen(8)
print("up", flush=True)
while True:
    c, _ = s.accept()
    try:
        print(c.recv(4096), flush=True); c.sendall(b'{"result":{"message":"\\u001b[2J fooled"}}\n')
    except OSError: pass
    c.close()
