-- attack_jail_spec.lua: programs that try to get out of the jail, to see what is not theirs, to take what
-- they may not have, or to stay. Each probe is refused by the kernel or ended by a named limit.

local cjson = require("cjson")

local ORKET = os.getenv("ORKET") or "build/orket"
local PYTHON = "/usr/bin/python3"

local CALLS = [[
import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    ctypes.set_errno(0)
    rc = libc.syscall(ctypes.c_long(number), *[ctypes.c_void_p(a) if isinstance(a, int) else a for a in args])
    return errno.errorcode.get(ctypes.get_errno(), "?") if rc == -1 else "done"
def tries(fn):
    try:
        fn()
        return "done"
    except OSError as e:
        return errno.errorcode[e.errno]
]]

local function shell(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read("a")
  local _, _, code = pipe:close()
  return text, code
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local refused = run(ORKET .. " try jail -- true"):find("ERR_JAIL", 1, true)
-- the numbers of calls are x86's
local test = (refused or not run("uname -m"):find("x86_64", 1, true)) and pending or it

describe("a program in the jail", function()
  local dir

  before_each(function()
    dir = run("mktemp -d"):gsub("\n", "")
    run("mkdir " .. dir .. "/tree " .. dir .. "/other; echo theirs > " .. dir .. "/other/file; echo mine > "
      .. dir
      .. "/tree/file")
  end)

  after_each(function()
    run("rm -rf " .. dir)
  end)

  local function jail(options, ...)
    local words = {}
    for i, word in ipairs({ ... }) do
      words[i] = shell(word)
    end
    local text, code = run(("%s try jail %s -- %s"):format(ORKET, options, table.concat(words, " ")))
    local answer = cjson.decode(text)
    assert(answer, text)
    assert.equal(0, code)
    return answer
  end

  local function in_tree(...)
    return jail("--root " .. dir .. "/tree", ...)
  end

  local function python(options, code)
    return jail(options, PYTHON, "-c", CALLS .. code)
  end

  -- What each probe answers, one per line "name answer".
  local function probes(options, list)
    local code = {}
    for _, probe in ipairs(list) do
      code[#code + 1] = ("print(%q, %s)"):format(probe[1], probe[2])
    end
    local answer = python(options, table.concat(code, "\n"))
    local found = {}
    for name, said in answer.stdout:gmatch("(%S+) (%S+)\n") do
      found[name] = said
    end
    for _, probe in ipairs(list) do
      local allowed = probe[3]
      assert.truthy(found[probe[1]], probe[1] .. ": " .. answer.stderr)
      assert.truthy((" " .. allowed .. " "):find(" " .. found[probe[1]] .. " ", 1, true),
        probe[1] .. " answered " .. found[probe[1]] .. ", not " .. allowed)
    end
  end

  test("has no system calls that touch others or the kernel", function()
    probes("", {
      { "ptrace", "call(101, 16, os.getppid(), 0, 0)", "EPERM" },
      { "traceme", "call(101, 0, 0, 0, 0)", "EPERM" },
      { "mount", "call(165, b'none', b'/tmp', b'tmpfs', 0, 0)", "EPERM" },
      { "umount", "call(166, b'/proc', 2)", "EPERM" },
      { "pivot_root", "call(155, b'.', b'.')", "EPERM" },
      { "chroot", "call(161, b'.')", "EPERM" },
      { "open_tree", "call(428, -100, b'/', 1)", "EPERM" },
      { "fsopen", "call(430, b'tmpfs', 0)", "EPERM" },
      { "unshare", "call(272, 0x10000000)", "EPERM" },
      { "setns", "call(308, 0, 0)", "EPERM" },
      { "clone", "call(56, 0x10000011, 0, 0, 0, 0)", "EPERM" },
      { "clone3", "call(435, 0, 0)", "ENOSYS" },
      { "keyctl", "call(250, 0, -3, 0)", "EPERM" },
      { "add_key", "call(248, b'user', b'a', b'b', 1, -3)", "EPERM" },
      { "bpf", "call(321, 0, 0, 0)", "EPERM" },
      { "perf", "call(298, 0, 0, -1, -1, 0)", "EPERM" },
      { "io_uring", "call(425, 8, 0)", "EPERM" },
      { "userfaultfd", "call(323, 0)", "EPERM" },
      { "kexec", "call(246, 0, 0, 0, 0)", "EPERM" },
      { "module", "call(175, 0, 0, b'')", "EPERM" },
      { "reboot", "call(169, 0xfee1dead, 672274793, 0, 0)", "EPERM" },
      { "process_vm_readv", "call(310, 1, 0, 0, 0, 0, 0)", "EPERM" },
      { "pidfd_getfd", "call(438, 0, 0, 0)", "EPERM" },
      { "open_by_handle", "call(304, -100, 0, 0)", "EPERM" },
      { "newer", "call(470)", "ENOSYS" },
      { "x32", "call(0x40000027)", "ENOSYS" },
      { "memfd", "call(319, b'a', 0)", "ENOSYS" },
      { "shm", "call(29, 0, 4096, 0o1777)", "ENOSYS" },
      { "tiocsti", "call(16, 0, 0x5412, b'x')", "EPERM" },
      { "settime", "call(227, 0, b'0' * 16)", "EPERM" },
      { "openat2", "call(437, -100, b'file', b'0' * 24, 24)", "ENOSYS" },
      { "semget", "call(64, 0, 32000, 0o1600)", "ENOSYS" },
      { "io_setup", "call(206, 1, b'0' * 8)", "ENOSYS" },
      { "hugetlb", "call(9, 0, 0, 3, 0x40022, -1, 0)", "ENOMEM" },
      { "prlimit", "call(302, os.getpid(), 7, 0, 0)", "EPERM" },
      { "inotify_init", "call(253)", "ENOSYS" },
      { "inotify_init1", "call(294, 0)", "ENOSYS" },
      { "fanotify_init", "call(300, 0, 0)", "EPERM" },
      { "dnotify", "call(72, os.open('/usr/bin', 0), 1026, 0x3f)", "EINVAL" },
      { "lease", "call(72, os.open('/usr/bin/env', 0), 1024, 0)", "EINVAL" },
      { "thread", "call(56, 0x10900, 0, 0, 0, 0)", "EINVAL" }, -- with descriptors of its own
      { "close_range", "call(436, 900, 901, 2)", "EINVAL" }, -- the same
      { "setxattr", "call(188, b'/tmp', b'user.a', b'x', 1, 0)", "EOPNOTSUPP ENOTSUP" },
      { "lsetxattr", "call(189, b'/tmp', b'user.a', b'x', 1, 0)", "EOPNOTSUPP ENOTSUP" },
      { "fsetxattr", "call(190, os.open('/tmp', 0), b'user.a', b'x', 1, 0)", "EOPNOTSUPP ENOTSUP" },
    })
  end)

  test("has no network but its own loopback", function()
    probes("", {
      { "connect", "tries(lambda: socket.create_connection(('1.1.1.1', 80), 2))", "ENETUNREACH" },
      { "connect6", "tries(lambda: socket.create_connection(('2606:4700::1', 80), 2))",
        "ENETUNREACH EADDRNOTAVAIL" },
      { "raw", "tries(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))", "EPERM" },
      { "packet", "tries(lambda: socket.socket(17, socket.SOCK_RAW, 0))", "EAFNOSUPPORT" },
      { "netlink", "tries(lambda: socket.socket(16, socket.SOCK_RAW, 0))", "EAFNOSUPPORT" },
      { "vsock", "tries(lambda: socket.socket(40, socket.SOCK_STREAM, 0))", "EAFNOSUPPORT" },
      { "alg", "tries(lambda: socket.socket(38, socket.SOCK_SEQPACKET, 0))", "EAFNOSUPPORT" },
      { "sctp", "tries(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132))", "EPROTONOSUPPORT" },
      { "udp", "tries(lambda: socket.socket(2, 2).sendto(b'x', ('8.8.8.8', 53)))", "ENETUNREACH" },
      { "self", "tries(lambda: socket.create_server(('127.0.0.1', 0)))", "done" },
      { "pair", "tries(lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))", "done" },
      { "pair_seq", "tries(lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))", "done" },
      { "pair_inet", "call(53, 2, 1, 0, b'0' * 8)", "EAFNOSUPPORT" },
      { "pair_tipc", "call(53, 30, 1, 0, b'0' * 8)", "EAFNOSUPPORT" },
      { "pair_netlink", "call(53, 16, 3, 0, b'0' * 8)", "EAFNOSUPPORT" },
      { "pair_raw", "call(53, 1, 3, 0, b'0' * 8)", "EPERM" },
    })
  end)

  test("does not reach a server of the host on loopback", function()
    local host = assert(io.popen(PYTHON .. [[ -c 'import socket
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); s.settimeout(20)
try: s.accept(); print("reached")
except OSError: print("nobody")
' & sleep 0]]))
    local port = host:read("l")
    local answer = python("",
      ("print(tries(lambda: socket.create_connection(('127.0.0.1', %s), 2)))"):format(port))
    assert.equal("ECONNREFUSED\n", answer.stdout)
    python("", "pass")
    run(PYTHON .. (" -c 'import socket; socket.create_connection((\"127.0.0.1\", %s)).close()'"):format(port))
    assert.equal("reached", host:read("l")) -- by us, so that it ends
    host:close()
  end)

  test("does not reach a socket of the host that has no name in the file system", function()
    local name = "orket-test-" .. dir:match("[%w]+$")
    local connect = ([[tries(lambda: socket.socket(socket.AF_UNIX).connect(chr(0) + "%s"))]]):format(name)
    write_file(dir .. "/serve.py", ([[
import os, socket
s = socket.socket(socket.AF_UNIX); s.bind(chr(0) + "%s"); s.listen(2)
if os.fork(): os._exit(0)
s.settimeout(20); s.accept()
]]):format(name))
    run(PYTHON .. " " .. dir .. "/serve.py </dev/null >/dev/null")
    assert.equal("ECONNREFUSED\n", python("", "print(" .. connect .. ")").stdout)
    -- by us, so that it ends
    assert.equal("done\n", (run(PYTHON .. " -c " .. shell(CALLS .. "print(" .. connect .. ")"))))
  end)

  test("sees nothing of the host but the system's programs", function()
    local paths = {
      "/root", "/home", "/work", "/var", "/srv", "/opt", "/mnt", "/sys", "/boot", "/etc/shadow", "/etc/ssh",
      "/etc/sudoers",
      dir .. "/other", dir .. "/other/file", "../other/file", "/proc/1/environ", "/proc/1/root",
        "/proc/1/cwd",
      "/proc/1/mem", "/proc/1/fd", "/dev/kmsg", "/dev/mem", "/dev/vda", "/dev/sda", "/run/docker.sock",
      "/etc", "/",
    }
    local code = { "def look(p):\n  try:\n    os.listdir(p) if os.path.isdir(p) else open(p, 'rb').read(1)\n    return 'seen'\n"
      .. "  except OSError: return 'no'\n" }
    for _, path in ipairs(paths) do
      code[#code + 1] = ("print(%q, look(%q))\n"):format(path, path)
    end
    local answer = in_tree(PYTHON, "-c", CALLS .. table.concat(code))
    for _, path in ipairs(paths) do
      assert.truthy(answer.stdout:find(path .. " no\n", 1, true), path .. ": " .. answer.stdout
        .. answer.stderr)
    end
  end)

  test("has no environment, no identity and no power of the engine", function()
    local answer = run(("SECRET_KEY=abc %s try jail -- sh -c 'env; cat /proc/*/environ 2>/dev/null'"):format(ORKET))
    assert.falsy(answer:find("SECRET_KEY", 1, true))
    probes("", {
      { "root", "'root' if 0 in os.getresuid() + os.getresgid() + tuple(os.getgroups()) else 'none'",
        "none" },
      { "setuid", "tries(lambda: os.setuid(0))", "EPERM EINVAL" },
      { "setgid", "tries(lambda: os.setgid(0))", "EPERM EINVAL" },
      { "chown", "tries(lambda: (open('f', 'w').close(), os.chown('f', 0, 0)))", "EPERM EINVAL" },
      { "mknod", "tries(lambda: os.mknod('node', 0o60666, 0x0100))", "EPERM EACCES" },
      { "nnp", "[l.split()[1] for l in open('/proc/self/status') if l.startswith('NoNewPrivs')][0]", "1" },
      { "filter", "[l.split()[1] for l in open('/proc/self/status') if l.startswith('Seccomp:')][0]", "2" },
      { "caps", "'x'.join({l.split()[1].strip('0') for l in open('/proc/self/status') if l.startswith('Cap')}) or 'none'",
        "none" },
    })
  end)

  test("signals nobody outside, its first process neither", function()
    local answer = python("", ([[
seen = [tries(lambda: os.kill(%d, 9)), tries(lambda: os.kill(1, 9)), tries(lambda: os.kill(os.getppid(), 19))]
print(*seen)]]):format(tonumber((io.popen("echo $PPID"):read("l")))))
    assert.equal(0, answer.exit)
    for said in answer.stdout:gmatch("%S+") do
      assert.truthy(said == "ESRCH" or said == "EPERM", answer.stdout)
    end
  end)

  test("writes in its tree and its scratch, nowhere else", function()
    local answer = in_tree("sh", "-c", [[
for f in file new ~/a /tmp/a /dev/shm/a; do echo x > $f || echo "cannot: $f"; done
echo x > ../new 2>/dev/null
for f in ../other/file /a /etc/a /etc/passwd /usr/a /usr/bin/env /dev/a /proc/self/oom_score_adj /run/a \
  /proc/sys/kernel/core_pattern; do (echo x > $f) 2>/dev/null && echo "wrote: $f"; done
mv ../other/file . 2>/dev/null && echo moved; ln ../other/file . 2>/dev/null && echo linked; true]])
    assert.equal("", answer.stdout)
    assert.equal("theirs\n", run("cat " .. dir .. "/other/file"))
    assert.equal("x\n", run("cat " .. dir .. "/tree/new"))
    assert.equal("other\ntree\n", run("ls " .. dir)) -- above its tree is scratch, for a directory in /tmp
  end)

  test("gains nothing by links", function()
    run(("ln -s %s/other %s/tree/out; ln -s /etc/shadow %s/tree/shadow; ln -s ../other/file %s/tree/up"):format(dir, dir,
      dir, dir))
    local answer = in_tree("sh", "-c", [[
cat out/file shadow up; echo x > up; echo x > out/new; ln -s /root r; ls r/; ln -s / all; ls all/home all/var
cat /proc/self/root/etc/shadow /proc/self/cwd/../other/file; true]])
    assert.equal("", answer.stdout)
    assert.equal("theirs\n", run("cat " .. dir .. "/other/file"))
    assert.equal("", (run("ls " .. dir .. "/other | grep new")))
  end)

  test("leaves files that are the owner's of the tree", function()
    in_tree("sh", "-c", "mkdir -p a/b; echo x > a/b/c")
    local mine = run("stat -c %u:%g " .. dir .. "/tree")
    assert.equal(mine, run("stat -c %u:%g " .. dir .. "/tree/a/b/c"))
  end)

  test("leaves no file that gives its owner's power to whoever runs it", function()
    local answer = in_tree(PYTHON, "-c", CALLS .. [[
print(tries(lambda: os.chmod("file", 0o4755)), tries(lambda: os.chmod("file", 0o2755)))
print(tries(lambda: os.fchmod(os.open("file", 0), 0o4755)), call(452, -100, b"file", 0o4755, 0))
print(call(85, b"new", 0o4755), call(2, b"new", os.O_CREAT, 0o4755), call(257, -100, b"new", os.O_CREAT, 0o2755))
print(call(257, -100, b".", 0o20000000 | os.O_DIRECTORY | 1, 0o4755), call(133, b"new", 0o104755, 0))
print(call(2, b"file", 0, 0o4755), tries(lambda: os.chmod("file", 0o755)))]])
    assert.equal(("EPERM EPERM\n"):rep(2) .. "EPERM EPERM EPERM\nEPERM EPERM\ndone done\n", answer.stdout
      .. answer.stderr)
    assert.equal("", (run("find " .. dir .. "/tree -perm /7000")))
  end)

  test("starts nobody on the host when it crashes", function()
    local before = run("ulimit -Hc") -- 1 keeps the kernel from it; what was 0 before cannot be raised
    local answer = python("", "import resource; print(max(resource.getrlimit(resource.RLIMIT_CORE)))")
    assert.equal(before == "0\n" and before or "1\n", answer.stdout)
  end)

  test("counts files that it holds without a name", function()
    local answer = jail("--fsize 1M --root " .. dir .. "/tree", PYTHON, "-c", [[
import os, time
held = []
for i in range(40):
    held.append(open("f", "wb", buffering=0)); os.unlink("f"); held[-1].write(b"x" * 900000)
time.sleep(20)]])
    assert.equal("files", answer.limit)
    assert.equal(0, jail("--fsize 1M --root " .. dir .. "/tree", PYTHON, "-c", [[
import os, time
for i in range(60):
    with open("f", "wb") as f: os.unlink("f"); f.write(b"x" * 900000)
time.sleep(0.3)]]).exit)
  end)

  test("takes no blocks that a file's size does not tell of", function()
    in_tree("true")
    local list = {}
    for _, mode in ipairs({ { 0, "done" }, { 1, "EOPNOTSUPP" }, { 3, "done" }, { 2, "EOPNOTSUPP" },
      { 8, "EOPNOTSUPP" }, { 16, "EOPNOTSUPP" },
      { 17, "EOPNOTSUPP" }, { 32, "EOPNOTSUPP" }, { 64, "EOPNOTSUPP" } }) do
      list[#list + 1] = { "fallocate" .. mode[1],
        ("call(285, os.open('f', 0o1102), %d, 0, 65536)"):format(mode[1]), mode[2] .. " ENOTSUP" }
    end
    for name, number in pairs({ resvsp = "0x40305828", resvsp64 = "0x4030582a", zero = "0x40305839",
      setflags = "0x40086602", verity = "0x40806685",
      encrypt = "0x400c6613", subvolume = "0x5000940e", clone = "0x40049409", fsxattr = "0x401c5820" }) do
      list[#list + 1] = { name, ("call(16, os.open('f', 0o1102), %s, b'0' * 4096)"):format(number), "ENOTTY" }
    end
    probes("--root " .. dir .. "/tree", list)
    assert.equal(0, in_tree(PYTHON, "-c",
      "import os; os.posix_fallocate(os.open('g', 0o1102), 0, 99999); assert os.stat('g').st_size == 99999").exit)
  end)

  -- Each brings files of 900,000 bytes to where no name and no descriptor tells of them.
  local UNSEEN = {
    ["in flight"] = "a, b = socket.socketpair()\ndef put(f): socket.send_fds(a, [b'x'], [f.fileno()])",
    ["in flight in a socket in flight"] = [[
a, b = socket.socketpair()
def put(f):
    c, d = socket.socketpair()
    socket.send_fds(c, [b'x'], [f.fileno()]); socket.send_fds(a, [b'x'], [d.fileno()])]],
    ["waiting for an accept"] = [[
server = socket.socket(socket.AF_UNIX); server.bind('s'); server.listen(99); kept = []
def put(f):
    c = socket.socket(socket.AF_UNIX); c.connect('s'); socket.send_fds(c, [b'x'], [f.fileno()])
    kept.append(c)]],
    mapped = "def put(f): assert call(9, 0, 4096, 1, 1, f.fileno(), 0) == 'done'",
    ["mapped under a name like that of shared memory"] = [[
os.makedirs("x /dev", exist_ok=True)
def put(f):
    with open("x /dev/zero", "w+b", buffering=0) as g:
        g.write(b"x" * 900000); assert call(9, 0, 4096, 1, 1, g.fileno(), 0) == 'done'; os.unlink("x /dev/zero")]],
    ["held by a thread whose first one has ended"] = "kept = []\ndef put(f): kept.append(os.dup(f.fileno()))",
  }

  for name, code in pairs(UNSEEN) do
    test("is ended when the disk fills by files that are " .. name, function()
      local ends = name:find("thread", 1, true)
        and "import threading; threading.Thread(target=fill).start(); libc.syscall(60, 0)" or "fill()"
      local answer = jail("--fsize 1M --wall 15 --root " .. dir .. "/tree", PYTHON, "-c", CALLS .. code .. [[

import time
def fill():
    for i in range(60):
        with open("f", "w+b", buffering=0) as f:
            os.unlink("f"); f.write(b"x" * 900000); put(f)
    time.sleep(12)
]] .. ends)
      assert.equal("files", answer.limit, cjson.encode(answer))
    end)
  end

  test("is ended when the disk fills by names that are gone again", function()
    local answer = jail("--fsize 64K --wall 15 --root " .. dir .. "/tree", PYTHON, "-c", [[
import os, time
open("seed", "w").close()
for d in range(6):
    os.mkdir(str(d))
    for act in (lambda n: os.link("seed", n), os.unlink):
        for i in range(8000): act("%d/%0250d" % (d, i))
time.sleep(12)]])
    assert.equal("files", answer.limit, cjson.encode(answer))
  end)

  test("goes on without inotify where it can do without", function()
    local answer = in_tree("sh", "-c",
      "timeout 0.5 tail -f file; cp -a file copy && tar cf t.tar file copy && tar xf t.tar && echo fine")
    assert.equal("mine\nfine\n", answer.stdout, answer.stderr)
  end)

  test("has connections of bounded size", function()
    local answer = python("", [[
server = socket.create_server(("127.0.0.1", 0)); client = socket.create_connection(server.getsockname())
client.setblocking(False)
sent = 0
for _ in range(200):
    try: sent += client.send(b"x" * 65536)
    except BlockingIOError: import time; time.sleep(0.001)
print("bounded" if sent < (1 << 20) else sent)]])
    assert.equal("bounded\n", answer.stdout)
  end)

  -- By a user that is not root: then the program has the uid of its watcher, and there are no groups.
  local function ordinary(options, code)
    local binary, as = ORKET, ""
    if run("id -u") == "0\n" then
      binary, as = dir .. "/orket", "setpriv --reuid 12345 --regid 12345 --clear-groups "
      run(("chmod 755 %s; cp %s %s"):format(dir, ORKET, binary))
    end
    local text = run(("%s%s try jail %s -- %s -c %s"):format(as, binary, options, PYTHON,
      shell(CALLS .. code)))
    return text:find("ERR_JAIL", 1, true) and {} or cjson.decode(text) or error(text)
  end

  test("does not hide its memory from the watch", function()
    local rows = {
      "libc.prctl(4, 0, 0, 0, 0); l = [b'x' * (10 << 20) for _ in range(30)]", -- not dumpable
      -- no descriptors for the watch
      "call(302, 1, 7, b'\\0' * 16, 0); l = [b'x' * (10 << 20) for _ in range(30)]",
      -- page tables
      "import mmap; m = mmap.mmap(-1, 300 << 30, flags=0x4022, prot=1)\nfor i in range(0, 300 << 30, 2 << 20): m[i]",
      -- a first thread that has ended
      "import threading, time\ndef fill(): l = [b'x' * (10 << 20) for _ in range(30)]; time.sleep(9)\n"
        .. "threading.Thread(target=fill).start(); libc.syscall(60, 0)",
      "for _ in range(3): os.fork()\nl = [socket.socketpair() for _ in range(400)]", -- sockets
    }
    for _, code in ipairs(rows) do
      local answer = ordinary("--mem 100M --wall 10", code .. "\nimport time; time.sleep(9)")
      if not answer.layers then
        return pending("no user namespaces here")
      end
      assert.equal("memory", answer.limit, code .. cjson.encode(answer))
    end
  end)

  test("is ended by each limit, which is named", function()
    local rows = {
      { "time", "--wall 0.2", "sleep 9" },
      { "time", "--wall 0.2", "trap '' TERM INT HUP; sleep 9; sleep 9" },
      { "cpu", "--cpu 0.2", "while :; do :; done" },
      { "cpu", "--cpu 0.3", "(while :; do :; done) & (while :; do :; done) & wait" },
      { "output", "--output 1K", "yes" },
      { "output", "--output 1K", "yes >&2" },
      { "processes", "--procs 20", "b() { b | b & }; b; exec sleep 9" },
      { "processes", "--procs 5", "for i in 1 2 3 4 5 6 7 8; do setsid sleep 9 & done; wait" },
      { "files", "--fsize 64K", "head -c 1m /dev/zero > big; echo went on" },
      { "files", "--fsize 64K", "exec head -c 1m /dev/zero > big" },
      { "files", "", "head -c 100m /dev/zero > ~/big" },
      { "files", "--fsize 64K",
        "trap '' XFSZ; head -c 1m /dev/zero > ~/big; head -c 1m /dev/zero > /tmp/big; sleep 1" },
      { "files", "--fsize 10", "printf 12345678901 > f" },
      { "files", "--fsize 1M", "i=0; while :; do i=$((i+1)); head -c 900k /dev/zero > f$i || sleep 9; done" },
    }
    for _, row in ipairs(rows) do
      local answer = jail(row[2], "sh", "-c", row[3])
      assert.equal(row[1], answer.limit, row[3] .. ": " .. cjson.encode(answer):sub(1, 500))
    end
  end)

  test("is told of processes that came and went between two looks", function()
    local code = "import _thread, os\nlock = _thread.allocate_lock()\nlock.acquire()\n"
      .. "try:\n for _ in range(200): _thread.start_new_thread(lock.acquire, ())\nexcept RuntimeError: os._exit(0)"
    for _ = 1, 10 do
      local answer = jail("--procs 20", PYTHON, "-c", code)
      if not table.concat(answer.layers, " "):find("cgroup", 1, true) then
        return pending("no groups here")
      end
      assert.equal("processes", answer.limit, cjson.encode(answer))
    end
  end)

  test("is not told of a limit of others: their group may have room for fewer", function()
    local code = "import _thread, time\nlock = _thread.allocate_lock()\nlock.acquire()\nn = 0\n"
      .. "try:\n for n in range(30): _thread.start_new_thread(lock.acquire, ())\nexcept RuntimeError: print('refused')"
    local pids, group = "/sys/fs/cgroup/pids", "/sys/fs/cgroup/pids/orket-test-few"
    run("rmdir " .. group .. "/* " .. group)
    local text, code_of = run(("exec 2>&1; mkdir %s && echo 16 >%s/pids.max && unshare -m --propagation private sh -c 'mount --bind %s %s && %s try jail "
      .. "--procs 50 -- %s -c %s'"):format(group, group, group, pids, ORKET, PYTHON,
        shell(shell(code)):sub(2, -2)))
    run("rmdir " .. group .. "/* " .. group .. " 2>/dev/null")
    if code_of ~= 0 or not text:find("refused", 1, true) then
      return pending("no groups of our own here: " .. text:sub(1, 200))
    end
    assert.equal(cjson.null, cjson.decode(text).limit, text)
  end)

  test("is not told of a limit that it only came up to", function()
    for options, command in pairs({
      ["--fsize 10"] = "printf 1234567890 > f; cp f ~/f",
      ["--output 10"] = "printf 12345; printf 67890 >&2",
      ["--procs 1"] = "exec sleep 0.1",
    }) do
      local answer = jail(options, "sh", "-c", command)
      assert.same({ 0, cjson.null }, { answer.exit, answer.limit }, command)
    end
    local signaled = jail("", "bash", "-c", "kill -XCPU $$")
    assert.same({ 24, cjson.null }, { signaled.signal, signaled.limit })
  end)

  test("pays for processes that nobody waits for", function()
    local answer = python("--cpu 0.5 --wall 20", [[
import signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    if os.fork() == 0:
        t = time.process_time()
        while time.process_time() - t < 0.1: pass
        os._exit(0)
    try: os.wait()
    except OSError: pass
]])
    assert.equal("cpu", answer.limit)
    assert.truthy(answer.ms < 10000, answer.ms)
  end)

  test("is ended when it takes too much memory, whatever kind", function()
    local rows = {
      "x = bytearray(4 << 30)",
      "x = b'x' * (200 << 20)",
      "import mmap; m = mmap.mmap(-1, 200 << 20)",
      "import mmap\nl = [mmap.mmap(-1, 40 << 20) for _ in range(9)]\nfor m in l:\n  for i in range(0, 40 << 20, 4096): m[i] = 1",
      "import time\nfor _ in range(5): os.fork() or (b'x' * (30 << 20), time.sleep(9))",
      "import subprocess; subprocess.run([sys.executable, '-c', 'x = bytearray(4 << 30)'])",
    }
    for _, code in ipairs(rows) do
      local answer = python("--mem 100M --wall 10", code .. "\nimport time; time.sleep(9)")
      assert.equal("memory", answer.limit, code .. cjson.encode(answer))
    end
    assert.equal(0, python("--mem 100M", "x = bytearray(50 << 20)").exit)
  end)

  test("is ended when it leaves too many files", function()
    local answer = in_tree(PYTHON, "-c",
      "import time\nfor i in range(30000): open('f%d' % i, 'w').close()\ntime.sleep(9)")
    assert.equal("files", answer.limit)
    answer = in_tree("sh", "-c",
      "i=0; while [ $i -lt 300 ]; do mkdir d && cd d || break; i=$((i+1)); done; sleep 5")
    assert.equal("files", answer.limit)
  end)

  test("leaves no process behind", function()
    local time = tostring(math.random(10 ^ 6, 10 ^ 7)) -- nothing else of the machine sleeps for just as long
    local answer = jail("--wall 5", "sh", "-c", (([[
(setsid sh -c 'sleep TIME' &) 2>/dev/null
(setsid sh -c 'trap "" HUP TERM; (sleep TIME &) & (setsid setsid sleep TIME &)' &)
echo gone]]):gsub("TIME", time)))
    assert.equal("gone\n", answer.stdout)
    assert.equal("", (run("pgrep -fx 'sleep " .. time .. "'")))
  end)

  test("does not begin in a directory that its user may not enter", function()
    if run("id -u") ~= "0\n" then
      return pending("only root can become somebody else")
    end
    run(("cp %s %s/orket; chmod 755 %s; chmod 700 %s/tree"):format(ORKET, dir, dir, dir))
    local text, code = run(("cd %s && setpriv --reuid=65534 --regid=65534 --clear-groups ./orket try jail --root tree -- true"):format(dir))
    assert.equal(1, code, text)
    assert.truthy(text:find("enter the working directory", 1, true) and text:find("fix: let the user", 1,
      true), text)
  end)

  test("tells which walls stood, also when it was ended", function()
    for _, options in ipairs({ "", "--wall 0.1" }) do
      local layers = " " .. table.concat(jail(options, "sleep", "0.3").layers, " ") .. " "
      for _, name in ipairs({ "namespaces", "root", "uid", "no_new_privs", "landlock", "seccomp",
        "rlimits" }) do
        assert.truthy(layers:find(" " .. name .. " ", 1, true), layers)
      end
    end
    for _ = 1, 20 do -- the first thing that it does is too much
      assert.not_equal(0, #jail("--output 1", "printf", "12").layers)
    end
  end)

  test("gets its words as they are, or it is said what is wrong with them", function()
    assert.equal("--jsonl|--help|--wall|a\nb||", jail("", "printf", "%s|", "--jsonl", "--help", "--wall",
      "a\nb", "").stdout)
    write_file(dir .. "/tree/bad", "#!/nothing/here\n")
    write_file(dir .. "/tree/plain", "echo x\n")
    run("chmod +x " .. dir .. "/tree/bad; chmod -x " .. dir .. "/tree/plain")
    for words, wanted in pairs({
      ["-- nothing-so-called"] = { 1, "ERR_PROC: 'nothing-so-called'", "fix: a plain name" },
      ["-- $'a\\xff'"] = { 1, "ERR_PROC: 'a\xEF\xBF\xBD'", "fix: a plain name" },
      ["--root TREE -- ./bad"] = { 1, "ERR_PROC: './bad'", "the interpreter" },
      ["--root TREE -- ./plain"] = { 1, "ERR_PROC: './plain'", "chmod +x" },
      ["--root TREE/none -- true"] = { 2, "ERR_USAGE: --root", "fix: name a directory" },
      ["--root TREE/plain -- true"] = { 2, "ERR_USAGE: --root", "fix: name a directory" },
      ["--wall 0 -- true"] = { 2, "ERR_USAGE: wall", "fix: 0.5" },
      ["--mem 1.5G -- true"] = { 2, "ERR_USAGE: mem", "fix: whole bytes" },
    }) do
      local text, code = run(("bash -c %s"):format(shell(ORKET .. " try jail "
        .. words:gsub("TREE", dir .. "/tree"))))
      assert.equal(wanted[1], code, text)
      assert.truthy(text:find(wanted[2], 1, true) and text:find(wanted[3], 1, true), text)
    end
  end)

  test("is one line of JSON also when it cannot be started", function()
    run(("cd %s/tree && printf '#!/nothing/here\\n' > bad && printf '#!/etc/hostname\\n' > closed && echo x > plain"
      .. " && ln -s loop loop && ln -s nothing dangling && mkfifo fifo && chmod +x bad closed fifo"):format(dir))
    local rows = { "/nonexistent", "nothing-so-called", "/usr", ".", "./bad", "./closed", "./plain", "./loop",
      "./dangling", "./fifo", "./file/x",
      "/etc/shadow", ("x"):rep(300), dir .. "/other/file", "a\xff" }
    for _, program in ipairs(rows) do
      local text, code = run(("(%s try jail --root %s/tree -- %s 2>/dev/null)"):format(ORKET, dir,
        shell(program)))
      local answer = cjson.decode(text)
      assert(answer and select(2, text:gsub("\n", "")) == 1, program .. ": " .. text)
      assert.same({ 1, "ERR_PROC", cjson.null, cjson.null, cjson.null },
        { code, answer.code, answer.exit, answer.signal, answer.limit }, text)
      assert.truthy(answer.error:find("^ERR_PROC: '"), text)
    end
    local text, code = run(("(%s try jail --root %s/none -- true 2>/dev/null)"):format(ORKET, dir))
    assert.same({ 2, "ERR_USAGE" }, { code, cjson.decode(text).code })
    text, code = run(("(%s try jail -- true $(seq 2000) 2>/dev/null)"):format(ORKET))
    assert.same({ "ERR_TOO_LARGE", true }, { cjson.decode(text).code, code ~= 0 })
  end)

  test("is in groups of its own that are gone with it, where there are any", function()
    local answer = jail("", "sh", "-c", "cat /proc/self/cgroup")
    local names = {}
    for name in answer.stdout:gmatch("(orket%-jail%-%d+)") do
      names[name] = true
    end
    local layers = " " .. table.concat(answer.layers, " ") .. " "
    assert.equal(layers:find(" cgroup ", 1, true) ~= nil, next(names) ~= nil, answer.stdout)
    for name in pairs(names) do
      assert.equal("", (run("find /sys/fs/cgroup -maxdepth 2 -name " .. name)))
    end
  end)

  test("leaves no groups of an engine that was killed once another jail has run", function()
    local said = run(([[
      %s try jail -- sleep 100 >/dev/null 2>&1 & engine=$!
      until jail=$(pgrep -P $engine) && pgrep -P $jail >/dev/null; do kill -0 $engine || exit 1; done
      kill -KILL $engine
      wait $engine 2>/dev/null
      while [ -e /proc/$jail ]; do :; done
      %s try jail -- true >/dev/null
      echo "left: $(find /sys/fs/cgroup -maxdepth 2 -name orket-jail-$jail)"]]):format(ORKET, ORKET))
    assert.truthy(said:find("left: \n", 1, true), said)
  end)

  test("does not run where the kernel lacks a wall", function()
    local blind = [[
import ctypes, os, struct, sys
libc = ctypes.CDLL(None)
number, error = int(sys.argv[1]), int(sys.argv[2])
code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | error), (0x06, 0, 0, 0x7fff0000)]
raw = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))
prog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(raw)))
libc.prctl(38, 1, 0, 0, 0)
assert libc.prctl(22, 2, ctypes.byref(prog), 0, 0) == 0
os.execv(sys.argv[3], sys.argv[3:])
]]
    for number, name in pairs({ [444] = "Landlock", [446] = "Landlock", [317] = "seccomp", [428] = "clone",
      [155] = "pivot_root" }) do
      local text, code = run(("%s -c %s %d 38 %s try jail -- sh -c 'echo ran'"):format(PYTHON, shell(blind),
        number,
        ORKET:find("^/") and ORKET or "./" .. ORKET))
      assert.equal(1, code)
      assert.truthy(text:find("ERR_JAIL", 1, true), text)
      assert.truthy(text:find(name, 1, true), text)
      assert.falsy(text:find("\nran", 1, true) or text:find('"ran', 1, true), text)
    end
  end)
end)
