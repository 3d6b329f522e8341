-- edit_file.lua: one exact piece of a text file, replaced.

local function failed(message, fix)
  return { error = { code = "ERR_USAGE", message = message, fix = fix } }
end

-- Where old occurs: how often, and the text with it replaced.
local function replace(text, old, new, all)
  local parts, count, at = {}, 0, 1
  while true do
    local from, to = text:find(old, at, true)
    if not from or (count > 0 and not all) then
      return count, table.concat(parts) .. text:sub(at), from ~= nil
    end
    parts[#parts + 1] = text:sub(at, from - 1)
    parts[#parts + 1] = new
    count, at = count + 1, to + 1
  end
end

local function run(args)
  local text, about = fs.read(args.path)
  if not text then
    return { error = about }
  elseif about.more then
    return failed("the file is too large to edit", "write it anew in smaller files")
  end
  local count, edited, again = replace(text, args.old, args.new, args.all)
  if count == 0 then
    return failed("the old text does not occur in " .. args.path,
      "read the file and copy the text exactly, with its blanks")
  elseif again then
    return failed("the old text occurs more than once in " .. args.path, "take more of the lines around it, or set all")
  end
  local written, failure = fs.write(args.path, edited)
  if not written then
    return { error = failure }
  end
  return { path = written.path, replaced = count, bytes = written.bytes, warnings = written.warnings }
end

local function self_test()
  local count, text = replace("a.b.a", "a", "x", true)
  assert(count == 2 and text == "x.b.x")
  local _, _, again = replace("a.b.a", "a", "x", false)
  assert(again)
  assert(replace("abc", "z", "y", false) == 0)
end

return {
  name = "edit_file",
  description = "Replace an exact piece of a text file. The old text has to occur once, unless all is true.",
  operations = { "fs.read", "fs.write" },
  statuses = { "in_progress" },
  schema = {
    type = "object",
    properties = {
      path = {
        type = "string", format = "path", minLength = 1, maxLength = 4096,
        description = "relative to the card's directory",
      },
      old = { type = "string", minLength = 1, maxLength = 100000, description = "the text as it stands in the file" },
      new = { type = "string", maxLength = 100000, description = "what takes its place" },
      all = { type = "boolean", description = "replace every occurrence" },
    },
    required = { "path", "old", "new" },
    additionalProperties = false,
  },
  run = run,
  self_test = self_test,
}
