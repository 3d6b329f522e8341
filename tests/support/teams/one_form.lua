-- one_form.lua: a model that always answers in one form, right or wrong: kind(reply) changes each of its
-- replies. Behind play.lua.

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end

function json(arguments)
  local parts = {}
  for key, value in pairs(arguments) do
    parts[#parts + 1] = quoted(key) .. ": " .. (type(value) == "string" and quoted(value) or tostring(value))
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

-- A reply that says its one call in text.
function as_text(form)
  return function(reply)
    local call = reply.calls[1]
    local text = ('{"name": "%s", "arguments": %s}'):format(call.name, json(call.arguments))
    return { content = (form:gsub("%%s", function() return text end)) }
  end
end

-- A reply whose calls are changed.
function native(change)
  return function(reply)
    for _, call in ipairs(reply.calls) do
      change(call)
    end
    return reply
  end
end

-- Each argument of this name, or of this type, is changed.
function each(wanted, change)
  return native(function(call)
    local arguments = {}
    for key, value in pairs(call.arguments) do
      local is_it = key == wanted or type(value) == wanted
      local new_key, new_value = key, value
      if is_it then
        new_key, new_value = change(key, value)
      end
      arguments[new_key] = new_value
    end
    call.arguments = arguments
  end)
end


local CODER = {
  function() return say(call("list_directory", { path = "." })) end,
  function() return say(call("search_files", { text = "hello", limit = 5 })) end,
  function() return say(write("hello.sh", 'echo "hello $1"\n')) end,
  function()
    return say(call("edit_file", { path = "hello.sh", old = "hello $1", new = "hello, $1", all = false }))
  end,
  function() return say(status("ready_for_testing", "hello.sh greets")) end,
}

function work(talk)
  return kind(CODER[math.min(talk.replies + 1, #CODER)]())
end

function review(talk)
  return kind(talk.replies == 0 and say(call("read_file", { path = "hello.sh", limit = 100 })) or accept())
end
