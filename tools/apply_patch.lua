-- apply_patch.lua: changes of several places and files at once. All hunks have to fit, and all writes have to
-- be allowed, before the first one is made.

local function failed(message, fix)
  return nil, { code = "ERR_USAGE", message = message, fix = fix }
end

-- What a file is to hold, by what it holds, or held after an earlier part of the patch.
local function content_of(file, contents)
  local text, about = contents[file.path], {}
  if not text then
    text, about = fs.read(file.path)
  end
  if file.adds and text then
    return failed(file.path .. " is there already", "send an update of it")
  elseif not text and not (file.adds and about.code == "ERR_NOT_FOUND") then
    return nil, about
  elseif about.more then
    return failed(file.path .. " is too large to patch", "write it anew in smaller files")
  end
  return patch.apply(text or "", file)
end

-- The paths in the order in which they are written: what a person has to allow comes first.
local function order(paths, contents)
  local asked, free = {}, {}
  for _, path in ipairs(paths) do
    local verdict, failure = fs.may_write(path, contents[path])
    if not verdict then
      return nil, failure
    end
    local list = verdict.asks and asked or free
    list[#list + 1] = path
  end
  return table.move(free, 1, #free, #asked + 1, asked)
end

local function prepare(text)
  local files, failure = patch.parse(text)
  local contents, paths = {}, {}
  for _, file in ipairs(files or {}) do
    local content
    content, failure = content_of(file, contents)
    if not content then
      return nil, failure
    end
    paths[#paths + 1] = not contents[file.path] and file.path or nil
    contents[file.path] = content
  end
  if not files then
    return nil, failure
  end
  paths, failure = order(paths, contents)
  return paths, failure or contents
end

local function run(args)
  local paths, contents = prepare(args.patch)
  if not paths then
    return { error = contents }
  end
  local done = {}
  for i, path in ipairs(paths) do
    local written, failure = fs.write(path, contents[path])
    if not written then
      return { error = failure }
    end
    done[i] = { path = written.path, bytes = written.bytes, warnings = written.warnings }
  end
  return { files = done }
end

local function self_test()
  local files = patch.parse("--- a/x\n+++ b/x\n@@ -9 +9 @@\n a\n-b\n+c\n")
  assert(files[1].path == "x" and patch.apply("a\nb\n", files[1]) == "a\nc\n")
  files = patch.parse("*** Begin Patch\n*** Add File: y\n+1\n*** End Patch")
  assert(files[1].adds and patch.apply("", files[1]) == "1\n")
  assert(not patch.parse("--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"))
end

return {
  name = "apply_patch",
  description = "Change several places or files at once: a unified diff (--- a/x, +++ b/x, @@), or "
    .. "*** Begin Patch with *** Update File: x and *** Add File: y. All of it is applied, or nothing. "
    .. "Line numbers may be wrong where the lines around tell the place.",
  operations = { "fs.read", "fs.write" },
  statuses = { "in_progress" },
  like = { "write_file", "edit_file" },
  aliases = { patch = { "input", "diff" } },
  schema = {
    type = "object",
    properties = {
      patch = {
        type = "string", minLength = 1, maxLength = 400000, description = "the whole patch",
        examples = { "--- a/f.txt\n+++ b/f.txt\n@@ -1,2 +1,2 @@\n first\n-old\n+new\n" },
      },
    },
    required = { "patch" },
    additionalProperties = false,
  },
  run = run,
  self_test = self_test,
}
