-- command_answer.lua: what a command of this program answers about a project, asked in a process of its own,
-- so that the loop goes on: commands that only look, and compute for long. One at a time; who comes meanwhile
-- waits.

local cjson = require("cjson")
local errors = require("orket.errors")
local itself = require("orket.async.itself")

local M = {}

local WAITING = 16 -- who may wait at once

-- What a command said on standard error: "orket: ERR_X: message".
local function failure(argv, ended)
  local code, message = ended.err:match("orket: (ERR_[%u_]+): ([^\n]*)")
  local fix = ended.err:match("\n%s*fix: ([^\n]*)")
  return errors.new(code or "ERR_BUG", message or argv[1] .. " answered nothing: " .. ended.err, fix)
end

---In a task.
---@param project Project whose commands come one after the other
---@param argv string[] of a command that prints one JSON object
---@return table|nil answer
---@return Error|nil
function M.ask(project, argv)
  if project:waiting_for("command") >= WAITING then
    return nil, errors.new("ERR_LIMIT", WAITING .. " others wait for an answer of this kind",
      "ask again later", 429)
  end
  local held <close>, canceled = project:alone("command")
  if not held then
    return nil, canceled
  end
  local ended, err = itself.run(argv)
  if not ended then
    return nil, err
  end
  local answer = ended.out ~= "" and cjson.decode(ended.out)
  if type(answer) == "table" then
    return answer
  end
  return nil, failure(argv, ended)
end

return M
