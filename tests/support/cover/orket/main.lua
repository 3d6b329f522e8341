-- main.lua: stands before the real main.lua: records the lines that trusted Lua runs (hooks are per
-- coroutine, so every new one gets it) and writes them to build/coverage when the program ends.

local top = os.getenv("COVER_TOP")
local hits = {}

local function record(_, line)
  local source = debug.getinfo(2, "S").source
  hits[source] = hits[source] or {}
  hits[source][line] = true
end

local function dump()
  debug.sethook()
  local name = string.format("%s/build/coverage/%d-%d.lines", top, require("luv").os_getpid(), os.time())
  local out = assert(io.open(name, "w"))
  for source, lines in pairs(hits) do
    for line in pairs(lines) do
      out:write(source:sub(2), ":", line, "\n")
    end
  end
  out:close()
end

local create, exit = coroutine.create, os.exit

function coroutine.create(fn)
  local thread = create(fn)
  debug.sethook(thread, record, "l")
  return thread
end

function os.exit(...)
  dump()
  exit(...)
end

package.path = top .. "/lua/?.lua"
debug.sethook(record, "l")
local main = assert(loadfile(top .. "/lua/orket/main.lua"))()

return function(argv)
  local code = main(argv)
  dump()
  return code
end
