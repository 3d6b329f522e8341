-- line_splitter.lua: bytes as they come, in lines: what a line costs follows from its length, however it is
-- cut.

local M = {}

local PIECES = 512 -- of a line that has not ended, then they become one

---@param on_line fun(line: string) without its end
---@return fun(bytes: string) feed
function M.splitter(on_line)
  local pieces = {}
  local function keep(bytes)
    pieces[#pieces + 1] = bytes
    if #pieces >= PIECES then
      pieces = { table.concat(pieces) }
    end
  end
  return function(bytes)
    local from = 1
    for to in bytes:gmatch("()\n") do
      keep(bytes:sub(from, to - 1))
      local line = table.concat(pieces)
      pieces, from = {}, to + 1
      on_line(line)
    end
    if from <= #bytes then
      keep(bytes:sub(from))
    end
  end
end

return M
