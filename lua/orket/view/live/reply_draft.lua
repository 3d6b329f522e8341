-- reply_draft.lua: a reply as it comes, for a person who watches: its last words, and as much of its end as
-- is looked at. The committed reply replaces it. Pure.

local M = {}

local Draft = {}
Draft.__index = Draft

local KEPT = 32768 -- bytes of thoughts and of the text, each, that are shown at least
local PIECES = 512 -- that are joined to one

-- bytes: of what is kept; total: of all that came.
local function new_text()
  return { pieces = {}, bytes = 0, total = 0, is_cut = false }
end

local function begin(self)
  self.thoughts, self.content, self.calls, self.count, self.beside = new_text(), new_text(), {}, 0, 0
  return self
end

---@return table draft
function M.new()
  return begin(setmetatable({}, Draft))
end

-- The end of a text, from a whole character on.
local function end_of(text, bytes)
  return #text <= bytes and text or (text:sub(-bytes):gsub("^[\128-\191]+", ""))
end

local function join(text)
  local all = table.concat(text.pieces)
  if #all > 2 * KEPT then
    text.is_cut, all = true, end_of(all, KEPT)
  end
  text.pieces, text.bytes = { all }, #all
end

local function add(text, words)
  if not words or words == "" then
    return
  end
  text.pieces[#text.pieces + 1] = words
  text.bytes, text.total = text.bytes + #words, text.total + #words
  if #text.pieces >= PIECES or text.bytes > 2 * KEPT then
    join(text)
  end
end

---More of the reply. One that has less beside its text than before is another attempt.
---@param words string of the text
---@param progress LlmProgress
function Draft:add(words, progress)
  if progress.beside < self.beside then
    begin(self)
  end
  add(self.content, words)
  add(self.thoughts, progress.thoughts)
  self.beside, self.count = progress.beside, progress.calls
  if self.count > 0 then
    self.calls[self.count] = { tool = progress.tool, path = progress.path }
  end
end

---@return integer bytes of all that came
function Draft:bytes()
  return self.content.total + self.beside
end

---The call that came last.
---@return {tool: string|nil, path: string|nil}|nil
function Draft:last_call()
  return self.calls[self.count]
end

---The last words.
---@param of "content"|"thoughts"
---@param bytes integer
---@return string
function Draft:last_words(of, bytes)
  local pieces, at, size = self[of].pieces, #self[of].pieces + 1, 0
  while at > 1 and size < bytes do
    at = at - 1
    size = size + #pieces[at]
  end
  return end_of(table.concat(pieces, "", at), bytes)
end

local function shown(text)
  local before = text.is_cut and "…" or ""
  return text.total > 0 and before .. table.concat(text.pieces) or nil
end

---The reply as far as it came, for orket.view.dialogue.
---@return table entry
function Draft:entry()
  local calls = {}
  for i = 1, self.count do
    calls[i] = self.calls[i] or {}
  end
  return { kind = "draft", thoughts = shown(self.thoughts), text = shown(self.content), calls = calls,
    bytes = math.max(0, self.beside - self.thoughts.total) }
end

return M
