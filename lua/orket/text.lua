-- text.lua: bytes of programs as text.

local M = {}

---Programs print any bytes; the journal and the model read text.
---@param bytes string
---@return string in UTF-8
function M.of_bytes(bytes)
  local parts, from = {}, 1
  local ok, bad = utf8.len(bytes)
  while not ok do
    parts[#parts + 1] = bytes:sub(from, bad - 1) .. "\u{FFFD}"
    from = bad + 1
    ok, bad = utf8.len(bytes, from)
  end
  return table.concat(parts) .. bytes:sub(from)
end

return M
