-- project.lua: all cases (tests/injection/cases.lua) as the cards of one project, and what became of them
-- when a model that obeys (tests/injection/obey.lua) has worked on it.

local cases = dofile("tests/injection/cases.lua")
local cjson = require("cjson")
local outside = dofile("tests/support/outside.lua")

local M = { cases = cases }

local HARMLESS = "the-weather-is-fine"

-- ---- what a case may ask for ----

local Case = {}
Case.__index = Case

local FORM = {}

function FORM.plain(text)
  return text
end

function FORM.HEX(text)
  return "HEX:" .. text:gsub(".", function(c) return string.format("%02x", c:byte()) end)
end

function FORM.REV(text)
  return "REV:" .. text:reverse() .. ";;"
end

function FORM.ROT(text)
  return "ROT:" .. text:gsub("%a", function(c)
    local base = c:find("%l") and 97 or 65
    return string.char((c:byte() - base + 13) % 26 + base)
  end) .. ";"
end

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

function FORM.B64(text)
  local bits = text:gsub(".", function(c)
    local out = {}
    for i = 7, 0, -1 do
      out[#out + 1] = c:byte() >> i & 1
    end
    return table.concat(out)
  end)
  bits = bits .. ("0"):rep(-#bits % 6)
  return "B64:" .. bits:gsub("%d%d%d%d%d%d", function(six)
    local n = tonumber(six, 2) + 1
    return DIGITS:sub(n, n)
  end)
end

function FORM.PART(text, id)
  local half = #text // 2
  return "PART1-" .. id .. ":" .. text:sub(1, half) .. ";; and PART2-" .. id .. ":" .. text:sub(half + 1)
    .. ";"
end

---An instruction for whoever is meant, in one of the forms; without injection the same place says something
---harmless.
function Case:order(who, form, action)
  if self.project.harmless then
    return HARMLESS
  end
  return (FORM[form or "plain"](string.format("DO-%s-%s@%s;", action or "tell", self.id, who), self.id))
end

---What is told when it is published as it stands.
function Case:says(text)
  return self.project.harmless and HARMLESS or text
end

function Case.said(_, text)
  return text
end

function Case:web(text)
  self.project.pages[self.page] = text
end

function Case:file(path, text)
  self.project.files["workspace/ep/tree/" .. path] = text
end

function Case:comment(letter, text)
  table.insert(self.project.comments, { self[letter], text })
end

local function named(self, letters)
  local ids = {}
  for i, letter in ipairs(letters or {}) do
    ids[i] = self[letter]
  end
  return letters and ids
end

---A card with a plan; more: seat, why, review (a plan), review_why, after (letters), name, prints and wants,
---or lists (of its verification).
function Case:card(letter, plan, more)
  more = more or {}
  local id, project = self[letter], self.project
  plan.why = more.why
  project.plans[id], project.reviews[id] = plan, more.review or {}
  project.reviews[id].why = more.review_why
  local issue = { id = id, name = more.name or "Issue " .. id, seat = more.seat or "dev",
    depends_on = named(self, more.after) }
  if more.prints or more.lists then
    project.files["verification/" .. id .. ".json"] = cjson.encode({
      argv = { "sh", "-c", more.lists and "ls '" .. more.lists .. "'" or "cat '" .. more.prints
        .. "'; test -f '" .. more.wants .. "'" },
    })
    issue.verification = { fixture_path = id .. ".json" }
  end
  table.insert(project.issues, issue)
end

-- ---- one project ----

local function plan_of(harmless)
  local project = { harmless = harmless, pages = {}, files = {}, comments = {}, plans = {}, reviews = {},
    issues = {} }
  for i, case in ipairs(cases) do
    local id = string.format("c%02d", i)
    local c = setmetatable({ id = id, page = "page-" .. id, project = project }, Case)
    for letter in ("ABC"):gmatch(".") do
      c[letter] = id:upper() .. letter
    end
    case.build(c)
  end
  for i = 1, cases.controls do
    local id = string.format("OK%02d", i)
    project.plans[id] = { { "write_file", { path = "own-" .. id, content = "x" } },
      { "tell", { text = "ok" .. i } } }
    table.insert(project.issues, { id = id, seat = "quiet" })
  end
  return project
end

local function literal(value)
  if type(value) ~= "table" then
    return type(value) == "string" and string.format("%q", value) or tostring(value)
  end
  local parts = {}
  for key, item in pairs(value) do
    parts[#parts + 1] = "[" .. literal(key) .. "]=" .. literal(item)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local COMMANDS = {}
for i, name in ipairs({ "cat", "cp", "rev", "base64", "ls", "sh" }) do
  COMMANDS[i] = { argv = { name, "**" } }
end

local function open(server, project, mode)
  local mock = "PLANS = " .. literal(project.plans) .. "\nREVIEWS = " .. literal(project.reviews) .. "\n"
    .. outside.world.orket.read("tests/injection/obey.lua")
  local w = outside.project(server, {
    pages = project.pages, files = project.files,
    world = { issues = project.issues, mock = mock, limits = { concurrency = 8 },
      rules = { commands = COMMANDS } },
    rules = mode == "off" and "off" or { files = { ["vendor/**"] = { "untrusted" } } },
  })
  local organization = cjson.decode(w:read("config/organization.json"))
  organization.architecture = { idesign_threshold = 100000 }
  w:write("config/organization.json", cjson.encode(organization))
  local text, code = w:orket("sync")
  assert(code == 0, text)
  for _, comment in ipairs(project.comments) do
    text, code = w:orket("comment --label untrusted " .. comment[1] .. " '" .. comment[2] .. "'")
    assert(code == 0, text)
  end
  return w
end

local NOT_ALLOWED = { ["call.refused"] = true, ["operation.refused"] = true, ["approval.asked"] = true }

-- The case whose instruction somebody was about to follow when he was stopped.
local function case_of(event)
  local text = cjson.encode(event.body.operation or {})
  return tonumber(text:match('"c(%d%d)"') or event.card:match("^C(%d%d)"))
end

local function counted(w)
  local counts = { allowed = 0, not_allowed = 0, rules = {}, stopped = {} }
  for _, event in ipairs(w:events()) do
    if event.kind == "call.allowed" then
      counts.allowed = counts.allowed + 1
    elseif NOT_ALLOWED[event.kind] then
      counts.not_allowed = counts.not_allowed + 1
      counts.rules[event.body.rule] = (counts.rules[event.body.rule] or 0) + 1
      counts.stopped[case_of(event) or 0] = true
    end
  end
  return counts
end

---Runs all cases.
---@param mode "on"|"off"|"harmless" labels followed, not followed, followed while nobody injects anything
---@return {reached: table<integer, boolean>, stopped: table<integer, boolean>, total: integer, controls: integer, allowed: integer, not_allowed: integer, rules: table, seconds: integer, said: string}
function M.run(mode)
  local server <close> = outside.beyond.serve()
  local w <close> = open(server, plan_of(mode == "harmless"), mode)
  local began = os.time()
  local text, code = w:run()
  assert(code == 0 or code == 3, text)
  local result, heard = counted(w), server:heard()
  result.reached, result.total, result.controls, result.seconds, result.said = {}, 0, 0, os.time() - began,
    text
  for i = 1, #cases do
    result.reached[i] = heard[string.format("c%02d", i)] ~= nil
    result.total = result.total + (result.reached[i] and 1 or 0)
  end
  for i = 1, cases.controls do
    result.controls = result.controls + (heard["ok" .. i] or 0)
  end
  local said
  said, code = w:check()
  assert(code == 0, said)
  return result
end

return M
