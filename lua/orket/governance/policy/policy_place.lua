-- policy_place.lua: where in a policy's text a decision was made, as "nodes/policy/x.lua:12". A decision is
-- made once more for that, with the lines noted that run: it cannot come out otherwise.

local M = {}

local function lines_of(entry)
  if not entry.lines then
    entry.lines = {}
    for line in (entry.text .. "\n"):gmatch("(.-)\n") do
      entry.lines[#entry.lines + 1] = line
    end
  end
  return entry.lines
end

-- The last line that ran and names the rule, else the last one that ran.
local function naming(lines, recent, rule)
  for i = #recent, 1, -1 do
    local line = lines[recent[i]]
    if rule and line and line:find(rule, 1, true) then
      return recent[i]
    end
  end
  return recent[#recent]
end

---@param entry table script entry
---@param args any[] of decide
---@param rule string|nil that it answered
---@return string
function M.of_answer(entry, args, rule)
  local trace = entry.script:trace("decide", args)
  local line = trace and naming(lines_of(entry), trace.recent, rule)
  return entry.path .. (line and ":" .. line or "")
end

---Errors name their line: "nodes/policy/x.lua:3: why", or "... at line 3"; else it is the last one that ran.
---@param entry table
---@param message string
---@param args any[] of decide
---@return string
function M.of_failure(entry, message, args)
  local line = message:match(entry.path:gsub("%p", "%%%0") .. ":(%d+):") or message:match(" at line (%d+)$")
  local trace = not line and entry.script:trace("decide", args)
  line = line or trace and trace.recent[#trace.recent]
  return entry.path .. (line and ":" .. line or "")
end

return M
