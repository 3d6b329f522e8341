-- policy_delta.lua: may the policies of a generation forbid less than those before them? A file that was
-- added can only forbid more, and so can one that only gains rules in its list `deny`. What another change of
-- a text forbids is not derived from it: a person reads the difference.

local deny_rules = require("orket.governance.policy.deny_rules")
local policy_code = require("orket.governance.policy.policy_code")
local program_delta = require("orket.scripts.permission_delta.program_delta")
local tables = require("orket.util.tables")

local M = {}

local function by_path(entries)
  local map = {}
  for _, entry in ipairs(entries) do
    map[entry.path] = entry
  end
  return map
end

-- Rules as data, and nothing else: the rest of the text is the same program, asked on the same occasions.
local function only_gains_rules(was, now)
  return was.about.when == now.about.when and (was.about.decide ~= nil) == (now.about.decide ~= nil)
    and tables.same(was.about.fields, now.about.fields)
    and deny_rules.are_kept(was.about.deny, now.about.deny)
    and program_delta.is_same(was.text, now.text, "decide")
end

M.GONE, M.CHANGED = "it is gone, with all that it forbade", "its text changed, so that it may forbid less"

local function reason(was, now)
  if not now then
    return M.GONE
  elseif policy_code.is_same(was.text, now.text) or only_gains_rules(was, now) then
    return nil
  end
  return M.CHANGED
end

---@param before table[] entries of the policies that were asked
---@param after table[]
---@return {policy: string, was: string, now: string, why: string}[] rows of a delta
function M.rows(before, after)
  local old, new, rows = by_path(before), by_path(after), {}
  for _, path in ipairs(tables.keys(old)) do
    local why = reason(old[path], new[path])
    rows[#rows + 1] = why and { policy = path, was = "unknown", now = "unknown", why = why } or nil
  end
  return rows
end

return M
