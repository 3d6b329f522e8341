-- quoted_calls.lua: is a call in a model's text only quoted? Calls are compared with what the model was asked
-- by what they mean: escapes, quotes, marks, the order of keys and the numbers of lines make no difference.
-- Pure.

local cjson = require("cjson")

local M = {}

local ESCAPES = 8 -- layers of escaped backslashes that are looked through

-- ---- what a text means ----

local ENTITIES = { quot = '"', apos = "'", lt = "<", gt = ">", amp = "&" }

local function letter(hex)
  return utf8.char(tonumber(hex, 16))
end

local function letter_of_two(high, low)
  return utf8.char(0x10000 + ((tonumber(high, 16) & 0x3FF) << 10) + (tonumber(low, 16) & 0x3FF))
end

-- A text as it reads, whichever layers of JSON, Python or HTML it is quoted in.
local function unescaped(text)
  local changed
  for _ = 1, ESCAPES do
    text = text:gsub("\\+u([dD][89aAbB]%x%x)\\+u([dD][c-fC-F]%x%x)", letter_of_two)
    text, changed = text:gsub("\\+u(%x%x%x%x)", letter)
    if changed == 0 then
      break
    end
  end
  text = text:gsub("\\+x(%x%x)", letter):gsub("\\+[bfnrt]", "\n"):gsub("&(%l+);", ENTITIES):lower()
  return (text:gsub("\n[%s%d>|+:-]+", "\n")) -- numbers of lines and marks of quoted ones
end

local function separator(marks)
  local sets_apart = marks:find("[=>]") or marks:find("^%(")
    or (marks:find(":", 1, true) and marks:find("[\"']"))
  return sets_apart and "=" or ""
end

-- Its letters, and `=` where a value follows a key, or what is given a name.
local function letters(text)
  return (unescaped(text):gsub("[^%a\128-\255]+", separator))
end

-- The same of what may be a tool's name, which no blank divides.
local function name_letters(text)
  return (text:gsub("[%d_./%-]", ""))
end

-- ---- calls ----

-- What stands in a text that shows these arguments: each text in them that has letters, as it follows its
-- key.
local function add_texts(found, value, before)
  if type(value) == "string" then
    local text = letters(before .. value)
    found[#found + 1] = text:find("[^=]") and text or nil
  elseif type(value) == "table" then
    for key, inside in pairs(value) do
      add_texts(found, inside, type(key) == "string" and '": "' or '"')
    end
  end
  return found
end

local function parts_of(call)
  local name = letters(call.name:gsub("^functions%.", ""))
  return { name = name, texts = add_texts({}, cjson.decode(call.arguments), "") }
end

local function stands_in(part, text)
  for _, each in ipairs(part.texts) do
    if not text:find(each, 1, true) then
      return false
    end
  end
  return #part.texts > 0 or text:find("=" .. part.name, 1, true) or text:find(part.name .. "=", 1, true)
end

local function is_shown_in(message, parts)
  local names, text = name_letters(unescaped(message)), nil
  for _, part in ipairs(parts) do
    if names:find(part.name, 1, true) then
      text = text or letters(message)
      if stands_in(part, text) then
        return true
      end
    end
  end
  return false
end

---Did the model read one of these calls before, in a file, a result or its card? Then it repeats it.
---@param calls {name: string, arguments: string}[]
---@param messages string[] what the model was asked, as JSON
---@return boolean
function M.was_read(calls, messages)
  local parts = {}
  for i, call in ipairs(calls) do
    parts[i] = parts_of(call)
  end
  for _, one in ipairs(messages) do
    local message = cjson.decode(one)
    local content = message.role ~= "assistant" and message.content
    if type(content) == "string" and is_shown_in(content, parts) then
      return true
    end
  end
  return false
end

-- ---- what is said of them ----

-- Of who does not call: words of their own, and signs of scripts that do not divide words.
local REFUSALS = { "never", "cannot", "will not", "do not", "must not", "should not", "refuse", "decline",
  "would", "instead", "nicht", "keine?n?", "nie",
  "würde", "ne", "pas", "jamais", "nunca", "não", "non", "mai", "не", "никогда" }
local SIGNS = { "n't", "?", "？", "不", "别", "没", "ない", "ません", "않", "안 ", "못", "지 마" }
-- Of who does not, or may not, call what comes next.
local DOUBTS = { "not", "no", "could", "might", "you should", "may", "if you", "unless", "falls", "könnte",
  "si", "se", "если", "如果" }

local function has_word(prose, words)
  for _, word in ipairs(words) do
    if prose:find("%f[%a\128-\255]" .. word .. "%f[^%a\128-\255]") then
      return true
    end
  end
  return false
end

local function refuses(prose)
  for _, sign in ipairs(SIGNS) do
    if prose:find(sign, 1, true) then
      return true
    end
  end
  return has_word(prose, REFUSALS) or prose:find("^%s*no%f[^%a]") ~= nil
end

---Does the prose before a call say that it is not made, or ask whether it is to be? Marks are rarely written
---for anything but a call: before one only the last sentence can say so.
---@param prose string
---@param is_marked boolean
---@return boolean
function M.is_doubted(prose, is_marked)
  prose = prose:lower():gsub("’", "'")
  local last = prose:gsub("[%s:.!]+$", ""):match("[^.!\n]*$")
  return refuses(is_marked and last or prose) or not is_marked and has_word(last, DOUBTS)
end

return M
