-- memory/note.lua: what may be remembered at all: a text without secrets, no longer than what is looked at.
-- The gate says what a secret looks like; a note with one is refused, and that is in the reports.

local cjson = require("cjson")
local gate = require("orket.core.gate")
local strings = require("orket.util.strings")

local M = {}

M.MOST = 10 * 1024 -- bytes of a text

local WORDS_MOST = 1024 -- bytes of all keywords
local FIX = "leave it out: name where it is kept instead"

---What a note holds that has the form of a secret.
---@param body {text: string, keywords: string[]?}
---@return string|nil what
function M.leak(body)
  return gate.leak(body.text .. "\n" .. table.concat(body.keywords or {}, "\n"))
end

-- The first keywords, as many as there is room for.
local function few(words)
  local kept, room = {}, WORDS_MOST
  for _, word in ipairs(words) do
    room = room - #word
    kept[#kept + 1] = room >= 0 and word or nil
  end
  return setmetatable(kept, cjson.array_mt)
end

---Notes something, or says why not. A text of blanks says nothing.
---@param record fun(kind: string, body: table)
---@param body table of memory.noted
function M.add(record, body)
  local what = M.leak(body)
  if what then
    record("memory.refused", { rule = "gate.secret", why = "what should be remembered holds " .. what,
      fix = FIX, by = body.rule })
  elseif body.text:find("%S") then
    body.text, body.keywords = strings.cut(body.text, M.MOST), body.keywords and few(body.keywords)
    record("memory.noted", body)
  end
end

-- A list, and nothing in it that is not seen by whoever looks for secrets.
local function are_texts(list)
  local count = 0
  for _, text in pairs(type(list) == "table" and list or {}) do
    count = type(text) == "string" and count + 1 or math.huge
  end
  return type(list) == "table" and count == #list
end

local SCOPES = { epic = true, role = true, card = true }

---What a role may have remembered: a text for its epic, or a table that says for whom. What is for everybody
---is for people to say.
---@param memory any of a proposal
---@return boolean
function M.is_proposed(memory)
  if type(memory) ~= "table" then
    return type(memory) == "string"
  end
  for key in pairs(memory) do
    if key ~= "text" and key ~= "scope" and key ~= "keywords" and key ~= "days" then
      return false
    end
  end
  local days = memory.days
  return type(memory.text) == "string" and (memory.scope == nil or SCOPES[memory.scope] == true)
    and (memory.keywords == nil or are_texts(memory.keywords))
    and (days == nil or math.type(days) == "integer" and days > 0 and days <= 36500)
end

---The same as an event has it.
---@param turn Turn
---@param memory string|table
---@return table body of memory.noted
function M.proposed(turn, memory)
  if type(memory) == "string" then
    return { text = memory, labels = turn.marks }
  end
  local scope = memory.scope
  local reader = scope == "role" and turn.role or nil
  if scope == "card" then
    reader = turn.card.id
  end
  return {
    text = memory.text, keywords = memory.keywords, days = memory.days, labels = turn.marks,
    scope = scope ~= "epic" and scope or nil, reader = reader,
  }
end

return M
