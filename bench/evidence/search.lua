-- search.lua: searches of a tree of N= (20,000) files, beside ripgrep on the same tree in the same minute, when
-- that is installed: a plain text, one in any case, and expressions with and without a plain part, and the
-- names of files. Each is the least of seven, within one process for the gate's search; ripgrep's has its
-- start taken off (a search of an empty directory).

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local orket = dofile("tests/support/orket.lua")

local COUNT = measure.number("N", 20000)

local SEARCHES = { -- what, the wish, ripgrep's arguments, the name of its figure
  { "a text that is in a few files", { text = "needle_0042" }, "-F needle_0042", "text_ms" },
  { "a text that is nowhere", { text = "nowhere at all" }, "-F 'nowhere at all'", "missing_ms" },
  { "the same in any case", { text = "nowhere at all", any_case = true }, "-i -F 'nowhere at all'", "any_case_ms" },
  { "an expression with a plain part", { text = [[needle_004\d = \w+;]], regex = true },
    [[-e 'needle_004[0-9] = [0-9A-Za-z_]+;']], "plain_part_ms" },
  { "an expression without one", { text = [[[A-Z]{3}[0-9]{4}x]], regex = true }, [=[-e '[A-Z]{3}[0-9]{4}x']=], "expression_ms" },
  { "the names of files", { glob = "*_77.c" }, "--files -g '*_77.c'", "names_ms" },
}

-- About 2 KB each, a hundred to a directory, a tenth of them left out by .gitignore.
local function make_tree(root)
  local lines = {}
  for i = 1, 60 do
    lines[i] = ("int function_%d(struct thing *thing) { return thing->%s; }"):format(i, ("x"):rep(i % 7 + 1))
  end
  local body = table.concat(lines, "\n") .. "\n"
  orket.write(root .. "/.gitignore", "*.o\n/build/\n!keep.o\ntmp-*\n")
  for i = 0, COUNT - 1 do
    local name = ("%s/d%03d/file_%02d.%s"):format(root, i // 100, i % 100, i % 10 == 0 and "o" or "c")
    orket.write(name, body:sub(i % 50 + 1) .. ("int needle_%04d = value_%d;\n"):format(i % 5000, i))
  end
end

local function ours(root)
  local wishes, times = {}, {}
  for i, search in ipairs(SEARCHES) do
    wishes[i] = search[2]
  end
  local chunk = orket.chunk("search", "time", cjson.encode(wishes))
  for line in orket.probe(chunk, "DIR=" .. root .. " "):gmatch("[^\n]+") do
    times[#times + 1] = assert(tonumber(line:match("^%S+")), line)
  end
  return times
end

local function least(command)
  local text = measure.shell(([[for i in 1 2 3 4 5 6 7; do
    a=$(date +%%s%%N); %s > /dev/null 2>&1; b=$(date +%%s%%N); echo $(((b - a) / 1000)); done]]):format(command))
  local best = math.huge
  for micros in text:gmatch("%d+") do
    best = math.min(best, micros / 1e6)
  end
  return best
end

local directory <close> = measure.directory()
local tree, empty = directory.path .. "/tree", directory.path .. "/empty"
make_tree(tree)
os.execute("mkdir " .. empty)
local times = ours(tree)
local has_ripgrep = os.execute("command -v rg > /dev/null")
local start = has_ripgrep and least("rg x " .. empty)
local bench = { files = COUNT }
for i, search in ipairs(SEARCHES) do
  bench[search[4]] = times[i] * 1000
  measure.figure(search[1], times[i] * 1000, "ms")
  if has_ripgrep then
    local theirs = least("rg --no-require-git --no-ignore-parent --hidden " .. search[3] .. " " .. tree) - start
    measure.figure("  ripgrep", theirs * 1000, "ms")
    measure.figure("  their ratio", times[i] / theirs, "", { most = 2 })
  end
end
measure.bench(bench)
