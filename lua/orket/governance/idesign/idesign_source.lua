-- idesign_source.lua: what iDesign has against what stands in a file: syntax, names of classes, imports
-- against the layers, classes that do too much. It works on the facts of the parser (core/parser/parser.h).
-- Pure.

local imports = require("orket.governance.idesign.imports")

local M = {}

local MEANING = {
  managers = "managers coordinate", engines = "engines compute", accessors = "accessors wrap outside systems",
}

local function violation(rule, severity, at, why, fix)
  return { rule = "idesign." .. rule, severity = severity, line = at.line, column = at.column, why = why,
    fix = fix }
end

-- ---- the text itself ----

local function place_of(text, at)
  local line, start = 1, 1
  for newline in text:sub(1, at - 1):gmatch("()\n") do
    line, start = line + 1, newline + 1
  end
  return { line = line, column = at - start + 1 }
end

-- What a language reads otherwise than its grammar does.
local disguise = {}

local READ = { ["utf-8"] = true, utf8 = true, ascii = true } -- encodings that hide nothing

-- Python decodes the file by what its first two lines say: in UTF-7 a comment may hold statements.
function disguise.python(text)
  for at, line in text:match("^[^\n]*\n?[^\n]*"):gmatch("()([^\n]+)") do
    local encoding = line:match("^[ \t\f]*#.*coding[:=][ \t]*([%w._-]+)")
    if encoding and not READ[encoding:lower():gsub("_", "-")] then
      return at, "the file says it is written in " .. encoding
    end
  end
end

-- A compiler joins lines that end in a backslash first of all.
function disguise.c(text)
  return (text:find("#[ \t]*%a*\\\r?\n")), "the name of a directive is broken over lines"
end

---What makes a text unfit for its parser. A carriage return alone ends a line for some languages and not for
---the grammars: a comment that ends there would hide what follows.
---@param text string
---@param language string
---@return Violation|nil
function M.unreadable(text, language)
  local _, bad = utf8.len(text)
  local nul = text:find("\0", 1, true)
  local lone = (text .. "\n"):find("\r[^\n]")
  if bad then
    return violation("limit", "error", place_of(text, bad), "the text is not UTF-8", "write UTF-8")
  elseif nul then
    return violation("limit", "error", place_of(text, nul), "the text has a NUL", "write text, without NUL")
  elseif lone then
    return violation("syntax", "error", place_of(text, lone), "a carriage return stands alone",
      "end lines with a line feed")
  elseif disguise[language] then
    local at, why = disguise[language](text)
    return at and violation("syntax", "error", place_of(text, at), why, "write it plainly, in UTF-8") or nil
  end
end

-- ---- facts ----

local see = {}

function see.error(rules, file, fact)
  local gentle = fact.macro == 1 or rules.lenient[file.language]
  return violation("syntax", gentle and "warning" or "error", fact,
    "no " .. file.language .. ": " .. fact.text,
    gentle and "look whether it is what you mean" or "fix the syntax")
end

see["class"] = function(rules, file, fact)
  local word = rules.words[file.layer]
  if word and fact.name ~= "" and not fact.name:lower():find(word, 1, true) then
    return violation("class", "error", fact,
      ("the class '%s' in %s has no '%s' in its name"):format(fact.name, file.layer, word),
      "rename it, or put it where it belongs")
  elseif fact.methods > rules.methods then
    return violation("methods", "warning", fact,
      ("the class '%s' has %d methods, more than %d"):format(fact.name, fact.methods, rules.methods),
      "split it")
  end
end

see["import"] = function(rules, file, fact)
  local layer, named = imports.breach(rules, file, fact)
  if layer then
    return violation("layer", "error", fact, ("%s must not import %s: '%s'"):format(file.layer, layer, named),
      (MEANING[file.layer] or file.layer .. " stand lower")
        .. "; let the caller bring what is needed, or move the code"
        .. " (a library that is only called so: architecture.idesign.outside)")
  elseif file.layer and imports.is_hidden(fact) then
    return violation("layer", "error", fact, "the name of an import is not written in plain letters",
      "write the module's name in ASCII letters")
  end
end

function see.unclear(_, file, fact)
  if not file.layer then
    return nil
  elseif fact.text == "escaped" then
    return violation("layer", "error", fact, "the name of an import is not written in plain letters",
      "write the module's name without escapes")
  end
  return violation("layer", "warning", fact, "what is imported here cannot be determined",
    "import by a name that stands there")
end

-- A class of Lua has its methods anywhere in the file: they are added to it, or it is known by them.
local function gather(facts)
  local tables, all = {}, {}
  for _, fact in ipairs(facts) do
    if fact.fact ~= "method" then
      all[#all + 1] = fact
    elseif tables[fact.name] then
      tables[fact.name].methods = tables[fact.name].methods + 1
    else
      tables[fact.name] = { fact = "table", name = fact.name, methods = 1, line = fact.line,
        column = fact.column }
      all[#all + 1] = tables[fact.name]
    end
  end
  return all
end

function see.table(rules, _, fact)
  if fact.methods > rules.methods then
    return violation("methods", "warning", fact,
      ("the table '%s' has %d functions, more than %d"):format(fact.name, fact.methods, rules.methods),
      "split it")
  end
end

---What is wrong with what stands in a file.
---@param rules table
---@param file table
---@param facts table[]
---@return Violation[] in the order of lines
function M.violations(rules, file, facts)
  local found = {}
  for i, fact in ipairs(gather(facts)) do
    local one = see[fact.fact](rules, file, fact)
    if one then
      one.order = i
      found[#found + 1] = one
    end
  end
  table.sort(found, function(a, b)
    if a.line ~= b.line then
      return a.line < b.line
    elseif a.column ~= b.column then
      return a.column < b.column
    end
    return a.order < b.order
  end)
  for _, one in ipairs(found) do
    one.order = nil
  end
  return found
end

return M
