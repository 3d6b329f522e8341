-- cli_report.lua: how commands say what went wrong, and which view shows a run.

local errors = require("orket.errors")
local problem_list = require("orket.project.config.problem_list")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

local COLUMNS = 40 -- a narrower terminal gets plain lines

local function lines(err)
  if err.path and err.err then -- a refused script
    return { err.path .. ": " .. errors.line(err.err) }
  elseif err.code then
    return { errors.line(err) }
  end
  local all = {}
  for _, one in ipairs(err) do
    if one.file then
      local fix = one.fix and ("\n  fix: " .. one.fix) or ""
      all[#all + 1] = string.format("%s:%s: %s%s", one.file, one.line or 1, problem_list.full_line(one), fix)
    else
      table.move(lines(one), 1, #lines(one), #all + 1, all)
    end
  end
  return all
end

---Prints an error, or a list of them, to standard error.
---@param err Error|table[]
---@return integer exit code 1
function M.failure(err)
  for _, line in ipairs(lines(err)) do
    io.stderr:write(wrap.fitted("orket: " .. text.block(line), 2), "\n")
  end
  return 1
end

---Prints the answer to a person's request.
---@param args {json: boolean?}
---@param result table
---@return integer exit code 0
function M.answer(args, result)
  if args.json then
    print(text.json(result))
  else
    wrap.print(text.block(result.message or result.card .. " is " .. result.status))
  end
  return 0
end

---The module that shows a run: JSON lines, a live board on a terminal, plain lines elsewhere.
---@param args {json: boolean?, plain: boolean?}
---@return string module name
function M.view(args)
  if args.json then
    return "orket.view.json_lines"
  elseif args.plain or not sys.is_tty(1) or sys.env("TERM") == "dumb" or sys.window(1) < COLUMNS then
    return "orket.view.plain"
  end
  return "orket.view.live.live"
end

return M
