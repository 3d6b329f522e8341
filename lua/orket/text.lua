-- text.lua: bytes of programs as text, and texts without the blanks around them. What is looked for costs time by a text's
-- length, whatever it is made of: a pattern that ends in blanks, as in "(.-)%s*$", costs its square.

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

---A text without the blanks at its end.
---@param text string
---@return string
function M.ended(text)
  return text:find("%S") and text:match(".*%S") or ""
end

---A text without the blanks at its beginning and its end.
---@param text string
---@return string
function M.trimmed(text)
  return M.ended(text:match("^%s*(.*)$"))
end

return M
