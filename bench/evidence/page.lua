-- page.lua: what the page takes in a real Chromium: a board of 1,000 cards from the request to paint and use (the
-- best of five loads), and the work of the page's thread in each frame of a scroll, through a board of 5,000 cards
-- and through a run of 40,000 events. The scenes are those of tests/web/. It needs `make evidence-deps`.

local browser = dofile("tests/support/browser.lua")
local long_run = dofile("tests/support/long_run.lua")
local measure = dofile("bench/measure.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local FRAME = 16.7 -- ms, at 60 frames a second

local function board(scene, cards)
  local w <close> = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
  local s <close> = service.start(w, { arguments = "-C crowd --seed-cards " .. cards })
  return browser.watch("board/" .. scene, s)
end

local function events()
  local w <close> = long_run.new()
  local s <close> = service.start(w)
  return browser.watch("timeline/events", s).frames
end

assert(browser.found(), browser.MISSING)
local loaded, scrolled, run = board("thousand", 1000), board("crowd", 5000), events()

measure.figure("1,000 cards: first paint", loaded.paint, "ms", { most = 300 })
measure.figure("1,000 cards: the tiles are there", loaded.usable, "ms", { most = 600 })
measure.figure("scroll through 5,000 cards: frame, median", scrolled.median, "ms", { most = FRAME })
measure.figure("scroll through 5,000 cards: frame, 95 %", scrolled.p95, "ms", { most = FRAME })
measure.figure("scroll through 40,000 events: frame, 95 %", run.p95, "ms", { most = FRAME })
measure.bench({ paint_ms = loaded.paint, usable_ms = loaded.usable, cards_p95_ms = scrolled.p95,
  events_p95_ms = run.p95 })
