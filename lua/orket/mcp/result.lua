-- result.lua: what a tool of a server answered, as plain and bounded data: text that a model reads, and of
-- what it cannot read only what it is. Pure.

local cjson = require("cjson")
local schemas = require("orket.core.schema")

local M = {}

local OTHER_MAX = 20 -- parts of a result that are no text, as they are told
local NAME_MAX, URI_MAX, MIME_MAX = 200, 1000, 100 -- bytes
local PROBLEM_MAX = 300

local function cut_at(text, most)
  local to = math.min(most, #text)
  while to > 0 and to < #text and text:byte(to + 1) & 0xC0 == 0x80 do
    to = to - 1
  end
  return text:sub(1, to), to
end

local function cut(text, most)
  if #text <= most then
    return text, nil
  end
  local kept, to = cut_at(text, most)
  return kept .. "\n[cut: " .. to .. " of " .. #text .. " bytes]", true
end

local function short(value, most)
  return type(value) == "string" and #value > 0 and (cut_at(value, most)) or nil
end

local function size_of(part)
  local data = part.data or type(part.resource) == "table" and part.resource.blob
  return type(data) == "string" and #data or nil
end

-- What a model cannot read is only named.
local function named(part)
  local resource = type(part.resource) == "table" and part.resource or part
  return {
    type = short(part.type, 40), mime = short(part.mimeType, MIME_MAX) or short(resource.mimeType, MIME_MAX),
    uri = short(resource.uri, URI_MAX), bytes = size_of(part), name = short(part.name, NAME_MAX),
    description = short(part.description, NAME_MAX),
  }
end

local function text_of(part)
  if part.type == "text" then
    return type(part.text) == "string" and part.text or nil
  end
  local resource = part.type == "resource" and type(part.resource) == "table" and part.resource or {}
  local uri = short(resource.uri, URI_MAX)
  return type(resource.text) == "string" and (uri and "[" .. uri .. "]\n" or "") .. resource.text
end

local function parts_of(content)
  local texts, other = {}, setmetatable({}, cjson.array_mt)
  for _, part in ipairs(type(content) == "table" and content or {}) do
    local text = type(part) == "table" and text_of(part)
    if text then
      texts[#texts + 1] = text
    elseif type(part) == "table" and #other < OTHER_MAX then
      other[#other + 1] = named(part)
    end
  end
  return table.concat(texts, "\n"), #other > 0 and other or nil
end

-- Why the structured content is not what was promised; nil when it is.
local function problem_of(value, schema, failed)
  if not schema then
    return nil
  elseif value == nil then
    return not failed and "its output schema promises structured content, and there is none" or nil
  end
  local compiled = schemas.compile(schema)
  local fits, faults = false, nil
  if compiled then
    fits, faults = compiled:check(value, 1)
  end
  local first = not fits and faults and faults[1]
  local where = first and ": " .. first.path .. " " .. first.text or ""
  return not fits and short("its structured content does not fit its output schema" .. where, PROBLEM_MAX)
    or nil
end

---@param said table a result of tools/call
---@param most integer bytes of text
---@param schema table|nil that of its structured content
---@return {text: string, failed: true?, structured: any?, problem: string?, other: table[]?, cut: true?}
function M.plain(said, most, schema)
  local text, other = parts_of(said.content)
  local result = { failed = said.isError == true or nil, other = other }
  local structured = said.structuredContent
  if structured == cjson.null then
    structured = nil
  end
  result.text, result.cut = cut(text, most)
  result.problem = problem_of(structured, schema, result.failed)
  if structured ~= nil and not result.problem and #result.text + #cjson.encode(structured) <= most then
    result.structured = structured
  elseif structured ~= nil and not result.problem and text == "" then
    result.text, result.cut = cut(cjson.encode(structured), most)
  end
  return result
end

return M
