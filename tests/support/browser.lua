-- browser.lua: a real headless browser in a spec: plays a scene of tests/web/ at a server (tests/support/service.lua).

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local M = {}

local TOOLS = "build/web/node_modules"

M.MISSING = "no Chromium is here (make deps), Node is older than 20, or `make build/web/node_modules` was not run"

local chromium

---The browser's path; nil: it is not installed, or its tools are not.
function M.found()
  if chromium == nil then
    local path = orket.shell("command -v chromium || command -v chromium-browser || command -v google-chrome")
      :match("%S+")
    local _, code = orket.shell("test -d " .. TOOLS .. "/playwright-core && "
      .. "node -e 'process.exit(+(parseInt(process.versions.node) < 20))'")
    chromium = code == 0 and path or false
  end
  return chromium or nil
end

---As busted's describe; where there is no browser, one skipped test stands for all of it and says why.
---@param name string
---@param tests function
function M.describe(name, tests)
  local busted = require("busted")
  busted.describe(name, M.found() and tests or function()
    busted.pending("is not watched: " .. M.MISSING)
  end)
end

---Plays a scene, FILE/NAME: what tests/web/FILE.mjs saw. No error of the page and no other host may be among it.
---@param scene string
---@param s table a started service
---@return table seen
function M.watch(scene, s)
  local file, name = scene:match("(.+)/(.+)")
  local text = orket.shell(("CHROMIUM=%s timeout 300 node build/web/%s.mjs %s %s %s %s 2>&1")
    :format(M.found(), file, name, s.url, s.key, s.pid))
  local ok, seen = pcall(cjson.decode, text:match("[^\n]+\n?$") or "")
  assert(ok, text)
  assert(not seen.failed, text)
  assert(#seen.errors == 0, text)
  assert(#seen.hosts == 1 and seen.hosts[1] == s.url:match("//(.*)"), text)
  return seen
end

return M
