-- providers.lua: a server that plays replies of other APIs, and the tests of providers_spec.lua inside the
-- binary.

local cjson, llm, uv = require("cjson"), require("orket.llm.client"), require("luv")

local function serve(kind, body, status)
  local server, seen = uv.new_tcp(), { text = "" }
  server:bind("127.0.0.1", 0)
  server:listen(16, function()
    local peer = uv.new_tcp()
    server:accept(peer)
    peer:read_start(function(_, data)
      seen.text = seen.text .. (data or "")
      local head, rest = seen.text:match("^(.-)\r\n\r\n(.*)$")
      if seen.said or not head
        or #rest < tonumber(head:lower():match("content%-length: (%d+)")) then return end
      seen.said, seen.head, seen.body = true, head, rest
      peer:write("HTTP/1.1 " .. (status or "200 OK") .. "\r\nContent-Type: " .. kind .. "\r\nContent-Length: "
        .. #body .. "\r\n\r\n" .. body,
        function() peer:close() end)
    end)
  end)
  return "http://127.0.0.1:" .. server:getsockname().port .. "/v1", seen, function() server:close() end
end

local function ask(shape, kind, body, more)
  more = more or {}
  local url, seen, close = serve(kind, body, more.status)
  local model = { base_url = url, model = "m", shape = shape,
    deadlines = { connect = 5, first_byte = 5, idle = 5, total = 5 } }
  for key, value in pairs(more.model or {}) do model[key] = value end
  local deltas, named, thoughts = {}, {}, {}
  local reply, err = llm.complete({
    model = model, messages = more.messages or { '{"content":"hi","role":"user"}' }, attempts = 1,
    tools = more.tools,
    tool_choice = more.tool_choice, json = more.json, stream = more.stream,
    on_delta = function(text, progress)
      deltas[#deltas + 1], thoughts[#thoughts + 1] = text, progress.thoughts
      named[#named + 1] = (progress.tool or progress.path) and (progress.tool or "-")
        .. (progress.path and " " .. progress.path or "") or nil
    end,
  })
  close()
  local sent = cjson.decode(seen.body or "null")
  return { reply = reply, error = err, deltas = deltas, named = named, thoughts = table.concat(thoughts),
    head = seen.head, sent = sent, raw = seen.body }
end

local function say(value) print(cjson.encode(value)) end
local EVENTS, JSON = "text/event-stream", "application/json"
local function events(list)
  for i, event in ipairs(list) do list[i] = "event: " .. (event:match('"type":"([%w_]+)"') or "x")
    .. "\ndata: " .. event .. "\n\n" end
  return table.concat(list)
end

-- A conversation with everything in it, as Orket keeps one.
local TALK = {
  '{"content":"You are a coder.","role":"system"}',
  '{"content":"Do it.","role":"user"}',
  '{"content":"I look.","role":"assistant","tool_calls":[{"function":{"arguments":"{\\"n\\":1.50,\\"e\\":[]}","name":"read"},"id":"a","type":"function"},' ..
    '{"function":{"arguments":"{\\"path","name":"list"},"id":"b.2","type":"function"}]}',
  '{"content":"one","role":"tool","tool_call_id":"a"}',
  '{"content":"","role":"tool","tool_call_id":"b.2"}',
  '{"content":"And now?","role":"user"}',
  '{"apart":{"by":"anthropic m","said":[{"reasoning":"hm","signature":"SIG="},{"call":"a"}]},"content":null,"role":"assistant","tool_calls":[{"function":{"arguments":"{}","name":"read"},"id":"a","type":"function"}]}',
  '{"content":"two","role":"tool","tool_call_id":"a"}',
  '{"content":"lost","role":"tool","tool_call_id":"gone"}',
}
local TOOLS = '[{"function":{"description":"reads","name":"read","parameters":{"properties":{},"required":[],"type":"object"}},"type":"function"}]'

local M = {}

function M.streams_thoughts_text_parallel()
  say(ask("anthropic", EVENTS, events({
    '{"type":"message_start","message":{"model":"claude-x","content":[],"usage":{"input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":1000,"output_tokens":1}}}',
    '{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}',
    '{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"h"}}',
    '{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"m"}}',
    '{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"SIG="}}',
    '{"type":"content_block_stop","index":0}', '{"type":"ping"}',
    '{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}',
    '{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Let "}}',
    '{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"me."}}',
    '{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}',
    '{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}',
    '{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":"}}',
    '{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_2","name":"g","input":{}}}',
    '{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}',
    '{"type":"content_block_stop","index":3}',
    '{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":42}}',
    '{"type":"message_stop"}' })))
end

function M.keeps_schema_beside_profile()
  local function sent(format, json)
    return table.concat(require("orket.llm.providers.anthropic").body({ base_url = "http://x/v1", model = "m",
      params = { output_config = { effort = "low", format = format } } },
        { messages = {}, stream = true, json = json }))
  end
  local both = sent({ type = "theirs" }, '{"type":"object","additionalProperties":false}')
  say({ both = cjson.decode(both), times = select(2, both:gsub('"output_config"', "")),
    alone = cjson.decode(sent()).output_config })
end

function M.gets_signed_back_was()
  local BLOCKS = '{"type":"thinking","thinking":"one","signature":"S1"},{"type":"redacted_thinking","data":"AAA"},{"type":"text","text":"Let \195\188s."},' ..
    '{"type":"tool_use","id":"t1","name":"f","input":{"b":[],"a":1.50}},{"type":"thinking","thinking":"","signature":"S2"},{"type":"tool_use","id":"t2","name":"g","input":{}},' ..
    '{"type":"text","text":"And."}'
  local first = ask("anthropic", JSON, '{"content":[' .. BLOCKS .. '],"stop_reason":"tool_use"}')
  local function again(shape, model, message)
    return ask(shape, JSON, '{"content":[],"stop_reason":"end_turn"}',
      { model = { model = model }, messages = { '{"content":"go","role":"user"}',
      message or first.reply.message, '{"content":"r1","role":"tool","tool_call_id":"t1"}',
        '{"content":"r2","role":"tool","tool_call_id":"t2"}' } })
  end
  local shorter = cjson.decode(first.reply.message)
  shorter.content = "Cut."
  say({ blocks = cjson.decode("[" .. BLOCKS .. "]"), same = again("anthropic", "m").sent.messages[2].content,
    raw = again("anthropic", "m").raw,
    other = again("anthropic", "m2").sent.messages[2].content, gemini = again("gemini", "gemini-3").raw,
      openai = again(nil, "m").raw,
    shorter = again("anthropic", "m", cjson.encode(shorter)).sent.messages[2].content })
end

function M.understood_when_does_stream()
  say(ask("anthropic", JSON, '{"type":"message","role":"assistant","model":"claude-x","content":[{"type":"thinking","thinking":"hm","signature":"S"},' ..
    '{"type":"redacted_thinking","data":"x"},{"type":"text","text":"Hi"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":[]}}],' ..
    '"stop_reason":"tool_use","usage":{"input_tokens":3,"cache_read_input_tokens":0,"output_tokens":5}}',
      { stream = false }))
end

function M.found_version_api_without()
  local providers = require("orket.llm.providers")
  local function at(shape, base)
    local model = { shape = shape, base_url = base, model = "m" }
    return providers.address(providers.of(model), model, { stream = false })
  end
  local found = {}
  for i, base in ipairs({ "https://h", "https://h/", "https://h/v1", "https://h/v1beta/",
    "https://h/anthropic", "https://h/v1/projects/p", "https://v2.h/very/v", "http://h:8/v2x/y" }) do
    found[i] = { at("anthropic", base), at("gemini", base), at("openai", base) }
  end
  say(found)
end

function M.ends_says_everybody_s()
  local ends = {}
  for _, why in ipairs({ "end_turn", "stop_sequence", "max_tokens", "refusal", "something_new" }) do
    ends[why] = ask("anthropic", JSON, '{"content":[{"type":"text","text":"x"}],"stop_reason":"' .. why
      .. '"}').reply.finish
  end
  say(ends)
end

function M.tells_errors_also_inside()
  local status = ask("anthropic", JSON,
    '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    { status = "529 Overloaded" })
  local inside = ask("anthropic", EVENTS,
    events({ '{"type":"message_start","message":{"usage":{"input_tokens":7}}}',
    '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}' }))
  local cut = ask("anthropic", EVENTS,
    events({ '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"half"}}' }))
  say({ status = status.error, again = require("orket.llm.request.request_failure").is_transient(status.error), inside = inside.error, inside_again = require("orket.llm.request.request_failure").is_transient(inside.error), cut = cut.error })
end

function M.sends_key_own_header()
  local OK = '{"content":[{"type":"text","text":"x"}],"stop_reason":"end_turn"}'
  local first = ask("anthropic", JSON, OK,
    { model = { key = "PROBE_KEY", headers = { ["Anthropic-Version"] = "2099-01-01" } } })
  local second = ask("anthropic", JSON, OK, { model = { key = "PROBE_KEY" } })
  local third = ask(nil, JSON, '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}',
    { model = { key = "PROBE_KEY" } })
  say({ head = first.head, second = second.error, third = third.error })
end

function M.never_told_call_without()
  local function call(id) return '{"function":{"arguments":"{}","name":"f"},"id":"' .. id
    .. '","type":"function"}' end
  say(ask("anthropic", JSON, '{"content":[],"stop_reason":"end_turn"}',
    { messages = { '{"content":"go","role":"user"}',
    '{"content":null,"role":"assistant","tool_calls":[' .. call("a") .. "," .. call("b") .. ']}',
      '{"content":"one","role":"tool","tool_call_id":"b"}',
    '{"content":"again","role":"tool","tool_call_id":"b"}',
    '{"content":"well?","role":"user"}', '{"content":null,"role":"assistant","tool_calls":[' .. call("c")
      .. ']}' } }))
end

function M.serves_model_without_system()
  say(ask("anthropic", JSON, '{"content":[],"stop_reason":"end_turn"}',
    { messages = { '{"content":"Be brief.","role":"system"}',
    '{"content":"hi","role":"user"}', '{"content":"  ","role":"assistant"}' },
      model = { system = "user", temperature = 0.5, top_p = 1, top_k = 1 } }))
end

function M.streams_thoughts_text_parallel_2()
  local function data(list) for i, text in ipairs(list) do list[i] = "data: " .. text
    .. "\r\n\r\n" end return table.concat(list) end
  local first = ask("gemini", EVENTS, data({
    '{"candidates":[{"content":{"parts":[{"text":"hm","thought":true}],"role":"model"}}],"usageMetadata":{"promptTokenCount":10},"modelVersion":"gemini-x"}',
    '{"candidates":[{"content":{"parts":[{"text":"Let "}]}}]}',
      '{"candidates":[{"content":{"parts":[{"text":"me."}]}}]}',
    '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"U0lH"},{"functionCall":{"name":"f","args":{}}}]}}]}',
    '{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":7,"cachedContentTokenCount":4}}' }), { model = { model = "gemini-3-pro" } })
  local second = ask("gemini", EVENTS, data({ '{"candidates":[{"finishReason":"STOP"}]}' }),
    { model = { model = "gemini-3-pro" }, messages = {
    '{"content":"go","role":"user"}', first.reply.message,
      '{"content":"r0","role":"tool","tool_call_id":"call_0"}',
    '{"content":"r1","role":"tool","tool_call_id":"call_1"}',
    '{"content":null,"role":"assistant","tool_calls":[{"function":{"arguments":"{}","name":"f"},"id":"x","type":"function"},{"function":{"arguments":"{}","name":"f"},"id":"y","type":"function"}]}',
    '{"content":"r2","role":"tool","tool_call_id":"x"}',
      '{"content":"r3","role":"tool","tool_call_id":"y"}' } })
  local openai = ask(nil, JSON, '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}',
    { messages = { '{"content":"go","role":"user"}', first.reply.message } })
  say({ first = first, second = second, openai = openai.sent.messages[2] })
end

function M.understood_when_does_stream_2()
  say(ask("gemini", JSON, '{"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":"Hi"},{"functionCall":{"id":"i1","name":"f"}}]},' ..
    '"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":5}}',
      { stream = false, model = { model = "tunedModels/x" } }))
end

function M.ends_says_everybody_s_2()
  local ends = {}
  for _, why in ipairs({ "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "MALFORMED_FUNCTION_CALL" }) do
    local reply = ask("gemini", JSON, '{"candidates":[{"finishReason":"' .. why .. '"}]}').reply
    ends[why] = { reply.finish, reply.problem }
  end
  ends.blocked = { ask("gemini", JSON,
    '{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3}}').reply.finish }
  say(ends)
end

function M.tells_errors_sends_key()
  local quota = ask("gemini", JSON,
    '{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}',
    { status = "429 Too Many" })
  local inside = ask("gemini", EVENTS,
    'data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}\n\n')
  local keyed = ask("gemini", JSON, '{"error":{"message":"bad key sk-not-to-be-seen-1234"}}',
    { status = "400 Bad", model = { key = "PROBE_KEY" } })
  say({ quota = quota.error, inside = inside.error, keyed = keyed })
end

function M.gets_sampling_format_own()
  local OK = '{"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]}'
  local there = ask(nil, JSON, OK, { json = '{"type":"object"}',
    model = { max_tokens = 9, top_p = 0.5, top_k = 3, min_p = 0.1, presence_penalty = 1,
    frequency_penalty = -1, stop = { "END" } } })
  local openai = require("orket.llm.providers.openai")
  local body = openai.body({ base_url = "https://api.openai.com/v1", model = "m", max_tokens = 9 },
    { messages = {}, stream = false })
  local not_it = openai.body({ base_url = "https://api.openai.com.example.org/v1", model = "m",
    max_tokens = 9 }, { messages = {}, stream = false })
  local refused = ask(nil, EVENTS,
    'data: {"choices":[{"delta":{"content":"","refusal":null}}]}\n\ndata: {"choices":[{"delta":{"refusal":"No."}}]}\n\ndata: [DONE]\n\n')
  say({ sent = there.sent, reply = there.reply, body = cjson.decode(table.concat(body)),
    not_it = cjson.decode(table.concat(not_it)), refused = refused.reply.content })
end

function M.asked_reply_whole_where()
  local OK = '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}'
  local one = ask(nil, JSON, OK, { model = { stream = false } })
  say({ stream = one.sent.stream, options = one.sent.stream_options, content = one.reply.content,
    usual = ask(nil, JSON, OK).sent.stream })
end

function M.hears_system_text_user()
  local OK = '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}'
  local SYSTEM = '{"content":"Be brief.","role":"system"}'
  local function sent(...)
    return ask(nil, JSON, OK, { messages = { ... }, model = { system = "user", params = { n = 3 } } }).sent
  end
  say({ both = sent(SYSTEM, '{"content":"hi","role":"user"}', '{"content":"x","role":"assistant"}').messages,
    alone = sent(SYSTEM).messages,
    none = sent('{"content":"hi","role":"user"}').messages, n = sent(SYSTEM).n })
end

function M.gets_thoughts_back_where()
  local OK = '{"choices":[{"message":{"content":null,"reasoning_content":"hm","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}'
  local function said(thoughts) return ask(nil, JSON, OK,
    { model = { thoughts = thoughts } }).reply.message end
  local message = said("returned")
  local function again(shape, name)
    return ask(shape, JSON, '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"content":[],"stop_reason":"end_turn"}', {
      messages = { '{"content":"go","role":"user"}', message,
        '{"content":"r","role":"tool","tool_call_id":"a"}' }, model = { model = name } })
  end
  say({ dropped = said(nil), same = again(nil, "m").sent.messages[2], other = again(nil, "m2").raw,
    claude = again("anthropic", "m").raw })
end

function M.says_account_without_quota()
  say(ask("openai", JSON, '{"error":{"message":"x","type":"insufficient_quota"}}',
    { status = "429 Too Many" }).error)
end

function M.told_model_address_without()
  local cures = require("orket.llm.error_hints")
  local _, err = llm.complete({ model = { base_url = "http://127.0.0.1:1/v1", model = "m", name = "fast" },
    messages = { '{"content":"hi","role":"user"}' }, attempts = 1 })
  say({ fix = err.fix, place = cures.place({ model = "m",
    base_url = "https://me:secret@api.example/v1?k=secret" }) })
end

function M.messages_of_a_talk()
  local got = ask("anthropic", JSON, '{"content":[{"type":"text","text":"x"}],"stop_reason":"end_turn"}',
    { messages = TALK, tools = TOOLS,
    tool_choice = "required", json = '{"type":"object","additionalProperties":false}',
      model = { max_tokens = 99, temperature = 0.5, top_p = 0.9, top_k = 4, stop = { "END" },
    params = { metadata = { user_id = "u" }, model = "other" },
      headers = { ["Anthropic-Version"] = "2023-06-01" } } })
  say(got)
end

function M.begins_kept()
  local OK = '{"content":[{"type":"text","text":"x"}],"stop_reason":"end_turn"}'
  local function sent(more)
    more.tools = TOOLS
    local one = ask("anthropic", JSON, OK, more).sent
    return { system = one.system, tool = one.tools[1].cache_control }
  end
  say({ both = sent({ messages = TALK }), alone = sent({}),
    none = sent({ messages = TALK, model = { cache = false } }), after = sent({ messages = TALK }) })
end

function M.gemini_of_a_talk()
  say(ask("gemini", JSON, '{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}',
    { messages = TALK, tools = TOOLS,
    tool_choice = { type = "function", ["function"] = { name = "read" } }, json = '{"type":"object"}',
      model = { json = "always", model = "gemini 2.5?", max_tokens = 99,
    temperature = 0.5, stop = { "END" }, seed = 7, params = { safetySettings = {},
      generationConfig = { thinkingConfig = { thinkingBudget = 0 } } } } }))
end

function M.body_of_shape(shape)
  local model = { base_url = "http://x/v1", model = "m", temperature = 1,
    params = { parallel_tool_calls = false, service_tier = cjson.null } }
  local request = { messages = { '{"content":"hi","role":"user"}' }, stream = true }
  say(cjson.decode(table.concat(require("orket.llm.providers." .. shape).body(model, request))))
end

-- The two events of a call in a stream.
function M.hears_a_call_in_two(first, second)
  local function event(call)
    return 'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,' .. call .. "}]}}]}\n\n"
  end
  local ending = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n'
  say(ask("openai", EVENTS, event(first) .. event(second) .. ending, { model = { key = "PROBE_KEY" } }))
end

-- Which of these bodies is an outage.
function M.outages_among(bodies)
  local outage, is = require("orket.llm.outage"), {}
  for i, body in ipairs(cjson.decode(bodies)) do
    local err = ask("openai", EVENTS, body .. "\n\n").error
    is[i] = err.code == "ERR_HTTP" and outage.is(err)
  end
  say(is)
end

return M
