-- program_delta.lua: what of a script's text one of its functions consists of: its own field of the returned
-- table, and what that one names. The words of a prompt are no part of a role's route, nor a schema of what a
-- tool does. What is not plainly apart stays: a text of another shape is compared as a whole. Pure.

local policy_code = require("orket.governance.policy.policy_code")
local tokens = require("orket.governance.policy.tokens")

local M = {}

local OPENS = { ["function"] = 1, ["if"] = 1, ["do"] = 1, ["repeat"] = 1, ["("] = 1, ["["] = 1, ["{"] = 1,
  ["end"] = -1, ["until"] = -1, [")"] = -1, ["]"] = -1, ["}"] = -1 }
local LITERAL = { ["true"] = true, ["false"] = true, ["nil"] = true, ["{"] = true, ["}"] = true,
  ["["] = true, ["]"] = true, [","] = true, [";"] = true, ["="] = true, [".."] = true, ["-"] = true }

local function step(token)
  return token.kind ~= "string" and OPENS[token.text] or 0
end

---The place behind what opens at `at`: a bracket, a function, a block.
---@param all Token[]
---@param at integer
---@param last integer
---@return integer
function M.behind(all, at, last)
  local depth = 0
  for i = at, last do
    depth = depth + step(all[i])
    if depth == 0 then
      return i + 1
    end
  end
  return last + 1
end

-- ---- what may be left out ----

local ENDS = { [","] = true, [";"] = true, ["}"] = true, ["="] = true }

local function is_plain(token, after)
  return token.kind == "string" or token.kind == "number" or LITERAL[token.text]
    or token.kind == "name" and ENDS[after]
end

-- Data: nothing in it is called, and it is one statement. A name in it is a key, or the plain value of a
-- local.
local function is_data(all, first, last)
  local depth = 0
  for i = first, last do
    depth = depth + step(all[i])
    if not is_plain(all[i], i < last and all[i + 1].text or ",") or depth == 0 and all[i].text == "=" then
      return false
    end
  end
  return first <= last
end

-- The names that a statement makes, when it does nothing else; nil when it may.
local function made_by(all, first, last)
  if all[first].text ~= "local" then
    return nil
  elseif all[first + 1].text == "function" then
    return M.behind(all, first + 1, last) == last + 1 and { all[first + 2].text } or nil
  end
  local names, i = {}, first
  repeat
    names[#names + 1], i = all[i + 1].text, i + 2
    i = i + 2 <= last and all[i].text == "<" and all[i + 1].text == "const" and i + 3 or i
  until i > last or all[i].text ~= ","
  return i < last and all[i].text == "=" and is_data(all, i + 1, last) and names or nil
end

-- A field of the returned table that is data, a name or a function: nobody sees whether it is there.
local function is_apart(all, first, last, field)
  if all[first].kind ~= "name" or all[first].text == field or first + 1 >= last
    or all[first + 1].text ~= "=" then
    return false
  end
  return is_data(all, first + 2, last)
    or all[first + 2].text == "function" and M.behind(all, first + 2, last) == last + 1
end

-- ---- the parts of a text ----

-- Where the statements begin that can be told apart: each local, and the return.
local function statements(all)
  local starts, depth = { 1 }, 0
  for i, token in ipairs(all) do
    if depth == 0 and i > 1 and token.kind == "word"
      and (token.text == "local" or token.text == "return") then
      starts[#starts + 1] = i
    end
    depth = depth + step(token)
  end
  return starts
end

local function keep(kept, all, first, last)
  for i = first, last do
    kept.tokens[i] = true
    if all[i].kind == "name" then
      kept.names[all[i].text] = true
    end
  end
end

-- The last statement: of a returned table, the fields that matter.
local function keep_return(kept, all, first, field)
  local last = #all
  if all[first].text ~= "return" or first + 2 > last or all[first + 1].text ~= "{"
    or M.behind(all, first + 1, last) ~= last + 1 then
    return keep(kept, all, first, last)
  end
  keep(kept, all, first, first + 1)
  local from, depth = first + 2, 0
  for i = first + 2, last do
    depth = depth + step(all[i])
    if i == last or depth == 0 and (all[i].text == "," or all[i].text == ";") then
      if from < i and not is_apart(all, from, i - 1, field) then
        keep(kept, all, from, i)
      end
      from = i + 1
    end
  end
  kept.tokens[last] = true
end

local function names_any(kept, names)
  for _, name in ipairs(names) do
    if kept.names[name] or name == "_ENV" then
      return true
    end
  end
  return false
end

local function keep_named(kept, all, parts)
  local again
  repeat
    again = false
    for _, part in ipairs(parts) do
      if not part.kept and names_any(kept, part.names) then
        part.kept, again = true, true
        keep(kept, all, part.first, part.last)
      end
    end
  until not again
end

local function text_of(words)
  local texts = {}
  for i, token in ipairs(words) do
    texts[i] = token.text
  end
  return table.concat(texts, "\n")
end

---The words of one function of a script, with what it names: those of a script of its own.
---@param text string of a script that compiles
---@param field string of the table that the script returns
---@return Token[]
function M.words(text, field)
  local all, parts, kept = tokens.read(text), {}, { tokens = {}, names = {} }
  local starts = statements(all)
  for i = 1, #starts - 1 do
    local first, last = starts[i], starts[i + 1] - 1
    local names = made_by(all, first, last)
    if names then
      parts[#parts + 1] = { names = names, first = first, last = last }
    else
      keep(kept, all, first, last)
    end
  end
  keep_return(kept, all, starts[#starts], field)
  keep_named(kept, all, parts)
  local words = {}
  for i, token in ipairs(all) do
    words[#words + 1] = kept.tokens[i] and token or nil
  end
  return load(text_of(words), "=part", "t", {}) and words or all
end

---True when a function of two scripts is the same program.
---@param a string
---@param b string
---@param field string
---@return boolean
function M.is_same(a, b, field)
  return a == b or policy_code.is_same(text_of(M.words(a, field)), text_of(M.words(b, field)))
end

return M
