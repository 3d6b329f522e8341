-- sentences.lua: events as sentences for a person.

local budget_format = require("orket.governance.budget.budget_format")
local cjson = require("cjson")
local error_hints = require("orket.llm.error_hints")
local approval_format = require("orket.governance.approvals.approval_format")
local local_time = require("orket.view.format.local_time")
local tables = require("orket.util.tables")
local text = require("orket.view.format.text")

local M = {}

local LINE_MAX = 400 -- columns of one sentence
local ERROR_MAX = 4000 -- of one that says what went wrong: its end is where the fix is
local ERRORS = {
  ["call.refused"] = true, ["call.result"] = true, ["card.moved"] = true, ["model.paused"] = true,
  ["step.failed"] = true, ["turn.failed"] = true, ["policy.failed"] = true,
  ["branch.unpushed"] = true,
}

local function moved(body)
  local why = body.why and body.role == "system" and local_time.within(body.why) or body.why
  local reason = body.reason and " [" .. body.reason .. "]" or ""
  return body.from .. " -> " .. body.to .. reason .. (why and ": " .. why or "")
end

local function repaired(body)
  return string.format("repaired: %d calls were text (%s)", body.repaired, body.dialect or "?")
end

local function command_end(body)
  if body.error and body.error.code then
    return body.error.code
  elseif body.limit then
    return "stopped by the " .. body.limit .. " limit"
  end
  return body.signal and "signal " .. body.signal or "exit " .. tostring(body.exit)
end

local function verdict(body)
  return (body.ok and "verification passed: " or "verification FAILED: ") .. body.log
end

-- What a rule says, as a sentence of its own.
local function ended(words)
  return words:find("[.!?]%s*$") and words or words .. "."
end

-- What was refused, why, what to do instead, and by which rule.
local function refusal(what, body, rule)
  local parts = { "refused: " .. what .. "." }
  parts[#parts + 1] = body.why and body.why ~= "" and ended((body.why:gsub("^%l", string.upper))) or nil
  parts[#parts + 1] = body.fix and "Fix: " .. ended(body.fix) or nil
  parts[#parts + 1] = "Rule: " .. rule
  return table.concat(parts, " ")
end

-- A tool ran, and the gate refused what it tried.
local function refused(operations)
  for _, one in ipairs(operations or {}) do
    if one.refused then
      return refusal(one.op .. (one.path and " " .. one.path or ""), one, one.refused)
    end
  end
end

-- What the model was answered, when it is an error: one line.
local function last_message(store, convo)
  local message = store:message(convo)
  local content = message and (cjson.decode(message) or {}).content
  if type(content) ~= "string" then
    return nil
  end
  local value = cjson.decode(content)
  local err = type(value) == "table" and (type(value.error) == "table" and value.error or value)
  if not err or type(err.message) ~= "string" then
    return text.line(content)
  end
  return text.line(err.message .. (err.code and " (" .. tostring(err.code) .. ")" or ""))
end

-- A call that the model made and that came to nothing; its message is a text of the journal.
local function result(body, _, store)
  local what = refused(body.operations)
  if what or body.ok ~= false then
    return what
  end
  local message = store and body.convo and last_message(store, body.convo)
  return "failed: " .. body.tool .. (message and ". " .. message or "")
end

local function amount(number)
  return math.tointeger(number) or string.format("%.1f", number)
end

local function changed_user(body)
  local set = body.set
  if set.role then
    return body.name .. " is " .. set.role .. " now"
  elseif set.disabled ~= nil then
    return body.name .. (set.disabled and " is disabled" or " may sign in again")
  end
  return body.name .. " has a new password"
end

local function signed_in(body)
  if body.ok then
    return body.name .. " signed in"
  end
  return (body.count == 1 and "an attempt" or body.count .. " attempts") .. " to sign in as "
    .. (body.name or "an unknown user") .. " failed"
end

local SENTENCE = {
  ["run.started"] = function(_, e) return "run " .. e.run .. " started" end,
  ["run.resumed"] = function(_, e) return "run " .. e.run .. " goes on" end,
  ["canary.started"] = function(b)
    return "the scripts " .. b.generation .. " serve " .. b.turns .. " turns beside " .. b.stable
  end,
  ["canary.promoted"] = function(b) return "the scripts " .. b.generation .. " serve all turns" end,
  ["canary.rolled_back"] = function(b)
    return "the scripts " .. b.generation .. " are rolled back: " .. b.why
  end,
  ["example.accepted"] = function(b)
    return "proposal " .. b.proposal .. " is accepted as an example of " .. b.role
  end,
  ["example.removed"] = function(b) return b.role .. " is shown an example less" end,
  ["approval.given"] = function(b) return "yes to " .. b.ask .. ", which needs another one as well" end,
  ["user.created"] = function(b) return b.name .. " is a user, as " .. b.role end,
  ["user.changed"] = changed_user,
  ["user.removed"] = function(b) return b.name .. " is no user any more" end,
  ["user.signed_in"] = signed_in,
  ["key.created"] = function(b)
    return "the key " .. b.id .. " (" .. b.name .. ") of " .. (b.user or "a service") .. " is good until "
      .. b.expires_at
  end,
  ["key.revoked"] = function(b) return "the key " .. b.id .. " is revoked" end,
  ["mcp.trusted"] = function(b)
    return #b.tools .. " tools of the MCP server " .. b.server .. " are trusted"
  end,
  ["mcp.changed"] = function(b)
    return "the MCP server " .. b.server .. " describes " .. b.tool .. " in another way: it is quarantined"
  end,
  ["store.restored"] = function(b)
    local from = b.from == "backup" and "a backup" or "what was left of it"
    return string.format("the database was restored from %s, up to commit %d%s", from, b.seq,
      b.lost and string.format("; commits up to %d are lost", b.lost) or "")
  end,
  ["run.halted"] = function(b) return "run " .. b.run .. " is halted" end,
  ["run.dropped"] = function(b)
    return "run " .. b.run .. " is dropped: its prompts, replies and calls are gone"
  end,
  ["run.forked"] = function(b, e) return "run " .. e.run .. " is forked from " .. b.of .. "@" .. b.at end,
  ["cards.forked"] = function(b) return #b.cards .. " open cards are forked, as *" .. b.suffix end,
  ["card.forked"] = function(b)
    return "forked from " .. b.of .. " as it was at " .. b.at .. ", " .. b.status
  end,
  ["turn.forked"] = function(b) return string.format("%s (%s) goes on with its turn", b.seat, b.role) end,
  ["turn.started"] = function(b)
    return string.format("%s (%s) takes it%s%s", b.seat, b.role, b.review and " for review" or "",
      b.arm and ", arm " .. b.arm or "")
  end,
  ["card.moved"] = moved,
  ["card.created"] = function(b) return "new card: " .. (b.name or "") end,
  ["call.allowed"] = function(b)
    local how = b.repaired and " (repaired: " .. table.concat(b.repaired, "; ") .. ")" or ""
    return "calls " .. b.tool .. how
  end,
  ["call.refused"] = function(b) return refusal(b.tool, b, b.rule) end,
  ["call.result"] = result,
  -- an epic's first files are no news
  ["file.written"] = function(b) return not b.tree and "wrote " .. b.path or nil end,
  ["source.imported"] = function(b)
    local left = #b.left > 0 and (", %d left out"):format(#b.left) or ""
    return ("starts from commit %s of %s%s"):format(b.commit:sub(1, 12), b.repo, left)
  end,
  ["source.updated"] = function(b)
    return ("commit %s of %s is merged, %d files changed"):format(b.commit:sub(1, 12), b.repo, #b.changes)
  end,
  ["branch.pushed"] = function(b)
    return ("%s at %s is pushed to %s%s"):format(b.ref:match("[^/]+/[^/]+$"), b.commit:sub(1, 12), b.remote,
      b.rule and ", as " .. b.rule .. " says" or "")
  end,
  ["branch.unpushed"] = function(b)
    local fix = b.fix and ". Fix: " .. b.fix or ""
    return ("is not pushed to %s: %s: %s%s"):format(b.remote, b.code, b.message, fix)
  end,
  ["file.deleted"] = function(b) return "deleted " .. b.path end,
  ["comment.added"] = function(b) return "comment: " .. b.text end,
  ["turn.labelled"] = function(b)
    return "has read what came from outside (" .. table.concat(b.labels, ", ") .. ")"
  end,
  ["card.trusted"] = function(b) return (b.path or "what is said") .. " is trusted" end,
  ["verify.done"] = verdict,
  ["tree.conflict"] = function(b) return "merge conflict in " .. b.path end,
  ["tree.kept"] = function(b)
    return "kept aside (orket put takes a file into its card), because the journal does not have it: "
      .. table.concat(b.paths, ", ")
      .. (b.count > #b.paths and " and " .. math.tointeger(b.count) - #b.paths .. " more" or "") .. ", in "
        .. b.place
  end,
  ["turn.failed"] = function(b) return "turn failed: " .. b.code end, -- the card's move says why
  ["turn.looped"] = function(b) return "stopped by the rule " .. b.rule end, -- the card's move says why
  ["turn.nudged"] = function() return "nudged: a reply without a call that could be made" end,
  ["window.compacted"] = function(b)
    return b.refreshed and "the card has changed: its words are written anew"
      or string.format("the window is full (about %d of %d tokens): older steps are shortened", b.need,
        b.limit)
  end,
  ["window.summarised"] = function() return "older steps are summed up" end,
  ["window.full"] = function(b) return b.why end,
  ["step.reply"] = function(b)
    local cut = b.finish == "length" and error_hints.cut(b.model, b.usage)
    return cut or b.repaired and repaired(b) or nil
  end,
  ["step.failed"] = function(b)
    return "the model failed: " .. (b.message or b.code)
      .. (b.wait and string.format(" (again in %.1f s)", b.wait) or "")
  end,
  ["memory.refused"] = function(b) return refusal("the memory", b, b.rule) end,
  ["memory.ranked"] = function(b)
    return b.error and "what is remembered was looked for by words alone: " .. b.error.message or nil
  end,
  ["command.ran"] = function(b)
    return "ran " .. table.concat(b.argv, " "):sub(1, 120) .. ": " .. command_end(b)
  end,
  ["egress.request"] = function(b)
    local where = (b.host or "?") .. (b.port and ":" .. math.tointeger(b.port) or "") .. (b.path or "")
    if b.rule then
      return refusal((b.method or "a request") .. " " .. where, b, b.rule)
    end
    local came = b.why or (b.status and math.tointeger(b.status) .. ", " or "") .. math.tointeger(b.received)
      .. " bytes"
    return "requested " .. b.method .. " " .. where .. ": " .. came
  end,
  ["operation.settled"] = function(b)
    return (b.happened and "had happened before the interruption: "
      or "had not happened before the interruption: ")
      .. b.op .. " " .. b.path
  end,
  ["operation.uncertain"] = function(b)
    return "unknown outcome: " .. b.operation.op
      .. " was interrupted. Check it, then answer: happened, did-not or again"
  end,
  ["operation.answered"] = function(b)
    return "answers: " .. b.answer .. (b.text and ", " .. b.text or "")
  end,
  ["scripts.waiting"] = function(b)
    local added = #b.delta + (b.more or 0)
    return string.format("script change %s adds %d %s. A person has to accept it: orket policy accept %s",
      b.generation, added,
      added == 1 and "permission" or "permissions", b.generation)
  end,
  ["scripts.accepted"] = function(b)
    local why = b.auto and ", as the organization accepts all" or ""
    return "scripts " .. b.generation .. " are accepted" .. why
  end,
  ["config.changed"] = function(b)
    return "the configuration is another one" .. (#b.delta > 0 and ", which makes more possible" or "")
  end,
  ["card.authored"] = function(b)
    return b.act .. "d in " .. table.concat(tables.keys(b.files), ", ")
  end,
  ["request.answered"] = function() return "answered a request with an Idempotency-Key" end,
  ["notice.began"] = function(b) return b.target .. " hears of what comes from now on" end,
  ["notice.sent"] = function(b) return "notified " .. b.target .. ": " .. b.id end,
  ["notice.failed"] = function(b) return b.target .. " did not take " .. b.id .. ": " .. b.message end,
  ["scripts.proposed"] = function(b)
    return "proposes " .. table.concat(tables.keys(b.files), ", ") .. ": generation " .. b.generation
  end,
  ["scripts.decided"] = function(b) return "the proposal " .. b.proposal .. " is " .. b.answer end,
  ["policy.failed"] = function(b) return b.path .. " does not serve: " .. b.message end,
  ["project.saved"] = function(b) return b.path .. " is saved" end,
  ["policy.rolled_back"] = function(b) return "policies are those of " .. b.to .. " again" end,
  ["approval.asked"] = function(b, e)
    return string.format("needs approval: %s (rule %s). Review: orket approvals --full %s/%s/%d",
      approval_format.line(b), b.rule or "asked",
      e.run, e.turn, e.n)
  end,
  ["approval.answered"] = function(b) return b.answer .. " " .. b.ask .. (b.why and ": " .. b.why or "") end,
  ["budget.warned"] = function(b)
    return string.format("budget warning: %s has used %s of %s (%d %%). Work parks at 100 %%", b.cap,
      amount(b.used), amount(b.limit),
      budget_format.percent(b.used, b.limit))
  end,
  ["budget.reached"] = function(b) return "budget: " .. b.why end,
  ["model.paused"] = function(b)
    local cure = b.cure and b.cure .. "; " or ""
    local fix = b.since and ". Fix: " .. cure .. "orket setup finds another model" or ""
    return "pause: " .. local_time.within(b.why) .. fix
  end,
  ["budget.lifted"] = function(b) return "goes on: " .. b.why end,
}

---What happened, as one line of clean text; nil when it is not for people.
---@param event table
---@param store Store|nil  where a failed call's message is
---@return string|nil
function M.what(event, store)
  local say = SENTENCE[event.kind]
  local what = say and say(event.body, event, store)
  local person = what and (event.actor or ""):match("^human:(.*)")
  what = person and person .. ": " .. what or what
  local most = ERRORS[event.kind] and ERROR_MAX or LINE_MAX
  return what and text.cut(text.line(what), most) or nil
end

---A sentence with its card in front.
---@param event table
---@param what string
---@return string
function M.headed(event, what)
  return text.fit(text.clean(event.card or ""), math.max(14, #(event.card or ""))) .. " " .. what
end

---The same with the card in front.
---@param event table
---@param store Store|nil
---@return string|nil
function M.sentence(event, store)
  local what = M.what(event, store)
  return what and M.headed(event, what)
end

return M
