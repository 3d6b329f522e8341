-- put.lua: a person's files become a card's, as a recorded act: they are written into its tree, and the
-- tree's hash, to which verdicts are bound, changes with them. A turn of the card that was left open is
-- abandoned by that, as by any other act on its card; one that is under way is not disturbed: the act is
-- refused.

local async = require("orket.async")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local hash = require("orket.core.hash")
local person = require("orket.governance.person")
local labels = require("orket.governance.labels")
local places = require("orket.workspace.places")
local reader = require("orket.project.reader")
local run_set = require("orket.scheduler.run_set")
local statuses = require("orket.util.statuses")
local trees = require("orket.workspace.tree")

local M = {}

M.FILES_MAX = 1000
-- a blob's, and what one transaction has room for
local FILE_MAX, BYTES_MAX = 16 * 1024 * 1024, 48 * 1024 * 1024
local FINAL = statuses.FINAL
local KEPT = "%.orket/kept/[^/]+/[^/]+/[^/]+"

-- ---- what is put ----

---@class PutFile
---@field dir string the real directory of the file, absolute
---@field name string its last name
---@field as string|nil where the person wants it
---@field below string|nil its place in a directory that was put

local function check_file(one)
  for _, key in ipairs({ "dir", "name", "as", "below" }) do
    local value = type(one) == "table" and one[key]
    if type(value) ~= "string" and (key == "dir" or key == "name" or value ~= nil) then
      return nil, errors.new("ERR_USAGE", "a file to put has a dir and a name")
    end
  end
  if ("/" .. (one.as or "x") .. "/"):find("/%.?/") then -- one file has one name in the journal
    return nil, errors.new("ERR_PATH", "--as " .. one.as .. " is not in its shortest form",
      "leave out '.' and doubled slashes")
  end
  return true
end

-- The directory has to be the one that was named: a link that took its place since leads elsewhere.
local function read(one)
  local root <close>, message, code, fix = fs.root(one.dir)
  if not root then
    return errors.check(nil, message, code, fix)
  elseif root:path() ~= one.dir then
    return nil, errors.new("ERR_PATH", one.dir .. " is a link by now", "name the file where it is")
  end
  local bytes, err = errors.check(root:read(one.name, FILE_MAX))
  if not bytes then
    err.message = one.name .. ": " .. err.message
  end
  return bytes, err
end

-- Where the card's own files lie: a plain directory, or what it changed of a large start.
local function homes_of(above, card)
  local name = "/" .. places.name(card.id)
  return { above .. "/" .. places.cards(card.epic) .. name,
    above .. "/" .. places.layers(card.epic) .. name .. "/changes" }
end

local function beneath(dir, homes)
  for _, home in ipairs(homes) do
    if dir:sub(1, #home + 1) == home .. "/" then
      return dir:sub(#home + 2)
    end
  end
end

-- A file of the card's own directory, or one that was kept aside, keeps its place; another one gets its own
-- name.
local function target(one, homes, above)
  local dir = one.dir .. "/"
  local inside = beneath(dir, homes)
  local kept = not inside and dir:sub(1, #above + 1) == above .. "/"
    and dir:sub(#above + 2):match("^" .. KEPT .. "/(.*)$")
  return one.as or (inside or kept) and (inside or kept) .. one.name or one.below or one.name
end

-- Keys and the journal lie there, which no agent may read.
local function is_of_engine(one, above)
  local rest = (one.dir .. "/"):sub(1, #above + 1) == above .. "/"
    and one.dir:sub(#above + 1) .. "/" .. one.name
  return rest and rest:find("^/%.orket/") and not rest:find("^/" .. KEPT .. "/")
end

local function gather(project, card, files)
  local above, err = errors.check(project.root:path())
  if not above then
    return nil, err
  elseif type(files) ~= "table" or #files == 0 or #files > M.FILES_MAX then
    return nil, errors.new("ERR_USAGE", "from 1 to " .. M.FILES_MAX .. " files are put at once")
  end
  local homes = homes_of(above, card)
  local known, total = {}, 0
  local gathered = { is_known = function(_, name) return known[name] == true end }
  for i, one in ipairs(files) do
    local bytes
    local ok
    ok, err = check_file(one)
    if ok and is_of_engine(one, above) then
      err = errors.new("ERR_PATH", ".orket is the engine's own: no agent may read it",
        "name files outside of it, or those that were kept aside")
    elseif ok then
      bytes, err = read(one)
    end
    if not bytes then
      return nil, err
    end
    total = total + #bytes
    if total > BYTES_MAX then
      return nil, errors.new("ERR_TOO_LARGE", "more than " .. BYTES_MAX // 1024 // 1024 .. " MiB at once",
        "put them in parts")
    end
    local name = hash.of(bytes)
    gathered[i], known[name] = { path = target(one, homes, above), bytes = bytes, hash = name }, true
  end
  return gathered
end

-- ---- the card ----

local function objection(project, card)
  local run = run_set.of(project):of_card(card.id)
  if card.type ~= "issue" or not card.epic then
    return errors.new("ERR_USAGE", card.id .. " is no issue",
      "put the files into one of its issues: orket board " .. card.id)
  elseif FINAL[card.status] then
    return errors.new("ERR_TRANSITION", card.id .. " is " .. card.status
      .. ": its files are merged, or not used any more",
      "put them into an open card")
  elseif run and run.board.busy[card.id] then
    return errors.new("ERR_TRANSITION", card.id .. " is being worked on",
      "wait until it is parked, or stop the run with orket halt; then put again")
  elseif project.store:read("approvals", { card = card.id, status = "pending" })[1]
      or project.store:read("uncertain", { card = card.id })[1] then
    return errors.new("ERR_TRANSITION", card.id .. " waits for an answer, which another file would make void",
      "answer it first: orket show " .. card.id)
  end
end

-- Nothing of the run begins with the card meanwhile.
local function hold(project, id)
  local run = run_set.of(project):of_card(id)
  if not run then
    return nil
  end
  local card = run.board.cards[id]
  run.board:start(card)
  return setmetatable({}, { __close = function()
    run.board:stop(card)
    run:pump()
  end })
end

-- ---- the act ----

local function write(tree, tx, files, outside)
  local changed = {}
  for _, one in ipairs(files) do
    if tree.files[one.path] ~= one.hash then
      local ok, err = errors.check(tree.root:write(one.path, one.bytes))
      if not ok then
        err.message = one.path .. ": " .. err.message
        return nil, err
      end
      tree:changed(tx, one.path, tx:blob(one.bytes), outside(one.path))
      changed[#changed + 1] = one.path
    end
  end
  return changed
end

local function record(project, card, files, who)
  local tree <close>, err = trees.open(project, project.store, card, nil, files.is_known)
  if not tree then
    return nil, err
  end
  local tx = person.begin(project, who)
  local changed
  changed, err = write(tree, tx, files, labels.of_seed(project.config))
  local ok = changed
  if ok and #changed > 0 then
    tx:event("card.changed", card.id, { rev = card.revision, set = { retry_count = 0 } })
    ok, err = errors.check(async.await(tx.commit, tx))
  else
    tx:abandon()
  end
  if not ok then
    tree:close() -- of layers there is one root at a time
    -- what was written is in no journal
    local closing <close> = trees.open(project, project.store, card, nil, files.is_known)
    return nil, err
  end
  return changed
end

---Puts files into a card.
---@param project table opened as owner
---@param request Request  {card: string, files: PutFile[]}
---@return {card: string, status: string, files: string[], message: string}|nil
---@return Error|nil
local function perform(project, request)
  local card, err = reader.card(project.store, request.card)
  err = card and objection(project, card) or err
  local closing <close> = not err and hold(project, card.id) or nil
  local files, changed
  if not err then
    files, err = gather(project, card, request.files)
  end
  if files then
    changed, err = record(project, card, files, request.who)
  end
  if not changed then
    return nil, err
  end
  local message = #changed == 0 and card.id .. " has these files already"
    or "put into " .. card.id .. ": " .. table.concat(changed, ", ")
  return { card = card.id, status = card.status, files = changed, message = message }
end

M.acts = {
  put = {
    summary = "writes a person's files, each {dir, name, as?, below?}, into a card's tree",
    fields = { card = "text", files = "list" },
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION", "ERR_PATH", "ERR_NOT_FILE", "ERR_NOT_DIR", "ERR_TOO_LARGE",
      "ERR_DENIED" },
    beside = true, perform = perform,
  },
}

return M
