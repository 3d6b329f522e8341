-- schema.lua: `orket schema KIND`: the JSON Schema of a kind of file, so that an editor completes and checks
-- it.

local embed = require("orket.core.embed")
local fixture_check = require("orket.verification.fixture_check")
local tables = require("orket.util.tables")
local options = require("orket.options")

local M = {}

M.usage = [[
usage: orket schema KIND

Prints the JSON Schema (2020-12) of a kind of file: organization, team, environment, epic, rock, issue, asset,
fixture, or cassette (a line of one), mock_reply (what a script of orket mock-llm answers). A file may name
its schema: "$schema": "path".
exit: 0 printed, 2 usage
]]

local CARD = "card" -- its kinds are definitions of one schema
local KINDS = {
  organization = "organization", team = "team", environment = "environment", fixture = "fixture",
  cassette = "cassette", mock_reply = "mock_reply", epic = CARD, rock = CARD, issue = CARD, asset = CARD,
}

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, {}, { "kind" })
  if args and not KINDS[args.kind] then
    args, message = nil, "there is no schema '" .. args.kind .. "': " .. table.concat(tables.keys(KINDS),
      ", ")
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  local schema = embed.read("lua/orket/schemas/" .. KINDS[args.kind] .. ".json")
  if KINDS[args.kind] == CARD then
    schema = schema:gsub("^{", '{\n  "$ref": "#/$defs/' .. args.kind .. '",', 1)
  elseif args.kind == "fixture" then
    local refs = table.concat(fixture_check.KINDS, '"}, {"$ref": "#/$defs/')
    schema = schema:gsub("^{", '{\n  "anyOf": [{"$ref": "#/$defs/' .. refs .. '"}],', 1)
  end
  io.write(schema)
  return 0
end

return M
