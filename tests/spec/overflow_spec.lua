-- overflow_spec.lua: servers that say that a request does not fit, each in its own words; and what only looks
-- so.

package.path = "lua/?.lua;" .. package.path
local overflow = require("orket.llm.overflow")

local SAID = { -- who, message, the window, what was asked
  { "OpenAI", "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.", 8192, 9001 },
  { "OpenAI, newer", "Your input exceeds the context window of this model. Please adjust your input and try again.", nil, nil },
  { "vLLM", "This model's maximum context length is 4096 tokens. However, you requested 4196 tokens (4000 in the messages, 196 in the completion). Please reduce the length of the messages or completion.", 4096, 4196 },
  { "vLLM, newer", "This model's maximum context length is 8192 tokens. However, your request has 9011 input tokens. Please reduce the length of the input messages.", 8192, 9011 },
  { "vLLM's engine", "The decoder prompt (length 5120) is longer than the maximum model length of 4096. Make sure that `max_model_len` is no smaller than the number of text tokens.", 4096, 5120 },
  { "Anthropic", "prompt is too long: 209383 tokens > 200000 maximum", 200000, 209383 },
  { "Anthropic, with the reply",
    "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again", 200000, nil },
  { "llama.cpp", "the request exceeds the available context size, try increasing it", nil, nil },
  { "llama.cpp, newer",
    "request (9216 tokens) exceeds the available context size (8192 tokens), try increasing it", 8192, 9216 },
  { "Gemini", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    1048576, 1200000 },
  { "Ollama", "prompt too long; exceeded max context length by 12 tokens", nil, nil },
  { "LM Studio", "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.", 4096, nil },
  { "OpenRouter", "This endpoint's maximum context length is 32,768 tokens. However, you requested about 40,211 tokens (39,000 of text input, 1,211 of tool input).", 32768, 40211 },
  { "Mistral", "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length", 32768, 40000 },
  { "SGLang", "The input (5000 tokens) is longer than the model's context length (4096 tokens).", 4096,
    5000 },
  { "SGLang, older", "Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens).", 59862,
    160062 },
  { "vLLM, a whole body",
    '{"object":"error","message":"The prompt (total length 25938) is too long to fit into the model (context length 4096)."}', 4096, 25938 },
  { "llama.cpp, a whole body", '{"type":"exceed_context_size_error","n_prompt_tokens":1407,"n_ctx":256}', 256,
    1407 },
  { "SGLang, with the reply",
    "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5000 tokens: 4000 tokens from the input messages and 1000 tokens for the completion.", 4096, nil },
  { "TGI", "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 1000 `max_new_tokens`", 4096, nil },
  { "a window that cannot be", "maximum context length is 0 tokens", nil, nil },
  { "numbers without end", "maximum context length is " .. ("9"):rep(300) .. " tokens", nil, nil },
}

local OTHER = {
  { code = "ERR_HTTP", status = 400, message = "Invalid value for 'temperature'" },
  { code = "ERR_HTTP", status = 429,
    message = "Rate limit reached: please reduce the length of the messages" },
  { code = "ERR_HTTP", status = 401, message = "no key for the context window" },
  { code = "ERR_NET", message = "maximum context length is 8192 tokens" },
  { code = "ERR_HTTP", status = 500, message = "" },
}

describe("overflow", function()
  for _, row in ipairs(SAID) do
    it("a refusal of " .. row[1] .. " is told from others", function()
      local told = overflow.of({ code = "ERR_HTTP", status = 400, message = "https://h answered 400: "
        .. row[2] })
      assert.same({ limit = row[3], asked = row[4] }, told)
    end)
  end

  it("a refusal for another reason is not taken for one of length", function()
    for _, err in ipairs(OTHER) do
      assert.is_nil(overflow.of(err))
    end
  end)

  it("a refusal of any length is read in time that grows with it", function()
    local began = os.clock()
    for _, text in ipairs({ ("1,234"):rep(100), (" "):rep(400), ("tokens > "):rep(50), ("0 +"):rep(130) }) do
      overflow.of({ code = "ERR_HTTP", message = "context length " .. text })
    end
    assert(os.clock() - began < 0.2)
  end)
end)
