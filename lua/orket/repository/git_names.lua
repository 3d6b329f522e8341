-- git_names.lua: names under which git keeps files of its own: what lies there makes it run programs. Pure.

local unseen = require("orket.util.unseen")

local M = {}

-- Spellings under which some file system opens .git: invisible characters, streams, ends and short names.
local function is_one(name)
  local plain = unseen.removed(name:lower()):gsub(":.*", ""):gsub("[. ]+$", "")
  return plain == ".git" or plain:match("^git~%d+$") ~= nil
end

---Whether one of the names of a path is such a name.
---@param path string
---@return boolean
function M.is_among(path)
  for name in path:gmatch("[^/]+") do
    if is_one(name) then
      return true
    end
  end
  return false
end

return M
