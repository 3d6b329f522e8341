-- short_waits.lua: a box whose script waits for many short answers, and has to be stopped in time.

local box, uv = require("orket.core.box"), require("luv")
local text = [=[
local function run(args)
  while true do
    perform({ op = "short" })
    for _ = 1, 40 do string.format("%99.99f", 1e300) end
    perform({ op = "long" })
  end
end
return { run = run }
]=]
local there, back = uv.pipe(), uv.pipe()
local echo = uv.spawn("/usr/bin/python3", { stdio = { there.read, back.write }, args = { "-c",
  "import os, time\nwhile os.read(0, 1): time.sleep(0.0005); os.write(1, b'x')" } })
local function wait(operation)
  for _ = 1, operation.op == "short" and 1 or 3 do uv.fs_write(there.write, "x", -1) uv.fs_read(back.read, 1,
    -1) end
end
local function spent()
  local r = uv.getrusage()
  return (r.utime.sec + r.stime.sec) * 1000 + (r.utime.usec + r.stime.usec) / 1000
end
local session = assert(assert(box.prepare("tools/x.lua", text)):open("run", { {} }, { ms = 4 }))
local used, kind, answer, code = 0, session:resume(nil)
while kind == "yield" do
  wait(answer)
  local began = spent()
  kind, answer, code = session:resume(nil)
  used = used + spent() - began
end
echo:kill("sigkill")
io.write(code, " ", used < 20 and "in time" or used)
