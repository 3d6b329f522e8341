-- repl_help.lua: what a word of the REPL, a function of a script's box or a command does, from where each is
-- defined; and the words that the tab key completes.

local embed = require("orket.core.embed")
local tables = require("orket.util.tables")
local suggest = require("orket.util.suggest")

local M = {}

-- Functions of a source with the comment above them: name -> {arguments, text}.
local function functions_of(source, prefix)
  local found, comment = {}, {}
  for line in source:gmatch("[^\n]*") do
    local name, arguments = line:match("^function ([%w_.]+)(%b())")
    if line:find("^%-%-%-") then
      comment[#comment + 1] = line:sub(4)
    elseif name and name:find(prefix, 1, true) == 1 then
      found[name:sub(#prefix + 1)] = { arguments = arguments, text = table.concat(comment, "\n") }
    end
    comment = line:find("^%-%-%-") and comment or {}
  end
  return found
end

-- Of the REPL itself.
local function words()
  return functions_of(embed.read("lua/orket/dev/repl/face.lua"), "API.")
end

-- Of the boxes of roles, nodes and tools.
local function of_boxes()
  local all = {}
  for _, path in ipairs(embed.list("lua/box/")) do
    for name, one in pairs(functions_of(embed.read(path), "")) do
      all[name] = one
    end
  end
  return all
end

local function shown(name, one, place)
  return name .. one.arguments .. place .. (one.text ~= "" and "\n" .. one.text or "")
end

---@param word string
---@param cli table the command line
---@return string
function M.of(word, cli)
  local own, boxes = words(), of_boxes()
  if own[word] then
    return shown(word, own[word], "")
  elseif boxes[word] then
    return shown(word, boxes[word], "  (in the box of scripts; docs/boxes.md)")
  elseif cli.commands[word] then
    return (cli.usage_of(word):gsub("\n$", ""))
  end
  local all = tables.keys(own)
  table.move(tables.keys(boxes), 1, #tables.keys(boxes), #all + 1, all)
  table.move(cli.names(), 1, #cli.names(), #all + 1, all)
  local near = suggest.find(word, all)
  return "there is no help for " .. word .. (near and ", did you mean " .. near .. "?"
    or "; help lists the words")
end

-- The fields of what a line left behind.
local function add_fields(all, kept)
  for name, value in pairs(kept) do
    if type(name) == "string" and type(value) == "table" then
      for field in pairs(value) do
        all[#all + 1] = type(field) == "string" and name .. "." .. field or nil
      end
    end
  end
end

---What the tab key completes: words, ids of cards, fields of a card behind "." and those of what lines left
---behind.
---@param cards table[] rows of the board
---@param kept table<string, any>
---@return string separated by NUL
function M.completions(cards, kept)
  local all, fields = tables.keys(words()), {}
  for _, card in ipairs(cards) do
    all[#all + 1] = card.id
    for field in pairs(card) do
      fields["." .. field] = true
    end
  end
  table.move(tables.keys(fields), 1, #tables.keys(fields), #all + 1, all)
  add_fields(all, kept)
  return table.concat(all, "\0") .. "\0"
end

return M
