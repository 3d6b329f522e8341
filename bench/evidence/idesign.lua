-- idesign.lua: what it costs to judge a text by the iDesign rules: N= (200) texts of 1 KB and of 100 KB in
-- each language, one after the other in one engine, each by a parser process of its own; and the weight of
-- the binary.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")

local count = measure.number("N", 200)
local directory <close> = measure.directory()

local PIECES = {
  py = "def add_@(first, second):\n    if first is None:\n        return second  # a comment\n    return first + second * 2\n\n",
  js = "export function add@(first, second) {\n  if (!first) return `${second}`; // a comment\n  return first + second * 2;\n}\n",
  ts = "export function add@(first: number | null, second: number): number {\n  return (first ?? 0) + second * 2;\n}\n",
  c = "static int add_@(int first, const char *second)\n{\n    return first + second[0] * 2; /* a comment */\n}\n",
  lua = "function M.add_@(first, second)\n  if not first then\n    return second -- a comment\n  end\n  return first + second * 2\nend\n",
}

local function text_of(piece, size)
  local parts, length = {}, 0
  while length < size do
    parts[#parts + 1] = piece:gsub("@", #parts + 1)
    length = length + #parts[#parts]
  end
  return table.concat(parts)
end

-- Milliseconds of one text, over `times` of them, without the start of the engine.
local function cost(path, content, times)
  local row, lines = cjson.encode({ path = path, content = content }) .. "\n", directory:new() .. "/rows"
  local function seconds(rows)
    local file <close> = assert(io.open(lines, "wb"))
    file:write(row:rep(rows))
    file:close()
    local text = measure.shell(("bash -c 'TIMEFORMAT=%%R; time %s try idesign --jsonl < %s > %s.out' 2>&1"):format(
      measure.orket, lines, lines))
    for line in io.lines(lines .. ".out") do
      assert(line:find('"ok":true', 1, true), line)
    end
    return assert(tonumber(text:match("[%d.]+")), text)
  end
  return (seconds(times + 1) - seconds(1)) / times * 1000
end

local figures = {}
for _, extension in ipairs({ "py", "js", "ts", "c", "lua" }) do
  local path, piece = "utils/a." .. extension, PIECES[extension]
  local small, large = cost(path, text_of(piece, 1024), count),
    cost(path, text_of(piece, 102400), count // 10 + 1)
  figures[extension .. "_1k_ms"], figures[extension .. "_us_per_kb"] = small, (large - small) / 99 * 1000
  measure.figure(extension .. ": a text of 1 KB", small, "ms", { most = 20 })
  measure.figure(extension .. ": each further KB", (large - small) / 99 * 1000, "µs", { most = 2000 })
end
local size = #measure.read(measure.orket) / 1048576
figures.binary_mb = size
measure.figure("the binary", size, "MB", { most = 16 })
measure.bench(figures)
