-- reload.lua: a policy changed once a second for SECONDS (60) while 20 agents work: no turn is dropped, none
-- is judged by two texts, and each is judged by the generation that it recorded.

local cjson = require("cjson")
local reloads = dofile("tests/support/reloads.lua")

local SECONDS = tonumber(os.getenv("SECONDS")) or 60
local result = reloads.run({
  seconds = SECONDS, cards = math.max(20, math.ceil(SECONDS * 7)), pause = 1, delay = 400, concurrency = 20,
})
local text = result.text
result.text = nil
print(cjson.encode(result))
local ok = result.code == 0 and result.dropped == 0 and result.mixed == 0 and result.waiting == 0
  and result.sound
  and result.loaded == result.changes and result.changes >= SECONDS * 0.8
    and result.generations >= result.changes / 4
if not ok then
  print(text)
  os.exit(1)
end
print("no turn was dropped, none was judged by two generations")
