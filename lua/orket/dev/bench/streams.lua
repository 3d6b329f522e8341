-- streams.lua: `orket bench streams`: what hearing many models at once costs. As many requests as asked for,
-- each as a turn makes it; what their tokens cost is told from outside (bench/evidence/streams.lua).

local async = require("orket.async")
local cjson = require("cjson")
local client = require("orket.llm.client")
local options = require("orket.options")
local cli_report = require("orket.view.cli_report")

local M = {}

M.usage = [[
usage: orket bench streams --llm URL --streams N [--heard]

Asks a model N times at once, streamed; prints one line BENCH {...}.
  --heard   somebody listens to every word, as a terminal does
]]

local QUESTION = cjson.encode({ role = "user", content = "Say something." })

local function ask(args, sums)
  local reply, err = client.complete({
    model = { base_url = args.llm, model = "bench" }, messages = { QUESTION }, attempts = 1,
    on_delta = args.heard and function(text)
      sums.heard = sums.heard + #text
    end or nil,
  })
  if not reply then
    return nil, err
  end
  sums.bytes = sums.bytes + #reply.content
  return true
end

local function ask_all(args, count)
  local tasks, sums = {}, { bytes = 0, heard = 0 }
  for i = 1, count do
    tasks[i] = async.spawn(ask, args, sums)
  end
  for _, task in ipairs(tasks) do
    local ok, err = async.join(task)
    if not ok then
      return nil, err
    end
  end
  return sums
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { llm = "value", streams = "value", heard = "flag" }, {})
  local count = args and math.tointeger(tonumber(args.streams))
  if not args or not args.llm or not count or count < 1 then
    return options.refuse(M.usage, message or "--llm and --streams are needed")
  end
  local sums, err = ask_all(args, count)
  if not sums then
    return cli_report.failure(err)
  end
  print(("BENCH {\"streams\":%d,\"bytes\":%d,\"heard\":%d}"):format(count, sums.bytes, sums.heard))
  return 0
end

return M
