-- async_spec.lua: tasks, where something raises.

local orket = dofile("tests/support/orket.lua")

describe("a callback that raises", function()
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

  it("ends the program instead of leaving somebody waiting for ever, and is told", function()
    local text = ends_with("boom")
    assert(text:find("boom", 1, true) and text:find("ended\t1", 1, true), text)
  end)

  it("for want of memory says so, with the cure", function()
    local text = ends_with("not enough memory")
    assert(text:find("orket: ERR_MEMORY: ", 1, true) and text:find("fix: free some memory", 1, true), text)
  end)
end)
