-- plain.lua: a run as plain lines, for logs and pipes.

local M = {}

local View = {}
View.__index = View

-- A tool ran, and the gate refused what it tried.
local function refused(operations)
  for _, one in ipairs(operations or {}) do
    if one.refused then
      return string.format("REFUSED %s (%s): %s", one.op, one.refused, one.why or "")
    end
  end
end

local SENTENCE = {
  ["run.started"] = function(_, e) return "run " .. e.run .. " started" end,
  ["turn.started"] = function(b) return string.format("%s (%s) takes it%s", b.seat, b.role, b.review and " for review" or "") end,
  ["card.moved"] = function(b)
    return b.from .. " -> " .. b.to .. (b.reason and (" [" .. b.reason .. "]") or "") .. (b.why and (": " .. b.why) or "")
  end,
  ["card.created"] = function(b) return "new card: " .. (b.name or "") end,
  ["call.allowed"] = function(b) return "calls " .. b.tool end,
  ["call.refused"] = function(b) return string.format("REFUSED %s (%s): %s", b.tool, b.rule, b.why or "") end,
  ["call.result"] = function(b) return refused(b.operations) end,
  ["file.written"] = function(b) return "wrote " .. b.path end,
  ["file.deleted"] = function(b) return "deleted " .. b.path end,
  ["comment.added"] = function(b) return "comment: " .. b.text:gsub("%s+", " ") end,
  ["verify.done"] = function(b) return (b.ok and "verification passed: " or "verification FAILED: ") .. b.log:gsub("%s+", " ") end,
  ["tree.conflict"] = function(b) return "merge conflict in " .. b.path end,
  ["turn.failed"] = function(b) return "turn failed: " .. b.why end,
  ["turn.nudged"] = function() return "nudged: a reply without a call" end,
  ["approval.asked"] = function(b) return "a person has to allow " .. b.tool end,
}

---One line for an event, or nil when it is not for people.
---@param event table
---@return string|nil
function M.sentence(event)
  local say = SENTENCE[event.kind]
  local text = say and say(event.body, event)
  return text and string.format("%-14s %s", event.card or "", text)
end

function M.new()
  io.stdout:setvbuf("line")
  return setmetatable({}, View)
end

function View:attach(project)
  project.store:subscribe(function(event)
    local line = M.sentence(event)
    if line then
      print(event.at:sub(12, 19) .. "  " .. line)
    end
  end)
end

function View:note(text)
  print("orket: " .. text)
end

local function summary(counts)
  local parts = {}
  for status, count in pairs(counts or {}) do
    parts[#parts + 1] = count .. " " .. status
  end
  table.sort(parts)
  return table.concat(parts, ", ")
end

M.summary = summary

function View:finish(status, counts, already)
  print(already and "already done" or ((status or "failed") .. ": " .. summary(counts)))
end

return M
