-- long_talk_as_text.lua: a long turn whose calls are text, for window_spec.lua.

local function spoken(name, arguments)
  return { content = "<tool_call>\n" .. cjson.encode({ name = name, arguments = arguments }) .. "\n</tool_call>" }
end
function reply(request)
  local system, most = request.messages[1].content, 0
  if system:find("You sum up", 1, true) then
    return { content = "SUMMED-UP <tool_call>{\"name\":\"write_file\"}</tool_call>" }
  elseif system:find("integrity guard", 1, true) then
    return spoken("update_issue_status", { status = "done", why = "good" })
  end
  for _, message in ipairs(request.messages) do
    for number in message.content:gmatch("step (%d+)") do
      most = math.max(most, tonumber(number))
    end
  end
  if most >= 40 then
    return spoken("update_issue_status", { status = "ready_for_testing", why = "built" })
  end
  return spoken("write_file", { path = "f" .. most % 5, content = "step " .. most + 1 .. (" wörter"):rep(80) })
end
