-- density.lua LANGUAGE PLACE …: no line too wide, no function too long, no expression with two ternaries, no
-- third value returned. Looks at the files of a language (c, lua, md) below the places; prints every breach;
-- exit 1 when there is one. An argument and a field of a list is an expression of its own; what stands in
-- brackets belongs to what is around them as well.

local LIMITS = {
  c = { endings = { c = true, h = true }, width = 100, lines = 60, ternaries = 1 },
  lua = { endings = { lua = true }, width = 110, ternaries = 1, values = 2 },
  md = { endings = { md = true }, width = 110 },
}

local limit = assert(LIMITS[arg[1]], "c, lua or md")
local breaches = 0

local function breach(file, line, ...)
  breaches = breaches + 1
  print(string.format("%s:%d: %s", file, line, string.format(...)))
end

-- Texts for models, and files that a test writes, have the lines that they have: the lines of Lua that are
-- inside of a long text, or end one, there.
local HOLDS_TEXTS = { "^roles/", "^tools/", "^lua/box/", "^tests/" }

local function lines_of_texts(file, tokens)
  local free = {}
  for _, pattern in ipairs(HOLDS_TEXTS) do
    for _, token in ipairs(file:find(pattern) and tokens or {}) do
      for i = 1, token.text:find("^%[=*%[") and select(2, token.text:gsub("\n", "")) or 0 do
        free[token.line + i] = true
      end
    end
  end
  return free
end

-- Headings, tables and code of a document have the width they have, and so has the list that is generated.
local GENERATED = { ["docs/files.md"] = true }
local UNBROKEN = { "^%s*|", "^#", "^    " }

local function is_unbroken(line)
  for _, pattern in ipairs(UNBROKEN) do
    if line:find(pattern) then
      return true
    end
  end
end

local function look_at_width(file, text, free)
  local number, in_code = 0, false
  for line in text:gmatch("([^\n]*)\n") do
    number = number + 1
    local is_fence = arg[1] == "md" and line:find("^%s*```")
    in_code = in_code ~= (is_fence ~= nil and is_fence ~= false)
    local is_free = free[number] or arg[1] == "md" and (in_code or is_fence or is_unbroken(line))
    local width = utf8.len(line) or #line
    if width > limit.width and not is_free then
      breach(file, number, "%d columns", width)
    end
  end
end

-- Rows of data make no function long. (tests/sizes.lua counts the functions of Lua.)
local function look_at_functions(file, text)
  local number, began, rows = 0, nil, 0
  for line in text:gmatch("([^\n]*)\n") do
    number = number + 1
    if line == "{" then
      began, rows = number, 0
    elseif began and line:find("^}") then
      if number - began - rows > limit.lines then
        breach(file, began, "function of %d lines", number - began - rows)
      end
      began = nil
    elseif line:find('^%s+{?"') then
      rows = rows + 1
    end
  end
end

-- Tokens: word {text =, line =}. A text, number or name of Lua and C alike is one; comments are none.
local SKIPPED = {
  c = { "^%s+", "^/%*.-%*/", "^//[^\n]*" },
  lua = { "^%s+", "^%-%-%[(=*)%[.-%]%1%]", "^%-%-[^\n]*", "^#![^\n]*" },
}
local TEXTS = { c = { '"', "'" }, lua = { '"', "'", "[" } }

local function end_of_text(text, at)
  local quote = text:sub(at, at)
  if quote == "[" then
    return select(2, text:find("^%[(=*)%[.-%]%1%]", at))
  end
  local i = at + 1
  while text:sub(i, i) ~= quote and i <= #text do
    i = i + (text:sub(i, i) == "\\" and 2 or 1)
  end
  return i
end

local function skip(text, at)
  for _, pattern in ipairs(SKIPPED[arg[1]]) do
    local stop = select(2, text:find(pattern, at))
    if stop then
      return stop + 1
    end
  end
end

local function is_text(char)
  for _, quote in ipairs(TEXTS[arg[1]]) do
    if char == quote then
      return true
    end
  end
end

-- The next token's end and kind: "value" (text, number), "word", or "sign".
local function token_at(text, at)
  local stop = is_text(text:sub(at, at)) and end_of_text(text, at)
  if stop then
    return stop, "value"
  end
  stop = select(2, text:find("^%.?%d[%w_.]*", at))
  if stop then
    return stop, "value"
  end
  stop = select(2, text:find("^[%a_][%w_]*", at))
  if stop then
    return stop, "word"
  end
  return select(2, text:find("^%.%.%.", at)) or select(2, text:find("^[=~<>]=", at)) or at, "sign"
end

local function tokens_of(text)
  local tokens, at, line, counted = {}, 1, 1, 1
  while at <= #text do
    local next_at = skip(text, at)
    if not next_at then
      line = line + select(2, text:sub(counted, at - 1):gsub("\n", ""))
      counted = at
      local stop, kind = token_at(text, at)
      tokens[#tokens + 1] = { text = text:sub(at, stop), kind = kind, line = line }
      next_at = stop + 1
    end
    at = next_at
  end
  return tokens
end

local CLOSES = { ["("] = ")", ["["] = "]", ["{"] = "}" }

-- A reader of one file: `own` counts the ternaries of the expression that is read.
local Reader = {}
Reader.__index = Reader

function Reader:add(count, line)
  self.own = self.own + count
  if count > 0 and self.own > limit.ternaries then
    breach(self.file, line, "more than one ternary in an expression")
    self.own = -math.huge -- said once
  end
end

-- Reads what is inside of brackets; returns the most ternaries of one of its expressions.
function Reader:bracketed(closes)
  local outer, most = self.own, 0
  self.own = 0
  while self.tokens[self.at] and self.tokens[self.at].text ~= closes do
    most = math.max(most, self.own)
    self:step()
  end
  self.at, most, self.own = self.at + 1, math.max(most, self.own), outer
  return most
end

local CONTROL = { ["if"] = true, ["for"] = true, ["while"] = true, ["switch"] = true }
local C = setmetatable({}, { __index = Reader })
C.__index = C

function C:step()
  local token, before = self.tokens[self.at], self.tokens[self.at - 1]
  self.at = self.at + 1
  if token.text == "?" then
    self:add(1, token.line)
  elseif token.text == "{" then
    self:bracketed("}")
    local after = self.tokens[self.at]
    if after and after.kind == "word" then -- a block has ended
      self.own = 0
    end
  elseif CLOSES[token.text] then
    local inside = self:bracketed(CLOSES[token.text])
    if before and CONTROL[before.text] then
      self.own = 0
    else
      self:add(inside, token.line)
    end
  elseif token.text == "," or token.text == ";" then
    self.own = 0
  end
end

local BLOCK = { ["function"] = "end", ["if"] = "end", ["do"] = "end", ["repeat"] = "until" }
local STATEMENT = {} -- words that begin one, or an expression in it
for word in ("local then else elseif for while in break goto return"):gmatch("%a+") do
  STATEMENT[word] = true
end
local OPERATOR = { ["and"] = true, ["or"] = true, ["not"] = true }
local ENDS = { [")"] = true, ["]"] = true, ["}"] = true, ["..."] = true }
local L = setmetatable({}, { __index = Reader })
L.__index = L

-- Is a statement over between these tokens? Two operands stand side by side.
local function is_between(before, token)
  if not before or token.kind ~= "word" or OPERATOR[token.text] then
    return false
  end
  local is_word = before.kind == "word" and not (OPERATOR[before.text] or STATEMENT[before.text])
  return before.kind == "value" or ENDS[before.text] or is_word
end

function L:begin()
  self.own, self.has_and = 0, false
end

function L:block(closes)
  local own, has_and, values = self.own, self.has_and, self.values
  self.values = nil
  self:begin()
  while self.tokens[self.at] and self.tokens[self.at].text ~= closes do
    self:step()
  end
  self.at = self.at + 1
  self.own, self.has_and, self.values = own, has_and, values
end

function L:group(token)
  local has_and, values = self.has_and, self.values
  self.has_and, self.values = false, nil
  local inside = self:bracketed(CLOSES[token.text])
  self.has_and, self.values = has_and, values
  self:add(inside, token.line)
end

function L:comma(token)
  self:begin()
  self.values = self.values and self.values + 1
  if self.values == limit.values + 1 then
    breach(self.file, token.line, "more than %d values returned", limit.values)
  end
end

function L:word(token, before)
  if token.text == "and" then
    self.has_and = true
  elseif token.text == "or" and self.has_and then
    self.has_and = false
    self:add(1, token.line)
  elseif BLOCK[token.text] then
    if token.text ~= "function" then
      self:begin()
    end
    self:block(BLOCK[token.text])
  elseif STATEMENT[token.text] or is_between(before, token) then
    self:begin()
    self.values = token.text == "return" and 1 or nil
  end
end

function L:step()
  local token, before = self.tokens[self.at], self.tokens[self.at - 1]
  self.at = self.at + 1
  if CLOSES[token.text] then
    self:group(token)
  elseif token.text == "," then
    self:comma(token)
  elseif token.text == ";" or token.text == "=" then
    self:begin()
  elseif token.kind == "word" then
    self:word(token, before)
  end
end

local READERS = { c = C, lua = L }

local function look(file)
  local handle <close> = assert(io.open(file))
  local text = handle:read("a")
  local class = READERS[arg[1]]
  local tokens = class and tokens_of(text)
  look_at_width(file, text, arg[1] == "lua" and lines_of_texts(file, tokens) or {})
  if limit.lines then
    look_at_functions(file, text)
  end
  local reader = class and setmetatable({ file = file, tokens = tokens, at = 1, own = 0 }, class)
  while reader and reader.tokens[reader.at] do
    reader:step()
  end
end

local pipe = assert(io.popen("find " .. table.concat(arg, " ", 2) .. " -type f | LC_ALL=C sort"))
for file in pipe:lines() do
  if limit.endings[file:match("%.(%w+)$")] and not GENERATED[file] then
    look(file)
  end
end
pipe:close()
os.exit(breaches == 0 and 0 or 1)
