-- patch.lua: what the box of a tool has that names it: patches in two forms, read (here) and applied
-- (patch_apply.lua). Pure: texts in, texts out. What it takes and answers decides what a recorded call has
-- written.

patch = {}

local FILES_MAX = 50
local BEGIN, FINISH = "^%*%*%* Begin Patch%s*$", "^%*%*%* End Patch%s*$"

local function failed(message, fix)
  return nil, { code = "ERR_USAGE", message = message, fix = fix }
end

local function fault(at, what)
  return failed(("the patch, line %d: %s"):format(at, what),
    "send a unified diff (--- a/x, +++ b/x, @@), or *** Begin Patch … *** End Patch")
end

-- A text as lines without their ends, and whether the last one has an end.
function patch.lines(text)
  local lines, ended = {}, text == "" or text:sub(-1) == "\n"
  for line in (ended and text or text .. "\n"):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  return lines, ended
end

-- A line without the blanks around it, in a time that grows with it.
function patch.bare(line)
  return line:match("^%s*(.*)$"):match("^(.*%S)") or ""
end

-- ---- reading a patch ----

-- "@@ -3,4 +3,5 @@", or in the V4A form "@@" with a line that stands before it.
local function hunk_of(line)
  local from, old, new = line:match("^@@ %-(%d+),?(%d*) %+%d+,?(%d*) @@")
  if from then
    return { from = tonumber(from), left = { old = tonumber(old) or 1, new = tonumber(new) or 1 },
      anchors = {}, old = {}, new = {} }
  end
  local anchor = patch.bare(patch.bare(line:sub(3)):gsub("@@$", ""))
  return { left = { old = 0, new = 0 }, anchors = anchor ~= "" and { anchor } or {}, old = {}, new = {} }
end

local function is_header(lines, at)
  return lines[at]:find("^%-%-%- ") and (lines[at + 1] or ""):find("^%+%+%+ ") ~= nil
end

local function ends_hunk(lines, at, hunk)
  local counted = hunk.left.old > 0 or hunk.left.new > 0
  return not counted and (is_header(lines, at) or lines[at]:find("^%*%*%* ") ~= nil)
end

local function put(hunk, list, text)
  hunk[list][#hunk[list] + 1] = text
  hunk.left[list] = hunk.left[list] - 1
end

-- One line of a hunk; false: it is none. A blank line may have lost its mark, when the hunk goes on behind
-- it.
local function take(lines, at, hunk)
  local mark, text = lines[at]:sub(1, 1), lines[at]:sub(2)
  if mark == "\\" then
    hunk.open = hunk.open or {}
    hunk.open[hunk.last ~= "+" and "old" or "new"] = true
    hunk.open.new = hunk.open.new or hunk.last == " "
  elseif mark == "" and (lines[at + 1] or ""):find("^[ +%-]") and not ends_hunk(lines, at + 1, hunk)
    or mark == " " then
    put(hunk, "old", text)
    put(hunk, "new", text)
  elseif mark == "-" or mark == "+" then
    put(hunk, mark == "-" and "old" or "new", text)
    hunk.changes = true
  else
    return false
  end
  hunk.last = mark
  return true
end

-- The hunks from a line on, and the line after them.
local function hunks_of(lines, at, file)
  local hunk
  while at <= #lines do
    local line = lines[at]
    if line:find("^@@") then
      local found = hunk_of(line)
      if hunk and not hunk.last then -- "@@ class", "@@ method": one anchor after the other
        table.move(found.anchors, 1, #found.anchors, #hunk.anchors + 1, hunk.anchors)
      else
        hunk = found
        file.hunks[#file.hunks + 1] = hunk
      end
    elseif line:find("^%*%*%* End of File") and hunk then
      hunk.at_end = true
    else
      if not hunk and file.form == "v4a" and line:find("^[ +%-]") then
        hunk = hunk_of("@@")
        file.hunks[#file.hunks + 1] = hunk
      end
      if not hunk or ends_hunk(lines, at, hunk) or not take(lines, at, hunk) then
        break
      end
    end
    at = at + 1
  end
  return at
end

-- "./a//b" is "a/b": a file that is named twice is one. What leads out is for the gate to refuse.
local function plain(path)
  path = patch.bare(path):gsub("/+", "/")
  repeat
    local before = path
    path = path:gsub("^%./", ""):gsub("/%./", "/")
  until path == before
  return path
end

local function side_of(line)
  local path = patch.bare(line:sub(5):gsub("\t.*$", ""))
  return path ~= "/dev/null" and path or nil
end

-- The two names of a unified diff as one, without git's a/ and b/.
local function name_of(from, to)
  local a, b = from and from:match("^a/(.+)"), to and to:match("^b/(.+)")
  if (a or not from) and (b or not to) then
    from, to = a, b
  end
  return from or to, from and to and from ~= to and to or nil
end

local function unified_file(lines, at)
  local from, to = side_of(lines[at]), side_of(lines[at + 1])
  if not from and not to then
    return fault(at, "it names no file")
  end
  local path, other = name_of(from, to)
  local file = { at = at, path = plain(path), form = "unified", hunks = {}, adds = not from, deletes = not to,
    moves = other ~= nil }
  return file, hunks_of(lines, at + 2, file)
end

local KINDS = { Add = "adds", Delete = "deletes", Update = "updates" }

local function v4a_file(lines, at)
  local kind, path = lines[at]:match("^%*%*%* (%a+) File: (.+)$")
  local file = { at = at, path = plain(path or ""), form = "v4a", hunks = {} }
  if not KINDS[kind] then
    return fault(at, "it is none of Add File, Update File, Delete File")
  end
  file[KINDS[kind]] = true
  at = at + 1
  if (lines[at] or ""):find("^%*%*%* Move to: ") then
    file.moves, at = true, at + 1
  end
  return file, hunks_of(lines, at, file)
end

-- What a patch may not do here, or has to have.
local function objection(file)
  if file.deletes then
    return failed("a patch deletes no file: " .. file.path,
      "delete it with delete_file, which asks a person; leave it out of the patch")
  elseif file.moves then
    return failed("a patch moves no file: " .. file.path,
      "add the file under its new name, then delete_file the old one")
  end
  local changes = #file.hunks > 0
  for _, hunk in ipairs(file.hunks) do
    changes = changes and hunk.changes or file.adds
    if file.adds and #hunk.old > 0 then
      return fault(file.at, "a new file has added lines (+) only")
    end
  end
  if not changes and not (file.adds and file.form == "v4a") then
    return fault(file.at, "nothing is changed in " .. file.path)
  end
  return true
end

-- The first line that tells.
local function is_v4a(lines)
  for at, line in ipairs(lines) do
    if line:find("^%*%*%* ") or is_header(lines, at) then
      return line:find("^%*%*%* ") ~= nil
    end
  end
end

-- What belongs to no file; words around a unified diff, and what git says there, are passed over.
local function is_stray(line, v4a)
  if v4a then
    return line:find("%S") and not line:find(BEGIN)
  end
  return line:find("^@@") or line:find("^GIT binary patch") or line:find("^Binary files ")
end

-- The file that begins at a line, nil for none, and the line after it; or nil and a failure.
local function file_at(lines, at, v4a)
  if v4a and lines[at]:find("^%*%*%* %a+ File: ") then
    return v4a_file(lines, at)
  elseif not v4a and is_header(lines, at) then
    return unified_file(lines, at)
  elseif is_stray(lines[at], v4a) then
    return fault(at, "it belongs to no text file")
  end
  return nil, at + 1
end

---The files of a patch: {path, adds?, hunks = {{from?, anchors, old, new, at_end?, open?}…}}, or nil and a
---failure.
function patch.parse(text)
  text = text:find("[^\r]\n") and text or text:gsub("\r\n", "\n")
  local lines, files, at = patch.lines(text), {}, 1
  local v4a = is_v4a(lines)
  while at <= #lines and not (v4a and lines[at]:find(FINISH)) do
    local file, after = file_at(lines, at, v4a)
    if type(after) == "table" then
      return nil, after
    end
    local ok, failure = true, nil
    if file then
      ok, failure = objection(file)
    end
    if not ok then
      return nil, failure
    end
    files[#files + 1], at = file, after
  end
  if #files == 0 or #files > FILES_MAX then
    return fault(1, #files == 0 and "it changes no file" or "it changes more than " .. FILES_MAX .. " files")
  end
  return files
end
