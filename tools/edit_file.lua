-- edit_file.lua: one piece of a text file, replaced: the exact text, or one place that differs from it in
-- white space only.

local LOOSE_MAX = 200000 -- bytes of a file in which white space is overlooked
local PLACES = 10        -- lines that are named when the text occurs more than once

local function failed(message, fix, compare)
  return { error = { code = "ERR_USAGE", message = message, fix = fix, compare = compare } }
end

-- ---- exact ----

-- Where old occurs: how often it was replaced, the text then, and whether it occurs again.
local function replace(text, old, new, all)
  local parts, count, at = {}, 0, 1
  while true do
    local from, to = text:find(old, at, true)
    if not from or (count > 0 and not all) then
      return { count = count, text = table.concat(parts) .. text:sub(at), again = from ~= nil }
    end
    parts[#parts + 1] = text:sub(at, from - 1)
    parts[#parts + 1] = new
    count, at = count + 1, to + 1
  end
end

-- The numbers of the lines in which old begins.
local function lines_of(text, old)
  local numbers, line, before, at = {}, 1, 1, 1
  while #numbers < PLACES do
    local from, to = text:find(old, at, true)
    if not from then
      return table.concat(numbers, ", ")
    end
    line = line + select(2, text:sub(before, from - 1):gsub("\n", ""))
    numbers[#numbers + 1] = line
    before, at = from, to + 1
  end
  return table.concat(numbers, ", ") .. ", …"
end

-- ---- but for white space ----

-- A text without the blanks around its lines.
local function bare(text)
  return "\n" .. text:gsub("[^\n]+", function(line)
    return line:match("^[ \t]*(.*[^ \t\r])") or ""
  end) .. "\n"
end

-- The lines of the only place where old stands but for blanks: the bytes from and to.
local function place(text, old)
  local lines, wanted = bare(text), bare(old)
  local at = wanted:find("[^\n]") and lines:find(wanted, 1, true)
  if not at or lines:find(wanted, at + 1, true) then
    return nil
  end
  local number = select(2, lines:sub(1, at):gsub("\n", ""))
  local from = 1
  for _ = 2, number do
    from = text:find("\n", from, true) + 1
  end
  local to = from - 1
  for _ = 1, select(2, wanted:gsub("\n", "")) - 1 do
    to = text:find("\n", to + 1, true) or #text + 1
  end
  return from, to - 1
end

-- The number of the line of a byte.
local function line_at(text, at)
  return 1 + select(2, text:sub(1, at - 1):gsub("\n", ""))
end

local function indents(text)
  local list = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    list[#list + 1] = line:find("[^ \t\r]") and line:match("^[ \t]*") or false
  end
  return list
end

-- Tabs for blanks, or the other way round, so many for so many.
local function scaling(sent, there)
  local c, d = there:sub(1, 1), sent:sub(1, 1)
  if c == "" or d == "" or c == d then
    return nil
  end
  return function(indent)
    if indent ~= d:rep(#indent) or #indent * #there % #sent ~= 0 then
      return nil
    end
    return c:rep(#indent * #there // #sent)
  end
end

local function adding(more)
  return function(indent)
    return more .. indent
  end
end

local function removing(less)
  return function(indent)
    return indent:sub(1, #less) == less and indent:sub(#less + 1) or nil
  end
end

-- What may have become of an indentation, judged by one line as it was sent and as it is there.
local function ways(sent, there)
  local list = {}
  if there:sub(-#sent) == sent or sent == "" then
    list[#list + 1] = adding(there:sub(1, #there - #sent))
  elseif sent:sub(-#there) == there or there == "" then
    list[#list + 1] = removing(sent:sub(1, #sent - #there))
  end
  list[#list + 1] = scaling(sent, there)
  return list
end

local function fits(way, sent, there)
  for i, indent in ipairs(sent) do
    if indent and there[i] and way(indent) ~= there[i] then
      return false
    end
  end
  return true
end

-- The way in which all lines of the old text were indented otherwise than they are; nil when there is none.
local function way_of(old, block)
  local sent, there = indents(old), indents(block)
  for i, indent in ipairs(sent) do
    for _, way in ipairs(indent and indent ~= there[i] and ways(indent, there[i]) or {}) do
      if fits(way, sent, there) then
        return way
      end
    end
  end
  return fits(adding(""), sent, there) and adding("") or nil
end

-- The new text, indented as the file is; nil when it is not clear how.
local function indented(new, way)
  local clear = true
  local text = new:gsub("[^\n]+", function(line)
    local indent, rest = line:match("^([ \t]*)(.*)$")
    local better = rest:find("[^\r]") and way(indent) or rest == "" and indent
    clear = clear and better
    return better and better .. rest
  end)
  return clear and text or nil
end

-- The new text with the ends of lines that the file has there.
local function ended(new, block)
  if block:find("\r\n", 1, true) or block:sub(-1) == "\r" then
    new = new:gsub("\r?\n", "\r\n")
  end
  return block:sub(-1) == "\r" and new:sub(-1) ~= "\r" and new .. "\r" or new
end

-- The text with that place replaced, and the number of its first line; nil when there is not exactly one, or
-- it is not clear how the new text would be indented. The line break at the end of the old text stays, unless
-- nothing takes its place.
local function replace_loosely(text, old, new)
  local whole = old:sub(-1) == "\n"
  local removes = whole and new == ""
  old, new = old:gsub("\n$", ""), whole and new:gsub("\n$", "") or new
  local from, to = place(text, old)
  local way = from and way_of(old, text:sub(from, to))
  local better = way and indented(new, way)
  if not better then
    return nil
  elseif removes then
    return text:sub(1, from - 1) .. text:sub(to + 2), line_at(text, from)
  end
  return text:sub(1, from - 1) .. ended(better, text:sub(from, to)) .. text:sub(to + 1), line_at(text, from)
end

-- ---- the tool ----

-- The text as it is to be, what is said of it, or the failure.
local function edit(text, args)
  local exact = replace(text, args.old, args.new, args.all)
  if exact.again then
    return nil, failed("the old text occurs more than once in " .. args.path .. ", at the lines "
      .. lines_of(text, args.old), "take more of the lines around it, or set all")
  elseif exact.count > 0 then
    return exact.text, { replaced = exact.count }
  end
  local edited, number
  if #text <= LOOSE_MAX then
    edited, number = replace_loosely(text, args.old, args.new)
  end
  if number then
    return edited, { replaced = 1, repaired = "the old text stands at line " .. number
      .. " with other white space; the new text is indented as the file" }
  end
  return nil, failed("the old text does not occur in " .. args.path,
    "read the file and copy the text exactly, with its blanks",
    { text = text, sent = args.old })
end

local function run(args)
  local text, about = fs.read(args.path)
  if not text then
    return { error = about }
  elseif about.more then
    return failed("the file is too large to edit", "write it anew in smaller files")
  end
  local edited, result = edit(text, args)
  if not edited then
    return result
  end
  local written, failure = fs.write(args.path, edited)
  if not written then
    return { error = failure }
  end
  result.path, result.bytes, result.warnings = written.path, written.bytes, written.warnings
  return result
end

local function self_test()
  local both = replace("a.b.a", "a", "x", true)
  assert(both.count == 2 and both.text == "x.b.x")
  assert(replace("a.b.a", "a", "x", false).again and lines_of("a\nb\na", "a") == "1, 3")
  assert(replace_loosely("if x then\n\ty()\nend\n", "  y()", "  z()") == "if x then\n\tz()\nend\n")
  assert(not replace_loosely(" a\n  a\n", "\ta", "b"))
end

return {
  name = "edit_file",
  description = "Replace an exact piece of a text file. The old text has to occur once, unless all is true.",
  operations = { "fs.read", "fs.write" },
  statuses = { "in_progress" },
  aliases = {
    path = { "file_path", "filename", "file" }, old = { "old_string", "old_text", "old_str" },
    new = { "new_string", "new_text", "new_str" },
    all = { "replace_all" },
  },
  schema = {
    type = "object",
    properties = {
      path = {
        type = "string", format = "path", minLength = 1, maxLength = 4096,
        description = "relative to the card's directory",
      },
      old = { type = "string", minLength = 1, maxLength = 100000,
        description = "the text as it stands in the file" },
      new = { type = "string", maxLength = 100000, description = "what takes its place" },
      all = { type = "boolean", description = "replace every occurrence" },
    },
    required = { "path", "old", "new" },
    additionalProperties = false,
  },
  edit = edit,
  run = run,
  self_test = self_test,
}
