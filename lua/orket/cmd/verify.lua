-- verify.lua: `orket verify FILE`: is an exported run what was signed? Needs nothing but the file.

local bundle = require("orket.core.bundle")
local errors = require("orket.errors")
local options = require("orket.options")
local cli_report = require("orket.view.cli_report")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket verify [--json] [--key KEY] FILE

Reads a file of orket export: is every record in it what was signed, in its place, and nothing else? Names the
first one that was changed, dropped, moved, repeated or cut off. Needs no project and no network.
  --key KEY   who has to have signed it: the digits of the project's .orket/key.pub, or a file with them
  --json      the report as one JSON object
Without --key the file is held against the key that it names itself: whose key that is, only its owner knows.
exit: 0 intact (and by KEY), 1 not, or it cannot be read, 2 usage
]]

local HEX = ("%x"):rep(64)

-- The digits of a key; nil: neither digits nor a file with them.
local function key_of(word)
  if not word:match("^" .. HEX .. "$") then
    local file <close> = io.open(word, "rb")
    word = file and file:read(200) or ""
  end
  local digits = word:match("^%s*(" .. HEX .. ")%s*$")
  return digits and digits:lower()
end

local function place(problem)
  local id = problem.id and " " .. problem.id or ""
  return string.format("line %d: %s%s", problem.line, problem.kind, id)
end

local function sentences(result)
  if not result.ok then
    local problem = result.problem
    return string.format("NOT INTACT: %s is %s: %s", place(problem), problem.what, problem.why)
  end
  local by = { expected = "which is the expected one", other = "which is NOT the expected one",
    unknown = "which is not known here: compare it with the project's .orket/key.pub (--key)" }
  local source = result.source and string.format("\na fork of %s@%d, with the %d events that it goes on from",
    result.source, result.source_at, result.counts.prefix) or ""
  return string.format("%s: run %s, %d events in %d records, hash %s%s\nsigned by the key %s,\n%s",
    result.signer == "other" and "intact, but by another" or "intact", result.run, result.counts.event,
    result.records, result.hash, source, result.key, by[result.signer])
end

local function signer_of(key, result)
  if not key then
    return "unknown"
  end
  return key == result.key and "expected" or "other"
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { json = "flag", key = "value" }, { "file" })
  local key = args and args.key and key_of(args.key)
  if args and args.key and not key then
    args, message = nil, "KEY is 64 hexadecimal digits, or a file with them"
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  local result, err = errors.check(bundle.verify(args.file))
  if not result then
    return cli_report.failure(err)
  end
  result.signer = result.ok and signer_of(key, result) or nil
  print(args.json and text.json(result) or text.block(sentences(result)))
  return result.ok and result.signer ~= "other" and 0 or 1
end

return M
