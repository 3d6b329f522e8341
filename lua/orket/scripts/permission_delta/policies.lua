-- policies.lua: do the policies of a generation forbid as much as those before them? A text that was added can
-- only forbid more. One that changed or went is asked beside its successor about every argument class and about
-- the calls of the journal. Sampling proves nothing by itself, so it fails closed: it is growth as well when words or
-- rules of the old text were reached by no sample, because nobody saw what they forbid, or words of the new one that
-- lead to anything but a refusal, because nobody saw what they let through.

local asked = require("orket.scripts.permission_delta.asked")
local async = require("orket.async")
local fixture_case = require("orket.governance.policy.fixture_case")
local cjson = require("cjson")
local policy_code = require("orket.governance.policy.policy_code")
local coverage = require("orket.scripts.permission_delta.coverage")
local tables = require("orket.util.tables")
local word_delta = require("orket.scripts.permission_delta.word_delta")

local M = {}

local PIECE = 25 -- samples between two looks at what else there is to do
local MOST = 30000 -- samples in all
local OVERRUNS = 3 -- of one policy, then it is not asked any more: each is as long as a decision may take
local ROWS = 40 -- of widened decisions that are shown
local RANK = { deny = 2, ask = 1 }
local LIMITS = { ERR_SCRIPT_STEPS = true, ERR_SCRIPT_TIME = true, ERR_SCRIPT_MEMORY = true }
local WORD = { [0] = "allow", "ask", "deny" }

-- ---- what changed ----

local function by_path(entries)
  local map = {}
  for _, entry in ipairs(entries or {}) do
    map[entry.path] = entry
  end
  return map
end

---The policies whose text is another program now, or gone, and those that are new.
---@param before table[] entries
---@param after table[]
---@return {was: table[], now: table[]} changed
function M.changed(before, after)
  local old, new, changed = by_path(before), by_path(after), { was = {}, now = {} }
  for _, path in ipairs(tables.keys(old)) do
    if not new[path] or not policy_code.is_same(old[path].text, new[path].text) then
      changed.was[#changed.was + 1] = old[path]
    end
  end
  for _, path in ipairs(tables.keys(new)) do
    if not old[path] or not policy_code.is_same(old[path].text, new[path].text) then
      changed.now[#changed.now + 1] = new[path]
    end
  end
  return changed
end

-- ---- one decision ----

-- A policy while it is watched.
local function watched(entries)
  local all = {}
  for i, entry in ipairs(entries) do
    all[i] = { entry = entry, coverage = coverage.new(entry, "decide"), rules = {} }
  end
  return all
end

local function decide(one, shown, labels)
  if one.entry.about.when == "labels" and not next(labels) then
    return 0, ""
  end
  local answer, failure
  if one.coverage then
    answer, failure = one.coverage:ask({ shown.call, shown.view })
  end
  if LIMITS[failure] then
    one.overruns = (one.overruns or 0) + 1
    one.coverage = one.overruns < OVERRUNS and one.coverage or nil -- nobody knows what it forbids: that is growth
  end
  if answer == cjson.null then
    return 0, ""
  elseif type(answer) ~= "table" or not RANK[answer.decision] then
    return RANK.deny, "failed"
  end
  local rule = tostring(answer.rule or "house"):gsub("^policy%.", "")
  one.rules[rule] = true
  return RANK[answer.decision], rule
end

-- The strictest of them, and its rule.
local function ask(all, shown, labels)
  local most, by = 0, ""
  for _, one in ipairs(all) do
    local rank, rule = decide(one, shown, labels)
    if rank > most then
      most, by = rank, rule
    end
  end
  return most, by
end

local function describe(arguments)
  local short = {}
  for key, value in pairs(type(arguments) == "table" and arguments or {}) do
    short[key] = type(value) == "string" and #value > 60 and #value .. " bytes" or value
  end
  return cjson.encode(short)
end

local function compare(self, shown, sample)
  local was, rule = ask(self.was, shown, sample.labels)
  local now = ask(self.now, shown, sample.labels)
  if now >= was then
    return
  end
  self.widened = self.widened + 1
  if self.widened <= ROWS then
    self.rows[#self.rows + 1] = {
      role = sample.role, status = sample.status, tool = sample.tool,
      arguments = (sample.operation and sample.operation.op .. " of " or "") .. describe(sample.arguments)
        .. (sample.card and " of a card with " .. cjson.encode(sample.card) or ""),
      was = WORD[was], now = WORD[now], why = "policy." .. rule .. " does not object any more",
    }
  end
end

-- ---- the samples ----

-- What a tool of the project's own may ask for meanwhile.
local function operations_of(self, tool, sample)
  local found = {}
  if self.vocabulary.words.operation and tool.text ~= self.shipped(tool.path) then
    for _, kind in ipairs(tool.about.operations) do
      found[#found + 1] = { op = kind, path = sample.arguments.path, content = sample.arguments.content }
    end
  end
  return found
end

local function turn_of(sample, card)
  local said = sample.card or {}
  return {
    card = card, role = sample.role, seat = card.seat, labels = sample.labels, run = said.run or "sample", number = said.turn or 1,
  }
end

local function take(self, sample)
  local tool, card = self.after.tools[sample.tool], asked.card(sample)
  local allowed, _, question = self.after.gate:call({
    role = sample.role, tool = sample.tool, arguments = cjson.encode(sample.arguments), card = card,
  })
  local call <close> = allowed or question
  if not call then
    return
  end
  local turn = turn_of(sample, card)
  compare(self, fixture_case.of(call, tool, turn), sample)
  for _, operation in ipairs(operations_of(self, tool, sample)) do
    sample.operation = operation
    compare(self, fixture_case.of(call, tool, turn, operation), sample)
    sample.operation = nil
  end
end

local function visitor(self)
  local count = 0
  return function(sample)
    take(self, sample)
    count = count + 1
    if count % PIECE == 0 then
      async.sleep(0)
    end
    return count < MOST
  end
end

-- ---- what nobody saw ----

local function unseen_rules(one)
  local rules = {}
  for rule in one.entry.text:gmatch("rule%s*=%s*[\"']([^\"'\n]+)[\"']") do
    rules[#rules + 1] = not one.rules[rule:gsub("^policy%.", "")] and rule or nil
  end
  return rules
end

local function unseen_was(one)
  local lines, rules = one.coverage:unseen(true), unseen_rules(one)
  if #lines > 0 then
    return "no sample reached all of line " .. table.concat(lines, ", ") .. " of the text before, so it is unknown what it forbids"
  elseif #rules > 0 then
    return "no sample was refused by the rule " .. table.concat(rules, ", ") .. " of the text before, so it is unknown what it forbids"
  end
end

local function unseen_now(one)
  local lines = one.coverage:unseen(false)
  return #lines > 0 and "no sample reached all of line " .. table.concat(lines, ", ")
    .. " of the text as it is now, so it is unknown what it lets through" or nil
end

local function add_unproved(self, all, unseen)
  for _, one in ipairs(all) do
    local why = not one.coverage and (one.overruns and "it does not come to an end, so it is unknown what it forbids"
      or "it cannot be watched") or unseen(one) or not self.is_whole
      and "there are more argument classes than are looked at"
    if why then
      self.rows[#self.rows + 1] = { policy = one.entry.path, was = "unknown", now = "unknown", why = why }
    end
  end
end

-- ---- all of it ----

---What the policies forbade and do not forbid any more, as far as can be told.
---@param after table generation
---@param changed {was: table[], now: table[]} see changed
---@param world {house: table[]?, recorded: table[], shipped: fun(path: string): string?}
---@return table[] rows
function M.delta(after, changed, world)
  if #changed.was == 0 then
    return {}
  end
  local self = {
    after = after, was = watched(changed.was), now = watched(changed.now), rows = {}, widened = 0, shipped = world.shipped,
    vocabulary = word_delta.of(tables.column(changed.was, "text"), tables.column(changed.now, "text"), world.house),
  }
  self.is_whole = asked.each(after, self.vocabulary, world.recorded, visitor(self))
  if self.widened > ROWS then
    self.rows[#self.rows + 1] = { was = "deny", now = "allow", why = self.widened - ROWS .. " more decisions of this kind" }
  end
  add_unproved(self, self.was, unseen_was)
  add_unproved(self, self.now, unseen_now)
  return self.rows
end

return M
