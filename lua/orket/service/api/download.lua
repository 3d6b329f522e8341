-- download.lua: bytes as they are, as an answer. What agents wrote is no page of this server: a browser that
-- is led to it saves it, and runs nothing of it.

local entity_tags = require("orket.service.api.entity_tags")

local M = {}

local IMAGES = { png = "image/png", jpg = "image/jpeg", jpeg = "image/jpeg", gif = "image/gif",
  webp = "image/webp" }

---The media type of a file: pictures of pixels by their name, texts, else bytes.
---@param path string
---@param bytes string
---@return string
function M.type_of(path, bytes)
  local image = IMAGES[(path:match("%.([^./]*)$") or ""):lower()]
  if image then
    return image
  end
  local is_text = utf8.len(bytes) and not bytes:find("\0", 1, true)
  return is_text and "text/plain; charset=utf-8" or "application/octet-stream"
end

-- A name cannot end the header or name a directory.
local function disposition(name)
  return "attachment; filename*=UTF-8''" .. name:gsub("[^%w._-]", function(c)
    return ("%%%02X"):format(c:byte())
  end)
end

---The headers of such an answer.
---@param headers table<string, string> those of every answer; changed
---@param file {name: string, type: string, etag: string|nil}
---@return table<string, string>
function M.headers(headers, file)
  headers["Content-Type"] = file.type
  headers["Content-Disposition"] = disposition(file.name)
  headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
  headers.ETag = file.etag and '"' .. file.etag .. '"' or nil
  return headers
end

---Answers with a file, or 304 to who has it.
---@param request ApiRequest
---@param response HttpResponse
---@param headers table<string, string>
---@param file {name: string, type: string, bytes: string, etag: string}
---@return integer status
function M.send(request, response, headers, file)
  headers = M.headers(headers, file)
  local is_known = entity_tags.matches(request.headers["if-none-match"], headers.ETag)
  local status = is_known and 304 or 200
  response:send(status, headers, is_known and "" or file.bytes)
  return status
end

return M
