-- projections_spec.lua: what the comments of projections.sql say to the program is spelt as it reads it.

local MARKS = { must = true, whole = true, sparse = true, own = true, near = true }
local FIRST = { own = true, near = true } -- of a kind: it stands behind its name

local function lines()
  local file = assert(io.open("core/io/store/sql/projections.sql"))
  local all = {}
  for line in file:lines() do
    all[#all + 1] = line
  end
  file:close()
  return all
end

describe("projections.sql", function()
  it("has no mark that nobody reads", function()
    local seen = {}
    for i, line in ipairs(lines()) do
      local word = line:match("^%-%-%s*(%S+)%s*$")
      if word then
        assert(MARKS[word] and line == "-- " .. word, i .. ": " .. line)
        seen[word] = true
      end
    end
    assert.same(MARKS, seen)
  end)

  it("says how far a kind looks behind its name", function()
    local before = ""
    for i, line in ipairs(lines()) do
      if FIRST[line:match("^%-%- (%S+)$")] then
        assert(before:find("^%-%- kind: "), i .. ": " .. line)
      end
      before = line
    end
  end)
end)
