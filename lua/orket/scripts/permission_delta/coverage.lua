-- coverage.lua: which words of a script's function ran, while it was asked about samples. The text is run with each
-- word on a line of its own, so that half a line that nobody reached is seen.

local policy_code = require("orket.governance.policy.policy_code")
local tables = require("orket.util.tables")
local program_delta = require("orket.scripts.permission_delta.program_delta")
local scripts = require("orket.scripts.scripts")
local tokens = require("orket.governance.policy.tokens")

local M = {}

local Coverage = {}
Coverage.__index = Coverage

-- Words that decide nothing by themselves: what they carry may be unreachable as well.
local SILENT = {}
for word in ("else elseif end then do until ) } ] , ;"):gmatch("%S+") do
  SILENT[word] = true
end

---A function of a script, to be watched; nil when it cannot be.
---@param entry {path: string, text: string}
---@param field string of the returned table
---@return Coverage|nil
function M.new(entry, field)
  local words = program_delta.words(entry.text, field)
  local text, by_line = tokens.spread(words)
  local script = program_delta.is_same(text, entry.text, field) and scripts.boxed(entry.path, text)
  return script and setmetatable({ script = script, field = field, words = words, text = text, by_line = by_line, hit = {} }, Coverage) or nil
end

---Runs it. What ran is noted, unless it failed.
---@param args any[]
---@return any|nil answer  nil: it failed
---@return string|nil code  why
function Coverage:ask(args)
  local trace = self.script:trace(self.field, args)
  if not trace or trace.code then
    return nil, trace and trace.code
  end
  for line in pairs(trace.lines) do
    self.hit[line] = true
  end
  return trace.value
end

-- Marks the words of a self-test: of a text that is taken as a whole.
local function mark_self_tests(words, marked)
  for i, word in ipairs(words) do
    local is_test = word.text == "function" and (words[i + 1] and words[i + 1].text == "self_test"
      or i > 2 and words[i - 1].text == "=" and words[i - 2].text == "self_test"
      or words[i + 3] and words[i + 2].text == "." and words[i + 3].text == "self_test")
    for j = is_test and i or 1, is_test and program_delta.behind(words, i, #words) - 1 or 0 do
      marked[words[j]] = true
    end
  end
end

-- `or {}`, `or ""`, `or 0`: what is taken where nothing is.
local NOTHING = { ['""'] = true, ["''"] = true, ["0"] = true, ["nil"] = true, ["false"] = true }

local function mark_defaults(words, marked)
  for i, word in ipairs(words) do
    local one, two = words[i + 1], words[i + 2]
    if word.text == "or" and one and NOTHING[one.text] then
      marked[one] = true
    elseif word.text == "or" and two and one.text == "{" and two.text == "}" then
      marked[one] = true
    end
  end
end

-- `return { decision = "deny", … }`: whatever leads there, it refuses.
local function is_refusal(words, first, last)
  local said = 0
  for i = first, last do
    if words[i].text == "decision" then
      said = said + (words[i + 2].text:match("^[\"'](.*)[\"']$") == "deny" and words[i + 1].text == "=" and 1 or 2)
    end
  end
  return said == 1
end

local function mark_refusals(words, marked)
  for i, word in ipairs(words) do
    local opens = word.text == "return" and words[i + 1] and words[i + 1].text == "{"
    local last = opens and program_delta.behind(words, i + 1, #words) - 1 or 0
    if opens and is_refusal(words, i, last) then
      for j = i, last do
        marked[words[j]] = true
      end
    end
  end
end

---The lines of the text with words that never ran, sorted.
---@param refusals boolean do those count that lead to a plain refusal only
---@return integer[]
function Coverage:unseen(refusals)
  local marked, lines = {}, {}
  mark_self_tests(self.words, marked)
  mark_defaults(self.words, marked)
  if not refusals then
    mark_refusals(self.words, marked)
  end
  for line in pairs(policy_code.lines(self.text)) do
    local word = self.by_line[line]
    if not self.hit[line] and not (word and (marked[word] or SILENT[word.text])) then
      lines[word and word.line or 0] = true
    end
  end
  return tables.keys(lines)
end

return M
