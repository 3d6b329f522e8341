-- faults.lua: `orket faults`: the points where a test build can be made to die or fail.

local cjson = require("cjson")
local options = require("orket.options")
local sys = require("orket.core.sys")

local M = {}

M.usage = [[
usage: orket faults [--json]

Lists the points of a test build (make FAULT=1) where ORKET_FAULT=POINT:HIT:ACT in the environment kills the
program or makes it fail: kill, oom and starve at every point, eio, enospc, emfile and enomem where it says
so.
  --json    one JSON object per point
exit: 0, or 2 in a release build, which has no such points
]]

local function acts(fault)
  return fault.fails and "kill oom eio enospc emfile enomem" or "kill oom"
end

-- What a point is for: "before" or "after", and what.
local function meaning(fault)
  local side = fault.name:match("_(before)$") or fault.name:match("_(after)$")
  return side and side .. " " .. fault.what or fault.what
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { json = "flag" }, {})
  if not args then
    return options.refuse(M.usage, message)
  end
  local faults = sys.faults()
  if not faults then
    io.stderr:write("orket: this is a release build, it has no points of fault\n",
      "  fix: build one with make FAULT=1 and use build/gcc-fault/orket\n")
    return 2
  end
  for _, fault in ipairs(faults) do
    local row = { name = fault.name, place = fault.place, meaning = meaning(fault), acts = acts(fault) }
    print(args.json and cjson.encode(row)
      or string.format("%-20s %-20s %-24s %s", row.name, row.acts, row.place, row.meaning))
  end
  return 0
end

return M
