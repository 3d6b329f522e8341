-- mock.lua: `orket mock-llm` as a program beside a test.

local orket = dofile("tests/support/orket.lua")

local M = {}

---Starts it; answers its URL, and a function that ends it and tells its exit code.
---@param script string
---@param options string
---@return string url
---@return fun(): integer|nil stop
function M.start(script, options)
  local dir = orket.directory()
  local command = ("%s mock-llm %s %s"):format(orket.binary, options, script)
  os.execute(("sh -c '%s & echo $! >%s/pid; wait $!; echo $? >%s/code' >%s/out 2>&1 &"):format(command, dir,
    dir, dir))
  local out = orket.shell(("for i in $(seq 600); do grep -qs . %s/out && break; sleep 0.05; done; cat %s/out"):format(dir, dir))
  return out:match("http://%S+") or out, function()
    local code = orket.shell(("kill $(cat %s/pid); for i in $(seq 600); do [ -s %s/code ] && break; sleep 0.05; done; cat %s/code")
      :format(dir, dir, dir))
    orket.remove(dir)
    return tonumber(code)
  end
end

return M
