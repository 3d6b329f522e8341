-- policy.lua: `orket bench gate --policy`: what one decision of a policy of a hundred rules in Lua costs
-- inside an open box, with the call going in and the answer coming out; beside it, entered anew for each. The
-- answers are compared with those of the same text outside of any box before anything is timed.

local box = require("orket.core.box")
local cjson = require("cjson")
local doc = require("orket.core.doc")
local embed = require("orket.core.embed")

local M = {}

local LIMITS = { steps = 1 << 50, ms = 3600000 }

-- Ten rules look at every call, 90 at one tool each, as those of the bench's config do; found by the tool, as
-- people would write it.
local POLICY = [[
local rules, by_tool = {%s}, {}

for _, name in ipairs({"write_file", %s}) do
  by_tool[name] = {}
  for _, rule in ipairs(rules) do
    if rule.tool == nil or rule.tool == name then
      by_tool[name][#by_tool[name] + 1] = rule
    end
  end
end

local function decide(call)
  local path, mine = call.arguments.path, by_tool[call.tool]
  for i = 1, #mine do
    local rule = mine[i]
    if path:sub(1, #rule.prefix) == rule.prefix then
      return { decision = rule.effect, rule = rule.id, why = "locked", fix = "wait" }
    end
  end
end

local function serve(call)
  while true do
    call = perform({ answer = decide(call) })
  end
end

return { node = "policy", decide = decide, serve = serve }
]]

local function text_of(config)
  local rules, tools = {}, {}
  for i = 2, 20 do
    tools[#tools + 1] = ("%q"):format("tool_" .. i)
  end
  for i, rule in ipairs(config.rules) do
    rules[i] = ("{ id = %q, effect = %q, tool = %s, prefix = %q }"):format(rule.id, rule.effect,
      rule.tools and ("%q"):format(rule.tools[1]) or "nil", "p" .. i .. "7")
  end
  return POLICY:format(table.concat(rules, ",\n"), table.concat(tools, ", "))
end

local function views_of(calls)
  local views = {}
  for i, call in ipairs(calls) do
    local tool = i % 2 == 0 and "tool_" .. (i % 19 + 2) or "write_file"
    views[i] = doc.new({ tool = tool, role = call.role, arguments = call.arguments,
      card = { id = "I-1", type = call.type, status = call.status } })
  end
  return views
end

local function compare(session, text, views)
  local plain = assert(load(text, "=policy", "t", { ipairs = ipairs, perform = false }))().decide
  local refused = 0
  for i, view in ipairs(views) do
    local expected = plain(view:value())
    local _, said = session:resume(i == 1 and cjson.null or view)
    local rule = type(said) == "table" and type(said.answer) == "table" and said.answer.rule or nil
    if rule ~= (expected and expected.rule) then
      return nil, ("call %d: outside of a box the policy says %s, inside %s"):format(i,
        expected and expected.rule, rule)
    end
    refused = refused + (rule and 1 or 0)
  end
  return refused / #views
end

-- Nanoseconds of the processor for one of `count` decisions.
local function spent(count, views, decide)
  local began = os.clock()
  for i = 1, count do
    decide(views[i % #views + 1])
  end
  return (os.clock() - began) / count * 1e9
end

---@param config table
---@param calls table[]
---@param decisions integer
---@return table|nil figures
---@return string? difference
function M.measure(config, calls, decisions)
  local text, views = text_of(config), views_of(calls)
  local script = assert(box.prepare("nodes/policy.lua", text, { prelude = embed.read("lua/box/some.lua") }))
  local session <close> = assert(script:open("serve", { views[1] }, LIMITS))
  local share, difference = compare(session, text, views)
  if not share then
    return nil, difference
  end
  local open = spent(decisions, views, function(view)
    session:resume(view)
  end)
  local entered = spent(decisions, views, function(view)
    script:call("decide", { view })
  end)
  return {
    test = "policy-lua", peer = "orket", n = decisions, rules = #config.rules, denied_share = share,
    ns_per_decision = math.floor(open + 0.5), per_s = math.floor(1e9 / open),
    entered_per_s = math.floor(1e9 / entered),
  }
end

return M
