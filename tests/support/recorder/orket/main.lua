-- main.lua: the program that serves a mock and writes each request's bytes, as they came, into a file of its
-- own in RECORDS (ORKET_LUA=tests/support/recorder). The script sees which one it is (`request_number`):
-- nothing else tells two equal ones from each other. It sees a request when no file holds it (World:hold).

local async, cli, http = require("orket.async"), require("orket.cli"), require("orket.core.http")
local listen, count, place = http.listen, 0, os.getenv("RECORDS")
local function is_held(...)
  for _, name in ipairs({ ... }) do
    local file = io.open(place .. "hold." .. name)
    if file then
      return file:close()
    end
  end
end
local function answer(handler, request, response, ...)
  while is_held(...) do
    async.sleep(0.02)
  end
  handler(request, response)
end
http.listen = function(options, handler)
  return listen(options, function(request, response)
    if request.method == "POST" then
      count = count + 1
      local file = assert(io.open(place .. "request." .. count, "wb"))
      file:write(request.body)
      file:close()
      local numbered = request.body:gsub("^{", '{"request_number":' .. count .. ",")
      request = setmetatable({ body = numbered }, { __index = request })
      local card = request.body:match("# Card ([^%s:]+):") or ""
      if is_held(count, card) then
        return async.spawn(answer, handler, request, response, count, card)
      end
    end
    return handler(request, response)
  end)
end
return function(argv)
  return async.main(cli.run, argv)
end
