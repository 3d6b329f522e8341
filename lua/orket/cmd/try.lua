-- try.lua: `orket try BOUNDARY …`: one boundary put to the test without a project.
--
-- Each boundary is a module orket.try.<boundary>:
--   usage           one line
--   request(args, read) -> request table | nil, message   from the command line; read(name) -> text
--   answer(request) -> answer table, accepted boolean[, Error]   never raises for bad input; an error: the
--     answer tells it
--     an answer with `lines` is several, one line each
--   shared(args, read) -> shared | nil, message   optional: what the command line says for all rows (default:
--     args)
--   complete(request, shared)  optional: gives it to a row
-- Prints one JSON line; exit 0 accepted, 1 refused, 2 usage. With --jsonl: one request per line in,
-- one answer per line out, in order, whatever the line holds; `id` is echoed; a bad row answers {"error":…},
-- a blank one too, and the next is read.

local cjson = require("cjson")
local errors = require("orket.errors")
local options = require("orket.options")

local M = {}

local BOUNDARIES = { "json", "schema", "box", "path", "fsm", "gate", "sse", "jail", "idesign",
  "calls", "llm", "jwt", "hmac" }

local ROWS = [[

Reads a file or standard input, prints one JSON line. With --jsonl: one request object per line in, one
answer per line out, in order; an id is echoed.
exit: 0 accepted, 1 refused, 2 usage
]]

M.usage = "usage: orket try BOUNDARY …   (" .. table.concat(BOUNDARIES, ", ") .. ")\n\n"
  .. "Tests one sandbox boundary without a project; orket try BOUNDARY --help prints more.\n" .. ROWS

local function usage_of(boundary)
  return "usage: orket try " .. boundary.usage .. "\n       orket try BOUNDARY --jsonl < requests\n" .. ROWS
end

local function read(name)
  if not name or name == "-" then
    return io.read("a")
  end
  local file, err = io.open(name, "rb")
  if not file then
    return nil, err
  end
  local text, why = file:read("a")
  file:close()
  return text, why and name .. ": " .. why
end

-- The id of a row that is no JSON, if the row begins with it: whoever asked can tell which one it was.
local function first_id(line)
  local id = line:match('^%s*{%s*"id"%s*:%s*("[^"\\]*")%s*,') or line:match('^%s*{%s*"id"%s*:%s*(-?%d+)%s*,')
  return id and (cjson.decode(id)) or nil
end

local function completed(boundary, request, shared)
  if boundary.complete then
    boundary.complete(request, shared)
  end
  return boundary.answer(request)
end

local function row_answer(boundary, line, shared)
  local request, message = cjson.decode(line)
  if request == nil then
    return { error = "not a JSON request: " .. message, id = first_id(line) }
  elseif not line:find("^%s*{") then
    return { error = "a request is a JSON object" }
  end
  local id = request.id
  local ok, answer = pcall(completed, boundary, request, shared)
  if not ok then
    answer = { error = errors.plain(type(answer) == "table" and answer.message or answer) }
  end
  answer.id = id
  return answer
end

-- An answer as a line. One that JSON cannot hold, as a number that is not finite, is an error like any other.
local function line_of(answer)
  local line, message = cjson.try_encode(answer)
  if line then
    return line
  end
  local failure = { error = "the answer cannot be written as JSON: " .. message, id = answer.id }
  return cjson.try_encode(failure) or cjson.encode({ error = failure.error })
end

local function rows(boundary, args)
  local shared, message = args, nil
  if boundary.shared then
    shared, message = boundary.shared(args, read)
  end
  if not shared then
    return options.refuse(usage_of(boundary), message)
  end
  io.stdout:setvbuf("full")
  for line in io.lines() do
    io.write(line_of(row_answer(boundary, line, shared)), "\n")
    io.flush()
  end
  return 0
end

-- What stands after -- is not ours.
local function take(args, flag)
  for i, word in ipairs(args) do
    if word == "--" then
      return nil
    elseif word == flag then
      return table.remove(args, i)
    end
  end
end

local function find(name)
  for _, boundary in ipairs(BOUNDARIES) do
    if boundary == name then
      return require("orket.dev.try." .. boundary)
    end
  end
end

---@param args string[]
---@return integer exit code
function M.run(args)
  local boundary = find(args[1])
  if not boundary then
    return options.refuse(M.usage, args[1] and "there is no boundary " .. args[1] or "missing BOUNDARY")
  end
  table.remove(args, 1)
  if args[1] == "--help" or args[1] == "-h" then
    return options.refuse(usage_of(boundary), "")
  elseif take(args, "--jsonl") then
    return rows(boundary, args)
  end
  local request, message = boundary.request(args, read)
  if not request then
    return options.refuse(usage_of(boundary), message)
  end
  local answer, accepted = boundary.answer(request)
  for _, line in ipairs(answer.lines or { answer }) do
    print(line_of(line))
  end
  if type(accepted) == "table" then -- an error
    io.stderr:write("orket try: ", errors.line(accepted), "\n")
    return accepted.class == "input" and 2 or 1
  end
  return accepted and 0 or 1
end

return M
