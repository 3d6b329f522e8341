-- overlay.lua: a project's directory as it would be with other files in it, none of which is written: what
-- the loader of the configuration reads from a root, and no more.

local M = {}

local Overlay = {}
Overlay.__index = Overlay

-- A root that has nothing, and answers as one of C does.
local NOTHING = {}

function NOTHING.read(_, path)
  return table.unpack({ nil, "no such file or directory: " .. path, "ERR_NOT_FOUND" }, 1, 3)
end
NOTHING.kind, NOTHING.list, NOTHING.beneath = NOTHING.read, NOTHING.read, NOTHING.read

local function place(self, path)
  return self.above .. path
end

function Overlay:read(path, max)
  local text = self.files[place(self, path)]
  if text then
    return text
  end
  return (text == false and NOTHING or self.root):read(path, max)
end

function Overlay:kind(path)
  local text = self.files[place(self, path)]
  if text then
    return "file"
  end
  return (text == false and NOTHING or self.root):kind(path)
end

-- The files of a directory that are said here, by name: true, or false: it is gone.
local function own_entries(self, path)
  local above, names = place(self, path) .. "/", {}
  for file, text in pairs(self.files) do
    local name = file:sub(1, #above) == above and file:sub(#above + 1)
    if name and not name:find("/", 1, true) then
      names[name] = text ~= false
    end
  end
  return names
end

---The entries of a directory, of both, sorted by name.
function Overlay:list(path, max)
  local names = own_entries(self, path)
  local answer = table.pack(self.root:list(path, max))
  local entries, more, code = table.unpack(answer, 1, 3)
  if not entries and (code ~= "ERR_NOT_FOUND" or not next(names)) then
    return table.unpack(answer, 1, answer.n)
  end
  local all = {}
  for _, entry in ipairs(entries or {}) do
    all[#all + 1] = names[entry.name] == nil and entry or nil
  end
  for name, is_there in pairs(names) do
    all[#all + 1] = is_there and { name = name, type = "file" } or nil
  end
  table.sort(all, function(a, b)
    return a.name < b.name
  end)
  return all, entries and more or false
end

function Overlay:beneath(path)
  local answer = table.pack(self.root:beneath(path))
  local root = answer[1]
  if not root and not next(own_entries(self, path)) then
    return table.unpack(answer, 1, answer.n)
  end
  return setmetatable({ root = root or NOTHING, files = self.files, above = place(self, path) .. "/",
    owned = root }, Overlay)
end

---What it opened itself; the root that it lies over stays its owner's.
function Overlay:close()
  if self.owned then
    self.owned:close()
  end
end

Overlay.__close = Overlay.close

---@param root FsRoot|nil  nil: there is nothing but the files
---@param files table<string, string|false> texts by path; false: the file is gone
---@return table root with read, kind, list, beneath and close
function M.over(root, files)
  return setmetatable({ root = root or NOTHING, files = files, above = "" }, Overlay)
end

return M
