-- content.lua: the whole of what a person is asked: as it is kept in the journal, where long texts are blobs,
-- and put together again from there. What an agent wrote cannot pass for such a reference.

local cjson = require("cjson")

local M = {}

local INLINE = 2000 -- bytes of a text that stays in the event; a longer one is a blob
local WHOLE = 100000 -- bytes of what is asked that stay in the event

-- ---- kept ----

local function blob(tx, bytes, is_json)
  return { blob = tx:blob(bytes), bytes = #bytes, json = is_json }
end

-- A value whose long texts are blobs. A table that looks like a reference to one is kept as a blob itself.
local function shortened(tx, value)
  if type(value) == "string" and #value > INLINE then
    return blob(tx, value)
  elseif type(value) ~= "table" then
    return value
  elseif value.blob ~= nil then
    return blob(tx, cjson.encode(value), true)
  end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do
    copy[key] = shortened(tx, item)
  end
  return copy
end

---What is asked as the journal keeps it: its long texts, or all of it when it is long itself, are blobs of
---the transaction, {blob, bytes, json?}; json: it was a value, not a text.
---@param tx StoreTx
---@param operation table
---@return table
function M.stored(tx, operation)
  local copy = shortened(tx, operation)
  if #cjson.encode(copy) <= WHOLE then
    return copy
  end
  return { op = copy.op, tool = copy.tool, path = copy.path, whole = blob(tx, cjson.encode(operation)) }
end

-- ---- put together ----

local function is_reference(value)
  return type(value) == "table" and type(value.blob) == "string" and value.bytes ~= nil
end

local function inflated(store, value)
  if type(value) ~= "table" then
    return value
  elseif is_reference(value) then
    local bytes = store:blob(value.blob)
    return bytes and value.json and cjson.decode(bytes) or bytes or value
  end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do
    copy[key] = inflated(store, item)
  end
  return copy
end

---What a question is about, with all its texts.
---@param store Store
---@param operation table as stored
---@return table
function M.whole(store, operation)
  local whole = operation.whole
  local bytes = is_reference(whole) and not whole.json and store:blob(whole.blob)
  return bytes and cjson.decode(bytes) or inflated(store, operation)
end

return M
