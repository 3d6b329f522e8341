-- journal.lua: what the journal costs and how it grows. Commits/s beside a bare SQLite loop in the same
-- minute; bytes per step of 1,000 steps over one growing conversation, written to the store alone
-- (bench/store.c) and by a whole run of N= (1000) steps: how much the database grew by, against the bytes of
-- messages, blobs and event bodies that were new.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local world = dofile("tests/support/world.lua")

local steps = measure.number("N", 1000)
local directory <close> = measure.directory()

local bench = cjson.decode((measure.shell("DIR=" .. directory.path .. " " .. measure.programs .. "/store")))
measure.figure("commits of a bare SQLite loop", bench.bare, "per s")
measure.figure("commits of the journal, each awaited", bench.alone, "per s")
measure.figure("their ratio", bench.ratio, "")
measure.figure("durable steps, 100 at once", bench.steps, "per s")
for _, row in ipairs(bench.growth) do
  measure.figure(("bytes per step with a file of %d bytes"):format(row.file), row.bytes_per_step, "bytes")
  measure.figure("  against the new ones", row.ratio, "", row.file >= 300 and { most = 1.3 } or nil)
end

local MOCK = [[
function work(talk)
  if talk.replies >= %d then
    return say(finish())
  end
  return say(write("f" .. talk.replies .. ".txt", ("line %%6d of it\n"):format(talk.replies):rep(1000 // 18 + 1)))
end
]]

local w <close> = world.new({
  issues = { { id = "A" } }, limits = { steps = steps + 10, concurrency = 1 }, mock = MOCK:format(steps),
})

local function size()
  w:sql("PRAGMA wal_checkpoint(TRUNCATE)")
  return tonumber((measure.shell("stat -c %s " .. w.dir .. "/.orket/orket.db")))
end

local function bytes()
  return tonumber((w:sql("SELECT (SELECT sum(length(bytes)) FROM message) + (SELECT sum(length(bytes)) FROM blob)"
    .. " + (SELECT sum(length(bytes)) FROM piece) + (SELECT sum(length(body)) FROM event)")))
end

assert(select(2, w:orket("sync")) == 0, "the cards are not on the board")
local size_before, bytes_before = size(), 0
local text, code = w:run()
assert(code == 0, text)
local grown, new = size() - size_before, bytes() - bytes_before
measure.figure(("a run of %d steps: bytes per step"):format(steps), grown / steps, "bytes")
measure.figure("  against the new ones", grown / new, "", { most = 1.3 })
bench.run = { steps = steps, grown = grown, new = new, ratio = grown / new }
measure.bench(bench)
