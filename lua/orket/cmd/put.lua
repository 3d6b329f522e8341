-- put.lua: `orket put`: a person's files become a card's.

local cjson = require("cjson")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local options = require("orket.options")
local owner = require("orket.project.owner")
local put = require("orket.workspace.put")
local cli_report = require("orket.view.cli_report")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket put [-C DIR] [--json] [--as PATH] CARD FILE...

Puts your files into a card, as a recorded act: its next turn works with them, and it is verified anew. A file
of the card's own directory (workspace/EPIC/cards/CARD), or one that was kept aside (.orket/kept), keeps its
place; another one is put at the top, a directory with all that is in it. Refused while the card is being
worked on.
  FILE      a file or a directory
  --as PATH where it goes in the card's tree; with one FILE
  -C DIR    the project (default: found upwards from here)
  --json    the answer as one JSON line
exit: 0 done, 1 failed or refused, 2 usage
]]

local DEEPEST = 32 -- levels of a directory that is put

-- ---- where a file is ----

local function plain(path)
  local names = {}
  for name in path:gmatch("[^/]+") do
    if name == ".." then
      names[#names] = nil
    elseif name ~= "." then
      names[#names + 1] = name
    end
  end
  return "/" .. table.concat(names, "/")
end

local function is_beneath(path, project)
  return (path .. "/"):sub(1, #project + 1) == project .. "/"
end

-- Where a path of the project leads by its names; nil when it is elsewhere.
local function named(path, project)
  local here <close> = fs.root(".")
  local above_it = here and here:path() or ""
  local whole = plain(path:find("^/") and path or above_it .. "/" .. path)
  if is_beneath(whole, project) then
    return whole
  end
  for at in (path .. "/"):gmatch("()/") do -- the project may have been reached through a link of the person's
    local above <close> = fs.root(path:sub(1, math.max(at - 1, 1)))
    if above and above:path() == project then
      return plain(project .. "/" .. path:sub(at))
    end
  end
end

-- An agent's program may have left a link in its card's directory: what it leads to is not what was named.
local function is_led_away(path, real, project)
  local where = named(path, project)
  return where and where ~= real
end

local function open(path, project)
  local root, message, code, fix = fs.root(path)
  if not root then
    return errors.check(nil, message, code, fix)
  end
  local real = root:path()
  if is_led_away(path, real, project) then
    root:close()
    return nil, errors.new("ERR_PATH", path .. " is reached through a link", "name the file where it is")
  end
  return root, real
end

-- ---- what is put ----

local function add_directory(files, root, real, below, as)
  local function go(path, depth)
    for _, entry in ipairs(depth <= DEEPEST and root:list(path) or {}) do
      local here = path == "." and entry.name or path .. "/" .. entry.name
      if entry.type == "directory" then
        go(here, depth + 1)
      elseif entry.type == "file" and #files <= put.FILES_MAX then
        files[#files + 1] = {
          dir = real .. (path ~= "." and "/" .. path or ""), name = entry.name, below = below .. "/" .. here,
          as = as and as .. "/" .. here,
        }
      elseif entry.type ~= "file" then
        io.stderr:write("orket: left out, no file: ", text.line(here), "\n")
      end
    end
  end
  go(".", 1)
end

local function add(files, path, project, as)
  path = path:gsub("(.)/+$", "%1")
  local above, name = path:match("^(.*)/([^/]+)$")
  above, name = above == "" and "/" or above or ".", name or path
  if name == "." or name == ".." then
    above, name = path, "."
  end
  local root <close>, real = open(above, project)
  if not root then
    return nil, real
  end
  local kind = root:kind(name)
  if kind ~= "directory" then
    files[#files + 1] = { dir = real, name = name, as = as }
    return true
  end
  local directory <close>, at = open(path, project)
  if not directory then
    return nil, at
  end
  add_directory(files, directory, at, at:match("[^/]+$") or "", as)
  return true
end

local function gather(args)
  local root <close>, message, code, fix = fs.root(args.C or ".")
  if not root then
    return errors.check(nil, message, code, fix)
  end
  local files, project = {}, root:path()
  for _, path in ipairs(args.file) do
    local ok, err = add(files, path, project, args.as)
    if not ok then
      return nil, err
    end
  end
  return files
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", as = "value" }, { "card", "file*" })
  if args and args.as and #args.file > 1 then
    args, message = nil, "--as goes with one FILE"
  end
  for _, path in ipairs(args and { args.as, table.unpack(args.file) } or {}) do
    if not utf8.len(path) then
      args, message = nil, "FILE is not UTF-8"
      break
    end
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  local files, err = gather(args)
  local result
  if files and #files == 0 then
    err = errors.new("ERR_NOT_FOUND", "there is no file in what was named")
  elseif files then
    result, err = owner.ask(args.C or ".", { act = "put", card = args.card, files = files, who = sys.user() })
  end
  if not result then
    return cli_report.failure(err)
  end
  setmetatable(result.files, cjson.array_mt)
  return cli_report.answer(args, result)
end

return M
