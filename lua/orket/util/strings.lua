-- strings.lua: bytes of programs as text, texts by their bytes, and without the blanks around them. What is
-- looked for costs time by a text's length, whatever it is made of: a pattern that ends in blanks, as
-- "(.-)%s*$", costs its square.

local M = {}

---Programs print any bytes; the journal and the model read text.
---@param bytes string
---@return string in UTF-8
function M.of_bytes(bytes)
  local ok, bad = utf8.len(bytes)
  if ok then
    return bytes
  end
  local parts, from = {}, 1
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

---The beginning of a text: at most so many bytes, and whole characters.
---@param text string
---@param most integer
---@return string
function M.cut(text, most)
  if #text <= most then
    return text
  end
  while most > 0 and text:byte(most + 1) & 0xC0 == 0x80 do
    most = most - 1
  end
  return text:sub(1, math.max(0, most))
end

---The same, with a sign that something is missing.
---@param text string
---@param most integer bytes, besides the sign
---@return string
function M.shortened(text, most)
  return #text <= most and text or M.cut(text, most) .. "…"
end

---How many bytes some texts have together.
---@param texts string[]
---@return integer
function M.bytes(texts)
  local bytes = 0
  for _, text in ipairs(texts) do
    bytes = bytes + #text
  end
  return bytes
end

return M
