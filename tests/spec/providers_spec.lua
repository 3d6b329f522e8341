-- providers_spec.lua: the Messages API and Gemini, inside the binary: what is sent, what is understood.
-- Replies are as their publishers document them; the official clients come in clients_spec.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local KEY = "sk-not-to-be-seen-1234"

-- Calls a function of tests/support/probes/providers.lua in a task.
local function probe(name, ...)
  local text = orket.probe(orket.task("providers", name, ...), "PROBE_KEY=" .. KEY .. " ")
  local ok, value = pcall(cjson.decode, text:match("[^\n]*"))
  return ok and value or error(text)
end

describe("providers", function()
  it("the Messages API gets a conversation in its own form", function()
    local got = probe("messages_of_a_talk")
    local sent = got.sent
    assert.truthy(got.head:find("^POST /v1/messages HTTP/1.1\r\n"))
    assert.truthy(got.head:lower():find("\r\nanthropic-version: 2023-06-01", 1, true))
    assert.truthy(sent.system[1].text:find("^You are a coder.\n"))
    assert.same({ type = "ephemeral" }, sent.system[1].cache_control)
    assert.same({ "m", 99, true, 0.5, 0.9, 4 }, { sent.model, sent.max_tokens, sent.stream, sent.temperature,
      sent.top_p, sent.top_k })
    assert.same({ "END" }, sent.stop_sequences)
    assert.same({ user_id = "u" }, sent.metadata)
    assert.same({ type = "any" }, sent.tool_choice)
    assert.same({ type = "json_schema", schema = { type = "object", additionalProperties = false } },
      sent.output_config.format)
    assert.same({ { name = "read", description = "reads",
      input_schema = { properties = {}, required = {}, type = "object" } } }, sent.tools)
    assert.truthy(got.raw:find('"required":[]', 1, true))
    assert.same({ "user", "assistant", "user", "assistant", "user" }, (function()
      local roles = {}
      for i, message in ipairs(sent.messages) do roles[i] = message.role end
      return roles
    end)())
    assert.same({ { type = "text", text = "I look." },
      { type = "tool_use", id = "a", name = "read", input = { n = 1.50, e = {} } },
      { type = "tool_use", id = "b_2", name = "list", input = { malformed = '{"path' } } },
        sent.messages[2].content)
    assert.truthy(got.raw:find('{"n":1.50,"e":[]}', 1, true)) -- the bytes that the model wrote
    assert.same({ { type = "tool_result", tool_use_id = "a", content = "one" },
      { type = "tool_result", tool_use_id = "b_2", content = "" },
      { type = "text", text = "And now?" } }, sent.messages[3].content)
    assert.same({ { type = "thinking", thinking = "hm", signature = "SIG=" },
      { type = "tool_use", id = "a_2", name = "read", input = {} } },
      sent.messages[4].content)
    assert.same({ { type = "tool_result", tool_use_id = "a_2", content = "two" },
      { type = "text", text = "lost" } }, sent.messages[5].content)
  end)

  it("the Messages API streams thoughts, text and parallel calls", function()
    local got = probe("streams_thoughts_text_parallel")
    local reply = got.reply
    assert.equal("Let me.", reply.content)
    assert.equal("Let me.", table.concat(got.deltas))
    assert.equal("hm", got.thoughts)
    assert.equal("hm", reply.reasoning)
    assert.same({ { id = "toolu_1", name = "f", arguments = '{"a":1}' },
      { id = "toolu_2", name = "g", arguments = "{}" } }, reply.calls)
    assert.same({ prompt = 1110, completion = 42, cached = 100 }, reply.usage)
    assert.equal("tool_calls", reply.finish)
    assert.equal("claude-x", reply.model)
    assert.same({ by = "anthropic m", said = { { reasoning = "hm", signature = "SIG=" }, { text = 7 },
      { call = "toolu_1" }, { call = "toolu_2" } } },
      cjson.decode(reply.message).apart)
  end)

  it("the Messages API is asked to keep what all requests begin with", function()
    local got = probe("begins_kept")
    local MARK = { type = "ephemeral" }
    -- tools come before it
    assert.same({ system = { { type = "text", text = "You are a coder.", cache_control = MARK } } }, got.both)
    assert.same({ tool = MARK }, got.alone)
    assert.same({ system = "You are a coder." }, got.none)
    assert.same(got.both, got.after)
  end)

  it("the Messages API keeps to a schema beside what its profile says of the output, named once", function()
    local got = probe("keeps_schema_beside_profile")
    assert.same({ effort = "low", format = { type = "json_schema",
      schema = { type = "object", additionalProperties = false } } }, got.both.output_config)
    assert.equal(1, got.times)
    assert.same({ effort = "low" }, got.alone)
  end)

  it("the Messages API gets what it signed back as it was, and nobody else does", function()
    local got = probe("gets_signed_back_was")
    assert.same(got.blocks, got.same)
    assert.truthy(got.raw:find('"b":[]', 1, true))
    assert.same({ { type = "text", text = "Let üs.And." },
      { type = "tool_use", id = "t1", name = "f", input = { a = 1.5, b = {} } },
      { type = "tool_use", id = "t2", name = "g", input = {} } }, got.other)
    for _, text in ipairs({ got.gemini, got.openai }) do
      assert.falsy(text:find("S1", 1, true) or text:find("AAA", 1, true) or text:find("apart", 1, true))
    end
    -- a text that was changed stands in one place
    assert.same({ "thinking", "redacted_thinking", "text", "tool_use", "thinking", "tool_use" }, (function()
      local kinds = {}
      for i, block in ipairs(got.shorter) do kinds[i] = block.type end
      return kinds
    end)())
    assert.equal("Cut.", got.shorter[3].text)
  end)

  it("the Messages API is understood when it does not stream", function()
    local got = probe("understood_when_does_stream")
    assert.falsy(got.sent.stream)
    assert.equal("Hi", got.reply.content)
    assert.equal("hm", got.reply.reasoning)
    assert.same({ { id = "toolu_1", name = "f", arguments = '{"a":[]}' } }, got.reply.calls)
    assert.same({ prompt = 3, completion = 5, cached = 0 }, got.reply.usage)
  end)

  it("the Messages API is found with the version of its API or without, as Gemini's", function()
    local got = probe("found_version_api_without")
    local bases = { { "/v1", "/v1beta", "" }, { "/v1", "/v1beta", "" }, { "/v1", "/v1", "/v1" },
      { "/v1beta", "/v1beta", "/v1beta" }, { "/anthropic/v1", "/anthropic/v1beta", "/anthropic" },
      { "/v1/projects/p", "/v1/projects/p", "/v1/projects/p" }, { "/very/v/v1", "/very/v/v1beta", "/very/v" },
        { "/v2x/y", "/v2x/y", "/v2x/y" } }
    for i, base in ipairs(bases) do
      local host = ({ [7] = "https://v2.h", [8] = "http://h:8" })[i] or "https://h"
      assert.same({ host .. base[1] .. "/messages", host .. base[2] .. "/models/m:generateContent",
        host .. base[3] .. "/chat/completions" }, got[i])
    end
  end)

  it("the Messages API ends as it says, in everybody's words", function()
    local got = probe("ends_says_everybody_s")
    assert.same({ end_turn = "stop", stop_sequence = "stop", max_tokens = "length",
      refusal = "content_filter", something_new = "something_new" }, got)
  end)

  it("the Messages API tells its errors, also inside a stream", function()
    local got = probe("tells_errors_also_inside")
    assert.equal("ERR_HTTP", got.status.code)
    assert.equal(529, got.status.status)
    assert.truthy(got.status.message:find("Overloaded", 1, true))
    assert.is_true(got.again)
    assert.equal("ERR_HTTP", got.inside.code)
    assert.truthy(got.inside.message:find("Overloaded", 1, true))
    assert.is_true(got.inside_again)
    assert.equal(7, got.inside.usage.prompt)
    assert.equal("ERR_PROTOCOL", got.cut.code)
  end)

  it("the Messages API sends its key in its own header, and to its own endpoint alone", function()
    local got = probe("sends_key_own_header", "PROBE_KEY=sk-not-to-be-seen-1234 ")
    assert.truthy(got.head:find("\r\nx-api-key: sk-not-to-be-seen-1234", 1, true))
    assert.falsy(got.head:lower():find("authorization", 1, true))
    assert.truthy(got.head:find("2099-01-01", 1, true))
    assert.falsy(got.head:find("2026-10-21", 1, true))
    assert.equal("ERR_DENIED", got.second.code)
    assert.equal("ERR_DENIED", got.third.code)
    assert.falsy(cjson.encode({ got.second, got.third }):find("not-to-be-seen", 1, true))
  end)

  it("the Messages API is never told of a call without a result", function()
    local got = probe("never_told_call_without")
    local function results(message)
      local found = {}
      for _, block in ipairs(message.content) do
        found[#found + 1] = block.tool_use_id and block.tool_use_id .. " " .. block.content or nil
      end
      return found
    end
    assert.same({ "b one", "a (no result)" }, results(got.sent.messages[3]))
    assert.same({ "c (no result)" }, results(got.sent.messages[5]))
    local third = got.sent.messages[3].content
    assert.same({ "tool_result", "tool_result", "again", "well?" },
      { third[1].type, third[2].type, third[3].text, third[4].text })
  end)

  it("the Messages API serves a model without system text", function()
    local got = probe("serves_model_without_system")
    assert.truthy(got.head:find("\r\nanthropic-version: 2026-10-21", 1, true))
    assert.is_nil(got.sent.temperature or got.sent.top_p or got.sent.top_k) -- this version refuses them
    assert.is_nil(got.sent.system)
    assert.equal(1, #got.sent.messages)
    assert.same({ { type = "text", text = "Be brief." }, { type = "text", text = "hi" } },
      got.sent.messages[1].content)
    assert.equal(8192, got.sent.max_tokens)
  end)
end)

describe("providers", function()
  it("Gemini gets a conversation in its own form", function()
    local got = probe("gemini_of_a_talk")
    local sent = got.sent
    assert.truthy(got.head:find("^POST /v1/models/gemini%%202%.5%%3F:streamGenerateContent%?alt=sse HTTP/1.1\r\n"))
    assert.truthy(sent.systemInstruction.parts[1].text:find("^You are a coder.\n"))
    assert.same({ temperature = 0.5, maxOutputTokens = 99, stopSequences = { "END" }, seed = 7,
      responseMimeType = "application/json",
      responseJsonSchema = { type = "object" }, thinkingConfig = { thinkingBudget = 0 } },
        sent.generationConfig)
    assert.same({}, sent.safetySettings)
    assert.same({ { functionDeclarations = { { name = "read", description = "reads",
      parametersJsonSchema = { properties = {}, required = {}, type = "object" } } } } }, sent.tools)
    assert.same({ functionCallingConfig = { mode = "ANY", allowedFunctionNames = { "read" } } },
      sent.toolConfig)
    assert.same({ role = "model", parts = { { text = "I look." },
      { functionCall = { id = "a", name = "read", args = { n = 1.50, e = {} } } },
      { functionCall = { id = "b.2", name = "list", args = { malformed = '{"path' } } } } }, sent.contents[2])
    assert.same({ role = "user",
      parts = { { functionResponse = { id = "a", name = "read", response = { output = "one" } } },
      { functionResponse = { id = "b.2", name = "list", response = { output = "" } } },
        { text = "And now?" } } }, sent.contents[3])
    assert.equal(1, #sent.contents[4].parts)
    assert.same({ text = "lost" }, sent.contents[5].parts[2])
  end)

  it("Gemini streams thoughts, text and parallel calls, and gets its signatures back", function()
    local got = probe("streams_thoughts_text_parallel_2")
    local reply = got.first.reply
    assert.equal("Let me.", reply.content)
    assert.equal("hm", reply.reasoning)
    assert.same({ { id = "call_0", name = "f", arguments = '{"a":1}' },
      { id = "call_1", name = "f", arguments = "{}" } }, reply.calls)
    assert.same({ prompt = 10, completion = 12, cached = 4 }, reply.usage)
    assert.equal("tool_calls", reply.finish)
    assert.equal("gemini-x", reply.model)
    local contents = got.second.sent.contents
    assert.same({ { text = "Let me." }, { functionCall = { name = "f", args = { a = 1 } },
      thoughtSignature = "U0lH" },
      { functionCall = { name = "f", args = {} } } }, contents[2].parts)
    assert.same({ { functionResponse = { name = "f", response = { output = "r0" } } },
      { functionResponse = { name = "f", response = { output = "r1" } } } },
      contents[3].parts)
    assert.equal("skip_thought_signature_validator", contents[4].parts[1].thoughtSignature)
    assert.is_nil(contents[4].parts[2].thoughtSignature)
    assert.is_nil(got.openai.apart) -- another provider's signatures are nobody else's
    assert.equal("Let me.", got.openai.content)
    assert.equal("f", got.openai.tool_calls[2]["function"].name)
  end)

  it("Gemini is understood when it does not stream", function()
    local got = probe("understood_when_does_stream_2")
    assert.truthy(got.head:find("^POST /v1/tunedModels/x:generateContent HTTP/1.1\r\n"))
    assert.is_nil(got.sent.stream)
    assert.equal("Hi", got.reply.content)
    assert.equal("hm", got.reply.reasoning)
    assert.same({ { id = "i1", name = "f", arguments = "{}" } }, got.reply.calls)
  end)

  it("Gemini ends as it says, in everybody's words", function()
    local got = probe("ends_says_everybody_s_2")
    assert.same({ "stop" }, got.STOP)
    assert.same({ "length" }, got.MAX_TOKENS)
    assert.same({ "content_filter" }, got.SAFETY)
    assert.same({ "content_filter" }, got.RECITATION)
    assert.same({ "content_filter" }, got.blocked)
    assert.equal("malformed", got.MALFORMED_FUNCTION_CALL[1])
    assert.truthy(got.MALFORMED_FUNCTION_CALL[2]:find("was not made", 1, true))
  end)

  it("Gemini tells its errors, and sends its key in its own header", function()
    local got = probe("tells_errors_sends_key", "PROBE_KEY=sk-not-to-be-seen-1234 ")
    assert.equal(429, got.quota.status)
    assert.truthy(got.quota.message:find("Quota exceeded", 1, true))
    assert.equal("ERR_HTTP", got.inside.code)
    assert.truthy(got.inside.message:find("overloaded", 1, true))
    assert.truthy(got.keyed.head:find("\r\nx-goog-api-key: sk-not-to-be-seen-1234", 1, true))
    assert.falsy(got.keyed.error.message:find("not-to-be-seen", 1, true))
  end)
end)

describe("providers", function()
  it("OpenAI gets sampling, a format, and its own name of the limit", function()
    local got = probe("gets_sampling_format_own")
    local sent = got.sent
    assert.same({ 9, 0.5, 3, 0.1, 1, -1 }, { sent.max_tokens, sent.top_p, sent.top_k, sent.min_p,
      sent.presence_penalty, sent.frequency_penalty })
    assert.same({ "END" }, sent.stop)
    assert.same({ type = "json_schema", json_schema = { name = "reply", strict = false,
      schema = { type = "object" } } }, sent.response_format)
    assert.equal("No.", got.reply.content)
    assert.equal("No.", got.refused)
    assert.equal(9, got.body.max_completion_tokens)
    assert.is_nil(got.body.max_tokens)
    assert.equal(9, got.not_it.max_tokens)
  end)

  it("OpenAI and every other provider get what params say no to, without what is null there", function()
    for _, shape in ipairs({ "openai", "anthropic", "gemini" }) do
      local got = probe("body_of_shape", shape)
      assert.is_false(got.parallel_tool_calls)
      assert.is_nil(got.service_tier)
    end
  end)

  it("OpenAI is asked for a reply whole where its profile says so", function()
    local got = probe("asked_reply_whole_where")
    assert.same({ stream = false, content = "x", usual = true }, got)
  end)

  it("OpenAI hears system text from the user where a model has none", function()
    local got = probe("hears_system_text_user")
    assert.same({ { role = "user", content = "Be brief.\n\nhi" }, { role = "assistant", content = "x" } },
      got.both)
    assert.same({ { role = "user", content = "Be brief." } }, got.alone)
    assert.same({ { role = "user", content = "hi" } }, got.none)
    assert.is_nil(got.n) -- one reply is heard
  end)

  it("OpenAI gets its thoughts back where its profile says so, and nobody else does", function()
    local got = probe("gets_thoughts_back_where")
    assert.falsy(got.dropped:find("hm", 1, true))
    assert.same({ "hm", nil, "f" }, { got.same.reasoning_content, got.same.apart,
      got.same.tool_calls[1]["function"].name })
    assert.falsy(got.other:find("hm", 1, true) or got.claude:find("hm", 1, true)
      or got.other:find("apart", 1, true))
  end)
end)

describe("providers", function()
  local ROWS = { -- tool, arguments as they stand in the event, what is heard
    { "write_file", '{\\"a\\":1}', "write_file" }, { "a\\u001b[31mb", "{}", nil },
    { ("x"):rep(33), "{}", nil }, { "sk live", "{}", nil },
    { "write_file", '{\\"path\\":\\"src/hello.sh\\",\\"con', "write_file src/hello.sh" },
    { "write_file", '{\\"path\\":\\"src/hello.s', "write_file" },
    { "write_file", '{\\"path\\":\\"a 1.2 KB, done\\"}', "write_file" },
    { "write_file", '{\\"path\\":\\"\\\\u001b[31ma\\"}', "write_file" },
    { "write_file", '{\\"path\\":\\"a/' .. KEY .. '\\"}', "write_file a/" .. ("*"):rep(#KEY) },
    { KEY, '{\\"path\\":\\"a\\"}', "- a" },
  }
  for i, row in ipairs(ROWS) do
    it("a call that comes is listened to with its tool and its file, when they can be ones, as row " .. i,
      function()
      local half = #row[2] // 2
      while row[2]:sub(half, half) == "\\" do half = half - 1 end -- not amid an escape
      local got = probe("hears_a_call_in_two",
        ('"id":"c1","function":{"name":"%s","arguments":"%s"}'):format(row[1], row[2]:sub(1, half)),
        ('"function":{"arguments":"%s"}'):format(row[2]:sub(half + 1)))
      assert.equal(1, #got.reply.calls)
      assert.same({ row[3] }, got.named)
    end)
  end
end)

describe("providers", function()
  local CASES = { -- body, is it an outage
    { 'data: {"error":{"message":"Overloaded","type":"overloaded_error"}}', true },
    { 'data: {"error":{"message":"no","code":503}}', true },
    { 'data: {"error":{"message":"slow down","type":"server_error","code":"rate_limit_exceeded"}}', true },
    { 'data: {"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}', false },
    { 'data: {"error":{"message":"The prompt \\"the bridge is overloaded: 503\\" is refused","type":"content_filter"}}', false },
    { 'data: {"error":{"message":"overloaded","code":400}}', false },
    { 'data: {"error":"unavailable, overloaded, 503"}', false },
  }

  it("an error in a stream that had begun is an outage by the kinds that the server names, never by its message, which may repeat the prompt",
    function()
    local bodies, wanted = {}, {}
    for i, case in ipairs(CASES) do
      bodies[i], wanted[i] = case[1], case[2]
    end
    local got = probe("outages_among", cjson.encode(bodies))
    assert.same(wanted, got)
  end)

  it("an error in a stream that had begun says of an account without quota what helps", function()
    local got = probe("says_account_without_quota")
    assert.truthy(got.fix:find("add credit", 1, true), got.fix)
  end)
end)

describe("providers", function()
  it("a server that is not reached is told with the model, its address without a password, and the file",
    function()
    local got = probe("told_model_address_without")
    assert.truthy(got.fix:find("base_url of the model fast is http://127.0.0.1:1 (config/organization.json",
      1, true), got.fix)
    assert.equal("base_url of the model m is https://api.example (config/organization.json, or ORKET_MODEL_URL), its model m, its key not named", got.place)
  end)
end)
