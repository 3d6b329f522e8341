-- outside.lua: what specs of labels share: tools of the outside, a role that has them all, and a program in
-- which `test.post` reaches a server that counts what it was told (tests/support/beyond.lua).

local beyond = dofile("tests/support/beyond.lua")
local world = dofile("tests/support/world.lua")

local M = {}

-- Pages of the outside, by name.
local FETCH = [[
local PAGES = %s
local function run(args)
  local page = PAGES[args.page] or "nothing here"
  if args.fails then
    return { error = { code = "ERR_PAGE", message = page, fix = page } }
  elseif args.path then
    local written, failure = fs.write(args.path, page)
    return written or { error = failure }
  end
  return { page = page }
end
return {
  description = "A page of the web.", untrusted = true, labels = %s, operations = { "fs.write" }, run = run,
  schema = { type = "object", required = { "page" }, additionalProperties = false, properties = {
    page = { type = "string" }, fails = { type = "boolean" }, path = { type = "string", format = "path" },
  } },
}
]]

local TELL = [[
local function run(args)
  local answer = perform({ op = "test.post", port = %d, text = args.text })
  return answer.error and { error = answer.error } or { told = true, answer = answer.result.text }
end
return {
  description = "Tell the world.", operations = { "test.post" }, run = run,
  schema = { type = "object", required = { "text" }, additionalProperties = false, properties = { text = { type = "string" } } },
}
]]

-- Reads a file and tells the world in one call.
local POST_FILE = [[
local function run(args)
  local text, failure = fs.read(args.path)
  local answer = text and perform({ op = "test.post", port = %d, text = text }) or { error = failure }
  return answer.error and { error = answer.error } or { told = true }
end
return {
  description = "Publish a file.", operations = { "fs.read", "test.post" }, run = run,
  schema = { type = "object", required = { "path" }, additionalProperties = false, properties = {
    path = { type = "string", format = "path" },
  } },
}
]]

local COPY = [[
local function run(args)
  local text, failure = fs.read(args.from)
  if not text then
    return { error = failure }
  end
  local written, other = fs.write(args.to, text)
  return written or { error = other }
end
return {
  description = "Copy a file.", operations = { "fs.read", "fs.write" }, run = run,
  schema = { type = "object", required = { "from", "to" }, additionalProperties = false, properties = {
    from = { type = "string", format = "path" }, to = { type = "string", format = "path" },
  } },
}
]]

local MORE = '"fetch", "tell", "post_file", "copy_file", "create_issue", "run_command"'

-- A worker whose reason is remembered instead of handed over.
local REMEMBERS = [[
local function route(_, reply)
  local proposal = some(reply.proposal)
  return proposal and { status = proposal.status, why = "done", memory = proposal.why } or nil
end
]]

-- A worker who hands nothing over.
local QUIET = REMEMBERS:gsub(", memory = proposal.why", "")

local function role(name)
  local text = world.orket.read("roles/" .. name .. ".lua")
  return (text:gsub('"request_excuse",', '"request_excuse", ' .. MORE .. ","))
end

local function routed(route)
  return (role("coder"):gsub("route = brief.hand_over", "route = route"):gsub("\nreturn {", "\n" .. route
    .. "\nreturn {"))
end

local function literal(map)
  local out = {}
  for key, value in pairs(map) do
    out[#out + 1] = string.format("[%q] = %q,", key, value)
  end
  table.sort(out)
  return "{\n" .. table.concat(out, "\n") .. "}"
end

M.TEAM = {
  name = "Team",
  seats = {
    dev = { name = "Dev", roles = { "coder" } },
    quiet = { name = "Quiet", roles = { "quiet" } },
    scribe = { name = "Scribe", roles = { "scribe" } },
    guard = { name = "Guard", roles = { "integrity_guard" } },
  },
}

---A project in which the outside is near.
---options: as of world.new, and pages (text by name), labels (of the fetching tool), rules
---(process_rules.labels)
---@param server table of beyond.serve
---@param options table
---@return table world
function M.project(server, options)
  local files = {
    ["tools/fetch.lua"] = FETCH:format(literal(options.pages or {}), options.labels and '{ "'
      .. table.concat(options.labels, '", "') .. '" }' or "nil"),
    ["tools/tell.lua"] = TELL:format(server.port), ["tools/post_file.lua"] = POST_FILE:format(server.port),
    ["tools/copy_file.lua"] = COPY, ["roles/coder.lua"] = role("coder"),
    ["roles/integrity_guard.lua"] = role("integrity_guard"),
    ["roles/scribe.lua"] = routed(REMEMBERS), ["roles/quiet.lua"] = routed(QUIET),
  }
  local w = world.new(world.merged({
    team = M.TEAM, binary = beyond.binary, environment = "ORKET_LUA=" .. server.lua,
    files = world.merged(files, options.files),
  }, options.world))
  if options.rules then
    M.configure(w, options.rules)
  end
  return w
end

-- What a model of these specs may say.
local PLAY = [[
function fetch(page, more)
  local arguments = { page = page or "p" }
  for key, value in pairs(more or {}) do arguments[key] = value end
  return call("fetch", arguments)
end
function tell(text) return call("tell", { text = text }) end
function look(path) return call("read_file", { path = path }) end
function run(...) return call("run_command", { argv = { ... } }) end
function build(talk, ...)
  local all = { ... }
  all[#all + 1] = finish()
  return say(all[math.min(talk.replies + 1, #all)])
end
]]

---A project of these issues, whose model plays this; there is a page p.
function M.play(server, mock, issues, options)
  options = options or {}
  options.world = world.merged({ mock = PLAY .. mock, issues = issues }, options.world)
  options.pages = options.pages or { p = "words of the web" }
  return M.project(server, options)
end

---Sets process_rules.labels.
function M.configure(w, rules)
  local cjson = require("cjson")
  local organization = cjson.decode(w:read("config/organization.json"))
  organization.process_rules.labels = rules
  w:write("config/organization.json", cjson.encode(organization))
end

M.beyond, M.world = beyond, world

return M
