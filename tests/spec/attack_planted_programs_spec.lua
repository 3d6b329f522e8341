-- attack_planted_programs_spec.lua: an agent that plants a program where a person's editor, shell, git or
-- build server executes it. No write of such a file without a person's yes, by whichever way it gets into the
-- tree; ordinary files are not asked about.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")
local orket = world.orket

local refused = orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)
local test = refused and pending or it

local EXECUTED = {
  ".vscode/tasks.json", ".vscode/settings.json", ".vscode/launch.json", ".VSCode/tasks.json",
  "sub/dir/.vscode/tasks.json", ".vscode/a/b/c",
  ".github/workflows/ci.yml", ".GitHub/workflows/ci.yml", ".github/actions/x/action.yml", ".gitlab-ci.yml",
  ".gitlab/ci/a.yml",
  ".circleci/config.yml", "Jenkinsfile", "jenkinsfile.release", "ci/Jenkinsfile", ".travis.yml",
  "azure-pipelines.yml", "bitbucket-pipelines.yml",
  ".husky/pre-commit", ".husky/_/husky.sh", ".githooks/pre-push", ".pre-commit-config.yaml", "lefthook.yml",
  ".lintstagedrc.json",
  ".gitattributes", "src/.gitattributes", ".bashrc", ".bash_profile", ".profile", ".zshrc", ".zshenv",
  "home/.zprofile", ".config/fish/config.fish",
  ".devcontainer/devcontainer.json", ".devcontainer.json", ".idea/runConfigurations/a.xml", ".run/a.run.xml",
  "app.code-workspace",
  ".yarnrc.yml", ".cargo/config.toml", ".mvn/jvm.config", "gradle/wrapper/gradle-wrapper.properties",
  ".gdbinit", ".vimrc", ".exrc",
  ".dir-locals.el", ".mcp.json", ".claude/settings.json", ".cursor/mcp.json", "sitecustomize.py",
  "autorun.inf", ".tmux.conf",
  -- the same names as other systems and readers see them
  ".vscode./tasks.json", ".vscode /tasks.json", ".vscode:x/tasks.json", "\u{FF0E}vscode/tasks.json",
  ".v\u{200B}scode/tasks.json",
  ".v\u{17F}code/tasks.json", ".github\u{A0}/workflows/x.yml", ".husky\u{3000}/a", "\u{FF2A}enkinsfile",
  ".\u{FF47}ithub/workflows/a.yml",
  "Jenkins\u{FB01}le", ".con\u{FB01}g/x", ".vs\u{115F}code/tasks.json", ".zuul.d/a.yaml", ".tekton/a.yaml",
  ".kiro/hooks/a", "a.command",
  "GITHUB~1/workflows/a.yml", "vscode~1/tasks.json", "GITLAB~1.YML", ".envrc.d/.bashrc",
}

local ORDINARY = {
  "Makefile", "package.json", "src/main.c", "setup.py", "pyproject.toml", "Cargo.toml", "CMakeLists.txt",
  "Dockerfile", "docker-compose.yml",
  ".gitignore", ".editorconfig", ".eslintrc.js", ".prettierrc", ".dockerignore", "tests/conftest.py",
  "scripts/build.sh", "vscode/tasks.json",
  "github/workflows/x.yml", "src/husky.js", "profile", "src/bashrc.md", "tsconfig.json", "docs/ci.md",
  "tilde~", "a~b", "model.pth",
  "README.md", "go.mod", "build.gradle", "pom.xml", "CLAUDE.md", "jest.config.js", "src/.keep", "idea/x",
  "run/x", "config/app.json", "hooks/a",
}

local REFUSED = { ".\u{DF}h/authorized_keys", ".git/hooks/pre-commit", ".GIT/hooks/x", ".gitmodules",
  ".envrc", ".npmrc", ".docker/config.json" }

describe("attack planted programs", function()
  local dir

  setup(function()
    dir = orket.directory() .. "/p"
    orket.run("init " .. dir)
    local organization = cjson.decode(orket.read(dir .. "/config/organization.json"))
    organization.process_rules.gate = { { id = "no-ci", effect = "deny", paths = { ".github/CODEOWNERS" },
      why = "people own that" } }
    orket.write(dir .. "/config/organization.json", cjson.encode(organization))
  end)

  teardown(function()
    orket.remove((dir:gsub("/p$", "")))
  end)

  -- Decision and rule for each path.
  local function judged(paths, tool, arguments)
    local requests = {}
    for i, path in ipairs(paths) do
      local all = { path = path }
      for key, value in pairs(arguments or {}) do
        all[key] = value
      end
      requests[i] = { id = i, project = dir, call = { role = "coder",
        card = { id = "I", type = "issue", status = "in_progress" },
        tool = tool, arguments = all } }
    end
    local answers = orket.try("gate", requests)
    assert.equal(#paths, #answers)
    local found = {}
    for i, answer in ipairs(answers) do
      found[paths[i]] = answer.decision .. " " .. answer.rule
    end
    return found
  end

  local function all(paths, what)
    local expected = {}
    for _, path in ipairs(paths) do
      expected[path] = what
    end
    return expected
  end

  it("a write of a file that people's tools execute waits for a person under each of its names", function()
    assert.same(all(EXECUTED, "ask gate.path.executed"), judged(EXECUTED, "write_file", { content = "x" }))
  end)

  it("a write of a file that people's tools execute stays refused where no path may go at all, or the organization denies",
    function()
    assert.same(all(REFUSED, "deny gate.path.name"), judged(REFUSED, "write_file", { content = "x" }))
    assert.same({ [".github/CODEOWNERS"] = "deny house.no-ci" },
      judged({ ".github/CODEOWNERS" }, "write_file", { content = "x" }))
  end)

  it("a write of a file that people's tools execute does not ask about ordinary files, nor about reading",
    function()
    assert.same(all(ORDINARY, "allow gate.allow"), judged(ORDINARY, "write_file", { content = "x" }))
    assert.same({ [".vscode/tasks.json"] = "allow gate.allow" },
      judged({ ".vscode/tasks.json" }, "read_file"))
  end)

  it("a write of a file that people's tools execute asks about deleting as before", function()
    assert.same({ [".gitattributes"] = "ask gate.confirm" }, judged({ ".gitattributes" }, "delete_file"))
  end)
end)

local function project(mock, options)
  options = options or {}
  return world.new({ issues = options.issues or { { id = "A" } }, mock = mock, files = options.files,
    rules = options.rules })
end

describe("attack planted programs", function()
  it("an agent writes and edits it when a person has seen it, once each", function()
    local w <close> = project([[
      function work(talk)
        return steps(talk,
          function() return say(write("Makefile", "all:\n"), write(".vscode/tasks.json", "{}\n")) end,
          function() return say(call("edit_file", { path = ".vscode/tasks.json", old = "{}", new = "[]" })) end,
          function() return say(finish()) end)
      end ]])
    local text, code = w:run()
    assert.equal(3, code, text)
    local one = w:pending()[1]
    assert.same({ "write_file", "gate.path.executed" }, { one.tool, one.rule })
    assert(one.why:find("editors take commands from", 1, true), one.why)
    assert.equal(0, select(2, w:orket("approve " .. one.id)))
    text, code = w:run()
    assert.equal(3, code, text)
    local two = w:pending()[1]
    assert.same({ "edit_file", "gate.path.executed" }, { two.tool, two.rule })
    assert.equal(0, select(2, w:orket("deny " .. two.id)))
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("{}\n", w:made(".vscode/tasks.json"))
    w:derives()
  end)

  it("an agent does not get around it with a tool of the project's own that writes elsewhere, or twice",
    function()
    local w <close> = project([[
      function work(talk)
        return steps(talk, function() return say(call("scaffold", { path = ".husky/pre-commit" })) end, function() return say(finish()) end)
      end ]], { files = {
        ["roles/coder.lua"] = (orket.read("roles/coder.lua"):gsub("tools = {", 'tools = { "scaffold", ', 1)),
        ["tools/scaffold.lua"] = [[
          local function run(args)
            fs.write(args.path, "echo one")
            fs.write(args.path, "echo two")
            return fs.write(".bashrc", "echo three")
          end
          return { description = "scaffold", operations = { "fs.write" }, run = run, schema = { type = "object",
            properties = { path = { type = "string", format = "path" } } } }]],
      } })
    local asked = {}
    for i = 1, 3 do
      local text, code = w:run()
      assert.equal(3, code, text)
      local one = w:pending()[1]
      asked[i] = (one.operation.op or "call") .. " " .. one.paths[1]
      assert.equal(0, select(2, w:orket("approve " .. one.id)))
    end
    assert.same({ "call .husky/pre-commit", "fs.write .husky/pre-commit", "fs.write .bashrc" }, asked)
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ "echo two", "echo three" }, { w:made(".husky/pre-commit"), w:made(".bashrc") })
    w:derives()
  end)

  test("does not get around it with a program in a jail: what that leaves is put back", function()
    local w <close> = project([[
      function work(talk)
        return steps(talk, function()
          return say(call("run_command", { argv = { "sh", "-c", "mkdir -p .vscode .github/workflows && echo x >.vscode/tasks.json && " ..
            "echo y >.github/workflows/ci.yml && echo z >Makefile && echo w >t && mv t .Husky" } }))
        end, function() return say(finish()) end)
      end ]], { rules = { commands = { { argv = { "sh", "-c", "*" } } } }, files = {
        ["roles/coder.lua"] = (orket.read("roles/coder.lua"):gsub('"request_excuse"',
          '"request_excuse", "run_command"')),
      } })
    local text, code = w:run()
    assert.equal(0, code, text)
    local rules = {}
    for _, one in ipairs(w:events("command.ran")[1].body.refused) do
      rules[one.path] = one.rule
    end
    assert.same({ [".vscode/tasks.json"] = "gate.path.executed",
      [".github/workflows/ci.yml"] = "gate.path.executed",
      [".Husky"] = "gate.path.executed" }, rules)
    assert.same({ "z\n" }, { w:made("Makefile"), w:made(".vscode/tasks.json") })
    w:derives()
  end)

  test("does not get around it with what a failed verification leaves", function()
    local w <close> = world.new({ issues = { { id = "A", verification = { fixture_path = "check.json" } } },
      files = { ["verification/check.json"] = '{"argv":["sh","run.sh"]}' }, mock = [[
      function work(talk)
        return steps(talk, function()
          return say(write("run.sh", "mkdir -p .vscode .git/hooks; echo x | tee .vscode/tasks.json .git/hooks/post-checkout .bashrc >other.txt; exit 1"),
            write("other.txt", "as it was"))
        end, function() return say(finish()) end)
      end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    local left = orket.shell("cd " .. w.dir
      .. "/workspace/ep/cards/A && find . -type f | sort && cat other.txt")
    assert.equal("./other.txt\n./run.sh\nas it was", left)
  end)
end)
