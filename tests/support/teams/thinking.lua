-- thinking.lua: a team that thinks, for provider_teams_spec.lua.

local native = reply
function reply(request)
  assert(request.messages[1].role == "system" and request.tools, "what a turn says is told")
  local asked = {}
  for _, message in ipairs(request.messages) do
    for _, call in ipairs(message.tool_calls or {}) do
      asked[call.id] = true
    end
    assert(message.role ~= "tool" or asked[message.tool_call_id], "a result belongs to a call")
  end
  local r = native(request)
  r.reasoning = "hm"
  return r
end
