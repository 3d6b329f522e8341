-- word_delta.lua: what policies look for, read from their texts: the very words and numbers, as paths, as texts and as
-- bounds. What changed about them comes first. Pure.

local policy_code = require("orket.governance.policy.policy_code")
local hash = require("orket.core.hash")
local tokens = require("orket.governance.policy.tokens")

local M = {}

local PATHS = { "a.txt", "src/main.c", "docs/deep/down/page.md", "tests/test_x.py", "README.md", ".config/x" }
local TEXTS = { "", "x", "a line\nand another\n" }
local LARGE = 20000 -- bytes
local SIZE_MOST = 200000
local PATH_MOST = 200 -- bytes: a name may not be much longer
local LITERAL_MOST = 200 -- bytes of one
local LITERALS = 500 -- of all policies together
local HOT = 24 -- of them that are looked at in every notation, and two at a time

-- Words that a policy says of calls and of Lua, and not of what it looks for.
local OURS = {}
for word in ([[tool role arguments paths path content card status type id operations operation op destructive outward risky labels
  decision deny ask rule why fix when decide pairs ipairs find match gsub sub lower upper format table concat insert string
  self_test assert error tostring tonumber some view run turn seat operation_hash]]):gmatch("%S+") do
  OURS[word] = true
end

local SAID = { rule = true, why = true, fix = true, decision = true, node = true, when = true }
local AROUND = 12 -- words beside one that make its place

local function add(list, seen, value)
  if not seen[value] then
    seen[value] = true
    list[#list + 1] = value
  end
end

-- A word of the texts' own making: no policy that is compared can look for it, not even to hide from the samples.
local function unforeseen(was, now)
  return "s" .. hash.parts({ hash.parts(was), hash.parts(now) }):sub(1, 8)
end

-- A pattern or a glob as a text that it may match, with a word where it leaves room.
local function plain(literal, word)
  word = word or "x"
  return (literal:gsub("^%^", ""):gsub("%$$", ""):gsub("%[.-%][*+-]?", word):gsub("%%%a[*+-]?", word):gsub("%%(.)", "%1")
    :gsub("%.[*+-]", word):gsub("%*+", word):gsub("%?", word))
end

local function add_path(path, list, seen)
  if path ~= "" and #path <= PATH_MOST and not path:find("[%c\\]") then
    add(list, seen, path)
  end
end

-- What is beneath a path and beside it under a name that nobody foresaw.
local function unforeseen_paths(literal, found)
  local word = found.unforeseen
  local path = plain(literal, word):gsub("^/+", ""):gsub("/+$", "")
  for _, one in ipairs({ path, path .. "/" .. word, path .. word, word .. "/" .. path, word .. "/" .. path .. "/" .. word }) do
    add_path(one, found.paths, found.seen.paths)
  end
end

-- A path, what is beneath it and beside it; of a word that changed also as others write it, which a policy may or
-- may not see to be the same.
local function paths_of(literal, found, is_hot)
  local path = plain(literal):gsub("^/+", ""):gsub("/+$", "")
  for i, one in ipairs({ literal, path, path .. "/x", path .. "x", "x/" .. path, "x/" .. path .. "/x", "./" .. path .. "/x" }) do
    if is_hot or i < 7 then
      add_path(one, found.paths, found.seen.paths)
    end
    if is_hot then
      add_path(one:upper(), found.paths, found.seen.paths)
    end
  end
  unforeseen_paths(literal, found)
end

local function texts_of(literal, found, is_hot)
  local text = plain(literal)
  for i, one in ipairs({ literal, text, "x " .. text .. " x", text:upper(), text:lower() }) do
    if is_hot or i < 4 then
      add(found.texts, found.seen.texts, one)
    end
  end
  add(found.texts, found.seen.texts, plain(literal, found.unforeseen) .. found.unforeseen)
end

local function number_of(text)
  local number = tonumber(text)
  return math.tointeger(number) or number
end

-- Numbers in a policy are mostly bounds: below, at and above.
local function add_numbers(text, found)
  for _, token in ipairs(tokens.read(text)) do
    local number = token.kind == "number" and number_of(token.text)
    for step = -1, number and 1 or -2 do
      add(found.numbers, found.seen.numbers, number + step)
      add(found.numbers, found.seen.numbers, -number + step)
    end
  end
end

local function add_hot(text, found)
  found.hot_texts[#found.hot_texts + 1] = text
  for _, path in ipairs({ text, (text:gsub("/+$", "")) .. "/x" }) do
    add_path((path:gsub("^/+", "")), found.hot_paths, found.seen.hot)
  end
end

-- What is only said and never looked for: `rule = "…"`.
local function is_said(all, i)
  return i > 2 and all[i - 1].text == "=" and SAID[all[i - 2].text]
end

local function around(all, i)
  local words = {}
  for j = math.max(1, i - AROUND), math.min(#all, i + AROUND) do
    words[#words + 1] = all[j].text
  end
  return table.concat(words, " ")
end

local function add_text(text, found, step)
  local all = tokens.read(text)
  for i, token in ipairs(all) do
    local literal = token.kind == "string" and load("return " .. token.text, "=literal", "t", {})()
    if literal and is_said(all, i) then
      found.said[literal] = true
    elseif literal then
      local place = around(all, i)
      found.places[literal] = found.places[literal] or {}
      found.places[literal][place] = (found.places[literal][place] or 0) + step
    end
  end
  for _, constant in ipairs(policy_code.read(text).constants) do -- keys of tables among them
    found.words[constant] = type(constant) == "string" or nil
    if type(constant) == "string" and not found.said[constant] and not OURS[constant] then
      found.places[constant] = found.places[constant] or {}
    end
  end
end

local function is_changed(places)
  for _, count in pairs(places) do
    if count ~= 0 then
      return true
    end
  end
  return false
end

-- What the policies look for, what changed about it first.
local function sort_literals(found)
  local first = {}
  for literal, places in pairs(found.places) do
    if #literal <= LITERAL_MOST and utf8.len(literal) then
      found.literals[#found.literals + 1], first[literal] = literal, is_changed(places)
    end
  end
  table.sort(found.literals, function(a, b)
    if first[a] ~= first[b] then
      return first[a]
    end
    return a < b
  end)
end

local function add_literals(found)
  for i, literal in ipairs(found.literals) do
    if i <= LITERALS then
      paths_of(literal, found, i <= HOT)
      texts_of(literal, found, i <= HOT)
    end
    if i <= HOT then
      add_hot(plain(literal), found)
    end
  end
end

local function add_sizes(found)
  local function text_of(size)
    return found.unforeseen:rep(size // #found.unforeseen + 1):sub(1, size)
  end
  for _, size in ipairs(found.numbers) do
    if math.type(size) == "integer" and size >= 0 and size <= SIZE_MOST then
      found.sizes[#found.sizes + 1] = size
      found.texts[#found.texts + 1] = text_of(size)
      add_path(text_of(math.min(size, PATH_MOST)), found.paths, found.seen.paths)
    end
    add(found.texts, found.seen.texts, tostring(size))
  end
  found.texts[#found.texts + 1] = ("x"):rep(LARGE)
end

---What the texts look for.
---@param was string[]
---@param now string[]
---@param house table[]|nil rules of the house
---@return {paths: string[], texts: string[], literals: string[], numbers: number[], sizes: integer[], words: table<string, true>,
---is_cut: boolean}
function M.of(was, now, house)
  local found = {
    unforeseen = unforeseen(was, now), paths = table.move(PATHS, 1, #PATHS, 1, {}), texts = table.move(TEXTS, 1, #TEXTS, 1, {}), literals = {}, numbers = {}, sizes = {},
    hot_paths = {}, hot_texts = {}, words = {}, places = {}, said = {}, seen = { paths = {}, texts = {}, numbers = {}, hot = {} },
  }
  for step, texts in pairs({ [1] = was, [-1] = now }) do
    for _, text in ipairs(texts) do
      add_numbers(text, found)
      add_text(text, found, step)
    end
  end
  sort_literals(found)
  add_path(found.unforeseen, found.paths, found.seen.paths)
  add_literals(found)
  for _, rule in ipairs(house or {}) do
    for _, glob in ipairs(rule.paths or {}) do
      paths_of(glob, found)
    end
  end
  add_sizes(found)
  found.is_cut = #found.literals > LITERALS
  return found
end

return M
