-- ordinary.lua: put behind play.lua: an ordinary model, as people have at home, at the project that `orket
-- init` writes. Of three replies in a row at least one is right; the others go wrong as SEED says, or all by
-- FAULT. Equal requests get equal replies.

local PROGRAM = 'echo "hello, $1"\n'

local WRONG = {
  prose = function()
    return { content = "First I will look at the card, and then think about a shell script." }
  end,
  question = function() return { content = "Should the script end its line with a dot?" } end,
  refusal = function() return { content = "I'm sorry, but as a language model I cannot write files." } end,
  status = function() return { content = "All done! hello.sh is finished and works as the card wants." } end,
  nothing = function() return { content = "" } end,
  arguments = function() return say(call("write_file", { path = "hello.sh", text_of_it = 7 })) end,
  no_json = function() return say(call("write_file", '{"path": "hello.sh", "content": ')) end,
  unknown = function() return say(call("create_the_file", { path = "hello.sh" })) end,
  thoughts = function()
    return { content = 'Perhaps so: <tool_call>{"name": "write_file", "arguments": {"path": "x.sh", "content": "x"}}</tool_call>\n</think>\n' }
  end,
  quoted = function()
    return { content = 'I would call {"name": "write_file", "arguments": {"path": "x.sh"}} and be done.' }
  end,
  cut_words = function()
    return { content = "The card wants a script, so let me begin by", finish = "length" }
  end,
  cut_call = function()
    return { content = "", calls = { call("write_file", '{"path": "x.sh", "content": "echo') },
      finish = "length" }
  end,
}

local KINDS = { "prose", "question", "refusal", "status", "nothing", "arguments", "no_json", "unknown",
  "thoughts", "quoted", "cut_words", "cut_call" }

-- A number for this place of the conversation.
local function number(talk)
  local n = SEED * 7919
  for byte in (talk.card .. (talk.review and " review " or " work ") .. talk.replies):gmatch(".") do
    n = (n * 131 + byte:byte()) % 2147483647
    n = (n ~ n >> 11) * 48271 % 2147483647
  end
  return n ~ n >> 13
end

local function is_right(talk)
  return talk.replies % 3 == 2 or not FAULT and number(talk) % 3 == 0
end

local function has_written(talk)
  for _, result in ipairs(talk.said) do
    if result:find('"ok":true', 1, true) and result:find("hello.sh", 1, true) then
      return true
    end
  end
  return false
end

local function wrong(talk)
  return WRONG[FAULT or KINDS[number(talk) // 3 % #KINDS + 1]]()
end

function work(talk)
  if not is_right(talk) then
    return wrong(talk)
  end
  return has_written(talk) and say(finish("hello.sh is written")) or say(write("hello.sh", PROGRAM))
end

function review(talk)
  return is_right(talk) and accept() or wrong(talk)
end
