-- leaks.lua: a team of many turns, for leaks_spec.lua.

function work() return say(finish()) end
local works = reply
function reply(request)
  for _, message in ipairs(request.messages) do
    if message.role == "user" and message.content:find("# Card CHAT", 1, true) then
      return { content = "so be it" }
    end
  end
  return works(request)
end
