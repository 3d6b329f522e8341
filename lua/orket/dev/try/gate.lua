-- gate.lua: `orket try gate`: what the gate of a project says to one call, and to the first operation
-- that the call's tool would ask for. Nothing is performed.

local cjson = require("cjson")
local config = require("orket.project.config")
local doc = require("orket.core.doc")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local gate_options = require("orket.governance.gate_options")
local judge = require("orket.effects.judge")
local places = require("orket.workspace.places")
local policy = require("orket.governance.policy")
local rates = require("orket.governance.rates")
local scripts = require("orket.scripts.scripts")
local sys = require("orket.core.sys")

local M = {}

M.usage = "gate PROJECT [CALL]   "
  .. "CALL: {role, card: {id, type, status, scope?}, tool, arguments, calls?, model?, time?, repeat?}"

local OFFERS_MOST = 10000000 -- of one row

local ALLOWED = { decision = "allow", rule = "gate.allow", why = "", fix = "" }

local function deny(rule, why, fix)
  return { decision = "deny", rule = rule, why = why, fix = fix or "" }
end

-- ---- the project ----

local loaded = {} -- directory -> generation, for the rows of one run

local function read_scripts(dir)
  local root <close>, err = errors.check(fs.root(dir))
  if not root then
    return nil, err.message
  end
  return scripts.texts(root)
end

-- The scripts of a project, else {message, fix?}.
local function load(dir)
  local project, problems = config.load(dir)
  if not project then
    local first = problems[1]
    local place = first.path ~= "" and " (at " .. first.path .. ")" or ""
    local message = ("%s:%d: %s%s"):format(first.file, first.line, first.message, place)
    return nil, { message = message, fix = first.fix }
  end
  local texts, unread = read_scripts(dir)
  if not texts then
    return nil, { message = unread }
  end
  local generation, refused = scripts.build(texts, gate_options.of(project.organization.process_rules))
  local first = unread[1] or refused[1]
  if first then -- with a script left out, a policy perhaps, more would be allowed than is
    local named = first.err.message:find(first.path, 1, true) == 1
    local message = (named and "" or first.path .. ": ") .. first.err.message
    return nil, { message = message, fix = errors.fix_of(first.err) }
  end
  generation.project = project
  generation.rates = rates.of(project.organization.process_rules)
  generation.asked = policy.of(generation, generation.nodes[project.organization.process_rules.policy_node])
  return generation
end

local function generation_of(dir)
  if type(dir) ~= "string" or dir == "" then
    return nil, deny("gate.project", "a request names its project", "add the directory of a project")
  end
  if not loaded[dir] then
    local generation, fault = load(dir)
    if not generation then
      return nil, deny("gate.project", fault.message,
        fault.fix or "`orket validate` lists everything that is wrong")
    end
    loaded[dir] = generation
  end
  return loaded[dir]
end

-- ---- the call ----

local function text_or_nil(value)
  return type(value) == "string" and value or nil
end

-- The arguments as the gate takes them: text as a model sends it, or a value; none are {}.
local function arguments_of(call)
  if call.arguments == nil then
    return "{}"
  elseif type(call.arguments) == "string" then
    return call.arguments
  end
  return doc.new(call.arguments)
end

-- The scope of a card: the call's own, or that of the project's card of this id.
local function scope_of(project, card)
  if card.scope ~= nil then
    return card.scope
  end
  for _, epic in pairs(project.epics) do
    for _, issue in ipairs(epic.issues) do
      if issue.id == card.id then
        return issue.params.scope
      end
    end
  end
end

local function request_of(call, root, project)
  local card = type(call.card) == "table" and call.card or {}
  return {
    role = text_or_nil(call.role), tool = text_or_nil(call.tool), arguments = arguments_of(call), root = root,
    scope = scope_of(project, card), calls = math.tointeger(tonumber(call.calls)),
    card = { id = text_or_nil(card.id), type = text_or_nil(card.type), status = text_or_nil(card.status) },
  }
end

-- The tree of the card when it has worked already. Without one nothing exists in it yet.
local function tree_of(dir, card)
  local id = type(card) == "table" and text_or_nil(card.id)
  local project <close> = id and fs.root(dir)
  for _, epic in ipairs(project and project:list("workspace") or {}) do
    local root = project:beneath("workspace/" .. epic.name .. "/cards/" .. places.name(id))
    if root then
      return root
    end
  end
end

-- The tool's script runs until it asks for something; that is judged and not answered.
local function first_operation(generation, allowed)
  local tool = generation.tools[allowed:tool()]
  local session = tool.script:open("run", { allowed:arguments() })
  if not session then
    return nil
  end
  local closing <close> = session
  local kind, operation = session:resume(cjson.null)
  return kind == "yield" and generation.gate:judge(allowed, operation) or nil
end

-- The rates count what this process was asked, by the call's own clock when it has one.
local function over_rate(generation, call, offer)
  local time = offer.time or sys.monotonic()
  return generation.rates and generation.rates:take(time, call:tool(), offer.role, offer.model) or nil
end

local function verdict_on(generation, request, offer)
  local allowed, refusal, asked = generation.gate:call(request)
  local call = allowed or asked
  if not call then
    return refusal
  end
  refusal = judge.stricter(refusal, over_rate(generation, call, offer))
  refusal = judge.stricter(refusal, policy.objection(generation.asked, call,
    generation.tools[request.tool], request))
  if refusal and refusal.decision == "deny" then
    return refusal
  end
  local first = first_operation(generation, call) or ALLOWED
  return judge.stricter(refusal, first.decision ~= "allow" and first or nil) or ALLOWED
end

local function number_or_nil(value)
  return type(value) == "number" and value >= 0 and value < 1e9 and value or nil
end

-- {"repeat": {"count": N, "per_second": R}} offers the call N times: the answer is the last one's, with how
-- many passed.
local function offered(generation, request, call)
  local wish = type(call["repeat"]) == "table" and call["repeat"] or {}
  local count = math.min(math.tointeger(tonumber(wish.count)) or 1, OFFERS_MOST)
  local speed, begin, accepted, answer = number_or_nil(wish.per_second), number_or_nil(call.time), 0, nil
  for i = 1, math.max(count, 1) do
    local time = speed and speed > 0 and (begin or 0) + (i - 1) / speed or begin
    local offer = { time = time, role = request.role, model = text_or_nil(call.model) }
    answer = verdict_on(generation, request, offer)
    accepted = accepted + (answer.decision == "allow" and 1 or 0)
  end
  if not wish.count then
    return answer
  end
  local told = { offered = count, accepted = accepted }
  for key, value in pairs(answer) do
    told[key] = value
  end
  return told
end

-- ---- the boundary ----

---@param args string[]
---@param read fun(name: string?): string?, string?
---@return {project: string, call: table}|nil request
---@return string? message
function M.request(args, read)
  if #args < 1 or #args > 2 then
    return nil, "a project and a call are wanted"
  end
  local text, message = read(args[2])
  if not text then
    return nil, message
  end
  local call, why = cjson.decode(text)
  if type(call) ~= "table" then
    return nil, "the call is no JSON object: " .. tostring(why or type(call))
  end
  return { project = args[1], call = call.call or call }
end

---@param request {project: string?}
---@param args string[]
function M.complete(request, args)
  request.project = request.project or args[1]
end

-- How many calls the turn has made: a count, or nothing can be said of the limit.
local function is_count(value)
  return value == nil or (math.type(value) == "integer" and value >= 0)
end

---@param request {project: string, call: table}
---@return GateVerdict answer, boolean accepted
function M.answer(request)
  if type(request.call) ~= "table" then
    return deny("gate.project", "a request holds a call", M.usage), false
  elseif not is_count(request.call.calls) then
    return deny("gate.project", "calls is no count of calls", "a whole number, 0 or more"), false
  end
  local generation, refusal = generation_of(request.project)
  if not generation then
    return refusal, false
  end
  local root <close> = tree_of(request.project, request.call.card)
  local answer = offered(generation, request_of(request.call, root, generation.project), request.call)
  return answer, answer.decision == "allow"
end

return M
