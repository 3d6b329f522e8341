-- script.lua: `orket script`: the roles, nodes and tools of a project, the shipped texts among them.

local cjson = require("cjson")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local tables = require("orket.util.tables")
local suggest = require("orket.util.suggest")
local options = require("orket.options")
local project_file = require("orket.project.files.project_file")
local cli_report = require("orket.view.cli_report")
local scripts = require("orket.scripts.scripts")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket script [-C DIR] [--json] list
       orket script [-C DIR] show|copy NAME

Roles, nodes, policies and tools by their paths: shipped, or the project's own file of the same name in their
place. NAME is a path (roles/coder.lua) or its last word (coder). show prints the text that serves; copy
writes a shipped text into the project, to be changed.
  --json    [{"path","origin":"shipped|project"}]
exit: 0 done, 1 failed, 2 usage
]]

local function read(dir)
  local root <close> = fs.root(dir)
  local texts, unread = scripts.texts(root)
  return texts, unread[1] and unread[1].err
end

local function origin(path, texts)
  return texts[path] == embed.read(path) and "shipped" or "project"
end

local function print_list(texts, json)
  local rows = setmetatable({}, cjson.array_mt)
  for i, path in ipairs(tables.keys(texts)) do
    rows[i] = { path = path, origin = origin(path, texts) }
  end
  if json then
    print(text.json(rows))
    return 0
  end
  for _, row in ipairs(rows) do
    print(string.format("%-8s %s", row.origin, text.line(row.path)))
  end
  return 0
end

local function find(texts, name)
  local found, names = {}, {}
  for _, path in ipairs(tables.keys(texts)) do
    local last = path:match("([^/]*)%.lua$")
    names[path], names[last] = true, true
    if path == name or path == name .. ".lua" or last == name then
      found[#found + 1] = path
    end
  end
  if #found == 1 then
    return found[1]
  elseif #found > 1 then
    return nil, errors.new("ERR_USAGE", "several scripts are called '" .. name .. "'",
      "name one: " .. table.concat(found, ", "))
  end
  local near = suggest.find(name, tables.keys(names))
  return nil, errors.new("ERR_NOT_FOUND", "there is no script '" .. name .. "'"
    .. (near and ", did you mean " .. near .. "?" or ""), "orket script list")
end

local function copy(dir, path)
  local shipped = embed.read(path)
  if not shipped then
    return nil, errors.new("ERR_EXISTS", path .. " is the project's own already", "edit it")
  end
  return project_file.add(dir, path, shipped)
end

local function act(args, dir, texts)
  local path, err = find(texts, args.name)
  if path and args.what == "show" then
    io.write(text.block(texts[path]))
    return 0
  end
  local written = nil
  if path then
    written, err = copy(dir, path)
  end
  if not written then
    return cli_report.failure(err)
  end
  print("wrote " .. path .. "; it serves in the place of the shipped one")
  return 0
end

local NEEDS_NAME = { list = false, show = true, copy = true }

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, { "what", "name?" })
  if args and NEEDS_NAME[args.what] ~= (args.name ~= nil) then
    args, message = nil, "list, show NAME or copy NAME"
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  local dir = args.C or "."
  local texts, err = read(dir)
  if err then
    return cli_report.failure(err)
  elseif args.what == "list" then
    return print_list(texts, args.json)
  end
  return act(args, dir, texts)
end

return M
