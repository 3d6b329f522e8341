-- cases.lua: the vectors of vectors.lua with other strings in them, and the ways in which a text is quoted.
-- For tests/spec/dialect_spec.lua and for the table of bench/evidence/dialects.lua.

local M = {}

M.TOOLS = {}
for i, name in ipairs { "get_weather", "search" } do
  M.TOOLS[i] = { type = "function", ["function"] = { name = name,
    parameters = { type = "object", properties = {
    city = { type = "string" }, n = { type = "integer" }, q = { type = "string" } } } } }
end

M.WRITTEN = 'say "hi" {x} </b>' -- the string of every vector's second call

-- ---- a string, written in a style ----

local ESCAPES = { ["\n"] = "\\n", ["\t"] = "\\t", ["\\"] = "\\\\" }

local STYLES = {
  json = function(text)
    return '"' .. text:gsub('[\n\t\\"]', function(c) return ESCAPES[c] or "\\" .. c end) .. '"'
  end,
  python = function(text)
    return "'" .. text:gsub("[\n\t\\']", function(c) return ESCAPES[c] or "\\" .. c end) .. "'"
  end,
  raw = function(text)
    return text
  end,
}

---A string as it stands in a vector's text.
function M.written(vector, text)
  local mark = vector.style:match("^mark:(.*)")
  return mark and mark .. text .. mark or STYLES[vector.style](text)
end

---A vector's text with another string in its second call.
function M.with(vector, text)
  local old, new = M.written(vector, M.WRITTEN), M.written(vector, text)
  local from, to = vector.text:find(old, 1, true)
  assert(from, vector.text)
  return vector.text:sub(1, from - 1) .. new .. vector.text:sub(to + 1)
end

-- ---- the cases ----

---A string that holds what could end it, its call or the reply.
function M.nested(vector)
  return ("a \"b\" 'c' {d} [e, } ] \\ </x> " .. vector.close .. " <tool_call> f(g=1) z")
end

---What the second call's string is: {name, string of a vector}.
M.STRINGS = {
  { "two calls", function() return M.WRITTEN end },
  { "quotes, brackets and marks inside a string", M.nested },
  { "lines, and a fence inside a string", function()
    return "one\n\n```lua\nx = { 'y' }\n```\n\n  last \"line\""
  end },
  { "letters of every length", function() return "Grüße, 你好 🎉 \u{2028}" end },
}

-- Without the thought that its prompt has begun: behind its end nothing is quoted.
local function spoken(text)
  return (text:gsub("^.-</[%l:]*think[%l:]*>", ""):gsub("^.-<|close|>think<|sep|>", ""):gsub("^.-%[/THINK%]",
    ""))
end

---Where nothing is called: {where, the text in it}.
M.QUOTED = {
  { "in inline code", function(text)
    return "What one may write: ````` " .. text:gsub("\n\n+", "\n") .. " `````, and no more."
  end },
  { "in a fence of another language", function(text)
    return "So:\n~~~~~python\n" .. text .. "\n~~~~~\nThat is it."
  end },
  { "in a fence behind a lonely backtick", function(text)
    return "Use the ` key, it says:\n~~~~~\nfoo\n\n" .. text .. "\n~~~~~\nThat is it."
  end },
  { "in a quotation", function(text) return "> " .. text:gsub("\n", "\n> ") end },
  { "in a paragraph that begins as a quotation", function(text)
    return "> So:\n" .. text:gsub("\n\n+", "\n") .. "\n\nThat is it."
  end },
  { "in a line of code by its blanks", function(text)
    return "So:\n\n" .. ("\n" .. spoken(text)):gsub("\n", "\n    ") .. "\n\nThat is it."
  end },
  { "in an element of HTML", function(text)
    return "So:\n<pre class=\"x\">\nfoo:\n" .. spoken(text) .. "\n\n" .. spoken(text)
      .. "\n</pre>\nThat is it."
  end },
  { "in an element within a line", function(text)
    return "So: <code>a; " .. spoken(text) .. "</code>, that is it."
  end },
  { "in a comment of HTML", function(text)
    return "So: <!-- foo\n" .. spoken(text) .. "\n-->\nThat is it."
  end },
  { "in a tool's result that the model makes up", function(text)
    return "<tool_response>\n" .. text .. "\n</tool_response>\nDone."
  end },
  { "in a user's turn that it makes up", function(text)
    return "Done.\n<|im_start|>user\n" .. text .. "\n<|im_end|>\n"
  end },
  { "in a tool's turn that it makes up", function(text)
    return "Done.<|start_header_id|>ipython<|end_header_id|>\n\n" .. text
  end },
  { "in a thought", function(text) return "<thinking>\n" .. text .. "\n</thinking>\nDone." end },
}

---A request of `orket try calls --jsonl`.
function M.row(vector, text, more)
  local request = { text = text, tools = M.TOOLS, dialect = vector.named and vector.family or nil }
  for key, value in pairs(more or {}) do
    request[key] = value
  end
  return request
end

---The calls of a vector whose second call has this string.
function M.expected(q)
  return {
    { name = "get_weather", arguments = { city = "Paris", n = 3 }, state = "complete" },
    { name = "search", arguments = { q = q }, state = "complete" },
  }
end

---A vector's text, cut before each of its letters: {text, whole: how many of its calls may be whole, inside:
---its string}.
function M.cuts(vector)
  local q = M.nested(vector)
  local text = M.with(vector, q)
  local second, list = text:find(M.written(vector, q), 1, true), {}
  for at in utf8.codes(text) do
    list[#list + 1] = { text = text:sub(1, at - 1), whole = at <= second and 1 or 2, inside = at > second
      and at <= second + #q }
  end
  return list
end

return M
