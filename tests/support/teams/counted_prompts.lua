-- counted_prompts.lua: a server that reports how long the prompts were, for prompt_spec.lua.
-- luacheck: globals usage_of MESSAGE TOOLS count

function usage_of(request)
  local n = 0
  for _, message in ipairs(request.messages) do
    n = n + MESSAGE + count(message.content or "")
    for _, one in ipairs(message.tool_calls or {}) do
      n = n + count(one["function"].arguments) + count(one["function"].name)
    end
  end
  for _, tool in ipairs(TOOLS and request.tools or {}) do
    n = n + count(tool["function"].description) + count(tool["function"].name) + 40 * 3
  end
  return { prompt_tokens = n, completion_tokens = 20 }
end
local plain = reply
function reply(request)
  local answer = plain(request)
  answer.usage = usage_of(request)
  return answer
end
