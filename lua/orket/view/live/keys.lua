-- keys.lua: the bytes of a terminal as keys. A terminal also sends what nobody typed: answers to questions
-- that a text on it asked (ESC[1;1R, ESC]…), where the mouse is, what is pasted. None of these is a key,
-- wherever a read cuts it. Pure.

local M = {}

local Keys = {}
Keys.__index = Keys

local LONGEST = 65536 -- bytes of what does not end

local NAMES = {
  ["\27[A"] = "up", ["\27[B"] = "down", ["\27OA"] = "up", ["\27OB"] = "down", ["\27[5~"] = "page up",
  ["\27[6~"] = "page down",
  ["\r"] = "enter", ["\n"] = "enter", ["\127"] = "backspace", ["\8"] = "backspace", ["\12"] = "redraw",
  [" "] = "space",
}

---@return table keys
function M.new()
  return setmetatable({ rest = "", escaped = false }, Keys)
end

-- The end of a text behind ESC ], P, _, ^ or X.
local function string_end(bytes)
  local _, stop = bytes:find("\27\\", 3, true)
  local bell = bytes:find("^\27%]") and bytes:find("\7", 3, true)
  return bell and (not stop or bell < stop) and bell or stop
end

-- The size of a sequence that begins with ESC; nil when it is not whole.
local function sequence(bytes)
  local second = bytes:sub(2, 2)
  if second == "[" then
    local stop = bytes:match("^\27%[[\48-\63]*[\32-\47]*()") -- parameters, then one byte that ends it
    if bytes:find("^\27%[M") then
      return #bytes >= 6 and 6 or nil -- the mouse: a button and a place
    end
    local last = bytes:find("^[\64-\126]", stop) and stop or stop - 1
    return stop <= #bytes and last or nil
  elseif second == "O" then
    return #bytes >= 3 and 3 or nil
  elseif second:find("[%]P_%^X]") then
    return string_end(bytes)
  end
  return second == "\27" and 1 or 2 -- with Alt
end

-- What stands first, and its size; nil when it is not whole.
local function first(bytes)
  if bytes:find("^\27%[200~") then
    local from, stop = bytes:find("\27[201~", 1, true)
    return from and { paste = bytes:sub(7, from - 1) }, stop
  elseif bytes:byte() == 27 then
    local size = sequence(bytes)
    return size and { key = NAMES[bytes:sub(1, size)] }, size
  end
  local char = bytes:match("^[\194-\244][\128-\191]*") or bytes:sub(1, 1)
  local whole = utf8.len(char)
  if not whole and #char == #bytes and #char < 4 and bytes:byte() >= 194 then
    return nil
  end
  local is_text = whole == 1 and not char:find("^[%c\127]") and not char:find("^\194[\128-\159]")
  return { key = NAMES[char] or is_text and char or nil }, whole == 1 and #char or 1
end

---Takes what was read. A lone ESC at its end is that key; what follows may still belong to it.
---@param bytes string
---@return {key: string?, paste: string?}[]
function Keys:feed(bytes)
  local rest, keys = self.rest .. bytes, {}
  if self.escaped and rest:find("^[%[O%]P_%^X]") then
    rest = "\27" .. rest
  end
  self.escaped = false
  while rest ~= "" and rest ~= "\27" do
    local one, size = first(rest)
    if not size then
      break
    end
    keys[#keys + 1] = (one.key or one.paste) and one or nil
    rest = rest:sub(size + 1)
  end
  if rest == "\27" then
    keys[#keys + 1], rest = { key = "esc" }, ""
    self.escaped = true
  end
  self.rest = #rest <= LONGEST and rest or ""
  return keys
end

return M
