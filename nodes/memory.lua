-- memory.lua: which remembered notes a prompt carries: those that were found for the card, the best first;
-- where none was, those that share words with it; else the newest of all. What came from outside is no use
-- without a match, and would label every turn that is shown it.

local NOTES = 5

local function words_of(text, into)
  for word in text:lower():gmatch("%w+") do
    if #word > 3 then
      into[word] = true
    end
  end
  return into
end

local function text_of(note)
  return type(note) == "table" and some(note.text) or tostring(note)
end

local function matches(note, words)
  for word in pairs(words_of(text_of(note), {})) do
    if words[word] then
      return true
    end
  end
  return false
end

local function newest(candidates)
  local chosen = {}
  for _, note in ipairs(candidates) do
    if #chosen < NOTES and not (type(note) == "table" and some(note.labels)) then
      chosen[#chosen + 1] = note
    end
  end
  return chosen
end

-- Those with a rank come first, in its order.
local function is_found(note)
  return type(note) == "table" and some(note.rank) ~= nil
end

---@param view table
---@param candidates {text: string, rank: integer?}[] those that were found first, the best one first; then
---  the newest
---@return table[] notes in that order
local function choose(view, candidates)
  local words = words_of(some(view.card.name) or "", {})
  words_of(some(view.card.description) or "", words)
  local chosen = {}
  for _, note in ipairs(candidates) do
    if #chosen < NOTES and (is_found(note) or matches(note, words)) then
      chosen[#chosen + 1] = note
    end
  end
  return #chosen > 0 and chosen or newest(candidates)
end

local function self_test()
  local notes = { { text = "tabs are eight wide" }, { text = "the parser is recursive" } }
  local chosen = choose({ card = { name = "Parser", description = "" } }, notes)
  assert(#chosen == 1 and chosen[1] == notes[2])
  assert(#choose({ card = { name = "Other" } }, notes) == 2)
  assert(choose({ card = { name = "Other" } }, { { text = "eight columns", rank = 1 },
    notes[2] })[1].rank == 1)
  notes[1].labels = { "untrusted" }
  assert(choose({ card = { name = "Other" } }, notes)[1] == notes[2])
end

return { node = "memory", select = choose, self_test = self_test }
