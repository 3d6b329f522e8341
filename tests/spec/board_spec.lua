-- board_spec.lua: what may start, in which order, and what the cards say about a run.

package.path = "lua/?.lua;" .. package.path
local boards = require("orket.scheduler.board")

local function card(id, status, more)
  local made = { id = id, status = status, ordinal = 0, score = 0, depends_on = {} }
  for key, value in pairs(more or {}) do
    made[key] = value
  end
  return made
end

local function ids(cards)
  local list = {}
  for i, one in ipairs(cards) do
    list[i] = one.id
  end
  return table.concat(list, " ")
end

describe("board.candidates", function()
  it("reviews come first, then returned work, then ready cards by score and age", function()
    local board = boards.new({
      card("young", "ready", { score = 2, ordinal = 3 }), card("old", "ready", { score = 2, ordinal = 1 }),
      card("urgent", "ready", { score = 9, ordinal = 4 }), card("back", "in_progress"),
        card("review", "code_review"),
      card("test", "ready_for_testing", { ordinal = 9 }), card("parked", "blocked"), card("gone", "canceled"),
    })
    assert.equal("review test back urgent old young", ids(board:best(10)))
    assert.equal("review test", ids(board:best(2)))
  end)

  it("a card waits for every dependency and becomes a candidate once", function()
    local board = boards.new({
      card("a", "ready"), card("b", "ready"), card("c", "ready", { depends_on = { "a", "b" }, ordinal = 5 }),
    })
    assert.equal("a b", ids(board:best(9)))
    board:moved("a", "done")
    assert.equal("b", ids(board:best(9)))
    board:moved("b", "archived")
    assert.equal("c", ids(board:best(9)))
    board:moved("b", "archived")
    assert.equal("c", ids(board:best(9)))
  end)

  it("a canceled dependency does not count as done", function()
    local board = boards.new({ card("a", "ready"), card("b", "ready", { depends_on = { "a" } }) })
    board:moved("a", "canceled")
    assert.equal("", ids(board:best(9)))
    assert.equal("b", ids(board:orphans("a")))
  end)

  it("a card that is worked on is no candidate, and is one again afterwards", function()
    local board = boards.new({ card("a", "ready") })
    board:start(board.cards.a)
    board:moved("a", "in_progress")
    assert.equal("", ids(board:best(9)))
    assert.equal(1, board.running)
    board:moved("a", "code_review")
    assert.equal("", ids(board:best(9)))
    board:stop(board.cards.a)
    assert.equal("a", ids(board:best(9)))
    assert.equal(0, board.running)
  end)

  it("candidates agree with a plain scan of all cards, whatever happens", function()
    math.randomseed(7)
    local statuses = { "ready", "in_progress", "code_review", "blocked", "done", "canceled" }
    local stage = { code_review = 1, ready_for_testing = 1, in_progress = 2, ready = 3 }
    local cards = {}
    for i = 1, 30 do
      cards[i] = card("c" .. i, "ready", { ordinal = i, score = math.random(3) })
      for _ = 1, math.random(0, 2) do
        if i > 1 then
          table.insert(cards[i].depends_on, "c" .. math.random(i - 1))
        end
      end
    end
    local board = boards.new(cards)
    for _ = 1, 500 do
      board:moved("c" .. math.random(30), statuses[math.random(#statuses)])
      local free = {}
      for _, one in ipairs(cards) do
        if stage[one.status] and board:is_free(one) then
          free[#free + 1] = one
        end
      end
      table.sort(free, function(a, b)
        if stage[a.status] ~= stage[b.status] then
          return stage[a.status] < stage[b.status]
        elseif a.score ~= b.score then
          return a.score > b.score
        end
        return a.ordinal < b.ordinal
      end)
      -- a candidate stays one when its dependency is taken back (done is final, so that never happens)
      local queued = {}
      for _, one in ipairs(board:best(99)) do
        if board:is_free(one) then
          queued[#queued + 1] = one
        end
      end
      assert.equal(ids(free), ids(queued))
    end
  end)
end)

describe("board", function()
  local rows = {
    { "done", { "done", "canceled", "archived" } },
    { "parked", { "done", "blocked", "ready" } },
    { "parked", { "waiting_for_developer" } },
    { "failed", { "ready", "done" } },
    { "done", {} },
  }
  for _, row in ipairs(rows) do
    it("board.status is " .. row[1] .. " for " .. table.concat(row[2], ", "), function()
      local cards = {}
      for i, status in ipairs(row[2]) do
        cards[i] = card("c" .. i, status)
      end
      local status, counts = boards.new(cards):status()
      assert.equal(row[1], status)
      for _, one in ipairs(row[2]) do
        assert.equal(1, counts[one])
      end
    end)
  end
end)
