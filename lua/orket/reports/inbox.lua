-- inbox.lua: what waits for a person, whatever kind it is of: approvals (plans among them), operations of
-- which the outcome is unknown, questions, work that is parked, scripts that wait to be accepted or are
-- proposed, pushes that failed; and what may be said to each. What has a deadline comes first.

local approvals = require("orket.governance.approvals.approvals")
local notice = require("orket.scripts.permission_delta.notice")
local at_most_once = require("orket.effects.at_most_once")
local parked = require("orket.reports.parked")
local planning = require("orket.planning.planning")
local plan_format = require("orket.planning.plan_format")
local approval_format = require("orket.governance.approvals.approval_format")
local proposal_format = require("orket.scripts.proposal_format")
local proposals = require("orket.scripts.proposals")
local push_policy = require("orket.repository.push_policy")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local waits = require("orket.scripts.serving.waits")

local M = {}

---@class InboxItem
---@field kind "approval"|"unknown"|"question"|"cap"|"parked"|"scripts"|"proposal"|"push"
---@field id string of the question, the card or the generation
---@field event integer|nil that parked the card: an answer is to this question, and to no later one
---@field card string|nil
---@field remote string|nil that a push is to
---@field plan string|nil whose proposal an approval is about
---@field cap string|nil that has no room left: its path, as of budget_tree
---@field rule string|nil that asks
---@field asks string|nil what an approval is for, in a line
---@field role string|nil that asks
---@field hash string|nil of the content of an approval
---@field generation string|nil that proposed scripts are
---@field operation table|nil of which the outcome is unknown
---@field title string one line
---@field lines string[] the whole content, clean
---@field first string|nil what to do before the command, or to know
---@field expires_at string|nil UTC
---@field commands string[] that answer it

-- ---- each kind ----

local function content(store, row)
  local operation = row.operation.op == "plan.make" and planning.asked(store, row)
  if not operation then
    return approval_format.all(store, row)
  end
  local plan = row.card:find("^PLAN%-%d+%-draft$") and planning.find(store, row.card)
  local lines = plan_format.lines(operation)
  for _, line in ipairs(plan and plan_format.assumptions(plan.assumptions) or {}) do
    lines[#lines + 1] = line
  end
  return lines
end

local function of_approval(store, row, option)
  local id = text.visible(row.id)
  local commands = { "orket approve" .. option .. " " .. id, "orket deny" .. option .. " " .. id
    .. " --why TEXT" }
  local plan = row.card:match("^(PLAN%-%d+)%-draft$")
  commands[3] = plan and "orket plan" .. option .. " --go-on " .. plan or nil
  return {
    kind = "approval", id = row.id, card = row.card, expires_at = row.expires_at, lines = content(store, row),
    commands = commands, plan = plan, rule = row.rule, hash = row.hash, role = row.role,
    asks = approval_format.line(row),
    title = ("%s asks for %s (%s)"):format(row.card, approval_format.line(row), approval_format.rule(row)),
  }
end

local function kind_of(row)
  if row.operation then
    return "unknown"
  elseif row.cap then
    return "cap"
  end
  return row.reason == "input" and "question" or "parked"
end

local function lines_of(words)
  local lines = {}
  for line in (words .. "\n"):gmatch("(.-)\r?\n") do
    lines[#lines + 1] = text.visible(line)
  end
  return lines
end

local function of_card(row, asked)
  return {
    kind = kind_of(row), id = row.id, card = row.id, event = row.event,
    lines = lines_of(row.why or row.reason or row.status), first = row.first and text.visible(row.first),
    commands = { row.command }, cap = row.cap, operation = row.operation,
    title = asked and row.id .. ": unknown outcome of " .. at_most_once.describe(row.operation)
      or row.id .. " is parked (" .. (row.reason or row.status) .. ")",
  }
end

local function of_scripts(one, option)
  local lines = {}
  for _, row in ipairs(one.delta) do
    lines[#lines + 1] = text.visible(notice.line(row))
  end
  return {
    kind = "scripts", id = one.generation, lines = lines,
    commands = { "orket policy" .. option .. " accept " .. one.generation },
    title = "changed scripts add permissions: " .. table.concat(one.files, ", "),
  }
end

local function of_proposal(one, option)
  local command = "orket script" .. option
  return {
    kind = "proposal", id = ("%d"):format(one.id), generation = one.generation,
    lines = proposal_format.lines(one), title = proposal_format.title(one),
    commands = { ("%s accept %d %s"):format(command, one.id, one.generation),
      ("%s reject %d --why TEXT"):format(command, one.id) },
  }
end

local function of_push(row, option)
  return {
    kind = "push", id = row.card .. "/" .. row.remote, card = row.card, event = row.seq, remote = row.remote,
    lines = { text.visible(row.body.code .. ": " .. row.body.message),
      row.body.fix and text.visible(row.body.fix) or nil },
    commands = { ("orket push%s --remote %s %s"):format(option, row.remote, text.visible(row.card)) },
    title = ("%s is not pushed to %s (%s)"):format(row.card, row.remote, row.body.rule),
  }
end

local function note_asked(asked, rows)
  for _, row in ipairs(rows) do
    asked[row.card] = true
  end
end

-- Approvals, and cards that wait for something else. A question may be asked or answered between two reads,
-- so those before and those after the cards count: no card is there for a moment as one that merely waits.
local function read_waiting(store, dir)
  local asked, cards = {}, {}
  note_asked(asked, approvals.pending(store))
  local all = parked.persons(parked.list(store, nil, dir))
  local rows = approvals.pending(store)
  note_asked(asked, rows)
  for _, row in ipairs(all) do
    cards[#cards + 1] = not asked[row.id] and row or nil
  end
  return rows, cards
end

-- ---- what an answer means ----

local function request(item, act, fields)
  fields.act, fields.who, fields.event = act, sys.user(), item.event
  fields.card = act ~= "accept" and item.id or nil
  return fields
end

local PARKED = {
  hint = "retry, answer TEXT",
  meant = function(item, word, rest)
    if word == "retry" and not rest then
      return request(item, "retry", {})
    end
    return word == "answer" and rest and request(item, "answer", { text = rest })
  end,
}

local SAY = { -- kind -> what may be said, and the request that it is: of the first word and the rest
  approval = {
    hint = "approve, deny WHY",
    meant = function(item, word, rest)
      if word == "approve" and not rest then
        return request(item, "approve", {})
      end
      return word == "deny" and rest and request(item, "deny", { why = rest })
    end,
  },
  unknown = {
    hint = "happened TEXT, did-not, again",
    meant = function(item, word, rest)
      local is_answer = word == "happened" or word == "did-not" or word == "again"
      return is_answer and request(item, "answer", { text = word .. (rest and " " .. rest or "") })
    end,
  },
  question = {
    hint = "answer TEXT",
    meant = function(item, word, rest)
      return word == "answer" and rest and request(item, "answer", { text = rest })
    end,
  },
  parked = PARKED, cap = PARKED,
  push = {
    hint = "push",
    meant = function(item, word, rest)
      return word == "push" and not rest and { act = "push", card = item.card, remote = item.remote,
        who = sys.user() }
    end,
  },
  scripts = {
    hint = "accept",
    meant = function(item, word, rest)
      return word == "accept" and not rest and request(item, "accept", { generation = item.id })
    end,
  },
}

SAY.proposal = {
  hint = "accept, reject WHY",
  meant = function(item, word, rest)
    local said = { id = math.tointeger(tonumber(item.id)), who = sys.user() }
    if word == "accept" and not rest then
      said.act, said.generation = "scripts.accept", item.generation
      return said
    end
    said.act, said.why = "scripts.reject", rest
    return word == "reject" and rest and said
  end,
}

---What a person may say to it.
---@param item InboxItem
---@return string
function M.hint(item)
  return SAY[item.kind].hint
end

---The request that is meant by a line; nil when it is none of those.
---@param item InboxItem
---@param line string trimmed
---@return PersonRequest|nil
function M.request(item, line)
  local word, rest = line:match("^(%S*)%s*(.*)$")
  return SAY[item.kind].meant(item, word, rest ~= "" and rest or nil) or nil
end

-- ---- all of it ----

---What waits for a person: first what expires, the next to expire foremost, then the rest.
---@param store Store
---@param dir string the project, as the person named it
---@param owned boolean|nil this process owns it
---@return InboxItem[]
function M.list(store, dir, owned)
  local items, option = {}, parked.option(dir)
  local rows, cards = read_waiting(store, dir)
  for i, row in ipairs(rows) do
    items[i] = of_approval(store, row, option)
  end
  table.sort(items, function(a, b)
    return a.expires_at ~= b.expires_at and a.expires_at < b.expires_at or a.expires_at == b.expires_at
      and a.id < b.id
  end)
  for _, row in ipairs(cards) do
    items[#items + 1] = of_card(row, row.operation ~= nil)
  end
  local scripts = waits.of(store, dir, owned)
  items[#items + 1] = scripts and of_scripts(scripts, option) or nil
  for _, one in ipairs(proposals.open(store)) do
    items[#items + 1] = of_proposal(one, option)
  end
  for _, row in ipairs(push_policy.failures(store)) do
    items[#items + 1] = of_push(row, option)
  end
  return items
end

return M
