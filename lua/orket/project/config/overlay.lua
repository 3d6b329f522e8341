-- overlay.lua: a project's directory as it would be with more files in it, none of which is written: what the
-- loader of the configuration reads from a root, and no more.

local M = {}

local Overlay = {}
Overlay.__index = Overlay

local function missing(path)
  return nil, "no such file or directory: " .. path, "ERR_NOT_FOUND"
end

local function place(self, path)
  return self.above .. path
end

function Overlay:read(path, max)
  local text = self.files[place(self, path)]
  if text then
    return text
  elseif not self.root then
    return missing(path)
  end
  return self.root:read(path, max)
end

function Overlay:kind(path)
  if self.files[place(self, path)] then
    return "file"
  elseif not self.root then
    return missing(path)
  end
  return self.root:kind(path)
end

-- The files of a directory that are only here, by name.
local function own_entries(self, path)
  local above, names = place(self, path) .. "/", {}
  for file in pairs(self.files) do
    local name = file:sub(1, #above) == above and file:sub(#above + 1)
    if name and not name:find("/", 1, true) then
      names[name] = true
    end
  end
  return names
end

---The entries of a directory, of both, sorted by name.
function Overlay:list(path, max)
  local names = own_entries(self, path)
  local entries, more, code, fix
  if self.root then
    entries, more, code, fix = self.root:list(path, max)
  else
    entries, more, code = missing(path)
  end
  if not entries and (code ~= "ERR_NOT_FOUND" or not next(names)) then
    return nil, more, code, fix
  end
  local all = {}
  for _, entry in ipairs(entries or {}) do
    names[entry.name] = nil
    all[#all + 1] = entry
  end
  for name in pairs(names) do
    all[#all + 1] = { name = name, type = "file" }
  end
  table.sort(all, function(a, b)
    return a.name < b.name
  end)
  return all, entries and more or false
end

function Overlay:beneath(path)
  local root, message, code, fix
  if self.root then
    root, message, code, fix = self.root:beneath(path)
  else
    root, message, code = missing(path)
  end
  if not root and not next(own_entries(self, path)) then
    return nil, message, code, fix
  end
  return setmetatable({ root = root, files = self.files, above = place(self, path) .. "/", owned = root },
    Overlay)
end

---What it opened itself; the root that it lies over stays its owner's.
function Overlay:close()
  if self.owned then
    self.owned:close()
  end
end

Overlay.__close = Overlay.close

---@param root FsRoot|nil  nil: there is nothing but the files
---@param files table<string, string> texts by path
---@return table root with read, kind, list, beneath and close
function M.over(root, files)
  return setmetatable({ root = root, files = files, above = "" }, Overlay)
end

return M
