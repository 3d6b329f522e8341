-- looks.lua: what of its arguments a script looks at, as its text says it. Where every use of a parameter is plainly a
-- member, as in `call.tool` or `view.card.type`, those members are all that it can see, and it need not be shown others.
-- Whatever is not plainly so is shown whole. Pure.

local doc = require("orket.core.doc")
local tokens = require("orket.governance.policy.tokens")

local M = {}

local LONGEST = 65536 -- bytes of a text that is read for this
local DEEPEST = 8 -- names of a member of members; what is below comes with it
local ARGUMENTS = 2 -- of a decision: call and view

local function is(token, kind, text)
  return token ~= nil and token.kind == kind and (text == nil or token.text == text)
end

-- The first names of `.a.b` behind the token at i.
local function members(list, i)
  local path = {}
  while #path < DEEPEST and is(list[i + 1], "mark", ".") and is(list[i + 2], "name") do
    path[#path + 1], i = list[i + 2].text, i + 2
  end
  return path
end

-- True between the parentheses of `function name(`.
local function is_parameter(list, i)
  while is(list[i - 1], "mark", ",") and is(list[i - 2], "name") do
    i = i - 2
  end
  if not is(list[i - 1], "mark", "(") then
    return false
  end
  i = i - 2
  while is(list[i], "name") do
    i = i - ((is(list[i - 1], "mark", ".") or is(list[i - 1], "mark", ":")) and 2 or 1)
  end
  return is(list[i], "word", "function")
end

local function add(mask, path)
  for i, name in ipairs(path) do
    if mask[name] == true then
      return
    end
    mask[name] = i == #path or mask[name] or {}
    mask = mask[name]
  end
end

-- nil: it may look at anything. A name that is the parameter of two functions is one of them too many.
local function mask_of(list, name)
  local mask, times = {}, 0
  for i, token in ipairs(list) do
    if is(token, "name", name) and not is(list[i - 1], "mark", ".") and not is(list[i - 1], "mark", ":") then
      local path = members(list, i)
      if path[1] then
        add(mask, path)
      elseif is_parameter(list, i) then
        times = times + 1
      else
        return nil
      end
    end
  end
  return times == 1 and mask or nil
end

local function has(list, name)
  for _, token in ipairs(list) do
    if is(token, "name", name) then
      return true
    end
  end
  return false
end

---What a function with these parameters can see of them.
---@param text string that compiles, and has the function
---@param names string[] its parameters
---@return (Doc|false)[] masks for script:mask
function M.masks(text, names)
  local list, masks = #text <= LONGEST and tokens.read(text) or {}, {}
  local plain = not has(list, "_ENV") -- through which every global name is a member
  for i = 1, math.min(#names, ARGUMENTS) do
    local mask = plain and mask_of(list, names[i])
    masks[i] = mask and assert(doc.new(mask)) or false
  end
  return masks
end

return M
