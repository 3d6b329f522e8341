"""attacks.py: everything at once that a client in bad faith can do to `orket serve`, beside good clients that are
measured. Argument: JSON {port, key, pid, seconds, slow, idle, stuck, good}. Prints one JSON object:
  good     requests of good clients: sent, served (200), p50, p99, worst in ms
  rss_mb   the most that the server held; before, after
  recovered_s  from the end of the attacks until a good client was served at once and their connections are gone
The system's own Python, nothing else."""
import base64
import http.client
import json
import multiprocessing
import os
import random
import resource
import socket
import sys
import threading
import time

O = json.loads(sys.argv[1])
HOST, AUTH = "Host: localhost\r\n", "Authorization: Bearer %s\r\n" % O["key"]
over = threading.Event()
counts = {}


def count(name, n=1):
    counts[name] = counts.get(name, 0) + n


def dial(timeout=10):
    s = socket.create_connection(("127.0.0.1", O["port"]), timeout=timeout)
    return s


def until_over(fn, pause=0.0):
    def loop():
        while not over.is_set():
            try:
                fn()
            except OSError:
                count("cut off")
            over.wait(pause)
    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    return thread


# ---- attacks ----

def hold_idle():
    held = []
    for _ in range(O["idle"]):
        try:
            held.append(dial())
        except OSError:
            break
    count("idle sockets", len(held))
    return held


class Slow:
    """Sends a header a byte at a time, on many connections."""

    def __init__(self):
        self.open = [None] * O["slow"]

    def step(self):
        for i, s in enumerate(self.open):
            if over.is_set():
                return
            try:
                if s is None:
                    self.open[i] = s = dial()
                    s.sendall(("GET /v1/board HTTP/1.1\r\n" + HOST + "X-Slow: ").encode())
                s.sendall(b"y")
                count("slow bytes")
            except OSError:
                self.open[i] = None


def websocket(reads):
    s = dial()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    nonce = base64.b64encode(os.urandom(16)).decode()
    s.sendall(("GET /ws/events?after=0 HTTP/1.1\r\n" + HOST + AUTH + "Upgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + nonce + "\r\n\r\n").encode())
    if reads:
        s.recv(4096)
    return s


def ask(text, most=65536):
    s = dial()
    try:
        s.sendall(text if isinstance(text, bytes) else text.encode())
        return s.recv(most)
    finally:
        s.close()


def bomb_head():
    ask("GET /v1/board HTTP/1.1\r\n" + HOST + "".join("X-%d: %s\r\n" % (i, "y" * 1000) for i in range(200)) + "\r\n")
    count("head bombs")


def bomb_depth():
    body = '{"card":' + "[" * 100000
    ask("POST /v1/runs HTTP/1.1\r\n" + HOST + AUTH + "Content-Type: application/json\r\nConnection: close\r\n"
        "Content-Length: %d\r\n\r\n%s" % (len(body), body))
    count("depth bombs")


def bomb_body():
    ask("POST /v1/runs HTTP/1.1\r\n" + HOST + AUTH + "Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n")
    count("body bombs")


def guess():
    key = "%032x" % random.getrandbits(128)
    ask("GET /v1/board HTTP/1.1\r\n" + HOST + "Authorization: Bearer " + key + "\r\nConnection: close\r\n\r\n")
    count("guesses")


def guess_password():
    body = json.dumps({"name": "admin", "password": "%016x" % random.getrandbits(64)})
    ask("POST /v1/login HTTP/1.1\r\n" + HOST + "Content-Type: application/json\r\nConnection: close\r\n"
        "Content-Length: %d\r\n\r\n%s" % (len(body), body))
    count("passwords")


def write_events():
    body = json.dumps({"card": O["card"], "text": "z" * 20000})
    ask("POST /v1/acts/comment HTTP/1.1\r\n" + HOST + AUTH + "Content-Type: application/json\r\nConnection: close\r\n"
        "Content-Length: %d\r\n\r\n%s" % (len(body), body))
    count("events written")


# ---- good clients, in a process of their own ----

def one(connection, path):
    began = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": "Bearer " + O["key"]})
    reply = connection.getresponse()
    reply.read()
    return reply.status == 200, (time.perf_counter() - began) * 1000


def good_client(stop, out):
    sent, times, connection = 0, [], None
    while not stop.is_set():
        sent += 1
        try:
            if sent % 20 == 1:
                connection = http.client.HTTPConnection("127.0.0.1", O["port"], timeout=5)
            ok, ms = one(connection, ("/v1/version", "/v1/runs", "/health")[sent % 3])
            if ok:
                times.append(ms)
        except OSError:
            connection = http.client.HTTPConnection("127.0.0.1", O["port"], timeout=5)
        except http.client.HTTPException:
            connection = http.client.HTTPConnection("127.0.0.1", O["port"], timeout=5)
        stop.wait(0.02)
    out.put((sent, times))


def status(name):
    with open("/proc/%d/status" % O["pid"]) as file:
        return int([line for line in file if line.startswith(name)][0].split()[1])


def files():
    return len(os.listdir("/proc/%d/fd" % O["pid"]))


def percentile(times, part):
    return round(times[min(len(times) - 1, int(len(times) * part))], 1) if times else None


def measure(seconds, during):
    stop, out = multiprocessing.Event(), multiprocessing.Queue()
    clients = [multiprocessing.Process(target=good_client, args=(stop, out)) for _ in range(O["good"])]
    for client in clients:
        client.start()
    end = time.time() + seconds
    while time.time() < end:
        during()
        time.sleep(0.1)
    stop.set()
    results = [out.get() for _ in clients]
    for client in clients:
        client.join()
    times = sorted(ms for _, list_ in results for ms in list_)
    sent = sum(n for n, _ in results)
    return {"sent": sent, "served": len(times), "part": round(len(times) / sent, 4), "p50_ms": percentile(times, 0.5),
            "p99_ms": percentile(times, 0.99), "worst_ms": percentile(times, 1)}


def recover(before):
    began = time.time()
    while time.time() - began < 30:
        try:
            ok, ms = one(http.client.HTTPConnection("127.0.0.1", O["port"], timeout=5), "/v1/version")
            if ok and ms < 500 and files() <= before + 20:
                return round(time.time() - began, 2)
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    return None


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    before, rss_before, most = files(), status("VmRSS"), [0]
    alone = measure(max(2, O["seconds"] / 5), lambda: None)
    held, slow = hold_idle(), Slow()
    stuck = [websocket(False) for _ in range(O["stuck"])]
    threads = [until_over(slow.step, 0.05)]
    for attack in (bomb_head, bomb_depth, bomb_body, guess, guess, guess_password):
        threads.append(until_over(attack, 0.02))
    threads.append(until_over(write_events, 0.05))
    good = measure(O["seconds"], lambda: most.__setitem__(0, max(most[0], status("VmRSS"))))
    over.set()
    for thread in threads:
        thread.join(20)
    for s in held + stuck + [s for s in slow.open if s]:
        s.close()
    print(json.dumps({"good": good, "alone": alone, "attacks": counts, "recovered_s": recover(before),
                      "rss_mb": {"before": rss_before // 1024, "most": most[0] // 1024, "after": status("VmRSS") // 1024}}))


main()
