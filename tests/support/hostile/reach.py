"""reach.py: a program of an agent that tries to write the files of the project that the file `targets` names, and to accept what waits."""
import glob
import os
import socket

up = "../../../../"
said = []
def attempt(name, do):
    try:
        do(); said.append(name + " DONE")
    except Exception as e:
        said.append(name + " " + type(e).__name__)
def put(path):
    with open(path, "w") as f: f.write("return nil")
for path in open("targets").read().split():
    attempt("write " + path, lambda: put(up + path))
    attempt("rename " + path, lambda: (put("mine"), os.rename("mine", up + path)))
    attempt("link " + path, lambda: os.link(up + path, "hard-" + path.replace("/", "-")))
    attempt("unlink " + path, lambda: os.unlink(up + path))
for name in ["config", "roles", "nodes", "tools", "verification", ".orket"]:
    attempt("symlink", lambda: os.symlink(up + name, "way-" + name))
    attempt("through", lambda: put("way-" + name + "/x.lua"))
def accept():
    s = socket.socket(socket.AF_UNIX); s.connect(up + ".orket/owner.sock")
    s.sendall(('{"act":"accept","generation":"' + open("id").read() + '","who":"root"}\n').encode()); s.recv(100)
attempt("accept", accept)
for name in glob.glob("hard-*") + ["way-nodes/policy.lua"]:
    attempt("change", lambda: put(name))
print("\n".join(said))
