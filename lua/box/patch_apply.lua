-- patch_apply.lua: what a file holds once the hunks of a patch (patch.lua) are applied. No line is guessed: a
-- hunk belongs where its number says and its lines stand, or to the only place where they stand. Pure.

local PLACES_MAX = 5 -- that are named

local function fits(lines, first, old)
  for i, line in ipairs(old) do
    if lines[first + i - 1] ~= line then
      return false
    end
  end
  return true
end

-- The places behind a line where the old lines stand; a few tell enough.
local function places_of(lines, from, old)
  local places = {}
  for first = from, #lines - #old + 1 do
    if #places < PLACES_MAX and fits(lines, first, old) then
      places[#places + 1] = first
    end
  end
  return places
end

-- Behind the anchors of a hunk, each the first line of its text behind the one before.
local function behind_anchors(lines, at, anchors)
  for _, anchor in ipairs(anchors) do
    while at <= #lines and patch.bare(lines[at]) ~= anchor do
      at = at + 1
    end
    at = at + 1
  end
  return at <= #lines + 1 and at or nil
end

-- The line where a hunk belongs, from `at` on; nil and why not.
local function locate(lines, at, hunk)
  local from = hunk.from and (#hunk.old == 0 and hunk.from + 1 or hunk.from)
  if #hunk.old == 0 and (hunk.at_end or #lines == 0) then
    return #lines + 1
  elseif from and from >= at and from <= #lines + 1 and fits(lines, from, hunk.old) then
    return from
  end
  local start = behind_anchors(lines, at, hunk.anchors)
  if not start then
    return nil, "the line '" .. hunk.anchors[#hunk.anchors] .. "' after @@ is not there"
  elseif #hunk.old == 0 then
    return #hunk.anchors > 0 and start or nil, "it has no line that tells where it belongs"
  elseif hunk.at_end then
    start = math.max(start, #lines - #hunk.old + 1)
  end
  local places = places_of(lines, start, hunk.old)
  if #places == 1 or #places > 1 and #hunk.anchors > 0 then
    return places[1]
  end
  return nil, #places == 0 and "its lines are not there" or "its lines stand at "
    .. table.concat(places, ", ")
end

-- Whether the last line has an end afterwards; nil when the patch says of the text what is not so.
local function is_ended(ended, hunk, is_last)
  if not hunk.open then
    return ended
  elseif not is_last or hunk.open.old and ended then
    return nil
  end
  return not hunk.open.new
end

-- Lines with the file's ends are compared and put without them.
local function bare_ends(list)
  local out = {}
  for i, line in ipairs(list) do
    out[i] = line:gsub("\r$", "")
  end
  return out
end

local function is_crlf(text)
  return text:find("\r\n", 1, true) ~= nil and not ("\n" .. text):find("[^\r]\n", 2)
end

local function misfit(file, number, why, text, hunk)
  return nil, {
    code = "ERR_USAGE", message = ("hunk %d of %s does not fit: %s"):format(number, file.path, why),
    fix = "read the file, and send the hunk with its lines as they are, and enough of them",
    compare = { text = text, sent = table.concat(hunk.old, "\n") },
  }
end

---A text with the hunks of a file applied, or nil and a failure.
function patch.apply(text, file)
  local crlf = is_crlf(text)
  local lines, ended = patch.lines(crlf and text:gsub("\r\n", "\n") or text)
  local out, at = {}, 1
  for number, hunk in ipairs(file.hunks) do
    local old, new = crlf and bare_ends(hunk.old) or hunk.old, crlf and bare_ends(hunk.new) or hunk.new
    local first, why = locate(lines, at, { old = old, from = hunk.from, anchors = hunk.anchors,
      at_end = hunk.at_end })
    if not first then
      return misfit(file, number, why, text, hunk)
    end
    table.move(lines, at, first - 1, #out + 1, out)
    table.move(new, 1, #new, #out + 1, out)
    at = first + #old
    ended = is_ended(ended, hunk, at > #lines)
    if ended == nil then
      return misfit(file, number, "the file does not end there as the patch says", text, hunk)
    end
  end
  table.move(lines, at, #lines, #out + 1, out)
  local ending = crlf and "\r\n" or "\n"
  return table.concat(out, ending) .. (ended and #out > 0 and ending or "")
end
