-- mock.lua: the team of the example, as a model would answer. Served by `orket mock-llm`.
--
-- It keeps nothing between requests: who it is, which card it works on and how far it has come are read
-- from the request alone. Each card has a play: one function per reply, given the last tool results.
-- The team misbehaves on purpose, and depends on being corrected:
--   TK-1  sends a call whose arguments are cut off
--   TK-3  tries to set its own card to done
--   TK-4  tries to write outside its directory, and its first version fails its own tests
--   TK-5  forgets a requirement; only the review sees it

-- ---- what the request says ----

local function text_of(message)
  return type(message.content) == "string" and message.content or ""
end

-- The conversation of this turn: {card, review, rework, replies, results}; results of the last reply.
local function read(request)
  local talk = { replies = 0, results = {} }
  for _, message in ipairs(request.messages) do
    if message.role == "system" then
      talk.review = text_of(message):find("integrity guard", 1, true) ~= nil
    elseif message.role == "user" and not talk.card then
      -- whatever build, fork, round
      talk.card = (text_of(message):match("^# Card (%S+):") or ""):gsub("%-[bfr]%d.*$", "")
      talk.failed = text_of(message):find("Its last run FAILED", 1, true) ~= nil
      talk.returned = text_of(message):find("Sent back by the review", 1, true) ~= nil
    elseif message.role == "assistant" then
      talk.replies, talk.results = talk.replies + 1, {}
    elseif message.role == "tool" then
      talk.results[#talk.results + 1] = text_of(message)
    end
  end
  return talk
end

local function worked(result)
  return result ~= nil and result:find('"ok":true', 1, true) ~= nil
end

local function refused(result)
  return result ~= nil and result:find('"ok":false', 1, true) ~= nil
    and result:find('"rule":', 1, true) ~= nil
end

local function holds(result, text)
  return worked(result) and result:find(text, 1, true) ~= nil
end

-- ---- what a reply is made of ----

local function say(content, ...)
  return { content = content, calls = { ... } }
end

local function call(name, arguments)
  return { name = name, arguments = arguments }
end

local function write(path, content)
  return call("write_file", { path = path, content = content })
end

local function finish(why)
  return call("update_issue_status", { status = "ready_for_testing", why = why })
end

local function give_up(why)
  return say("I cannot go on.", call("request_excuse", { reason = why }))
end

-- ---- the documents ----

local REQUIREMENTS = [[
# Requirements of textkit

Every command reads standard input and writes standard output.

## count
Prints three lines: `lines N`, `words N`, `longest N` (characters of the longest line).

    printf 'one two\nthree\n' | textkit count
    lines 2
    words 3
    longest 7

## top [N]
The N most frequent words, 5 when N is left out, as `COUNT WORD`. Upper and lower case are the same word,
punctuation belongs to no word, equal counts come in alphabetical order.

    echo 'The cat, the dog.' | textkit top 2
    2 the
    1 cat

## toc
The headings of a Markdown text as a list, two blanks deeper for each further `#`. Lines between two lines
that begin with ``` are code and no headings.

    printf '# A\n## B\n' | textkit toc
    - A
      - B
]]

local DESIGN = [[
# Design of textkit

One shell script for each command, so that each can be built, tested and replaced alone; awk does the work.
Rejected: one large awk program (three people would change one file).

command file: lib/NAME.sh
test file: tests/NAME.sh

Run a test with `sh tests/NAME.sh` in the project's directory: exit code 0 when all passed. Tests write no files.
The program `textkit` only finds the command's file and runs it.
]]

-- ---- the program ----

local CHECK = [[
failed=0

check() { # name, wanted, got
  if [ "$2" = "$3" ]; then
    echo "ok   $1"
  else
    echo "FAIL $1: wanted '$2', got '$3'"
    failed=1
  fi
}

]]

local COUNT = [[
#!/bin/sh
# count.sh: lines, words and the longest line of standard input.
awk '
  { words += NF; if (length($0) > longest) longest = length($0) }
  END { printf "lines %d\nwords %d\nlongest %d\n", NR, words, longest }
'
]]

local COUNT_TEST = "#!/bin/sh\n# Tests of count.\n" .. CHECK .. [[
check "two lines" "lines 2
words 3
longest 7" "$(printf 'one two\nthree\n' | sh lib/count.sh)"
check "nothing" "lines 0
words 0
longest 0" "$(sh lib/count.sh </dev/null)"
exit $failed
]]

local TOP_FIRST = [[
#!/bin/sh
# top.sh [N]: the N most frequent words of standard input.
tr -cs 'A-Za-z0-9' '\n' |
  awk 'NF { seen[$0]++ } END { for (word in seen) print seen[word], word }' |
  LC_ALL=C sort -k1,1nr -k2,2 | head -n "${1:-5}"
]]

local TOP_TEST = "#!/bin/sh\n# Tests of top.\n" .. CHECK .. [[
check "case and punctuation" "2 the
1 cat" "$(echo 'The cat, the dog.' | sh lib/top.sh 2)"
check "equal counts" "1 a
1 b
1 c" "$(echo 'c b a' | sh lib/top.sh)"
exit $failed
]]

local TOC_FIRST = [[
#!/bin/sh
# toc.sh: the headings of a Markdown text as a list.
awk '
  /^#+ / {
    level = index($0, " ") - 1
    printf "%*s- %s\n", 2 * (level - 1), "", substr($0, level + 2)
  }
'
]]

local TOC_TEST_FIRST = "#!/bin/sh\n# Tests of toc.\n" .. CHECK .. [[
check "levels" "- A
  - B" "$(printf '# A\ntext\n## B\n' | sh lib/toc.sh)"
exit $failed
]]

local TEXTKIT = [[
#!/bin/sh
# textkit: small tools for plain text.
here=$(dirname "$0")
case $1 in
  count | top | toc)
    name=$1
    shift
    exec sh "$here/lib/$name.sh" "$@"
    ;;
esac
echo "usage: textkit count | top [N] | toc   (reads standard input)" >&2
exit 2
]]

local README = [[
# textkit

Small tools for plain text: POSIX shell and awk, nothing to install.

    sh textkit count < FILE     lines, words, the longest line
    sh textkit top 3 < FILE     the three most frequent words
    sh textkit toc < FILE       a table of contents of a Markdown file

Tests: `for t in tests/*.sh; do sh "$t"; done`
]]

local RELEASE = [[
# textkit 1.0

The first release: count, top and toc.

Install: copy the directory. Test: `for t in tests/*.sh; do sh "$t"; done`.
]]

-- ---- the plays ----

-- The file of a command, as the design (a tool result) names it: without the design nobody knows.
local function file_in(design, kind, name)
  local pattern = kind .. " file: ([%w/]+)NAME%.sh"
  local folder = worked(design) and design:match(pattern)
  return folder and folder .. name .. ".sh"
end

local read_design = function()
  return say("I read the design first.", call("read_file", { path = "docs/design.md" }))
end

-- Writes a command and its tests where the design says, then hands over.
local function build(name, source, test, why)
  return function(results)
    local command, tests = file_in(results[1], "command", name), file_in(results[1], "test", name)
    if not command or not tests then
      return give_up("the design does not say where the command " .. name .. " belongs")
    end
    return say("The command and its tests.", write(command, source), write(tests, test), finish(why))
  end
end

local plays = {}

plays["TK-1"] = {
  function()
    return say("Here are the requirements.", {
      name = "write_file", arguments = '{"path": "docs/requirements.md", "content": "# Requirements of te',
    })
  end,
  function(results)
    if not refused(results[1]) then
      return give_up("a call with broken arguments was not refused")
    end
    return say("That call was cut off; again.", write("docs/requirements.md", REQUIREMENTS))
  end,
  function(results)
    return worked(results[1])
      and say("Done.", finish("docs/requirements.md holds an example for each command"))
      or give_up("the requirements could not be written")
  end,
}

plays["TK-2"] = {
  function()
    return say("I read the requirements.", call("read_file", { path = "docs/requirements.md" }))
  end,
  function(results)
    if not (holds(results[1], "## count") and holds(results[1], "## toc")) then
      return give_up("there are no requirements to design for")
    end
    return say("One file for each command.", write("docs/design.md", DESIGN),
      finish("one script for each command: lib/NAME.sh, tests/NAME.sh"))
  end,
}

plays["TK-3"] = {
  read_design,
  function(results)
    local command, tests = file_in(results[1], "command", "count"), file_in(results[1], "test", "count")
    if not command or not tests then
      return give_up("the design does not say where the command count belongs")
    end
    return say("It is so small that it is done.", write(command, COUNT), write(tests, COUNT_TEST),
      call("update_issue_status", { status = "done", why = "it works" }))
  end,
  function(results)
    return refused(results[3]) and say("Then it goes to testing.", finish("count works, with tests"))
      or give_up("nobody stopped me from accepting my own work")
  end,
}

plays["TK-4"] = {
  read_design,
  function(results)
    if not file_in(results[1], "command", "top") then
      return give_up("the design does not say where the command top belongs")
    end
    return say("I put a copy where everybody finds it.", write("../../../top.sh", TOP_FIRST))
  end,
  function(results)
    return refused(results[1]) and read_design() or give_up("nobody stopped me from leaving my directory")
  end,
  build("top", TOP_FIRST, TOP_TEST, "top works"),
}

plays["TK-4 again"] = {
  function()
    return say("The tests say that case is not folded; I look at the file.",
      call("read_file", { path = "lib/top.sh" }))
  end,
  function(results)
    if not holds(results[1], "A-Za-z0-9") then
      return give_up("my first version is not where I left it")
    end
    return say("Lower case first.", call("edit_file", {
      path = "lib/top.sh", old = "tr -cs 'A-Za-z0-9' '\\n' |",
      new = "tr 'A-Z' 'a-z' | tr -cs 'a-z0-9' '\\n' |",
    }))
  end,
  function(results)
    return worked(results[1]) and say("Mended.", finish("upper and lower case are one word now"))
      or give_up("the file could not be mended")
  end,
}

plays["TK-5"] = { read_design, build("toc", TOC_FIRST, TOC_TEST_FIRST, "toc works") }

plays["TK-5 again"] = {
  function()
    return say("The review is right.",
      call("edit_file", { path = "lib/toc.sh", old = "awk '\n", new = "awk '\n  /^```/ { code = !code }\n" }),
      call("edit_file", { path = "lib/toc.sh", old = "  /^#+ / {", new = "  /^#+ / && !code {" }),
      call("edit_file", {
        path = "tests/toc.sh", old = "exit $failed",
        new = "check \"code\" \"- A\" \"$(printf '# A\\n```\\n# no\\n```\\n' | sh lib/toc.sh)\"\nexit $failed",
      }))
  end,
  function(results)
    return worked(results[1]) and worked(results[2]) and worked(results[3])
      and say("Mended, with a test.", finish("fenced code is skipped now, and tested"))
      or give_up("the file could not be mended")
  end,
}

plays["TK-6"] = {
  function()
    return say("Is everything there?", call("list_directory", { path = "lib" }))
  end,
  function(results)
    for _, name in ipairs({ "count.sh", "top.sh", "toc.sh" }) do
      if not holds(results[1], name) then
        return give_up("lib/" .. name .. " is missing: who builds it?")
      end
    end
    return say("Put together.", write("textkit", TEXTKIT), write("README.md", README),
      finish("sh textkit count, top or toc; README.md shows each"))
  end,
}

plays["TK-7"] = {
  function()
    return say("What do users read?", call("read_file", { path = "README.md" }))
  end,
  function(results)
    return holds(results[1], "textkit count") and say("The notes.", write("RELEASE.md", RELEASE),
      finish("1.0 can go out"))
      or give_up("there is no README to release")
  end,
}

-- ---- the review ----

-- What the guard reads on each card, and what has to stand there.
local judged = {
  ["TK-1"] = { "docs/requirements.md", "no headings" },
  ["TK-2"] = { "docs/design.md", "tests/NAME.sh" },
  ["TK-3"] = { "tests/count.sh", "nothing" },
  ["TK-4"] = { "tests/top.sh", "equal counts" },
  ["TK-5"] = { "lib/toc.sh", "```",
    "lib/toc.sh takes lines inside fenced code for headings. Skip what stands between two lines that begin with ```, and test it." },
  ["TK-6"] = { "textkit", "exit 2" },
  ["TK-7"] = { "RELEASE.md", "1.0" },
}

local function review(talk)
  local path, wanted, fault = table.unpack(judged[talk.card])
  if talk.replies == 0 then
    return say("I read what was made.", call("read_file", { path = path }))
  elseif not worked(talk.results[1]) then
    return give_up("I cannot read " .. path)
  elseif holds(talk.results[1], wanted) then
    return say("It meets the requirements.", call("update_issue_status",
      { status = "done", why = "every requirement is met" }))
  end
  return say("One requirement is not met.",
    call("update_issue_status", { status = "in_progress", why = fault or path .. " does not say "
      .. wanted }))
end

local function play_of(talk)
  local again = (talk.failed or talk.returned) and plays[talk.card .. " again"]
  return again or plays[talk.card]
end

return function(request)
  local talk = read(request)
  if not talk.card or not plays[talk.card] then
    return say("I know nothing about this card.")
  elseif talk.review then
    return review(talk)
  end
  local step = play_of(talk)[talk.replies + 1]
  return step and step(talk.results) or give_up("that was all I know")
end
