-- script.lua: `orket script`: the roles, nodes and tools of a project, the shipped texts among them, and
-- those that are proposed.

local cjson = require("cjson")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local tables = require("orket.util.tables")
local suggest = require("orket.util.suggest")
local options = require("orket.options")
local owner = require("orket.project.owner")
local project_file = require("orket.project.files.project_file")
local cli_report = require("orket.view.cli_report")
local proposal_files = require("orket.scripts.proposal_files")
local proposal_format = require("orket.scripts.proposal_format")
local proposals = require("orket.scripts.proposals")
local readonly = require("orket.view.readonly")
local scripts = require("orket.scripts.scripts")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket script [-C DIR] [--json] list
       orket script [-C DIR] show|copy NAME
       orket script [-C DIR] [--json] [--why TEXT] [--without SCRIPT,...] propose PATH
       orket script [-C DIR] [--json] proposals
       orket script [-C DIR] [--json] accept ID GENERATION
       orket script [-C DIR] [--json] [--why TEXT] reject ID

Roles, nodes, policies and tools by their paths: shipped, or the project's own file of the same name in their
place. NAME is a path (roles/coder.lua) or its last word (coder). show prints the text that serves; copy
writes a shipped text into the project, to be changed.

propose takes the scripts of PATH, a directory with roles/, nodes/ or tools/: recorded runs are judged by
them, their fixtures are run, and what came out is recorded with them; nothing is written. proposals lists
what was proposed, open ones whole. accept writes exactly what was read, and it serves.
  --json    list: [{"path","origin":"shipped|project"}]; proposals: an array; else the answer as one line
  --without  these files of the project are removed (roles/mine.lua)
  --why     why it is proposed or rejected
exit: 0 done, 1 failed or refused, 2 usage
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

-- ---- proposals ----

local function proposed_texts(path)
  local root <close>, err = errors.check(fs.root(path))
  local files = {}
  for _, dir in ipairs(root and proposal_files.DIRECTORIES or {}) do
    for _, entry in ipairs(root:list(dir, 1000) or {}) do
      local name = dir .. "/" .. entry.name
      if entry.type == "file" and proposal_files.is_place(name) then
        files[name], err = errors.check(root:read(name))
      end
      if err then
        return nil, err
      end
    end
  end
  return not err and files or nil, err
end

local function ask(args, request)
  request.who, request.why = sys.user(), args.why
  local result, err = owner.ask(args.C or ".", request)
  if not result then
    return cli_report.failure(err)
  end
  return cli_report.answer(args, result)
end

local function print_proposals(rows, store)
  for _, row in ipairs(rows) do
    local one = proposals.find(store, row.id)
    print(("%d  %s  %s"):format(row.id, row.status, proposal_format.title(one)))
    for _, line in ipairs(row.status == "open" and proposal_format.lines(one) or {}) do
      print("    " .. line)
    end
    if row.status == "open" then
      print(("  orket script accept %d %s"):format(row.id, row.generation))
    end
  end
end

local function words_of(list)
  local words = list and {}
  for word in (list or ""):gmatch("[^,]+") do
    words[#words + 1] = word
  end
  return words
end

local proposal = {}

function proposal.propose(args)
  local files, err = proposed_texts(args.name)
  if not files then
    return cli_report.failure(err)
  end
  return ask(args, { act = "scripts.propose", files = files, removed = words_of(args.without) })
end

function proposal.proposals(args)
  return readonly.run(M.usage, function(store)
    local rows = proposals.list(store)
    if args.json then
      print(text.json(rows))
    else
      print_proposals(rows, store)
    end
    return 0
  end, args)
end

function proposal.accept(args)
  return ask(args, { act = "scripts.accept", id = math.tointeger(tonumber(args.name)),
    generation = args.generation })
end

function proposal.reject(args)
  return ask(args, { act = "scripts.reject", id = math.tointeger(tonumber(args.name)) })
end

-- ---- the command ----

local WORDS = { list = 0, show = 1, copy = 1, propose = 1, proposals = 0, accept = 2, reject = 1 }

local function fault_of(args)
  local given = #{ args.name, args.generation }
  if not WORDS[args.what] then
    return "there is no script " .. args.what
  elseif given ~= WORDS[args.what] then
    return "script " .. args.what .. " takes " .. WORDS[args.what] .. " words, not " .. given
  elseif (args.what == "accept" or args.what == "reject") and not args.name:find("^%d+$") then
    return "ID is a number of orket script proposals"
  end
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", why = "value", without = "value" },
    { "what", "name?", "generation?" })
  message = args and fault_of(args) or message
  if message then
    return options.refuse(M.usage, message)
  elseif proposal[args.what] then
    return proposal[args.what](args)
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
