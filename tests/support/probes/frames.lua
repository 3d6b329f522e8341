-- frames.lua: frames of a board, of every size, inside the program: each has to fit its window.

local frame, text = require("orket.view.live.frame"), require("orket.view.format.text")
local statuses = { "ready", "in_progress", "done", "blocked", "waiting_for_developer", "code_review" }
local scene = { id = "an-epic-with-a-long-name.1", status = "running", seconds = 3725, tokens = 1234567,
  cards = {},
  doing = { c2 = "write_file", c8 = "begins" },
    asked = { c3 = "an-epic-with-a-long-name.1/2/3", c4 = "e.1/2/3" }, streams = {} }
scene.streams.c2 = { doing = "write_file", words = ("漢字 words "):rep(20), calls = 0, bytes = 3100,
  seconds = 72, silent = 0, replying = 25 }
scene.streams.c8 = { doing = "thinks", words = "", calls = 0, seconds = 21, silent = 21, replying = 0 }
for i = 1, 60 do
  scene.cards[i] = { id = i % 5 == 0 and "a-very-long-identifier-" .. i or "c" .. i,
    name = ("名 name "):rep(i % 9),
    status = statuses[i % #statuses + 1], wait_reason = "review" }
end
for columns = 20, 210, 7 do
  for rows = 5, 80, 3 do
    scene.keys = rows % 2 == 0 and "j/k select  q stop" or nil
    local lines = frame.lines(scene, columns, rows)
    assert(#lines < rows, #lines .. " lines in " .. rows)
    for _, line in ipairs(lines) do
      local width = text.width(line)
      assert(width < columns, columns .. ": " .. line)
    end
  end
end
scene.keys = nil
local all = table.concat(frame.lines(scene, 100, 24), "\n")
assert(all:find("c2  ") and all:find("writes 3.1 KB · ~31 tok/s · 1:12", 1, true)
  and all:find("no bytes for 21 s · 0:21", 1, true) and all:find("and %d+ more: "), all)
assert(all:find("1:02:05", 1, true) and all:find("1,234,567 tokens", 1, true), all)
scene.before = 600
assert(frame.lines(scene, 100,
  24)[1]:find("  running  in all 1:12:05, 1,234,567 tokens  this session 1:02:05", 1, true),
  frame.lines(scene, 100, 24)[1])
assert(all:find("10 of 60 done, 2 at work, 20 parked", 1, true), all)
scene.cards[1].status = "canceled"
all = table.concat(frame.lines(scene, 100, 24), "\n")
assert(all:find(" of 60 done, 1 canceled, 2 at work", 1, true), all)
scene.cards = { { id = "a-card-with-a-long-id", name = ("long "):rep(9), status = "blocked",
  wait_reason = "review" } }
scene.asked = { ["a-card-with-a-long-id"] = "an-epic.12/345/6789" }
scene.notice = require("orket.scripts.permission_delta.notice").sentence("0123456789abcdef",
  { { why = ("more "):rep(20) } })
all = table.concat(frame.lines(scene, 80, 24), "\n")
assert(all:find("orket approve an-epic.12/345/6789", 1, true), all)
assert(all:find("orket policy accept 0123456789abcdef", 1, true), all)
local many = table.concat(frame.lines(scene, 100, 62), "\n")
assert(not many:find("after ", 1, true), many)
scene.cards = { { id = "a", status = "ready", depends_on = { "b", "c" } }, { id = "b", status = "done" },
  { id = "c", status = "in_progress" },
  { id = "d", status = "ready", depends_on = { "b" } } }
scene.doing, scene.asked = { c = "thinks" }, {}
scene.streams = { c = { doing = "thinks", words = "", calls = 1, bytes = 999, seconds = 1, silent = 19.9,
  replying = 0.5 } }
all = table.concat(frame.lines(scene, 80, 24), "\n")
assert(all:find("a%s+after c\n") and all:find("d%s+ready$") and all:find("writes a call 999 B · 0:01", 1,
  true), all)
scene.streams.c.tool = "write_file"
all = table.concat(frame.lines(scene, 80, 24), "\n")
assert(all:find("calls write_file 999 B · 0:01", 1, true), all)
for _, row in ipairs({ { "write_file", "hello.sh", "writes hello.sh 999 B · 0:01" },
  { "edit_file", "src/a.c", "edits src/a.c 999 B" },
  { "read_file", "a", "calls read_file a 999 B" }, { nil, "a", "writes a call 999 B" },
  { "write_file", ("a/"):rep(60) .. "b.c", "writes …" .. ("a/"):rep(18) .. "b.c 999 B · 0:01" } }) do
  scene.streams.c.tool, scene.streams.c.path = row[1], row[2]
  all = table.concat(frame.lines(scene, 120, 24), "\n")
  assert(all:find(row[3], 1, true), all)
  all = table.concat(frame.lines(scene, 40, 24), "\n")
  assert(all:find("999 B · 0:01", 1, true), all)
end
scene.streams.c = { doing = "thinks", words = "", thoughts = "hm\27[2J, so", calls = 0, bytes = 2000,
  seconds = 12, silent = 0, replying = 10 }
all = table.concat(frame.lines(scene, 80, 24), "\n")
assert(all:find("thinks 2.0 KB · ~50 tok/s · 0:12", 1, true) and all:find("hm [2J, so", 1, true), all)
all = table.concat(frame.lines(scene, 34, 24), "\n")
assert(all:find("thinks 2.0 KB · 0:12", 1, true) and not all:find("tok/s", 1, true), all)
scene.keys, scene.selected = "j/k select", "e"
scene.cards[5] = { id = "e", name = "Orders", seat = "coder", status = "blocked", wait_reason = "review" }
scene.cards[6] = { id = "f", name = "Refunds", seat = "coder", status = "waiting_for_developer",
  wait_reason = "input" }
scene.asked, scene.questions = { e = "e.1/2/3" },
  { e = "needs approval: write_file db/1.sql", f = "Keep\n the key?" }
for columns, row in pairs({ [120] = "e  Orders   coder  needs approval: write_file db/1%.sql +a review",
  [60] = "e  needs approval: write_file db/1%.sql +a review" }) do
  all = table.concat(frame.lines(scene, columns, 24), "\n")
  assert(all:find(row) and all:find("Keep the key%? +r answer") and all:find("j/k select +2 need you"), all)
end
scene.keys = nil
scene.stopped = { c = {} }
all = table.concat(frame.lines(scene, 80, 24), "\n")
assert(all:find("c%s+at a breakpoint, goes on from orket repl") and not all:find("writes a call", 1, true),
  all)
print("frames fit")
