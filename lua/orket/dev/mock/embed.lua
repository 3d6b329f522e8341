-- dev/mock/embed.lua: vectors as an embedder of OpenAI's API or Gemini's answers them, for mock-llm. Each
-- word of a text adds some numbers that follow from it, and its parts of three letters a few smaller ones;
-- words of one line of the script's `synonyms` are one word. So texts are near that share words, parts of
-- words, or meanings that the script knows of.

local base64 = require("orket.core.base64")

local M = {}

local DIMS = 256
local PARTS = 0.25 -- what the parts of a word weigh

-- FNV-1a, 32 bits.
local function hash(text, seed)
  local value = 2166136261 ~ seed
  for i = 1, #text do
    value = (value ~ text:byte(i)) * 16777619 & 0xffffffff
  end
  return value
end

local function add(vector, text, weight)
  for seed = 1, 4 do
    local value = hash(text, seed)
    local place = value % #vector + 1
    vector[place] = vector[place] + (value >> 16 & 1 == 0 and weight or -weight)
  end
end

---The word that stands for each of the script's synonyms.
---@param lines string[][]|nil
---@return table<string, string>
function M.meanings(lines)
  local meanings = {}
  for _, line in ipairs(lines or {}) do
    for _, word in ipairs(line) do
      meanings[word] = line[1]
    end
  end
  return meanings
end

---@param text string
---@param meanings table<string, string>
---@param dims integer
---@return number[]
function M.vector(text, meanings, dims)
  local vector = {}
  for i = 1, dims do
    vector[i] = 0
  end
  vector[1] = 0.01 -- a text without words has a direction too
  for word in text:lower():gmatch("[%w\x80-\xff]+") do
    word = meanings[word] or word
    add(vector, word, 1)
    for i = 1, #word - 2 do
      add(vector, word:sub(i, i + 2), PARTS)
    end
  end
  return vector
end

-- ---- both APIs ----

local OPENAI, GEMINI = {}, {}

function OPENAI.read(body)
  local input = body.input
  return type(input) == "string" and { input } or input, tonumber(body.dimensions)
end

local function encoded(vector, format)
  if format ~= "base64" then
    return vector
  end
  return base64.encode(string.pack("<" .. ("f"):rep(#vector), table.unpack(vector)))
end

function OPENAI.write(vectors, tokens, body)
  local data = {}
  for i, vector in ipairs(vectors) do
    data[i] = { object = "embedding", index = i - 1, embedding = encoded(vector, body.encoding_format) }
  end
  return { object = "list", data = data, model = body.model,
    usage = { prompt_tokens = tokens, total_tokens = tokens } }
end

local function text_of(content)
  local parts = {}
  for i, part in ipairs(content.parts) do
    parts[i] = part.text
  end
  return table.concat(parts)
end

function GEMINI.read(body)
  local texts = {}
  for i, request in ipairs(body.requests) do
    texts[i] = text_of(request.content)
  end
  return texts, body.requests[1] and tonumber(body.requests[1].outputDimensionality)
end

function GEMINI.write(vectors)
  local embeddings = {}
  for i, vector in ipairs(vectors) do
    embeddings[i] = { values = vector }
  end
  return { embeddings = embeddings }
end

---The API of a path.
---@param path string
---@return table|nil
function M.speech(path)
  if path:find("/embeddings$") then
    return OPENAI
  end
  return path:find(":batchEmbedContents$") and GEMINI or nil
end

---The answer to a request.
---@param speech table
---@param body table
---@param meanings table<string, string>
---@return {body: table, texts: string[], tokens: integer}  raises for a body of the wrong types
function M.answer(speech, body, meanings)
  local texts, dims = speech.read(body)
  local vectors, bytes = {}, 0
  for i, text in ipairs(texts) do
    vectors[i] = M.vector(text, meanings, math.max(1, math.min(4096, math.tointeger(dims) or DIMS)))
    bytes = bytes + #text
  end
  local tokens = (bytes + 3) // 4
  return { body = speech.write(vectors, tokens, body), texts = texts, tokens = tokens }
end

return M
