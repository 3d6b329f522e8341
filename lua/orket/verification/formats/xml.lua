-- xml.lua: an XML text as a tree of elements, strictly and within bounds: no document type, no entities but
-- the five of XML and characters by number, no names of processing instructions but the declaration at the
-- beginning. Pure.

local M = {}

local DEPTH_MAX = 100
local NODES_MAX = 200000

---@class XmlElement
---@field name string
---@field attributes table<string, string>
---@field [integer] XmlElement|string  its elements and texts

local NAME = "^[%a_:\128-\255][%w_:.\128-\255-]*"
local ENTITIES = { lt = "<", gt = ">", amp = "&", quot = '"', apos = "'" }

local function fail(reader, what)
  local _, lines = reader.text:sub(1, reader.at):gsub("\n", "")
  error({ xml = what .. " at line " .. lines + 1 }, 0)
end

local function character(reader, digits, base)
  local code = tonumber(digits, base)
  local ok = code and code > 0 and code <= 0x10FFFF and (code < 0xD800 or code > 0xDFFF) -- it may wrap around
  return ok and utf8.char(code) or fail(reader, "no such character")
end

local function unescaped(reader, text)
  return (text:gsub("&([^;&]*);?", function(name)
    if ENTITIES[name] then
      return ENTITIES[name]
    elseif name:find("^#x%x+$") then
      return character(reader, name:sub(3), 16)
    elseif name:find("^#%d+$") then
      return character(reader, name:sub(2), 10)
    end
    fail(reader, "the entity &" .. name:sub(1, 20) .. " is not one of XML's")
  end))
end

local function skip(reader, pattern)
  local _, to = reader.text:find(pattern, reader.at)
  reader.at = to and to + 1 or reader.at
  return to ~= nil
end

local function take(reader, pattern, what)
  local from, to = reader.text:find(pattern, reader.at)
  if not from then
    fail(reader, what .. " is missing")
  end
  reader.at = to + 1
  return reader.text:sub(from, to)
end

-- From here to before `ending`, which is passed.
local function take_to(reader, ending, what)
  local from, to = reader.text:find(ending, reader.at, true)
  if not from then
    fail(reader, what .. " does not end")
  end
  local text = reader.text:sub(reader.at, from - 1)
  reader.at = to + 1
  return text
end

local function attributes_of(reader)
  local attributes = {}
  while skip(reader, "^%s+") and reader.text:find(NAME, reader.at) do
    local name = take(reader, NAME, "a name")
    take(reader, "^%s*=%s*", "=")
    local quote = take(reader, "^[\"']", "a quote")
    local value = take_to(reader, quote, "the attribute " .. name)
    if attributes[name] or value:find("<", 1, true) then
      fail(reader, "the attribute " .. name .. " is wrong")
    end
    attributes[name] = unescaped(reader, value)
  end
  return attributes
end

local function open(reader)
  local element = { name = take(reader, NAME, "a name"), attributes = attributes_of(reader) }
  reader.nodes = reader.nodes + 1
  if #reader.stack >= DEPTH_MAX or reader.nodes > NODES_MAX then
    fail(reader, "too many elements")
  end
  local parent = reader.stack[#reader.stack]
  if parent then
    parent[#parent + 1] = element
  elseif reader.root then
    fail(reader, "a second root")
  end
  reader.root = reader.root or element
  if not skip(reader, "^/>") then
    take(reader, "^>", ">")
    reader.stack[#reader.stack + 1] = element
  end
end

local function close(reader)
  local name = take(reader, NAME, "a name")
  take(reader, "^%s*>", ">")
  local element = table.remove(reader.stack)
  if not element or element.name ~= name then
    fail(reader, "</" .. name .. "> closes nothing")
  end
end

local function add_text(reader, text)
  local parent = reader.stack[#reader.stack]
  if parent then
    parent[#parent + 1] = text
  elseif text:find("%S") then
    fail(reader, "text outside of the root")
  end
end

local function markup(reader)
  if skip(reader, "^<!%-%-") then
    take_to(reader, "-->", "a comment")
  elseif skip(reader, "^<!%[CDATA%[") then
    add_text(reader, take_to(reader, "]]>", "CDATA"))
  elseif skip(reader, "^</") then
    close(reader)
  elseif reader.text:find("^<[!?]", reader.at) then
    fail(reader, "a document type or an instruction")
  else
    take(reader, "^<", "<")
    open(reader)
  end
end

local function read(reader)
  skip(reader, "^\xEF\xBB\xBF")
  skip(reader, "^%s*<%?xml [^?<>]*%?>")
  while reader.at <= #reader.text do
    local to = reader.text:find("<", reader.at, true) or #reader.text + 1
    if to > reader.at then
      add_text(reader, unescaped(reader, reader.text:sub(reader.at, to - 1)))
      reader.at = to
    else
      markup(reader)
    end
  end
  if #reader.stack > 0 or not reader.root then
    fail(reader, "an element does not end")
  end
  return reader.root
end

---@param text string UTF-8
---@return XmlElement|nil root
---@return string|nil message what is wrong, with its line
function M.parse(text)
  if not utf8.len(text) then
    return nil, "it is not UTF-8"
  end
  local ok, root = pcall(read, { text = text, at = 1, stack = {}, nodes = 0 })
  if ok then
    return root
  elseif type(root) == "table" and root.xml then
    return nil, root.xml
  end
  error(root, 0)
end

return M
