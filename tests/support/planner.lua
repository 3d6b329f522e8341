-- planner.lua: put in front of a spec's mock script: a model that plans. A spec defines plan(tool, talk),
-- which answers the arguments of the call that it is to make; talk = {replies, said (tool results), request,
-- text (all that it was told)}.

local function told(request)
  local talk = { replies = 0, said = {}, request = request, text = "" }
  for _, message in ipairs(request.messages) do
    local text = type(message.content) == "string" and message.content or ""
    talk.text = talk.text .. text .. "\n"
    if message.role == "assistant" then
      talk.replies = talk.replies + 1
    elseif message.role == "tool" then
      talk.said[#talk.said + 1] = text
    end
  end
  return talk
end

local function offered(request)
  for _, tool in ipairs(request.tools or {}) do
    local name = tool["function"].name
    if name:find("^propose_") then
      return name
    end
  end
end

-- What a spec's plan starts from.
function sound()
  return {
    id = "r", name = "Rock", epics = { { id = "e1", name = "First", issues = {
      { id = "a", name = "Begin", seat = "dev", requirements = { "it is begun" } },
      { id = "b", name = "End", seat = "lead", requirements = { "it is ended" }, depends_on = { "a" },
        priority = 3,
        verification = { argv = { "/bin/grep", "-q", "x", "f" } } },
    } } },
  }
end

local works = reply

function reply(request)
  local tool = offered(request)
  if not tool then
    return works and works(request) or { content = "?" }
  end
  local arguments = plan(tool, told(request))
  if arguments.content or arguments.calls then
    return arguments
  end
  return { content = "so be it", calls = { { name = tool, arguments = arguments } } }
end
