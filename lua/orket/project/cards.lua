-- cards.lua: from card files to cards of the board. Files create cards on first load; from then on the
-- database is the truth. A further build of a finished epic gets cards of its own: NAME-b2, NAME-b3.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local statuses = require("orket.util.statuses")
local tables = require("orket.util.tables")
local moves = require("orket.effects.moves")

local M = {}

local FINAL = statuses.FINAL

local function exists(store, id)
  return store:read("card_state", { id = id })[1]
end

---The id on the board of a card of a file.
---@param id string
---@param build integer
---@return string
function M.name(id, build)
  return build == 1 and id or string.format("%s-b%d", id, build)
end

local build_name = M.name

---The newest build of a card: 1 for the first (or none yet).
---@param store table
---@param id string as in the card file
---@return integer
function M.build(store, id)
  local build = 1
  while exists(store, build_name(id, build + 1)) do
    build = build + 1
  end
  return build
end

-- Work that was begun again has cards of its own: ID-r2, ID-r3 (rewind.lua).
local function round_name(id, round)
  return round == 1 and id or string.format("%s-r%d", id, round)
end

---The id of the newest round of a card.
---@param store table
---@param id string
---@return string
function M.round(store, id)
  local round = 1
  while exists(store, round_name(id, round + 1)) do
    round = round + 1
  end
  return round_name(id, round)
end

---The id of a card's next round.
---@param store table
---@param id string of any of its rounds
---@return string
function M.next_round(store, id)
  local first = id:match("^(.*)%-r%d+$")
  first = first and exists(store, first) and first or id
  local round = 2
  while exists(store, round_name(first, round)) do
    round = round + 1
  end
  return round_name(first, round)
end

---The id under which the newest build of a card, and its newest round, stands on the board.
---@param store table
---@param id string
---@return string
function M.newest(store, id)
  return M.round(store, build_name(id, M.build(store, id)))
end

-- told by cards of their own, or by data_labels
local ELSEWHERE = { issues = true, epics = true, outside = true }

-- Labels of what was written elsewhere: of a made card that was exported, or as a person says.
local function labels_of(card)
  local names = {}
  for _, name in ipairs(card.outside or {}) do
    names[name] = true
  end
  return next(names) and tables.keys(names) or nil
end

local function body_of(card, id, more)
  local body = { data_labels = labels_of(card) }
  for key, value in pairs(card) do
    if not ELSEWHERE[key] then
      body[key] = value
    end
  end
  for key, value in pairs(more) do
    body[key] = value
  end
  body.id = id
  return body
end

local function dependencies(issue, build)
  local ids = {}
  for i, id in ipairs(issue.depends_on) do
    ids[i] = build_name(id, build)
  end
  return setmetatable(ids, getmetatable(issue.depends_on))
end

local function build_id(epic, build)
  return string.format("build-%s.%d", epic.id, build)
end

local function add_epic(tx, epic, build, place)
  local id = build_name(epic.id, build)
  tx:event("card.created", id, body_of(epic, id, { parent_id = place.rock, build_id = build_id(epic, build),
    depends_on = place.depends_on }))
end

local function add_issue(tx, epic, issue, build)
  local id, above = build_name(issue.id, build), build_name(epic.id, build)
  tx:event("card.created", id, body_of(issue, id, {
    parent_id = above, epic = above, build_id = build_id(epic, build),
    depends_on = dependencies(issue, build),
  }))
end

-- Which cards of a build are on the board: asked once for all of them.
local function on_board(store, epic, build)
  local ids, found = { build_name(epic.id, build) }, {}
  for i, issue in ipairs(epic.issues) do
    ids[i + 1] = build_name(issue.id, build)
  end
  for _, row in ipairs(store:read("known_cards", { ids = cjson.encode(ids) })) do
    found[row.id] = true
  end
  return found
end

local function create_epic(project, tx, epic, build, place)
  local found = on_board(project.store, epic, build)
  if not found[build_name(epic.id, build)] then
    add_epic(tx, epic, build, place or {})
  end
  for _, issue in ipairs(epic.issues) do
    if not found[build_name(issue.id, build)] then
      add_issue(tx, epic, issue, build)
    end
  end
end

---The cards of a rock and its epics that nobody has on the board, in a transaction.
---@param tx StoreTx
---@param rock table as the loader of the configuration has it
---@param epics table<string, table>
---@return integer count of issues
function M.add(tx, rock, epics)
  local count = 0
  tx:event("card.created", rock.id, body_of(rock, rock.id, {}))
  for _, entry in ipairs(rock.epics) do
    local epic = epics[entry.epic]
    add_epic(tx, epic, 1, { rock = rock.id, depends_on = entry.depends_on })
    for _, issue in ipairs(epic.issues) do
      add_issue(tx, epic, issue, 1)
    end
    count = count + #epic.issues
  end
  return count
end

-- The newest builds of epics.
local function builds_of(store, ids)
  local builds = {}
  for i, id in ipairs(ids) do
    builds[i] = build_name(id, M.build(store, id))
  end
  return builds
end

-- Where epics stand in rocks: in which one, after which others.
local function places_of(project)
  local places = {}
  for _, rock in pairs(project.config.rocks) do
    for _, entry in ipairs(rock.epics) do
      places[entry.epic] = { rock = rock.id,
        depends_on = entry.depends_on and builds_of(project.store, entry.depends_on) }
    end
  end
  return places
end

local function archive(project, tx, id)
  for _, row in ipairs(project.store:read("backlog", { epic = id })) do
    moves.add(tx, row, "archived", { role = "system", why = "a new build" })
  end
  moves.add(tx, exists(project.store, id), "archived", { role = "system", why = "a new build" })
end

-- The build to create cards of: the newest, or the next one when it is asked for and the newest ended.
local function next_build(project, tx, epic, again)
  local build = M.build(project.store, epic.id)
  local card = exists(project.store, build_name(epic.id, build))
  if not again or not card then
    return build
  elseif not FINAL[card.status] then
    return nil, errors.new("ERR_TRANSITION", epic.id .. " is " .. card.status
      .. ", there is no finished build to follow",
      "run it without --again: it goes on where it stopped")
  end
  if card.status ~= "archived" then
    archive(project, tx, card.id)
  end
  return build + 1
end

local function names_of(map, only)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = (not only or only[name]) and name or nil
  end
  table.sort(names)
  return names
end

-- Epics in the order of their rocks, then those of no rock: so they begin.
local function epics_in_order(config, only)
  local names, seen = {}, {}
  local function add(name)
    if config.epics[name] and not seen[name] then
      seen[name] = true
      names[#names + 1] = (not only or only[name]) and name or nil
    end
  end
  for _, rock in ipairs(names_of(config.rocks)) do
    for _, entry in ipairs(config.rocks[rock].epics) do
      add(entry.epic)
    end
  end
  for _, name in ipairs(names_of(config.epics)) do
    add(name)
  end
  return names
end

---Adds the cards that are in the files and not yet on the board to a transaction.
---@param project table opened as owner
---@param tx StoreTx
---@param again string|nil name of the epic to build anew
---@param only table<string, true>|nil the epics and rocks that are looked at; nil: all of them
---@return true|nil ok
---@return Error|nil
function M.add_missing(project, tx, again, only)
  local places = places_of(project)
  for _, name in ipairs(names_of(project.config.rocks, only)) do
    local rock = project.config.rocks[name]
    if not exists(project.store, rock.id) then
      tx:event("card.created", rock.id, body_of(rock, rock.id, {}))
    end
  end
  for _, name in ipairs(epics_in_order(project.config, only)) do
    local epic = project.config.epics[name]
    local build, err = next_build(project, tx, epic, again == epic.id)
    if not build then
      return nil, err
    end
    create_epic(project, tx, epic, build, places[name])
  end
  return true
end

---Creates the cards that are in the files and not yet on the board.
---@param project table opened as owner, with its board stream
---@param again string|nil name of the epic to build anew
---@return boolean|nil ok
---@return Error|nil
function M.create(project, again)
  local tx = project.board:begin()
  local ok, err = M.add_missing(project, tx, again)
  if not ok then
    return nil, err
  end
  return errors.check(async.await(tx.commit, tx))
end

return M
