-- nearest_lines.lua: where a text nearly occurs in a file: those lines, and how they differ. Pure. Its cost
-- is that of reading both texts a few times, and what it answers is bounded.

local strings = require("orket.util.strings")

local M = {}

local TEXT_MAX = 1024 * 1024 -- bytes of either that are looked at
local WANTED_MAX = 200 -- lines of the wanted text that are looked at
local PLACES_MAX = 8   -- lines of the file that one wanted line may be
local SHOWN = 8        -- lines of the file in the answer
local DIFFERENT = 3    -- lines in it that are compared
local LINE = 200       -- bytes of a line
local PIECE = 24       -- bytes of what differs

local function lines_of(text, most)
  local lines = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    if #lines == most then
      break
    end
    lines[#lines + 1] = line
  end
  return lines
end

local function bare(line)
  return (line:gsub("%s+", ""))
end

-- ---- where ----

-- The wanted lines by what they are without blanks; those that say nothing are left out.
local function places_of(wanted)
  local places = {}
  for j, line in ipairs(wanted) do
    local key = bare(line)
    local list = places[key] or {}
    if #key > 1 and #list < PLACES_MAX then
      list[#list + 1] = j
      places[key] = list
    end
  end
  return places
end

-- Each line that is the same but for blanks votes for where the text would begin.
local function by_votes(lines, wanted)
  local votes, best, most = {}, nil, 0
  local places = places_of(wanted)
  for i, line in ipairs(lines) do
    local key = bare(line)
    for _, j in ipairs(places[key] or {}) do
      local start = i - j + 1
      votes[start] = (votes[start] or 0) + #key
      if votes[start] > most and start >= 1 then
        best, most = start, votes[start]
      end
    end
  end
  return best
end

-- Otherwise the line that shares most words with the longest wanted one.
local function by_words(lines, wanted)
  local longest, at = "", 1
  for j, line in ipairs(wanted) do
    if #bare(line) > #bare(longest) then
      longest, at = line, j
    end
  end
  local words, best, most = {}, nil, 0
  for word in longest:gmatch("[%w_\128-\255]+") do
    words[word:lower()] = #word
  end
  for i, line in ipairs(lines) do
    local shared, seen = 0, {}
    for word in line:gmatch("[%w_\128-\255]+") do
      word = word:lower()
      shared = shared + (not seen[word] and words[word] or 0)
      seen[word] = true
    end
    if shared > most then
      best, most = math.max(1, i - at + 1), shared
    end
  end
  return best
end

-- ---- how they differ ----

local NAMES = { [" "] = "space", ["\t"] = "tab", ["\r"] = "carriage return" }

local function count_of(number, name)
  return number .. " " .. name .. (number == 1 and "" or "s")
end

-- "2 tabs, 1 space" of the blanks at a place; "no blank" where there is none.
local function blanks_at(line, at)
  local run, out = line:sub(at):match("^[ \t\r]*"), {}
  local from = 1
  while from <= #run do
    local same = run:match("^" .. run:sub(from, from) .. "+", from)
    out[#out + 1] = count_of(#same, NAMES[same:sub(1, 1)])
    from = from + #same
  end
  return #out > 0 and table.concat(out, ", ") or "no blank"
end

local function common(a, b)
  local at = 1
  while at <= #a and a:byte(at) == b:byte(at) do
    at = at + 1
  end
  while at > 1 and ((a:byte(at) or 0) & 0xC0 == 0x80 or (b:byte(at) or 0) & 0xC0 == 0x80) do
    at = at - 1 -- whole characters
  end
  return at
end

-- In characters, where the line is a text.
local function column(line, at)
  return "column " .. (utf8.len(line:sub(1, at - 1)) or at - 1) + 1
end

local function piece(line, at)
  return "'" .. strings.of_bytes(strings.shortened(line:sub(at), PIECE)) .. "'"
end

-- Where the words of two lines begin to differ.
local function in_words(there, sent)
  local before, other = #there:match("^[ \t]*"), #sent:match("^[ \t]*")
  local at = common(there:sub(before + 1), sent:sub(other + 1))
  return before + at, other + at
end

local function difference(there, sent)
  if bare(there) == bare(sent) then
    local at = common(there, sent)
    while at > 1 and there:sub(at - 1, at - 1):find("[ \t\r]") do
      at = at - 1 -- where the blanks begin
    end
    return ("white space at %s: the file has %s, you sent %s"):format(column(there, at), blanks_at(there, at),
      blanks_at(sent, at))
  end
  local at, other = in_words(there, sent)
  local what = there:lower() == sent:lower() and "upper and lower case at " or ""
  return ("%s%s: the file has %s, you sent %s"):format(what, column(there, at), piece(there, at),
    piece(sent, other))
end

local function compare(lines, wanted, start)
  local out = {}
  for j = 1, #wanted do
    local there = lines[start + j - 1]
    if #out == DIFFERENT then
      break
    elseif not there then
      out[#out + 1] = "the file ends before line " .. start + j - 1
      break
    elseif there ~= wanted[j] then
      out[#out + 1] = "line " .. start + j - 1 .. ", " .. difference(there, wanted[j])
    end
  end
  return out
end

---The lines of a text where another one nearly occurs, with their numbers, and how they differ.
---@param text string
---@param sent string
---@return {lines: string[], differences: string[]?}|nil near  nil: nothing there is like it
function M.find(text, sent)
  text, sent = text:sub(1, TEXT_MAX), sent:sub(1, TEXT_MAX):gsub("\n$", "")
  local lines, wanted = lines_of(text), lines_of(sent, WANTED_MAX)
  local start = by_votes(lines, wanted) or by_words(lines, wanted)
  if not start then
    return nil
  end
  local shown = {}
  for i = start, math.min(#lines, start + math.min(#wanted, SHOWN) - 1) do
    shown[#shown + 1] = i .. "|" .. strings.of_bytes(strings.shortened(lines[i], LINE))
  end
  local differences = compare(lines, wanted, start)
  return { lines = shown, differences = #differences > 0 and differences or nil }
end

return M
