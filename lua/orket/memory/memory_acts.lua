-- memory/memory_acts.lua: what a person has remembered and forgotten, as events in the person's name.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local labels = require("orket.governance.labels")
local note = require("orket.memory.note")
local person = require("orket.governance.person")
local reader = require("orket.project.reader")
local scripts = require("orket.scripts.scripts")
local sys = require("orket.core.sys")
local strings = require("orket.util.strings")

local embedders, recall, searches = require("orket.memory.embedder"), require("orket.memory.recall"),
  require("orket.memory.search")

local M = {}

local DAYS_MOST = 36500

local act = {}

local function usage(message, fix)
  return nil, errors.new("ERR_USAGE", message, fix)
end

---A text that may be remembered: no longer than what is looked at when it is looked for.
---@param text any
---@return string|nil text without blanks around it
---@return Error|nil
function M.text(text)
  text = type(text) == "string" and strings.trimmed(text) or ""
  if text == "" or not utf8.len(text) then
    return usage(text == "" and "the text is empty" or "the text is not UTF-8",
      "write what should be remembered")
  elseif #text > note.MOST then
    return usage("the text has " .. #text .. " bytes, " .. note.MOST .. " is the most",
      "remember a sentence, and where the rest is")
  end
  local what = note.leak({ text = text })
  if what then
    return nil, errors.new("ERR_DENIED", "the text holds " .. what,
      "leave it out: name where it is kept instead")
  end
  return text
end

-- For whom: a card of the board, a role, an epic of the board, or everybody.
local function place_of(project, request)
  local id = request.card or request.epic
  local card, err
  if id then
    card, err = reader.card(project.store, id)
  end
  if err then
    return nil, err
  elseif request.card then
    if request.role or request.epic then
      return usage("a row is for a card, or for a role or an epic", "name one of them")
    end
    return { scope = "card", epic = card.epic or card.id, reader = card.id }
  elseif request.epic and card.type ~= "epic" then
    return usage(id .. " is no epic but of type " .. card.type, "name an epic, or --card " .. id)
  elseif request.role and not scripts.texts(project.root)["roles/" .. request.role .. ".lua"] then
    return nil, errors.new("ERR_NOT_FOUND", "there is no role '" .. request.role .. "'",
      "orket script lists them")
  elseif request.role then
    return { scope = "role", epic = request.epic or "", reader = request.role }
  end
  return { scope = request.epic and "epic" or "project", epic = request.epic or "" }
end

local function expiry_of(request)
  local days = request.days and tonumber(request.days)
  if request.days and not (days and days > 0 and days <= DAYS_MOST) then
    return usage("DAYS is '" .. request.days .. "'", "a number above 0, at most " .. DAYS_MOST)
  end
  return days and os.date("!%Y-%m-%dT%H:%M:%S", os.time() + math.ceil(days * 86400)) .. sys.now():sub(20)
end

-- What a request says of each of its texts.
local function about(project, request)
  local place, err = place_of(project, request)
  local expires
  if place then
    expires, err = expiry_of(request)
  end
  if err then
    return nil, err
  elseif request.label and not labels.is_name(request.label) then
    return usage("'" .. request.label .. "' is no label", "small letters, digits, _ and -")
  end
  place.expires_at, place.labels = expires, request.label and { request.label }
  return place
end

local function noted(place, text)
  return { text = text, scope = place.scope, epic = place.epic, reader = place.reader,
    expires_at = place.expires_at, labels = place.labels }
end

-- Many at once: all of them or none.
act["remember.lines"] = function(tx, request, project)
  local place, err = about(project, request)
  local lines = place and cjson.decode(request.text or "")
  if not place or type(lines) ~= "table" then
    return nil, err or errors.new("ERR_JSON", "no list of texts")
  end
  for i, line in ipairs(lines) do
    local text
    text, err = M.text(line)
    if not text then
      err.message = "text " .. i .. " of these: " .. err.message
      return nil, err
    end
    tx:event("memory.noted", request.card, noted(place, text))
  end
  return function()
    return { count = #lines }
  end
end

function act.remember(tx, request, project)
  local text, err = M.text(request.text)
  local place
  if text then
    place, err = about(project, request)
  end
  if err then
    return nil, err
  end
  tx:event("memory.noted", request.card, noted(place, text))
  return function()
    local row = project.store:read("memory_row",
      { scope = place.scope, epic = place.epic, reader = place.reader or "", text = text })[1]
    return { id = row.id, scope = place.scope,
      message = "remembered as " .. row.id .. ", scope " .. place.scope }
  end
end

function act.forget(tx, request, project)
  local id = math.tointeger(tonumber(request.id))
  local row = id and searches.of(project.store, { all = true }, { id })[1]
  if not row then
    return nil, errors.new("ERR_NOT_FOUND", "nothing is remembered as '" .. tostring(request.id) .. "'",
      "orket memory search shows the numbers")
  elseif row.forgotten then
    return nil, errors.new("ERR_TRANSITION", row.id .. " is forgotten already, by event " .. row.forgotten,
      "orket memory why " .. row.id)
  end
  tx:event("memory.forgotten", row.card, { id = row.id, why = request.why })
  return function()
    embedders.forget(project, row.text)
    return { id = row.id, scope = row.scope,
      message = "forgot " .. row.id .. "; the journal keeps what it said" }
  end
end

-- How near rows are to a text, for whoever looks; only what it cost is recorded.
function act.recall(tx, request, project)
  local embedder = embedders.of(project)
  local rows = embedder and searches.wide(project.store, request, request.text or "") or {}
  if #rows == 0 or not (request.text or ""):find("%S") then
    return function()
      return { near = {} }
    end
  end
  local body, err = recall.ask(embedder, rows, request.text)
  if not body then
    return nil, err
  end
  local near = body.near
  body.near = nil
  tx:event("memory.ranked", request.card, body)
  return function()
    return { near = near, error = body.error }
  end
end

local function perform(project, request)
  local tx = person.begin(project, request.who)
  local told, err = act[request.act](tx, request, project)
  if not told then
    return nil, err
  end
  local ok
  ok, err = errors.check(async.await(tx.commit, tx))
  if not ok then
    return nil, err
  end
  return told()
end

-- ---- the acts ----

M.acts = {
  remember = {
    summary = "remembers a text: for a card, a role, an epic, or the project",
    fields = { text = "text", card = "text?", epic = "text?", role = "text?", label = "text?",
      days = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_DENIED" }, plain = true, perform = perform,
  },
  ["remember.lines"] = {
    summary = "remembers each text of the JSON array `text`: all of them or none",
    fields = { text = "text", card = "text?", epic = "text?", role = "text?", label = "text?",
      days = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_DENIED", "ERR_JSON" }, perform = perform,
  },
  forget = {
    summary = "takes a row out of what is remembered; the journal keeps it",
    fields = { id = "text", why = "text?" },
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION" }, plain = true, perform = perform,
  },
  recall = {
    summary = "asks the embedder how near remembered rows are to a text, and records what that cost",
    fields = { text = "text", card = "text?", epic = "text?", role = "text?" },
    errors = {}, beside = true, perform = perform,
  },
}

return M
