-- attachments.lua: the files that a turn's model is shown beside text. Their bytes are blobs of the journal,
-- and the message of the call's result names them; what is left out of the window takes them with it.

local errors = require("orket.errors")
local media = require("orket.llm.media")

local M = {}

local FILES, BYTES = 20, 20 * 1024 * 1024 -- of one conversation
local NATIVE = { auto = true, native = true } -- `calls` of models that can be shown files

local WORDS = { image = "images", pdf = "PDF files" }

-- Those of the conversation as it is sent, and of the call under way.
local function shown(turn)
  local files, bytes = 0, 0
  local function count(list)
    for _, file in ipairs(list) do
      files, bytes = files + 1, bytes + file.bytes
    end
  end
  for _, message in ipairs(turn.messages) do
    count(media.files(message))
  end
  count(turn.attached or {})
  return files, bytes
end

-- The model cannot be shown it.
local function model_fault(model, path, kind)
  local what = WORDS[kind.input]
  if not media.takes(model, kind.input) then
    local why = ("%s is %s, and the model '%s' is not said to take %s"):format(path, kind.type, model.name,
      what)
    return errors.new("ERR_USAGE", why, ('work without it; a person may set "inputs": ["%s"] of models.%s')
      :format(kind.input, model.name))
  elseif not NATIVE[model.calls or "auto"] then
    return errors.new("ERR_USAGE", "a model that writes its calls as text is shown no files",
      "work without it")
  end
end

-- It is too much.
local function size_fault(turn, path, kind, size)
  local files, bytes = shown(turn)
  if size > media.MOST[kind.input] then
    local why = ("%s has %d bytes, of %s at most %d are shown"):format(path, size, WORDS[kind.input],
      media.MOST[kind.input])
    return errors.new("ERR_TOO_LARGE", why, "work without it, or make it smaller")
  elseif files >= FILES or bytes + size > BYTES then
    local why = ("a conversation shows at most %d files with %d bytes together"):format(FILES, BYTES)
    return errors.new("ERR_LIMIT", why, "go on with those that were shown")
  end
end

---Shows a file to the turn's model: its bytes stand with the call's result.
---@param turn Turn
---@param path string
---@param bytes string
---@return {path: string, type: string, bytes: integer, shown: true}|nil
---@return Error|nil ERR_USAGE, ERR_TOO_LARGE, ERR_LIMIT
function M.attach(turn, path, bytes)
  local kind = media.kind(bytes)
  if not kind then
    local why = path .. " is neither a text in UTF-8 nor a PNG, JPEG, GIF, WebP or PDF"
    return nil, errors.new("ERR_UTF8", why, "leave it alone, or ask a person what it is")
  end
  local fault = model_fault(turn.model, path, kind) or size_fault(turn, path, kind, #bytes)
  if fault then
    return nil, fault
  end
  local blob = turn.tx:blob(bytes)
  turn:remember(blob, bytes)
  turn:attach({ blob = blob, bytes = #bytes, path = path, tokens = media.tokens(kind.input, bytes),
    type = kind.type })
  return { path = path, type = kind.type, bytes = #bytes, shown = true }
end

---Reads the bytes of blobs for requests of a turn. Raises what the store fails with.
---@param turn Turn
---@return fun(blob: string): string
function M.reader(turn)
  return function(blob)
    local bytes, err = turn:uncommitted(blob), nil
    if not bytes then
      bytes, err = errors.check(turn.engine.store:blob(blob))
    end
    return bytes or error(err, 0)
  end
end

return M
