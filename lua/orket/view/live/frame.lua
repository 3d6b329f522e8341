-- frame.lua: one picture of a run: progress, cards with what their agents do. Sentences of the log are
-- printed above it (live.lua). Pure: from a scene to lines of text, none wider and not more than the window.
--
---@class Stream of a card whose agent works
---@field doing string
---@field seconds number  since it began to do that
---@field silent number  seconds without a byte from the model; 0 when none is asked
---@field bytes integer|nil  of the reply so far; nil: none has begun
---@field replying number  seconds since it began
---@field calls integer
---@field words string  the last ones of its text
---@field thoughts string|nil  the last ones of its thoughts
---@field tool string|nil  of the last call
---@field path string|nil  the file that it names

-- scene: {id, status, seconds (of this session), before? (seconds of those before), tokens (of all), capped?
-- (the cap that is nearest), cards, doing = {card -> text}, asked? = {card -> id of its question}, questions?
-- = {card -> what a person is asked}, stopped? = {card -> its breakpoint}, streams = {card -> Stream},
-- notice? (what waits beside the cards), selected? (id of a card), keys? (the last line)}

local statuses = require("orket.util.statuses")
local style = require("orket.view.format.style")
local text = require("orket.view.format.text")

local M = {}

local MARGIN = 1 -- the last column stays empty: some terminals wrap there
local STALLED = 20 -- seconds without a byte that are worth a word
local SEPARATOR = style.utf8 and " · " or ", "
local TOKEN = 4 -- bytes of a token, about
local SEAT_MOST = 12 -- columns
local PATH_MOST, PATH_LEAST, BESIDE_PATH = 40, 8, 34 -- columns of a file that a call names: its end

local FINAL = statuses.FINAL
local PARKED = statuses.PARKED

local function clock(seconds)
  seconds = seconds // 1
  if seconds >= 3600 then
    return string.format("%d:%02d:%02d", seconds // 3600, seconds // 60 % 60, seconds % 60)
  end
  return string.format("%02d:%02d", seconds // 60, seconds % 60)
end

local function thousands(number)
  local digits = string.format("%d", number)
  local first = (#digits - 1) % 3 + 1
  return digits:sub(1, first) .. digits:sub(first + 1):gsub("%d%d%d", ",%0")
end

local function tally(cards, doing)
  local sum = { final = 0, canceled = 0, parked = 0, working = 0 }
  for _, card in ipairs(cards) do
    sum.final = sum.final + (FINAL[card.status] and 1 or 0)
    sum.canceled = sum.canceled + (card.status == "canceled" and 1 or 0)
    sum.parked = sum.parked + (PARKED[card.status] and 1 or 0)
    sum.working = sum.working + (doing[card.id] and 1 or 0)
  end
  return sum
end

-- How long, and how many tokens: of the whole run, and how much of the time is this session's.
local function amounts(scene)
  local before = scene.before or 0
  local tokens = thousands(scene.tokens) .. " tokens"
  if before < 1 then
    return clock(scene.seconds) .. "  " .. tokens
  end
  return "in all " .. clock(before + scene.seconds) .. ", " .. tokens .. "  this session "
    .. clock(scene.seconds)
end

local function headline(scene, columns)
  local capped = scene.capped and "  " .. text.clean(scene.capped) or ""
  local rest = string.format("  %s  %s%s", scene.status, amounts(scene), capped)
  local id = text.cut(text.clean(scene.id), math.max(8, columns - 1 - #rest))
  return " " .. style.paint(id, "1") .. text.cut(rest, columns - 1 - text.width(id))
end

local function progress(scene, columns)
  local sum, all = tally(scene.cards, scene.doing), #scene.cards
  local label = string.format("  %d of %d done", sum.final - sum.canceled, all)
  for _, part in ipairs({ { sum.canceled, " canceled" }, { sum.working, " at work" },
    { sum.parked, " parked" } }) do
    label = part[1] > 0 and label .. ", " .. part[1] .. part[2] or label
  end
  local width = math.max(0, math.min(40, columns - 1 - #label))
  local full = all == 0 and width or sum.final * width // all
  return " " .. style.bar(full, width - full)
    .. text.cut(label, columns - 1 - width)
end

-- What waits for a person beside the cards.
local function notice(scene, columns)
  return scene.notice and " " .. style.paint(text.cut(text.clean(scene.notice), columns - 1), "33")
end

-- What fits: cards at work first, then parked ones, then what is open, then what is done; shown in the
-- order of the board.
local function rank(card, doing, selected)
  if doing[card.id] or card.id == selected then
    return 1
  elseif PARKED[card.status] then
    return 2
  end
  return FINAL[card.status] and 4 or 3
end

local function visible(cards, room, doing, selected)
  if #cards <= room then
    return cards, {}
  end
  local take = {}
  local left = room - 1 -- one line says what is hidden
  for wanted = 1, 4 do
    for _, card in ipairs(cards) do
      if left > 0 and rank(card, doing, selected) == wanted then
        take[card.id], left = true, left - 1
      end
    end
  end
  local shown, hidden = {}, {}
  for _, card in ipairs(cards) do
    table.insert(take[card.id] and shown or hidden, card)
  end
  return shown, hidden
end

local function hidden_line(cards, columns)
  local counts, parts = {}, {}
  for _, card in ipairs(cards) do
    counts[card.status] = (counts[card.status] or 0) + 1
  end
  for status, count in pairs(counts) do
    parts[#parts + 1] = count .. " " .. status
  end
  table.sort(parts)
  return text.cut(string.format("   and %d more: %s", #cards, table.concat(parts, ", ")), columns)
end

local function widest(cards, field, most)
  local width = 0
  for _, card in ipairs(cards) do
    width = math.max(width, text.width(text.clean(card[field] or "")))
  end
  return math.min(width, most)
end

local NAME_FROM, SEAT_FROM = 70, 110 -- columns of a window that has room for them

local function with_blanks(columns)
  return columns > 0 and columns + 2 or 0
end

-- Columns of id, name, seat, and what the card is at: its activity, or its status.
local function layout(cards, columns)
  local room = columns - 3 -- mark and blanks
  local id = widest(cards, "id", math.max(8, columns // 5))
  local name = columns >= NAME_FROM and widest(cards, "name", (room - id) // 3) or 0
  local seat = columns >= SEAT_FROM and widest(cards, "seat", SEAT_MOST) or 0
  local rest = room - id - 2 - with_blanks(name) - with_blanks(seat)
  return { id = id, name = name, seat = seat, rest = math.max(0, rest) }
end

local function amount(bytes)
  return bytes < 1000 and bytes .. " B" or string.format("%.1f KB", bytes / 1000)
end

local ACTS = { write_file = "writes", edit_file = "edits" }

-- The end of a path, which has no blank and no letter that is none of ASCII's.
local function end_of(path, columns)
  return #path <= columns and path or "…" .. path:sub(1 - columns)
end

---A call that comes: "writes hello.sh", "calls read_file hello.sh", "writes a call".
---@param tool string|nil
---@param path string|nil
---@param columns integer|nil  of the path
---@return string
function M.call(tool, path, columns)
  if not tool then
    return "writes a call"
  elseif not path then
    return "calls " .. tool
  end
  return (ACTS[tool] or "calls " .. tool) .. " " .. end_of(path, columns or #path)
end

-- "writes hello.sh 1.2 KB · ~31 tok/s" of a reply that comes, "no bytes for 20 s" of one that stalls.
local function progress_of(stream, columns)
  if stream.silent >= STALLED then
    return string.format("no bytes for %d s", stream.silent // 1)
  elseif not stream.bytes then
    return stream.doing
  end
  local what = stream.words ~= "" and "writes" or "thinks"
  if stream.calls > 0 then
    what = M.call(stream.tool, stream.path, math.max(PATH_LEAST, math.min(PATH_MOST, columns - BESIDE_PATH)))
  end
  return what .. " " .. amount(stream.bytes)
end

local function rate_of(stream)
  local is_known = stream.bytes and stream.replying >= 1 and stream.silent < STALLED
  return is_known and string.format(SEPARATOR .. "~%d tok/s", stream.bytes / TOKEN // stream.replying) or ""
end

-- What the agent does and for how long; where there is room, how fast.
local function doing_of(stream, columns)
  local what, rate = text.clean(progress_of(stream, columns)), rate_of(stream)
  local clock_part = string.format("%s%d:%02d", SEPARATOR, stream.seconds // 60, stream.seconds % 60 // 1)
  local has_room = text.width(what .. rate .. clock_part) <= columns
  return what .. (has_room and rate or "") .. clock_part
end

-- Of the text, or of the thoughts while there is none.
local function words_of(stream)
  local has_text = stream.words and stream.words ~= ""
  return has_text and stream.words or stream.thoughts or ""
end

-- What the agent does, for how long, and its last words where there is room.
local function activity(scene, card, columns)
  local stream = scene.streams[card.id]
  if scene.stopped and scene.stopped[card.id] then
    return text.cut("at a breakpoint, goes on from orket repl", columns)
  end
  local doing = text.clean(scene.doing[card.id] or "")
  if stream then
    doing = doing_of(stream, columns)
  end
  local room = columns - text.width(doing) - 2
  local said = words_of(stream or {})
  if said == "" or room < 10 then
    return text.cut(doing, columns)
  end
  local words = text.tail(text.clean(said):gsub("%s+", " "), room)
  return doing .. "  " .. style.paint(words, "90")
end

-- The first card that has to be finished before this one can begin.
local function awaited(card, status)
  for _, id in ipairs(card.status == "ready" and card.depends_on or {}) do
    if not FINAL[status[id] or "done"] then
      return "after " .. text.clean(id)
    end
  end
end

local function status_of(card, status)
  local after = awaited(card, status)
  if after then
    return after
  end
  return card.status .. (PARKED[card.status] and card.wait_reason and " [" .. card.wait_reason .. "]" or "")
end

-- What a card is at, and how much of its name has room beside that: the command that answers a question comes
-- before the name.
local function at(scene, card, wide)
  local question = not scene.doing[card.id] and scene.asked and scene.asked[card.id]
  if not question then
    return status_of(card, scene.status_of), wide
  end
  local command = "orket approve " .. text.clean(question)
  local said = status_of(card, scene.status_of) .. ": " .. command
  if text.width(said) <= wide.rest then
    return said, wide
  end
  local name = math.max(0, wide.name - math.max(0, text.width(command) - wide.rest))
  return command, { id = wide.id, name = name, seat = wide.seat,
    rest = wide.rest + wide.name - name + (wide.name > 0 and name == 0 and 2 or 0) }
end

-- What a person is asked, and the key that opens it; nil where the card waits for no person, or no key is
-- heard.
local function asked(scene, card, columns)
  if not (scene.keys and PARKED[card.status]) or scene.doing[card.id] then
    return nil
  end
  local key = card.wait_reason == "input" and "r answer" or "r retry"
  if scene.asked and scene.asked[card.id] then
    key = "a review"
  end
  local said = text.line(scene.questions and scene.questions[card.id] or status_of(card, scene.status_of))
  local room = columns - #key - 2
  return room > #key and style.status(card.status, text.fit(said, room)) .. "  " .. key
    or style.status(card.status, text.cut(said, columns))
end

local function what(scene, card, said, columns)
  if scene.doing[card.id] then
    return activity(scene, card, columns)
  end
  return asked(scene, card, columns) or style.status(card.status, text.cut(said, columns))
end

local function card_line(scene, card, wide)
  local said
  if not scene.keys then
    said, wide = at(scene, card, wide) -- with the command
  else
    said = status_of(card, scene.status_of)
  end
  local mark = scene.stopped and scene.stopped[card.id] and "stopped" or card.status
  local parts = { style.mark(mark) .. " " .. text.fit(text.clean(card.id), wide.id) }
  for _, field in ipairs({ "name", "seat" }) do
    parts[#parts + 1] = wide[field] > 0 and text.fit(text.clean(card[field] or ""), wide[field]) or nil
  end
  parts[#parts + 1] = what(scene, card, said, wide.rest)
  local line = " " .. table.concat(parts, "  ")
  return card.id == scene.selected and style.selected(line) or line
end

local function keys_line(scene, columns)
  local sum = tally(scene.cards, scene.doing)
  local need = sum.parked == 1 and "needs" or "need"
  local waiting = sum.parked > 0 and string.format("%d %s you", sum.parked, need) or ""
  local keys = text.cut(text.clean(scene.keys), columns - 1 - #waiting)
  return " " .. keys .. (" "):rep(columns - 1 - text.width(keys) - #waiting) .. waiting
end

---@param scene table
---@param columns integer
---@param rows integer
---@return string[] lines
function M.lines(scene, columns, rows)
  columns = math.max(10, columns - MARGIN)
  local lines = { headline(scene, columns), progress(scene, columns), notice(scene, columns) or "" }
  local shown, hidden = visible(scene.cards, math.max(1, rows - #lines - (scene.keys and 3 or 2)),
    scene.doing, scene.selected)
  scene = setmetatable({ status_of = {} }, { __index = scene })
  for _, card in ipairs(scene.cards) do
    scene.status_of[card.id] = card.status
  end
  local wide = layout(shown, columns)
  for _, card in ipairs(shown) do
    lines[#lines + 1] = card_line(scene, card, wide)
  end
  if #hidden > 0 then
    lines[#lines + 1] = hidden_line(hidden, columns)
  end
  lines[#lines + 1] = scene.keys and keys_line(scene, columns) or nil
  return table.move(lines, 1, math.min(#lines, math.max(1, rows - 1)), 1, {})
end

return M
