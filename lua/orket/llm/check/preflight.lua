-- preflight.lua: whether a model can do what a run asks of it, by asking it: four requests, each with its
-- deadline.

local cjson = require("cjson")
local client = require("orket.llm.client")
local strings = require("orket.util.strings")

local M = {}

M.TIMEOUT = 60 -- seconds of one request

local SYSTEM = cjson.encode({ role = "system",
  content = "You do exactly what you are asked, and nothing else." })
local WORD = "lighthouse"

local TOOLS = cjson.encode({
  { type = "function", ["function"] = {
    name = "report_word", description = "Reports a word.",
    parameters = {
      type = "object", additionalProperties = false, required = { "word" },
      properties = { word = { type = "string" } },
    },
  } },
})

local SCHEMA = cjson.encode({
  type = "object", additionalProperties = false, required = { "word" },
  properties = { word = { type = "string" } },
})

local function is_word(value)
  return type(value) == "table" and type(value.word) == "string"
end

local CHECKS = {}

-- judge: of a reply and how many pieces of it came: {ok, message?, cure?}; when it is ok the message is a
-- note

CHECKS[1] = { name = "reachable", ask = { stream = false }, prompt = "Answer with the word OK.",
  judge = function()
    return { ok = true }
  end }

CHECKS[2] = { name = "streams", ask = { stream = true }, prompt = "Count from one to ten, in words.",
  judge = function(_, deltas)
    return { ok = deltas > 0, message = "no text came before the end of the reply",
      cure = "its words cannot be followed while it writes; a proxy in between may hold streams back" }
  end }

CHECKS[3] = { name = "calls", ask = { stream = true, tools = TOOLS },
  prompt = "Call the tool report_word with the word " .. WORD .. ". Do not answer in any other way.",
  judge = function(reply)
    local call = reply.calls[1]
    if not call then
      return { ok = false, message = "it answered without a call",
        cure = "a model without calls of its own may write them: \"calls\": \"text\" in its profile" }
    end
    local fits = call.name == "report_word" and is_word(cjson.decode(call.arguments))
    if fits and reply.dialect then
      return { ok = true, message = "answers calls as text (" .. reply.dialect .. "); read as such" }
    end
    return { ok = fits, message = "it called " .. call.name .. " with " .. strings.cut(call.arguments, 100),
      cure = "use a model that keeps to a tool's schema" }
  end }

CHECKS[4] = { name = "json", ask = { stream = true, json = SCHEMA },
  prompt = 'Answer with a JSON object that has one field "word" with the word ' .. WORD
    .. ", and nothing else.",
  judge = function(reply)
    local content = reply.content or ""
    return { ok = is_word(cjson.decode(content)),
      message = "its reply is no JSON of the schema: " .. strings.cut(content, 100),
      cure = "roles work without it; what asks for JSON needs another model" }
  end }

local function question(model, check, timeout, on_delta)
  local ask = { messages = { SYSTEM, cjson.encode({ role = "user", content = check.prompt }) }, attempts = 1,
    on_delta = on_delta }
  for key, value in pairs(check.ask) do
    ask[key] = value
  end
  local limits = model.deadlines or {}
  ask.model = setmetatable({ deadlines = {
    connect = math.min(limits.connect or 10, timeout), first_byte = timeout, idle = timeout, total = timeout,
  } }, { __index = model })
  return ask
end

local function run(model, check, timeout)
  local deltas = 0
  local reply, err = client.complete(question(model, check, timeout, function(text)
    deltas = deltas + (text ~= "" and 1 or 0)
  end))
  if not reply then
    return { check = check.name, outcome = "error", code = err.code, message = err.message, cure = err.fix,
      ms = err.ms or 0 }
  end
  local judged = check.judge(reply, deltas)
  if judged.ok then
    local note = reply.dialect and judged.message or nil
    return { check = check.name, outcome = "ok", code = cjson.null, message = note, ms = reply.ms,
      usage = reply.usage }
  end
  return { check = check.name, outcome = "error", code = "ERR_PROTOCOL", message = judged.message,
    cure = judged.cure, ms = reply.ms, usage = reply.usage }
end

-- Its profile says that it is not asked for this.
local function is_spared(model, check)
  return check.name == "streams" and model.stream == false
end

---Asks a model. Called in a task. When it cannot be reached the other checks are skipped.
---@param model table its profile
---@param timeout number|nil seconds of one request
---@return {check: string, outcome: "ok"|"error"|"skipped", code: string?, message: string?, cure: string?,
---  ms: integer}[]
---@return boolean ok
function M.run(model, timeout)
  local rows, ok = {}, true
  for i, check in ipairs(CHECKS) do
    local skipped = rows[1] and rows[1].outcome ~= "ok" or is_spared(model, check)
    rows[i] = skipped and { check = check.name, outcome = "skipped", code = cjson.null, ms = 0 }
      or run(model, check, timeout or M.TIMEOUT)
    ok = ok and (rows[i].outcome == "ok" or is_spared(model, check))
  end
  return rows, ok
end

return M
