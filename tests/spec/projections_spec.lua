-- projections_spec.lua: what the comments of projections.sql say to the program is spelt as it reads it.

local MARKS = { must = true }

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
end)
