-- style.lua: colours and marks of statuses. Without a terminal, or with NO_COLOR, plain text; in a locale
-- that is not UTF-8, marks of ASCII.

local sys = require("orket.core.sys")

local M = {}

local LOOK = { -- status -> mark, ANSI colour, mark without UTF-8
  ready = { "·", "37", "." },
  in_progress = { "▶", "36", ">" },
  blocked = { "■", "31", "=" },
  waiting_for_developer = { "?", "33", "?" },
  ready_for_testing = { "◇", "34", "*" },
  code_review = { "◆", "35", "#" },
  done = { "✓", "32", "+" },
  canceled = { "✗", "90", "x" },
  archived = { "–", "90", "-" },
  stopped = { "‖", "33", "|" }, -- at a breakpoint
}

-- The first that is set to something decides, as setlocale has it. Without any the terminal says nothing of
-- itself.
local function is_utf8()
  for _, name in ipairs({ "LC_ALL", "LC_CTYPE", "LANG" }) do
    local value = sys.env(name) or ""
    if value ~= "" then
      return value:lower():find("utf%-?8") ~= nil
    end
  end
  return true
end

M.utf8 = is_utf8()

local coloured = sys.is_tty(1) and not (sys.env("NO_COLOR") and sys.env("NO_COLOR") ~= "")

---@param text string
---@param colour string SGR parameters
---@return string
function M.paint(text, colour)
  return coloured and ("\27[" .. colour .. "m" .. text .. "\27[0m") or text
end

---The row of the selection: reversed, also where there are no colours.
---@param line string
---@return string
function M.selected(line)
  return sys.is_tty(1) and "\27[7m" .. line:gsub("\27%[0m", "\27[0;7m") .. "\27[0m" or line
end

---@param status string
---@return string
function M.mark(status)
  local look = LOOK[status] or { " ", "37", " " }
  return M.paint(M.utf8 and look[1] or look[3], look[2])
end

---A bar of which so many columns are full.
---@param full integer
---@param empty integer
---@return string
function M.bar(full, empty)
  local filled, free = M.utf8 and "█" or "#", M.utf8 and "░" or "."
  return M.paint(filled:rep(full), "32") .. M.paint(free:rep(empty), "90")
end

---A status in its colour, or another text in it.
---@param status string
---@param text string|nil
---@return string
function M.status(status, text)
  return M.paint(text or status, (LOOK[status] or LOOK.ready)[2])
end

return M
