-- gemini.lua: what servers of Google's API write; read by wire_spec. Rows as in openai.lua; `said` is the
-- order of what a provider signed.

local function data(...)
  local out = {}
  for i, event in ipairs({ ... }) do
    out[i] = "data: " .. event .. "\r\n\r\n"
  end
  return table.concat(out)
end

local USAGE = '"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,"totalTokenCount":12}'

local function chunk(parts, finish, more)
  return ('{"candidates":[{"content":{"parts":[%s],"role":"model"},%s"index":0}],%s,"modelVersion":"m","responseId":"r"}')
    :format(parts, finish and '"finishReason":"' .. finish .. '",' or "", more or USAGE)
end

local function ended(finish, more)
  return ('{"candidates":[{"finishReason":"%s","index":0%s}],%s}'):format(finish, more or "", USAGE)
end

local HI = chunk('{"text":"Hi"}')
local STOP = chunk('{"text":""}', "STOP")
local JSON = "application/json"

return {
  { "a stream", data(HI, STOP), content = "Hi", finish = "stop", usage = { prompt = 9, completion = 3 } },
  { "LF, comments and event lines", ":hi\n\nevent: message\n" .. (data(HI, STOP):gsub("\r", "")),
    content = "Hi" },
  { "a last event without its end", data(HI) .. "data: " .. STOP, content = "Hi", finish = "stop" },
  { "a stream without an end", data(HI), code = "ERR_PROTOCOL" },
  { "an end with every event", data(chunk('{"text":"H"}', "STOP"), chunk('{"text":"i"}', "STOP")),
    content = "Hi", finish = "stop" },
  { "an end without content", data(HI, ended("STOP")), content = "Hi" },
  { "several parts", data(chunk('{"text":"H"},{"text":"i"}', "STOP")), content = "Hi" },
  { "a JSON array", "[" .. HI .. "\n,\r\n" .. STOP .. "\n]\n", kind = JSON, content = "Hi", finish = "stop",
    usage = { prompt = 9, completion = 3 } },
  { "a JSON array with calls", "[" .. chunk('{"functionCall":{"name":"f","args":{}}}') .. ",\n"
    .. ended("STOP") .. "]", kind = "application/json; charset=UTF-8",
    calls = { { "f", "{}" } }, finish = "tool_calls" },
  { "a JSON array with an error",
    "[" .. HI .. ',{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}]', kind = JSON,
    code = "ERR_HTTP", message = "overloaded" },
  { "an error as an array",
    '[{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}]', kind = JSON,
    status = "429 Too Many", code = "ERR_HTTP",
    message = "429: Quota exceeded" },
  { "a JSON array that is cut off", "[" .. HI .. ",", kind = JSON, code = "ERR_PROTOCOL" },
  { "an empty array", "[]", kind = JSON, code = "ERR_PROTOCOL" },

  { "thoughts", data(chunk('{"text":"h","thought":true}'), chunk('{"text":"m","thought":true}'),
    chunk('{"text":"Hi"}'), STOP), content = "Hi", reasoning = "hm" },
  { "parallel calls without ids",
    data(chunk('{"functionCall":{"name":"f","args":{"x":1}}},{"functionCall":{"name":"f","args":{"x":2}}}'),
    chunk('{"functionCall":{"name":"g"}}', "STOP")),
    calls = { { "f", '{"x":1}', "call_0" }, { "f", '{"x":2}', "call_1" }, { "g", "{}", "call_2" } },
    finish = "tool_calls" },
  { "calls with ids", data(chunk('{"functionCall":{"id":"i1","name":"f","args":{}}},{"functionCall":{"id":"i2","name":"f","args":{}}}', "STOP")), calls = { { "f", "{}", "i1" }, { "f", "{}", "i2" } } },
  { "two candidates", data(HI, (chunk('{"text":"Ho"}'):gsub('"index":0', '"index":1')),
    chunk('{"text":"!"}', "STOP"), (chunk('{"text":"x"}', "MAX_TOKENS"):gsub('"index":0', '"index":1'))),
    content = "Hi!", finish = "stop" },
  { "calls of two candidates", data(chunk('{"functionCall":{"name":"f","args":{}}}'),
    (chunk('{"functionCall":{"name":"g","args":{}}}'):gsub('"index":0', '"index":1')), STOP),
    calls = { { "f", "{}" } } },
  { "candidates whose first has no index", data((chunk('{"text":"Hi"}', "STOP"):gsub(',"index":0', "")),
    (chunk('{"text":"Ho"}', "STOP"):gsub('"index":0', '"index":1'))), content = "Hi" },
  { "arguments behind their call's name", data(chunk('{"functionCall":{"name":"f","args":{}}}'),
    chunk('{"functionCall":{"args":{"x":1}}}', "STOP")), calls = { { "f", '{"x":1}' } } },
  { "arguments twice", data(chunk('{"functionCall":{"name":"f","args":{"x":1}}}'),
    chunk('{"functionCall":{"args":{"x":2}}}', "STOP")), calls = { { "f", '{"x":1}{"x":2}' } } },
  { "another name with the same id", data(chunk('{"functionCall":{"id":"i","name":"f","args":{}}}'),
    chunk('{"functionCall":{"id":"i","name":"g","args":{}}}', "STOP")),
    calls = { { "f", "{}", "i" }, { "g", "{}", "call_1" } } },
  { "a call between texts", data(chunk('{"text":"H"},{"functionCall":{"name":"f","args":{}}},{"text":"i"}',
    "STOP")), content = "Hi", calls = { { "f", "{}" } } },
  { "signed calls, the first alone",
    data(chunk('{"functionCall":{"name":"f","args":{}},"thoughtSignature":"S1"},{"functionCall":{"name":"g","args":{}}}', "STOP")),
    calls = { { "f", "{}" }, { "g", "{}" } }, said = { { call = "call_0", signature = "S1" },
      { call = "call_1" } } },
  { "signed texts", data(chunk('{"text":"hm","thought":true}'), chunk('{"text":"H"}'),
    chunk('{"text":"i","thoughtSignature":"S1"}'), chunk('{"text":"","thoughtSignature":"S2"}', "STOP")),
    content = "Hi", reasoning = "hm", said = { { reasoning = "hm" }, { text = 1 },
      { signature = "S1", text = 1 }, { signature = "S2", text = 0 } } },
  { "signed calls one after the other, whole",
    chunk('{"text":"hm","thought":true},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"S1"},{"text":"Hi","thoughtSignature":"S2"}', "STOP"),
    kind = JSON, content = "Hi", reasoning = "hm", calls = { { "f", "{}" } },
    said = { { reasoning = "hm" }, { call = "call_0", signature = "S1" }, { signature = "S2", text = 2 } } },
  { "parts of other kinds",
    data(chunk('{"executableCode":{"language":"PYTHON","code":"1"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"}},{"inlineData":{"data":"AA","mimeType":"x"}},{"text":"Hi"}', "STOP")),
    content = "Hi" },

  { "thoughts and cached tokens counted",
    data(HI, chunk('{"text":""}', "STOP",
    '"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,"thoughtsTokenCount":7,"cachedContentTokenCount":4,' ..
    '"toolUsePromptTokenCount":2,"totalTokenCount":21,"promptTokensDetails":[{"modality":"TEXT","tokenCount":9}]}')), usage = { prompt = 11, completion = 10, cached = 4 } },
  { "thoughts counted before the text is",
    data(chunk('{"text":"hm","thought":true}', nil,
    '"usageMetadata":{"promptTokenCount":9,"thoughtsTokenCount":7}'),
    chunk('{"text":"Hi"}', "STOP", '"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3}')),
      reasoning = "hm", usage = { prompt = 9, completion = 10 } },

  { "a blocked prompt",
    '{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT","safetyRatings":[]},"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"modelVersion":"m"}', kind = JSON,
    content = "", finish = "content_filter" },
  { "a blocked prompt, streamed",
    data('{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":9}}'), content = "",
    finish = "content_filter" },
  { "a filtered reply",
    data(HI, ended("SAFETY", ',"safetyRatings":[{"category":"X","probability":"HIGH","blocked":true}]')),
    content = "Hi", finish = "content_filter" },
  { "a recitation", data(ended("RECITATION")), content = "", finish = "content_filter" },
  { "a call that it could not read itself",
    data(ended("MALFORMED_FUNCTION_CALL", ',"finishMessage":"Malformed function call: print(f("')),
    content = "", finish = "malformed" },
  { "a call that nobody asked for", data(ended("UNEXPECTED_TOOL_CALL")), content = "", finish = "malformed" },
  { "the limit amid thoughts", data(chunk('{"text":"hm","thought":true}'), ended("MAX_TOKENS")),
    reasoning = "hm", content = "", finish = "length" },
  { "the limit without parts",
    '{"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS","index":0}],' .. USAGE .. "}",
    kind = JSON, content = "", finish = "length" },

  { "an error amid a stream",
    data(HI, '{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}'), code = "ERR_HTTP",
    message = "overloaded" },
  { "an error as JSON amid a stream's type",
    '{\n  "error": {\n    "code": 500,\n    "message": "Internal",\n    "status": "INTERNAL"\n  }\n}\n',
    code = "ERR_HTTP", message = "Internal" },
  { "an error with a status",
    '{"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT","details":[]}}',
    kind = JSON, status = "400 Bad", code = "ERR_HTTP",
    message = "400: API key not valid" },
}
