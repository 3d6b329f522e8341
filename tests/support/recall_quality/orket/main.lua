-- main.lua: the program that measures how often the right row is found (ORKET_LUA).

local async, acts = require("orket.async"), require("orket.errors")
local cjson, projects, searches = require("cjson"), require("orket.project.project"),
  require("orket.memory.search")
local recall, embedders = require("orket.memory.recall"), require("orket.memory.embedder")

local function read(path)
  local file = assert(io.open(path))
  local value = cjson.decode(file:read("a"))
  file:close()
  return value
end

local function place_of(rows, text)
  for i, row in ipairs(rows) do
    if row.text == text then
      return i <= 5
    end
  end
  return false
end

local function fill(project, rows)
  local stream = project.store:stream({ run = "board", turn = 0, actor = "human:test", role = "human" })
  local tx = stream:begin()
  for _, text in ipairs(rows) do
    tx:event("memory.noted", nil, { text = text, scope = "project" })
  end
  assert(acts.check(async.await(tx.commit, tx)))
end

return function(argv)
  return async.main(function(dir, path)
    local project <close> = assert(projects.open(dir, { own = true }))
    local asked, told = read(path), {}
    fill(project, asked.rows)
    local embedder = embedders.of(project)
    for i, question in ipairs(asked.questions) do
      local words = searches.by_words(project.store, {}, question.text, 100)
      local wide = searches.wide(project.store, {}, question.text)
      local near = assert(recall.near((recall.ask(embedder, wide, question.text))))
      told[i] = { words = place_of(words, question.row),
        meaning = place_of((searches.ranked(project.store, {}, question.text, near)), question.row) }
    end
    print(cjson.encode(told))
    return 0
  end, argv[1], argv[2])
end
