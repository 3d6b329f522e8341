-- policies.lua: do the policies of a generation forbid as much as those before them? A text that was added can
-- only forbid more. One that changed or went is asked beside its successor about every argument class and about
-- the calls of the journal. Sampling proves nothing by itself, so it fails closed: it is growth as well when the
-- old text has lines or rules that no sample reached, because nobody saw what they forbid.

local async = require("orket.async")
local case = require("orket.policy.case")
local cjson = require("cjson")
local code = require("orket.policy.code")
local list = require("orket.list")
local samples = require("orket.growth.samples")

local M = {}

local PIECE = 25 -- samples between two looks at what else there is to do
local MOST = 30000 -- samples in all
local ROWS = 40 -- of widened decisions that are shown
local RANK = { deny = 2, ask = 1 }
local STATUSES = { "in_progress", "code_review" }

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
  for _, path in ipairs(list.keys(old)) do
    if not new[path] or not code.is_same(old[path].text, new[path].text) then
      changed.was[#changed.was + 1] = old[path]
    end
  end
  for _, path in ipairs(list.keys(new)) do
    if not old[path] or not code.is_same(old[path].text, new[path].text) then
      changed.now[#changed.now + 1] = new[path]
    end
  end
  return changed
end

-- ---- one decision ----

local function decide(entry, shown, labels)
  if entry.about.when == "labels" and not next(labels) then
    return { rank = 0, rule = "", ok = true }
  end
  local trace = entry.script:trace("decide", { shown.call, shown.view })
  local answer = trace and not trace.code and trace.value
  if answer == cjson.null then
    return { rank = 0, rule = "", ok = true, lines = trace.lines }
  elseif type(answer) ~= "table" or not RANK[answer.decision] then
    return { rank = 2, rule = "failed", ok = false }
  end
  return { rank = RANK[answer.decision], rule = tostring(answer.rule or "house"), ok = true, lines = trace.lines }
end

-- The strictest of them; what the old ones reached is noted.
local function ask(entries, shown, labels, reached)
  local most = { rank = 0, rule = "" }
  for _, entry in ipairs(entries) do
    local one = decide(entry, shown, labels)
    local seen = reached and reached[entry.path]
    for line in pairs(seen and one.ok and one.lines or {}) do
      seen.lines[line] = true
    end
    if seen and one.ok then
      seen.rules[one.rule:gsub("^policy%.", "")] = true
    end
    most = one.rank > most.rank and one or most
  end
  return most
end

local WORD = { [0] = "allow", "ask", "deny" }

local function describe(arguments)
  local short = {}
  for key, value in pairs(type(arguments) == "table" and arguments or {}) do
    short[key] = type(value) == "string" and #value > 60 and #value .. " bytes" or value
  end
  return cjson.encode(short)
end

local function compare(self, shown, sample)
  local was = ask(self.changed.was, shown, sample.labels, self.reached)
  if was.rank == 0 then
    return
  end
  local now = ask(self.changed.now, shown, sample.labels)
  if now.rank < was.rank then
    self.widened = self.widened + 1
    if self.widened <= ROWS then
      self.rows[#self.rows + 1] = {
        role = sample.role, status = sample.status, tool = sample.tool,
        arguments = (sample.operation and sample.operation.op .. " of " or "") .. describe(sample.arguments),
        was = WORD[was.rank], now = WORD[now.rank], why = "policy." .. was.rule .. " does not object any more",
      }
    end
  end
end

-- ---- the samples ----

local function rest(self)
  self.count = self.count + 1
  if self.count % PIECE == 0 then
    async.sleep(0)
  end
  self.is_cut = self.is_cut or self.count >= MOST
  return not self.is_cut
end

local function card_of(sample)
  return {
    id = "SAMPLE", type = "issue", name = "a sample", description = "", status = sample.status, priority = 2.0, seat = "sample",
    labels = setmetatable({}, cjson.array_mt), depends_on = setmetatable({}, cjson.array_mt), params = {}, retry_count = 0,
    max_retries = 3, revision = 1,
  }
end

-- What a tool of the project's own may ask for meanwhile.
local function operations_of(self, tool, sample)
  local found = {}
  if self.words.operation and tool.text ~= self.shipped(tool.path) then
    for _, kind in ipairs(tool.about.operations) do
      found[#found + 1] = { op = kind, path = sample.arguments.path, content = sample.arguments.content }
    end
  end
  return found
end

local function take(self, sample)
  local tool = self.after.tools[sample.tool]
  local allowed, _, asked = self.after.gate:call({
    role = sample.role, tool = sample.tool, arguments = cjson.encode(sample.arguments), card = card_of(sample),
  })
  local call = allowed or asked
  if not call then
    return
  end
  local turn = {
    card = card_of(sample), role = sample.role, seat = "sample", labels = sample.labels, run = "sample", number = 1,
  }
  compare(self, case.of(call, tool, turn), sample)
  for _, operation in ipairs(operations_of(self, tool, sample)) do
    sample.operation = operation
    compare(self, case.of(call, tool, turn, operation), sample)
    sample.operation = nil
  end
  call:close()
end

local function labels_of(self)
  local all = { {} }
  if self.words.labels then
    all[2] = { untrusted = true }
    for word in pairs(self.words) do
      if #all < 6 and word:find("^[%w:_-]+$") and #word <= 32 then
        all[#all + 1] = { [word] = true }
      end
    end
  end
  return all
end

-- What a policy does not speak of it does not decide by, unless it goes through all that there is.
local function speaks_of(self, word, names)
  if self.words[word] or self.words.pairs or self.words.next or self.words.encode then
    return true
  end
  for _, name in ipairs(names) do
    if self.words[name] then
      return true
    end
  end
  return false
end

-- The pairs of a role and a tool of it; of each tool one, when the policies do not ask who calls.
local function pairs_of(self)
  local found, seen, names = {}, {}, list.keys(self.after.roles)
  local all = speaks_of(self, "role", names)
  for _, role in ipairs(names) do
    for _, tool in ipairs(self.after.roles[role].about.tools) do
      if self.after.tools[tool] and (all or not seen[tool]) then
        seen[tool] = true
        found[#found + 1] = { role = role, tool = tool }
      end
    end
  end
  return found
end

local function statuses_of(self, tool)
  local statuses = self.after.tools[tool].about.statuses or STATUSES
  return speaks_of(self, "status", statuses) and statuses or { statuses[1] }
end

local function each_class(self)
  local all = labels_of(self)
  for _, pair in ipairs(pairs_of(self)) do
    for _, status in ipairs(statuses_of(self, pair.tool)) do
      for _, call in ipairs(self.calls[pair.tool]) do
        for _, labels in ipairs(all) do
          take(self, { role = pair.role, status = status, tool = pair.tool, arguments = call.arguments, labels = labels })
          if not rest(self) then
            return
          end
        end
      end
    end
  end
end

local function each_recorded(self, recorded)
  for _, call in ipairs(recorded) do
    if type(call.arguments) == "table" then
      for _, status in ipairs(STATUSES) do
        take(self, { role = call.role, status = status, tool = call.tool, arguments = call.arguments, labels = {} })
      end
      if not rest(self) then
        return
      end
    end
  end
end

-- ---- what nobody saw ----

local function unseen_lines(entry, seen)
  local lines = {}
  for line in pairs(code.lines(entry.text)) do
    lines[#lines + 1] = not seen.lines[line] and line or nil
  end
  table.sort(lines)
  return lines
end

local function unseen_rules(entry, seen)
  local rules = {}
  for rule in entry.text:gmatch("rule%s*=%s*[\"']([^\"'\n]+)[\"']") do
    rules[#rules + 1] = not seen.rules[rule:gsub("^policy%.", "")] and rule or nil
  end
  return rules
end

local function unproved(self, entry)
  local seen = self.reached[entry.path]
  local lines, rules = unseen_lines(entry, seen), unseen_rules(entry, seen)
  if #lines == 0 and #rules == 0 then
    return nil
  end
  return (#lines > 0 and "no sample reached line " .. table.concat(lines, ", ") or "no sample was refused by the rule "
    .. table.concat(rules, ", ")) .. " of the text before, so nobody saw what it forbids"
end

local function add_unproved(self)
  for _, entry in ipairs(self.changed.was) do
    local why = unproved(self, entry)
    why = why or self.is_cut and "there are more argument classes than are looked at"
    if why then
      self.rows[#self.rows + 1] = { policy = entry.path, was = "unknown", now = "unknown", why = why }
    end
  end
end

-- ---- all of it ----

local function texts_of(changed)
  local texts = {}
  for _, entries in pairs(changed) do
    for _, entry in ipairs(entries) do
      texts[#texts + 1] = entry.text
    end
  end
  table.sort(texts)
  return texts
end

local function begin(after, changed, house, shipped)
  local vocabulary = samples.vocabulary(texts_of(changed), house)
  local self = {
    after = after, changed = changed, rows = {}, widened = 0, count = 0, reached = {}, calls = {}, words = vocabulary.words,
    is_cut = vocabulary.is_cut, shipped = shipped,
  }
  for name, tool in pairs(after.tools) do
    local cut
    self.calls[name], cut = samples.calls(tool.about.schema, vocabulary)
    self.is_cut = self.is_cut or cut
  end
  for _, entry in ipairs(changed.was) do
    self.reached[entry.path] = { lines = {}, rules = {} }
  end
  return self
end

---What the policies forbade and do not forbid any more, as far as can be told.
---@param after table generation
---@param changed {was: table[], now: table[]} see changed
---@param world {house: table[]?, recorded: table[], shipped: fun(path: string): string?}
---@return table[] rows
function M.delta(after, changed, world)
  if #changed.was == 0 then
    return {}
  end
  local self = begin(after, changed, world.house, world.shipped)
  local cut = self.is_cut
  self.is_cut = false
  each_class(self)
  each_recorded(self, world.recorded)
  self.is_cut = self.is_cut or cut
  if self.widened > ROWS then
    self.rows[#self.rows + 1] = { was = "deny", now = "allow", why = self.widened - ROWS .. " more decisions of this kind" }
  end
  add_unproved(self)
  return self.rows
end

return M
