-- beyond.lua: effects beyond a card's tree, for specs: a server that counts what it was told, and the
-- operation `test.post` that tells it. Only the program build/VARIANT/tests/beyond knows that operation.

local orket = dofile("tests/support/orket.lua")

local M = {}

M.binary = os.getenv("BEYOND") or "build/gcc/tests/beyond"
if not M.binary:find("^/") then
  M.binary = orket.shell("pwd"):gsub("%s+$", "") .. "/" .. M.binary
end

-- Writes each body down before it answers; one that begins with "hold" is never answered, one with
-- "break" loses its connection.
local SERVER = [[
local async, http = require("orket.async"), require("orket.core.http")
return function()
  return async.main(function()
    local server = http.listen({ port = 0 }, function(request, response)
      local file = assert(io.open(%q, "ab"))
      file:write(request.body, "\n")
      file:close()
      async.spawn(function()
        if request.body:find("^break") then
          return response:abort()
        end
        async.sleep(request.body:find("^hold") and 1000 or 0.02)
        response:send(200, {}, "heard " .. request.body)
      end)
    end)
    print(server:port())
    io.stdout:flush()
    async.sleep(86400)
  end)
end
]]

-- The operation as the program performs it.
local CLIENT = [[
local async, cli, errors = require("orket.async"), require("orket.cli"), require("orket.errors")
local operations, uv = require("orket.effects.operations"), require("luv")

local function post(socket, operation, wake)
  socket:connect("127.0.0.1", operation.port, function(failed)
    if failed then
      return wake(nil, errors.new("ERR_NET", failed))
    end
    socket:write(("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"):format(#operation.text, operation.text))
    socket:read_start(function(_, bytes)
      local said = bytes and operation.text:find("^give ") and bytes:match("\r\n\r\n(.*)$") or nil
      wake(bytes and { heard = true, text = said }, errors.new("ERR_UNCERTAIN", "the connection ended"))
    end)
  end)
end

operations.beyond["test.post"] = function(_, operation)
  local socket = uv.new_tcp()
  local result, err = async.suspend(function(wake)
    post(socket, operation, wake)
  end)
  socket:close()
  return result, err
end

return function(argv)
  return async.main(cli.run, argv)
end
]]

---A tool that notes a line in a file and tells the server, in this order or the other one.
M.TOOL = [[
local function note(args)
  local text = fs.read("log") or ""
  return fs.write("log", text .. args.text .. "\n")
end
local function run(args)
  local first = not args.late and note(args)
  local answer = perform({ op = "test.post", port = args.port, text = args.text })
  if answer.error then
    return { error = answer.error }
  end
  return { noted = first or note(args), heard = answer.result.heard, happened = answer.result.happened, text = answer.result.text }
end
return {
  description = "Tell it.", operations = { "test.post", "fs.read", "fs.write" }, run = run,
  schema = {
    type = "object", required = { "text", "port" },
    properties = { text = { type = "string" }, port = { type = "integer" }, late = { type = "boolean" } },
  },
}
]]

local Server = {}
Server.__index = Server

---@return table server with port, lua (a directory for ORKET_LUA) and close
function M.serve()
  local self = setmetatable({ dir = orket.directory() }, Server)
  self.heard_file = self.dir .. "/heard"
  orket.write(self.dir .. "/server/orket/main.lua", SERVER:format(self.heard_file))
  orket.write(self.dir .. "/client/orket/main.lua", CLIENT)
  self.lua = self.dir .. "/client"
  local out = self.dir .. "/out"
  self.pid = orket.shell(string.format("ORKET_LUA=%s/server %s >%s 2>&1 & echo $!", self.dir, M.binary,
    out)):match("%d+")
  for _ = 1, 1000 do
    self.port = tonumber(orket.read(out):match("^%d+"))
    if self.port then
      return self
    end
    os.execute("sleep 0.02")
  end
  error("the server did not start: " .. orket.read(out))
end

---How often it was told each text.
---@return table<string, integer>
function Server:heard()
  local times, file = {}, io.open(self.heard_file)
  for line in file and file:lines() or function() end do
    times[line] = (times[line] or 0) + 1
  end
  if file then
    file:close()
  end
  return times
end

function Server:close()
  os.execute("kill " .. self.pid .. " 2>/dev/null")
  orket.remove(self.dir)
end

Server.__close = Server.close

return M
