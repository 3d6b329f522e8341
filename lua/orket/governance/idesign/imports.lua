-- imports.lua: which layer an import reaches. What is written relative to the file is resolved to a place in
-- the tree, and a place has one category. What is absolute is known by the first category in it. What shows
-- no category is taken for a layer when a part of its name has the layer's word in it. Pure.

local place = require("orket.governance.idesign.place")

local M = {}

local SEPARATORS = { python = "[^.]+", lua = "[^./]+", c = "[^/\\]+", javascript = "[^/]+",
  typescript = "[^/]+" }

local function parts_of(language, module)
  local parts = {}
  for part in module:gmatch(SEPARATORS[language]) do
    parts[#parts + 1] = part:lower()
  end
  return parts
end

-- ---- where it is ----

-- Where a path leads from a directory, and whether it stays in the tree; what is above that counts as its
-- root.
local function walk(directory, parts)
  local at, stays = table.move(directory, 1, #directory, 1, {}), true
  for _, part in ipairs(parts) do
    if part == ".." then
      stays = stays and #at > 0
      at[#at] = nil
    elseif part ~= "." then
      at[#at + 1] = part
    end
  end
  return at, stays
end

-- The parts of what is imported, and whether they begin at the tree's root for certain.
local function resolved(file, fact)
  local parts = parts_of(file.language, fact.module)
  local dots = fact.dots or 0
  if dots > 0 then
    if dots - 1 > #file.directory then
      return parts, false
    end
    return table.move(parts, 1, #parts, #file.directory - dots + 2,
      table.move(file.directory, 1, #file.directory - dots + 1, 1, {})), true
  elseif (file.language ~= "python" and file.language ~= "lua") and (parts[1] == "." or parts[1] == "..") then
    return walk(file.directory, parts)
  end
  return walk({}, parts), false
end

-- ---- which layer that is ----

local function is_outside(rules, language, parts)
  for _, name in ipairs(rules.outside) do
    local own = parts_of(language, name)
    local same = #own > 0 and #own <= #parts
    for i, part in ipairs(own) do
      same = same and parts[i] == part
    end
    if same then
      return true
    end
  end
  return false
end

-- The first category among the parts; of a place in the tree only the first part that counts can be one.
local function category_of(rules, parts, is_place)
  local counted = place.counted(rules, parts)
  for i = 1, is_place and 1 or #counted do
    local part = counted[i] and counted[i]:lower()
    if part and rules.categories[part] then
      return part
    end
  end
end

-- The layer whose word is the last one in a name: a manager_accessor is an accessor.
local function layer_by_word(rules, parts)
  local found, best = nil, 0
  for i, part in ipairs(parts) do
    for layer, word in pairs(rules.words) do
      local at, from = nil, 1
      repeat
        local hit = part:lower():find(word, from, true)
        at, from = hit or at, (hit or 0) + 1
      until not hit
      if at and i * 10000 + at > best then
        found, best = layer, i * 10000 + at
      end
    end
  end
  return found
end

local function layer_of(rules, parts, is_place)
  return category_of(rules, parts, is_place) or layer_by_word(rules, parts)
end

-- `from app import managers` takes a package by its name; `from . import user_manager` a module of this
-- directory.
local function layer_of_names(rules, forbidden, fact, parts, is_place)
  for name in (fact.names or ""):gmatch("[^,]+") do
    local one = table.move(parts, 1, #parts, 1, {})
    one[#one + 1] = name:lower()
    local category = category_of(rules, one, is_place)
    local layer = category or fact.module == "" and layer_by_word(rules, { name })
    if forbidden[layer] then
      return layer, name
    end
  end
end

---The layer that a file must not know and imports, and the name that says so.
---@param rules table
---@param file table
---@param fact table an import
---@return string|nil layer
---@return string|nil name
function M.breach(rules, file, fact)
  local forbidden = file.layer and rules.layers[file.layer]
  if not forbidden then
    return nil
  end
  local parts, is_place = resolved(file, fact)
  if not is_place and is_outside(rules, file.language, parts) then
    return nil
  end
  local layer, name = layer_of(rules, parts, is_place), fact.module
  if not forbidden[layer] and fact.names then
    layer, name = layer_of_names(rules, forbidden, fact, parts, is_place)
  end
  if forbidden[layer] then
    return layer, (("."):rep(fact.dots or 0) .. fact.module) .. (name ~= fact.module and " " .. name or "")
  end
end

---True when a name could read otherwise than it looks: Python takes letters of other alphabets for the same
---ones.
---@param fact table an import
---@return boolean
function M.is_hidden(fact)
  return (fact.module .. (fact.names or "")):find("[%c\128-\255]") ~= nil
end

return M
