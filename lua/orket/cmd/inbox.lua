-- inbox.lua: `orket inbox`: what waits for a person, one by one.

local cjson = require("cjson")
local inbox = require("orket.inbox")
local options = require("orket.options")
local owner = require("orket.owner")
local reader = require("orket.reader")
local report = require("orket.report")
local sys = require("orket.core.sys")
local text = require("orket.view.text")
local texts = require("orket.text")

local M = {}

M.usage = [[
usage: orket inbox [-C DIR] [--json]

What waits for a person, what expires first foremost: approvals and plans, operations of which the outcome is unknown,
questions, parked work, scripts that wait to be accepted. On a terminal it is gone through one by one: the whole content,
then your answer; elsewhere each is listed with the commands that answer it.
  -C DIR    the project (default: the current directory)
  --json    one JSON array, for programs; nothing is asked
exit: 0 done, or nothing waits; 1 failed, or an answer was refused; 2 usage; 3 something still waits
]]

-- ---- what an answer means ----

local function request(item, act, fields)
  fields.act, fields.who = act, sys.user()
  fields.card = act ~= "accept" and item.id or nil
  return fields
end

local SAY = { -- kind -> what may be said, and the request that it is: of the first word and the rest
  approval = {
    hint = "approve, deny WHY, later or quit",
    meant = function(item, word, rest)
      if word == "approve" and not rest then
        return request(item, "approve", {})
      end
      return word == "deny" and rest and request(item, "deny", { why = rest })
    end,
  },
  unknown = {
    hint = "happened TEXT, did-not, again, later or quit",
    meant = function(item, word, rest)
      local is_answer = word == "happened" or word == "did-not" or word == "again"
      return is_answer and request(item, "answer", { text = word .. (rest and " " .. rest or "") })
    end,
  },
  question = {
    hint = "answer TEXT, later or quit",
    meant = function(item, word, rest)
      return word == "answer" and rest and request(item, "answer", { text = rest })
    end,
  },
  parked = {
    hint = "retry, answer TEXT, later or quit",
    meant = function(item, word, rest)
      if word == "retry" and not rest then
        return request(item, "retry", {})
      end
      return word == "answer" and rest and request(item, "answer", { text = rest })
    end,
  },
  scripts = {
    hint = "accept, later or quit",
    meant = function(item, word, rest)
      return word == "accept" and not rest and request(item, "accept", { generation = item.id })
    end,
  },
}

-- ---- shown ----

local function show(item)
  print(text.visible(item.title))
  for _, line in ipairs(item.lines) do
    print("    " .. line)
  end
  if item.expires_at then
    print("  expires " .. item.expires_at)
  end
end

local function list(items)
  for i, item in ipairs(items) do
    if i > 1 then
      print("")
    end
    show(item)
    for _, command in ipairs(item.commands) do
      print("  " .. command)
    end
  end
end

-- ---- one by one ----

-- A request, "later" or "quit".
local function ask(item)
  while true do
    io.write(SAY[item.kind].hint, " > ")
    io.flush()
    local line = io.read("l")
    local said = line and (utf8.len(line) and texts.trimmed(line) or "?") or "quit"
    local word, rest = said:match("^(%S*)%s*(.*)$")
    if word == "quit" or word == "q" then
      return "quit"
    elseif word == "later" or word == "" then
      return "later"
    end
    local meant = SAY[item.kind].meant(item, word, rest ~= "" and rest or nil)
    if meant then
      return meant
    end
    print("not understood: " .. text.line(said))
  end
end

local function go_through(args, items)
  local code, left = 0, 0
  for i, item in ipairs(items) do
    print(("%s%d of %d: %s"):format(i > 1 and "\n" or "", i, #items, item.kind))
    show(item)
    local said = ask(item)
    if said == "quit" then
      left = left + #items - i + 1
      break
    elseif said == "later" then
      left = left + 1
    else
      local result, err = owner.ask(args.C or ".", said)
      code = math.max(code, result and report.answer(args, result) or report.failure(err))
      if result and item.commands[3] then
        print("  " .. item.commands[3])
      end
    end
  end
  return code == 1 and 1 or left > 0 and 3 or 0
end

local function read(dir)
  local store <close>, err = reader.open(dir)
  if not store then
    return nil, err
  end
  return inbox.list(store, dir)
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, {})
  if not args then
    return options.refuse(M.usage, message)
  end
  local items, err = read(args.C or ".")
  if not items then
    return report.failure(err)
  elseif args.json then
    print(text.json(setmetatable(items, cjson.array_mt)))
  elseif #items == 0 then
    print("nothing waits for you")
  elseif sys.is_tty(0) and sys.is_tty(1) then
    return go_through(args, items)
  else
    list(items)
  end
  return #items > 0 and 3 or 0
end

return M
