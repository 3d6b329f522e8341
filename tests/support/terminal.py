"""A person at a terminal: terminal.py COLUMNS ROWS COMMAND, with steps as a JSON array on standard input.

["see", TEXT]     waits until TEXT was printed behind what was seen, typed or sent last; blanks count as one, colours as none
["type", TEXT]    types it
["signal", NAME]  sends SIGNAME to the command
["shell", LINE]   runs another command meanwhile
["stopped"]       waits until the command is stopped
Prints one JSON object at the end of the command: {text, code, found: whether the terminal has the settings that it had, one at each
stop and at the end, missing: what was not seen}. A step that is not reached within LIMIT seconds ends the command."""
import fcntl, json, os, re, select, signal, struct, subprocess, sys, termios, time

LIMIT = 100
ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
steps = json.load(sys.stdin)
master, slave = os.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def settings():
    return termios.tcgetattr(slave)


def begin():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


before, found = settings(), []
child = subprocess.Popen(["sh", "-c", command], stdin=slave, stdout=slave, stderr=slave, preexec_fn=begin)
text, mark, deadline, missing = b"", 0, time.monotonic() + LIMIT, None


def hear(seconds):
    global text
    if select.select([master], [], [], seconds)[0]:
        text += os.read(master, 65536)
        return True
    return False


def shown():
    return re.sub(rb"\s+", b" ", ESCAPE.sub(b"", text))


def sees(what):
    global mark
    at = shown().find(what.encode(), mark)
    mark = at + len(what.encode()) if at >= 0 else mark
    return at >= 0


def ended():
    return child.poll() is not None


def wait(done, what):
    global missing
    while not done():
        if ended() and not hear(0) and not done() or time.monotonic() > deadline:
            missing = missing or what
            return
        hear(0.05)


def has_stopped():
    pid, status = os.waitpid(child.pid, os.WNOHANG | os.WUNTRACED)
    if pid and not os.WIFSTOPPED(status):
        child.returncode = os.waitstatus_to_exitcode(status)
    return pid and os.WIFSTOPPED(status)


for name, *rest in steps:
    if missing is not None:
        break
    if name == "see":
        wait(lambda: sees(rest[0]), rest[0])
    elif name == "shell":
        subprocess.run(["sh", "-c", rest[0]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    elif name == "stopped":
        wait(has_stopped, "stopped")
        found.append(settings() == before)
    else:
        while hear(0):
            pass
        mark = len(shown())
        if name == "type":
            os.write(master, rest[0].encode())
        else:
            os.kill(child.pid, getattr(signal, "SIG" + rest[0]))
if missing is not None:
    child.kill()
wait(ended, "the end")
if not ended():
    child.kill()
    child.wait()
while hear(0):
    pass
found.append(settings() == before)
print(json.dumps({"text": text.decode(errors="replace").replace("\r\n", "\n"), "code": child.returncode, "found": found, "missing": missing}))
