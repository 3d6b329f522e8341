-- demo_project.lua: what `orket init --demo` writes beside a minimal project: a script that plays its models,
-- and how to run with it.

local M = {}

---Path in the project -> text.
---@type table<string, string>
M.files = {
  ["demo/run.sh"] = [[
#!/bin/sh
# run.sh [OPTION...]: runs the epic hello with recorded replies (model.lua beside this file); no model server
# is asked.
# `orket run hello` asks the models of config/organization.json instead.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
orket=${ORKET:-orket}
said=$(mktemp)
"$orket" mock-llm "$here/model.lua" >"$said" &
mock=$!
trap 'kill $mock 2>/dev/null; rm -f "$said"' EXIT
trap 'exit 130' INT TERM
until grep -q http: "$said"; do
  kill -0 $mock
  sleep 0.1
done
echo "demo: recorded replies (demo/model.lua) stand for the models; no model server is asked" >&2
unset ORKET_MODEL ORKET_MODEL_KEY
ORKET_MODEL_URL=$(sed -n 's/.*\(http:[^ ]*\).*/\1/p' "$said")
export ORKET_MODEL_URL
"$orket" run -C "$(dirname "$here")" "$@" hello
]],
  ["demo/model.lua"] = [[
-- model.lua: recorded replies for the card hello-1, served by `orket mock-llm`. It sees one request at a
-- time.

local HELLO = 'echo "hello, $1"\n'

local function text_of(message)
  return type(message.content) == "string" and message.content or ""
end

-- Who is asked, about what, and how many replies there were in this turn.
local function read(request)
  local talk = { replies = 0 }
  for _, message in ipairs(request.messages) do
    if message.role == "system" then
      talk.review = text_of(message):find("integrity guard", 1, true) ~= nil
    elseif message.role == "user" then
      talk.hello = talk.hello or text_of(message):find("# Card hello-1", 1, true) ~= nil
    elseif message.role == "assistant" then
      talk.replies = talk.replies + 1
    end
  end
  return talk
end

local function call(name, arguments)
  return { name = name, arguments = arguments }
end

local coder = {
  { content = "A script of one line.",
    calls = { call("write_file", { path = "hello.sh", content = HELLO }) } },
  { content = "It can be tested.",
    calls = { call("update_issue_status", { status = "ready_for_testing", why = "hello.sh greets" }) } },
}

local guard = {
  { content = "I read what was written.", calls = { call("read_file", { path = "hello.sh" }) } },
  { content = "It meets the requirement.",
    calls = { call("update_issue_status", { status = "done", why = "hello.sh NAME prints hello, NAME" }) } },
}

return function(request)
  local talk = read(request)
  local reply = talk.hello and (talk.review and guard or coder)[talk.replies + 1]
  return reply or { content = "These recorded replies know the card hello-1 only.", calls = {} }
end
]],
}

return M
