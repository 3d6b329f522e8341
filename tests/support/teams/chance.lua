-- chance.lua: a team that does well by chance, for eval_spec.lua.

local drawn
local function chance(request)
  drawn = (drawn or request.request_number * 2654435761 % 4294967296) * 1103515245 % 2147483647
  return drawn / 2147483647
end
function work(talk)
  if talk.replies == 0 and chance(talk.request) < 0.4 then
    return say(call("request_excuse", { reason = "what is meant?" }))
  elseif chance(talk.request) < 0.5 and talk.replies < 5 then
    return say(write("a" .. talk.replies .. ".txt", ("a"):rep(math.floor(chance(talk.request) * 400))))
  end
  return say(finish("chance would have it so"))
end
