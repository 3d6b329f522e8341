-- turn_lines.lua: what is said in a card's turns as lines, from one turn on, and the reply that comes: the
-- body of a pager that follows them.

local dialogue = require("orket.view.dialogue")
local turn_record = require("orket.history.turn_record")

local M = {}

local function add(lines, entry, columns)
  for line in dialogue.text(entry, { columns = columns }):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
end

-- What was committed since, in each of the card's turns from the first one on.
local function read(self)
  for _, row in ipairs(self.store:read("turns", { card = self.row.card })) do
    if row.seq >= self.row.seq then
      local key = row.run .. "/" .. row.turn
      local entries, n = turn_record.entries(self.store, row, self.seen[key])
      self.seen[key] = n
      table.move(entries, 1, #entries, #self.entries + 1, self.entries)
    end
  end
end

-- Lines of what is committed are made once for a width.
local function lines_of(self, columns)
  if self.columns ~= columns then
    self.columns, self.lines, self.count = columns, {}, 0
  end
  for i = self.count + 1, #self.entries do
    add(self.lines, self.entries[i], columns)
  end
  self.count = #self.entries
  return self.lines
end

---@param store Store
---@param row table the first turn, as of the query turns
---@param coming fun(): table|nil  the entry of the reply that comes
---@return fun(columns: integer): string[] body
function M.new(store, row, coming)
  local self = { store = store, row = row, seen = {}, entries = {}, lines = {}, count = 0 }
  return function(columns)
    read(self)
    local lines = lines_of(self, columns)
    local entry = coming()
    if entry then
      lines = table.move(lines, 1, #lines, 1, {})
      add(lines, entry, columns)
    end
    return lines
  end
end

return M
