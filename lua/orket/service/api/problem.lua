-- problem.lua: an error of ours as an answer of the service: a status and the body of RFC 9457
-- (application/problem+json), with our code and the fix.

local errors = require("orket.errors")
local problem_list = require("orket.project.config.problem_list")

local M = {}

M.TYPE = "application/problem+json"

local STATUS = {
  ERR_USAGE = 400, ERR_JSON = 400, ERR_UTF8 = 400,
  ERR_DENIED = 403, ERR_NOT_FOUND = 404,
  ERR_EXISTS = 409, ERR_STALE = 409, ERR_OWNED = 409, ERR_TRANSITION = 409, ERR_UNCERTAIN = 409,
  ERR_TOO_LARGE = 413, ERR_LIMIT = 413,
  ERR_SCRIPT = 422, ERR_SCRIPT_CONTRACT = 422, -- of the project's scripts: no bug of the server
}
local OF_CLASS = { input = 422, refusal = 409, tool = 422, limit = 422, model = 502, environment = 503,
  system = 409, bug = 500 }

local TITLES = {
  [400] = "Bad request", [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not found",
  [405] = "Method not allowed", [406] = "Not acceptable", [409] = "Conflict", [410] = "Gone",
  [413] = "Content too large", [415] = "Unsupported media type", [422] = "Unprocessable content",
  [426] = "Upgrade required", [428] = "Precondition required", [429] = "Too many requests",
  [500] = "Internal error", [502] = "Model failure", [503] = "Unavailable",
}

---@class ProblemBody
---@field type string urn:orket:CODE
---@field title string of the status
---@field status integer
---@field detail string what happened, one sentence
---@field code string ERR_*
---@field fix string|nil
---@field errors {path: string, message: string}[]|nil what is wrong, by place
---and the members of the error's `more`, such as revision and sent

---The status that stands for an error.
---@param err Error
---@return integer
function M.status(err)
  return err.status or STATUS[err.code] or OF_CLASS[err.class] or 500
end

-- One of a list: an Error, a script that does not serve (scripts/scripts.lua), or what is wrong with a file
-- of the project (project/config/problem_list.lua).
local function error_of(one)
  if one.err then
    return errors.new(one.err.code, one.path .. " would not serve: " .. one.err.message, one.err.fix)
  elseif one.code or not one.file then
    return one
  end
  local place = ("%s:%d: "):format(one.file, one.line or 1)
  return errors.new("ERR_CONFIG", place .. problem_list.full_line(one), one.fix)
end

local function detail(one)
  if one.err then
    return { path = one.path, message = one.err.message }
  end
  return { path = one.file and one.file .. "#" .. one.path, message = one.message }
end

local function details(list)
  local rows = {}
  for i, one in ipairs(list) do
    rows[i] = detail(one)
  end
  return rows
end

---@param err Error|Error[]|Problem[] Problem as of project/config/problem_list.lua
---@return ProblemBody
function M.of(err)
  local first = err.code and err or error_of(err[1])
  local status = M.status(first)
  local body = {
    type = "urn:orket:" .. first.code, title = TITLES[status] or "Error", status = status,
    detail = first.message, code = first.code, fix = errors.fix_of(first),
    errors = first.errors or not err.code and details(err) or nil,
  }
  for name, value in pairs(first.more or {}) do
    body[name] = value
  end
  return body
end

return M
