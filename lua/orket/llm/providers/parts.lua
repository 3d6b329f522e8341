-- parts.lua: pieces of a request's body that more than one provider makes.

local cjson = require("cjson")
local tables = require("orket.util.tables")

local M = {}

---A JSON object from texts: {name, JSON text} pairs in order; nil texts are left out.
---@param fields (string|nil)[][]
---@return string
function M.object(fields)
  local out = {}
  for _, field in ipairs(fields) do
    if field[2] then
      out[#out + 1] = cjson.encode(field[1]) .. ":" .. field[2]
    end
  end
  return "{" .. table.concat(out, ",") .. "}"
end

---Fields of `more` over those of `head`: null leaves out what we would send, names in `ours` are not touched.
---@param head table
---@param more table|nil
---@param ours table<string, boolean>
---@return table head
function M.merge(head, more, ours)
  for name, value in pairs(more or {}) do
    if not ours[name] then
      head[name] = tables.given(value)
    end
  end
  return head
end

---A translation of texts that come again and again: the last one is kept.
---@param translate fun(text: string): string|nil
---@return fun(text: string|nil): string|nil
function M.remembering(translate)
  local from, to
  return function(text)
    if text ~= from then
      from, to = text, text and translate(text)
    end
    return to
  end
end

---The tools of a request that has some.
---@param text string|nil
---@return table[]|nil functions {name, description, parameters}
function M.functions(text)
  local functions = {}
  for i, tool in ipairs(text and cjson.decode(text) or {}) do
    functions[i] = tool["function"] or tool
  end
  return functions[1] and functions or nil
end

-- Of a schema, what the APIs that hold a model to it can hold it to.
local HELD = {
  type = true, properties = true, required = true, items = true, enum = true, const = true, anyOf = true,
  description = true, title = true,
  additionalProperties = true,
}

local function each_below(schema, judge)
  for _, name in ipairs({ "properties", "anyOf" }) do
    for _, below in pairs(schema[name] or {}) do
      if not judge(below) then
        return false
      end
    end
  end
  return schema.items == nil or judge(schema.items)
end

---True of a schema of plain objects, lists and texts, whose objects have no fields but those it names.
---@param schema any decoded
---@return boolean
function M.is_closed(schema)
  if type(schema) ~= "table" then
    return false
  end
  for name in pairs(schema) do
    if not HELD[name] then
      return false
    end
  end
  local is_object = schema.type == "object" or schema.properties ~= nil
  return not (is_object and schema.additionalProperties ~= false) and each_below(schema, M.is_closed)
end

---True of one all of whose objects have all their fields.
---@param schema any decoded
---@return boolean
function M.is_full(schema)
  local wanted = {}
  for _, name in ipairs(schema.required or {}) do
    wanted[name] = true
  end
  for name in pairs(schema.properties or {}) do
    if not wanted[name] then
      return false
    end
  end
  return each_below(schema, M.is_full)
end

---A tool choice in words: which of "auto", "none", "required" it is, or "one" and the name.
---@param choice any as OpenAI has it
---@return string|nil word
---@return string|nil name
function M.choice(choice)
  if type(choice) == "table" then
    return "one", choice["function"] and choice["function"].name
  end
  return choice
end

return M
