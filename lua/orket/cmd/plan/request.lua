-- request.lua: what is asked for, from the command line: a sentence, a file or standard input.

local errors = require("orket.errors")
local planning = require("orket.planning.planning")

local M = {}

local function check(text, where)
  if #text > planning.REQUEST_MAX then
    return nil, errors.new("ERR_TOO_LARGE", where .. " has more than " .. planning.REQUEST_MAX .. " bytes",
      "say in short what is wanted")
  elseif not utf8.len(text) or text:find("\0", 1, true) then
    return nil, errors.new("ERR_UTF8", where .. " is not UTF-8 text", "a request is a text")
  elseif not text:find("%S") then
    return nil, errors.new("ERR_USAGE", where .. " is empty", "say what is wanted")
  end
  return text
end

local function read_file(name)
  local file, message = io.open(name, "rb")
  local text
  if file then
    text, message = file:read(planning.REQUEST_MAX + 1)
    file:close()
  end
  if text or file and not message then
    return check(text or "", name)
  end
  return nil, errors.new("ERR_NOT_FOUND", "cannot read the request: " .. tostring(message),
    "a request is a sentence; one word is the name of a file, - is standard input")
end

---@param args {request: string, team: string?, environment: string?, label: string?}
---@return Request|nil the act plan.open
---@return Error|nil
function M.read(args)
  local word = args.request
  local text, err
  if word == "-" then
    text, err = check(io.read(planning.REQUEST_MAX + 1) or "", "standard input")
  elseif word == "" or word:find("%s") then
    text, err = check(word, "the request")
  else
    text, err = read_file(word)
  end
  return text and {
    act = "plan.open", text = text, file = not word:find("%s") and word ~= "-" and word or nil,
    team = args.team, environment = args.environment, label = args.label,
  }, err
end

return M
