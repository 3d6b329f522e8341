-- confirmation.lua: a person's yes to what a model asks for over MCP: the client shows the person exactly
-- what it is (elicitation), and only an explicit yes performs it. A model proposes; it never decides.
--
-- What is shown is data of agents as well: each line is visible and stands behind a margin, so that none
-- passes for a line of ours. What is too long to be shown whole is not asked here.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local tables = require("orket.util.tables")
local text = require("orket.view.format.text")

local M = {}

local MOST = 50000 -- bytes of a question
local PATIENCE = 600 -- seconds that a question is open
local REFUSED_MOST = 100 -- of a session: what a person said no to is not asked again
local MARGIN = "  | "

local FORM = {
  type = "object", required = { "confirm" }, properties = {
    confirm = { type = "boolean", default = false, title = "Yes, do exactly this",
      description = "I have read it. Without this nothing happens." },
  },
}

-- ---- what is shown ----

local function add_lines(out, lines)
  for _, line in ipairs(lines) do
    out[#out + 1] = MARGIN .. line
  end
end

local function said(value)
  return type(value) == "string" and value or cjson.encode(value)
end

local function add_fields(out, fields)
  for _, name in ipairs(tables.keys(fields)) do
    local lines = {}
    for line in (text.visible_block(said(fields[name]), "") .. "\n"):gmatch("(.-)\n") do
      lines[#lines + 1] = (#lines == 0 and name .. ": " or "    ") .. line
    end
    add_lines(out, lines)
  end
end

local function question(tool, arguments, shown, client)
  local out = { "Orket: " .. tool.route.summary, "",
    text.visible(client) .. " asks for it and cannot decide it. What you say yes to:" }
  add_fields(out, arguments)
  if shown and #shown.lines > 0 then
    out[#out + 1] = "What it is about, as agents wrote it:"
    add_lines(out, shown.lines)
  end
  return table.concat(out, "\n")
end

local function too_long(arguments)
  return errors.new("ERR_TOO_LARGE", "what has to be read first is longer than a question may be",
    "a person reads and decides it on the page of orket serve or in a terminal: orket inbox"
    .. (arguments.id and ", orket approvals --full " .. arguments.id or ""))
end

-- ---- asked ----

local function refused()
  return errors.new("ERR_DENIED", "the person said no",
    "do not ask again; go on without it, or ask what they want")
end

local function remember(session, key)
  if #session.refused < REFUSED_MOST then
    session.refused[#session.refused + 1] = key
  end
end

-- Only an accepted form with its box ticked is a yes; what is dismissed may be asked again.
local function verdict(session, key, answer)
  local given = type(answer.content) == "table" and answer.content.confirm
  if answer.action == "accept" and given == true then
    return true
  elseif answer.action == "cancel" then
    return nil, errors.new("ERR_CANCELED", "the person did not answer", "ask again when they want it")
  end
  remember(session, key)
  return nil, refused()
end

local function no_person()
  return errors.new("ERR_DENIED", "a service's key is no person's: what it says yes to counts for nothing",
    "sign in, or send a key of a user (orket key add)")
end

local function cannot_ask()
  return errors.new("ERR_DENIED", "this needs a person's yes, and this client cannot ask them (elicitation)",
    "the person decides it on the page of orket serve, or in a terminal: orket inbox")
end

---Asks the person beside the client. In a task; waits until they answer, ten minutes at most.
---@param session McpSession
---@param call McpCall
---@param tool McpTool
---@param arguments table as the model gave them
---@param shown {lines: string[]}|nil what the person has to read first
---@return true|nil yes
---@return Error|nil ERR_DENIED, ERR_TOO_LARGE, ERR_CANCELED, ERR_TIMEOUT
function M.ask(session, call, tool, arguments, shown)
  if not call.principal:is_person() then
    return nil, no_person()
  elseif not session:can_ask() then
    return nil, cannot_ask()
  end
  local message = question(tool, arguments, shown, session.client)
  local key = hash.of(message)
  if #message > MOST then
    return nil, too_long(arguments)
  elseif tables.has(session.refused, key) then
    return nil, refused()
  elseif session.asking then
    return nil, errors.new("ERR_DENIED", "another question to the person is open", "wait for its answer")
  end
  session.asking = true
  local answer, err = async.within(PATIENCE, session.ask, session, call.outlet, "elicitation/create",
    { message = message, requestedSchema = FORM, mode = session:knows("2025-11-25") and "form" or nil })
  session.asking = false
  if not answer then
    return nil, err
  end
  return verdict(session, key, answer)
end

return M
