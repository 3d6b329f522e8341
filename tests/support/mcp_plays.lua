-- mcp_plays.lua: the official MCP client (tests/support/mcp_client.mjs) against a project, over stdio or a
-- server's /mcp.
--
--   local played = plays.stdio(w, { { method = "tools/list" } })      -> {results, asked, progress, …}

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local M = {}

local HERE = orket.shell("pwd"):gsub("%s+$", "")

M.YES = { action = "accept", content = { confirm = true } }

---@param w table tests/support/world.lua
---@param plan table as the client takes it
function M.play(w, plan)
  os.execute("mkdir -p " .. w.dir .. "/.test")
  orket.write(w.dir .. "/.test/plan.json", cjson.encode(plan))
  local text, code = orket.shell(("cd %s && MODULES=%s/build/mcp ORKET_MODEL_URL=%s timeout 90 node %s/tests/support/mcp_client.mjs <.test/plan.json 2>.test/client.err")
    :format(w.dir, HERE, w.url or "", HERE))
  assert(code == 0, text .. orket.read(w.dir .. "/.test/client.err"))
  return cjson.decode(text)
end

function M.stdio(w, steps, elicits)
  return M.play(w, { command = { w.binary, "mcp", "serve", "-C", w.dir }, steps = steps, elicits = elicits })
end

function M.http(w, s, steps, elicits, key)
  return M.play(w, { url = s.url .. "/mcp", key = key or s.key, steps = steps, elicits = elicits })
end

---A step that calls a tool.
function M.call(name, arguments, progress)
  return { method = "tools/call", params = { name = name,
    arguments = arguments or cjson.decode("{}") }, progress = progress }
end

return M
