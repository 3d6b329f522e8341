-- page_files.lua: the page that a browser shows, as it is built into the program (web/): files without data,
-- for which no key is needed. Each view is a URL of its own (/w/…), and all of them are the same file.

local embed = require("orket.core.embed")
local hash = require("orket.core.hash")

local M = {}

local INDEX = "/index.html"
local TYPES = { html = "text/html; charset=utf-8", js = "text/javascript; charset=utf-8",
  css = "text/css; charset=utf-8", svg = "image/svg+xml" }

-- Scripts and styles of this server alone, no frame around it, no text that becomes a script.
local POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'none'; "
  .. "frame-ancestors 'none'; require-trusted-types-for 'script'; connect-src 'self'"

local names, etags = {}, {} -- by path

for _, name in ipairs(embed.list("web/")) do
  names[name:sub(4)] = name
end

-- Not every browser takes 'self' for WebSockets as well.
local function policy_of(host)
  return host:find("^[%w.:%[%]-]+$") and ("%s ws://%s wss://%s"):format(POLICY, host, host) or POLICY
end

local function headers_of(path, text, host)
  etags[path] = etags[path] or '"' .. hash.of(text):sub(1, 32) .. '"'
  return {
    ["Content-Type"] = TYPES[path:match("%.(%l+)$")], ["Content-Security-Policy"] = policy_of(host),
    ["X-Content-Type-Options"] = "nosniff", ["Referrer-Policy"] = "no-referrer",
    ["Cross-Origin-Opener-Policy"] = "same-origin", ["Cross-Origin-Resource-Policy"] = "same-origin",
    ["Cache-Control"] = path == INDEX and "no-cache" or "public, max-age=31536000, immutable",
    ETag = etags[path],
  }
end

---The file that a request means, if it means one of the page.
---@param method string
---@param path string as it was sent; only the very names of files are known
---@param host string by which the browser reaches the server
---@return string|nil text
---@return table<string, string>|nil headers
function M.find(method, path, host)
  if method ~= "GET" and method ~= "HEAD" then
    return nil
  end
  local is_view = path == "/" or path:sub(1, 3) == "/w/"
  path = is_view and INDEX or path
  local name = names[path]
  local text = name and embed.read(name)
  if text then
    return text, headers_of(path, text, host)
  end
end

return M
