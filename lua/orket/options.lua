-- options.lua: command line arguments: -x and --long options as declared, then named operands. A short option
-- may be joined with its value or with others: -Cdir, -n5, -fn5.

local tables = require("orket.util.tables")
local suggest = require("orket.util.suggest")
local project_dir = require("orket.project.project_dir")
local cli_report = require("orket.view.cli_report")

local M = {}

local function unknown(word, name, known)
  local near = suggest.find(name, tables.keys(known))
  if not near then
    return "unknown option " .. word
  end
  return "unknown option " .. word .. ", did you mean " .. (#near > 1 and "--" or "-") .. near .. "?"
end

local function value_of(kind, argv, at, inline)
  if kind == "flag" then
    return not inline and true or nil, at
  elseif inline then
    return inline, at
  end
  return argv[at + 1], at + 1
end

-- A word of short options as its first option and the rest, which is its value or more of them: "-Cdir" is
-- "-C", "dir". Nothing for any other word.
local function split_short(word, known)
  local letter, rest = word:match("^%-(%a)([^=%s].*)$")
  if not letter or known[word:match("^%-([%w%-]+)$") or word:match("^%-([%w%-]+)=") or ""] then
    return nil
  elseif known[letter] ~= "flag" then
    return known[letter] and "-" .. letter, rest
  elseif known[rest:sub(1, 1)] or rest == "h" then
    return "-" .. letter, "-" .. rest
  end
end

-- Replaces the word at this place by its parts when it joins several.
local function split_at(argv, at, known)
  local first, rest = split_short(argv[at], known)
  if first then
    argv[at] = first
    table.insert(argv, at + 1, rest)
  end
end

-- The words under the names of the operands.
local function take_operands(options, words, operands)
  local at = 1
  for _, operand in ipairs(operands) do
    local name, mark = operand:match("^([%w_]+)(.*)$")
    if mark:sub(1, 3) == "..." then
      options[name] = #words >= at and table.concat(words, " ", at) or nil
      at = #words + 1
    elseif mark == "*" then
      options[name] = #words >= at and table.move(words, at, #words, 1, {}) or nil
      at = #words + 1
    else
      options[name] = words[at] or options[name]
      at = at + 1
    end
    if options[name] == nil and mark:sub(-1) ~= "?" then
      return nil, "missing " .. name:upper()
    end
  end
  if at <= #words then
    return nil, "unexpected argument " .. words[at]
  end
  return options
end

-- Without -C the project is the one that the current directory lies in.
local function with_project(options)
  local place, err = project_dir.find(".")
  if err then
    return nil, err
  end
  options.C = place and place.dir ~= "." and place.dir or nil
  return options
end

---@param argv string[]
---@param known table<string, "flag"|"value"|"list"> a list is all its values, in order
---An option C names the project: when it is missing, it becomes the one that is found above, if that is not
---the current directory.
---@param operands string[]  names in order; "name?" may be missing, "name..." takes the rest joined by a
---  blank ("name...?" or nothing), "name*" as a list
---@return table|nil options by name
---@return string|Error|nil message  "" when help was asked for; an Error when the current directory's project
---  is not this user's
function M.parse(argv, known, operands)
  local options, words, at, literal = {}, {}, 1, false
  argv = table.move(argv, 1, #argv, 1, {})
  while at <= #argv do
    if not literal then
      split_at(argv, at, known)
    end
    local word = argv[at]
    local name, inline = word:match("^%-%-?([%w%-]+)=(.*)$")
    name = name or word:match("^%-%-?([%w%-]+)$")
    if word == "--" and not literal then
      literal = true
    elseif literal or not name then
      words[#words + 1] = word
    elseif name == "help" or name == "h" then
      return nil, ""
    else
      local kind = known[name]
      if not kind then
        return nil, unknown(word, name, known)
      end
      local value
      value, at = value_of(kind, argv, at, inline)
      if value == nil then
        return nil, "option " .. word .. (kind == "flag" and " takes no value" or " needs a value")
      end
      if kind == "list" then
        options[name] = options[name] or {}
        table.insert(options[name], value)
      else
        options[name] = value
      end
    end
    at = at + 1
  end
  local taken, message = take_operands(options, words, operands)
  if taken and known.C and not taken.C then
    return with_project(taken)
  end
  return taken, message
end

---What parse answered, with n as a count: 100 when it was not given.
---@param options table|nil
---@param message string|nil
---@return table|nil options
---@return string|nil message
function M.counted(options, message)
  local n = options and math.tointeger(tonumber(options.n or 100))
  if options and (not n or n < 0) then
    return nil, "COUNT is a number"
  elseif options then
    options.n = n
  end
  return options, message
end

---Prints the usage: exit code 0 when help was asked for; else the message, how the command is called, and 2.
---@param usage string
---@param message string|Error|nil
---@return integer
function M.refuse(usage, message)
  if message == "" then
    io.stdout:write(usage)
    return 0
  elseif type(message) == "table" then
    return cli_report.failure(message)
  end
  local called, command = usage:match("^(.-\n)\n"), usage:match("^usage: (orket [%l-]+)")
  local help = command and "  help: " .. command .. " --help\n" or ""
  io.stderr:write("orket: ", message or "wrong arguments", "\n", called or usage, help)
  return 2
end

return M
