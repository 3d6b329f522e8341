-- style.lua: colours and marks of statuses. Without a terminal, or with NO_COLOR, plain text.

local sys = require("orket.core.sys")

local M = {}

local LOOK = { -- status -> mark, ANSI colour
  ready = { "·", "37" },
  in_progress = { "▶", "36" },
  blocked = { "■", "31" },
  waiting_for_developer = { "?", "33" },
  ready_for_testing = { "◇", "34" },
  code_review = { "◆", "35" },
  done = { "✓", "32" },
  canceled = { "✗", "90" },
  archived = { "–", "90" },
}

local coloured = sys.is_tty(1) and not (sys.env("NO_COLOR") and sys.env("NO_COLOR") ~= "")

---@param text string
---@param colour string SGR parameters
---@return string
function M.paint(text, colour)
  return coloured and ("\27[" .. colour .. "m" .. text .. "\27[0m") or text
end

---@param status string
---@return string
function M.mark(status)
  local look = LOOK[status] or { " ", "37" }
  return M.paint(look[1], look[2])
end

---A status in its colour, or another text in it.
---@param status string
---@param text string|nil
---@return string
function M.status(status, text)
  return M.paint(text or status, (LOOK[status] or LOOK.ready)[2])
end

return M
