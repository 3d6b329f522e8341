-- plan_format.lua: a proposal as a person reads it before saying yes: everything that would be made of it,
-- nothing cut.

local text = require("orket.view.format.text")

local M = {}

local COLUMNS = 80
local WORDS = { [1] = "low", [3] = "high" }

-- ---- lines of at most so many columns ----

-- A cleaned text in pieces; a word that is too long for one is broken.
local function wrapped(words, columns)
  local lines, line = {}, ""
  for word in words:gmatch("%S+") do
    while text.width(word) > columns do
      local head = text.cut(word, columns):gsub("…$", "")
      if line ~= "" then
        lines[#lines + 1], line = line, ""
      end
      lines[#lines + 1], word = head, word:sub(#head + 1)
    end
    if line == "" then
      line = word
    elseif text.width(line) + 1 + text.width(word) <= columns then
      line = line .. " " .. word
    else
      lines[#lines + 1], line = line, word
    end
  end
  lines[#lines + 1] = line ~= "" and line or nil
  return lines
end

-- What follows the first line stands below its text.
local function put(out, indent, head, body)
  head = text.visible(head)
  local columns = math.max(20, COLUMNS - text.width(indent) - text.width(head))
  local below = indent .. (" "):rep(text.width(head))
  for i, line in ipairs(wrapped(text.visible((body:gsub("%s+", " "))), columns)) do
    out[#out + 1] = (i == 1 and indent .. head or below) .. line
  end
end

-- ---- the tree ----

-- A program as one types it.
local function quoted(argv)
  local words = {}
  for i, word in ipairs(argv) do
    words[i] = word:find("^[%w%./_=:,@%%+-]+$") and word or "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(words, " ")
end

local function put_issue(out, indent, issue)
  if issue.description and issue.description:find("%S") then
    put(out, indent, "", issue.description)
  end
  for i, line in ipairs(issue.requirements) do
    put(out, indent, i == 1 and "requires  " or "          ", line)
  end
  if issue.depends_on and #issue.depends_on > 0 then
    put(out, indent, "after     ", table.concat(issue.depends_on, ", "))
  end
  local tried = issue.verification
  if tried then
    put(out, indent, "tried by  ", tried.argv and quoted(tried.argv) or "verification/" .. tried.fixture)
    if tried.description and tried.description:find("%S") then
      put(out, indent, "          ", tried.description)
    end
  end
end

local function put_epic(out, indent, epic)
  if epic.description and epic.description:find("%S") then
    put(out, indent, "", epic.description)
  end
  for i, issue in ipairs(epic.issues) do
    local is_last = i == #epic.issues
    local priority = WORDS[issue.priority] and " (" .. WORDS[issue.priority] .. ")" or ""
    put(out, indent, (is_last and "└─ " or "├─ ") .. issue.id .. "  ", "[" .. issue.seat .. "] " .. issue.name
      .. priority)
    put_issue(out, indent .. (is_last and "   " or "│  ") .. "  ", issue)
  end
end

---What the analyst decided where the request leaves it open.
---@param assumptions string[]
---@return string[] lines clean
function M.assumptions(assumptions)
  local out = { "assumed, because the request leaves it open:" }
  for _, one in ipairs(assumptions) do
    put(out, "  ", "- ", one)
  end
  return #assumptions > 0 and out or {}
end

---The lines of a proposal.
---@param plan table the operation plan.make
---@return string[] lines clean
function M.lines(plan)
  local out, count = {}, 0
  put(out, "", plan.id .. "  ", plan.name)
  if plan.description and plan.description:find("%S") then
    put(out, "│ ", "", plan.description)
  end
  for i, epic in ipairs(plan.epics) do
    local is_last = i == #plan.epics
    put(out, "", (is_last and "└─ " or "├─ ") .. epic.id .. "  ", epic.name)
    put_epic(out, is_last and "   " or "│  ", epic)
    count = count + #epic.issues
  end
  out[#out + 1] = string.format("a rock, %d %s, %d %s", #plan.epics, #plan.epics == 1 and "epic" or "epics",
    count,
    count == 1 and "issue" or "issues")
  return out
end

return M
