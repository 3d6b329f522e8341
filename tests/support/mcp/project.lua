-- project.lua: a project whose coder has a tool of an MCP server, tests/support/mcp/server.lua, in any of its
-- modes.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local M = {}

-- An argument that the server does not read: it names this spec's servers among all that the machine runs.
local MARK = "mark" .. math.random(1 << 40)

M.SUPPORT = orket.shell("pwd"):gsub("%s+$", "") .. "/tests/support/mcp"

---@param w World
---@param servers table
function M.configure(w, servers)
  local organization = cjson.decode(w:read("config/organization.json"))
  organization.mcp = servers
  w:write("config/organization.json", cjson.encode(organization))
end

---A server of this mode, called fake.
---@param mode string
---@param more table|nil
---@return table
function M.fake(mode, more)
  local server = { command = { "lua5.4", M.SUPPORT .. "/server.lua", MARK }, show = { M.SUPPORT },
    env = { MODE = mode }, deadline = 5 }
  return { fake = world.merged(server, more) }
end

local MOCK = [[
function work(talk)
  return steps(talk, function() return say(call("mcp__fake__echo", { text = "over there" })) end, function() return say(finish()) end)
end
]]

---@param mode string
---@param more table|nil
---@param options table|nil of the world
---@return World
function M.project(mode, more, options)
  local coder = orket.read("roles/coder.lua"):gsub('"request_excuse"', '"request_excuse", "mcp__fake__echo"')
  local w = world.new(world.merged({ issues = { { id = "A" } }, mock = MOCK,
    files = { ["roles/coder.lua"] = coder } }, options))
  M.configure(w, M.fake(mode, more))
  return w
end

---One whose person has trusted the server in this mode while it was still honest.
---@param mode string
---@param more table|nil
---@param options table|nil of the world
---@return World
function M.trusted(mode, more, options)
  local w = M.project(mode, more, options)
  w:write(".orket/mcp/fake/honest", "")
  local text, code = w:orket("mcp trust fake")
  assert(code == 0, text)
  os.remove(w.dir .. "/.orket/mcp/fake/honest")
  return w
end

---@param w World
---@return string[] "STATE TOOL"
function M.states(w)
  local text, code = w:orket("mcp tools fake --json")
  assert(code == 0, text)
  local found = {}
  for _, row in ipairs(cjson.decode(text)) do
    found[#found + 1] = row.state .. " " .. row.tool
  end
  return found
end

---@return string count of the processes of this spec's servers
function M.processes()
  return orket.shell("pgrep -fc '[m]" .. MARK:sub(2) .. "'"):match("%d+")
end

return M
