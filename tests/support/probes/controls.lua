-- controls.lua: pagers and the lines of a turn, for controls_spec.lua, inside the binary.

local M = {}

function M.reads_a_pager()
  local pagers = require("orket.view.live.pager")
  local lines = {}
  for i = 1, 30 do lines[i] = "line " .. i .. (" word"):rep(12) end
  local function last() return "" end
  local pager = pagers.new("title", pagers.wrapped(lines))
  assert(#pager:rows(100, 20, last) < 20)
  io.write(tostring(pager:is_read()), " ")
  pager:move(0, 1)
  pager:rows(100, 20, last)
  io.write(tostring(pager:is_read()), " ")
  pager:rows(40, 20, last)
  io.write(tostring(pager:is_read()), " ")
  for _ = 1, 9 do pager:move(0, 1) pager:rows(40, 20, last) end
  io.write(tostring(pager:is_read()), " ")
  local jumped = pagers.new("title", pagers.wrapped(lines), true)
  jumped:rows(100, 20, last)
  io.write(tostring(jumped:is_read()), " ")
  local short = pagers.new("title", pagers.wrapped({}))
  short:rows(20, 4, last)
  print(short:is_read())
end

function M.follows_a_text()
  local pagers = require("orket.view.live.pager")
  local count, out = 10, {}
  local pager = pagers.follow("title", function()
    local lines = {}
    for i = 2, count do lines[i - 1] = "line " .. i end
    return lines
  end)
  local function look(columns)
    local lines = pager:rows(columns or 60, 6, function() return "" end)
    out[#out + 1] = table.concat(lines, " "):match("lines (%d+%-%d+)")
  end
  look()
  count = 13
  look()
  pager:move(-4)
  look()
  count = 20
  look()
  look(40)
  pager:move(math.huge)
  look()
  count = 21
  look()
  io.write(table.concat(out, " "))
end

function M.shows_a_turn()
  local drafts, turn_lines = require("orket.view.live.reply_draft"), require("orket.view.live.turn_lines")
  local events, draft = {}, drafts.new()
  local store = { read = function(_, query, of)
    if query == "turns" then
      return { { run = "r", turn = 1, seq = 1, card = "A" }, { run = "r", turn = 2, seq = 5, card = "A" } }
    end
    local found = {}
    for _, event in ipairs(events) do
      found[#found + 1] = (event.turn == of.turn and event.n > of.after) and event or nil
    end
    return found
  end }
  local body = turn_lines.new(store, { run = "r", turn = 2, seq = 5, card = "A" }, function() return draft
    and draft:entry() end)
  local function said(columns) return table.concat(body(columns or 78), "\n") end
  local function add(turn, n, text)
    events[#events + 1] = { turn = turn, n = n, seq = n, at = "2026-01-31T12:00:00.000Z",
      kind = "comment.added", actor = "a", body = { text = text } }
  end
  add(1, 1, "of another turn")
  add(2, 1, "first")
  draft:add("", { beside = 5, calls = 0, thoughts = "hm\27]2;x\7" })
  draft:add("I wri", { beside = 5, calls = 0 })
  draft:add("te", { beside = 30, calls = 1, tool = "write_file", path = "a.sh" })
  local all = said()
  assert(all:find("first", 1, true) and not all:find("another turn", 1, true), all)
  assert(all:find("thoughts, as they come\n    hm␛]2;x␇\n", 1, true) and all:find("reply, as it comes\n    I write\n", 1, true), all)
  assert(all:find("call write_file a.sh, 22 bytes so far", 1, true), all)
  draft = nil
  add(2, 2, "second")
  for _, columns in ipairs({ 78, 50 }) do
    all = said(columns)
    assert(select(2, all:gsub("first", "")) == 1 and select(2, all:gsub("second", "")) == 1
      and not all:find("comes", 1, true), all)
  end
  draft = drafts.new()
  for i = 1, 30000 do
    draft:add("text " .. i .. "\n", { beside = 9 * i, calls = 0, thoughts = "thought\n" })
  end
  assert(draft:last_words("content", 6) == "30000\n" and #draft:entry().text <= 65536 + 20 and draft:entry().text:find("^…"))
  assert(#draft:entry().thoughts <= 65536 + 20)
  draft:add("", { beside = 3, calls = 0, thoughts = "new" }) -- another attempt
  assert(draft:entry().thoughts == "new" and draft:entry().text == nil)
  io.write("ok")
end

return M
