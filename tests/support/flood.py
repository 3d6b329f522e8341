"""flood.py: sends events that cost much to read, as fast as they are taken. Prints its port."""
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
peer, _ = listener.accept()
peer.recv(65536)
event = b'data: {"choices":[' + b"1," * (400 << 10) + b"1]}\n\n"
try:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    while True:
        peer.sendall(event)
except OSError:
    pass
