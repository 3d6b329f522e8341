-- source.lua: the files of config/: found, read, parsed, held against their schema. What comes out is
-- a value that has the right shape, together with the text that knows its lines.

local cjson = require("cjson")
local doc = require("orket.core.doc")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local suggest = require("orket.util.suggest")
local schema = require("orket.core.schema")

local M = {}

local FILE_MAX = 16 * 1024 * 1024
local FILES_MAX = 10000
local ERRORS_MAX = 200 -- told of one file

-- folder of config/ -> schema file and definition
M.KINDS = {
  teams = { "team" },
  environments = { "environment" },
  epics = { "card", "epic" },
  rocks = { "card", "rock" },
  cards = { "card" }, -- issue or asset, by its type
}

---@class Source
---@field file string  "config/epics/hello.json"
---@field name string  "hello"
---@field text string
---@field doc userdata
---@field value table  the plain value; present when the shape is right
local Source = {}
Source.__index = Source

local function line_of(text, offset)
  local line, at = 1, 1
  while true do
    local newline = text:find("\n", at, true)
    if not newline or newline > offset then
      return line
    end
    line, at = line + 1, newline + 1
  end
end

---The line of the value at a JSON pointer; of the nearest one around it when there is none.
---@param pointer string
---@return integer
function Source:line(pointer)
  while true do
    local offset = self.doc:at(pointer)
    if offset then
      return line_of(self.text, offset)
    end
    pointer = pointer:match("^(.*)/[^/]*$") or ""
  end
end

-- ---- shape ----

local function collect_keys(tree, keys)
  for name, child in pairs(tree) do
    if name == "properties" then
      for key in pairs(child) do
        keys[key] = true
      end
    end
    if type(child) == "table" then
      collect_keys(child, keys)
    end
  end
  return keys
end

-- problems of one load -> "card#epic" -> {schema, keys}: half a megabyte that nobody needs when the load is
-- over
local compiled = setmetatable({}, { __mode = "k" })
-- The same of fixtures, for all loads: each verification of a card reads one.
local of_fixtures = {}

local function shapes_of(name, load)
  if name == "fixture" then
    return of_fixtures
  end
  compiled[load] = compiled[load] or {}
  return compiled[load]
end

local function shape_of(name, definition, load)
  local id, shapes = name .. "#" .. (definition or ""), shapes_of(name, load)
  local shape = shapes[id]
  if not shape then
    local tree = cjson.decode(embed.read("lua/orket/schemas/" .. name .. ".json"))
    if definition then
      tree["$ref"] = "#/$defs/" .. definition
    end
    shape = { keys = collect_keys(tree, {}), schema = assert(schema.compile(tree)) }
    shapes[id] = shape
  end
  return shape
end

local function unescape(token)
  return (token:gsub("~1", "/"):gsub("~0", "~"))
end

local UNKNOWN = { additionalProperties = true, unevaluatedProperties = true }

-- Where a schema has alternatives: what to write.
local ALTERNATIVES = {
  { "^/process_rules/rates/%d+$", "exactly one of per_second and per_minute" },
  { "^/process_rules/approvals/expires$", 'seconds, or a text such as "30m", "12h", "7d"' },
  { "^/process_rules/labels$", '"off", or an object; docs/labels.md has its keys' },
  { "^/keys/[^/]+$", "exactly one of env and file" },
  { "^/notify/[^/]+$", "a webhook has a url (https) and a key, ntfy a url (https), "
    .. "a mail a url (smtp, smtps), from and to, a desktop events and page alone" },
}

local function alternatives(pointer)
  for _, row in ipairs(ALTERNATIVES) do
    if pointer:find(row[1]) then
      return row[2]
    end
  end
end

local function add_shape_error(problems, source, broken, keys)
  local message, fix = broken.text, alternatives(broken.path)
  if UNKNOWN[broken.keyword] then
    local key = unescape(broken.path:match("/([^/]*)$") or "")
    local near = suggest.find(key, tables.keys(keys))
    message = "unknown key '" .. key .. "'"
    fix = near and near ~= key and ("did you mean '" .. near .. "'?")
      or "remove it; docs/configuration.md and docs/cards.md list the keys"
  end
  local line = broken.at and broken.at > 0 and line_of(source.text, broken.at) or source:line(broken.path)
  problems:add(source.file, line, broken.path, message, fix)
end

-- Takes the value at a pointer out of a tree; a bad item takes its whole array with it, so that the
-- other pointers stay true.
local function prune(tree, pointer)
  local parent, key = nil, nil
  local at = tree
  for token in pointer:gmatch("/([^/]*)") do
    if type(at) ~= "table" then
      return
    elseif getmetatable(at) ~= cjson.array_mt then
      parent, key = at, unescape(token)
      at = at[key]
    else
      local item = at[(tonumber(token) or -1) + 1]
      if type(item) ~= "table" then
        break
      end
      at = item
    end
  end
  if parent then
    parent[key] = nil
  end
end

-- What is left of a wrong value without its wrong parts, so that the rest can be checked as well; nil
-- when nothing useful is.
local function rest_of(source, broken, shape)
  local value = source.doc:value()
  for _, one in ipairs(broken) do
    if one.keyword ~= "required" then
      prune(value, one.path)
    end
  end
  local fits, still = shape.schema:check(value, ERRORS_MAX)
  for _, one in ipairs(fits and {} or still) do
    if one.keyword ~= "required" then
      return nil
    end
  end
  return value
end

---Checks a source against a schema and fills source.value. What is wrong is reported; the rest of the
---value remains, without the wrong parts, when it is of use.
---@param source Source
---@param name string
---@param definition string|nil
---@param problems Problems
---@return boolean usable
function M.check(source, name, definition, problems)
  local shape = shape_of(name, definition, problems)
  local fits, broken, code = shape.schema:check(source.doc, ERRORS_MAX)
  if fits then
    source.value = source.doc:value()
    source.value["$schema"] = nil -- for editors
    return true
  elseif errors.is_machine(code) then
    problems:unread(source.file, broken[1].text, code)
    return false
  end
  for _, one in ipairs(broken) do
    add_shape_error(problems, source, one, shape.keys)
  end
  source.value = rest_of(source, broken, shape)
  return source.value ~= nil
end

-- ---- files ----

local function place_of(message)
  local why, line = message:match("^(.*) at line (%d+), column %d+$")
  return why or message, tonumber(line) or 1
end

---Reads and parses one file; nil when that failed (and is in problems).
---@param root FsRoot
---@param file string
---@param problems Problems
---@return Source|nil
function M.read(root, file, problems)
  local text, message, code, fix = root:read(file, FILE_MAX)
  if not text then
    problems:unread(file, message, code, fix)
    return nil
  end
  local tree
  tree, message, code = doc.parse(text)
  if not tree and errors.is_machine(code) then
    problems:unread(file, message, code)
    return nil
  elseif not tree then
    local why, line = place_of(message)
    problems:add(file, line, "", "not valid JSON: " .. why, "correct the file at this line")
    return nil
  end
  local name = file:match("([^/]*)%.json$")
  return setmetatable({ file = file, name = name, text = text, doc = tree }, Source)
end

local function is_card_file(entry)
  return entry.name:match("^[^.].*%.json$") -- also a link: that it is not read is told
end

-- Notes, and what editors leave.
local function is_ignored(entry)
  return entry.name:find("^%.") or entry.name:find("~$") or entry.name:find("%.md$")
end

local function unknown_file(problems, file)
  problems:add(file, 1, "", "unknown file", "a card file is NAME.json; notes are NAME.md")
end

local function asset_or_issue(source)
  local value = source.doc:value()
  local kind = type(value) == "table" and value.type
  return (kind == "utility" or kind == "app") and "asset" or "issue"
end

-- The entries of a directory, none when it is not there; nil when that cannot be told.
local function entries_of(root, path, problems)
  local entries, more, code, fix = root:list(path, FILES_MAX)
  if entries and more then
    problems:add(path, 1, "", "more than " .. FILES_MAX .. " files", "put several issues into one epic")
  elseif not entries and code ~= "ERR_NOT_FOUND" then
    problems:unread(path, more, code, fix)
    return nil
  end
  return entries or {}
end

local EVERY = setmetatable({}, {
  __index = function()
    return true
  end,
})

---All sources of a folder of config/ that have the right shape, sorted by name.
---@param root FsRoot
---@param folder string
---@param problems Problems
---@return Source[]
---@return table<string, boolean> broken the names of the others; every name when nobody knows
function M.folder(root, folder, problems)
  local sources, broken = {}, {}
  local entries = entries_of(root, "config/" .. folder, problems)
  if not entries then
    return sources, EVERY
  end
  for _, entry in ipairs(entries) do
    problems.breathe()
    local file = "config/" .. folder .. "/" .. entry.name
    if entry.type == "directory" then
      problems:add(file, 1, "", "a folder is not looked into", "put the files one level up")
    elseif is_card_file(entry) then
      local source = M.read(root, file, problems)
      problems.breathe()
      local name, definition = table.unpack(M.KINDS[folder])
      definition = definition or source and folder == "cards" and asset_or_issue(source) or nil
      if source and M.check(source, name, definition, problems) then
        sources[#sources + 1] = source
      else
        broken[entry.name:match("^(.*)%.json$")] = true
      end
    elseif not is_ignored(entry) then
      unknown_file(problems, file)
    end
  end
  return sources, broken
end

---Reports what lies in config/ and is no part of a project: a mistyped folder would lose its cards.
---@param root FsRoot
---@param problems Problems
function M.check_folders(root, problems)
  for _, entry in ipairs(entries_of(root, "config", problems) or {}) do
    local name = entry.name
    if entry.type == "directory" and not M.KINDS[name] then
      local near = suggest.find(name, tables.keys(M.KINDS))
      problems:add("config/" .. name, 1, "", "unknown folder", near and "did you mean config/" .. near .. "?"
        or "one of: cards, environments, epics, rocks, teams")
    elseif is_card_file(entry) and name ~= "organization.json" then
      problems:add("config/" .. name, 1, "", "unknown file",
        "put it into a folder: cards, environments, epics, rocks or teams")
    elseif entry.type ~= "directory" and not is_card_file(entry) and not is_ignored(entry) then
      unknown_file(problems, "config/" .. name)
    end
  end
end

return M
