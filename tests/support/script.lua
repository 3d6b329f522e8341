-- script.lua: loads a restricted script as a box does (prelude first, nothing but the curated library)
-- and runs its functions, so that contracts can be tested without an engine.

local cjson = require("cjson")

local M = {}

local ALLOWED = {
  "assert", "error", "ipairs", "next", "pairs", "pcall", "select", "setmetatable", "getmetatable", "tonumber",
  "tostring", "type", "xpcall", "rawequal", "rawget", "rawlen", "rawset", "math", "string", "table", "utf8",
}

local function world()
  local env = { cjson = { null = cjson.null, encode = cjson.encode, array_mt = cjson.array_mt
    or cjson.empty_array_mt } }
  for _, name in ipairs(ALLOWED) do
    env[name] = _G[name]
  end
  env._G = env
  return env
end

local function source(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

---The table a script returns. perform(operation) is answered by `answer`.
---@param path string
---@param answer fun(operation: table): table|nil
function M.load(path, answer)
  local env = world()
  env.perform = answer or function()
    error("only a tool's run may perform operations")
  end
  for _, face in ipairs({ "some", "operations", "patch", "patch_apply", "brief" }) do
    assert(load(source("lua/box/" .. face .. ".lua"), "@" .. face, "t", env))()
  end
  local about = assert(load(source(path), "@" .. path, "t", env))()
  assert(type(about) == "table", path .. " returns no table")
  return about
end

---The scripts of a kind: shipped ones, those of the examples, and those of the directory $SCRIPTS.
---@return table<string, string> path by name
function M.list(kind)
  local found = {}
  for _, root in ipairs({ ".", "examples/*", os.getenv("SCRIPTS") }) do
    local pipe = assert(io.popen("ls " .. root .. "/" .. kind .. "/*.lua 2>/dev/null"))
    for path in pipe:lines() do
      found[path:gsub("^%./", "")] = path:match("([%w_-]+)%.lua$")
    end
    pipe:close()
  end
  local list = {}
  for path, name in pairs(found) do
    list[#list + 1] = { path = path, name = name }
  end
  table.sort(list, function(a, b)
    return a.path < b.path
  end)
  return list
end

---True for what may cross the wall of a box.
function M.is_plain(value, depth)
  depth = depth or 0
  if type(value) == "table" then
    for key, item in pairs(value) do
      if depth > 50 or not (math.type(key) == "integer" or type(key) == "string")
        or not M.is_plain(item, depth + 1) then
        return false
      end
    end
    return true
  end
  return value == nil or value == cjson.null or type(value) == "string" or type(value) == "number"
    or type(value) == "boolean"
end

return M
