"""ending_owner.py DIR WAY: owns a project (lock and socket) and ends while a command asks it."""
import fcntl
import os
import select
import socket
import sys
import time

place, way = sys.argv[1:]
lock = open(place + "/lock", "a")
fcntl.flock(lock, fcntl.LOCK_EX)
listener = socket.socket(socket.AF_UNIX)
listener.bind(place + "/owner.sock")
listener.listen(8)
if way == "is dead before its socket is closed" and os.fork():
    os._exit(0)  # the child has its descriptors; the kernel names the parent
open(place + "/up", "w").close()
select.select([listener], [], [])
if way == "accepts and does not read":
    client, _ = listener.accept()
    client.recv(1, socket.MSG_PEEK)
elif way == "is dead before its socket is closed":
    time.sleep(0.3)
