-- route_delta.lua: scripts that choose who works on a card, with which model, how long, and what becomes of
-- it. What another text chooses is not derived from it: a person reads the difference. The node `loop` is
-- asked, exactly. The rules of the core hold whatever these say: a seat acts in a role of its own, and no
-- seat reviews its own work.

local limits = require("orket.scheduler.limits")
local program_delta = require("orket.scripts.permission_delta.program_delta")
local tables = require("orket.util.tables")

local M = {}

---@class NodePair
---@field was table entry of the node before
---@field now table
---@field config table of the project

local function text_row(path, what)
  return { script = path, was = "unknown", now = "unknown", why = "its text changed, so that " .. what
    .. " may differ" }
end

---@param pair NodePair
---@return table[] rows
function M.router(pair)
  local is_same = program_delta.is_same(pair.was.text, pair.now.text, "route")
  return is_same and {} or { text_row(pair.now.path, "who works on a card, in which role,") }
end

---@param pair NodePair
---@return table[] rows
function M.models(pair)
  local is_one = #tables.keys(pair.config.organization.models) < 2 -- there is nothing to choose
  if is_one or program_delta.is_same(pair.was.text, pair.now.text, "choose") then
    return {}
  end
  return { text_row(pair.now.path, "which model a card's text goes to") }
end

local BOUNDS = { "concurrency", "nudges", "repeats", "seconds", "steps", "tokens", "waits" }

---Exact: the node is asked once per run, with the organization's limits.
---@param pair NodePair
---@return table[] rows
function M.loop(pair)
  local process, rows = pair.config.organization.process_rules, {}
  local was, now = limits.of(pair.was, process), limits.of(pair.now, process)
  for _, key in ipairs(BOUNDS) do
    if was[key] and (now[key] or math.huge) > was[key] then
      rows[#rows + 1] = { script = pair.now.path, was = "deny", now = "allow",
        why = string.format("the bound %s is %s, before %s", key, now[key] or "none", was[key]) }
    end
  end
  return rows
end

---What a role's `route` makes of what its model proposed. The state machine judges the result, but no policy
---sees it.
---@param was table entry of the role before
---@param now table
---@return table[] rows
function M.role(was, now)
  local has_none = not was.about.route and not now.about.route
  if has_none or was.text == now.text or program_delta.is_same(was.text, now.text, "route") then
    return {}
  end
  return { text_row(now.path, "what becomes of its cards") }
end

return M
