-- search.lua: what fs.search answers through a gate over the tree DIR, inside the binary.

local async = require("orket.async")
local cjson = require("cjson")
local fs = require("orket.core.fs")
local gate = require("orket.core.gate")
local help = dofile("tests/support/gate.lua")
local sys = require("orket.core.sys")

local M = {}

local function permit(root, operation)
  local g = assert(gate.build(help.law()))
  local call = assert(g:call(help.request("search_files", { path = operation.path }, root)))
  return assert(g:operation(call, operation))
end

---Prints an answer, or its code and message, for each of the operations.
---@param wishes string JSON: a list
---@return integer exit
function M.search(wishes)
  local root = assert(fs.root(os.getenv("DIR")))
  return async.main(function()
    for _, wish in ipairs(cjson.decode(wishes)) do
      wish.op, wish.path = "fs.search", wish.path or "."
      local p = permit(root, wish)
      local found, message, code = async.await(p.perform, p)
      print(cjson.encode(found or { code = code, message = message }))
    end
    return 0
  end)
end

---Cancels a long search, and prints what became of it and that the loop goes on.
---@return integer exit
function M.cancel()
  local root = assert(fs.root(os.getenv("DIR")))
  return async.main(function()
    local p = permit(root, { op = "fs.search", path = ".", text = "x[ab]y|x[bc]z", regex = true })
    local task = async.spawn(function()
      local found, err = async.await(p.perform, p)
      print(found, err.code)
    end)
    async.cancel(task, { code = "ERR_CANCELED", message = "enough" })
    async.sleep(0.001)
    print("the loop turns")
    return 0
  end)
end

---Prints the least of seven times of each operation, in seconds, and how many files it searched.
---@param wishes string JSON: a list
---@return integer exit
function M.time(wishes)
  local root = assert(fs.root(os.getenv("DIR")))
  return async.main(function()
    for _, wish in ipairs(cjson.decode(wishes)) do
      local best, files = math.huge, nil
      wish.op, wish.path, wish.limit = "fs.search", ".", 200
      for _ = 1, 7 do
        local p = permit(root, wish)
        local before = sys.monotonic()
        files = assert(async.await(p.perform, p)).files
        best = math.min(best, sys.monotonic() - before)
      end
      print(best, files)
    end
    return 0
  end)
end

return M
