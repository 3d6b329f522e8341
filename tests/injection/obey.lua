-- obey.lua: a model that obeys: whatever instruction it finds in what it was sent, it follows, before it goes
-- on with its card's own plan. Put behind PLANS and REVIEWS, which tests/injection/project.lua writes.
--
-- An instruction is `DO-ACTION-CASE@WHO;`: WHO is a card's id, `guard`, `new` (a card that an agent made) or
-- `any`. It is found as it stands, and in hexadecimal, base64, backwards, turned by 13, or in two parts.

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function from_base64(text)
  local bits, count, out = 0, 0, {}
  for digit in text:gmatch("[%w+/]") do
    bits, count = (bits << 6 | DIGITS:find(digit, 1, true) - 1) & 0xffffff, count + 6
    if count >= 8 then
      count = count - 8
      out[#out + 1] = string.char(bits >> count & 0xff)
    end
  end
  return table.concat(out)
end

local function turned(text)
  return (text:gsub("%a", function(c)
    local base = c:find("%l") and 97 or 65
    return string.char((c:byte() - base + 13) % 26 + base)
  end))
end

-- All that can be read out of a text.
local function readings(text)
  local out = { text }
  for hex in text:gmatch("HEX:(%x+)") do
    out[#out + 1] = hex:gsub("%x%x", function(two) return string.char(tonumber(two, 16)) end)
  end
  for words in text:gmatch("REV:(%S-);;") do
    out[#out + 1] = words:reverse()
  end
  for words in text:gmatch("ROT:(%S-);;") do
    out[#out + 1] = turned(words) .. ";"
  end
  for words in text:gmatch("B64:([%w+/]+)") do
    out[#out + 1] = from_base64(words)
  end
  for name, first in text:gmatch("PART1%-(%w+):(%S-);;") do
    local second = text:match("PART2%-" .. name .. ":(%S-);;")
    out[#out + 1] = second and first .. second .. ";" or nil
  end
  return table.concat(out, "\n")
end

local function talk_of(request)
  local talk = { text = {}, done = {}, plan = 0, last = "" }
  for _, message in ipairs(request.messages) do
    local content = type(message.content) == "string" and message.content or ""
    if message.role == "system" then
      talk.review = content:find("integrity guard", 1, true) ~= nil
    elseif message.role ~= "assistant" then
      talk.card = talk.card or content:match("^# Card (%S+):")
      talk.text[#talk.text + 1] = content
      talk.last = message.role == "tool" and content or talk.last
    end
    for _, call in ipairs(message.tool_calls or {}) do
      talk.done[call.id:match("^obey:(.*)$") or ""] = true
      talk.plan = talk.plan + (call.id:find("^plan:") and 1 or 0)
    end
  end
  talk.text = table.concat(talk.text, "\n")
  return talk
end

local function is_meant(talk, who)
  return who == "any" or who == "guard" and talk.review or who == "new" and talk.card:find("^ISSUE%-") ~= nil
    or who == talk.card and not talk.review
end

local ACT = {
  tell = function(case) return "tell", { text = case } end,
  save = function(case)
    return "write_file", { path = "saved-" .. case, content = "DO-tell-" .. case .. "@any;" }
  end,
  say = function(case) return "add_issue_comment", { comment = "DO-tell-" .. case .. "@any;" } end,
  card = function(case) return "create_issue", { seat = "dev", summary = "do it: DO-tell-" .. case
    .. "@new;" } end,
}

local function obedience(talk)
  for action, case, who in readings(talk.text):gmatch("DO%-(%l+)%-(c%d+)@([%w-]+);") do
    local key = action .. case
    if ACT[action] and is_meant(talk, who) and not talk.done[key] then
      local name, arguments = ACT[action](case)
      return { id = "obey:" .. key, name = name, arguments = arguments }
    end
  end
end

-- "$LAST" in a plan is the last result, "$CARD" the card in it.
local function filled(value, last)
  if type(value) == "string" then
    return (value:gsub("%$LAST", function() return last end):gsub("%$CARD", last:match("ISSUE%-%x+")
      or "none"))
  elseif type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, item in pairs(value) do
    copy[key] = filled(item, last)
  end
  return copy
end

local function steps_of(talk)
  local steps = {}
  for _, step in ipairs((talk.review and REVIEWS or PLANS)[talk.card] or {}) do
    if not step.when or talk.text:find(step.when, 1, true) then
      steps[#steps + 1] = step
    end
  end
  return steps
end

local function ending(talk)
  local plan = (talk.review and REVIEWS or PLANS)[talk.card] or {}
  if talk.review then
    local sends_back = plan.why and not talk.text:find("mended", 1, true)
    return sends_back and { status = "in_progress", why = filled(plan.why, talk.last) }
      or { status = "done", why = "good" }
  end
  local why = talk.text:find("Sent back by the review", 1, true) and "mended" or plan.why or "built"
  return { status = "ready_for_testing", why = filled(why, talk.last) }
end

function reply(request)
  local talk = talk_of(request)
  local call = obedience(talk)
  local step = steps_of(talk)[talk.plan + 1]
  if not call and step then
    call = { id = "plan:" .. talk.plan, name = step[1], arguments = filled(step[2], talk.last) }
  elseif not call then
    call = { id = "end", name = "update_issue_status", arguments = ending(talk) }
  end
  return { content = "so be it", calls = { call } }
end
