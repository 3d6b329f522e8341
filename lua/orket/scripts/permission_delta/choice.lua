-- choice.lua: a function that chooses, before and after a change, asked about the same samples. What it chooses for
-- none of them cannot be enumerated: words that no sample reached count as more, in either text.

local async = require("orket.async")
local coverage = require("orket.scripts.permission_delta.coverage")

local M = {}

local PIECE = 50 -- samples between two looks at what else there is to do
local MOST = 20000 -- samples
local ROWS = 20 -- that are shown

local function unseen(side, which, rows, script)
  local lines = side:unseen(true)
  if #lines > 0 then
    rows[#rows + 1] = { script = script, was = "unknown", now = "unknown",
      why = "no sample reached all of line " .. table.concat(lines, ", ") .. " of the text " .. which .. ", so it is unknown what it chooses" }
  end
end

---@class Choice
---@field was table entry of the script before
---@field now table
---@field field string the function
---@field samples any[][] arguments of it, each list with what a judge needs as field `about`
---@field judge fun(was: any, now: any, about: any): string|nil  what is more about an answer; a failure is nil

---@param choice Choice
---@return table[] rows of a delta
function M.delta(choice)
  local was, now = coverage.new(choice.was, choice.field), coverage.new(choice.now, choice.field)
  local rows, seen, path = {}, {}, choice.now.path
  if not (was and now) or #choice.samples > MOST then
    return { { script = path, was = "unknown", now = "unknown", why = "what it chooses cannot be compared" } }
  end
  for i, sample in ipairs(choice.samples) do
    local why = choice.judge(was:ask(sample), now:ask(sample), sample.about)
    if why and not seen[why] and #rows < ROWS then
      seen[why] = true
      rows[#rows + 1] = { script = path, was = "deny", now = "allow", why = why }
    end
    if i % PIECE == 0 then
      async.sleep(0)
    end
  end
  unseen(was, "before", rows, path)
  unseen(now, "as it is now", rows, path)
  return rows
end

return M
