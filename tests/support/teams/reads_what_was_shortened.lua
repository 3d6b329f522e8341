-- reads_what_was_shortened.lua: a team that reads on what was shortened or left out, for window_spec.lua.
-- luacheck: globals count_of

local function handle_of(talk) -- of a result that was shortened, or of a step in the record
  for _, message in ipairs(talk.request.messages) do
    local text = message.content or ""
    local handle = text:match('"handle":"(r%d+)"') or text:match('read_file .-: ok, (r%d+)')
    if handle then
      return handle
    end
  end
end
function work(talk)
  if talk.card == "B" then
    return talk.replies == 0 and say(call("read_result", { handle = "r1" })) or say(write("b.txt", talk.said[1]), finish())
  end
  local last = talk.said[#talk.said] or ""
  if last:find('"part"', 1, true) then
    return say(write("seen.txt", last), finish())
  elseif handle_of(talk) then
    return say(call("read_result", { handle = handle_of(talk) }))
  end
  local n = count_of(talk) + 1
  return { content = "step " .. n, calls = { n % 2 == 1
    and call("write_file", { path = "a" .. n, content = "step " .. n .. " PLANTED" .. (" text"):rep(200) })
    or call("read_file", { path = "a" .. n - 1 }) } }
end
