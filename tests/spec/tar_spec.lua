-- tar_spec.lua: archives that the system's tar reads back: names of every kind, links, empty files, modes.

local orket = dofile("tests/support/orket.lua")

package.path = "lua/?.lua;" .. package.path
local tar = require("orket.util.tar")

local FILES = {
  ["a.txt"] = "hello\n", ["empty"] = "", ["dir/sub/exact"] = ("x"):rep(512), ["grün/ö.txt"] = "umlauts",
  [("d/"):rep(60) .. ("n"):rep(120)] = "a long path", ["blank name 'quoted'.sh"] = "#!/bin/sh\n",
  [("f"):rep(100)] = "a hundred", [("g"):rep(101)] = "a hundred and one",
}

local function archive()
  local parts = {}
  for name, bytes in pairs(FILES) do
    parts[#parts + 1] = tar.file(name, #bytes, name:find("%.sh$") ~= nil) .. bytes .. tar.padding(#bytes)
  end
  parts[#parts + 1] = tar.link("link", "a.txt")
  parts[#parts + 1] = tar.link("dir/far", "../" .. ("f"):rep(100))
  parts[#parts + 1] = tar.END
  return table.concat(parts)
end

describe("tar", function()
  it("the system's tar reads back what was written, bytes, names, links and modes", function()
    local dir = orket.directory()
    orket.write(dir .. "/x.tar", archive())
    local text, code = orket.shell(("mkdir %s/out && tar -xf %s/x.tar -C %s/out 2>&1"):format(dir, dir, dir))
    assert.equal(0, code, text)
    assert.equal("", text)
    for name, bytes in pairs(FILES) do
      assert.equal(bytes, orket.read(dir .. "/out/" .. name), name)
    end
    assert.equal("hello\n", orket.read(dir .. "/out/link"))
    assert.equal("a hundred", orket.read(dir .. "/out/dir/far"))
    assert.equal("755\n", (orket.shell("stat -c %a '" .. dir .. "/out/blank name '\\''quoted'\\''.sh'")))
    assert.equal("644\n", (orket.shell("stat -c %a " .. dir .. "/out/a.txt")))
  end)

  it("each entry fills whole blocks, whatever its name and size", function()
    for name, bytes in pairs(FILES) do
      assert.equal(0, (#tar.file(name, #bytes) + #bytes + #tar.padding(#bytes)) % 512, name)
    end
    assert.equal(1024, #tar.END)
  end)
end)
