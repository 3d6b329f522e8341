-- rerun_routes.lua: a recorded run once more: a fork goes on from one of its events, a replay derives it
-- again.

local api_schemas = require("orket.service.api.api_schemas")
local cjson = require("cjson")
local command_answer = require("orket.programs.command_answer")
local once = require("orket.service.api.once")
local run_routes = require("orket.service.routes.run_routes")

local M = { tag = "runs" }

local object = api_schemas.object
local TEXT, WHOLE, FLAG = { type = "string" }, { type = "integer" }, { type = "boolean" }

local function fork(service, request)
  local row, err = run_routes.find(service, request.params.id)
  if not row then
    return nil, err
  end
  local body = request.body
  return once.perform(service, request, function()
    return service:act({ act = "fork", run = row.id, at = body.at, role = body.role, script = body.script,
      set = body.set and cjson.encode(body.set) }, request.who, request.principal)
  end)
end

local function replay(service, request)
  local row, err = run_routes.find(service, request.params.id)
  if not row then
    return nil, err
  end
  local argv = { "replay", "--json", "-C", service.dir }
  argv[#argv + 1] = request.body.strict ~= false and "--strict" or nil
  argv[#argv + 1] = request.body.scripts and "--scripts" or nil
  argv[#argv + 1] = row.id
  return command_answer.ask(service.project, argv)
end

M.routes = {
  {
    name = "fork_run", method = "POST", path = "/v1/runs/{id}/fork", permission = "run", status = 201,
    summary = "begins a run that goes on from an event of another one; Idempotency-Key: once",
    headers = { ["Idempotency-Key"] = once.HEADER }, example = { at = "2.3", set = { "priority=high" } },
    body = { type = "object", required = { "at" }, additionalProperties = false, properties = {
      at = { type = "string", minLength = 1, description = "a seq, or TURN.N: the N-th event of a turn" },
      set = { type = "array", items = TEXT, maxItems = 100,
        description = "KEY=VALUE or CARD:KEY=VALUE: other fields of its cards" },
      role = { type = "string", description = "a role that has another text in the fork" },
      script = { type = "string", description = "that text, which is never accepted: for administrators" },
    } },
    answer = object({ card = TEXT, run = TEXT, of = TEXT, at = WHOLE, cards = WHOLE, turns = WHOLE,
      message = TEXT }),
    errors = { "ERR_NOT_FOUND", "ERR_USAGE", "ERR_LIMIT", "ERR_EXISTS", "ERR_CONFIG", "ERR_SCHEMA",
      "ERR_SCRIPT_SYNTAX", "ERR_SCRIPT_CONTRACT" }, handle = fork,
  },
  {
    name = "replay_run", method = "POST", path = "/v1/runs/{id}/replay", permission = "run", handle = replay,
    summary = "derives a recorded run again without a model, in a process of its own, and answers when it is"
      .. " through: the same (ok), or the first event that differs", body = {
      type = "object", additionalProperties = false, properties = {
        strict = { type = "boolean", description = "the engine's own events too (true)" },
        scripts = { type = "boolean", description = "with the project's scripts as they are now" },
      },
    },
    example = { strict = true }, errors = { "ERR_NOT_FOUND" },
    answer = object({ ok = FLAG }, { run = TEXT, events = WHOLE, turns = WHOLE, hash = TEXT, signed = FLAG,
      error = { type = "object" } }),
  },
}

return M
