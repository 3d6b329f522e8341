-- line_splitter.lua: bytes as they come, in lines: what a line costs follows from its length, however it is
-- cut.

local M = {}

local PIECES = 512 -- of a line that has not ended, then they become one

---@param on_line fun(line: string) without its end
---@param most integer|nil bytes of a line: nothing is heard of a longer one, nor of what follows it
---@param on_long fun()|nil such a line came
---@return fun(bytes: string) feed
function M.splitter(on_line, most, on_long)
  local pieces, size = {}, 0
  local function keep(bytes)
    size = size + #bytes
    if most and size > most then
      return false
    end
    pieces[#pieces + 1] = bytes
    if #pieces >= PIECES then
      pieces = { table.concat(pieces) }
    end
    return true
  end
  local function split(bytes)
    local from = 1
    for to in bytes:gmatch("()\n") do
      if not keep(bytes:sub(from, to - 1)) then
        return false
      end
      local line = table.concat(pieces)
      pieces, size, from = {}, 0, to + 1
      on_line(line)
    end
    return from > #bytes or keep(bytes:sub(from))
  end
  local is_over = false
  return function(bytes)
    if not is_over and not split(bytes) then
      is_over, pieces = true, {}
      on_long()
    end
  end
end

return M
