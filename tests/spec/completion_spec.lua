-- completion_spec.lua: completion in a real bash, and the page for man: both are made from the registry of
-- commands.

local orket = dofile("tests/support/orket.lua")

local function binary()
  return orket.binary:find("^/") and orket.binary or orket.shell("pwd"):gsub("\n", "") .. "/" .. orket.binary
end

describe("completion", function()
  local dir

  before_each(function()
    dir = orket.directory()
    orket.run("init " .. dir .. "/p")
  end)

  after_each(function()
    orket.remove(dir)
  end)

  -- What the tab key would offer after these words, the last of which is begun.
  local place = "p"
  local function offered(...)
    local words = { binary(), ... }
    for i, word in ipairs(words) do
      words[i] = "'" .. word .. "'"
    end
    orket.write(dir .. "/try.sh",
      ('eval "$(%s completion bash)"\nCOMP_WORDS=(%s)\nCOMP_CWORD=%d\n_orket 2>/dev/null\necho "${COMPREPLY[*]}"\n')
      :format(words[1], table.concat(words, " "), #words - 1))
    return (orket.shell("cd " .. dir .. "/" .. place .. " && bash " .. dir .. "/try.sh 2>&1"):gsub("\n$", ""))
  end

  it("completion in bash offers the commands that begin so", function()
    assert.equal("board bottlenecks", offered("bo"))
  end)

  it("completion in bash offers the options of the command", function()
    assert.equal("--json", offered("show", "--j"))
    assert.equal("--again", offered("run", "--ag"))
  end)

  it("completion in bash offers epics of the files before there is a board, and all cards afterwards",
    function()
    assert.equal("hello", offered("run", "h"))
    orket.run("sync -C " .. dir .. "/p")
    assert.equal("hello hello-1", offered("show", "h"))
    assert.equal("hello-1", offered("-C", dir .. "/p", "show", "hello-"))
    place = "p/config"
    assert.equal("hello hello-1", offered("show", "h"))
    place = "p"
  end)

  it("completion in bash offers nothing and prints nothing where there is no project", function()
    assert.equal("", offered("-C", dir, "show", ""))
  end)
end)

describe("completion", function()
  it("completion for other shells names every command", function()
    for _, shell in ipairs({ "zsh", "fish" }) do
      local text, code = orket.run("completion " .. shell)
      assert.equal(0, code)
      for name in orket.run("--help"):gmatch("\n  ([%w%-]+)  +%l") do
        assert(text:find(name, 1, true), shell .. " lacks " .. name)
      end
      if os.execute("command -v " .. shell .. " >/dev/null") then
        assert.equal(0, select(2, orket.shell(orket.binary .. " completion " .. shell .. " | " .. shell
          .. " -n /dev/stdin")))
      end
    end
    local text, code = orket.run("completion tcsh")
    assert.equal(2, code)
    assert(text:find("unknown shell tcsh", 1, true), text)
  end)
end)

describe("completion", function()
  it("the page for man has the usage of every command, in ASCII", function()
    local text, code = orket.run("help --man")
    assert.equal(0, code)
    assert(not text:find("[\128-\255]"))
    for name in orket.run("--help"):gmatch("\n  ([%w%-]+)  +%l") do
      assert(text:find("\n.SS " .. name:gsub("%-", "\\-") .. "\n", 1, true), name)
    end
  end)
end)

describe("completion", function()
  it("make install installs the program, its page and completions, and uninstall takes them away again",
    function()
    local top = orket.directory()
    local dir = "'" .. top .. "/a \"$b'"
    local made = "make -s ORKET=" .. orket.binary .. " -o " .. orket.binary .. " DESTDIR="
      .. dir:gsub("%$", "$$") .. " PREFIX=/opt "
    local text, code = orket.shell(made .. "install 2>&1")
    assert.equal(0, code, text)
    assert.equal("orket 0.1.0\n", (orket.shell(dir .. "/opt/bin/orket version")))
    assert.equal("5\n", (orket.shell("find " .. dir .. " -type f | wc -l")))
    assert.equal(0, select(2,
      orket.shell("bash -n " .. dir .. "/opt/share/bash-completion/completions/orket")))
    assert.equal(0, select(2, orket.shell(made .. "uninstall 2>&1")))
    assert.equal("0\n", (orket.shell("find " .. dir .. " -type f | wc -l")))
    orket.remove(top)
  end)
end)
