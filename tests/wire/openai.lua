-- openai.lua: what servers of the chat completions API write, as they are known to write it; read by wire_spec.
-- {name, body, kind?, status?, as they are understood: content, reasoning, calls = {{name, arguments, id?}}, usage, finish;
-- or code, and a part of the message}.

local function data(...)
  local out = {}
  for i, event in ipairs({ ... }) do
    out[i] = "data: " .. event .. "\n\n"
  end
  return table.concat(out)
end

local function delta(fields, finish)
  return ('{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{%s},"logprobs":null,"finish_reason":%s}]}')
    :format(fields, finish and '"' .. finish .. '"' or "null")
end

local function choice(index, fields, finish)
  return (delta(fields, finish):gsub('"choices":%[{"index":0', '"choices":[{"index":' .. index))
end

local function call(fields)
  return delta('"tool_calls":[' .. fields .. "]")
end

local function whole(message, finish, more)
  return ('{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant",%s},"finish_reason":"%s"}]%s}')
    :format(message, finish or "stop", more or "")
end

local HI = delta('"role":"assistant","content":"Hi"')
local STOP = delta("", "stop")
local CALLED = delta("", "tool_calls")
local DONE = "[DONE]"
local JSON = "application/json"

return {
  -- ---- the stream itself ----
  { "comments, event lines and keep-alives", ": OPENROUTER PROCESSING\n\nevent: message\n" .. data(HI) .. ":\n\n:keep-alive\n\nretry: 3000\nid: 7\n" .. data(STOP, DONE),
    content = "Hi", finish = "stop" },
  { "CRLF", (data(HI, STOP, DONE):gsub("\n", "\r\n")), content = "Hi" },
  { "CR alone", (data(HI, STOP, DONE):gsub("\n", "\r")), content = "Hi" },
  { "a byte order mark", "\xEF\xBB\xBF" .. data(HI, STOP, DONE), content = "Hi" },
  { "no space behind the colon", (data(HI, STOP, DONE):gsub("data: ", "data:")), content = "Hi" },
  { "an event of several data lines", "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"Hi\"}}]}\n\n" .. data(STOP, DONE), content = "Hi" },
  { "no [DONE]", data(HI, STOP), content = "Hi", finish = "stop" },
  { "no finish", data(HI, DONE), content = "Hi" },
  { "a last event without its end", data(HI) .. "data: " .. STOP, content = "Hi", finish = "stop" },
  { "a last event cut off", data(HI) .. "data: " .. STOP:sub(1, 40), code = "ERR_PROTOCOL" },
  { "neither [DONE] nor finish", data(HI), code = "ERR_PROTOCOL", message = "before it was complete" },
  { "nothing at all", "", code = "ERR_PROTOCOL" },
  { "nothing but [DONE]", data(DONE), content = "" },
  { "events behind [DONE]", data(HI, STOP, DONE, HI), content = "Hi" },
  { "a type with a charset", data(HI, STOP, DONE), kind = "text/event-stream; charset=utf-8", content = "Hi" },
  { "a stream called JSON", data(HI, STOP, DONE), kind = JSON, content = "Hi" },
  { "a stream called JSON that begins with a comment", "\n: hi\n\n" .. data(HI, STOP, DONE), kind = JSON, content = "Hi" },
  { "a stream without a type", data(HI, STOP, DONE), kind = "", content = "Hi" },
  { "a page", "<html>Sign in</html>", kind = "text/html", code = "ERR_PROTOCOL", message = "text/html" },
  { "a text that is no reply", "upstream timed out", kind = JSON, code = "ERR_PROTOCOL", message = "upstream timed out" },

  -- ---- what is said ----
  { "empty and null texts", data(delta('"role":"assistant","content":""'), delta('"content":null'), delta('"content":"Hi"'), delta('"content":""'), STOP, DONE),
    content = "Hi" },
  { "an empty choice", data(delta('"content":"Hi"'), '{"choices":[]}', '{"choices":[{"index":0,"delta":null,"finish_reason":null}]}', STOP, DONE), content = "Hi" },
  { "a filter's prelude (Azure)", data('{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":' ..
    '{"hate":{"filtered":false,"severity":"safe"}}}]}', HI,
    '{"choices":[{"content_filter_offsets":{"check_offset":1},"content_filter_results":{},"finish_reason":null,"index":0}],"id":"","model":"","object":""}', STOP, DONE),
    content = "Hi", finish = "stop" },
  { "a filter that stops (Azure)", data(delta('"content":"Hi"'), delta("", "content_filter"), DONE), content = "Hi", finish = "content_filter" },
  { "a refusal beside empty content", data(delta('"content":"","refusal":"No"'), delta('"content":null,"refusal":"."'), STOP, DONE), content = "No." },
  { "a refusal, whole", whole('"content":null,"refusal":"No."'), kind = JSON, content = "No." },
  { "a letter cut in two (JavaScript)", data(delta('"content":"H"'), delta('"content":"i \\ud83d"'), delta('"content":"\\ude00\\\\ud83d \\ud83d\\ude00"'), delta('"content":"!"'), STOP, DONE),
    content = "Hi 😀\\ud83d 😀!" },
  { "a letter of a call cut in two (JavaScript)", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":"{\\"x\\":\\"\\uD83D"}}'),
    call('{"index":0,"function":{"arguments":"\\uDE00\\"}"}}'), CALLED, DONE), calls = { { "f", '{"x":"😀"}', "a" } } },
  { "halves of letters that nothing follows", data(delta('"content":"H\\ud83di\\ude00"'), delta('"content":"!"'), STOP, DONE), content = "H\u{FFFD}i\u{FFFD}!" },
  { "half a letter, whole", whole('"content":"Hi \\ud83d!"'), kind = JSON, content = "Hi \u{FFFD}!" },
  { "text in parts (Mistral)", data(delta('"content":[{"type":"text","text":"H"}]'), delta('"content":[{"type":"text","text":"i"}]'), STOP, DONE), content = "Hi" },
  { "thoughts in parts (Magistral)", data(delta('"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]'), HI, STOP, DONE), content = "Hi", reasoning = "hm" },
  { "thoughts in parts, whole", whole('"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"Hi"}]'), kind = JSON,
    content = "Hi", reasoning = "hm" },
  { "reasoning_content (DeepSeek, vLLM, llama.cpp)", data(delta('"content":null,"reasoning_content":"h"'), delta('"reasoning_content":"m"'),
    delta('"content":"Hi","reasoning_content":null'), STOP, DONE), content = "Hi", reasoning = "hm" },
  { "reasoning (OpenRouter, Groq, Ollama)", data(delta('"content":"","reasoning":"h"'), delta('"reasoning":"m"'), HI, STOP, DONE), content = "Hi", reasoning = "hm" },
  { "the same thought by both names", data(delta('"reasoning":"hm","reasoning_content":"hm"'), HI, STOP, DONE), content = "Hi", reasoning = "hm" },
  { "an empty thought by one name", data(delta('"reasoning_content":"","reasoning":"hm"'), HI, STOP, DONE), content = "Hi", reasoning = "hm" },
  { "reasoning_details beside reasoning", data(delta('"content":"","reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm","format":"x","index":0}]'),
    delta('"content":"","reasoning":null,"reasoning_details":[{"type":"reasoning.encrypted","data":"gAAA","index":0}]'), HI, STOP, DONE), content = "Hi", reasoning = "hm" },
  { "reasoning_details alone", data(delta('"reasoning_details":[{"type":"reasoning.text","text":"hm"}]'), HI, STOP, DONE), content = "Hi", reasoning = "hm" },
  { "reasoning_details, a summary", whole('"content":"Hi","reasoning":null,"reasoning_details":[{"type":"reasoning.summary","summary":"hm"}]'), kind = JSON,
    content = "Hi", reasoning = "hm" },
  { "thoughts left in the text", data(delta('"content":"<think>"'), delta('"content":"\\nhm\\n</think>\\n\\n"'), HI, STOP, DONE), content = "Hi", reasoning = "hm", raw = true },
  { "thoughts left in the text, whole, with a call", whole('"content":"<think>hm</think>","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]', "tool_calls"), kind = JSON,
    content = "", reasoning = "hm", calls = { { "f", "{}", "a" } } },
  { "thoughts left in the text and cut off", data(delta('"content":"<think>hm"'), delta("", "length"), DONE), content = "", reasoning = "hm", finish = "length", raw = true },
  { "no thoughts, and none of note", data(delta('"content":"<think>\\n\\n</think>\\n\\nHi"'), STOP, DONE), content = "Hi", raw = true },
  { "a mark amid the text", data(delta('"content":"It writes <think>hm</think>."'), STOP, DONE), content = "It writes <think>hm</think>." },
  { "annotations and audio", data(delta('"content":"Hi","annotations":[],"audio":null'), STOP, DONE), content = "Hi" },

  -- ---- calls ----
  { "the id in the first fragment alone", data(call('{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}'),
    call('{"index":0,"function":{"arguments":"{\\"x\\""}}'), call('{"index":0,"function":{"arguments":":1}"}}'), CALLED, DONE),
    calls = { { "f", '{"x":1}', "a" } }, finish = "tool_calls" },
  { "null and empty ids, names and types behind it", data(call('{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":null}}'),
    call('{"index":0,"id":"","type":"","function":{"name":"","arguments":"{\\"x\\""}}'), call('{"index":0,"id":null,"type":null,"function":{"name":null,"arguments":":1}"}}'),
    CALLED, DONE), calls = { { "f", '{"x":1}', "a" } } },
  { "another id with every fragment", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":""}}'), call('{"index":0,"id":"b","function":{"name":null,"arguments":"{}"}}'),
    CALLED, DONE), calls = { { "f", "{}", "a" } } },
  { "name and id with every fragment", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":"{\\"x\\""}}'),
    call('{"index":0,"id":"a","function":{"name":"f","arguments":":1}"}}'), CALLED, DONE), calls = { { "f", '{"x":1}', "a" } } },
  { "fragments of two calls mixed", data(call('{"index":0,"id":"a","function":{"name":"f"}}'), call('{"index":1,"id":"b","function":{"name":"g"}}'),
    call('{"index":1,"function":{"arguments":"{\\"y\\":"}},{"index":0,"function":{"arguments":"{\\"x\\":"}}'), call('{"index":0,"function":{"arguments":"1}"}}'),
    call('{"index":1,"function":{"arguments":"2}"}}'), CALLED, DONE), calls = { { "f", '{"x":1}', "a" }, { "g", '{"y":2}', "b" } } },
  { "without index, the id in the first alone", data(call('{"id":"a","function":{"name":"f","arguments":"{"}}'), call('{"function":{"arguments":"}"}}'),
    call('{"id":"b","function":{"name":"g","arguments":""}}'), call('{"function":{"arguments":"{}"}}'), CALLED, DONE), calls = { { "f", "{}", "a" }, { "g", "{}", "b" } } },
  { "without index, with ids", data(call('{"id":"a","function":{"name":"f","arguments":"{"}}'), call('{"id":"b","function":{"name":"g","arguments":"{"}}'),
    call('{"id":"a","function":{"arguments":"}"}}'), call('{"id":"b","function":{"arguments":"}"}}'), CALLED, DONE), calls = { { "f", "{}", "a" }, { "g", "{}", "b" } } },
  { "an index that begins elsewhere", data(call('{"index":3,"id":"a","function":{"name":"f","arguments":"{}"}}'), CALLED, DONE), calls = { { "f", "{}", "a" } } },
  { "all with index 0, told apart by ids", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}'), call('{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}'),
    CALLED, DONE), calls = { { "f", "{}", "a" }, { "f", "{}", "b" } } },
  { "all with index 0 and without ids (Gemini's)", data(call('{"index":0,"id":"","function":{"name":"f","arguments":"{\\"x\\":1}"}}'),
    call('{"index":0,"id":"","function":{"name":"g","arguments":"{}"}}'), call('{"index":0,"id":"","function":{"name":"g","arguments":"{}"}}'), CALLED, DONE),
    calls = { { "f", '{"x":1}', "call_0" }, { "g", "{}", "call_1" }, { "g", "{}", "call_2" } } },
  { "another name at the same index", data(call('{"index":0,"id":"a","function":{"name":"read_file","arguments":""}}'),
    call('{"index":0,"function":{"name":"write_file","arguments":"{}"}}'), CALLED, DONE), calls = { { "read_file", "{}", "a" }, { "write_file", "{}", "call_1" } } },
  { "another name at the same index and id, amid the arguments", data(call('{"index":0,"id":"a","function":{"name":"read_file","arguments":"{\\"x\\""}}'),
    call('{"index":0,"id":"a","function":{"name":"write_file","arguments":":1}"}}'), CALLED, DONE),
    calls = { { "read_file", '{"x"', "a" }, { "write_file", ":1}", "call_1" } } },
  { "another id and name at the same index, amid the arguments", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}'),
    call('{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}'), call('{"index":0,"id":"","function":{"arguments":""}}'), CALLED, DONE),
    calls = { { "f", "{", "a" }, { "g", "{}", "b" } } },
  { "another name without index and id (function_call)", data(delta('"function_call":{"name":"f","arguments":"{"}'), delta('"function_call":{"name":"g","arguments":"}"}'), CALLED, DONE),
    calls = { { "f", "{" }, { "g", "}" } } },
  { "the whole name with every fragment (NIM)", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":""}}'), call('{"index":0,"function":{"name":"f","arguments":"{\\"x\\""}}'),
    call('{"index":0,"function":{"name":"f","arguments":":1}"}}'), CALLED, DONE), calls = { { "f", '{"x":1}', "a" } } },
  { "an empty name first", data(call('{"index":0,"id":"a","function":{"name":"","arguments":""}}'), call('{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}'), CALLED, DONE),
    calls = { { "f", "{}", "a" } } },
  { "another id with every fragment and no name (LM Studio)", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":""}}'),
    call('{"index":0,"id":"b","function":{"name":"","arguments":"{\\"x\\""}}'), call('{"index":0,"id":"c","function":{"name":"","arguments":":1}"}}'), CALLED, DONE),
    calls = { { "f", '{"x":1}', "a" } } },
  { "an index that comes with the second fragment", data(call('{"id":"a","function":{"name":"f","arguments":""}}'), call('{"index":0,"function":{"arguments":"{\\"x\\":1}"}}'), CALLED, DONE),
    calls = { { "f", '{"x":1}', "a" } } },
  { "arguments before their name", data(call('{"index":0,"function":{"arguments":"{\\"x\\":1}"}}'), call('{"index":0,"id":"a","function":{"name":"f"}}'), CALLED, DONE),
    calls = { { "f", '{"x":1}', "a" } } },
  { "arguments that no name comes to", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}'), call('{"index":1,"function":{"arguments":"{\\"x\\":1}"}}'), CALLED, DONE),
    calls = { { "f", "{}", "a" }, { "", '{"x":1}', "call_1" } } },
  { "more arguments behind the finish", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":"{\\"x\\":1}"}}'), CALLED, call('{"index":0,"function":{"arguments":"{\\"x\\":2}"}}'), DONE),
    calls = { { "f", '{"x":1}{"x":2}', "a" } } },
  { "another call behind the finish", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}'), CALLED, call('{"index":0,"function":{"name":"g","arguments":"{}"}}'), DONE),
    calls = { { "f", "{}", "a" }, { "g", "{}" } } },

  -- ---- several choices: one is the reply ----
  { "two choices, one after the other", data(HI, choice(1, '"content":"Ho"'), delta('"content":"!"'), choice(1, "", "length"), STOP, DONE), content = "Hi!", finish = "stop" },
  { "two choices in one event", data('{"choices":[{"index":1,"delta":{"content":"Ho"}},{"index":0,"delta":{"content":"Hi"}}]}', HI, choice(1, '"content":"!"', "stop"), DONE), content = "Ho!" },
  { "calls of two choices", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":"{\\"x\\""}}'), choice(1, '"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]'),
    choice(1, '"tool_calls":[{"index":0,"function":{"arguments":":2}"}}]'), call('{"index":0,"function":{"arguments":":1}"}}'), CALLED, DONE), calls = { { "f", '{"x":1}', "a" } } },
  { "a choice without an index is the first", data('{"choices":[{"delta":{"content":"H"}}]}', choice(1, '"content":"x"'), delta('"content":"i"'), STOP, DONE), content = "Hi" },
  { "one choice, whatever its index", data(choice(1, '"content":"H"'), choice(1, '"content":"i"'), choice(1, "", "stop"), DONE), content = "Hi" },
  { "two choices, whole", '{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"},{"index":1,"message":{"content":"Ho"},"finish_reason":"length"}]}', kind = JSON,
    content = "Hi", finish = "stop" },
  { "the end of another choice alone", data(HI, choice(1, "", "stop")), code = "ERR_PROTOCOL", message = "before it was complete" },
  { "arguments as an object (Ollama)", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":{"x":[1]}}}'), delta("", "stop"), DONE), calls = { { "f", '{"x":[1]}', "a" } },
    finish = "tool_calls" },
  { "arguments as an object, whole", whole('"content":"","tool_calls":[{"function":{"name":"f","arguments":{"x":1}}},{"id":"b","type":"function","function":{"name":"g","arguments":{}}}]', "stop"),
    kind = JSON, calls = { { "f", '{"x":1}', "call_0" }, { "g", "{}", "b" } }, finish = "tool_calls" },
  { "an empty object before the arguments", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":{}}}'), call('{"index":0,"function":{"arguments":"{\\"x\\""}}'),
    call('{"index":0,"function":{"arguments":":1}"}}'), CALLED, DONE), calls = { { "f", '{"x":1}', "a" } } },
  { "no arguments", data(call('{"index":0,"id":"a","function":{"name":"f"}}'), CALLED, DONE), calls = { { "f", "{}" } } },
  { "name and arguments without function", data(call('{"index":0,"id":"a","name":"f","arguments":"{}"}'), CALLED, DONE), calls = { { "f", "{}", "a" } } },
  { "function_call, of old", data(delta('"function_call":{"name":"f","arguments":""}'), delta('"function_call":{"arguments":"{}"}'), delta("", "function_call"), DONE),
    calls = { { "f", "{}" } }, finish = "tool_calls" },
  { "function_call beside an empty list", whole('"content":null,"tool_calls":[],"function_call":{"name":"f","arguments":"{}"}', "function_call"), kind = JSON,
    calls = { { "f", "{}" } }, finish = "tool_calls" },
  { "an empty list with every event", data(delta('"content":"Hi","tool_calls":[]'), delta('"content":null,"tool_calls":null'), STOP, DONE), content = "Hi", calls = {} },
  { "text, thoughts and a call", data(delta('"reasoning":"hm"'), HI, call('{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}'), CALLED, DONE), content = "Hi",
    reasoning = "hm", calls = { { "f", "{}", "a" } } },
  { "calls in the event that ends it", data('{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}', DONE),
    calls = { { "f", "{}", "a" } }, finish = "tool_calls" },
  { "arguments cut off by the limit", data(call('{"index":0,"id":"a","function":{"name":"f","arguments":"{\\"x"}}'), delta("", "length"), DONE), calls = { { "f", '{"x', "a" } },
    finish = "length" },

  -- ---- usage ----
  { "usage in a last event without choices, null before", data((HI:sub(1, -2) .. ',"usage":null}'), STOP,
    '{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}', DONE),
    content = "Hi", usage = { prompt = 9, completion = 3, cached = 4 } },
  { "usage with every event (vLLM)", data((HI:sub(1, -2) .. ',"usage":{"prompt_tokens":9,"completion_tokens":1}}'), (STOP:sub(1, -2) .. ',"usage":{"prompt_tokens":9,"completion_tokens":2}}'),
    '{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"prompt_tokens_details":null}}', DONE), usage = { prompt = 9, completion = 3 } },
  { "usage of Groq", data(HI, (STOP:sub(1, -2) .. ',"x_groq":{"id":"r","usage":{"prompt_tokens":9,"completion_tokens":3,"queue_time":0.1}}}'), DONE), usage = { prompt = 9, completion = 3 } },
  { "usage of Moonshot", data(HI, '{"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":9,"completion_tokens":3,"cached_tokens":2}}]}', DONE),
    usage = { prompt = 9, completion = 3, cached = 2 } },
  { "usage of DeepSeek", data(HI, (STOP:sub(1, -2) .. ',"usage":{"prompt_tokens":9,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4},"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":5}}'),
    DONE), usage = { prompt = 9, completion = 3, cached = 4 } },
  { "timings (llama.cpp)", data(HI, (STOP:sub(1, -2) .. ',"timings":{"cache_n":236,"prompt_n":1,"predicted_n":35}}'),
    '{"choices":[],"created":1,"id":"c","model":"m","system_fingerprint":"b1","object":"chat.completion.chunk","usage":{"completion_tokens":3,"prompt_tokens":9,"total_tokens":12},"timings":{}}', DONE),
    usage = { prompt = 9, completion = 3 } },

  -- ---- the end ----
  { "ends in other words", data(HI, delta("", "eos_token"), DONE), finish = "stop" },
  { "an end at the limit in other words", data(HI, delta("", "model_length"), DONE), finish = "length" },
  { "an end that nobody knows", data(HI, delta("", "something_new"), DONE), finish = "something_new" },
  { "a stop with native reason (OpenRouter)", data(HI, '{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop","native_finish_reason":"completed"}]}', DONE),
    content = "Hi", finish = "stop" },
  { "an end by the server's failure (Mistral)", data(HI, delta("", "error"), DONE), code = "ERR_HTTP", message = "broke the reply off" },
  { "an end by abort (vLLM)", data(HI, delta("", "abort"), DONE), code = "ERR_HTTP" },

  -- ---- errors ----
  { "an error amid a stream", data(HI, '{"error":{"message":"Overloaded","type":"server_error","code":503}}'), code = "ERR_HTTP", message = "Overloaded" },
  { "an error with a choice (OpenRouter)", data(HI,
    '{"id":"c","error":{"code":"server_error","message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}'), code = "ERR_HTTP", message = "Provider disconnected" },
  { "an error inside a choice (OpenRouter)", whole('"content":""', "error"):gsub('"index":0', '"index":0,"error":{"code":502,"message":"Provider returned error"}'), kind = JSON, code = "ERR_HTTP",
    message = "Provider returned error" },
  { "an event named error", data(HI) .. "event: error\ndata: {\"error\":{\"message\":\"Overloaded\"}}\n\n", code = "ERR_HTTP", message = "Overloaded" },
  { "an error as a text", data('{"error":"model not found"}'), code = "ERR_HTTP", message = "model not found" },
  { "an error of vLLM of old", data('{"object":"error","message":"too long","type":"BadRequestError","code":400}'), code = "ERR_HTTP", message = "too long" },
  { "an error with status 200", '{"error":{"message":"no credits","code":402}}', kind = JSON, code = "ERR_HTTP", message = "no credits" },
  { "an error as JSON under a stream's type", '\n{"error":{"message":"no credits"}}', code = "ERR_HTTP", message = "no credits" },
  { "an error with a status", '{"error":{"message":"slow down","type":"rate_limit"}}', kind = JSON, status = "429 Too Many", code = "ERR_HTTP", message = "429: slow down" },
  { "an error of FastAPI", '{"detail":[{"loc":["body","model"],"msg":"field required","type":"missing"}]}', kind = JSON, status = "422 No", code = "ERR_HTTP", message = "field required" },
  { "an error as a bare message", '{"message":"Unauthorized"}', kind = JSON, status = "401 No", code = "ERR_HTTP", message = "401: Unauthorized" },
  { "an error as a page", "<html>\n<h1>502 Bad Gateway</h1>", kind = "text/html", status = "502 Bad", code = "ERR_HTTP", message = "<h1>502" },
  { "error fields that say nothing", data((HI:sub(1, -2) .. ',"error":null}'), (STOP:sub(1, -2) .. ',"error":{}}'), DONE), content = "Hi" },

  -- ---- not streamed, though asked to ----
  { "a whole reply", whole('"content":"Hi","refusal":null,"annotations":[]', "stop", ',"usage":{"prompt_tokens":9,"completion_tokens":3}'), kind = JSON, content = "Hi",
    usage = { prompt = 9, completion = 3 }, finish = "stop" },
  { "a whole reply under a stream's type", whole('"content":"Hi"'), content = "Hi" },
  { "a whole reply without a type", "\r\n " .. whole('"content":"Hi"'), kind = "", content = "Hi" },
  { "a whole reply with calls", whole('"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]', "tool_calls"), kind = JSON,
    calls = { { "f", "{}", "a" } }, finish = "tool_calls" },
  { "a whole reply that is thought alone", whole('"content":null,"reasoning_content":"hm"', "length"), kind = JSON, reasoning = "hm", finish = "length" },
  { "broken JSON", '{"choices":[{"message":{"content":"H', kind = JSON, code = "ERR_PROTOCOL" },
}
