-- fork.lua: what fork_spec.lua runs inside the binary.

local M = {}

function M.reviews_its_own_work(path, rev)
  local async, store = require("orket.async"), require("orket.core.store")
  async.main(function()
    local db = assert(store.open(path))
    local tx = db:stream({ run = "ep-f1.1", turn = 1, actor = "agent:dev", role = "integrity_guard" }):begin()
    tx:event("turn.started", "A-f1", { seat = "dev", role = "integrity_guard" })
    tx:move("A-f1", { type = "issue", from = "code_review", to = "done", role = "integrity_guard",
      rev = rev })
    print(select(3, async.await(tx.commit, tx)))
    db:close()
    return 0
  end)
end

function M.changes_a_card(dir, at, set)
  local acts, projects = require("orket.governance.acts"), require("orket.project.project")
  require("orket.async").main(function()
    local project <close> = assert(projects.open(dir, { own = true }))
    print((select(2, acts.perform(project, { act = "fork", run = "ep.1", at = at, set = set }))).code)
    return 0
  end)
end

return M
