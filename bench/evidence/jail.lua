-- jail.lua: from a request to the result of /bin/true in a jail: half of all, and ninety-nine of a hundred.
-- N= runs, in a tree of 100 files, in an empty scratch, and there with egress.

local measure = dofile("bench/measure.lua")

local runs = measure.number("N", 1000)
local directory <close> = measure.directory()
local place = directory:new()

local MAIN = [[
local async, proc, sys = require("orket.async"), require("orket.core.proc"), require("orket.core.sys")
return function()
  proc.hide({})
  local egress = { hosts = { { host = "registry.test", port = 443 } }, bytes = 1000, seconds = 1 }
  local kinds = { scratch = { scratch = true }, tree = { cwd = %q }, egress = { scratch = true, egress = egress } }
  return async.main(function()
    for i = 1, %d do
      for kind, request in pairs(kinds) do
        request.argv = { "true" }
        local begun = sys.monotonic()
        local result, message = async.await(proc.run, request)
        assert(result and result.exit == 0, message)
        print(kind, sys.monotonic() - begun)
      end
    end
    return 0
  end)
end
]]

measure.shell(("mkdir -p %s/orket %s/tree"):format(place, place))
for i = 1, 100 do
  measure.write(place .. "/tree/file" .. i, ("line\n"):rep(i))
end
measure.write(place .. "/orket/main.lua", MAIN:format(place .. "/tree", runs))

local values = { scratch = {}, tree = {}, egress = {} }
for kind, seconds in measure.shell(("ORKET_LUA=%s %s"):format(place,
  measure.orket)):gmatch("(%a+)\t(%S+)\n") do
  table.insert(values[kind], assert(tonumber(seconds)) * 1000)
end

local figures = { runs = runs }
for kind, list in pairs(values) do
  assert(#list == runs, "the runs did not end")
  table.sort(list)
  figures[kind .. "_p50_ms"], figures[kind .. "_p99_ms"] = list[(runs + 1) // 2], list[math.ceil(runs * 0.99)]
end
measure.figure("true in a scratch, p50", figures.scratch_p50_ms, "ms", { most = 10 })
measure.figure("true in a scratch, p99", figures.scratch_p99_ms, "ms")
measure.figure("true in a tree of 100 files, p50", figures.tree_p50_ms, "ms", { most = 10 })
measure.figure("true in a tree of 100 files, p99", figures.tree_p99_ms, "ms")
measure.figure("true in a scratch with egress, p50", figures.egress_p50_ms, "ms", { most = 10 })
measure.bench(figures)
