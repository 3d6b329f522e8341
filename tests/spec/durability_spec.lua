-- durability_spec.lua: docs/durability.md: every promise names its test, and every test that it names exists.

local orket = dofile("tests/support/orket.lua")

-- {promise, tests = {{file, name?}, …}}
local function promises()
  local all = {}
  for line in orket.read("docs/durability.md"):gmatch("[^\n]+") do
    local promise, held = line:match("^| (.-) | (.-) |$")
    if promise and promise ~= "promise" and not promise:find("^%-+$") then
      local tests = {}
      for name in held:gmatch("`([^`]+)`") do
        local file, test = name:match("^(%S+): (.+)$")
        tests[#tests + 1] = { file or name, test }
      end
      all[#all + 1] = { promise, tests = tests }
    end
  end
  return all
end

-- A spec may put a name together: then what it begins with counts. Where there may be no jail, `it` is `test`.
local function has_case(text, name)
  for literal, joined in text:gsub("%f[%a]test%(", "it("):gmatch('it%("([^"]*)"( ?%.?%.?)') do
    if literal == name or joined == " .." and #literal > 10 and name:sub(1, #literal) == literal then
      return true
    end
  end
  return false
end

local function exists(file, name)
  local handle = io.open(file)
  local text = handle and handle:read("a")
  if not handle then
    return false
  end
  handle:close()
  if not name then
    return file:match("^bench/evidence/") ~= nil -- a whole script
  elseif file:match("%.c$") then
    return text:find("static void " .. name .. "(", 1, true) ~= nil
      and text:find("[(%s]" .. name .. "[),]") ~= nil
  end
  return has_case(text, name)
end

describe("durability", function()
  local all = promises()

  it("docs/durability.md has promises", function()
    assert(#all > 20, #all)
  end)

  it("docs/durability.md names for each a test that exists", function()
    local missing = {}
    for _, promise in ipairs(all) do
      if #promise.tests == 0 then
        missing[#missing + 1] = promise[1]
      end
      for _, test in ipairs(promise.tests) do
        if not exists(test[1], test[2]) then
          missing[#missing + 1] = test[1] .. ": " .. (test[2] or "")
        end
      end
    end
    assert.same({}, missing)
  end)
end)
