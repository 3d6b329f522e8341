-- sweep.lua: the host fails in every way at every point of the example, and when it is well again the run
-- goes on to what an undisturbed one comes to: the same events, files and board; no retry charged, nothing
-- recorded against an agent, no billed reply asked for again; the journal sound and replayed.
-- tests/support/sweep.lua has the cases: faults and signals at the points of fault (N / 25 times each),
-- stacks that fail, few descriptors, little memory, full disks (N steps). PART= runs the sections whose name
-- has that text. Each failure is printed with what reproduces it.

local sweep = dofile("tests/support/sweep.lua")

local N = tonumber(os.getenv("N")) or 25
local PART = os.getenv("PART")
local bed <close> = sweep.bed()
local hits, sites = bed:record()
local sections, counts = {}, {}

local function count_of(name)
  if not counts[name] then
    counts[name] = { tried = 0, wrong = 0, ends = {} }
    sections[#sections + 1] = name
  end
  return counts[name]
end

local function run(cases)
  for _, case in ipairs(cases) do
    if not PART or case.section:find(PART, 1, true) then
      local one, count = bed:sweep(case), count_of(case.section)
      count.tried = count.tried + 1
      count.ends[one.code] = (count.ends[one.code] or 0) + 1
      if #one.problems > 0 then
        count.wrong = count.wrong + 1
        print(string.format("%s: exit %d, then %d runs\n  %s", case.name, one.code, one.runs,
          table.concat(one.problems, "\n  ")))
        io.flush()
      end
    end
  end
end

for _ = 1, math.ceil(N / 25) do
  run(sweep.points(hits))
end
run(sweep.stacks(sites))
run(sweep.limits(N))
local disks = sweep.disks(N)
print(#disks > 0 and "full disks: tmpfs" or "full disks: skipped, this user may not mount")
run(disks)

local wrong = 0
for _, name in ipairs(sections) do
  local count, ends = counts[name], {}
  for code, n in pairs(count.ends) do
    ends[#ends + 1] = string.format("exit %d: %d", code, n)
  end
  table.sort(ends)
  wrong = wrong + count.wrong
  print(string.format("%-24s %5d tried (%s), %d wrong", name, count.tried, table.concat(ends, ", "),
    count.wrong))
end
print(wrong == 0 and "every run went on to what an undisturbed one comes to" or wrong .. " wrong")
os.exit(wrong == 0 and 0 or 1, true)
