-- parts.lua: pieces of a request's body that more than one provider makes.

local cjson = require("cjson")

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
      head[name] = value ~= cjson.null and value or nil
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
