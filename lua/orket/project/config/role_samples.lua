-- role_samples.lua: the functions of a project's own roles, called on sample cards before a run calls them: a
-- prompt that fails or writes nothing, a route that raises or proposes what the state machine does not know.

local answers = require("orket.turn.answers")
local cjson = require("cjson")
local errors = require("orket.errors")
local fsm = require("orket.core.fsm")

local M = {}

local SUMMARISER = "summariser"

local function array(list)
  return setmetatable(list, cjson.array_mt)
end

-- docs/roles.md, "The view": every member.
local function full_view(role, status)
  return {
    card = {
      id = "sample-2", type = "issue", name = "A sample card", description = "What is wanted.",
      requirements = "- one\n- two",
      status = status, priority = 2, seat = "coder", note = "A note.", revision = 4,
      labels = array({ "sample" }), params = {},
      depends_on = array({ "sample-1" }), retry_count = 1, max_retries = 3,
    },
    dependencies = array({ { id = "sample-1", name = "Its dependency", status = "done", note = "A note." } }),
    comments = array({ { author = "human:ada", role = "human", text = "A comment.",
      at = "2026-01-31T12:00:00Z" } }),
    memory = array({ { card = "sample-1", text = "A note of earlier work.", keywords = array({}) } }),
    verification = { fixture = "sample.json", last = { ok = false, log = "It failed." } },
    effects = array({}), conflict = array({ { path = "a.txt", with = "sample-3" } }),
    approvals = array({ { id = "sample.1/1/1", tool = "write_file", paths = array({ "a.txt" }),
      rule = "gate.ask", status = "denied", by = "human:ada", why = "No." } }),
    epic = { id = "sample", type = "epic", name = "A sample epic", status = "in_progress",
      description = "Its description." },
    role = role, seat = "coder", review = status == "code_review",
  }
end

-- Members may be absent: only a card's id, name and status are sure.
local function sparse_view(role)
  return { card = { id = "sample-1", type = "issue", name = "sample-1", status = "in_progress" }, role = role,
    seat = "coder", review = false }
end

local SUMMARY = { card = { id = "sample-1", name = "A sample card", status = "in_progress" },
  record = "> a line", summary = cjson.null, bytes = 4000 }

-- {what it is of, arguments, whether it only warns}
local function prompt_samples(role)
  if role == SUMMARISER then
    return { { "a sample conversation", { SUMMARY } } }
  end
  return {
    { "a sample card", { full_view(role, "in_progress") } },
    { "a sample card under review", { full_view(role, "code_review") } },
    { "a card without description, requirements and comments", { sparse_view(role) }, true },
  }
end

-- A role with an output is routed by its data, of which there is no sample.
local function route_samples(role, about)
  local card, samples = full_view(role, "in_progress").card, {}
  for _, status in ipairs(about.output and {} or { false, "ready_for_testing", "in_progress", "blocked" }) do
    local reason = status == "blocked" and "input" or nil
    local proposal = status and { status = status, reason = reason, why = "A reason." } or nil
    samples[#samples + 1] = {
      status and "a sample proposal of " .. status or "a reply without a proposal",
      { card, { content = "A text.", proposal = proposal }, array({ { tool = "write_file", ok = true } }) },
    }
  end
  return samples
end

local function is_status(word)
  for _, status in ipairs(fsm.names().statuses) do
    if status.name == word then
      return true
    end
  end
  return false
end

local JUDGE = {}

function JUDGE.prompt(answer, role)
  return answers.prompt(answer, role)
end

function JUDGE.route(answer, role)
  if answer == cjson.null then
    return true
  end
  local proposal, err = answers.proposal(answer, role)
  if proposal and not is_status(proposal.status) then
    return nil, errors.new("ERR_SCRIPT_CONTRACT", "route of the role " .. role .. " proposes the status '"
      .. proposal.status .. "', which does not exist",
      "docs/state-machine.md lists them")
  end
  return proposal, err
end

local function problem_of(entry, sample, err)
  local line, why = err.message:match("^" .. entry.path:gsub("%p", "%%%0") .. ":(%d+): (.*)$")
  return {
    file = entry.path, line = tonumber(line) or 1, path = "", message = (why or err.message) .. " (for "
      .. sample[1] .. ")",
    fix = errors.fix_of(err), warning = sample[3], code = errors.is_environment(err) and err.code or nil,
  }
end

-- The first sample that a function fails on.
local function failing(entry, fn, samples)
  for _, sample in ipairs(samples) do
    local answer, err = errors.check(entry.script:call(fn, sample[2]))
    if not err then
      answer, err = JUDGE[fn](answer, entry.name)
    end
    if not answer then
      return problem_of(entry, sample, err)
    end
  end
end

---@param entry table a role of a generation
---@return Problem[]
function M.problems(entry)
  local problems = { failing(entry, "prompt", prompt_samples(entry.name)) }
  if entry.about.route then
    problems[#problems + 1] = failing(entry, "route", route_samples(entry.name, entry.about))
  end
  return problems
end

return M
