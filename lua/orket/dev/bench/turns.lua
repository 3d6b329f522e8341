-- turns.lua: `orket bench turns`: what one durable step costs, end to end.
--
-- N cards stand in review; the guard's turn on each is three streamed requests (write a file, read it,
-- finish), under the gate, journaled, merged, done. Nothing of the engine is switched off.

local async = require("orket.async")
local cjson = require("cjson")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local client = require("orket.llm.client")
local options = require("orket.options")
local run_set = require("orket.scheduler.run_set")
local scheduler = require("orket.scheduler.scheduler")
local serving = require("orket.scripts.serving")
local projects = require("orket.project.project")
local cli_report = require("orket.view.cli_report")
local sys = require("orket.core.sys")

local M = {}

M.usage = [[
usage: orket bench turns --issues N --concurrency C --llm URL --workspace DIR [--persist full|off]

Runs N cards, three streamed steps each, against a model server; prints one line BENCH {...}.
]]

local function configuration(args)
  return {
    ["config/organization.json"] = {
      name = "bench", vision = "measure", ethos = "honestly",
      models = { bench = { base_url = args.llm, model = "bench" } },
      process_rules = { default_llm = "bench", limits = { concurrency = tonumber(args.concurrency) } },
    },
    ["config/teams/bench.json"] = {
      name = "bench", seats = {
        worker = { name = "Worker", roles = { "coder" } },
        guard = { name = "Guard", roles = { "integrity_guard" } },
      },
    },
    ["config/environments/bench.json"] = { name = "bench", model = "bench" },
    ["config/epics/bench.json"] = { name = "bench", team = "bench", environment = "bench",
      issues = cjson.empty_array },
  }
end

local function write_project(args)
  local root, err = errors.check(fs.root(args.workspace, { create = true }))
  if not root then
    return nil, err
  end
  for path, value in pairs(configuration(args)) do
    root:mkdir(path:match("^(.*)/"))
    root:write(path, cjson.encode(value))
  end
  for _, path in ipairs(embed.list("bench/project/")) do
    local own = path:gsub("^bench/project/", "")
    root:mkdir(own:match("^(.*)/"))
    root:write(own, embed.read(path))
  end
  return root
end

local function create_cards(project, count)
  local tx = project.board:begin()
  tx:event("card.created", "bench", {
    id = "bench", type = "epic", name = "bench", team = "bench", environment = "bench",
  })
  for i = 1, count do
    local id = string.format("B%06d", i)
    tx:event("card.created", id, {
      id = id, type = "issue", epic = "bench", parent_id = "bench", name = "measure a step", seat = "worker",
      status = "code_review", description = "Write the file, read it back, finish.",
    })
    if i % 500 == 0 then
      tx:commit(function() end)
      tx = project.board:begin()
    end
  end
  return errors.check(async.await(tx.commit, tx))
end

local function run(project, count)
  project:load_scripts()
  local ok, err = project:ready()
  if not ok then
    return nil, err
  end
  project:open_board("system")
  local creating = async.spawn(create_cards, project, count)
  serving.record(project)
  ok, err = async.join(creating)
  if not ok then
    return nil, err
  end
  local epic = project.store:read("card", { id = "bench" })[1]
  local began = sys.monotonic()
  local opened
  opened, err = scheduler.open(project, epic, { run = "bench.1", shared = run_set.of(project) })
  if not opened then
    return nil, err
  end
  local ended
  ended, err = opened:run()
  return ended and { status = ended.status, seconds = sys.monotonic() - began }, err
end

-- Each run has a project of its own below the workspace.
local function own_directory(workspace)
  local root <close>, err = fs.root(workspace, { create = true })
  if not root then
    return errors.check(nil, err)
  end
  local n = 1
  while root:kind("run-" .. n) do
    n = n + 1
  end
  return workspace .. "/run-" .. n
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local known = { issues = "value", concurrency = "value", llm = "value", workspace = "value",
    persist = "value" }
  local args, message = options.parse(argv, known, {})
  local count = args and tonumber(args.issues)
  if not args or not count or not args.llm or not args.workspace then
    return options.refuse(M.usage, message or "--issues, --llm and --workspace are needed")
  end
  local ok, err
  args.workspace, err = own_directory(args.workspace)
  if not args.workspace then
    return cli_report.failure(err)
  end
  ok, err = write_project(args)
  if not ok then
    return cli_report.failure(err)
  end
  local project <close>, failure = projects.open(args.workspace,
    { own = true, beside = true, hasty = args.persist == "off" })
  if not project then
    return cli_report.failure(failure)
  end
  client.warm()
  local ended, why = run(project, count)
  if why then
    cli_report.failure(why)
  end
  if ended then
    print(string.format('BENCH {"issues":%d,"steps":%d,"seconds":%.3f,"steps_per_s":%.0f,"status":"%s"}',
      count, 3 * count, ended.seconds, 3 * count / ended.seconds, ended.status))
  end
  return ended and ended.status == "done" and 0 or 1
end

return M
