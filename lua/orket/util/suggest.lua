-- suggest.lua: which known name was probably meant. Pure.

local M = {}

local WORD_MAX = 64 -- longer words are no typing errors

-- Edits (insert, delete, replace, swap of two neighbours) that make b of a.
local function distance(a, b)
  local before, row = nil, {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local above = row
    row = { [0] = i }
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same and 0 or 1))
      if before and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before = above
  end
  return row[#b]
end

---The name that is nearest to a word: it begins with it, or differs by less than a third.
---@param word string
---@param names string[]
---@return string|nil
function M.find(word, names)
  if #word > WORD_MAX or word == "" then
    return nil
  end
  local best, least = nil, math.max(1, #word // 3) + 1
  for _, name in ipairs(names) do
    local far = #name <= WORD_MAX and distance(word:lower(), name:lower()) or math.huge
    if #word >= 2 and name:sub(1, #word) == word then
      far = math.min(far, 1)
    end
    if far < least then
      best, least = name, far
    end
  end
  return best
end

return M
