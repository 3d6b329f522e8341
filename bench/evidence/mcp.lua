-- mcp.lua: what a session with an MCP server costs: its start, once in a turn, and a call, half of all and
-- ninety-nine of a hundred; with a server that is nothing but a loop, which is our own cost, and with
-- server-everything. N= calls.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")

local calls = measure.number("N", 1000)
local directory <close> = measure.directory()
local place = measure.shell("pwd"):match("%S+") .. "/" .. directory:new()

local SERVER = [[
io.stdout:setvbuf("no")
for line in io.lines() do
  local id, method = line:match('"id":(%d+)'), line:match('"method":"([^"]+)"')
  local result = method == "initialize" and '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}'
    or method == "tools/list" and '{"tools":[{"name":"echo","description":"Says it back.","inputSchema":{"type":"object"}}]}'
    or '{"content":[{"type":"text","text":"x"}]}'
  io.write(id and '{"jsonrpc":"2.0","id":' .. id .. ',"result":' .. result .. "}\n" or "")
end
]]

local MAIN = [[
local async, cjson, fs, sys = require("orket.async"), require("cjson"), require("orket.core.fs"), require("orket.core.sys")
local sessions, servers = require("orket.mcp.server_session"), require("orket.mcp.servers")

local function talk(project, name, arguments)
  local begun = sys.monotonic()
  local session = assert(sessions.open(project, servers.of(project.config, name), "2025-11-25"))
  local tools = assert(session:definitions({ echo = { pin = "" } }, function() return true end))
  print(name, "start", sys.monotonic() - begun)
  for i = 1, %d do
    local from = sys.monotonic()
    session:renew()
    local said = assert(session:call(tools.echo, arguments))
    assert(said.content[1].text, "no text")
    print(name, "call", sys.monotonic() - from)
  end
  begun = sys.monotonic()
  session:close()
  print(name, "end", sys.monotonic() - begun)
end

return function()
  return async.main(function()
    local project = { root = assert(fs.root(%q)), config = { organization = { mcp = cjson.decode(%q) } } }
    for name in pairs(project.config.organization.mcp) do
      talk(project, name, { text = "x", message = "x" })
    end
    return 0
  end)
end
]]

local modules = measure.shell("pwd"):match("%S+") .. "/build/mcp/node_modules"
local everything = modules .. "/@modelcontextprotocol/server-everything/dist/index.js"
local named = { plain = { command = { "lua5.4", place .. "/server.lua" }, show = { place } } }
if io.open(everything) then
  named.everything = { command = { "node", everything, "stdio" }, show = { modules } }
end

measure.shell(("mkdir -p %s/orket %s/project"):format(place, place))
measure.write(place .. "/server.lua", SERVER)
measure.write(place .. "/orket/main.lua", MAIN:format(calls, place .. "/project", cjson.encode(named)))

local values = {}
for name, kind, seconds in measure.shell(("ORKET_LUA=%s %s"):format(place,
  measure.orket)):gmatch("(%a+)\t(%a+)\t(%S+)\n") do
  values[name] = values[name] or { start = {}, call = {}, ["end"] = {} }
  table.insert(values[name][kind], assert(tonumber(seconds)) * 1000)
end

local MOST = { plain = { most = 2 } } -- ms of a call
local figures = { calls = calls }
for name in pairs(named) do
  local found = assert(values[name], name .. " did not start")
  assert(#found["end"] == 1 and #found.call == calls, name .. " did not come to its end")
  local all = 0
  for _, ms in ipairs(found.call) do
    all = all + ms
  end
  table.sort(found.call)
  figures[name .. "_start_ms"], figures[name .. "_end_ms"], figures[name .. "_per_second"] = found.start[1],
    found["end"][1], 1000 * calls / all
  figures[name .. "_p50_ms"], figures[name .. "_p99_ms"] = found.call[(calls + 1) // 2],
    found.call[math.ceil(calls * 0.99)]
  measure.figure(name .. ": start, with its list of tools", found.start[1], "ms")
  measure.figure(name .. ": a call, p50", figures[name .. "_p50_ms"], "ms", MOST[name])
  measure.figure(name .. ": a call, p99", figures[name .. "_p99_ms"], "ms")
  measure.figure(name .. ": calls a second, one after the other", figures[name .. "_per_second"], "")
  measure.figure(name .. ": end", found["end"][1], "ms")
end
measure.bench(figures)
