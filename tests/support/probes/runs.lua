-- runs.lua: what runs_spec.lua runs inside the binary.

local M = {}

function M.meets_a_stale_epic(path)
  local async, cards = require("orket.async"), require("orket.project.cards")
  local projects, runs = require("orket.project.project"), require("orket.scheduler.jobs.run_card")
  async.main(function()
    local project = assert(projects.open(path, { own = true }))
    project:load_scripts()
    project:open_board("system")
    assert(cards.create(project))
    assert(require("orket.scripts.serving").record(project))
    local status, err = runs.run(project, "textkit", { on_run = function(run)
      run.epic.revision = run.epic.revision + 1
    end })
    print(status, err.code)
    project:close()
    return 0
  end, {})
end

function M.cannot_record(path, coder)
  local async, projects = require("orket.async"), require("orket.project.project")
  async.main(function()
    local project = assert(projects.open(path, { own = true }))
    local first = project:load_scripts()
    project:open_board("system")
    assert(require("orket.scripts.serving").record(project))
    local file = assert(io.open(coder, "a"))
    file:write("-- changed")
    file:close()
    local board, full = project.board, { blob = function() return "" end, event = function() end }
    function full.commit(_, done) done(nil, "no space", "ERR_STORE_FULL") end
    project.board = { begin = function() return full end }
    require("orket.scripts.serving.change").reload(project, print)
    print(project.generation == first)
    project.board = board
    require("orket.scripts.serving.change").reload(project, print)
    print(project.generation == first, #project.store:read("generation", { id = project.generation.id }))
    project:close()
    return 0
  end, {})
end

return M
