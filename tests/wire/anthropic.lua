-- anthropic.lua: what servers of the Messages API write; read by wire_spec. Rows as in openai.lua; `said` is
-- the order of what a provider signed.

local function events(...)
  local out = {}
  for i, event in ipairs({ ... }) do
    out[i] = "event: " .. event:match('"type": ?"([%w_]+)"') .. "\ndata: " .. event .. "\n\n"
  end
  return table.concat(out)
end

local function start(usage)
  return '{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{'
    .. (usage or '"input_tokens":9,"output_tokens":1') .. "}}}"
end

local function open(index, block)
  return ('{"type":"content_block_start","index":%d,"content_block":{%s}}'):format(index, block)
end

local function delta(index, fields)
  return ('{"type":"content_block_delta","index":%d,"delta":{%s}}'):format(index, fields)
end

local function close(index)
  return ('{"type":"content_block_stop","index":%d}'):format(index)
end

local function stop(reason, usage)
  return ('{"type":"message_delta","delta":{"stop_reason":"%s","stop_sequence":null},"usage":{%s}}'):format(reason, usage or '"output_tokens":3')
end

local END = '{"type":"message_stop"}'
local PING = '{"type": "ping"}'
local TEXT = '"type":"text","text":""'

local function text(index, said)
  return open(index, TEXT), delta(index, '"type":"text_delta","text":"' .. said .. '"'), close(index)
end

-- The events of several blocks, each a list of events.
local function stream(reason, ...)
  local all = { start() }
  for _, block in ipairs({ ... }) do
    table.move(block, 1, #block, #all + 1, all)
  end
  all[#all + 1] = stop(reason)
  all[#all + 1] = END
  return events(table.unpack(all))
end

local function thought(index, said, signature)
  return { open(index, '"type":"thinking","thinking":"","signature":""'),
    said ~= "" and delta(index, '"type":"thinking_delta","thinking":"' .. said .. '"') or PING,
    delta(index, '"type":"signature_delta","signature":"' .. signature .. '"'), close(index) }
end

local function tool(index, id, name, ...)
  local all = { open(index, ('"type":"tool_use","id":"%s","name":"%s","input":{}'):format(id, name)) }
  for _, piece in ipairs({ ... }) do
    all[#all + 1] = delta(index, '"type":"input_json_delta","partial_json":"' .. piece .. '"')
  end
  all[#all + 1] = close(index)
  return all
end

local function whole(content, more)
  return '{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[' .. content .. "]," ..
    (more or '"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":3}')
      .. "}"
end

local JSON = "application/json"

return {
  { "two calls at one index", events(start(), open(0, '"type":"tool_use","id":"a","name":"f","input":{}'),
    delta(0, '"type":"input_json_delta","partial_json":"{\\"x\\""'),
    open(0, '"type":"tool_use","id":"b","name":"g","input":{}'),
      delta(0, '"type":"input_json_delta","partial_json":"{}"'), close(0), stop("tool_use"), END),
    calls = { { "f", '{"x"', "a" }, { "g", "{}", "b" } } },
  { "two calls at one index with one id",
    events(start(), open(0, '"type":"tool_use","id":"a","name":"f","input":{}'),
    open(0, '"type":"tool_use","id":"a","name":"g","input":{}'),
    close(0), stop("tool_use"), END), calls = { { "f", "{}", "a" }, { "g", "{}", "call_1" } } },
  { "more arguments behind a call's end",
    events(start(), open(0, '"type":"tool_use","id":"a","name":"f","input":{}'),
    delta(0, '"type":"input_json_delta","partial_json":"{\\"x\\":1}"'), close(0),
    delta(0, '"type":"input_json_delta","partial_json":"{\\"x\\":2}"'), stop("tool_use"), END),
      calls = { { "f", '{"x":1}{"x":2}', "a" } } },
  { "a tool of the server at a call's index",
    events(start(), open(0, '"type":"tool_use","id":"a","name":"f","input":{}'),
    delta(0, '"type":"input_json_delta","partial_json":"{\\"x\\":"'),
    open(0, '"type":"server_tool_use","id":"s1","name":"web_search","input":{}'),
      delta(0, '"type":"input_json_delta","partial_json":"\\"evil\\"}"'), close(0),
    stop("tool_use"), END), calls = { { "f", '{"x":', "a" } } },
  { "a call behind a tool of the server at one index",
    events(start(), open(0, '"type":"tool_use","id":"a","name":"f","input":{}'),
    open(0, '"type":"server_tool_use","id":"s1","name":"web_search","input":{}'),
    open(0, '"type":"tool_use","id":"b","name":"g","input":{}'),
      delta(0, '"type":"input_json_delta","partial_json":"{\\"y\\":1}"'), close(0), stop("tool_use"), END),
    calls = { { "f", "{}", "a" }, { "g", '{"y":1}', "b" } } },
  { "a text with pings", events(start(), open(0, TEXT), PING, delta(0, '"type":"text_delta","text":"Hi"'),
    PING, close(0), stop("end_turn"), END), content = "Hi", finish = "stop",
    usage = { prompt = 9, completion = 3 } },
  { "no event lines, CRLF and comments",
    (":hello\n\n" .. stream("end_turn", { text(0, "Hi") }):gsub("event: [%w_]+\n", "")):gsub("\n", "\r\n"),
    content = "Hi" },
  { "JSON with blanks, nothing behind its end",
    (stream("end_turn", { text(0, "Hi") }):gsub('"type":', '"type": '))
    .. events((start():gsub('"m"', '"other"'))), content = "Hi" },
  { "no message_stop", events(start(), open(0, TEXT), delta(0, '"type":"text_delta","text":"Hi"'), close(0),
    stop("end_turn")), content = "Hi", finish = "stop" },
  { "no stop reason", events(start(), open(0, TEXT), delta(0, '"type":"text_delta","text":"Hi"'), close(0),
    END), content = "Hi" },
  { "a stream cut off", events(start(), open(0, TEXT), delta(0, '"type":"text_delta","text":"Hi"')),
    code = "ERR_PROTOCOL" },
  { "text in its first event", events(start(), open(0, '"type":"text","text":"H"'),
    delta(0, '"type":"text_delta","text":"i"'), stop("end_turn"), END), content = "Hi" },
  { "texts with citations", events(start(), open(0, '"type":"text","text":"","citations":[]'),
    delta(0, '"type":"text_delta","text":"Hi"'),
    delta(0, '"type":"citations_delta","citation":{"type":"char_location","cited_text":"x"}'), close(0),
      stop("end_turn"), END), content = "Hi" },
  { "several texts", stream("end_turn", { text(0, "H") }, { text(1, "i") }), content = "Hi" },
  { "an event of a kind to come", events(start(), '{"type":"something_new","text":"x"}', open(0, TEXT),
    delta(0, '"type":"new_delta","new":"x"'),
    delta(0, '"type":"text_delta","text":"Hi"'), stop("end_turn"), END), content = "Hi" },

  { "a call without input", stream("tool_use", tool(0, "t1", "f")), calls = { { "f", "{}", "t1" } },
    finish = "tool_calls" },
  { "a call with an empty piece of input", stream("tool_use", tool(0, "t1", "f", "")),
    calls = { { "f", "{}", "t1" } } },
  { "a call in pieces", stream("tool_use", tool(0, "t1", "f", "", '{\\"x\\"', ': [1', "]}")),
    calls = { { "f", '{"x": [1]}', "t1" } } },
  { "a call with its input at the start",
    events(start(), open(0, '"type":"tool_use","id":"t1","name":"f","input":{"x":1}'), close(0),
    stop("tool_use"), END),
    calls = { { "f", '{"x":1}', "t1" } } },
  { "parallel calls", stream("tool_use", { text(0, "Hi") }, tool(1, "t1", "f", '{\\"x\\":1}'),
    tool(2, "t2", "f", '{\\"x\\":2}'), tool(3, "t3", "g")), content = "Hi",
    calls = { { "f", '{"x":1}', "t1" }, { "f", '{"x":2}', "t2" }, { "g", "{}", "t3" } } },
  { "parallel calls mixed", events(start(), open(0, '"type":"tool_use","id":"t1","name":"f","input":{}'),
    open(1, '"type":"tool_use","id":"t2","name":"g","input":{}'),
    delta(1, '"type":"input_json_delta","partial_json":"{\\"y\\":"'),
      delta(0, '"type":"input_json_delta","partial_json":"{}"'),
    delta(1, '"type":"input_json_delta","partial_json":"2}"'), close(0), close(1), stop("tool_use"), END),
      calls = { { "f", "{}", "t1" }, { "g", '{"y":2}', "t2" } } },
  { "a call cut off by the limit", stream("max_tokens", tool(0, "t1", "f", '{\\"x')),
    calls = { { "f", '{"x', "t1" } }, finish = "length" },
  { "a tool of the server beside a call",
    events(start(), open(0, '"type":"server_tool_use","id":"s1","name":"web_search","input":{}'),
    delta(0, '"type":"input_json_delta","partial_json":"{\\"query\\":\\"x\\"}"'), close(0),
    open(1, '"type":"web_search_tool_result","tool_use_id":"s1","content":[{"type":"web_search_result","title":"t","url":"u","encrypted_content":"e"}]'), close(1),
    open(2, '"type":"tool_use","id":"t1","name":"f","input":{}'),
      delta(2, '"type":"input_json_delta","partial_json":"{}"'), close(2), stop("tool_use"), END),
    calls = { { "f", "{}", "t1" } } },

  { "a signed thought", stream("end_turn", thought(0, "hm", "S="), { text(1, "Hi") }), content = "Hi",
    reasoning = "hm",
    said = { { reasoning = "hm", signature = "S=" }, { text = 2 } } },
  { "a thought that is not shown", stream("tool_use", thought(0, "", "S="), tool(1, "t1", "f")),
    calls = { { "f", "{}", "t1" } },
    said = { { reasoning = "", signature = "S=" }, { call = "t1" } } },
  { "redacted thoughts", stream("end_turn", { open(0, '"type":"redacted_thinking","data":"AAA"'), close(0) },
    { open(1, '"type":"redacted_thinking","data":"BBB"'), close(1) },
    { text(2, "Hi") }), content = "Hi", said = { { redacted = "AAA" }, { redacted = "BBB" }, { text = 2 } } },
  { "signed thoughts between calls", stream("tool_use", thought(0, "one", "S1"), { text(1, "Hi") },
    tool(2, "t1", "f"), thought(3, "two", "S2"), tool(4, "t2", "g"),
    thought(5, "three", "S3"), thought(6, "four", "S4")), content = "Hi", reasoning = "onetwothreefour",
      calls = { { "f", "{}", "t1" }, { "g", "{}", "t2" } },
    said = { { reasoning = "one", signature = "S1" }, { text = 2 }, { call = "t1" },
      { reasoning = "two", signature = "S2" }, { call = "t2" },
      { reasoning = "three", signature = "S3" }, { reasoning = "four", signature = "S4" } } },
  { "signed thoughts, whole",
    whole('{"type":"thinking","thinking":"one","signature":"S1"},{"type":"redacted_thinking","data":"AAA"},{"type":"text","text":"Hi"},' ..
    '{"type":"tool_use","id":"t1","name":"f","input":{"x":{}}},{"type":"thinking","thinking":"two","signature":"S2"},{"type":"tool_use","id":"t2","name":"g","input":{}}',
    '"stop_reason":"tool_use","usage":{"input_tokens":9,"output_tokens":3}'), kind = JSON, content = "Hi",
      reasoning = "onetwo", finish = "tool_calls",
    calls = { { "f", '{"x":{}}', "t1" }, { "g", "{}", "t2" } },
    said = { { reasoning = "one", signature = "S1" }, { redacted = "AAA" }, { text = 2 }, { call = "t1" },
      { reasoning = "two", signature = "S2" }, { call = "t2" } } },

  { "tokens of the cache",
    events(start('"input_tokens":9,"cache_creation_input_tokens":1000,"cache_read_input_tokens":100,"cache_creation":{"ephemeral_5m_input_tokens":1000},"output_tokens":1'),
    text(0, "Hi"), stop("end_turn", '"output_tokens":3'), END),
      usage = { prompt = 1109, completion = 3, cached = 100 } },
  { "tokens told again at the end",
    events(start('"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":100,"output_tokens":1'), text(0, "Hi"),
    stop("end_turn", '"input_tokens":12,"cache_creation_input_tokens":null,"cache_read_input_tokens":100,"output_tokens":3'), END), usage = { prompt = 112, completion = 3, cached = 100 } },
  { "input alone told again at the end",
    events(start('"input_tokens":9,"cache_read_input_tokens":100,"output_tokens":1'), text(0, "Hi"),
    stop("end_turn", '"input_tokens":7,"output_tokens":3'), END),
      usage = { prompt = 107, completion = 3, cached = 100 } },
  { "tokens told at the end alone", events(start('"input_tokens":0,"output_tokens":0'), text(0, "Hi"),
    stop("end_turn", '"input_tokens":9,"output_tokens":3'), END),
    usage = { prompt = 9, completion = 3 } },

  { "a refusal", stream("refusal", { text(0, "No.") }), content = "No.", finish = "content_filter" },
  { "a pause", stream("pause_turn", { text(0, "Hi") }), content = "Hi", finish = "pause_turn" },
  { "the limit", stream("max_tokens", { text(0, "Hi") }), finish = "length" },
  { "the window", stream("model_context_window_exceeded", { text(0, "Hi") }), finish = "length" },
  { "a stop sequence", stream("stop_sequence", { text(0, "Hi") }), finish = "stop" },
  { "nothing to say", stream("end_turn"), content = "" },
  { "nothing to say, whole", whole(""), kind = JSON, content = "" },

  { "an overload amid a stream", events(start(), text(0, "Hi"),
    '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}'),
    code = "ERR_HTTP",
    message = "Overloaded (overloaded_error)" },
  { "an error of its type alone", events('{"type":"error","error":{"type":"api_error"}}'), code = "ERR_HTTP",
    message = "api_error" },
  { "an error with a status",
    '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}',
    kind = JSON, status = "529 Overloaded", code = "ERR_HTTP",
    message = "529: Overloaded" },
  { "an error with status 200", '{"type":"error","error":{"type":"invalid_request_error","message":"bad"}}',
    kind = JSON, code = "ERR_HTTP", message = "bad" },
  { "a whole reply to who asked for a stream", whole('{"type":"text","text":"Hi"}'), kind = JSON,
    content = "Hi", usage = { prompt = 9, completion = 3 }, finish = "stop" },
  { "a whole reply under a stream's type", whole('{"type":"text","text":"Hi"}'), content = "Hi" },
}
