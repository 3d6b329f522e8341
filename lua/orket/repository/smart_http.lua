-- smart_http.lua: a repository that is reached over HTTP. The core's transport carries it (no redirect, no
-- proxy, keys and addresses as for models), so that no program of git ever has a network or a key.

local async = require("orket.async")
local llm = require("orket.core.llm")
local errors = require("orket.errors")
local pkt_line = require("orket.repository.pkt_line")

local M = {}

local REFS_MAX = 32 * 1024 * 1024    -- bytes of what it says of itself
local PACK_MAX = 128 * 1024 * 1024   -- bytes of what is fetched
local REPORT_MAX = 1024 * 1024
local DEADLINES = { connect = 20, first_byte = 120, idle = 120, total = 900 } -- seconds
local AGENT = "git/orket" -- what some servers want the agent of git to begin with

---@class Remote
---@field name string as the configuration has it, or the URL itself
---@field url string
---@field key string|nil the core's name of its key
---@field private boolean|nil

local function fix_of(remote, info)
  local status = info and info.status or 0
  if status == 401 or status == 403 then
    return remote.key and "the key of this remote is not accepted: put a fresh one there"
      or "name a key of it: remotes.NAME.key in config/organization.json"
  elseif status == 404 then
    return "check the address; many servers say so of what a key may not see"
  elseif status >= 300 and status < 400 then
    return "name the address where the repository is: no redirect is followed"
  end
  return info and info.fix
end

local function ask(remote, path, options)
  local reply, message, code, info = async.await(llm.post, {
    url = remote.url:gsub("/+$", "") .. path, body = options.body, type = options.type, key = remote.key,
    private = remote.private, fresh = true, -- nothing is sent twice
    headers = { ["User-Agent"] = AGENT }, deadlines = DEADLINES, caps = { body = options.most },
  }, nil)
  if reply then
    return reply.body
  elseif type(message) == "table" then
    return nil, message
  elseif code == "ERR_LIMIT" then
    return nil, errors.new("ERR_TOO_LARGE", ("%s: more than %d MiB come"):format(remote.name,
      options.most // (1024 * 1024)), "clone it yourself, and name the directory of the clone")
  end
  return nil, errors.new(code, remote.name .. ": " .. message, fix_of(remote, info))
end

---@param remote Remote
---@param service "git-upload-pack"|"git-receive-pack"
---@return RemoteRefs|nil
---@return Error|nil
function M.refs(remote, service)
  local bytes, err = ask(remote, "/info/refs?service=" .. service, { most = REFS_MAX })
  if not bytes then
    return nil, err
  end
  return pkt_line.refs(bytes, service)
end

---Fetches one commit with its files, without its past where the server can leave that out.
---@param remote Remote
---@param object string
---@param can table<string, boolean>
---@return {pack: string, shallow: string[]}|nil
---@return Error|nil
function M.fetch(remote, object, can)
  local wants = ("want %s ofs-delta no-progress%s\n"):format(object, can.shallow and " shallow" or "")
  local body = pkt_line.line(wants) .. (can.shallow and pkt_line.line("deepen 1\n") or "") .. pkt_line.FLUSH
    .. pkt_line.line("done\n")
  local bytes, err = ask(remote, "/git-upload-pack",
    { body = body, type = "application/x-git-upload-pack-request", most = PACK_MAX })
  if not bytes then
    return nil, err
  end
  return pkt_line.pack(bytes)
end

---Sends a pack, and has a ref point to a commit of it, when it points to `was` now.
---@param remote Remote
---@param change {ref: string, was: string|nil, commit: string, pack: string}
---@return boolean|nil ok
---@return Error|nil
function M.send(remote, change)
  local was = change.was or pkt_line.NO_OBJECT
  local line = ("%s %s %s\0 report-status"):format(was, change.commit, change.ref)
  local bytes, err = ask(remote, "/git-receive-pack", {
    body = { pkt_line.line(line), pkt_line.FLUSH, change.pack }, most = REPORT_MAX,
    type = "application/x-git-receive-pack-request",
  })
  if not bytes then
    return nil, err
  end
  return pkt_line.report(bytes, change.ref)
end

return M
