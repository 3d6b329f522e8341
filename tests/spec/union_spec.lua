-- union_spec.lua: layers and what lies over them as one directory: root:union inside the real binary, and the
-- jail's own mount of the same layers. As root also as an ordinary user.

local ORKET = os.getenv("ORKET") or "build/orket"

local MAIN = [[
local async = require("orket.async")
local proc = require("orket.core.proc")
local fs = require("orket.core.fs")
local function run(tree, script)
  local result, message, code = async.await(proc.run, { argv = { "sh", "-c", script }, cwd_root = tree, env = {} })
  io.write(result and result.stdout .. result.stderr or code .. " " .. message .. "\n")
end
local function changes(upper)
  for _, entry in ipairs(upper:changes()) do
    print(entry.name, entry.type)
  end
end
return function()
  proc.hide({})
  return async.main(function()
    local above = assert(fs.root(os.getenv("DIR") .. "/p"))
    for _, dir in ipairs({ "base/a", "second", "card/changes", "card/work" }) do
      above:beneath(dir, { create = true }):close()
    end
    above:write("base/a/one", "one\n")
    above:write("base/a/two", "two\n")
    above:write("base/b/c/deep", "deep\n")
    above:write("base/plain", "plain\n")
    above:write("second/plain", "second\n")
    local upper = above:beneath("card/changes")
    local tree, message, code = above:union({ home = "card", below = { "second", "base" }, place = "cards/card" })
    if not tree then
      print(code, message)
      return 0
    end
    %s
    return 0
  end)
end
]]

local PREFIXES = { "", "setpriv --reuid=65534 --regid=65534 --clear-groups " }

local function lua(body, prefix)
  local dir = assert(io.popen("mktemp -d")):read("l")
  os.execute(("mkdir -p %s/orket %s/p && chmod 755 %s && chmod 777 %s/p"):format(dir, dir, dir, dir))
  local file = assert(io.open(dir .. "/orket/main.lua", "w"))
  file:write((MAIN:gsub("%%s", function() return body end)))
  file:close()
  local pipe = assert(io.popen(("DIR=%s ORKET_LUA=%s %s%s 2>&1"):format(dir, dir, prefix or "", ORKET)))
  local text = pipe:read("a")
  pipe:close()
  os.execute("rm -rf " .. dir)
  return text:gsub(dir, "DIR")
end

local is_root = io.popen("id -u"):read("l") == "0"
local refused = lua([[run(tree, "true")]]):find("ERR_", 1, true)

for number, prefix in ipairs(PREFIXES) do
  local who = number == 1 and "for this user" or "for an ordinary user"
  local test = (refused or number == 2 and not is_root) and pending or it

  describe("a union " .. who, function()
    test("shows the upper layer of each name, and confines every path", function()
      assert.equal("one\nsecond\nERR_PATH\nDIR/p/cards/card\n", (lua([[
        io.write(tree:read("a/one"), tree:read("plain"))
        print((select(3, tree:read("../p/base/plain"))))
        print(tree:path())]], prefix)))
    end)

    test("keeps what is written and deleted in the changes, and no layer is touched", function()
      assert.equal("a/two\twhiteout\nnew/file\tfile\nplain\tfile\none\ntwo\nsecond\n", (lua([[
        assert(tree:write("plain", "mine\n"))
        assert(tree:write("new/file", "x"))
        assert(tree:delete("a/two"))
        assert(tree:write("a/one", "1"))
        tree:rest()
        upper:remove("a/one")
        changes(upper)
        assert(tree:wake())
        io.write(tree:read("a/one"), above:read("base/a/two"), above:read("second/plain"))]], prefix)))
    end)

    test("shows and keeps in a jail what it does outside, and programs reach no layer", function()
      assert.equal("DIR/p/cards/card\nmine\ndeep\nno\nyes\na/two\twhiteout\nb\tdirectory\nby\tfile\nplain\tfile\nx\nplain\n",
        (lua([[
        assert(tree:write("plain", "mine\n"))
        run(tree, "pwd; cat plain b/c/deep; rm -r b a/two; mkdir b; echo x > by;" ..
          " ls " .. os.getenv("DIR") .. "/p | grep -q base && echo base; test -e /layers || echo no;" ..
          " echo y 2>/dev/null > " .. os.getenv("DIR") .. "/p/base/plain || echo yes")
        changes(upper)
        assert(tree:wake())
        io.write(tree:read("by"), above:read("base/plain"))]], prefix)))
    end)

    test("is not deceived by attributes that a program sets: they do not hide files", function()
      assert.equal("a\nby\tfile\nd/x\tfile\none\n", (lua([[
        run(tree, [=[python3 -c '
import os
os.mkdir("d")
open("d/x", "w").close()
open("by", "w").close()
for name in ("opaque", "whiteout", "redirect", "metacopy"):
    for path in ("d", "by"):
        try:
            os.setxattr(path, "user.overlay." + name, b"y")
        except OSError:
            pass
try:
    os.mknod("w", 0o020000, 0)
except OSError:
    print("a")
']=])
        changes(upper)
        assert(tree:wake())
        io.write(tree:read("a/one"))]], prefix)))
    end)
  end)
end
