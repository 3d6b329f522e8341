-- orket.lua: how specs reach the binary: its command line, its try walls, and trusted Lua inside it.

local cjson = require("cjson")

local M = {}

M.binary = os.getenv("ORKET") or "build/orket"

---@return string text
---@return integer exit code
function M.shell(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("a")
  local _, _, code = pipe:close()
  return text, code
end

---Runs `orket ARGUMENTS`; standard error is part of the text unless redirected.
function M.run(arguments)
  return M.shell(M.binary .. " " .. arguments .. " 2>&1")
end

---A directory of the test's own; the caller removes it.
function M.directory()
  return (M.shell("mktemp -d"):gsub("\n", ""))
end

function M.remove(dir)
  assert(dir:match("/tmp%.%w+"), "mktemp did not make " .. dir)
  os.execute("rm -rf '" .. dir .. "'")
end

function M.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

---Writes a file, making its directories where they are missing.
function M.write(path, text)
  local file = io.open(path, "wb")
  if not file then
    os.execute("mkdir -p '" .. path:match("^(.*)/") .. "'")
    file = assert(io.open(path, "wb"))
  end
  file:write(text)
  file:close()
end

---Puts requests (tables, or raw lines) to `orket try BOUNDARY --jsonl`; the answers, decoded.
function M.try(wall, requests)
  local dir, lines = M.directory(), {}
  for i, request in ipairs(requests) do
    lines[i] = type(request) == "string" and request or cjson.encode(request)
  end
  M.write(dir .. "/requests", table.concat(lines, "\n") .. "\n")
  local answers = {}
  for line in M.shell(M.binary .. " try " .. wall .. " --jsonl < " .. dir .. "/requests"):gmatch("[^\n]+") do
    answers[#answers + 1] = cjson.decode(line)
  end
  M.remove(dir)
  return answers
end

---Runs a chunk of trusted Lua inside the binary and answers what it prints.
function M.probe(chunk, environment)
  local dir = M.directory()
  M.write(dir .. "/orket/main.lua", "return function()\n" .. chunk .. "\nreturn 0 end")
  local text = M.shell((environment or "") .. "ORKET_LUA=" .. dir .. " " .. M.binary .. " 2>&1")
  M.remove(dir)
  return text
end

---A chunk for `probe`: calls a function of a file of tests/support/probes.
---@param file string without its ending
---@param name string in the table that the file returns
---@param ... string|number|boolean|nil arguments
---@return string
function M.chunk(file, name, ...)
  local arguments = table.pack(...)
  for i = 1, arguments.n do
    arguments[i] = ("%q"):format(arguments[i])
  end
  return ("dofile(\"tests/support/probes/%s.lua\").%s(%s)"):format(file, name, table.concat(arguments, ", "))
end

---The same, called in a task.
---@return string
function M.task(...)
  return "require(\"orket.async\").main(function() " .. M.chunk(...) .. " return 0 end)"
end

return M
