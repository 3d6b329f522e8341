-- main.lua DIR BODIES: notes that trusted code makes in a project, as commits of their own
-- (ORKET_LUA=tests/support/noter).

local async, cjson = require("orket.async"), require("cjson")
local errors, projects = require("orket.errors"), require("orket.project.project")
return function(argv)
  return async.main(function(dir, bodies)
    local project <close> = assert(projects.open(dir, { own = true }))
    local stream = project.store:stream({ run = "board", turn = 0, actor = "human:test", role = "human" })
    for _, body in ipairs(cjson.decode(bodies)) do
      local tx = stream:begin()
      tx:event("memory.noted", nil, body)
      assert(errors.check(async.await(tx.commit, tx)))
    end
    return 0
  end, argv[1], argv[2])
end
