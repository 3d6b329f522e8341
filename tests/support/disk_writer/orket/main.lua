-- main.lua: the program that writes into a store until the disk is full (ORKET_LUA).

local async, store = require("orket.async"), require("orket.core.store")

return function()
  return async.main(function()
    local path = "disk/orket.db"
    local db = assert(store.open(path))
    local stream, full = db:stream({ run = "r", turn = 1, actor = "a" }), 0
    local function put(i)
      local tx = stream:begin()
      local n = assert(tx:event("note", nil, { blob = tx:blob((tostring(i) .. " text "):rep(3000)) }))
      local seq, message, code, fix = async.await(tx.commit, tx)
      return n, seq, code, fix, message
    end
    local expected = 1
    for _ = 1, 3 do
      local filler = assert(io.open("disk/filler", "wb"))
      filler:write(("x"):rep(300000))
      filler:close()
      local n, seq, code, fix, message
      repeat
        n, seq, code, fix, message = put(expected)
        assert(n == expected, n .. " " .. expected)
        expected = seq and expected + 1 or expected
      until not seq
      assert(code == "ERR_STORE_FULL" and fix:find("free some space"), tostring(code) .. " "
        .. tostring(message))
      for _ = 1, 3 do
        n, seq, code = put(expected)
        assert(n == expected and (seq or code == "ERR_STORE_FULL"), code)
        expected = seq and expected + 1 or expected
      end
      os.remove("disk/filler")
      n, seq, _, _, message = put(expected)
      assert(seq and n == expected, message)
      expected = expected + 1
      full = full + 1
    end
    db:close()
    local checked = store.check(path)
    assert(checked.ok and checked.events == expected - 1)
    print("full " .. full .. " times, all is there")
    return 0
  end)
end
