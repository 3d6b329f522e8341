-- memory/recall.lua: how near what is remembered is to a question, asked of the embedder, and recorded with
-- what it cost. The journal's answer is the answer: whoever goes on, replays or judges by it asks nobody.

local errors = require("orket.errors")
local embedders = require("orket.memory.embedder")
local tables = require("orket.util.tables")
local memory = require("orket.memory.memory")

local M = {}

local NEAREST = 200 -- rows that no word found, of which the journal keeps how near they are

-- Pairs of number and nearness, as an event has them: of the rows that words found, and of the nearest
-- others.
local function pairs_of(rows, near)
  local found, others = {}, {}
  for i, row in ipairs(rows) do
    local into = row.rank and found or others
    into[#into + 1] = near[i] and { row.id, near[i] } or nil
  end
  table.sort(others, function(a, b)
    return a[2] > b[2] or a[2] == b[2] and a[1] > b[1]
  end)
  return table.move(others, 1, math.min(NEAREST, #others), #found + 1, found)
end

---Asks how near some rows are to a text.
---@param embedder Embedder
---@param rows table[]
---@param text string
---@param turn Turn|nil  whose budgets it is billed to
---@return table body of memory.ranked
---@return Error|nil  canceled, or the machine failed
function M.ask(embedder, rows, text, turn)
  local answer, err = embedder:near(text, tables.column(rows, "text"), turn)
  if errors.is_environment(err) then
    return nil, err
  end
  local near, spent = answer.near, answer.spent
  return {
    model = embedder.name, dims = answer.dims, calls = spent.calls,
    usage = spent.calls > 0 and spent.usage or nil,
    money = embedder.model.price and spent.money or nil, price = embedder.model.price, took = spent.took,
    near = near and pairs_of(rows, near) or nil,
    error = err and { code = err.code, message = err.message } or nil,
  }
end

---Nearness by row, as an event has it.
---@param body table|nil of memory.ranked
---@return table<integer, integer>|nil  nil: by words alone
function M.near(body)
  if not body or not body.near then
    return nil
  end
  local near = {}
  for _, pair in ipairs(body.near) do
    near[math.tointeger(pair[1])] = math.tointeger(pair[2])
  end
  return near
end

---Asks for a turn and records what came of it.
---@param engine table
---@param turn Turn
---@param place table  for whom, as memory.candidates takes it
---@param text string
---@return true|nil ok
---@return Error|nil canceled
function M.of_turn(engine, turn, place, text)
  local embedder = embedders.of(engine.project)
  local rows = embedder and text:find("%S") and memory.wide(engine.store, place, text) or {}
  if #rows == 0 then
    return true
  end
  local body, err = M.ask(embedder, rows, text, turn)
  if not body then
    return nil, err
  end
  turn:ranks(body)
  return turn:save(false)
end

return M
