-- eval.lua: prompts compared over the cases of a suite: each case with each arm, in a copy of the suite of
-- its own. What was done is known from the copies' journals alone, so that a comparison that was cut off,
-- even by a kill, goes on where it was. Its parts: eval/suite.lua, the cases; eval/arm.lua, what is compared;
-- eval/case.lua, one run; eval/eval_summary.lua, what it all came to.

local async = require("orket.async")
local cases = require("orket.eval.case")
local cjson = require("cjson")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local hash = require("orket.core.hash")
local places = require("orket.workspace.places")

local M = {}

local MANIFEST = "eval.json"
local RUNS = 10000
local CAPS = { tokens = true, money = true, calls = true } -- of the organization that all runs share

local Eval = {}
Eval.__index = Eval

-- ---- what there is to do ----

---@class EvalCell
---@field case string
---@field arm EvalArm
---@field number integer of the repeat
---@field place string below the directory of results
---@field result EvalResult|nil
---@field spent table|nil

-- In an order that no arm has an advantage of: it follows from the seed alone.
local function ordered(cells, seed)
  for _, cell in ipairs(cells) do
    cell.order = hash.parts({ seed, cell.case, tostring(cell.number) }) .. hash.parts({ seed, cell.place })
  end
  table.sort(cells, function(a, b)
    return a.order < b.order
  end)
  return cells
end

local function cells_of(suite, arms, options)
  local cells = {}
  for _, case in ipairs(suite.cases) do
    for _, arm in ipairs(arms) do
      for number = 1, options.repeats do
        cells[#cells + 1] = {
          case = case, arm = arm, number = number,
          place = table.concat({ "runs", places.name(case), arm.name, number }, "/"),
        }
      end
    end
  end
  if #cells > RUNS then
    return nil, errors.new("ERR_LIMIT", "that would be " .. #cells .. " runs, more than " .. RUNS,
      "fewer cases, arms or repeats")
  end
  return ordered(cells, options.seed)
end

-- ---- where the results are ----

---What is compared, as one text: other arms or another suite have results of their own.
---@param suite table
---@param arms EvalArm[]
---@return string
function M.identity(suite, arms)
  local parts = { suite.hash }
  for _, arm in ipairs(arms) do
    parts[#parts + 1], parts[#parts + 2] = arm.name, arm.hash
  end
  return hash.parts(parts)
end

-- One that a kill left unfinished says nothing, and is written again.
local function is_of(root, identity)
  local manifest = cjson.decode(root:read(MANIFEST) or "")
  return type(manifest) ~= "table" or manifest.identity == identity
end

local function note(self)
  local arms = setmetatable({}, cjson.array_mt)
  for i, arm in ipairs(self.arms) do
    arms[i] = { name = arm.name, kind = arm.kind, path = arm.path, hash = arm.hash }
  end
  return errors.check(self.root:write(MANIFEST,
    cjson.encode({ identity = self.identity, suite = self.suite.hash, arms = arms }) .. "\n"))
end

local function take_place(self, out)
  local err
  self.root, err = errors.check(fs.root(out, { create = true }))
  if not self.root then
    return nil, err
  elseif not is_of(self.root, self.identity) then
    return nil, errors.new("ERR_EXISTS", out .. " has the results of another suite, or of other arms",
      "name another directory with --out")
  end
  self.dir = self.root:path()
  return note(self)
end

-- What the copies have come to already.
local function look_back(self)
  for _, cell in ipairs(self.cells) do
    local known, err
    if self.root:kind(cell.place .. "/.orket/orket.db") then
      known, err = cases.look(self.dir .. "/" .. cell.place, cell.case)
    end
    if err then
      return nil, err
    elseif known then
      cell.result, cell.spent = known.result, known.spent
    end
    self.known = self.known + (cell.result and 1 or 0)
  end
  return true
end

-- ---- what may be spent ----

local SPENT = {
  tokens = function(spent) return spent.tokens_in + spent.tokens_out end,
  money = function(spent) return spent.money end,
  calls = function(spent) return spent.requests end,
}

local function caps_of(suite)
  local budgets = suite.project.organization.process_rules.budgets
  local caps
  for kind, limit in pairs(budgets and budgets.organization or {}) do
    if CAPS[kind] then
      caps = caps or {}
      caps[kind] = limit
    end
  end
  return caps
end

-- What is left of the organization's caps for a run: what it has spent itself, its own ledger knows.
local function left_for(self, cell)
  local left, used_up = self.caps and {}, nil
  for kind, limit in pairs(self.caps or {}) do
    for _, other in ipairs(self.cells) do
      limit = limit - (other ~= cell and other.spent and math.tointeger(SPENT[kind](other.spent)) or 0)
    end
    left[kind] = math.max(0, limit)
    used_up = limit <= 0 and "organization/" .. kind or used_up
  end
  return left, used_up
end

-- ---- running ----

local function run_cell(self, cell, left)
  local root <close>, err = errors.check(self.root:beneath(cell.place, { create = true }))
  local ok
  if root then
    ok, err = self.suite:copy(root, cell.arm, left)
  end
  if not ok then
    return nil, err
  end
  local ended
  ended, err = cases.run(root:path(), cell.case, function(run)
    self.live[cell] = run
    if self.stopping then
      run:drain()
    end
  end)
  self.live[cell] = nil
  cell.result = ended and ended.result
  cell.spent = ended and ended.spent or cell.spent
  return not err, err
end

local function next_cell(self)
  while self.at < #self.cells do
    self.at = self.at + 1
    if not self.cells[self.at].result then
      return self.cells[self.at]
    end
  end
end

local function work(self)
  while not (self.stopping or self.failed or self.used_up) do
    local cell = next_cell(self)
    if not cell then
      return
    end
    local left, used_up = left_for(self, cell)
    if used_up then
      self.used_up = used_up
      return
    end
    local ok, err = run_cell(self, cell, left)
    if not ok then
      self.failed = self.failed or err
    elseif cell.result then
      self.ran = self.ran + 1
      self.on_result(self, cell)
    elseif not self.stopping then
      self.used_up = "organization"
    end
  end
end

---Begins nothing more; what is under way is kept, and goes on with the next call.
---@param now boolean|nil  replies under way are not waited for
function Eval:stop(now)
  self.stopping = true
  for _, run in pairs(self.live) do
    run:drain(now)
  end
end

-- What a model's endpoint stands at once is counted by each run for itself.
local function has_limits(suite)
  for _, model in pairs(suite.project.organization.models) do
    if model.limits then
      return true
    end
  end
  return false
end

---Runs what has not ended yet.
---@return boolean|nil complete
---@return Error|Error[]|nil
function Eval:run()
  local workers = {}
  for i = 1, (self.caps or has_limits(self.suite)) and 1 or self.concurrency do
    workers[i] = async.spawn(work, self)
  end
  for _, worker in ipairs(workers) do
    async.join(worker)
  end
  if self.failed then
    return nil, self.failed
  end
  return self.known + self.ran == #self.cells
end

---@param suite table
---@param arms EvalArm[]
---@param options {out: string, repeats: integer, seed: string, concurrency: integer,
---  on_result: fun(eval: table, cell: EvalCell)}
---@return table|nil eval {cells, dir, known}  known: how many runs had ended before
---@return Error|nil
function M.new(suite, arms, options)
  local self = setmetatable({
    suite = suite, arms = arms, identity = M.identity(suite, arms), caps = caps_of(suite),
    concurrency = options.concurrency,
    on_result = options.on_result, live = {}, at = 0, ran = 0, known = 0,
  }, Eval)
  local ok, err
  self.cells, err = cells_of(suite, arms, options)
  if not self.cells then
    return nil, err
  end
  for _, step in ipairs({
    function() return take_place(self, options.out) end,
    function() return look_back(self) end,
  }) do
    ok, err = step()
    if not ok then
      return nil, err
    end
  end
  return self
end

return M
