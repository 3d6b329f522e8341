-- ignored.lua: what a program made in a tree that its .gitignore files name, as builds do: it is no work of
-- the card's, and does not stay. Else cards would be in conflict over what each of them built, and it would
-- stand in the commits.

local errors = require("orket.errors")
local ignore = require("orket.core.ignore")

local M = {}

local RULES_MAX = 1 << 20 -- bytes of a .gitignore; a longer one has no rules

-- Each directory that these paths are in, "" for the root.
local function directories_of(paths)
  local found = { [""] = true }
  for _, path in ipairs(paths) do
    local directory = path:match("^(.*)/")
    while directory and not found[directory] do
      found[directory] = true
      directory = directory:match("^(.*)/")
    end
  end
  return found
end

-- The texts of the tree's .gitignore files there, by directory.
local function texts_for(tree, paths)
  local texts = {}
  for directory in pairs(directories_of(paths)) do
    local name = (directory == "" and "" or directory .. "/") .. ".gitignore"
    if tree.files[name] then
      local text, err = errors.check(tree.root:read(name, RULES_MAX))
      if err and errors.is_environment(err) then
        return nil, err
      end
      texts[directory] = text
    end
  end
  return texts
end

local function new_ones(tree, entries)
  local paths = {}
  for _, entry in ipairs(entries) do
    paths[#paths + 1] = not tree.files[entry.name] and entry.name or nil
  end
  return paths
end

---What is there after a program, without what is new and ignored.
---@param tree Tree
---@param entries FsEntry[] as Tree:touched gives them
---@return FsEntry[]|nil kept
---@return Error|nil
function M.without(tree, entries)
  local paths = new_ones(tree, entries)
  local texts, err = texts_for(tree, paths)
  if not texts then
    return nil, err
  end
  local kept, left_out = {}, ignore.left_out(texts, paths)
  for _, entry in ipairs(entries) do
    kept[#kept + 1] = not left_out[entry.name] and entry or nil
  end
  return kept
end

---What the model reads about so many of them.
---@param count integer|nil
---@return string|nil
function M.report(count)
  return count and count .. " new files that .gitignore names did not stay: one command makes and uses them"
end

return M
