-- mutations.lua: the vectors of vectors.lua, twice one behind the other, with one mark deleted, misspelled or
-- doubled, or one character of what JSON and Python are made of. For tests/spec/dialect_spec.lua.

local cjson = require("cjson")
local cases = dofile("tests/dialects/cases.lua")

local M = {}

M.VALUE = "a plain value" -- of every second call

-- ---- marks ----

local function grammar()
  local file <close> = assert(io.popen("lua5.4 tests/fuzz/grammar.lua"))
  return cjson.decode(file:read("a"))
end

local function add_template(marks, text)
  text = (text or ""):gsub("{=([^}]*)}", function(mark)
    marks[mark] = true
    return "\n"
  end)
  for part in text:gsub("{%?([^}]*)}", "\n%1\n"):gsub("{%a+}", "\n"):gmatch("[^\n ]+") do
    marks[part] = true
  end
end

---The texts that a family's templates are made of: {name -> texts, the longest first}.
function M.marks()
  local all = {}
  for _, family in ipairs(grammar().families) do
    local marks = {}
    for _, form in ipairs(family.forms) do
      add_template(marks, form.call)
      add_template(marks, form.param)
      for _, text in ipairs({ form.quote or "", form.tags or "", table.unpack(form.section or {}) }) do
        marks[text ~= "" and text or nil or "\0"] = true
      end
    end
    local list = {}
    for mark in pairs(marks) do
      list[#list + 1] = #mark > 1 and mark or nil
    end
    table.sort(list, function(a, b) return #a == #b and a < b or #a > #b end)
    all[family.name] = list
  end
  return all
end

-- ---- changes ----

-- Where the marks of a text stand, and its punctuation.
local function places(text, marks)
  local found, at = {}, 1
  while at <= #text do
    local len
    for _, mark in ipairs(marks) do
      if text:sub(at, at + #mark - 1) == mark then
        len = #mark
        break
      end
    end
    if len or text:find("^[][{}\"'(),:=]", at) then
      found[#found + 1] = { at, at + (len or 1) - 1 }
    end
    at = at + (len or 1)
  end
  return found
end

-- Without its middle letter.
local function misspelled(mark)
  local middle = utf8.offset(mark, 0, #mark // 2 + 1)
  return mark:sub(1, middle - 1) .. mark:sub(utf8.offset(mark, 2, middle))
end

local CHANGES = {
  deleted = function() return "" end,
  misspelled = function(mark) return #mark > 2 and misspelled(mark) or nil end,
  doubled = function(mark) return mark .. mark end,
  ["doubled on two lines"] = function(mark) return #mark > 2 and mark .. "\n" .. mark or nil end,
}

---Every changed text of a vector: {text, what, first: it was changed in the first of the two}.
function M.of(vector, marks)
  local once = cases.with(vector, M.VALUE)
  local text, list = once .. "\n" .. once, {}
  for _, place in ipairs(places(text, marks)) do
    local mark = text:sub(place[1], place[2])
    for what, change in pairs(CHANGES) do
      local new = change(mark)
      if new then
        list[#list + 1] = { text = text:sub(1, place[1] - 1) .. new .. text:sub(place[2] + 1),
          what = what .. ": " .. mark,
          first = place[1] <= #once, mark = #mark > 2 }
      end
    end
  end
  return list
end

---Does an argument hold a mark or another call?
function M.holds(value, marks)
  if type(value) == "table" then
    for key, each in pairs(value) do
      local found = M.holds(key, marks) or M.holds(each, marks)
      if found then
        return found
      end
    end
  elseif type(value) == "string" then
    for _, mark in ipairs({ "get_weather", "search", '"name"', "arguments", table.unpack(marks) }) do
      if #mark > 2 and value:find(mark, 1, true) then
        return mark
      end
    end
  end
end

return M
