-- floors.lua: holds the arrows of docs/architecture.md: who may include or require whom, where the doors of
-- trusted Lua are, who may move a card, how many files a folder holds, what a module is called; no cycle among
-- Lua modules. Prints every breach; exit 1 when there is one.

local INCLUDES = { -- a floor may include these besides itself
  base = {},
  model = { base = true },
  io = { base = true },
  script = { base = true },
  bind = { base = true, model = true, io = true, script = true },
  main = { base = true, bind = true },
  jail = { io = true }, -- a program of its own
  parser = {}, -- likewise
}
local FLOORS = { base = true, model = true, io = true, script = true, bind = true, jail = true,
  parser = true }
local LUA_HEADERS = { script = true, bind = true, main = true }
local LUV = { -- who may know the loop
  ["lua/orket/async.lua"] = true, ["lua/orket/async/lines.lua"] = true, ["lua/orket/async/copy.lua"] = true,
  ["lua/orket/async/keyboard.lua"] = true, ["lua/orket/async/standard_lines.lua"] = true,
  ["lua/orket/async/loop_meter.lua"] = true,
  ["lua/orket/async/outlet.lua"] = true,
  ["lua/orket/async/itself.lua"] = true,
}

local breaches = 0

local function breach(file, line, ...)
  breaches = breaches + 1
  print(string.format("%s:%d: %s", file, line, string.format(...)))
end

local function files(pattern)
  local pipe = assert(io.popen("find " .. pattern .. " | sort"))
  local list = pipe:read("a")
  pipe:close()
  return list:gmatch("[^\n]+")
end

local function each_line(file, fn)
  local number = 0
  for line in io.lines(file) do
    number = number + 1
    fn(line, number)
  end
end

---C: floors, and Lua's headers only where Lua lives.
local function check_c(file)
  local floor = file:match("^core/(%w+)/") or "main"
  each_line(file, function(line, number)
    local own = line:match('^%s*#%s*include%s*"([^"]+)"')
    local to = own and own:match("^(%w+)/")
    if own and not FLOORS[to] then
      breach(file, number, "include \"%s\" does not name a floor", own)
    elseif own and to ~= floor and not INCLUDES[floor][to] then
      breach(file, number, "%s may not include %s", floor, to)
    end
    local system = line:match("^%s*#%s*include%s*<([^>]+)>")
    if system and (system:match("^l?u?a?ux?lib%.h$") or system:match("^lua") or system:match("^luv/"))
      and not LUA_HEADERS[floor] then
      breach(file, number, "%s may not know Lua", floor)
    end
  end)
end

---Headers compile alone.
local function check_header(file)
  local flags = "-std=c11 -D_GNU_SOURCE -Icore -I/usr/share/include/llhttp $(pkg-config --cflags lua5.4 libuv)"
  if not os.execute(string.format("gcc %s -fsyntax-only -x c %s", flags, file)) then
    breach(file, 1, "does not compile alone")
  end
end

local function without_comment(line)
  return (line:gsub("%-%-.*$", ""))
end

---Trusted Lua: requires only the core, itself and cjson; has no other door to the world.
local function check_trusted(file)
  local command = file:match("^lua/orket/cmd/") or file:match("^lua/orket/dev/try/")
  each_line(file, function(line, number)
    line = without_comment(line)
    for name in line:gmatch("require%s*%(?%s*[\"']([^\"']+)[\"']") do
      if name == "luv" and not LUV[file] then
        breach(file, number, "only async.lua and its parts may require luv")
      elseif not (name == "luv" or name == "cjson" or name:match("^orket%.")) then
        breach(file, number, "trusted Lua may not require '%s'", name)
      end
    end
    if not command and (line:match("io%.open") or line:match("io%.popen") or line:match("io%.lines")) then
      breach(file, number, "only a command may open a file")
    end
    if line:match("os%.execute") or line:match("os%.remove") or line:match("os%.rename")
      or line:match("io%.popen") then
      breach(file, number, "trusted Lua has no door of its own to the system")
    end
    if line:match("%f[%a]SELECT%f[%A]") or line:match("%f[%a]INSERT INTO%f[%A]")
      or line:match("%f[%a]DELETE FROM%f[%A]") then
      breach(file, number, "SQL belongs to core/io/store/sql/")
    end
  end)
end

---Restricted scripts require nothing.
local function check_restricted(file)
  each_line(file, function(line, number)
    if without_comment(line):match("%f[%w]require%f[%W]") then
      breach(file, number, "roles, nodes and tools require nothing")
    end
  end)
end

-- A name says which module is meant; what a word of the command line names may have the name of its noun.
local function check_names(modules)
  local places = {}
  for file in modules do
    local base = file:match("[^/]*$")
    if not file:find("^lua/orket/cmd/") and not file:find("^lua/orket/dev/try/")
      and not file:find("^lua/orket/dev/bench/") then
      if places[base] then
        breach(file, 1, "%s has that name too", places[base])
      end
      places[base] = file
    end
  end
end

-- The names under which a file has a module: its last word or the plural of that; a class has its own.
local ALIASES = { -- and one command's module beside its noun's
  ["lua/orket/cmd/show.lua"] = { asked = "orket.cmd.approvals" },
}

local function is_named_after(name, word)
  return name == word or name == word .. "s" or name == word .. "es" or name == word:gsub("y$", "ies")
    or name:find("^%u") ~= nil
end

local function check_aliases(file)
  each_line(file, function(line, number)
    local names = line:match("^%s*local ([%w_, ]+) = require")
    local modules = names and (line .. ","):gmatch('require%("(orket%.[%w_.]+)"%),')
    for name in (names or ""):gmatch("[%w_]+") do
      local module = modules()
      if module and not is_named_after(name, module:match("[%w_]+$"))
        and (ALIASES[file] or {})[name] ~= module then
        breach(file, number, "%s is called %s here", module, name)
      end
    end
  end)
end

-- Folders of commands have one file for each.
local FULL = { ["lua/orket/cmd"] = true, ["lua/orket/history/sim"] = true }
local FILES_MOST = 14

-- A .c and its .h are one.
local function check_folders(modules)
  local count, seen = {}, {}
  for file in modules do
    local folder, noun = file:match("^(.*)/"), file:gsub("%.[ch]$", "")
    count[folder] = (count[folder] or 0) + (seen[noun] and 0 or 1)
    if count[folder] == FILES_MOST + 1 and not seen[noun] and not FULL[folder] then
      breach(file, 1, "%s has more than %d files: split it by noun", folder, FILES_MOST)
    end
    seen[noun] = true
  end
end

-- ---- the running turn ----

local TURN_CLASS = "lua/orket/turn/state.lua" -- which alone writes a turn
local TURN_METHODS = "lua/orket/turn/journal.lua"
local TURN_IS_SELF = { ["lua/orket/turn/turn.lua"] = true, [TURN_METHODS] = true }
local NO_TURN = { -- what is called a turn there is another thing: a recorded one, a part of a request
  ["lua/orket/history/sim"] = true, ["lua/orket/llm/providers"] = true,
}

local function without_strings(line)
  return (without_comment(line:gsub('\\"', ""):gsub('"[^"]*"', '""'):gsub("'[^']*'", "''")))
end

-- The left sides of the assignments in a line.
local function each_assigned(line, fn)
  line = without_strings(line):gsub("%f[%w_]then%f[^%w_]", "\n"):gsub("%f[%w_]do%f[^%w_]", "\n")
    :gsub("%f[%w_]else%f[^%w_]", "\n"):gsub("%f[%w_]function[^(]*%b()", "\n"):gsub(";", "\n")
  for statement in line:gmatch("[^\n]+") do
    local left = statement:match("^([^=(){}]+)=[^=]") or ""
    for value in left:gmatch("[^,]+") do
      fn((value:gsub("%s", "")))
    end
  end
end

-- A field of a turn that the left side names, or an entry of one; fields of what it holds, such as its card,
-- are their own.
local function field_of_turn(value, file)
  local field, rest = value:match("^turn%.([%w_]+)(.*)$")
  if not field then
    field, rest = value:match("^[%w_]+%.turn%.([%w_]+)(.*)$")
  end
  if not field and TURN_IS_SELF[file] then
    field, rest = value:match("^self%.([%w_]+)(.*)$")
  end
  return field and field ~= "card" and not rest:match("^%.") and field or nil
end

local function check_turn(file)
  if file == TURN_CLASS or NO_TURN[file:match("^(.*)/")] then
    return
  end
  each_line(file, function(line, number)
    each_assigned(line, function(value)
      if field_of_turn(value, file) then
        breach(file, number, "%s is written by %s alone: call a method that says what happened", value,
          TURN_CLASS)
      end
    end)
    if without_strings(line):match("table%.insert%(turn%.[%w_]+%s*,") then
      breach(file, number, "a list of a turn is written by %s alone", TURN_CLASS)
    end
  end)
end

-- What a turn has: declared fields, and methods.
local function declared()
  local names = {}
  for _, file in ipairs({ TURN_CLASS, TURN_METHODS }) do
    each_line(file, function(line)
      local name = line:match("^%-%-%-@field ([%w_]+)") or line:match("^function Turn[.:]([%w_]+)")
      names[name or ""] = true
    end)
  end
  return names
end

-- Where a turn is certainly a turn, what is read of it is declared.
local function check_fields(file, names)
  local self_too = TURN_IS_SELF[file] or file == TURN_CLASS
  each_line(file, function(line, number)
    line = without_strings(line)
    for owner, name in line:gmatch("%f[%w_.]([%w_]+)%.([%w_]+)") do
      if (owner == "turn" or self_too and owner == "self") and not names[name] then
        breach(file, number, "a turn has no field '%s' in %s", name, TURN_CLASS)
      end
    end
  end)
end

-- ---- cycles ----

local function module_of(file)
  return (file:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/", "."))
end

-- Module -> the modules whose names it has in quotes, and in which line: required at the top, within a
-- function, or by a table of names.
local function graph_of(modules)
  local place, graph = {}, {}
  for file in modules do
    place[module_of(file)] = file
  end
  for name, file in pairs(place) do
    graph[name] = {}
    each_line(file, function(line, number)
      for other in without_comment(line):gmatch("[\"'](orket%.[%w_.]+)[\"']") do
        if place[other] then
          table.insert(graph[name], { name = other, file = file, line = number })
        end
      end
    end)
  end
  return graph
end

-- Depth first; `way` holds the edges that led here.
local function walk(graph, state, name, way)
  state[name] = "open"
  for _, edge in ipairs(graph[name]) do
    way[#way + 1] = edge
    if state[edge.name] == "open" then
      local names, at = { edge.name }, #way - 1
      while at > 0 and way[at].name ~= edge.name do
        table.insert(names, 1, way[at].name)
        at = at - 1
      end
      breach(edge.file, edge.line, "a cycle of modules: %s -> %s", edge.name, table.concat(names, " -> "))
    elseif not state[edge.name] then
      walk(graph, state, edge.name, way)
    end
    way[#way] = nil
  end
  state[name] = "closed"
end

---No module needs itself, by whatever way it is required.
local function check_cycles(modules)
  local graph, names, state = graph_of(modules), {}, {}
  for name in pairs(graph) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    if not state[name] then
      walk(graph, state, name, {})
    end
  end
end

-- ---- the board ----

local MOVES = "lua/orket/effects/moves.lua" -- which alone moves a card
local PROJECTIONS = "core/io/store/sql/projections.sql" -- which alone writes its row

local function check_moves(file)
  each_line(file, function(line, number)
    if file ~= MOVES and line:find("tx:move(", 1, true) then
      breach(file, number, "a card is moved by %s alone", MOVES)
    end
    if line:find("event%(%s*[\"']card%.moved") then
      breach(file, number, "card.moved is written by the store, when a card is moved")
    end
  end)
end

local function check_rows(file)
  each_line(file, function(line, number)
    if file ~= PROJECTIONS and (line:find("UPDATE card[%s;]") or line:find("INTO card[%s(]")) then
      breach(file, number, "rows of cards are written by %s alone", PROJECTIONS)
    end
  end)
end

-- A comment of one word is a mark, and the program knows one: a misspelt one would be a comment.
local function check_marks()
  each_line(PROJECTIONS, function(line, number)
    local word = line:match("^%s*%-%-%s*(%S+)%s*$")
    if word and line ~= "-- must" then
      breach(PROJECTIONS, number, "no mark is called '%s'", word)
    end
  end)
end

for file in files("core -name '*.[ch]'") do
  check_c(file)
  if file:match("%.h$") then
    check_header(file)
  end
end
for file in files("lua/orket -name '*.lua'") do
  check_trusted(file)
  check_aliases(file)
  check_turn(file)
  check_moves(file)
end
for file in files("core lua roles nodes tools -name '*.[ch]' -o -name '*.lua' -o -name '*.sql'") do
  check_rows(file)
end
check_marks()
for file in files("lua/orket/turn lua/orket/effects -name '*.lua'") do
  check_fields(file, declared())
end
check_names(files("lua/orket -name '*.lua'"))
check_folders(files("lua/orket -name '*.lua'"))
check_folders(files("core -type f"))
check_cycles(files("lua/orket -name '*.lua'"))
for file in files("roles nodes tools -name '*.lua' 2>/dev/null") do
  check_restricted(file)
end
print(breaches == 0 and "floors hold" or breaches .. " breaches")
os.exit(breaches == 0 and 0 or 1)
