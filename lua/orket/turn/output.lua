-- output.lua: a role that answers with data (`output`, docs/roles.md): a reply without calls is JSON of its schema, and ends
-- the turn; what does not fit is told to the model, which is asked again.

local errors = require("orket.errors")
local structured = require("orket.structured")

local M = {}

---The schema of a turn's role, compiled once per generation; nil when it has none.
---@param turn Turn
---@return Structured|nil
function M.of(turn)
  local source = turn.generation.roles[turn.role].about.output
  if source == nil then
    return nil
  end
  local all = turn.generation.outputs or {}
  turn.generation.outputs = all
  all[turn.role] = all[turn.role] or assert(errors.check(structured.new(source)))
  return all[turn.role]
end

---Holds a reply against it: it gets `output`, canonical JSON, or a `problem`.
---@param turn Turn
---@param reply table
function M.judge(turn, reply)
  if #reply.calls == 0 and not reply.problem then
    reply.output, reply.problem = structured.read(M.of(turn), reply.content or "")
  end
end

return M
