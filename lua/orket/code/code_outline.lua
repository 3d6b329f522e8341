-- code_outline.lua: the definitions of a tree that are used most, as a text that fits into so many tokens. A
-- definition counts by how often other files use its name; a name that many files define counts less in each.
-- What a name is decides as well: short ones are mostly variables that happen to be called so, long ones of
-- several words are what their author meant (the weights are those of aider's map of a repository).

local M = {}

local TOKENS, TOKENS_MAX = 1024, 8192
local BYTES_A_TOKEN = 4
local OWN = 0.1 -- what a use in the definition's own file counts
local UNREAD = 10 -- paths that are named

-- name -> how many files define it, and what its uses in all files come to.
local function weigh(all)
  local definers, uses = {}, {}
  for _, symbols in ipairs(all) do
    local here = {}
    for _, one in ipairs(symbols.definitions) do
      if not here[one.name] then
        here[one.name] = true
        definers[one.name] = (definers[one.name] or 0) + 1
      end
    end
  end
  for _, symbols in ipairs(all) do
    for name, count in pairs(symbols.uses) do
      if definers[name] then
        uses[name] = (uses[name] or 0) + count ^ 0.5
      end
    end
  end
  return definers, uses
end

local function weight_of(name, definers)
  local is_compound = #name >= 8 and name:find("%l[_%u]") ~= nil
  local weight = is_compound and 10 or 1
  if #name < 4 or name:sub(1, 1) == "_" then
    weight = weight / 10
  end
  return definers > 5 and weight / 10 or weight
end

local function score(one, symbols, definers, uses)
  local own = (symbols.uses[one.name] or 0) ^ 0.5
  local others = math.max(0, (uses[one.name] or 0) - own)
  return weight_of(one.name, definers[one.name]) * (others + OWN * own) / definers[one.name]
end

-- All definitions, the most used first; what is equal stands in the order of places.
local function ranked(files, all)
  local definers, uses = weigh(all)
  local list = {}
  for i, symbols in ipairs(all) do
    for _, one in ipairs(symbols.definitions) do
      local rank = math.floor(score(one, symbols, definers, uses) * 1000 + 0.5)
      list[#list + 1] = { at = #list + 1, path = files[i].path, definition = one, rank = rank }
    end
  end
  table.sort(list, function(a, b)
    if a.rank ~= b.rank then
      return a.rank > b.rank
    end
    return a.at < b.at
  end)
  return list
end

local function line_of(one)
  local within = one.within and one.within .. ": " or ""
  return ("  %d-%d %s%s\n"):format(one.line, one.last, within, one.signature)
end

-- The beginning of the list that fits, by file; files in the order of their best definition.
local function chosen(list, most)
  local order, lines, size, count = {}, {}, 0, 0
  for _, entry in ipairs(list) do
    local head = not lines[entry.path] and #entry.path + 2 or 0
    local line = line_of(entry.definition)
    if size + head + #line > most then
      break
    elseif head > 0 then
      order[#order + 1] = entry.path
      lines[entry.path] = {}
    end
    table.insert(lines[entry.path], { at = entry.at, text = line })
    size, count = size + head + #line, count + 1
  end
  return { order = order, lines = lines, count = count }
end

local function text_of(shown)
  local parts = {}
  for _, path in ipairs(shown.order) do
    local lines = shown.lines[path]
    parts[#parts + 1] = path .. ":\n"
    table.sort(lines, function(a, b)
      return a.at < b.at
    end)
    for _, line in ipairs(lines) do
      parts[#parts + 1] = line.text
    end
  end
  return table.concat(parts)
end

---Paths of what could not be parsed; nil: all could.
---@param files {path: string}[]
---@param all FileSymbols[]
---@return string[]|nil
function M.unread(files, all)
  local paths = {}
  for i, symbols in ipairs(all) do
    if symbols.unreadable and #paths < UNREAD then
      paths[#paths + 1] = files[i].path
    end
  end
  return paths[1] and paths
end

---@param files {path: string, language: string, text: string}[]
---@param all FileSymbols[] what each defines and uses
---@param tokens integer|nil that the text may have, by a rule of thumb
---@return {outline: string, files: integer, symbols: integer, shown: integer, unread: string[]?}
function M.of(files, all, tokens)
  local list = ranked(files, all)
  local most = math.min(tokens or TOKENS, TOKENS_MAX) * BYTES_A_TOKEN
  local shown = chosen(list, most)
  return {
    outline = text_of(shown), files = #files, symbols = #list, shown = shown.count,
    unread = M.unread(files, all),
  }
end

return M
