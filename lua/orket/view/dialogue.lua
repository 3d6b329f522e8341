-- dialogue.lua: what was said in turns (orket.turn_record), as text for a terminal or as Markdown. Pure.

local cjson = require("cjson")
local diff = require("orket.util.diff")
local local_time = require("orket.view.format.local_time")
local style = require("orket.view.format.style")
local tables = require("orket.util.tables")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

local LINES = 20  -- of a prompt, of arguments, of a result
local QUOTE = 240 -- columns of a reply that is quoted
local QUOTED = 40 -- bytes by which a quotation is known

-- ---- lines ----

local function lines_of(value)
  local lines = {}
  for line in (value:gsub("\n+$", "") .. "\n"):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = text.visible(line)
  end
  return lines
end

-- A JSON object's fields, a line each; anything else is the text that it is.
local function fields_of(value)
  local ok, decoded = pcall(cjson.decode, value)
  if not ok or type(decoded) ~= "table" or next(decoded) == nil then
    return lines_of(value)
  end
  return lines_of(table.concat(diff.lines(decoded), "\n"))
end

-- A tool's answer without its frame.
local function result_of(value)
  local ok, answer = pcall(cjson.decode, value)
  local inner = ok and type(answer) == "table" and (answer.result or answer.error)
  if type(inner) == "string" then
    return lines_of(inner)
  end
  return fields_of(type(inner) == "table" and cjson.encode(inner) or value)
end

-- ---- parts: {what, lines, bounded, colour} ----

local function part(what, lines, options)
  options = options or {}
  return { what = what, lines = lines, bounded = options.bounded, colour = options.colour,
    level = options.level }
end

local function tokens(entry)
  if not entry.tokens_in then
    return ""
  end
  return string.format(", %d tokens in, %d out", entry.tokens_in, entry.tokens_out or 0)
end

local PARTS = {}

function PARTS.turn(entry)
  local head = string.format("%s/%s  %s  %s (%s)%s, %s, %s", entry.run, entry.turn, entry.card, entry.seat,
    entry.role,
    entry.review and " reviews" or "", entry.model or "no model", local_time.stamp(entry.at))
  return { part(text.line(head), {}, { colour = "1", level = 1 }) }
end

function PARTS.prompt(entry)
  local parts = {}
  for _, message in ipairs(entry.messages) do
    parts[#parts + 1] = part("prompt, " .. text.line(message.role), lines_of(message.text),
      { bounded = true, colour = "34" })
  end
  return parts
end

function PARTS.nudge(entry)
  return { part("answer to a reply without a call", lines_of(entry.text or ""), { colour = "33" }) }
end

function PARTS.reply(entry)
  local parts = {}
  if entry.thoughts then
    parts[1] = part("thoughts", lines_of(entry.thoughts), { colour = "90" })
  end
  local cut = entry.finish == "length" and ", cut off at the limit of tokens" or ""
  local empty = #entry.calls == 0 and not (entry.text or ""):find("%S") and ", empty" or ""
  parts[#parts + 1] = part("reply " .. entry.step .. tokens(entry) .. cut .. empty,
    entry.text and lines_of(entry.text) or {}, { colour = "36" })
  for _, call in ipairs(entry.calls) do
    parts[#parts + 1] = part("call " .. text.line(call.tool), fields_of(call.arguments),
      { bounded = true, colour = "35" })
  end
  return parts
end

-- What comes is not settled: it may still be another attempt's.
function PARTS.draft(entry)
  local parts = {}
  if entry.thoughts then
    parts[1] = part("thoughts, as they come", lines_of(entry.thoughts), { colour = "90" })
  end
  if entry.text then
    parts[#parts + 1] = part("reply, as it comes", lines_of(entry.text), { colour = "36" })
  end
  for i, call in ipairs(entry.calls) do
    local size = i == #entry.calls and string.format(", %d bytes so far", entry.bytes) or ""
    parts[#parts + 1] = part("call " .. (call.tool or "") .. (call.path and " " .. call.path or "") .. size,
      {}, { colour = "35" })
  end
  return parts
end

function PARTS.result(entry)
  local what = (entry.ok and "result of " or "FAILED ") .. text.line(entry.tool)
  return { part(what, result_of(entry.text or ""), { bounded = true, colour = entry.ok and "32" or "31" }) }
end

local function is_list_of_texts(value)
  for _, item in ipairs(type(value) == "table" and value or {}) do
    if type(item) ~= "string" then
      return false
    end
  end
  return type(value) == "table" and #value > 0
end

-- A list of texts is one line, the rest a field a line.
local function help_of(help)
  local parts = {}
  for _, key in ipairs(type(help) == "table" and tables.keys(help) or {}) do
    local value = help[key]
    if is_list_of_texts(value) then
      parts[#parts + 1] = key .. ": " .. table.concat(value, ", ")
    else
      local lines = diff.lines(value, key)
      table.move(lines, 1, #lines, #parts + 1, parts)
    end
  end
  return #parts > 0 and "\nhelp:\n  " .. table.concat(parts, "\n  ") or ""
end

function PARTS.refusal(entry)
  local fix = entry.fix and entry.fix ~= "" and "\nfix: " .. entry.fix or ""
  local what = "REFUSED " .. text.line(entry.tool or "") .. " (" .. text.line(entry.rule or "") .. ")"
  return { part(what, lines_of((entry.why or "") .. fix .. help_of(entry.help)), { colour = "31" }) }
end

function PARTS.failure(entry)
  return { part("FAILED", lines_of(entry.text or ""), { colour = "31" }) }
end

function PARTS.note(entry)
  return { part(text.line(entry.text), {}) }
end

PARTS["end"] = function(entry)
  local why = entry.why and entry.why ~= cjson.null and ": " .. entry.why or ""
  return { part(text.line("turn ended, " .. entry.outcome .. why .. tokens(entry)), {}, { colour = "1" }) }
end

---What a reply says and calls, in a line.
---@param reply {text: string|nil, tools: string[]}
---@return string
function M.gist(reply)
  local parts = { reply.text and reply.text:find("%S") and text.line(reply.text) or nil }
  parts[#parts + 1] = #reply.tools > 0 and "calls " .. text.line(table.concat(reply.tools, ", ")) or nil
  return text.cut(#parts > 0 and table.concat(parts, "; ") or "(empty)", QUOTE)
end

-- Whether a sentence quotes the beginning of what was said.
local function is_quoted(said, sentence)
  local head = said and text.line(said):gsub("%s+", " "):sub(1, QUOTED) or ""
  return head:find("%S") and text.line(sentence):gsub("%s+", " "):find(head, 1, true) ~= nil
end

---The head of a card's last reply, in a line. What stands in the sentence above is not said again.
---@param reply {run: string, turn: integer, text: string|nil, tools: string[]}
---@param above string|nil
---@return string
function M.quote(reply, above)
  local command = string.format("orket transcript %s/%s", text.clean(reply.run), reply.turn)
  if above and #reply.tools == 0 and is_quoted(reply.text, above) then
    return "what was said: " .. command
  end
  return text.cut("last reply (" .. command .. "): " .. M.gist(reply), QUOTE)
end

-- ---- printed ----

local function bounded(one, full)
  if full or not one.bounded or #one.lines <= LINES + 1 then
    return one.lines
  end
  local lines = table.move(one.lines, 1, LINES, 1, {})
  lines[#lines + 1] = string.format("… %d more lines (--full shows them)", #one.lines - LINES)
  return lines
end

local function pieces(line, columns)
  return columns and wrap.pieces(line, math.max(20, columns - 5)) or { line }
end

---An entry as text. Without columns lines are not wrapped.
---@param entry table
---@param options {columns: integer|nil, full: boolean|nil}
---@return string
function M.text(entry, options)
  local out = {}
  for _, one in ipairs(PARTS[entry.kind](entry)) do
    for _, piece in ipairs(pieces(one.what, options.columns)) do
      out[#out + 1] = (one.level and "" or "  ") .. style.paint(piece, one.colour or "37")
    end
    for _, line in ipairs(bounded(one, options.full)) do
      for _, piece in ipairs(pieces(line, options.columns)) do
        out[#out + 1] = piece == "" and "" or "    " .. piece
      end
    end
  end
  return table.concat(out, "\n") .. "\n"
end

-- A fence that nothing in the lines closes.
local function fence_of(lines)
  local longest = 2
  for _, line in ipairs(lines) do
    for ticks in line:gmatch("`+") do
      longest = math.max(longest, #ticks)
    end
  end
  return ("`"):rep(longest + 1)
end

---An entry as Markdown: what agents wrote stands in fences.
---@param entry table
---@param options {full: boolean|nil}
---@return string
function M.markdown(entry, options)
  local out = {}
  for _, one in ipairs(PARTS[entry.kind](entry)) do
    local lines = bounded(one, options.full)
    out[#out + 1] = (one.level and "## " or "### ") .. one.what:gsub("[%*_`<>%[%]\\#]", "\\%0") .. "\n"
    if #lines > 0 then
      local fence = fence_of(lines)
      out[#out + 1] = fence .. "text\n" .. table.concat(lines, "\n") .. "\n" .. fence .. "\n"
    end
  end
  return table.concat(out, "\n")
end

return M
