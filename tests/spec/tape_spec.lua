-- tape_spec.lua: the answers of an interrupted turn come back in order, and only when they are asked for.

package.path = "lua/?.lua;" .. package.path
local cjson = require("cjson")
local tape = require("orket.turn.tape")

local EVENTS = {
  { kind = "turn.started", body = {} },
  { kind = "turn.prompted", body = { convo = "p" } },
  { kind = "step.reply", body = { convo = "r" } },
  { kind = "call.allowed", body = { call = "1" } },
  { kind = "file.written", body = { path = "a" } },
  { kind = "call.result", body = { text = "ok" } },
}

describe("tape", function()
  it("a tape of a new turn is empty, of an open one not", function()
    assert.is_true(tape.new(nil):is_empty())
    assert.is_false(tape.new({}):is_empty())
    assert.is_nil(tape.new(nil):take("step.reply"))
  end)

  it("a tape answers in order, passes over what is no answer, and then ends", function()
    local t = tape.new(EVENTS)
    assert.is_nil(t:take("step.reply"))
    assert.equal("p", t:take("turn.prompted").convo)
    assert.equal("r", t:take("step.reply").convo)
    assert.is_nil(t:take("call.result"))
    assert.equal("1", t:take("call.allowed").call)
    assert.equal("ok", t:take("call.result").text)
    assert.is_nil(t:take("step.reply"))
  end)

  it("a tape makes a reply of a recorded message", function()
    local text = cjson.encode({
      role = "assistant", content = cjson.null,
      tool_calls = { { id = "c1", type = "function",
        ["function"] = { name = "write_file", arguments = "{\"path\":\"a\"}" } } },
    })
    local reply = tape.reply(text, { usage = { prompt = 3 }, finish = "tool_calls" })
    assert.same({ { id = "c1", name = "write_file", arguments = "{\"path\":\"a\"}" } }, reply.calls)
    assert.is_nil(reply.content)
    assert.equal(3, reply.usage.prompt)
    assert.equal(text, reply.message)
    assert.same({}, tape.reply('{"content":"hi","role":"assistant"}', {}).calls)
  end)
end)
