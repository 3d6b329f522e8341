-- single_reply_form_spec.lua: a model that always answers in one kind, right or wrong, does the work of the
-- project that `orket init` writes with the requests that a well-behaved one needs.

local world = dofile("tests/support/world.lua")
local orket = world.orket

local PLAY = orket.read("tests/support/teams/one_form.lua")

-- { what it always writes, how; whether its server refuses tools }
local KINDS = {
  { "native calls", "native(function() end)" },
  { "bare JSON", "as_text('%s')" },
  { "fenced JSON", "as_text('I do this:\\n```json\\n%s\\n```')" },
  { "a fence alone", "as_text('```\\n%s\\n```')" },
  { "hermes tags", "as_text('<tool_call>\\n%s\\n</tool_call>')" },
  { "hermes tags behind words", "as_text('The next step.\\n<tool_call>%s</tool_call>')" },
  { "bare JSON with names of another spelling", [[function(reply)
    reply.calls[1].name = "functions." .. reply.calls[1].name:gsub("_(%l)", string.upper):gsub("^%l", string.upper)
    return as_text("%s")(reply)
  end]] },
  { "functions. names", 'native(function(call) call.name = "functions." .. call.name end)' },
  { "names like WriteFile",
    'native(function(call) call.name = call.name:gsub("_(%l)", string.upper):gsub("^%l", string.upper) end)' },
  { "names with dashes", 'native(function(call) call.name = call.name:gsub("_", "-") end)' },
  { "other names of arguments", [[function(reply)
    local names = { write_file = { path = "file_path", content = "contents" }, read_file = { path = "filename" }, list_directory = { path = "directory" },
      edit_file = { path = "file_path", old = "old_string", new = "new_string", all = "replace_all" }, search_files = { text = "pattern", limit = "max_results" } }
    for _, call in ipairs(reply.calls) do
      local arguments = {}
      for key, value in pairs(call.arguments) do
        arguments[(names[call.name] or {})[key] or key] = value
      end
      call.arguments = arguments
    end
    return reply
  end]] },
  { "leading slashes", 'each("path", function(key, value) return key, value == "." and "/" or "/" .. value end)' },
  { "backslashes", [=[each("path", function(key, value) return key, ".\\" .. value end)]=] },
  { "JSON in JSON", "native(function(call) call.arguments = json({ x = json(call.arguments) }):match('^{\"x\": (.*)}$') end)" },
  { "arguments in arguments", "native(function(call) call.arguments = { arguments = call.arguments } end)" },
  { "JSON of arguments in arguments",
    "native(function(call) call.arguments = { arguments = json(call.arguments) } end)" },
  { "numbers in quotes", 'each("number", function(key, value) return key, tostring(value) end)' },
  { "booleans in quotes", 'each("boolean", function(key, value) return key, tostring(value) end)' },
  { "a comma too many", 'native(function(call) call.arguments = json(call.arguments):gsub("}$", ",}") end)' },
  { "single quotes", [=[native(function(call) call.arguments = json(call.arguments):gsub('"', "'") end)]=] },
  { "a fence around arguments",
    'native(function(call) call.arguments = "```json\\n" .. json(call.arguments) .. "\\n```" end)' },
  { "hermes tags, and its server refuses tools", "as_text('<tool_call>\\n%s\\n</tool_call>')", true },
}

local REFUSES = [[
local answered = reply
function reply(request)
  return request.tools and { status = 400, content = "registry.ollama.ai/library/gemma:2b does not support tools" } or answered(request)
end
]]

describe("a model that always writes", function()
  local project, native = orket.directory(), nil
  orket.shell(("rmdir %s; %s init %s"):format(project, world.binary, project))

  local function played(kind)
    local w = world.copy(project, orket.read("tests/support/play.lua") .. PLAY .. "\nkind = " .. kind[2]
      .. "\n" .. (kind[3] and REFUSES or ""))
    w.environment = "ORKET_MODEL=one"
    local text, code = w:run("hello")
    assert.equal(0, code, text)
    assert.equal('echo "hello, $1"\n', w:read("workspace/hello/tree/hello.sh"))
    return w
  end

  for i, kind in ipairs(KINDS) do
    it(kind[1] .. " needs no more requests than a well-behaved one", function()
      local w <close> = played(kind)
      native = native or w:requests()
      assert.equal(native + (kind[3] and 1 or 0), w:requests()) -- one that the server refused
      assert.equal(0, #w:events("call.refused"))
      assert.equal(0, #w:events("turn.nudged"))
      local repaired = 0
      for _, event in ipairs(w:events("step.reply")) do
        repaired = repaired + ((event.body.repairs or event.body.dialect) and 1 or 0)
      end
      assert.equal(i > 1, repaired > 0)
      w:derives("hello.1")
    end)
  end

  it("something leaves nothing behind", function()
    orket.remove(project)
  end)
end)
