-- coverage.lua OBJECTS HITS: the share of lines that the tests ran, worst files first.
-- C from gcov's notes under OBJECTS; Lua from the *.lines files under HITS against luac's listing.

local objects, hits_dir = arg[1], arg[2]

local function lines_of(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("a")
  pipe:close()
  return text:gmatch("[^\n]+")
end

local function c_files(rows)
  local file
  for line in lines_of("gcov -n $(find " .. objects .. "/core -name '*.gcno') 2>/dev/null") do
    file = line:match("^File '(core/.*%.c)'") or (not line:match("^File") and file or nil)
    local share, count = line:match("^Lines executed:([%d.]+)%% of (%d+)")
    if file and share then
      rows[#rows + 1] = { file = file, run = math.floor(share * count / 100 + 0.5), all = tonumber(count) }
      file = nil
    end
  end
end

local function lua_hits()
  local hits = {}
  for line in lines_of("cat " .. hits_dir .. "/*.lines 2>/dev/null | sort -u") do
    hits[line:match("lua/orket/.*$") or line] = true
  end
  return hits
end

local function lua_files(rows)
  local hits = lua_hits()
  for file in lines_of("find lua/orket -name '*.lua' | sort") do
    local row, seen = { file = file, run = 0, all = 0 }, {}
    for line in lines_of("luac5.4 -l -l -p " .. file .. " 2>/dev/null") do
      local at = line:match("^%s+%d+%s+%[(%d+)%]")
      if at and not seen[at] then
        seen[at] = true
        row.all = row.all + 1
        row.run = row.run + (hits[file .. ":" .. at] and 1 or 0)
      end
    end
    rows[#rows + 1] = row
  end
end

local function report(title, collect)
  local rows, run, all = {}, 0, 0
  collect(rows)
  table.sort(rows, function(a, b)
    return a.run / math.max(a.all, 1) < b.run / math.max(b.all, 1)
  end)
  for _, row in ipairs(rows) do
    print(string.format("%5.1f %%  %5d of %5d  %s", 100 * row.run / math.max(row.all, 1), row.run, row.all,
      row.file))
    run, all = run + row.run, all + row.all
  end
  print(string.format("%5.1f %%  %5d of %5d  %s\n", 100 * run / math.max(all, 1), run, all, title))
end

report("all C", c_files)
report("all trusted Lua", lua_files)
