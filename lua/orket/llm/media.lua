-- media.lua: files that a model takes beside text: images and PDF. A message of the conversation names them,
-- with the blob of their bytes (`attached`); the bytes are put in where a request is made. Pure.

local cjson = require("cjson")
local base64 = require("orket.core.base64")

local M = {}

---@class Attached
---@field blob string
---@field bytes integer
---@field path string
---@field tokens integer about what a model counts
---@field type string media type

local MIB = 1024 * 1024
local MAGIC = { -- beginning, media type, what a model's `inputs` call it
  { "^\x89PNG\r\n\x1a\n", "image/png", "image" },
  { "^\xff\xd8\xff", "image/jpeg", "image" },
  { "^GIF8[79]a", "image/gif", "image" },
  { "^RIFF....WEBP", "image/webp", "image" },
  { "^%%PDF%-%d", "application/pdf", "pdf" },
}

M.MOST = { image = 5 * MIB, pdf = 10 * MIB } -- bytes of one file: what the strictest provider takes
M.LARGEST = 10 * MIB

local IMAGE_TOKENS, PAGE_TOKENS, PAGE_BYTES = 1600, 2000, 100 * 1000
local BYTES_A_TOKEN = 4

---What bytes are, by how they begin.
---@param bytes string
---@return {type: string, input: "image"|"pdf"}|nil
function M.kind(bytes)
  for _, row in ipairs(MAGIC) do
    if bytes:find(row[1]) then
      return { type = row[2], input = row[3] }
    end
  end
end

---About how many tokens a model counts, guessed high: of an image what the largest one costs; of a PDF by its
---pages, which may stand in compressed parts.
---@param input "image"|"pdf"
---@param bytes string
---@return integer
function M.tokens(input, bytes)
  if input == "image" then
    return IMAGE_TOKENS
  end
  local _, pages = bytes:gsub("/Type%s*/Page[^%w]", "")
  return math.max(1, pages, #bytes // PAGE_BYTES) * PAGE_TOKENS
end

---Does a model take such files?
---@param model table its profile
---@param input string
---@return boolean
function M.takes(model, input)
  for _, one in ipairs(model.inputs or {}) do
    if one == input then
      return true
    end
  end
  return false
end

---What a model's `inputs` call such a file.
---@param file Attached
---@return "image"|"pdf"
function M.input(file)
  return file.type == "application/pdf" and "pdf" or "image"
end

-- Canonical messages have their keys in order: of all messages only those with files begin so.
local BEGINNING = '{"attached":'

---@param message string JSON
---@return boolean
function M.is_in(message)
  return message:sub(1, #BEGINNING) == BEGINNING
end

---The files that a message names.
---@param message string JSON
---@return Attached[]
function M.files(message)
  return M.is_in(message) and cjson.decode(message).attached or {}
end

---What a message weighs for a model, in bytes of text.
---@param message string JSON
---@return integer
function M.weight(message)
  local weight = #message
  for _, file in ipairs(M.files(message)) do
    weight = weight + math.tointeger(file.tokens) * BYTES_A_TOKEN
  end
  return weight
end

---How many bytes the files of a request have in its body beyond what they weigh.
---@param messages string[] JSON
---@param model table
---@return integer
function M.surplus(messages, model)
  local surplus = 0
  for _, message in ipairs(messages) do
    for _, file in ipairs(M.files(message)) do
      local encoded = (math.tointeger(file.bytes) + 2) // 3 * 4
      local weight = math.tointeger(file.tokens) * BYTES_A_TOKEN
      surplus = surplus + (M.takes(model, M.input(file)) and encoded - weight or 0)
    end
  end
  return surplus
end

---What stands before a file, or in its place for a model that does not take it.
---@param file Attached
---@param model table
---@return string text
---@return boolean takes
function M.caption(file, model)
  local takes = M.takes(model, M.input(file))
  local text = ("[%s, %s, %d bytes%s]"):format(file.path, file.type, file.bytes,
    takes and "" or ", not shown: this model does not take it")
  return text, takes
end

---The bytes of a file as requests have them.
---@param file Attached
---@param read fun(blob: string): string
---@return string
function M.encoded(file, read)
  return base64.encode(read(file.blob))
end

return M
