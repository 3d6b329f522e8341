-- definitions.lua: where a name is defined and used. Only files that hold the name are parsed.

local cjson = require("cjson")
local code_outline = require("orket.code.code_outline")
local unseen = require("orket.util.unseen")
local strings = require("orket.util.strings")

local M = {}

local DEFINITIONS, USES = 50, 50
local LINE = 200 -- bytes of a line that are shown

---The files that hold the last part of a name (M.f, Class.method, x:y).
---@param files {path: string, language: string, text: string}[]
---@param name string
---@return table[] files
---@return string name the last part
function M.candidates(files, name)
  local last = name:match("([^.:]+)$") or name
  local some = {}
  for _, file in ipairs(files) do
    some[#some + 1] = file.text:find(last, 1, true) and file or nil
  end
  return some, last
end

local function is_word(byte)
  return byte and (byte == 95 or byte >= 128 or string.char(byte):find("%w") ~= nil)
end

-- Whether the name stands in the line by itself.
local function has_word(line, name)
  local from, to = line:find(name, 1, true)
  while from do
    if not is_word(line:byte(from - 1)) and not is_word(line:byte(to + 1)) then
      return true
    end
    from, to = line:find(name, from + 1, true)
  end
  return false
end

local function add_definitions(list, file, symbols, name)
  local at = {}
  for _, one in ipairs(symbols.definitions) do
    if one.name == name then
      at[one.line] = true
      list[#list + 1] = #list < DEFINITIONS and {
        path = file.path, line = one.line, last = one.last, kind = one.kind, signature = one.signature,
        within = one.within,
      } or nil
    end
  end
  return at
end

local function add_uses(list, file, name, defined)
  local number = 0
  for line in (file.text .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    if #list >= USES then
      return true
    elseif not defined[number] and #line <= 10000 and has_word(line, name) then
      local shown = strings.cut(unseen.removed(strings.trimmed(line)), LINE)
      list[#list + 1] = { path = file.path, line = number, text = shown }
    end
  end
end

---@param files table[] candidates
---@param all FileSymbols[] what each defines and uses
---@param name string
---@return {definitions: table[], uses: table[], unread: string[]?, more: boolean?}
function M.of(files, all, name)
  local definitions, uses = setmetatable({}, cjson.array_mt), setmetatable({}, cjson.array_mt)
  local more
  for i, file in ipairs(files) do
    local at = add_definitions(definitions, file, all[i], name)
    more = add_uses(uses, file, name, at) or more
  end
  return { definitions = definitions, uses = uses, unread = code_outline.unread(files, all), more = more }
end

return M
