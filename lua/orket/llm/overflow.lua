-- overflow.lua: a server refuses a request since it does not fit into the model's window. Each says so in
-- words of its own; what they have in common is told here: that it is so, how much would have fitted, and how
-- much was asked. Pure.

local M = {}

-- What a refusal says, in small letters.
local SIGNS = {
  "context_length_exceeded", "context length", "context size", "context window", "context limit",
  "exceed_context_size",
  "prompt is too long", "prompt too long", "input is too long", "maximum model length",
  "maximum number of tokens allowed",
  "input length %(%d+ tokens%) exceeds", "context_exceeded",
  "`inputs` tokens %+ `max_new_tokens`", "reduce the length of the messages",
}

-- The window, then the request, where a text says both; each row is what some server writes.
local LIMITS = {
  "tokens > (%d+)", "exceed context limit: [%d +]+> (%d+)", "context length is only (%d+)",
  "context length of only (%d+)",
  "maximum context length is (%d+)", "maximum context length of (%d+)", "context length %((%d+)",
  "maximum model length of (%d+)",
  "context size %((%d+)", "model with (%d+) maximum context length", "tokens allowed %((%d+)",
  "max_new_tokens` must be <= (%d+)",
  "n_ctx\"?%s*[:=]%s*(%d+)", "context window of (%d+)", "maximum allowed length %((%d+)",
  "%(context length (%d+)", "exceeds context size %((%d+)", "context window is ?(%d+)",
}
local ASKED = {
  "too long: (%d+) tokens", "requested about (%d+) tokens", "total length (%d+)", "prompt tokens %((%d+)",
  "prompt is ?(%d+) ?tokens", "input length %((%d+)", "requested (%d+) tokens", "resulted in (%d+) tokens",
  "request %((%d+) tokens", "contains (%d+) tokens", "token count %((%d+)", "input %((%d+) tokens",
  "prompt %(length (%d+)",
  "n_prompt_tokens\"?%s*[:=]%s*(%d+)", "has (%d+) input tokens",
}
local OTHER = { [401] = true, [403] = true, [404] = true, [429] = true } -- these say what they say
local LEAST, MOST = 16, 100000000 -- tokens of a window that can be meant

local function number_of(text, patterns)
  for _, pattern in ipairs(patterns) do
    local number = tonumber(text:match(pattern))
    if number and number >= LEAST and number <= MOST then
      return math.tointeger(number)
    end
  end
end

-- Digits as people group them are digits.
local function plain(text)
  return (text:lower():gsub("(%d),(%d%d%d)%f[%D]", "%1%2"):gsub("(%d),(%d%d%d)%f[%D]", "%1%2"))
end

---@param err {code: string, message: string, status: integer?}
---@return {limit: integer?, asked: integer?}|nil  nil: it is something else
function M.of(err)
  if err.code ~= "ERR_HTTP" or OTHER[err.status] then
    return nil
  end
  local text = plain(err.message)
  for _, sign in ipairs(SIGNS) do
    if text:find(sign) then
      return { limit = number_of(text, LIMITS), asked = number_of(text, ASKED) }
    end
  end
end

return M
