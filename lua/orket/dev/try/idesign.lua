-- idesign.lua: `orket try idesign`: files held against the iDesign rules, of a configuration or as shipped.

local cjson = require("cjson")
local embed = require("orket.core.embed")
local idesign = require("orket.governance.idesign")
local options = require("orket.options")
local schema = require("orket.core.schema")

local M = {}

M.usage = "idesign [--config FILE] [--root DIR] FILE...   one line per FILE: {path, ok, violations}"

local KNOWN = { config = "value", root = "value" }

-- ---- the configuration ----

local function fault_of(config)
  local tree = cjson.decode(embed.read("lua/orket/schemas/organization.json"))
  tree["$ref"] = "#/$defs/idesign"
  tree.required, tree.properties, tree.additionalProperties, tree.type = nil, nil, nil, nil
  local shape = assert(schema.compile(tree))
  local fits, faults = shape:check(config)
  if fits then
    return false
  end
  local first = faults[1]
  if not first then
    return "it cannot be checked"
  end
  return (first.path ~= "" and first.path .. ": " or "") .. first.text
end

-- architecture.idesign by itself, or in an organization.
local function config_of(text)
  local value, message = cjson.decode(text)
  if type(value) ~= "table" then
    return nil, message or "it is no object"
  end
  if type(value.architecture) == "table" or value.name then
    value = (value.architecture or {}).idesign or {}
  end
  local fault = fault_of(value)
  if fault then
    return nil, fault
  end
  return value
end

local function read_config(name, read)
  local text, unread = read(name)
  if not text then
    return nil, unread
  end
  local config, message = config_of(text)
  if not config then
    return nil, name .. ": " .. message
  end
  return config
end

-- ---- the files ----

-- Of an absolute name without a root: from its last directory that is a category, with the prefixes before
-- it.
local function guessed(rules, name)
  local parts, from = {}, nil
  for part in name:gmatch("[^/]+") do
    parts[#parts + 1] = part
  end
  for i = 1, #parts - 1 do
    from = rules.categories[parts[i]] and i or from
  end
  while from and from > 1 and rules.prefixes[parts[from - 1]] do
    from = from - 1
  end
  return table.concat(parts, "/", from or #parts)
end

-- A file's path is what it is beneath the root.
local function beneath(root, name)
  if root and name:sub(1, #root + 1) == root .. "/" then
    return name, name:sub(#root + 2)
  elseif root and name:sub(1, 1) ~= "/" then
    return root .. "/" .. name, name
  end
  return name, name:sub(1, 1) ~= "/" and name or nil
end

---@param args string[]
---@param read fun(name: string?): string?, string?
---@return {config: table?, files: {name: string, path: string?, content: string}[]}|nil request
---@return string? message
function M.request(args, read)
  local asked, message = options.parse(args, KNOWN, { "file*" })
  if not asked then
    return nil, message
  end
  local request = { files = {} }
  if asked.config then
    request.config, message = read_config(asked.config, read)
    if not request.config then
      return nil, message
    end
  end
  local root = asked.root and asked.root:gsub("/+$", "")
  for i, word in ipairs(asked.file) do
    local name, path = beneath(root, word)
    local content
    content, message = read(name)
    if not content then
      return nil, message
    end
    request.files[i] = { name = name, path = path, content = content }
  end
  return request
end

-- ---- the answer ----

local function judge(rules, file)
  local violations = rules:violations(file.path, file.content)
  local ok = true
  for _, violation in ipairs(violations) do
    ok = ok and violation.severity ~= "error"
  end
  return { path = file.path, ok = ok, violations = setmetatable(violations, cjson.array_mt) }, ok
end

local function wrong(message)
  return { error = message }, false
end

local function is_file(file)
  local name = type(file) == "table" and (file.path or file.name)
  return type(name) == "string" and type(file.content) == "string"
end

-- One file, or several.
local function are_files(request)
  if request.files == nil then
    return is_file({ path = request.path, content = request.content })
  end
  for _, file in ipairs(type(request.files) == "table" and request.files or {}) do
    if not is_file(file) then
      return false
    end
  end
  return type(request.files) == "table"
end

---@param request {config: table?, files: table[]?, path: string?, content: string?}
---@return table answer  {lines} for several files
---@return boolean accepted
function M.answer(request)
  local fault = request.config and fault_of(request.config)
  if fault then
    return wrong("config: " .. fault)
  elseif not are_files(request) then
    return wrong("a request has a path and a content")
  end
  local rules = idesign.new(request.config)
  for _, file in ipairs(request.files or {}) do
    file.path = file.path or guessed(rules.rules, file.name)
  end
  if not request.files then
    return judge(rules, request)
  end
  local lines, all = {}, true
  for i, file in ipairs(request.files) do
    local ok
    lines[i], ok = judge(rules, file)
    all = all and ok
  end
  return { lines = lines }, all
end

return M
