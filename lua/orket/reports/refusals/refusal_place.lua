-- refusal_place.lua: where a rule is decided: the key of the organization's file, or the line of a script,
-- that a person would edit; for what a person cannot edit, who says so. Pure.

local M = {}

local ORGANIZATION = "config/organization.json#/process_rules/"

-- The line of a script that says `word = …`; without one the file.
local function line_of(side, path, word)
  local entry, line = side.generation.files[path], 0
  for text in ((entry and entry.text or "") .. "\n"):gmatch("(.-)\n") do
    line = line + 1
    if text:find("^%s*" .. word .. "%s*=") then
      return path .. ":" .. line
    end
  end
  return path
end

local function of_role(word)
  return function(side, call)
    return line_of(side, "roles/" .. call.role .. ".lua", word)
  end
end

local function of_tool(word)
  return function(side, call)
    return line_of(side, "tools/" .. call.tool .. ".lua", word)
  end
end

local function of_organization(key)
  return function()
    return ORGANIZATION .. key
  end
end

local KEYS = { -- rule -> what a person would edit
  ["gate.role.tool"] = of_role("tools"),
  ["gate.role.unknown"] = function(_, call) return "roles/" .. call.role .. ".lua" end,
  ["gate.tool.unknown"] = function(_, call) return "tools/" .. call.tool .. ".lua" end,
  ["gate.card.status"] = of_tool("statuses"),
  ["gate.args.schema"] = of_tool("schema"),
  ["gate.op.undeclared"] = of_tool("operations"),
  ["gate.confirm"] = of_tool("operations"),
  ["gate.scope"] = function(_, call) return "card " .. call.card.id .. "#/params/scope" end,
  ["gate.command"] = of_organization("commands"),
  ["gate.limit.args"] = of_organization("limits/arguments"),
  ["gate.limit.content"] = of_organization("limits/content"),
  ["gate.limit.calls"] = of_organization("limits/calls"),
  ["gate.limit.issues"] = of_organization("limits/issues"),
}

---@param side SimSide
---@param call {role: string, tool: string, card: table}
---@param check {rule: string, where: string|nil}
---@return string|nil
function M.of(side, call, check)
  local find = KEYS[check.rule]
  if find then
    return find(side, call)
  elseif check.where then
    return check.where
  elseif check.rule:find("^fsm%.") then
    return "orket law"
  end
  return check.rule:find("^gate%.") and "the gate itself" or nil
end

return M
