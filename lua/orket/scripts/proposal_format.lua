-- proposal_format.lua: proposed scripts as a person reads them before saying anything: what they make
-- possible, what recorded history would have come to, which fixtures fail, and every changed line.

local notice = require("orket.scripts.permission_delta.notice")
local text = require("orket.view.format.text")

local M = {}

local KINDS = { "calls", "routes", "prompts", "transitions" }

local function count(number, noun)
  return ("%d %s%s"):format(number, noun, number == 1 and "" or "s")
end

local function add_delta(out, delta)
  out[#out + 1] = #delta == 0 and "makes nothing possible that was not" or "makes more possible:"
  for _, row in ipairs(delta) do
    out[#out + 1] = "  " .. text.visible(notice.line(row))
  end
end

local function add_simulation(out, found)
  if found.error then
    out[#out + 1] = "recorded history was not judged: " .. text.visible(found.error.message)
    return
  end
  local parts = {}
  for _, kind in ipairs(KINDS) do
    parts[#parts + 1] = ("%d of %d %s"):format(found.differ[kind], found.judged[kind], kind)
  end
  out[#out + 1] = "recorded history would differ in " .. table.concat(parts, ", ")
end

local function add_fixtures(out, found)
  if found.error then
    out[#out + 1] = "no fixture was run: " .. text.visible(found.error.message)
    return
  end
  out[#out + 1] = ("%s passed, %d failed"):format(count(found.passed, "fixture"), found.failed)
  for _, one in ipairs(found.fixtures) do
    out[#out + 1] = not one.ok and "  failed: " .. text.visible(one.name) or nil
  end
end

local function add_file(out, file)
  out[#out + 1] = file.path .. (file.removed and " is removed" or "")
  for line in file.diff:gmatch("[^\n]+") do
    out[#out + 1] = "  " .. text.visible(line)
  end
end

---One line: which files, by whom.
---@param one table see proposals.find
---@return string
function M.title(one)
  local paths = {}
  for i, file in ipairs(one.files) do
    paths[i] = file.path .. (file.removed and " (removed)" or "")
  end
  return text.visible(("proposed scripts: %s (%s)"):format(table.concat(paths, ", "), one.by))
end

---The lines of a proposal.
---@param one table see proposals.find
---@return string[] lines clean
function M.lines(one)
  local out = { one.why and text.visible(one.why) or nil }
  add_delta(out, one.delta)
  add_simulation(out, one.simulation)
  if one.fixtures then
    add_fixtures(out, one.fixtures)
  end
  for _, file in ipairs(one.files) do
    add_file(out, file)
  end
  return out
end

return M
