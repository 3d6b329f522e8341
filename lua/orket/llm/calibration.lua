-- calibration.lua: how many tokens a model will count for a request, from what it counted for earlier ones.
-- What a request is made of (letters, marks, other alphabets, messages, tools) is counted, and a tokenizer is
-- taken to give each of them so many tokens: by least squares over the newest replies, as the journal has
-- them, with what tokenizers usually give as the guess for what no reply has told yet. Nothing is remembered
-- beside the journal. Pure, but for M.of.
--
-- It is the best guess, not an upper bound: budgets reserve by governance/budget/estimate.lua, which never
-- guesses low.

local cjson = require("cjson")
local usage = require("orket.llm.usage")

local M = {}

local REPLIES = 64      -- the newest ones that count
local ENTRIES = 100000  -- the newest of the journal that are looked through for them
local NOISE = 0.02      -- a count is as exact as this part of it

-- What a request is made of, with the tokens that a tokenizer usually gives each, and how far others are from
-- that.
local PARTS = {
  { name = "letters", usual = 0.2, spread = 0.1 }, -- bytes: letters and blanks
  { name = "marks", usual = 0.5, spread = 0.4 },   -- digits and punctuation
  { name = "wide", usual = 0.35, spread = 0.25 },  -- bytes of characters beyond ASCII
  { name = "messages", usual = 5, spread = 15 },
  { name = "tools", usual = 0.25, spread = 0.15 }, -- bytes of their descriptions
}

-- ---- what a request is made of ----

local function add_text(made, text)
  local wide = 0
  for run in text:gmatch("[\x80-\xFF]+") do
    wide = wide + #run
  end
  local marks = select(2, text:gsub("[%p%d]", ""))
  made.wide, made.marks, made.letters = made.wide + wide, made.marks + marks,
    made.letters + #text - wide - marks
end

-- All texts in it, wherever a provider puts them.
local function add_value(made, value)
  if type(value) == "string" then
    add_text(made, value)
  elseif type(value) == "table" then
    for key, item in pairs(value) do
      if key ~= "role" and key ~= "id" and key ~= "type" and key ~= "tool_call_id" then
        add_value(made, item)
      end
    end
  end
end

---@class RequestParts
---@field letters integer
---@field marks integer
---@field wide integer
---@field messages integer
---@field tools integer

---@param messages string[] as JSON
---@param tools integer bytes
---@return RequestParts
function M.made_of(messages, tools)
  local made = { letters = 0, marks = 0, wide = 0, messages = #messages, tools = tools }
  for _, message in ipairs(messages) do
    add_value(made, cjson.decode(message))
  end
  return made
end

-- ---- least squares ----

-- The solution of a symmetric, positive system, by Gauss.
local function solved(rows, right)
  local n = #right
  for i = 1, n do
    for j = i + 1, n do
      local factor = rows[j][i] / rows[i][i]
      for column = i, n do
        rows[j][column] = rows[j][column] - factor * rows[i][column]
      end
      right[j] = right[j] - factor * right[i]
    end
  end
  for i = n, 1, -1 do
    for column = i + 1, n do
      right[i] = right[i] - rows[i][column] * right[column]
    end
    right[i] = right[i] / rows[i][i]
  end
  return right
end

-- The usual guess, as if it had been measured once.
local function beginning()
  local rows, right = {}, {}
  for i, part in ipairs(PARTS) do
    rows[i] = {}
    for j = 1, #PARTS do
      rows[i][j] = i == j and 1 / part.spread ^ 2 or 0
    end
    right[i] = part.usual / part.spread ^ 2
  end
  return rows, right
end

---@class Calibration
---@field replies integer it is made from
---@field rates number[] tokens of each part

---@param counted {made: RequestParts, tokens: integer}[]
---@return Calibration
function M.fit(counted)
  local rows, right = beginning()
  for _, one in ipairs(counted) do
    local weight = 1 / (NOISE * one.tokens) ^ 2
    for i, part in ipairs(PARTS) do
      local amount = one.made[part.name] * weight
      for j, other in ipairs(PARTS) do
        rows[i][j] = rows[i][j] + amount * one.made[other.name]
      end
      right[i] = right[i] + amount * one.tokens
    end
  end
  return { replies = #counted, rates = solved(rows, right) }
end

---@param known Calibration
---@param made RequestParts
---@return integer tokens
function M.tokens(known, made)
  local sum = 0.5
  for i, part in ipairs(PARTS) do
    sum = sum + known.rates[i] * made[part.name]
  end
  return math.max(1, math.floor(sum))
end

-- ---- the journal ----

-- What was asked before a reply: the conversation without it. The rest of its bytes were tools.
local function asked_of(store, row)
  local messages = store:conversation(row.convo)
  if not messages or #messages < 2 then
    return nil
  end
  messages[#messages] = nil
  local bytes = usage.asked({ messages = messages })
  return row.bytes >= bytes and M.made_of(messages, row.bytes - bytes) or nil
end

---What the journal knows of a model.
---@param store Store
---@param model string name of its profile
---@return Calibration
function M.of(store, model)
  local counted = {}
  for _, row in ipairs(store:read("calibration", { model = model, limit = REPLIES, entries = ENTRIES })) do
    local made = asked_of(store, row)
    counted[#counted + 1] = made and { made = made, tokens = row.tokens } or nil
  end
  return M.fit(counted)
end

return M
