-- conversation_memory_spec.lua: what is kept of a conversation changes no request, and saves to decode its
-- messages at each of them.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

-- Calls a function of tests/support/probes/conversation_memory.lua in a task.
local function probe(name)
  local text = orket.probe(orket.task("conversation_memory", name))
  local ok, value = pcall(cjson.decode, text:match("[^\n]*"))
  return ok and value or error(text)
end

describe("conversation memory", function()
  it("what is kept of a conversation changes no request, however the conversation grows, changes or gets shorter",
    function()
    local got = probe("compares_requests")
    assert.same({ differing = false, compared = 40 * 12 * 9 }, got)
  end)

  it("what is kept of a conversation is why the messages of a request are not decoded with the next one",
    function()
    local got = probe("counts_decoded")
    for name, most in pairs(got) do
      assert(most <= 6, name .. " decodes " .. most .. " texts for two new messages")
    end
    assert.is_number(got.anthropic)
  end)
end)
