-- tool_delta.lua: what a tool lets through that it did not: what it declares is compared exactly. What its
-- `run` does with the operations that it declares cannot be enumerated, so that another program counts as
-- more when it can effect anything; one that only reads answers with what its role may read anyway.

local policy_code = require("orket.governance.policy.policy_code")
local embed = require("orket.core.embed")
local gate = require("orket.core.gate")
local labels = require("orket.governance.labels")
local tables = require("orket.util.tables")
local program_delta = require("orket.scripts.permission_delta.program_delta")
local schema_delta = require("orket.scripts.permission_delta.schema_delta")

local M = {}

local ANY = "any" -- arguments

local function declared(was, now, places)
  for _, place in ipairs(schema_delta.wider(was.schema, now.schema)) do
    places[#places + 1] = { arguments = place, why = "its schema lets more through" }
  end
  for _, kind in ipairs(now.operations) do
    if not tables.has(was.operations, kind) then
      places[#places + 1] = { arguments = ANY, why = "it may ask for " .. kind }
    end
  end
end

local TYPES = { "rock", "epic", "issue", "utility", "app" } -- of a tool that says none: all but plans

local function more_types(was, now, places)
  for _, type in ipairs(now.types or TYPES) do
    if not tables.has(was.types or TYPES, type) then
      places[#places + 1] = { arguments = ANY, why = "it may be used on cards of the type " .. type }
    end
  end
end

-- What a tool says of itself, which only narrows.
local function unsaid(was, now, places)
  if was.outward == true and now.outward ~= true then
    places[#places + 1] = { arguments = ANY, why = "it does not say any more that it reaches outward" }
  end
  local marks = labels.of_tool(now) or {}
  for _, name in ipairs(labels.of_tool(was) or {}) do
    if not tables.has(marks, name) then
      places[#places + 1] = { arguments = ANY, why = "it does not say any more that what it brings in is "
        .. name }
    end
  end
end

local function effects_of(about)
  local kinds = {}
  for _, kind in ipairs(about.operations) do
    kinds[#kinds + 1] = gate.effect(kind) ~= "none" and kind or nil
  end
  return kinds
end

local function other_program(was, now, places)
  local kinds = effects_of(now.about)
  if #kinds > 0 and not program_delta.is_same(was.text, now.text, "run") then
    places[#places + 1] = { arguments = ANY, why = "its run changed: what it does with "
      .. table.concat(kinds, ", ") .. " cannot be enumerated" }
  end
end

local function own_text(entry)
  return entry.text ~= embed.read(entry.path)
end

-- Operations of a tool of the project's own are shown to the policies, those of a shipped one are not.
local function unseen(was, now, asked, places)
  if not own_text(was) or own_text(now) then
    return
  end
  for _, entry in ipairs(asked or {}) do
    if tables.has(policy_code.read(entry.text).constants, "operation") then
      places[#places + 1] = { arguments = ANY, why = entry.path
        .. " looked at what it asks for, which is the shipped one's now" }
      return
    end
  end
end

local function wider(was, now, asked)
  local places = {}
  declared(was.about, now.about, places)
  more_types(was.about, now.about, places)
  unsaid(was.about, now.about, places)
  other_program(was, now, places)
  unseen(was, now, asked, places)
  return places
end

---@param before table generation
---@param after table generation
---@param asked table[]|nil policies that were asked before
---@return table<string, {arguments: string, why: string}[]> by the name of the tool
function M.wider(before, after, asked)
  local by_tool = {}
  for name, now in pairs(after.tools) do
    local was = before.tools[name]
    if was and was.text ~= now.text then
      by_tool[name] = wider(was, now, asked)
    end
  end
  return by_tool
end

return M
