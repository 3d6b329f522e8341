-- async_spec.lua: tasks, where something raises.

local orket = dofile("tests/support/orket.lua")

describe("async", function()
  local function ends_with(raised)
    return orket.probe(([[
      local async, uv = require("orket.async"), require("luv")
      local code = async.main(function()
        local timer = uv.new_timer()
        timer:start(0, 0, function() error(%q) end)
        async.suspend(function() end)
      end)
      print("ended", code) ]]):format(raised))
  end

  it("a callback that raises ends the program instead of leaving somebody waiting for ever, and is told",
    function()
    local text = ends_with("boom")
    assert(text:find("boom", 1, true) and text:find("ended\t1", 1, true), text)
  end)

  it("a callback that raises because of missing memory says so, with the fix", function()
    local text = ends_with("not enough memory")
    assert(text:find("orket: ERR_MEMORY: ", 1, true) and text:find("fix: free some memory", 1, true), text)
  end)
end)

describe("a task that works in pieces", function()
  it("lets the loop look at what came between two pieces", function()
    local text = orket.probe([[
      local async, uv = require("orket.async"), require("luv")
      local polls = 0
      local each = uv.new_prepare()
      each:start(function() polls = polls + 1 end)
      local function work(ms)
        local since = uv.hrtime()
        while uv.hrtime() - since < ms * 1e6 do end
      end
      local busy = uv.new_check() -- others keep the loop after it looked, as on a full machine
      busy:start(function() work(3) end)
      local code = async.main(function()
        async.suspend(function(wake)
          local event
          event = uv.new_async(function() event:close() wake(true) end)
          event:send() -- as a request comes: while the loop looks at what came
        end)
        local breathe, seen = async.breather(), {}
        for i = 1, 4 do
          seen[i] = polls
          work(6)
          breathe()
        end
        for i = 1, 3 do print(seen[i + 1] > seen[i]) end
        each:close()
        busy:close()
        return 0
      end) ]])
    assert.equal(("true\n"):rep(3), text)
  end)
end)

describe("a watched task", function()
  local function reports(body)
    return orket.probe(([[
      local async = require("orket.async")
      local code = async.main(function()
        local thing = setmetatable({}, { __close = function() io.write("closed ") end })
        async.spawn_watched(function(ok, err) print(ok, err and err.code, err and err.message:match("^[^\n]*")) end, function(a)
          local open <close> = thing
          %s
        end, "first")
        async.sleep(0.05)
        return 0
      end)
      print("ended", code) ]]):format(body))
  end

  it("a watched task reports what it returned, once what it had open is closed", function()
    assert.equal("closed first\tnil\tnil\nended\t0\n", reports("async.sleep(0.01) return a"))
    assert.equal("closed nil\tERR_X\twhy\nended\t0\n",
      reports('return nil, { code = "ERR_X", message = "why" }'))
  end)

  it("a watched task reports what it raised before and after a wait, closes what it had open, and the program goes on",
    function()
    assert.equal("closed nil\tERR_X\twhy\nended\t0\n", reports('error({ code = "ERR_X", message = "why" })'))
    assert.equal("closed nil\tERR_X\twhy\nended\t0\n",
      reports('async.sleep(0.01) error({ code = "ERR_X", message = "why" })'))
    assert.truthy(reports('async.sleep(0.01) error("boom")'):find("closed nil\tERR_BUG\t.*boom\nended\t0\n"))
  end)
end)
