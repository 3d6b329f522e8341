-- file_routes.lua: the files of a card or an epic, as the journal has them: listed, one by one, all as an
-- archive; and the bytes behind a hash of the journal.

local api_schemas = require("orket.service.api.api_schemas")
local async = require("orket.async")
local card_state = require("orket.service.api.card_state")
local cjson = require("cjson")
local download = require("orket.service.api.download")
local entity_tags = require("orket.service.api.entity_tags")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local manifest = require("orket.workspace.manifest")
local places = require("orket.workspace.places")
local tables = require("orket.util.tables")
local tar = require("orket.util.tar")
local tree_files = require("orket.workspace.tree_files")

local M = { tag = "files" }

local list, object = api_schemas.list, api_schemas.object
local TEXT, WHOLE, FLAG = { type = "string" }, { type = "integer" }, { type = "boolean" }

local FILES, FILES_MOST = 200, 1000 -- of a page
local SLICE = 20 -- files whose bytes are looked at between two looks at the loop
local FILE_MOST = 32 << 20 -- bytes of one file; larger ones are in the archive
local ARCHIVE_MOST = 1 << 30 -- bytes of an archive

-- ---- listed ----

local function statuses(state)
  local status = {}
  for _, change in ipairs(state.changes) do
    status[change.path] = change.base and "changed" or "added"
  end
  return status
end

local function row_of(state, path, about)
  local blob = state.manifest[path]
  local bytes, err = state:bytes(blob)
  if not bytes then
    return nil, err
  end
  return { path = path, blob = blob, size = #bytes, type = download.type_of(path, bytes),
    status = about.status[path] or "same", executable = about.executable[path] or false }
end

local function page(state, query)
  local items, most = setmetatable({}, cjson.array_mt), query.limit or FILES
  local about = { status = statuses(state), executable = state:executables() }
  for _, path in ipairs(manifest.paths(state.manifest)) do
    if path > (query.after or "") then
      if #items == most then
        return { card = state.card.id, items = items, next = items[most].path }
      end
      local row, err = row_of(state, path, about)
      if not row then
        return nil, err
      end
      items[#items + 1] = row
      if #items % SLICE == 0 then
        async.give_way()
      end
    end
  end
  return { card = state.card.id, items = items }
end

local function files(service, request)
  return card_state.with(service, request.params.id, function(state)
    return page(state, request.query)
  end)
end

-- ---- one ----

local function read(state, path)
  local blob = state.manifest[path]
  if not blob then
    return nil, errors.new("ERR_NOT_FOUND", state.card.id .. " has no file '" .. path .. "'",
      "GET /v1/cards/" .. state.card.id .. "/files lists them")
  end
  local bytes, err = state:bytes(blob)
  if bytes and #bytes > FILE_MOST then
    return nil, errors.new("ERR_TOO_LARGE", path .. " has " .. #bytes .. " bytes",
      "GET /v1/cards/" .. state.card.id .. "/archive has it")
  end
  return bytes and { name = path:match("[^/]*$"), type = download.type_of(path, bytes), bytes = bytes,
    etag = hash.of(bytes):sub(1, 32) }, err
end

local function file(service, request, response, headers)
  local found, err = card_state.with(service, request.params.id, function(state)
    return read(state, request.query.path)
  end)
  if not found then
    return nil, err
  end
  return download.send(request, response, headers, found)
end

local function blob(service, request, response, headers)
  local name = request.params.hash
  if not name:find("^%x+$") or #name ~= 64 then
    return nil, errors.new("ERR_USAGE", "a hash has 64 hexadecimal digits", "events name them", 422)
  end
  local bytes, err = errors.check(service.store:blob(name:lower()))
  if not bytes then
    return nil, err
  elseif #bytes > FILE_MOST then
    return nil, errors.new("ERR_TOO_LARGE", "it has " .. #bytes .. " bytes")
  end
  return download.send(request, response, headers, { name = name:sub(1, 16),
    type = download.type_of("", bytes), bytes = bytes, etag = name:sub(1, 32):lower() })
end

-- ---- all ----

-- Waits until there is room. False when the client is gone.
local function write(response, bytes)
  return async.await(response.write, response, bytes) ~= nil
end

local function write_files(state, response, root)
  local executable, sum = state:executables(), 0
  for i, path in ipairs(manifest.paths(state.manifest)) do
    local bytes = state:bytes(state.manifest[path])
    sum = sum + (bytes and #bytes or 0)
    if not bytes or sum > ARCHIVE_MOST
      or not write(response, tar.file(root .. path, #bytes, executable[path]) .. bytes
        .. tar.padding(#bytes)) then
      return false
    end
    if i % SLICE == 0 then
      async.give_way()
    end
  end
  return true
end

local function write_links(state, response, root)
  local links = state:links()
  for _, path in ipairs(tables.keys(links)) do
    if not write(response, tar.link(root .. path, links[path])) then
      return false
    end
  end
  return true
end

-- What ends without its end is seen to be cut off.
local function send_archive(state, response, name)
  local root = name .. "/"
  if write_files(state, response, root) and write_links(state, response, root)
    and write(response, tar.END) then
    response:finish()
  elseif response:is_open() then
    response:abort()
  end
  return 200
end

local function archive(service, request, response, headers)
  return card_state.with(service, request.params.id, function(state)
    local name = places.name(state.card.id)
    headers = download.headers(headers, { name = name .. ".tar", type = "application/x-tar",
      etag = tree_files.hash(state.manifest):sub(1, 32) })
    if entity_tags.matches(request.headers["if-none-match"], headers.ETag) then
      response:send(304, headers, "")
      return 304
    end
    response:start(200, headers)
    return send_archive(state, response, name)
  end)
end

local OF_CARD = { "ERR_NOT_FOUND", "ERR_USAGE" }

M.routes = {
  {
    name = "card_files", method = "GET", path = "/v1/cards/{id}/files", permission = "read", handle = files,
    summary = "the files of an issue or an epic, by path; {id} may be CARD@EVENT",
    by_journal = true, past = true,
    errors = OF_CARD, query = {
      after = { type = "string", description = "the last path that is known" },
      limit = { type = "integer", minimum = 1, maximum = FILES_MOST, description = "200" },
    },
    answer = object({ card = TEXT, items = list(object({ path = TEXT, blob = TEXT, size = WHOLE, type = TEXT,
      status = { enum = { "same", "added", "changed" } }, executable = FLAG })) }, { next = TEXT }),
  },
  {
    name = "card_file", method = "GET", path = "/v1/cards/{id}/file", permission = "read", stream = file,
    summary = "the bytes of one of these files, up to 32 MiB; {id} may be CARD@EVENT", produces = "*/*",
    query = { path = { type = "string", minLength = 1 } }, needs = { "path" },
    errors = { "ERR_NOT_FOUND", "ERR_USAGE", "ERR_TOO_LARGE" },
  },
  {
    name = "card_archive", method = "GET", path = "/v1/cards/{id}/archive", permission = "read",
    summary = "all of them as a tar archive, beneath a directory of the card's name; {id} may be CARD@EVENT",
    produces = "application/x-tar", stream = archive, errors = OF_CARD,
  },
  {
    name = "blob", method = "GET", path = "/v1/blobs/{hash}", permission = "read", stream = blob,
    summary = "the bytes that the journal names by this hash, up to 32 MiB", produces = "*/*",
    errors = { "ERR_NOT_FOUND", "ERR_USAGE", "ERR_TOO_LARGE" },
  },
}

return M
