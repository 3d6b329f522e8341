-- person.lua: a transaction in a person's name.

local M = {}

---In the stream of the board, or of the turn whose question it answers.
---@param project table opened as owner
---@param who string|nil the person's name
---@param asked {run: string, turn: integer}|nil the question
---@return StoreTx
function M.begin(project, who, asked)
  local run, turn = asked and asked.run or "board", asked and asked.turn or 0
  return project.store:stream({ run = run, turn = turn, actor = "human:" .. (who or "unknown"),
    role = "human" }):begin()
end

local TRIES = 3

---Performs a request again while another writer was faster: what is true now decides.
---@param perform fun(project: table, request: Request): table?, Error?
---@param project table opened as owner
---@param request Request
---@return table|nil answer
---@return Error|nil
function M.until_current(perform, project, request)
  local result, err
  for _ = 1, TRIES do
    result, err = perform(project, request)
    if result or err.code ~= "ERR_STALE" then
      break
    end
  end
  return result, err
end

return M
