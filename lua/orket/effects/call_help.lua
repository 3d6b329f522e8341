-- call_help.lua: what the model reads beside the reason of a refused or failed call, so that its next call is
-- right: the arguments that the tool takes, the nearest name, a correct example, the nearest lines. It
-- decides nothing. It is recorded with the refusal or the result and a replay takes it from there (engine:
-- help), so that its texts may change.

local call_paths = require("orket.turn.call_paths")
local cjson = require("cjson")
local tables = require("orket.util.tables")
local suggest = require("orket.util.suggest")
local nearest_lines = require("orket.util.nearest_lines")
local schemas = require("orket.core.schema")
local strings = require("orket.util.strings")
local tree_links = require("orket.workspace.tree_links")

local M = {}

local ARGUMENTS_MAX, TOOLS_MAX, COMMANDS_MAX, NEAR_MAX = 30, 30, 30, 3
local NAMES_MAX = 500 -- file names that are compared letter by letter
local CHOICES = 200   -- bytes of what an argument may be
local EXAMPLE = 1000  -- bytes of an example

-- ---- arguments ----

local function type_of(schema)
  if type(schema) ~= "table" then
    return "any"
  elseif schema.enum then
    return "one of " .. strings.shortened(cjson.encode(schema.enum), CHOICES)
  elseif schema.type == "array" then
    return "list of " .. type_of(schema.items)
  elseif type(schema.type) == "table" then
    return table.concat(schema.type, " or ")
  end
  return schema.type or "any"
end

local function needed_of(schema)
  local needed = {}
  for _, name in ipairs(schema.required or {}) do
    needed[name] = true
  end
  return needed
end

local function arguments_of(schema)
  local arguments, needed = {}, needed_of(schema)
  for i, name in ipairs(tables.keys(schema.properties)) do
    if i <= ARGUMENTS_MAX then
      arguments[name] = type_of(schema.properties[name]) .. (needed[name] and ", required" or "")
    end
  end
  return arguments
end

-- The object that was sent; nil when it is none.
local function sent_of(request)
  local sent = request.arguments
  if type(sent) == "string" then
    sent = cjson.decode(sent)
  end
  return type(sent) == "table" and getmetatable(sent) ~= cjson.array_mt and sent or nil
end

-- Keys that the tool does not take, with the one that was probably meant.
local function meant(request, schema)
  local sent = sent_of(request)
  local near, names = {}, tables.keys(schema.properties)
  local keys = tables.keys(sent or {})
  for i = 1, math.min(#keys, ARGUMENTS_MAX) do
    near[keys[i]] = not schema.properties[keys[i]] and suggest.find(keys[i], names) or nil
  end
  return next(near) and near or nil
end

-- ---- an example ----

local value_of

local function object_of(schema, names)
  local object = {}
  for _, name in ipairs(names) do
    object[name] = value_of(schema.properties[name], name)
  end
  return object
end

local MAKE = {
  string = function(schema, name)
    return schema.format == "path" and "path/to/file" or name
  end,
  integer = function(schema)
    return schema.minimum or 1
  end,
  number = function(schema)
    return schema.minimum or 1
  end,
  boolean = function()
    return true
  end,
  array = function(schema, name)
    return { value_of(schema.items, name) }
  end,
  object = function(schema)
    return schema.properties and object_of(schema, schema.required or {}) or {}
  end,
}

function value_of(schema, name)
  if type(schema) ~= "table" then
    return name
  elseif schema.examples then
    return schema.examples[1]
  elseif schema.default ~= nil then
    return schema.default
  elseif schema.enum then
    return schema.enum[1]
  end
  local make = MAKE[schema.type] or MAKE.string
  return make(schema, name)
end

-- What was sent of it, as far as the tool has such arguments, with what is required and was not sent.
local function completed(schema, sent)
  local object = object_of(schema, schema.required or {})
  for key, value in pairs(sent) do
    if schema.properties[key] then
      object[key] = value
    end
  end
  return object
end

---Arguments that a schema takes: those that were sent, made whole; else the required ones, or all; nil when
---none can be made up.
---@param schema table of a tool
---@param sent table|nil
---@return table|nil
function M.example(schema, sent)
  local compiled = schemas.compile(schema)
  if not compiled or type(schema.properties) ~= "table" then
    return nil
  end
  local made = { object_of(schema, schema.required or {}), object_of(schema, tables.keys(schema.properties)) }
  table.insert(made, 1, completed(schema, sent or {}))
  for _, example in ipairs(made) do
    if next(example) and compiled:check(example) and #cjson.encode(example) <= EXAMPLE then
      return example
    end
  end
end

local function of_arguments(turn, request)
  local schema = turn.generation.tools[request.name].about.schema
  if type(schema.properties) ~= "table" then
    return nil
  end
  return { arguments = arguments_of(schema), meant = meant(request, schema),
    example = M.example(schema, sent_of(request)) }
end

-- ---- names ----

-- Those that are nearest to a word, the nearest first.
local function near_names(word, names)
  local near, rest = {}, table.move(names, 1, #names, 1, {})
  local name = suggest.find(word, rest)
  while name and #near < NEAR_MAX do
    near[#near + 1] = name
    tables.drop(rest, name)
    name = suggest.find(word, rest)
  end
  return near
end

local function of_tool(turn, request)
  local names = {}
  for _, name in ipairs(turn.generation.roles[turn.role].about.tools) do
    names[#names + 1] = #names < TOOLS_MAX and name or nil
  end
  local near = near_names(request.name, names)
  if #near > 0 then
    return { nearest = near }
  end
  return next(names) and { tools = names } or nil
end

-- The paths that were probably meant by those that leave the tree.
local function of_escape(turn, request)
  local schema, near = turn.generation.tools[request.name].about.schema, {}
  local sent = type(request.arguments) == "string" and cjson.decode(request.arguments) or request.arguments
  for _, key in ipairs(tables.keys(schema.properties or {})) do
    local is_path = type(sent) == "table" and type(schema.properties[key]) == "table"
      and schema.properties[key].format == "path"
    is_path = is_path and type(sent[key]) == "string"
    near[#near + 1] = is_path and call_paths.meant(sent[key], turn.tree) or nil
  end
  return #near > 0 and { nearest = near } or nil
end

local RULES = {
  ["gate.args.json"] = of_arguments, ["gate.args.object"] = of_arguments, ["gate.args.schema"] = of_arguments,
  ["gate.tool.unknown"] = of_tool, ["gate.tool.name"] = of_tool, ["gate.role.tool"] = of_tool,
  ["gate.path.escape"] = of_escape,
}

---What is said beside a refusal; nil: its reason is all there is.
---@param turn Turn
---@param request {name: string, arguments: string|table}
---@param refusal GateVerdict
---@return table|nil help
function M.of_refusal(turn, request, refusal)
  local make = RULES[refusal.rule]
  return make and make(turn, request) or nil
end

local function base_of(path)
  return path:match("[^/]*$"):lower()
end

-- Files that nobody has to be warned of, and the directories that they are in.
local function names_of(tree, kind)
  local names = {}
  for path in pairs(tree.files) do
    if not tree.labels[path] then
      names[path] = kind == "fs.read" or nil
      while kind ~= "fs.read" and path:find("/", 1, true) do
        path = path:match("^(.*)/")
        names[path] = true
      end
    end
  end
  return tables.keys(names)
end

-- Those of the same name elsewhere, else those whose name is nearest.
local function near_paths(path, paths)
  local wanted, same, others = base_of(path), {}, {}
  for _, other in ipairs(paths) do
    local base = base_of(other)
    if base == wanted then
      same[#same + 1] = other
    elseif math.abs(#base - #wanted) <= #wanted // 3 and #others < NAMES_MAX then
      others[#others + 1] = base
    end
  end
  local near = #same == 0 and suggest.find(wanted, others)
  for _, other in ipairs(near and paths or {}) do
    same[#same + 1] = base_of(other) == near and other or nil
  end
  return same
end

-- The own name of what a program finds through a link, else what looks like it. Only what the gate would let
-- the tool look at is named.
local function of_path(turn, call, missing)
  local shown, real = {}, tree_links.real(turn.tree, missing.path)
  local near = real and { real } or near_paths(missing.path, names_of(turn.tree, missing.op))
  for i = 1, math.min(#near, NEAR_MAX) do
    local verdict = turn.generation.gate:judge(call, { op = missing.op, path = near[i] })
    shown[#shown + 1] = verdict.decision == "allow" and near[i] or nil
  end
  return #shown > 0 and { nearest = shown } or nil
end

local function commands_of(turn)
  local commands = {}
  for i, command in ipairs(turn.generation.rules.commands or {}) do
    commands[i] = i <= COMMANDS_MAX and strings.shortened(table.concat(command.argv, " "), CHOICES) or nil
  end
  return #commands > 0 and { commands = commands } or nil
end

---What is said beside a tool's failure: the commands that may run, the nearest paths of one that is not there
---(`missing`: the operation that looked for it), or the lines that are nearest to what the tool looked for
---(`failure.compare`, docs/tools.md).
---@param turn Turn
---@param call GateCall
---@param failure table as the tool returned it
---@param missing table|nil
---@return table|nil help
function M.of_failure(turn, call, failure, missing)
  local pair = failure.compare
  if failure.rule == "gate.command" or failure.rule == "gate.command.program" then
    return commands_of(turn)
  elseif type(pair) == "table" and type(pair.text) == "string" and type(pair.sent) == "string" then
    return nearest_lines.find(pair.text, pair.sent)
  elseif missing and type(missing.path) == "string" and failure.code == "ERR_NOT_FOUND" then
    return of_path(turn, call, missing)
  end
end

return M
